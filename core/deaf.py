"""A connection that is open but deaf climbs a ladder: ask WhatsApp, connect anew, open anew, tell."""

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

QUIET = 300.0  # seconds without any word of WhatsApp; then we ask whether it still hears us
CONNECTING_LASTS = 20.0
OPENING_LASTS = 30.0


class Hosts(Protocol):
    """What the ladder needs of the host processes."""

    def open(self, session: str) -> None: ...
    def close(self, session: str) -> None: ...
    def reconnect(self, session: str) -> None: ...
    def check(self, session: str, *, timeout: float = 10) -> 'Future[None]': ...


@dataclass(slots=True, kw_only=True)
class _Doubt:
    since: float
    asked: 'Future[None] | None' = None
    rung: int = 0


class Ladder:
    """`say(session id, sentence)` tells people why the session is not to be trusted just now.

    It returns False when the session should not be connected (any more), and then it is left alone.
    """

    def __init__(self, ticks: Callable[[], float], hosts: Hosts, say: Callable[[str, str], bool]) -> None:
        self.ticks, self.hosts, self.say = ticks, hosts, say
        self._doubts: dict[str, _Doubt] = {}
        self._heard: dict[str, float] = {}

    def heard(self, session_id: str) -> None:
        """Something came in on this connection. Called on any thread."""
        self._heard[session_id] = self.ticks()

    def doubt(self, session_id: str) -> None:
        """WhatsApp has not answered on this connection for a while."""
        self._doubts.setdefault(session_id, _Doubt(since=self.ticks()))

    def trust(self, session_id: str) -> None:
        """It has connected again, or it is none of our business any more."""
        self._doubts.pop(session_id, None)

    def tick(self, working: Iterable[str]) -> None:
        """About once a second; `working` are the sessions that should be hearing something."""
        for session_id in working:
            if self.ticks() - self._heard.setdefault(session_id, self.ticks()) > QUIET:
                self.heard(session_id)
                self.doubt(session_id)
        for session_id, doubt in list(self._doubts.items()):
            waited = self.ticks() - doubt.since
            if doubt.rung == 0:
                self._ask(session_id, doubt)
            elif doubt.rung == 1 and waited > CONNECTING_LASTS:
                if self._climb(session_id, doubt, 'A new connection did not help, opening the session anew.'):
                    self.hosts.close(session_id)
                    self.hosts.open(session_id)
            elif doubt.rung == 2 and waited > OPENING_LASTS:
                self._climb(
                    session_id,
                    doubt,
                    'WhatsApp has not answered for a while. Dovecote keeps trying; look at the network.',
                )

    def _ask(self, session_id: str, doubt: _Doubt) -> None:
        if doubt.asked is None:
            doubt.asked = self.hosts.check(session_id)
        elif doubt.asked.done() and doubt.asked.exception() is None:
            self.trust(session_id)
        elif doubt.asked.done() and self._climb(
            session_id, doubt, 'WhatsApp does not answer on this connection, making a new one.'
        ):
            self.hosts.reconnect(session_id)

    def _climb(self, session_id: str, doubt: _Doubt, sentence: str) -> bool:
        if not self.say(session_id, sentence):
            self.trust(session_id)
            return False
        doubt.rung, doubt.since = doubt.rung + 1, self.ticks()
        return True
