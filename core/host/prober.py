"""Notices that WhatsApp can be reached again after an outage, long before the library tries on its own."""

import socket
import threading
import time
from collections.abc import Callable

PATIENT = 120.0  # seconds; after that a probe every three seconds is enough
GRACE = 0.3  # seconds for the library to be the first


class Prober:
    """While `needed()`, tries a plain TCP connection about every second and tells `reached` when one succeeds.

    Where that can never succeed (only a proxy leads out) nothing is told and the library is left alone.
    """

    def __init__(self, server: tuple[str, int], needed: Callable[[], bool], reached: Callable[[], None]) -> None:
        self._server = server
        self._needed = needed
        self._reached = reached
        self._failed = False

    @property
    def in_vain(self) -> bool:
        """Is it certain that trying to connect just now fails?"""
        return self._failed

    def start(self) -> None:
        threading.Thread(target=self._run, name='prober', daemon=True).start()

    def _run(self) -> None:
        since, hits = 0.0, 0
        while True:
            if not self._needed():
                since, hits = 0.0, 0
                self._failed = False
                time.sleep(0.25)
                continue
            since = since or time.monotonic()
            self._failed = not self._try()
            if not self._failed:
                time.sleep(GRACE)
                self._reached()
                # A server that answers and still takes nobody in is not asked every second.
                hits += 1
                time.sleep(min(30.0, 2.0**hits))
            else:
                hits = 0
                time.sleep(1.0 if time.monotonic() - since < PATIENT else 3.0)

    def _try(self) -> bool:
        try:
            socket.create_connection(self._server, timeout=2).close()
        except OSError:
            return False
        return True
