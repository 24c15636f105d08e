"""How often a hook may be called in a minute."""

import threading
from collections import deque
from collections.abc import Callable

from ..errors import TooMany

MINUTE = 60.0


class Windows:
    """So many calls in any sixty seconds, for each name."""

    def __init__(self, ticks: Callable[[], float]) -> None:
        self.ticks = ticks
        self._calls: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def check(self, name: str, most: int) -> None:
        """Raises TooMany when there is no room for one more; 0 is no limit."""
        with self._lock:
            self._room(name, most)

    def take(self, name: str, most: int) -> None:
        """Count one call. Raises TooMany."""
        with self._lock:
            calls = self._room(name, most)
            if calls is not None:
                calls.append(self.ticks())

    def _room(self, name: str, most: int) -> deque[float] | None:
        if not most:
            return None
        calls, now = self._calls.setdefault(name, deque()), self.ticks()
        while calls and calls[0] <= now - MINUTE:
            calls.popleft()
        if len(calls) >= most:
            wait = calls[len(calls) - most] + MINUTE - now
            raise TooMany(f'This hook takes {most} calls a minute. Come back in {max(1, round(wait))} s.', after=wait)
        return calls
