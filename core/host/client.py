"""One run of the library for a session: its thread, its callbacks, and what may be asked of it when."""

import logging
import re
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol
from uuid import uuid4

from core.events import (
    Banned,
    Connected,
    Disconnected,
    Event,
    KeepAliveMissed,
    LoggedOut,
    LoginFailed,
    MessageReceived,
    Paired,
    PairingCodeShown,
    Replaced,
    Vote,
)
from core.host import history, library, logins, translate
from core.host.contents import vote_of
from core.host.gate import Gate
from core.host.library import Callbacks, Go, GoError, pb

log = logging.getLogger(__name__)

Phase = Literal['starting', 'pairing', 'linking', 'online', 'offline', 'over']
FIRST_CODE, NEXT_CODE, ALL_CODES = 60.0, 20.0, 160.0  # seconds; six codes and then the library gives up
BACKLOG_LASTS = 120.0  # seconds; a server that announces a backlog and never ends it
# What matters to a person on call we tell ourselves; the library calls every lost connection an error.
LOG_LEVELS = {'ERROR': logging.WARNING, 'WARN': logging.INFO}
# Told as they are: the protobuf of an event, and how it is translated.
TOLD: dict[int, tuple[Any, Callable[[str, Any], Event]]] = {
    library.TYPING: (pb.ChatPresence, translate.typing),
    library.PRESENCE: (pb.Presence, translate.presence),
    library.DAMAGED: (pb.UndecryptableMessage, translate.damaged),
    library.JOINED_GROUP: (pb.JoinedGroup, translate.joined_group),
    library.GROUP_CHANGED: (pb.GroupInfoEvent, translate.group_change),
    library.BLOCKED: (pb.BlocklistEvent, translate.blocklist),
    library.CALLED: (pb.CallOffer, translate.call),
    library.GROUP_CALLED: (pb.CallOfferNotice, translate.call),
    library.CALL_ENDED: (pb.CallTerminate, translate.call_ended),
}
FAILURE = re.compile(r'(?:reason="|Got )(\d{3})')


class Owner(Protocol):
    """Who hears of a client. All but `tell` only note the fact and return; called on the library's threads."""

    id: str

    def tell(self, event: Event) -> None: ...
    def note(self, client: 'Client', fact: str, detail: str = '') -> None: ...


