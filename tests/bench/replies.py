"""How fast a keyword is answered, alone and when twenty people ask at once."""

import itertools
import time
from dataclasses import dataclass
from statistics import median

from core.sandbox.control import Item

from .delivery import Street, street
from .figures import Figure, middle, ms
from .house import BARE, SHOP

CUSTOMERS = 20
APART = 0.04  # seconds between two pings; the answer to the one before is there by then
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rush:
    """What became of many pings at once. `rate`: replies a second, from the first ping to the last reply."""

    rate: float
    asked: int
    lost: int
    disordered: int


def measure(pings: int, rush: int, rounds: int) -> list[Figure]:
    with street() as here:
        ours, bare = ping_in_turn(here, pings)
        crowd = here.house.people(CUSTOMERS)
        for account in (SHOP, BARE):
            all_at_once(here, crowd, account, 2)  # so that nobody is new
        rushes = [(all_at_once(here, crowd, SHOP, rush), all_at_once(here, crowd, BARE, rush)) for _ in range(rounds)]
    return [_latency(ours, bare), _rush([ours for ours, _ in rushes], [bare for _, bare in rushes])]


def ping_in_turn(here: Street, pings: int) -> tuple[list[float], list[float]]:
    """Seconds from a phone's ping to the answer in its inbox: ours, and the bare client's."""
    phone = here.people[0]
    for account in (SHOP, BARE) * 10:
        _ping(here, phone, account)
    first = next(_numbers)
    for _ in range(pings):
        for account in (SHOP, BARE):
            _ping(here, phone, account)
    here.house.settle()
    return _took(here, phone, SHOP, first), _took(here, phone, BARE, first)


def all_at_once(here: Street, crowd: list[str], account: str, each: int) -> Rush:
    """Every one of the crowd writes *each* pings as fast as it can."""
    first = next(_numbers)
    for _ in range(each):
        for phone in crowd:
            here.house.sandbox.say(phone, account, f'ping {next(_numbers)}')
    chats: list[tuple[dict[int, float], dict[int, float]]] = []

    def complete() -> bool:
        chats[:] = [_pings_and_pongs(here, phone, account, first) for phone in crowd]
        return all(len(pongs) == each for _, pongs in chats)

    here.house.settle(complete)
    began = min(at for pings, _ in chats for at in pings.values())
    ended = max(at for _, pongs in chats for at in pongs.values())
    answered = sum(len(pongs) for _, pongs in chats)
    return Rush(
        rate=answered / (ended - began),
        asked=each * len(crowd),
        lost=each * len(crowd) - answered,
        disordered=sum(list(pongs) != sorted(pongs) for _, pongs in chats),
    )


def _latency(ours: list[float], bare: list[float]) -> Figure:
    more = (median(ours) - median(bare)) * 1000
    return Figure(
        name='keyword reply: customer writes → has the answer', target='p50 ≤ 8 ms above the raw library',
        good=more <= 8,
        measured=f'p50 {ms(ours, 0.5):.1f} ms, {more:.1f} above the raw {ms(bare, 0.5):.1f} '
        f'(p95 {ms(ours, 0.95):.1f} and {ms(bare, 0.95):.1f}, p99 {ms(ours, 0.99):.1f} and {ms(bare, 0.99):.1f} ms)',
        raw={'p50': ms(ours, 0.5), 'raw_p50': ms(bare, 0.5)},
    )  # fmt: skip


def _rush(ours: list[Rush], bare: list[Rush]) -> Figure:
    rate, lost, disordered = middle([r.rate for r in ours]), sum(r.lost for r in ours), sum(r.disordered for r in ours)
    return Figure(
        name=f'replies to {CUSTOMERS} customers at once', target='≥ 200/s, none lost, each chat in order',
        good=rate >= 200 and not lost and not disordered,
        measured=f'{rate:.0f}/s, {lost} of {sum(r.asked for r in ours)} lost, {disordered} chats out of order '
        f'(raw {middle([r.rate for r in bare]):.0f}/s, {sum(r.lost for r in bare)} lost)',
        raw={'rates': [r.rate for r in ours], 'raw': [r.rate for r in bare]},
    )  # fmt: skip


def _ping(here: Street, phone: str, account: str) -> None:
    here.house.sandbox.say(phone, account, f'ping {next(_numbers)}')
    time.sleep(APART)


def _took(here: Street, phone: str, account: str, first: int) -> list[float]:
    pings, pongs = _pings_and_pongs(here, phone, account, first)
    assert pings.keys() == pongs.keys(), f'{len(pings) - len(pongs)} pings to {account} were not answered'
    return [pongs[number] - at for number, at in pings.items()]


def _pings_and_pongs(here: Street, phone: str, account: str, first: int) -> tuple[dict[int, float], dict[int, float]]:
    """Number -> when it was written, and when its answer came, in the order of the phone."""
    items = [item for item in here.house.sandbox.conversation(phone, account) if 'ping ' in item.text]
    pings = {_number(item): item.at.timestamp() for item in items if item.mine and _number(item) > first}
    pongs = {_number(item): item.at.timestamp() for item in items if not item.mine and _number(item) > first}
    return pings, pongs


def _number(item: Item) -> int:
    return int(item.text.rsplit(' ', 1)[1])
