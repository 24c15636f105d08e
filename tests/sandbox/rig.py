"""The tests' side of `client`: real clients in another process, told what to do and asked what they saw."""

import itertools
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from core.sandbox.process import Sandbox

ROOT = Path(__file__).parents[2]
PATIENCE = 45.0

T = TypeVar('T')


class OrderFailed(Exception):
    """The library raised; the text is what it said."""


class Rig:
    """One process with any number of clients."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox, self.folder = sandbox, folder
        reading, writing = os.pipe()
        self._log = (folder / 'clients.log').open('w')
        self.process = subprocess.Popen(
            [sys.executable, '-m', 'tests.sandbox.client', str(sandbox.library), str(writing)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=self._log,
            pass_fds=[writing],
            text=True,
        )
        os.close(writing)
        self.facts: list[dict[str, Any]] = []
        self._news = threading.Condition()
        self._ids = itertools.count(1)
        self._reader = threading.Thread(target=self._read, args=(reading,), daemon=True)
        self._reader.start()
        self.wait(event='imported')

    def order(self, order: str, patience: float = PATIENCE, /, **arguments: object) -> Any:
        """Have the clients' process do something. Raises OrderFailed."""
        ident = next(self._ids)
        assert self.process.stdin
        self.process.stdin.write(json.dumps({'id': ident, 'order': order, **arguments}) + '\n')
        self.process.stdin.flush()
        answer = self.wait(1, patience, event='answer', id=ident)
        if 'error' in answer:
            raise OrderFailed(answer['error'])
        return answer['value']

    def find(self, **wanted: object) -> list[dict[str, Any]]:
        return [fact for fact in self.facts if all(fact.get(key) == value for key, value in wanted.items())]

    def wait(self, count: int = 1, patience: float = PATIENCE, /, **wanted: object) -> dict[str, Any]:
        """The *count*th fact that fits."""
        with self._news:
            done = self._news.wait_for(lambda: len(self.find(**wanted)) >= count or self.find(event='end'), patience)
        found = self.find(**wanted)
        if not done or len(found) < count:
            raise AssertionError(f'{wanted} did not happen; the last was {self.facts[-3:]}')
        return found[count - 1]

    def client(self, name: str) -> 'Client':
        return Client(self, name)

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(15)
        self._reader.join(15)
        self._log.close()

    def _read(self, descriptor: int) -> None:
        with os.fdopen(descriptor) as lines:
            for line in lines:
                self._note(json.loads(line))
        self._note({'event': 'end'})

    def _note(self, fact: dict[str, Any]) -> None:
        with self._news:
            self.facts.append(fact)
            self._news.notify_all()


@dataclass(frozen=True, slots=True)
class Client:
    """One real client of the library."""

    rig: Rig
    name: str

    def start(self) -> None:
        self.rig.order('start', name=self.name, file=str(self.rig.folder / f'{self.name}.db'))

    def stop(self) -> None:
        self.rig.order('stop', name=self.name)

    def pair(self, phone: str) -> 'Client':
        """Start, and have *phone* scan the code."""
        self.start()
        self.rig.sandbox.scan(phone, self.wait('qr')['qr'])
        self.wait('Connected')
        return self

    def wait(self, event: str, count: int = 1, /, **wanted: object) -> dict[str, Any]:
        return self.rig.wait(count, event=event, name=self.name, **wanted)

    def seen(self, event: str, **wanted: object) -> list[dict[str, Any]]:
        return self.rig.find(event=event, name=self.name, **wanted)

    def got(self, text: str) -> dict[str, Any]:
        return self.wait('Message', text=text)

    def send(self, to: str, text: str) -> str:
        return str(self.rig.order('send', name=self.name, to=to, text=text))

    def do(self, order: str, **arguments: object) -> Any:
        return self.rig.order(order, name=self.name, **arguments)


def until(found: Callable[[], T | None], patience: float = PATIENCE) -> T:
    """Poll until *found* gives something true."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        value = found()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError('it did not happen in time')