class Client:
    """Never used twice: the library mixes up clients that share a name, so each has a uuid of its own."""

    def __init__(self, go: Go, gate: Gate, owner: Owner, *, store: str, level: str) -> None:
        self.uuid = uuid4().hex.encode()
        self.phase: Phase = 'starting'
        self.muted = False  # its life is no longer told; messages still are
        self.codes = 0
        self.stopping = False
        self.all_codes_end = datetime.now(UTC)
        self.code_at = 0.0  # when the last one was shown
        self.lost_at = 0.0
        self.failure = 0  # WhatsApp's number for the last refused login
        self.passkey = False
        self._go = go
        self._gate = gate
        self._owner = owner
        self._store = store
        self._level = level
        self._device = pb.Device()
        self._connected_at = datetime.now(UTC)
        self._backlog_until = 0.0
        self._heard = threading.Event()
        self._use = threading.Condition()
        self._in_use = 0
        self._closing = False
        self.thread = threading.Thread(target=self._run, name=f'library-{owner.id}', daemon=True)

    # ---- asked by the session

    def start(self) -> None:
        """Holds the gate until the library has surely noted its new client, or is slow for another reason."""
        with self._gate.change():
            self.thread.start()
            self._heard.wait(0.4)

    def hold(self) -> bool:
        """Ask for the client for one call; False: it is closing. Each True needs a `release`."""
        with self._use:
            if self._closing:
                return False
            self._in_use += 1
            return True

    def release(self) -> None:
        with self._use:
            self._in_use -= 1

    def close_to_calls(self) -> None:
        with self._use:
            self._closing = True

    @property
    def busy(self) -> bool:
        return self._in_use > 0

    def disconnect(self) -> None:
        """Blocks while the library is dialling. What has arrived is still told afterwards, which `stop` would lose."""
        if self.phase != 'over':
            with self._gate.call():
                self._go.disconnect(self.uuid)

    def stop(self) -> None:
        with self._gate.change():
            if self.phase != 'over':
                self._go.stop(self.uuid)

    @property
    def own(self) -> Any:
        """Our own JID, without the device."""
        jid = self._device.JID
        return pb.JID(User=jid.User, Server=jid.Server, RawAgent=0, Device=0, Integrator=0, IsEmpty=False)

    # ---- told by the library, on its threads

    def _run(self) -> None:
        callbacks = Callbacks(qr=self._on_qr, login=self._on_login, event=self._on_event, log=self._on_log)
        try:
            why = self._go.run(self.uuid, self._store, callbacks, level=self._level)
        except Exception as error:  # whatever it was, the session must learn that its client is gone
            log.exception('the library failed to run %s', self._owner.id)
            why = str(error)
        self.phase = 'over'
        self._heard.set()
        self._owner.note(self, 'ended', why)

    def _on_qr(self, code: str) -> None:
        self._heard.set()
        now = datetime.now(UTC)
        if not self.codes:
            self.all_codes_end = now + timedelta(seconds=ALL_CODES)
        lasts = NEXT_CODE if self.codes else FIRST_CODE
        self.codes += 1
        self.phase = 'pairing'
        self.code_at = time.monotonic()
        expires_at = now + timedelta(seconds=lasts)
        self._tell(PairingCodeShown(session=self._owner.id, code=code, expires_at=expires_at))
        self._owner.note(self, 'code')

    def _on_login(self, status: str) -> None:
        self._heard.set()
        self._owner.note(self, 'login', status)
        self._gate.passing()  # after success the library looks its client up

    def _on_log(self, data: bytes) -> None:
        try:
            self._read_log(pb.LogEntry.FromString(data))
        except Exception:  # nothing may reach the library's thread
            log.exception('a log line of %s', self._owner.id)

    def _read_log(self, entry: Any) -> None:
        words = entry.Message
        if 'passkey' in words:
            self.passkey = True
        if 'connect failure' in words:
            found = FAILURE.search(words)
            self.failure = int(found.group(1)) if found else self.failure
            if 'automatic reconnect' in words:
                self._tell(logins.failed(self._owner.id, self.failure, again=True))
        level = LOG_LEVELS.get(entry.Level.upper(), logging.DEBUG)
        if 'websocket' in words or self.phase == 'offline':
            level = logging.DEBUG
        logging.getLogger('whatsmeow').log(level, '%s %s: %s', self._owner.id, entry.Name, words)

    def _on_event(self, number: int, data: bytes) -> None:
        self._heard.set()
        try:
            self._take(number, data)
        except Exception:  # one event that cannot be read must not end the session's pump
            log.exception('event %d of %s could not be told', number, self._owner.id)

    def _take(self, number: int, data: bytes) -> None:  # noqa: PLR0912 - the index of what the library tells
        session = self._owner.id
        if number in TOLD:
            kind, in_our_words = TOLD[number]
            self._owner.tell(in_our_words(session, kind.FromString(data)))
            return
        match number:
            case library.MESSAGE:
                self._on_message(data)
            case library.HISTORY:
                for part in history.parts(session, pb.HistorySync.FromString(data).Data):
                    self._owner.tell(part)
            case library.RECEIPT:
                receipt = translate.receipt(session, pb.Receipt.FromString(data))
                if receipt is not None:
                    self._owner.tell(receipt)
            case library.BACKLOG_STARTS:
                self._backlog_until = time.monotonic() + BACKLOG_LASTS
            case library.BACKLOG_ENDS:
                self._backlog_until = 0.0
            case library.DEVICE:
                self._device = pb.Device.FromString(data)
            case library.PAIRED:
                self._on_paired(pb.PairStatus.FromString(data))
            case library.CONNECTED:
                self._on_connected()
            case library.DISCONNECTED:
                self._on_disconnected()
            case library.KEEPALIVE_MISSED:
                self._tell(KeepAliveMissed(session=session))
            case library.LOGGED_OUT:
                self._end('logged out', logins.logged_out(session, pb.LoggedOut.FromString(data), self.failure))
            case library.REPLACED:
                self._end('replaced', Replaced(session=session))
            case library.BANNED:
                self._end('banned', logins.banned(session, pb.TemporaryBan.FromString(data)))
            case library.OUTDATED:
                self._end('refused', logins.failed(session, 405, again=False))
            case library.CONNECT_FAILED:
                self._end('refused', logins.failed(session, self.failure, again=False))

    def _on_message(self, data: bytes) -> None:
        message = translate.message(self._owner.id, pb.Message.FromString(data), 'live')
        if message is None:
            return
        if message.kind == 'poll_vote':
            message = replace(message, content=self._vote(data))
        self._owner.tell(self._placed(message))

    def _vote(self, data: bytes) -> Vote | None:
        """None: it cannot be read, as the poll was made before this session was linked, or the client is closing."""
        if not self.hold():  # the library panics when it is asked to decrypt for a client it has forgotten
            return None
        try:
            with self._gate.call():
                return vote_of(self._go.decrypt_vote(self.uuid, data))
        except GoError as error:
            log.info('%s: a vote could not be read: %s', self._owner.id, error)
            return None
        finally:
            self.release()

    def _placed(self, message: MessageReceived) -> MessageReceived:
        """Sent while we were away, by the server's word or by its time."""
        late = message.at < self._connected_at - timedelta(seconds=5)
        if not late and time.monotonic() > self._backlog_until:
            return message
        return translate.as_offline(message)

    def _on_paired(self, status: Any) -> None:
        if status.Status != pb.PairStatus.SUCCESS:
            self._owner.note(self, 'pairing refused', status.Error)
            return
        self.phase = 'linking'
        self._tell(
            Paired(
                session=self._owner.id,
                phone=status.ID.User,
                lid=self._device.LID.User,
                push_name=self._device.PushName,
                platform=status.Platform,
            )
        )
        self._owner.note(self, 'paired')

    def _on_connected(self) -> None:
        self.phase = 'online'
        self.lost_at = 0.0
        self._connected_at = datetime.now(UTC)
        device = self._device
        self._tell(
            Connected(session=self._owner.id, phone=device.JID.User, lid=device.LID.User, push_name=device.PushName)
        )
        self._owner.note(self, 'connected')

    def _on_disconnected(self) -> None:
        if self.phase != 'online':
            return
        self.phase = 'offline'
        self.lost_at = time.monotonic()
        self._tell(Disconnected(session=self._owner.id, because='The connection to WhatsApp was lost.'))
        self._owner.note(self, 'lost')

    def _end(self, fact: str, event: LoggedOut | Replaced | Banned | LoginFailed) -> None:
        self.phase = 'offline'
        told, self.muted = self.muted, True
        self._owner.note(self, fact)  # first: whoever hears the event may open the session again at once
        if not told:
            self._owner.tell(event)

    def _tell(self, event: Event) -> None:
        if not self.muted:
            self._owner.tell(event)
