"""How often somebody may try: so many at once, then slowly."""

import ipaddress
import threading
from collections import OrderedDict
from collections.abc import Callable

from .errors import TooMany


class Tries:
    """A leaky bucket per name: `most` tries at once, each forgotten after `every` seconds. Remembers 10 000 names."""

    def __init__(self, ticks: Callable[[], float], *, most: int, every: float, remembered: int = 10_000) -> None:
        self.ticks = ticks
        self.most = most
        self.every = every
        self.remembered = remembered
        self._full_until: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, name: str) -> None:
        """Count one try; raises TooMany when the bucket is full."""
        with self._lock:
            now = self.ticks()
            until = max(now, self._full_until.pop(name, now)) + self.every
            wait = until - now - self.most * self.every
            self._full_until[name] = until if wait <= 0 else until - self.every
            if len(self._full_until) > self.remembered:
                self._full_until.popitem(last=False)
        if wait > 0:
            raise TooMany(f'Too many tries. Come back in {_in_words(wait)}.', after=wait)

    def give_back(self, name: str) -> None:
        """One try was honest."""
        with self._lock:
            if name in self._full_until:
                self._full_until[name] -= self.every

    def forget(self, name: str) -> None:
        with self._lock:
            self._full_until.pop(name, None)


def network_of(ip: str) -> str:
    """Who shares an address: an IPv6 household owns a whole /64."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ip
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else ip


def _in_words(seconds: float) -> str:
    return f'{max(1, round(seconds))} s' if seconds < 90 else f'{round(seconds / 60)} min'
