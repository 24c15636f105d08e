"""How fast a text gets from the caller into the phone's inbox, and how fast it is accepted."""

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from core.bodies import Body
from tests.stories.product import family

from .figures import Figure, middle, ms
from .house import SHOP, BareLibrary, House, cpu_of, house
from .load import Posted, post_all, post_at
from .page import open_inbox

PEOPLE = 8
WARM = 80  # messages before anything counts: sessions of the encryption, caches, compiled statements
_marks = itertools.count(1)


@dataclass
class Numbers:
    """One item for each round."""

    bare_rate: list[float] = field(default_factory=list)
    bare_took: list[float] = field(default_factory=list)  # seconds, each call to the inbox, of all rounds
    bare_call: list[float] = field(default_factory=list)
    rate: list[float] = field(default_factory=list)
    accepted: list[float] = field(default_factory=list)
    cpu: Counter[str] = field(default_factory=Counter)  # seconds, by process, of all rounds
    sent: int = 0

    @property
    def ratio(self) -> float:
        return middle([ours / bare for ours, bare in zip(self.rate, self.bare_rate, strict=True)])


@dataclass(slots=True)
class Used:
    """Processor time of some processes from now on; unlike a rate it says much on a busy machine too."""

    pids: Mapping[str, Sequence[int]]
    before: dict[str, float] = field(init=False)

    def __post_init__(self) -> None:
        self.before = self._now()

    def since(self) -> dict[str, float]:
        return {name: seconds - self.before[name] for name, seconds in self._now().items()}

    def _now(self) -> dict[str, float]:
        return {name: sum(map(cpu_of, pids)) for name, pids in self.pids.items()}


@dataclass
class Street:
    """One session of ours and one bare client that write to the same people."""

    house: House
    bare: BareLibrary
    people: list[str]

    def send_bare(self, count: int, numbers: Numbers) -> None:
        texts, used = _texts(count), Used({'library': [self.bare.pid], 'server with it': [self.house.sandbox.pid]})
        calls = self.bare.send('bare0', self.people, texts)
        came = self._came(texts)
        numbers.cpu.update(used.since())
        numbers.bare_rate.append(count / (max(came.values()) - calls[0][0]))
        numbers.bare_took += [came[text] - began for text, (began, _) in zip(texts, calls, strict=True)]
        numbers.bare_call += [ended - began for began, ended in calls]

    def send(self, count: int, numbers: Numbers) -> None:
        texts, used = _texts(count), Used(self._processes())
        posted = self._all_accepted(post_all(*self._door(), self._bodies(texts)))
        came = self._came(texts)
        numbers.cpu.update(used.since())
        numbers.sent += count
        first = min(each.due for each in posted)
        numbers.rate.append(count / (max(came.values()) - first))
        numbers.accepted.append(count / (max(each.answered for each in posted) - first))

    def send_evenly(self, count: int, rate: float) -> tuple[list[float], list[float]]:
        """Seconds from when each was due until it was in the inbox, and until it was accepted."""
        texts = _texts(count)
        posted = self._all_accepted(post_at(*self._door(), self._bodies(texts), rate=rate))
        came = self._came(texts)
        due = sorted(each.due for each in posted)
        took = [came[text] - at for text, at in zip(texts, due, strict=True)]
        return took, [each.answered - each.due for each in posted]

    def rounds(self, count: int, rounds: int) -> Numbers:
        """Bare and ours in turn, so that a noisy neighbour of the machine hits both."""
        numbers = Numbers()
        for number in range(rounds):
            turns = [self.send_bare, self.send]
            for turn in turns if number % 2 == 0 else turns[::-1]:
                turn(count, numbers)
        return numbers

    def _processes(self) -> dict[str, list[int]]:
        product = self.house.product
        return {'main': [product.pid], 'host': family(product.pid), 'server': [self.house.sandbox.pid]}

    def _door(self) -> tuple[int, str, str]:
        return self.house.product.port, '/api/v1/messages', self.house.product.key

    def _bodies(self, texts: list[str]) -> list[Body]:
        to = itertools.cycle(self.people)
        return [{'session': 'shop', 'to': f'+{person}', 'text': text} for text, person in zip(texts, to, strict=False)]

    def _all_accepted(self, posted: list[Posted]) -> list[Posted]:
        assert {each.status for each in posted} == {202}, {each.status for each in posted}
        return posted

    def _came(self, texts: list[str]) -> dict[str, float]:
        mark = texts[0].split(':')[0] + ':'
        came = self.house.arrivals(self.people, mark, len(texts))
        assert len(came) == len(texts), f'{len(texts) - len(came)} of {len(texts)} messages never arrived'
        return came


