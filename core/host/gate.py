"""Who may enter the Go library now: its maps have no locks, a read beside a write ends the whole process."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

# A call reads the map in its first microseconds. A machine under load may take longer to get there, hence this much.
SETTLED = 0.025


class Gate:
    """`call` around every function that looks a client up; `change` around connect and stop, which write the map."""

    def __init__(self) -> None:
        self._turn = threading.Condition()
        self._changing = False
        self._starts: dict[int, float] = {}
        self._next = 0
        self._passed = 0.0

    @contextmanager
    def call(self) -> Iterator[None]:
        with self._turn:
            while self._changing:
                self._turn.wait()
            self._next += 1
            token = self._next
            self._starts[token] = time.monotonic()
        try:
            yield
        finally:
            with self._turn:
                del self._starts[token]
                if self._changing:
                    self._turn.notify_all()

    def passing(self) -> None:
        """Return when the library may look a client up by itself in the next instant."""
        with self._turn:
            while self._changing:
                self._turn.wait()
            self._passed = time.monotonic()

    @contextmanager
    def change(self) -> Iterator[None]:
        with self._turn:
            while self._changing:
                self._turn.wait()
            self._changing = True
            self._wait_for_starts()
        try:
            yield
        finally:
            with self._turn:
                self._changing = False
                self._turn.notify_all()

    def _wait_for_starts(self) -> None:
        while True:
            left = max([self._passed, *self._starts.values()]) + SETTLED - time.monotonic()
            if left <= 0:
                return
            self._turn.wait(left)
