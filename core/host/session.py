"""One session in the host: which client it has, when it connects again, when it gives up."""

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.events import Closed, ConnectFailed, Event, PairingEnded
from core.host import logins, stores
from core.host.client import FIRST_CODE, NEXT_CODE, Client
from core.host.gate import Gate
from core.host.keeper import Keeper
from core.host.library import Go
from core.host.line import Line
from core.host.prober import Prober
from core.host.wire import StoreTaken

log = logging.getLogger(__name__)

LOGIN_LASTS = 20.0  # seconds; WhatsApp answers within one
LINK_LASTS = 10.0
STORE_WAIT = 10.0  # seconds for the host before us to let go of the store
SENDS_LAST = 5.0  # seconds a send in flight may hold up a stop
PASSKEY = 'WhatsApp asks this account for a passkey, which linking through this program cannot answer yet.'
STALLED = (
    'The phone accepted, but the link was never finished. An account that is protected by a passkey '
    'cannot be linked by this program yet.'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What the sessions of one host share."""

    go: Go
    gate: Gate
    keeper: Keeper
    line: Line
    prober: Prober
    folder: Path
    level: str


class Session:
    """All of it runs on the keeper's thread, but `tell`, `note` and what a caller does with `client`."""

    def __init__(self, host: Host, session: str) -> None:
        self.id = session
        self.client: Client | None = None
        self.abandoned: list[threading.Thread] = []  # pairings that were stopped; the library never ends some
        self._host = host
        self._lock = stores.StoreLock(host.folder, session)
        self._wanted = False
        self._tell_closed = False
        self._attempt = 0
        self._start_at = 0.0
        self._wait_for_store_until = 0.0
        self._linking_again = False
        self.runs = 0

    # ---- wishes

    def open(self) -> None:
        if self._wanted:
            return
        self._wanted = True
        self._tell_closed = False
        self._attempt = 0
        self._wait_for_store_until = time.monotonic() + STORE_WAIT
        if self.client is None:
            self._start_soon()

    def close(self) -> None:
        self._wanted = False
        self._tell_closed = True
        if self.client is None:
            self._over()
        else:
            self._stop_when_quiet(self.client)

    def reconnect(self) -> None:
        if self.client is None:
            self._wanted = False
            self.open()
            return
        self._wanted = True
        self._attempt = 0
        self._stop_when_quiet(self.client)

    def logged_out_by_us(self, forget: Callable[[], None]) -> None:
        """The phone knows; the client goes, then the store."""
        self._forget = forget
        self.close()

    def reachable(self) -> None:
        """The server takes connections again: the library may still be waiting for its next turn."""
        client = self.client
        now = time.monotonic()
        if client is None:
            if self._wanted and self._start_at > now + 0.3 and self._attempt:
                self._start_soon()
            return
        if client.phase == 'offline' and not client.muted and not client.busy and now - client.lost_at > 3:
            self._stop(client)

    @property
    def waits_for_server(self) -> bool:
        client = self.client
        if client is None:
            return self._wanted and self._attempt > 0
        return client.phase == 'offline' and not client.muted

    # ---- told by the client, from any thread

    def tell(self, event: Event) -> None:
        self._host.line.tell(event)

    def note(self, client: Client, fact: str, detail: str = '') -> None:
        self._host.keeper.do(lambda: self._learn(client, fact, detail))

    def _learn(self, client: Client, fact: str, detail: str) -> None:
        if client is not self.client:
            return
        match fact:
            case 'connected':
                self._attempt = 0
                self._linking_again = False
            case 'code':
                self._watch_codes(client, client.codes)
            case 'paired':
                self._host.keeper.later(LINK_LASTS, lambda: self._watch_link(client))
            case 'login':
                self._on_login(client, detail)
            case 'pairing refused':
                self._end_pairing(client, 'refused', detail)
            case 'ended':
                self._on_ended(client, detail)
            case 'logged out' | 'replaced' | 'banned' | 'refused':
                self._wanted = False
                self._stop(client)

    # ---- starting

    def _start_soon(self) -> None:
        self._start_at = time.monotonic()
        self._host.keeper.in_turn(self._start)

    def _start(self) -> None:
        if not self._wanted or self.client is not None or time.monotonic() < self._start_at - 0.001:
            return
        if not self._take_store():
            return
        if self._attempt % 10 and self._host.prober.in_vain:
            # Each run of the library costs three file handles for good. The tenth try is for a network that only a
            # proxy leads out of, where our own probe says nothing.
            self._failed('WhatsApp cannot be reached.')
            return
        host = self._host
        store = stores.source_of(host.folder, self.id)
        self.client = client = Client(host.go, host.gate, self, store=store, level=host.level)
        self.runs += 1
        client.start()
        host.keeper.later(LOGIN_LASTS, lambda: self._watch_login(client))

    def _take_store(self) -> bool:
        stores.prepare(self._host.folder, self.id)
        if self._lock.take():
            self._host.line.say(StoreTaken(self.id))
            return True
        if time.monotonic() > self._wait_for_store_until:
            self._failed('Another process still uses this session.')
        else:
            self._host.keeper.later(0.05, self._start)
        return False

    def _failed(self, because: str) -> None:
        self._attempt += 1
        wait = min(10.0, 0.2 * 2 ** min(self._attempt - 1, 6)) * random.uniform(0.7, 1.0)
        self._start_at = time.monotonic() + wait
        next_try = datetime.now(UTC) + timedelta(seconds=wait)
        self.tell(ConnectFailed(session=self.id, because=because, attempt=self._attempt, next_try=next_try))
        self._host.keeper.later(wait, self._start)

    def _watch_login(self, client: Client) -> None:
        """The library waits for ever for the answer to a login."""
        if client is self.client and client.phase == 'starting' and self._wanted:
            self._stop(client, failed='WhatsApp did not answer the login.')

    # ---- pairing

    def _watch_codes(self, client: Client, shown: int) -> None:
        lasts = NEXT_CODE if shown > 1 else FIRST_CODE
        self._host.keeper.later(lasts + 15, lambda: self._codes_ran_out(client, shown))

    def _codes_ran_out(self, client: Client, shown: int) -> None:
        if client is self.client and client.phase == 'pairing' and client.codes == shown:
            self._end_pairing(client, 'stalled' if client.passkey else 'timeout')

    def _on_login(self, client: Client, status: str) -> None:
        if status == 'success' or client.phase != 'pairing':
            return
        if client.passkey or 'passkey' in status:
            client.passkey = True
            self._end_pairing(client, 'stalled')
        elif status == 'timeout':
            # The library says the same when the server hung up; time tells them apart.
            early = time.monotonic() - client.code_at < NEXT_CODE - 1
            self._end_pairing(client, 'closed' if early else 'timeout')
        else:
            self._end_pairing(client, 'refused', status)

    def _watch_link(self, client: Client) -> None:
        """Once in a while the socket closes too early after pairing, and then nothing happens any more."""
        if client is not self.client or client.phase not in ('linking', 'starting') or not self._wanted:
            return
        if self._linking_again:
            self._end_pairing(client, 'stalled')
            return
        log.warning('%s was paired but not connected; connecting it anew', self.id)
        self._linking_again = True
        self._stop(client)

    def _end_pairing(self, client: Client, because: str, detail: str = '') -> None:
        self._wanted = False
        self._linking_again = False
        if because == 'stalled':
            detail = PASSKEY if client.passkey else STALLED
        self.tell(PairingEnded(session=self.id, because=because, detail=detail))  # type: ignore[arg-type]
        client.muted = True
        self._stop(client)

    # ---- ending

    def _on_ended(self, client: Client, why: str) -> None:
        """The library returned without being stopped."""
        self.client = None
        muted, client.muted = client.muted, True
        if muted or not self._wanted:
            self._after_stop()
        elif 'required field' in why:
            # It could not put WhatsApp's reason into words; its log line had the number.
            self._wanted = False
            event = logins.banned_for_unknown_reason if client.failure == 402 else None
            self.tell(event(self.id) if event else logins.failed(self.id, client.failure, again=False))
            self._after_stop()
        else:
            self._failed(why or 'The library ended.')

    def _stop_when_quiet(self, client: Client, since: float = 0.0) -> None:
        """Let a send in flight finish: cut off, its outcome would be unknown."""
        if client is not self.client:
            return
        since = since or time.monotonic()
        client.close_to_calls()
        if client.busy and time.monotonic() - since < SENDS_LAST:
            self._host.keeper.later(0.01, lambda: self._stop_when_quiet(client, since))
        else:
            self._stop(client)

    def _stop(self, client: Client, failed: str = '') -> None:
        if client.stopping:
            return
        client.stopping = True
        client.muted = True
        client.close_to_calls()

        def disconnect() -> None:
            client.disconnect()
            self._host.keeper.do(lambda: self._drain(client, failed))

        threading.Thread(target=disconnect, name=f'disconnect-{self.id}', daemon=True).start()

    def _drain(self, client: Client, failed: str) -> None:
        """What the library has acknowledged to WhatsApp but not told us yet would be lost by a stop at once."""
        self._host.keeper.later(0.03, lambda: self._stopped(client, failed))

    def _stopped(self, client: Client, failed: str) -> None:
        client.stop()
        if client.codes:
            self._host.keeper.later(3, lambda: self._count_abandoned(client.thread))
        if client is not self.client:
            return
        self.client = None
        if failed and self._wanted:
            self._failed(failed)
        else:
            self._after_stop()

    def _after_stop(self) -> None:
        if self._wanted:
            self._start_soon()
        else:
            self._over()

    def _over(self) -> None:
        self._lock.release()
        if self._forget is not None:
            self._forget()
            self._forget = None
        if self._tell_closed:
            self._tell_closed = False
            self.tell(Closed(session=self.id))

    _forget: Callable[[], None] | None = None

    def _count_abandoned(self, thread: threading.Thread) -> None:
        self.abandoned = [each for each in (*self.abandoned, thread) if each.is_alive()]
