"""What is measured: the sandbox, the product on it, and a bare client of the library beside it."""

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

from core.sandbox.control import Change, Item
from core.sandbox.process import Sandbox, start_sandbox
from tests.stories.product import ROOT, Product, clean_env, free_port, until

SHOP, BARE = '15550000001', '15559000001'
LINKED_WITHIN = 60.0
TICKS = os.sysconf('SC_CLK_TCK')
QUIET = 0.4  # seconds without news from a phone: then everything has arrived

SILENT, LONGEST = 5.0, 60.0  # seconds until what is missing counts as lost


class MeasuredProduct(Product):
    """The product, on a sandbox that it did not start."""

    def __init__(self, state: Path, sandbox: Sandbox) -> None:
        super().__init__(state, free_port())
        self._sandbox = sandbox

    @cached_property
    def http(self) -> httpx.Client:
        """Kept open: making one costs as much as many requests."""
        return httpx.Client(base_url=f'{self.url}/api/v1', timeout=30, trust_env=False, verify=False)

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        return self.http.request(method, path, json=body, headers={'Authorization': f'Bearer {self.key}'}, **more)

    def start(self, *, wait: float = 60) -> float:
        """Returns when it was started, by the clock; it answers by then."""
        command = [sys.executable, '-m', 'tests.bench.launch', str(self.state), str(self.port)]
        command += [str(self._sandbox.library), str(self._sandbox.address[1])]
        began = time.time()
        with self.log.open('a') as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=clean_env(), stdout=log, stderr=subprocess.STDOUT, text=True,
                start_new_session=True,
            )  # fmt: skip
        until(self._ready, wait, what='the product answers')
        if not self.key:
            self.key = self.command('key', 'add', 'bench', '--role', 'owner').strip()
        return began

    def _ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, 'the product ended'
        return answers(self.port, '/ready')

    def restart(self, how: int = signal.SIGTERM) -> float:
        """Returns when it was ended."""
        ended = time.time()
        self.stop(how)
        self.start()
        return ended

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def link(self, sessions: dict[str, str]) -> None:
        """Create these sessions and link each to its phone, a few at a time."""
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda pair: self._link(*pair), sessions.items()))
        self.working(list(sessions), since=0)

    def _link(self, name: str, phone: str) -> None:
        self._sandbox.add_phone(phone, name)
        self.post('/sessions', {'name': name})
        code = until(lambda: self._code(name), LINKED_WITHIN, what=f'{name} shows a code')
        self._sandbox.scan(phone, code)

    def _code(self, name: str) -> str:
        time.sleep(0.05)
        answer = self.ask('GET', f'/sessions/{name}/qr')
        return str(answer.json()['code']) if answer.status_code == 200 else ''

    def working(self, names: Sequence[str], *, since: float, wait: float = LINKED_WITHIN) -> dict[str, float]:
        """When each of these began to work after *since*, by the product's own clock."""

        def look() -> dict[str, float]:
            time.sleep(0.1)  # looking must not hold up what is looked at
            items = self.get('/sessions', params={'limit': '200'})['items']
            found = {each['name']: clock(each['since']) for each in items if each['state'] == 'working'}
            found = {name: found[name] for name in names if found.get(name, 0) > since}
            return found if len(found) == len(names) else {}

        return until(look, wait, what='the sessions work')


