"""What many sessions cost, and how soon they are back after a restart or a crash."""

import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.stories.product import family

from .figures import Figure
from .house import BareLibrary, House, MeasuredProduct, house

FIRST_SHOP = 15550000001
SETTLES = 4.0  # seconds after linking or starting


@dataclass
class Fleet:
    """`memory`: MB (PSS) by number of sessions. The other figures are seconds."""

    memory: dict[int, float] = field(default_factory=dict)
    after_restart: float = 0.0
    back: float = 0.0
    reopened: float = 0.0
    bare: float = 0.0


def measure(most: int) -> list[Figure]:
    fleet = Fleet()
    with house() as here:
        product = here.product
        grow(product, 1)
        fleet.memory[1] = settled_memory(product)
        grow(product, 5)
        fleet.back = _back_after(product, signal.SIGKILL, 5)
        grow(product, 10)
        fleet.memory[10] = settled_memory(product)
        grow(product, most)
        fleet.memory[most] = settled_memory(product)
        fleet.reopened = _reopened(product, most)
        fleet.after_restart = settled_memory(product)
        product.stop()
        fleet.bare = _bare_reopens(here, most)
    return _figures(fleet, most)


def grow(product: MeasuredProduct, count: int) -> None:
    """Link more sessions until there are so many."""
    there = len(product.get('/sessions', params={'limit': '200'})['items'])
    product.link({name: str(FIRST_SHOP + number) for number, name in enumerate(names(count)) if number >= there})


def names(count: int) -> list[str]:
    return [f'shop-{number:02d}' for number in range(count)]


def settled_memory(product: MeasuredProduct) -> float:
    time.sleep(SETTLES)
    return sum(map(_pss, [product.pid, *family(product.pid)]))


def _back_after(product: MeasuredProduct, how: int, count: int) -> float:
    ended = product.restart(how)
    return max(product.working(names(count), since=ended).values()) - ended


def _reopened(product: MeasuredProduct, count: int) -> float:
    """From the start of the program until the last session works."""
    product.stop()
    began = product.start()
    return max(product.working(names(count), since=began).values()) - began


def _bare_reopens(here: House, count: int) -> float:
    """The same for the library alone, its process ready: from the first connect to the last connected."""
    here.bare(count).close()
    again = BareLibrary(here.folder / 'bare', here.sandbox)
    clients = [f'bare{n}' for n in range(count)]
    began = again.open(clients)
    last = max(again.wait_connected(clients, since=began).values())
    again.close()
    return last - began


def _figures(fleet: Fleet, most: int) -> list[Figure]:
    one, many = fleet.memory[1], fleet.memory[most]
    each = (many - one) / (most - 1)
    later = (fleet.after_restart - one) / (most - 1)
    grown = ', '.join(f'{count}: {mb:.0f} MB' for count, mb in fleet.memory.items())
    return [
        Figure(
            name='memory (PSS) of all processes, one session', target='≤ 220 MB', good=one <= 220,
            measured=f'{one:.0f} MB',
        ),
        Figure(
            name='memory of each further session', target='≤ 2 MB', good=each <= 2,
            measured=f'{each:.1f} MB just linked, {later:.1f} MB after a restart ({grown}, '
            f'restarted {fleet.after_restart:.0f} MB)',
            raw={str(count): mb for count, mb in fleet.memory.items()} | {'restarted': fleet.after_restart},
        ),
        Figure(
            name='killed (SIGKILL) to working again, 5 sessions', target='≤ 3 s', good=fleet.back <= 3,
            measured=f'{fleet.back:.1f} s',
        ),
        Figure(
            name=f'{most} linked sessions working after a start', target='≤ 5 s', good=fleet.reopened <= 5,
            measured=f'{fleet.reopened:.1f} s, the start of the program included '
            f'(raw library, already loaded: {fleet.bare:.1f} s)',
        ),
    ]  # fmt: skip


def _pss(pid: int) -> float:
    with suppress(OSError):
        for line in Path(f'/proc/{pid}/smaps_rollup').read_text().splitlines():
            if line.startswith('Pss:'):
                return int(line.split()[1]) / 1024
    return 0.0
