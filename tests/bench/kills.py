"""What becomes of queued messages when hosts and the whole program are killed again and again."""

import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence

from core.departures import AHEAD
from core.sandbox.control import Fault
from tests.stories.product import until

from .figures import Figure
from .fleet import grow, names
from .house import House, house

SESSIONS = 3
MARK = 'kept'
SLOW = 25  # ms for each answer of the server, so that there is always something on its way
FINAL = {'sent', 'delivered', 'read', 'uncertain', 'failed'}


def measure(count: int, kills: int, seed: int = 1) -> list[Figure]:
    chance = random.Random(seed)
    with house() as here:
        grow(here.product, SESSIONS)
        people = here.people(30)
        here.sandbox.set_fault(Fault(kind='latency', ms=SLOW))
        _queue(here, people, count)
        programs = sum(_kill(here, chance) for _ in range(kills))
        here.product.working(names(SESSIONS), since=0)
        here.sandbox.clear_fault()
        until(lambda: _open(here) == 0, 180, what='everything is settled')
        here.settle()
        return [_figure(here, people, count, kills, programs)]


def _queue(here: House, people: Sequence[str], count: int) -> None:
    for n in range(count):
        to, session = people[n % len(people)], names(SESSIONS)[n % SESSIONS]
        here.product.post('/messages', {'session': session, 'to': f'+{to}', 'text': f'{MARK} {n}'})


def _kill(here: House, chance: random.Random) -> bool:
    """A host, or (True) the program with all of its children, after a while."""
    time.sleep(chance.uniform(0.05, 0.5))
    if chance.random() < 0.5:
        here.product.restart(signal.SIGKILL)
        return True
    pids = until(lambda: _hosts(here), 10, what='there is a host')
    with contextlib.suppress(ProcessLookupError):  # it is just being started again
        os.kill(chance.choice(pids), signal.SIGKILL)
    return False


def _hosts(here: House) -> list[int]:
    """The processes of those that run; one that is just being started again has none."""
    return [int(each['pid']) for each in here.product.get('/hosts') if each['pid']]


def _open(here: House) -> int:
    time.sleep(0.3)
    rows = [row for row in here.product.messages(direction='out') if row['text'].startswith(MARK)]
    return sum(row['status'] not in FINAL for row in rows)


def _figure(here: House, people: Sequence[str], count: int, kills: int, programs: int) -> Figure:
    rows = {m['text']: m['status'] for m in here.product.messages(direction='out') if m['text'].startswith(MARK)}
    arrived = Counter(item.text for phone in people for item in here.sandbox.inbox(phone) if item.text.startswith(MARK))
    twice = [text for text, times in arrived.items() if times > 1]
    unsure = [text for text, status in rows.items() if status == 'uncertain']
    lost = [text for text in rows if text not in arrived and text not in unsure]
    missing = count - len(rows)
    return Figure(
        name=f'{count} queued messages on {SESSIONS} sessions, killed {kills} times ({programs} times all of it)',
        target='each arrives once or is uncertain',
        good=not twice and not lost and not missing,
        measured=f'{len(lost) + missing} lost, {len(twice)} doubled, {len(unsure)} uncertain '
        f'(at most {AHEAD} for each kill of the program and session), the others once',
        raw={'lost': lost, 'twice': twice, 'uncertain': unsure},
    )
