"""How soon another system learns what a customer wrote, how many it can be told a second, and what a kill loses."""

import itertools
import signal
import time
from collections import Counter
from collections.abc import Sequence
from statistics import median

from tests.stories.product import until

from .figures import Figure, ms
from .house import SHOP, House, clock, house
from .receiver import Receiver, receiver

APART = 0.06  # seconds between two messages
ENDPOINTS = 4
FAST = {'rate': 1000, 'concurrency': 10}
_numbers = itertools.count(1)


def measure(messages: int, backlog: int, rounds: int) -> list[Figure]:
    with house() as here, receiver() as to:
        here.product.link({'shop': SHOP})
        people = here.people(20)
        latency = _latency(here, to, people[0], messages)
        hooks = [_add(here, to, **FAST) for _ in range(ENDPOINTS)]
        rates = [_drained(here, to, hooks, people, backlog) for _ in range(rounds)]
        killed = _killed(here, to, hooks, people, backlog)
    return [latency, _rate(rates, backlog * ENDPOINTS), killed]


def _latency(here: House, to: Receiver, phone: str, count: int) -> Figure:
    hook = _add(here, to)
    for n in range(10 + count):
        here.sandbox.say(phone, SHOP, f'order {next(_numbers)}')
        time.sleep(APART)
        if n == 9:
            until(lambda: len(to.got) == 10, 20, what='the first are told')
            to.got.clear()
    until(lambda: len(to.got) == count, 30, what='all are told')
    here.product.ask('DELETE', f'/webhooks/{hook}')
    items = here.sandbox.conversation(phone, SHOP)
    wrote = {item.text: item.at.timestamp() for item in items}
    said = to.said()
    whole = [at - wrote[body['data']['text']] for at, _, body in said]
    stored = {m['text']: m['created_at'] for m in here.product.messages(direction='in')}
    ours = [at - clock(stored[body['data']['text']]) for at, _, body in said]
    p50, p99 = ms(ours, 0.5), ms(ours, 0.99)
    return Figure(
        name='webhook: an event happens → its signed delivery is at the receiver', target='p50 ≤ 8 ms, p99 ≤ 40 ms',
        good=p50 <= 8 and p99 <= 40,
        measured=f'p50 {p50:.1f} ms, p95 {ms(ours, 0.95):.1f} ms, p99 {p99:.1f} ms '
        f'(from the customer’s phone on: p50 {ms(whole, 0.5):.1f} ms, p99 {ms(whole, 0.99):.1f} ms)',
        raw={'event': ours, 'phone': whole},
    )  # fmt: skip


def _drained(here: House, to: Receiver, hooks: Sequence[str], people: Sequence[str], count: int) -> float:
    """Deliveries a second, of a backlog that was let go at once."""
    _pile_up(here, to, hooks, people, count)
    _switch(here, hooks, on=True)
    until(lambda: len(to.got) >= count * len(hooks), 120, what='everything is told')
    times = sorted(at for at, _, _ in to.got)
    return len(times) / (times[-1] - times[0])


def _killed(here: House, to: Receiver, hooks: Sequence[str], people: Sequence[str], count: int) -> Figure:
    """The program is killed in the middle of telling everything."""
    _pile_up(here, to, hooks, people, count)
    _switch(here, hooks, on=True)
    total = count * len(hooks)
    until(lambda: len(to.got) >= total // 3, 60, what='a third is told')
    here.product.restart(signal.SIGKILL)
    until(lambda: len({id for _, id, _ in to.got}) >= total, 60, what='everything is told')
    time.sleep(1)
    times = Counter(id for _, id, _ in to.got)
    bodies = {id: {body for _, each, body in to.got if each == id} for id, n in times.items() if n > 1}
    changed = sum(len(each) > 1 for each in bodies.values())
    return Figure(
        name=f'{total} deliveries, the program killed in the middle', target='each arrives, repeated under its own id',
        good=len(times) == total and not changed,
        measured=f'{total - len(times)} lost, {len(bodies)} told twice under the same id, {changed} with another body',
        raw={'twice': len(bodies)},
    )  # fmt: skip


def _rate(rates: Sequence[float], total: int) -> Figure:
    return Figure(
        name=f'webhook deliveries a second, {total} waiting for {ENDPOINTS} webhooks', target='≥ 400/s',
        good=median(rates) >= 400, measured=f'{median(rates):.0f}/s', raw={'rates': list(rates)},
    )  # fmt: skip


def _add(here: House, to: Receiver, **more: object) -> str:
    body = {'url': to.url, 'events': ['message.received'], **more}
    return str(here.product.post('/webhooks', body)['id'])


def _switch(here: House, hooks: Sequence[str], *, on: bool) -> None:
    body = {'enabled': True, 'backlog': 'resume'} if on else {'enabled': False}
    for id in hooks:
        assert here.product.ask('PATCH', f'/webhooks/{id}', body).status_code == 200


def _pile_up(here: House, to: Receiver, hooks: Sequence[str], people: Sequence[str], count: int) -> None:
    """So many messages, told to nobody yet."""
    _switch(here, hooks, on=False)
    to.got.clear()
    for n in range(count):
        here.sandbox.say(people[n % len(people)], SHOP, f'order {next(_numbers)}')
    until(lambda: all(_waiting(here, id, count) for id in hooks), 120, what='everything waits')


def _waiting(here: House, id: str, count: int) -> bool:
    time.sleep(0.2)
    page = here.product.get(f'/webhooks/{id}/deliveries', params={'state': 'paused', 'limit': '200'})
    seen = len(page['items'])
    while page['next']:
        page = here.product.get(
            f'/webhooks/{id}/deliveries', params={'state': 'paused', 'limit': '200', 'cursor': page['next']}
        )
        seen += len(page['items'])
    return seen >= count
