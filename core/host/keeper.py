"""The one thread that starts, watches and stops the sessions of a host; what it runs never waits for WhatsApp."""

import heapq
import itertools
import logging
import queue
import threading
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

Work = Callable[[], None]


class Keeper:
    def __init__(self) -> None:
        self._work: queue.SimpleQueue[Work] = queue.SimpleQueue()
        self._timers: list[tuple[float, int, Work]] = []
        self._count = itertools.count()
        self._next_turn = 0.0

    def start(self) -> None:
        threading.Thread(target=self._run, name='keeper', daemon=True).start()

    def do(self, work: Work) -> None:
        """Soon, in order; from any thread."""
        self._work.put(work)

    def later(self, seconds: float, work: Work) -> None:
        """Only from the keeper's own thread. There is no cancelling: `work` looks whether it still makes sense."""
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._count), work))

    def in_turn(self, work: Work) -> None:
        """Like `later`, but such works keep 12 ms of distance: fifty logins at once would only hinder each other."""
        at = max(time.monotonic(), self._next_turn)
        self._next_turn = at + 0.012
        heapq.heappush(self._timers, (at, next(self._count), work))

    def _run(self) -> None:
        while True:
            try:
                self._next()()
            except Exception:  # one session's trouble must not end the others
                log.exception('a work of the keeper failed')

    def _next(self) -> Work:
        while True:
            wait = self._timers[0][0] - time.monotonic() if self._timers else None
            if wait is not None and wait <= 0:
                return heapq.heappop(self._timers)[2]
            try:
                return self._work.get(timeout=wait)
            except queue.Empty:
                continue
