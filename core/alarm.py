"""Does something at a moment that is seconds or hours away."""

import heapq
import logging
import threading
from collections.abc import Callable
from itertools import count

from .world import World

log = logging.getLogger(__name__)


class Alarm:
    """One thread for all; what is asked for is lost when the program ends, and must be found by a sweep then."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._heap: list[tuple[float, int, Callable[[], object]]] = []
        self._turn = threading.Condition()
        self._number = count()
        self._over = False
        self.thread = threading.Thread(target=self._run, name='alarm', daemon=True)
        self.thread.start()

    def after(self, seconds: float, work: Callable[[], object]) -> None:
        """`work` must be quick and is called on the alarm's thread."""
        with self._turn:
            heapq.heappush(self._heap, (self.world.ticks() + seconds, next(self._number), work))
            self._turn.notify()

    def stop(self) -> None:
        with self._turn:
            self._over = True
            self._turn.notify()

    def _run(self) -> None:
        while (work := self._next()) is not None:
            try:
                work()
            except Exception:  # the others must be woken all the same
                log.exception('what was to happen now failed')

    def _next(self) -> Callable[[], object] | None:
        with self._turn:
            while not self._over:
                wait = self._heap[0][0] - self.world.ticks() if self._heap else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._heap)[2]
                self._turn.wait(wait)
            return None
