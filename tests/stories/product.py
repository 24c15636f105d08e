"""The whole product as its users meet it: a process that is started, asked over HTTP, and killed."""

import contextlib
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

ROOT = Path(__file__).parents[2]
ANNA, BEN, SHOP = '15551230001', '15551230002', '15550000001'
T = TypeVar('T')
# Others for each worker, and hardly ever those of another run on this machine.
_ports = itertools.count(20_000 + 2_000 * int(os.environ.get('PYTEST_XDIST_WORKER', 'gw0')[2:]) + os.getpid() % 1_000)


@dataclass
class Product:
    """One state directory and the process that works in it; `key` opens everything."""

    state: Path
    port: int
    process: 'subprocess.Popen[str] | None' = None
    key: str = ''
    log: Path = field(init=False)
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.log = self.state.parent / f'{self.state.name}.log'

    # ---- its life

    def start(self, *, wait: float = 90) -> float:
        """Start it and wait until it can serve; returns how many seconds that took."""
        began = time.monotonic()
        with self.log.open('a') as log:
            self.process = subprocess.Popen(
                [sys.executable, '-m', 'ui', 'run', '--sandbox', '--state', str(self.state), '--port', str(self.port)],
                cwd=ROOT, env=clean_env() | self.env, stdout=log, stderr=subprocess.STDOUT, text=True,
                start_new_session=True,
            )  # fmt: skip
        until(self._answers, wait, what='the product answers')
        took = time.monotonic() - began
        if not self.key:
            self.key = self.command('key', 'add', 'story', '--role', 'owner').strip()
        return took

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()[-3000:]
        try:
            return httpx.get(f'{self.url}/ready', timeout=2, trust_env=False, verify=False).status_code == 200
        except httpx.TransportError:
            return False

    def stop(self, how: int = signal.SIGTERM, *, wait: float = 15) -> float:
        """End it and wait for that; returns how many seconds it took."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(how)
        self.process.wait(wait)
        return time.monotonic() - began

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.stop()
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):  # whatever is left of its family
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)

    def children(self) -> list[int]:
        """Processes it started, and theirs."""
        assert self.process is not None
        return family(self.process.pid)

    def command(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, '-m', 'ui', *words, '--state', str(self.state)],
            cwd=ROOT, env=clean_env(), capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    # ---- talking to it

    @property
    def url(self) -> str:
        return f'http://127.0.0.1:{self.port}'

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        headers = {'Authorization': f'Bearer {self.key}', **more.pop('headers', {})}
        address = path if path.startswith('http') else f'{self.url}/api/v1{path}'
        return httpx.request(
            method, address, json=body, headers=headers, timeout=30, trust_env=False, verify=False, **more
        )

    def get(self, path: str, **more: Any) -> Any:
        answer = self.ask('GET', path, **more)
        assert answer.status_code == 200, f'{path}: {answer.status_code} {answer.text}'
        return answer.json()

    def post(self, path: str, body: Any = None, **more: Any) -> Any:
        answer = self.ask('POST', path, body if body is not None else {}, **more)
        assert answer.status_code < 300, f'{path}: {answer.status_code} {answer.text}'
        return answer.json() if answer.content else None

    def state_of(self, name: str = 'shop') -> str:
        return str(self.get(f'/sessions/{name}')['state'])

    def wait_state(self, state: str, name: str = 'shop', *, wait: float = 90) -> None:
        until(lambda: self.state_of(name) == state, wait, what=f'{name} is {state}')

    def send(self, text: str, to: str = ANNA, session: str = 'shop', **more: Any) -> str:
        return str(self.post('/messages', {'session': session, 'to': f'+{to}', 'text': text, **more})['id'])

    def say(self, text: str, phone: str = ANNA, to: str = SHOP) -> str:
        return str(self.post(f'/sandbox/phones/{phone}/say', {'to': to, 'text': text})['id'])

    def inbox(self, phone: str = ANNA) -> list[str]:
        return [item['text'] for item in self.get(f'/sandbox/phones/{phone}/inbox')['items']]

    def messages(self, **filters: str) -> list[dict[str, Any]]:
        """All of them, newest first."""
        found: list[dict[str, Any]] = []
        cursor = None
        while True:
            page = self.get('/messages', params={**filters, 'limit': 200, **({'cursor': cursor} if cursor else {})})
            found += page['items']
            cursor = page['next']
            if not cursor:
                return found

    def events(self, **more: Any) -> 'Iterator[tuple[str, dict[str, Any]]]':
        """What /events streams, as (kind, envelope), until the stream ends."""
        headers = {'Authorization': f'Bearer {self.key}', **more.pop('headers', {})}
        with httpx.stream(
            'GET', f'{self.url}/api/v1/events', headers=headers, timeout=20, trust_env=False, **more
        ) as answer:
            kind = ''
            for line in answer.iter_lines():
                if line.startswith('event:'):
                    kind = line[6:].strip()
                elif line.startswith('data:'):
                    yield kind, json.loads(line[5:])


def until(condition: Callable[[], T], seconds: float, *, what: str = '') -> T:
    """Look again and again until it is so."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f'not within {seconds} s: {what or condition}'
        time.sleep(0.02)


def free_port() -> int:
    """Below those that connections get by themselves, which would be taken again until a program listens there."""
    while True:
        port = next(_ports)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(('127.0.0.1', port))
            return port


def family(pid: int) -> list[int]:
    """The living descendants of a process."""
    parents: dict[int, list[int]] = {}
    for entry in Path('/proc').glob('[0-9]*/stat'):
        with contextlib.suppress(OSError):
            text = entry.read_text()
            fields = text[text.rindex(')') + 2 :].split()
            if fields[0] != 'Z':
                parents.setdefault(int(fields[1]), []).append(int(entry.parent.name))
    found, look = [], [pid]
    while look:
        children = parents.get(look.pop(), [])
        found += children
        look += children
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()[0] != 'Z'
    except OSError:
        return False


def clean_env() -> dict[str, str]:
    return {n: v for n, v in os.environ.items() if not n.startswith(('DOVECOTE_', 'PYTEST_', 'COV_'))}
