"""How many calls of other systems are accepted, and how fast, while flows answer and some calls become messages."""

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from core.bodies import Body

from .figures import Figure, middle, ms
from .house import SHOP, House, house
from .load import Posted, post_all, post_at

CUSTOMERS = 8
EACH = 10  # every so manieth call becomes a message; all of them are kept and looked at
APART = 0.1  # seconds between two pings that a flow answers
WARM = 100
MAP = {'session': 'shop', 'to': '{{ payload.to }}', 'text': 'order {{ payload.n }}',
       'when': f'{{{{ payload.n % {EACH} == 0 }}}}'}  # fmt: skip
_numbers = itertools.count(1)


@dataclass
class Street:
    house: House
    people: list[str]
    path: str
    events: str

    def bodies(self, count: int) -> list[Body]:
        to = itertools.cycle(self.people)
        return [{'n': next(_numbers), 'to': f'+{next(to)}'} for _ in range(count)]

    def all_at_once(self, count: int) -> float:
        """Accepted a second."""
        posted = _accepted(post_all(self.house.product.port, self.path, 'none', self.bodies(count)))
        return count / (max(each.answered for each in posted) - min(each.due for each in posted))

    def evenly(self, count: int, rate: float) -> list[float]:
        """Seconds from when each was due until it was accepted."""
        posted = _accepted(post_at(self.house.product.port, self.path, 'none', self.bodies(count), rate=rate))
        return [each.answered - each.due for each in posted]

    def rest(self) -> float:
        """Until all that was accepted is done; how many seconds that took."""
        began = time.monotonic()
        while self.house.product.get(self.events, params={'state': 'received', 'limit': 1})['items']:
            time.sleep(0.05)
        return time.monotonic() - began

    @contextmanager
    def flows_run(self) -> Iterator[None]:
        over = threading.Event()

        def ping() -> None:
            for person in itertools.cycle(self.people):
                if over.wait(APART):
                    return
                self.house.sandbox.say(person, SHOP, 'ping of a customer')

        talking = threading.Thread(target=ping)
        talking.start()
        try:
            yield
        finally:
            over.set()
            talking.join()


def measure(count: int, rounds: int) -> list[Figure]:
    with house() as here:
        people = here.people(CUSTOMERS)
        here.product.link({'shop': SHOP})
        made = here.product.post('/hooks', {'name': 'Orders', 'map': MAP, 'per_minute': 0})
        street = Street(here, people, urlsplit(made['url']).path, f'/hooks/{made["id"]}/events')
        street.all_at_once(WARM)
        rates, took, rests = [], [], []
        with street.flows_run():
            for _ in range(rounds):
                street.rest()
                rates.append(street.all_at_once(count))
                rests.append(street.rest())
                took += street.evenly(count, rate=300)
        return _figures(rates, took, rests, count)


def _figures(rates: list[float], took: list[float], rests: list[float], count: int) -> list[Figure]:
    p99 = ms(took, 0.99)
    return [
        Figure(
            name='calls to a hook accepted, 8 connections, while a flow answers', target='≥ 300/s',
            good=middle(rates) >= 300, raw={'rates': rates},
            measured=f'{middle(rates):.0f}/s ({count} of them done {middle(rests):.1f} s later)',
        ),
        Figure(
            name='a call to a hook until its 202, at 300/s', target='p99 < 50 ms', good=p99 < 50,
            measured=f'p50 {ms(took, 0.5):.1f} ms, p95 {ms(took, 0.95):.1f} ms, p99 {p99:.1f} ms',
            raw={'p50': ms(took, 0.5), 'p99': p99},
        ),
    ]  # fmt: skip


def _accepted(posted: list[Posted]) -> list[Posted]:
    assert {each.status for each in posted} == {202}, {each.status for each in posted}
    return posted
