"""Which runs somebody in this process has in hand."""

import threading
from collections import Counter
from collections.abc import Callable


class Hands:
    """A run may be in several: it waits in a queue while another thread is just done with it."""

    def __init__(self) -> None:
        self._held: Counter[str] = Counter()
        self._lock = threading.Lock()

    def holding(self, id: str, work: Callable[[], object]) -> Callable[[], None]:
        """`work`, with the run in hand from now on until it is done."""
        with self._lock:
            self._held[id] += 1

        def done() -> None:
            try:
                work()
            finally:
                self.let_go(id)

        return done

    def let_go(self, id: str) -> None:
        """What was to be done with it will not be done."""
        with self._lock:
            self._held[id] -= 1
            if self._held[id] <= 0:
                del self._held[id]

    def hold(self, id: str) -> bool:
        return id in self._held
