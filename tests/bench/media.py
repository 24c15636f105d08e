"""How fast a large file goes out, and how much memory it takes on the way."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tests.stories.product import family

from .delivery import Street, street
from .figures import Figure, middle

LARGE, HUGE = 10 * 2**20, 90 * 2**20


def measure(count: int, rounds: int) -> list[Figure]:
    with street() as here:
        ratios, ours, bare = [], [], []
        for number in range(rounds):
            turns = [_bare, _ours] if number % 2 == 0 else [_ours, _bare]
            rates = {turn: turn(here, number, count) for turn in turns}
            ratios.append(rates[_ours] / rates[_bare])
            ours.append(rates[_ours])
            bare.append(rates[_bare])
        idle, peak = _memory(here)
    ratio, grown = middle(ratios), peak - idle
    return [
        Figure(
            name='10 MB documents, REST → the phone, of the rate of the raw library',
            target='≥ 0.7',
            measured=f'{ratio:.2f} ({middle(ours):.0f} MB/s, uploaded to us and checked on the way; '
            f'raw {middle(bare):.0f} MB/s)',
            good=ratio >= 0.7,
            raw={'ours': ours, 'bare': bare},
        ),
        Figure(
            name='memory above idle while a 90 MB file is taken and sent',
            target='≤ 40 MB',
            measured=f'{grown:.0f} MB ({idle:.0f} → {peak:.0f} MB)',
            good=grown <= 40,
        ),
    ]


def _bare(here: Street, round: int, count: int) -> float:
    """MB a second, from the first call until the last phone has it."""
    mark, files = f'b{round}:', [_file(here, f'b{round}-{n}') for n in range(count)]
    person = here.people[0]
    began = time.time()
    here.bare.send_files('bare0', person, [str(file) for file in files], [f'{mark}{n}' for n in range(count)])
    return _rate(here, mark, count, began)


def _ours(here: Street, round: int, count: int) -> float:
    mark, files = f'o{round}:', [_file(here, f'o{round}-{n}') for n in range(count)]
    began = time.time()
    for number, file in enumerate(files):
        _send(here, file, f'{mark}{number}')
    return _rate(here, mark, count, began)


def _send(here: Street, file: Path, caption: str) -> None:
    product = here.house.product
    with file.open('rb') as body:
        answer = product.http.post(
            '/media',
            content=body,
            headers={'Authorization': f'Bearer {product.key}', 'Content-Type': 'application/pdf'},
        )
    assert answer.status_code == 201, answer.text
    media = {'id': answer.json()['id'], 'caption': caption, 'as': 'document'}
    sent = product.ask('POST', '/messages', {'session': 'shop', 'to': f'+{here.people[0]}', 'media': media})
    assert sent.status_code == 202, sent.text


def _rate(here: Street, mark: str, count: int, began: float) -> float:
    came = here.house.arrivals(here.people[:1], mark, count)
    assert len(came) == count, f'{count - len(came)} of {count} never arrived'
    return count * LARGE / 2**20 / (max(came.values()) - began)


def _file(here: Street, name: str, size: int = LARGE) -> Path:
    """Never the same twice: what was uploaded once is not uploaded again."""
    file = here.house.folder / f'{name}.pdf'
    file.write_bytes(b'%PDF-1.4\n' + os.urandom(size - 9))
    return file


def _memory(here: Street) -> tuple[float, float]:
    """MB before, and at most, of all our processes."""
    file = _file(here, 'huge', HUGE)
    pids = [here.house.product.pid, *family(here.house.product.pid)]
    time.sleep(3)
    idle = _pss(pids)
    peak = _watch(lambda: _pss(pids))
    _send(here, file, 'huge:0')
    came = here.house.arrivals(here.people[:1], 'huge:', 1)
    assert came, 'the large file never arrived'
    return idle, max(idle, peak())


def _watch(look: Callable[[], float]) -> Callable[[], float]:
    seen, over = [0.0], threading.Event()

    def run() -> None:
        while not over.wait(0.05):
            seen.append(look())

    watcher = threading.Thread(target=run, daemon=True)
    watcher.start()

    def stop() -> float:
        over.set()
        watcher.join()
        return max(seen)

    return stop


def _pss(pids: list[int]) -> float:
    total = 0
    for pid in pids:
        try:
            lines = Path(f'/proc/{pid}/smaps_rollup').read_text().splitlines()
        except OSError:
            continue
        total += next((int(line.split()[1]) for line in lines if line.startswith('Pss:')), 0)
    return total / 1024
