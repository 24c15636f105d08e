"""Writes that must not be given up: what the disk cannot take now is tried again, in the same order."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from data.database import StorageFailed, write_soon

log = logging.getLogger(__name__)

Work = Callable[[], object]
Done = Callable[[BaseException | None], object]


class Again:
    """`tick` about once a second, on any thread."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Work, Done]] = deque()
        self._lock = threading.Lock()

    def write(self, work: Work, done: Done) -> None:
        """Do `work` in a write soon; `done` hears None once it is kept, or why it never will be."""
        with self._lock:
            if self._waiting:  # nothing overtakes what waits
                self._waiting.append((work, done))
                return
        self._try(work, done)

    def tick(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, deque()
        if waiting:
            log.warning('trying again to keep %d things that the disk could not take', len(waiting))
        for work, done in waiting:
            self._try(work, done)

    def _try(self, work: Work, done: Done) -> None:
        write_soon(work).add_done_callback(lambda outcome: self._settle(work, done, outcome))

    def _settle(self, work: Work, done: Done, outcome: 'Future[Any]') -> None:
        problem = outcome.exception()
        if isinstance(problem, StorageFailed):
            with self._lock:
                self._waiting.append((work, done))
        else:
            done(problem)