@contextmanager
def street() -> Iterator[Street]:
    with house() as here:
        people = here.people(PEOPLE)
        here.product.link({'shop': SHOP})
        bare = here.bare()
        try:
            found = Street(here, bare, people)
            found.rounds(WARM, 1)
            yield found
        finally:
            bare.close()


def measure(count: int, rounds: int) -> list[Figure]:
    with street() as here:
        numbers = here.rounds(count, rounds)
        half = middle(numbers.rate) / 2
        even = [here.send_evenly(count // 2, half) for _ in range(rounds)]
        took = [each for inbox, _ in even for each in inbox]
        answered = [each for _, answer in even for each in answer]
        watched = _accepted_while_watched(here, count, rounds)
    return [
        *_rates(numbers),
        _processor(numbers),
        _latency(half, took, answered),
        Figure(
            name='`POST /messages` accepted, 8 connections, a page open in Chromium', target='≥ 500/s',
            good=middle(watched) >= 500,
            measured=f'{middle(watched):.0f}/s (no page open: {middle(numbers.accepted):.0f}/s)',
            raw={'watched': watched, 'unwatched': numbers.accepted},
        ),
    ]  # fmt: skip


def _accepted_while_watched(here: Street, count: int, rounds: int) -> list[float]:
    numbers = Numbers()
    with open_inbox(here.house.product) as tab:
        here.send(WARM, numbers)
        for _ in range(rounds):
            here.send(count, numbers)
            chat = tab.url.rsplit('/', 1)[1]
            last = here.house.product.get(f'/chats/{chat}/messages')['items'][0]['text']
            tab.get_by_text(last).first.wait_for(timeout=10_000)  # it was live: the newest message is there
    return numbers.accepted[1:]


def _rates(numbers: Numbers) -> list[Figure]:
    bare, ours = middle(numbers.bare_rate), middle(numbers.rate)
    return [
        Figure(
            name='the raw library: one call after another → inbox',
            measured=f'{bare:.0f}/s, p50 {ms(numbers.bare_took, 0.5):.1f} ms, p99 {ms(numbers.bare_took, 0.99):.1f} ms '
            f'(the call alone {ms(numbers.bare_call, 0.5):.1f} and {ms(numbers.bare_call, 0.99):.1f} ms)',
            raw={'rates': numbers.bare_rate},
        ),
        Figure(
            name='REST → inbox, one session, 8 connections', target='≥ 0.5 of the raw library',
            good=numbers.ratio >= 0.5, measured=f'{numbers.ratio:.2f} ({ours:.0f}/s)', raw={'rates': numbers.rate},
        ),
    ]  # fmt: skip


def _processor(numbers: Numbers) -> Figure:
    """Where the time goes; both sides have sent equally many."""
    each = {name: seconds / numbers.sent * 1000 for name, seconds in numbers.cpu.items()}
    return Figure(
        name='processor time for each message',
        measured=f'main {each["main"]:.1f} ms, host {each["host"]:.1f} ms, server {each["server"]:.1f} ms '
        f'(raw: library {each["library"]:.1f} ms, server {each["server with it"]:.1f} ms)',
        raw=each,
    )


def _latency(rate: float, took: list[float], answered: list[float]) -> Figure:
    p50, p99 = ms(took, 0.5), ms(took, 0.99)
    return Figure(
        name=f'REST → inbox at half of that load ({rate:.0f}/s)', target='p50 ≤ 15 ms, p99 ≤ 60 ms',
        good=p50 <= 15 and p99 <= 60,
        measured=f'p50 {p50:.1f} ms, p95 {ms(took, 0.95):.1f} ms, p99 {p99:.1f} ms '
        f'(accepted: p50 {ms(answered, 0.5):.1f} ms, p99 {ms(answered, 0.99):.1f} ms)',
        raw={'p50': p50, 'p99': p99},
    )  # fmt: skip


def _texts(count: int) -> list[str]:
    mark = next(_marks)
    return [f'round {mark}: {number}' for number in range(count)]