class BareLibrary:
    """The other process: clients of the library with nothing around them."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        folder.mkdir(exist_ok=True)
        self._sandbox = sandbox
        self._answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._phones: dict[str, str] = {}
        self.connected: dict[str, float] = {}
        read, write = os.pipe()
        with (folder.parent / 'bare.log').open('a') as log:
            self._process = subprocess.Popen(
                [sys.executable, '-m', 'tests.bench.raw', str(write), str(sandbox.library), str(folder)],
                cwd=ROOT, env=clean_env() | {'NEONIZE_BOT_TAG': 'off'}, stdin=subprocess.PIPE, stdout=log,
                stderr=log, pass_fds=[write], text=True,
            )  # fmt: skip
        os.close(write)
        threading.Thread(target=self._read, args=[read], daemon=True).start()
        self._answers.get(timeout=30)

    def link(self, clients: dict[str, str]) -> None:
        self._phones |= clients
        for name, phone in clients.items():
            self._sandbox.add_phone(phone, name)
        self.open(list(clients))
        self.wait_connected(list(clients), since=0)

    def open(self, names: list[str]) -> float:
        return float(self._do('open', names))

    def wait_connected(self, names: Sequence[str], *, since: float) -> dict[str, float]:
        def look() -> dict[str, float]:
            found = {name: self.connected.get(name, 0.0) for name in names}
            return found if all(at > since for at in found.values()) else {}

        return until(look, LINKED_WITHIN, what='the bare clients are connected')

    def send(self, name: str, people: Sequence[str], texts: Sequence[str]) -> list[tuple[float, float]]:
        return [(began, ended) for began, ended in self._do('send', name, list(people), list(texts))]

    def send_files(self, name: str, person: str, files: Sequence[str], captions: Sequence[str]) -> None:
        self._do('send_files', name, person, list(files), list(captions))

    @property
    def pid(self) -> int:
        return self._process.pid

    def close(self) -> None:
        self._process.kill()
        self._process.wait()

    def _do(self, *words: object) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(words) + '\n')
        self._process.stdin.flush()
        return self._answers.get(timeout=120)

    def _read(self, descriptor: int) -> None:
        with os.fdopen(descriptor) as lines:
            for line in lines:
                match json.loads(line):
                    case ['code', name, code] if name in self._phones:
                        phone = self._phones.pop(name)
                        threading.Thread(target=self._sandbox.scan, args=[phone, code], daemon=True).start()
                    case ['connected', name, at]:
                        self.connected[name] = at
                    case ['ready']:
                        self._answers.put(None)
                    case ['answer', value]:
                        self._answers.put(value)


@dataclass
class House:
    """`inbox` and `conversation` of the phones are read once, after `settle`: nobody polls while it is measured."""

    folder: Path
    sandbox: Sandbox
    product: MeasuredProduct
    _heard: float = 0.0

    def __post_init__(self) -> None:
        self.sandbox.watch(self._hear)

    def _hear(self, changes: tuple[Change, ...]) -> None:
        if any(each.kind == 'message' for each in changes):
            self._heard = time.monotonic()

    def people(self, count: int, first: int = 15551230001) -> list[str]:
        """So many phones."""
        return [self.sandbox.add_phone(str(first + n), f'Person {n + 1}').phone for n in range(count)]

    def settle(self, complete: Callable[[], bool] = lambda: True) -> None:
        """Until no phone hears anything any more and *complete*, or nothing more is to be expected.

        *complete* reads what has come, so it is asked at least once.
        """
        self._heard = began = asked = time.monotonic()
        while time.monotonic() - self._heard < SILENT and time.monotonic() - began < LONGEST:
            time.sleep(QUIET / 4)
            if time.monotonic() - max(self._heard, asked) > QUIET:
                if complete():
                    return
                asked = time.monotonic()
        complete()

    def arrivals(self, people: Sequence[str], mark: str, count: int) -> dict[str, float]:
        """Text -> when it was in a phone's inbox, of the texts that start with *mark*."""
        found: dict[str, float] = {}

        def complete() -> bool:
            items: list[Item] = [item for phone in people for item in self.sandbox.inbox(phone)]
            found.update({item.text: item.at.timestamp() for item in items if item.text.startswith(mark)})
            return len(found) >= count

        self.settle(complete)
        return found

    def bare(self, count: int = 1) -> BareLibrary:
        """A process with so many linked clients, named bare0, bare1, …"""
        library = BareLibrary(self.folder / 'bare', self.sandbox)
        library.link({f'bare{n}': str(int(BARE) + n) for n in range(count)})
        return library


@contextmanager
def house() -> Iterator[House]:
    """A fresh one, with the product started and no session yet."""
    with tempfile.TemporaryDirectory(prefix='bench-', ignore_cleanup_errors=True) as name:
        folder = Path(name)
        sandbox = start_sandbox(folder / 'sandbox')
        product = MeasuredProduct(folder / 'state', sandbox)
        try:
            product.start()
            yield House(folder, sandbox, product)
        except BaseException:
            with suppress(OSError):
                print('\n'.join(product.log.read_text().splitlines()[-20:]), file=sys.stderr)
            raise
        finally:
            product.close()
            sandbox.close()


def answers(port: int, path: str) -> bool:
    """Whether a GET succeeds; cheap enough to be asked every 20 ms."""
    request = f'GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n'
    try:
        with socket.create_connection(('127.0.0.1', port), timeout=5) as pipe:
            pipe.sendall(request.encode())
            return pipe.recv(64).startswith(b'HTTP/1.1 200')
    except OSError:
        return False


def cpu_of(pid: int) -> float:
    """Seconds of processor time that a process has used so far."""
    fields = Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def clock(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
