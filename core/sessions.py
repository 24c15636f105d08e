"""Which WhatsApp accounts should be connected, how each of them is, and what to do next."""

import logging
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from data.database import after_commit, write
from data.sessions import Session, State, change_state, session_by_name, wanted_sessions

from .addresses import parse_recipient, shown_phone
from .bodies import session_body
from .deaf import Hosts as LadderHosts
from .deaf import Ladder
from .errors import Conflict, DovecoteError, Invalid, NotFound
from .events import (
    Banned,
    Closed,
    Connected,
    ConnectFailed,
    Disconnected,
    Event,
    KeepAliveMissed,
    LoggedOut,
    LoginFailed,
    Paired,
    PairingCodeShown,
    PairingEnded,
    Replaced,
)
from .identities import Identities
from .limits import ban_of, tell
from .news import NewsDesk
from .world import World

log = logging.getLogger(__name__)

NAME = re.compile(r'[a-z0-9][a-z0-9_-]{0,47}\Z')
PAIRING_LASTS = timedelta(minutes=15)  # fresh codes are made for so long, then the session rests until asked again
STARTING_LASTS = timedelta(seconds=45)
# Seconds in which what we say of a session may differ from what the hosts hold. They are asked every five: a session
# that two answers did not name is lost. A log-out under way is given the time it may take.
LOST_AFTER, CLOSED_AFTER = 12.0, 30.0
UNLINKED: dict[str, Any] = {'wanted': False, 'phone': '', 'lid': '', 'linked_at': None}
TROUBLE = {'passkey', 'logged_out', 'banned', 'failed'}  # a person has to do something
OPEN_STATES = {'starting', 'pairing', 'passkey', 'working', 'reconnecting'}

NEXT: dict[str, str] = {
    'new': 'Start it to get a QR code.',
    'starting': 'Nothing to do: it will say so when it is there.',
    'pairing': 'Scan the code with WhatsApp: Settings, Linked devices, Link a device.',
    'passkey': 'On the phone, turn the passkey off in WhatsApp (Settings, Account, Passkeys), then start again.',
    'working': 'Nothing to do.',
    'reconnecting': 'Nothing to do: it connects again by itself.',
    'resting': 'Start it when it should work again.',
    'logged_out': 'Start it and link the phone again.',
    'banned': 'Wait for the end of the ban; look at the account on the phone.',
    'failed': 'Look at the reason, then start it again.',
}


class Hosts(LadderHosts, Protocol):
    """What sessions need of the host processes (core/host/hosts.py)."""

    def logout(self, session: str, *, timeout: float = 20) -> None: ...
    def forget(self, session: str) -> None: ...
    def online(self) -> set[str]: ...
    def is_linked(self, session: str) -> bool: ...
    def pairing_code(self, session: str, phone: str, *, timeout: float = 20) -> tuple[str, datetime]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """What is on offer for linking right now: a QR code's text, or a code to type on the phone `phone`."""

    code: str
    expires_at: datetime
    phone: str = ''


class Lines(Protocol):
    """Who wants to know which sessions can send (the outbox)."""

    def online(self, session_id: str) -> None: ...
    def offline(self, session_id: str) -> None: ...
    def other_account(self, session_id: str) -> None: ...


class Sessions:
    """`country`: of numbers written without one, for sessions that have none of their own."""

    def __init__(
        self, world: World, identities: Identities, desk: NewsDesk, hosts: Hosts, lines: Lines, *, country: str = ''
    ) -> None:
        self.world, self.identities, self.desk, self.hosts, self.lines = world, identities, desk, hosts, lines
        self.country = country
        self._closing = False
        self._codes: dict[str, Code] = {}
        self._typed: dict[str, Code] = {}
        self._pairing_since: dict[str, datetime] = {}
        self._differs: dict[str, float] = {}  # session id -> since when the hosts hold something else
        self._ladder = Ladder(world.ticks, hosts, self._doubted)

    # ---- what people ask for

    def create(self, name: str, *, country: str = '', wanted: bool = False) -> Session:
        """`wanted`: to be started, by the next start of the program if not before.

        Raises Invalid for a name that cannot stand in an address, Conflict for one that is taken.
        """
        if not NAME.match(name):
            raise Invalid(
                'A session’s name has 1 to 48 small letters, digits, dashes or underscores, a letter or digit first.',
                field='name',
            )
        now = self.world.now()

        def make() -> Session:
            if session_by_name(name):
                raise Conflict(f'There is a session called {name} already.', code='name_taken')
            row: Session = Session.create(
                id=self.world.new_id(),
                name=name,
                country=_country(country),
                wanted=wanted,
                since=now,
                created_at=now,
                detail='Not linked to a phone yet.',
            )
            self.desk.tell('session.state', session_body(row), session=row.id)
            after_commit(lambda: log.info('%s is new: %s', name, row.detail))
            return row

        return write(make)

    def named(self, name: str) -> Session:
        row = session_by_name(name)
        if row is None:
            raise NotFound(f'There is no session called “{name[:48]}”.')
        return row

    def change(self, name: str, *, country: str) -> Session:
        row = self.named(name)
        write(lambda: Session.update(country=_country(country)).where(Session.id == row.id).execute())
        return self.named(name)

    def start(self, name: str) -> Session:
        row = self.named(name)
        if row.state in OPEN_STATES and row.wanted and row.state != 'passkey':
            return row
        return self._open_again(row)

    def restart(self, name: str) -> Session:
        row = self.named(name)
        self.hosts.close(row.id)
        return self._open_again(row)

    def stop(self, name: str, *, because: str = 'Stopped by a person.') -> Session:
        row = self.named(name)
        self._forget_pairing(row.id)
        self._set(row.id, 'resting', because, wanted=False)
        self.hosts.close(row.id)
        return self.named(name)

    def logout(self, name: str) -> Session:
        """Unlink at WhatsApp. Raises Conflict when it is not linked, CallFailed when WhatsApp did not answer."""
        row = self.named(name)
        if not self.hosts.is_linked(row.id):
            raise Conflict(f'{name} is not linked to a phone.', code='not_linked')
        if row.state != 'working':
            raise Conflict(
                f'{name} is not connected, so WhatsApp cannot be told. Start it first, or unlink it on the phone.',
                code='not_connected',
            )
        self._ladder.trust(row.id)
        by_hand = 'Logged out by a person. Link a phone to go on.'
        self._set(row.id, 'logged_out', by_hand, wanted=False)
        try:
            self.hosts.logout(row.id)
        except Exception:
            self._set(row.id, 'working', 'Still linked: WhatsApp did not answer the log-out.', wanted=True)
            raise
        self._set(row.id, 'logged_out', by_hand, phone='', lid='', push_name='', linked_at=None)
        return self.named(name)

    def delete(self, name: str) -> None:
        """The session with its chats and messages. What is linked is unlinked if WhatsApp can be reached."""
        row = self.named(name)
        if row.state == 'working':
            try:
                self.logout(name)
            except DovecoteError as error:  # it goes all the same; the phone still lists it
                log.info('%s is deleted without a log-out: %s', name, error)
                self.hosts.close(row.id)
        else:
            self.hosts.close(row.id)
        self._forget_pairing(row.id)
        write(lambda: Session.delete().where(Session.id == row.id).execute())
        self.identities.forget_cached()
        self.hosts.forget(row.id)
        log.info('%s was deleted', name)
        self.desk.whisper('session.deleted', {'name': name, 'id': row.id}, session=row.id)

    def qr(self, name: str) -> Code:
        """The code to scan right now. Raises Conflict 'not_pairing'."""
        row = self.named(name)
        code = self._codes.get(row.id)
        if code is None or row.state != 'pairing' or code.expires_at <= self.world.now():
            raise Conflict(f'{name} shows no code: it is {row.state.replace("_", " ")}.', code='not_pairing')
        return code

    def typed_code(self, session_id: str) -> Code | None:
        """The code to type on a phone, if one was asked for and still holds."""
        code = self._typed.get(session_id)
        return code if code and code.expires_at > self.world.now() else None

    def pairing_code(self, name: str, phone: str) -> Code:
        """A code to type on the phone with this number, instead of scanning."""
        row = self.named(name)
        address = parse_recipient(phone, row.country or self.country, field='phone')
        if address.kind != 'phone':
            raise Invalid('A pairing code needs the phone’s number.', field='phone')
        if row.state != 'pairing':
            raise Conflict(
                f'{name} is not waiting for a phone: it is {row.state.replace("_", " ")}.', code='not_pairing'
            )
        text, expires_at = self.hosts.pairing_code(row.id, address.digits)
        code = self._typed[row.id] = Code(code=text, expires_at=expires_at, phone=address.digits)
        return code

    # ---- what happens by itself

    def close(self) -> None:
        """The program ends: what the hosts now tell of closed connections is no state of a session."""
        self._closing = True

    def open_wanted(self) -> None:
        """After a start of the program: every session that should be connected is opened again."""
        for row in write(wanted_sessions):
            if row.state == 'banned' and row.until and row.until > self.world.now():
                continue
            self._set(row.id, 'starting', 'Dovecote was started, connecting.')
            self.hosts.open(row.id)

    def heard(self, session_id: str) -> None:
        """Something came in from WhatsApp, whatever it was. Called on any thread."""
        self._ladder.heard(session_id)

    def handle(self, event: Event) -> None:  # noqa: PLR0912  (one line for each thing WhatsApp can say)
        """Inside a write: what the host tells about the life of a session."""
        row: Session | None = Session.get_or_none(Session.id == event.session)
        if row is None or self._closing:
            return
        if not isinstance(event, Connected | KeepAliveMissed):
            after_commit(lambda: self.lines.offline(str(row.id)))
        match event:
            case PairingCodeShown() if not row.wanted:  # it was stopped in between
                after_commit(lambda: self.hosts.close(str(row.id)))
            case PairingCodeShown():
                self._code_shown(row, event)
            case PairingEnded():
                self._pairing_ended(row, event)
            case Paired() if row.wanted:
                self._set(row.id, 'starting', 'The phone agreed, logging in for the first time.')
            case Connected() if row.wanted:
                self._connected(row, event)
            case Disconnected() if row.wanted:
                self._set(row.id, 'reconnecting', f'{event.because} It is tried again by itself.')
            case ConnectFailed() if row.wanted:
                self._set(row.id, 'reconnecting', f'{event.because} It is tried again by itself.')
            case LoggedOut():
                self._logged_out(row, event)
            case Replaced():
                self._replaced(row)
            case Banned():
                self._banned(row, event)
            case LoginFailed():
                self._login_failed(row, event)
            case KeepAliveMissed() if row.state == 'working':
                self._ladder.doubt(row.id)
            case Closed() if row.wanted is False and row.state in OPEN_STATES:
                self._set(row.id, 'resting', 'Stopped.')

    def tick(self) -> None:
        """About once a second: ends of bans, starts that are stuck, connections that were lost or have gone deaf."""
        now, wanted = self.world.now(), wanted_sessions()
        for row in wanted:
            if row.state == 'banned' and row.until and row.until <= now:
                self._after_ban(row)
            elif row.state == 'starting' and now - row.since > STARTING_LASTS:
                self._open_anew(row, 'The start got stuck, opening it anew.')
        self._compare(wanted)
        self._ladder.tick(row.id for row in wanted if row.state == 'working')

    # ---- what the hosts hold

    def _compare(self, wanted: list[Session]) -> None:
        """An end that nobody told (a log-out that was answered too late) would else be 'working' for ever."""
        now, online, rows = self.world.ticks(), self.hosts.online(), {str(row.id): row for row in wanted}
        lost = {id for id, row in rows.items() if row.state == 'working'} - online
        self._differs = {id: self._differs.get(id, now) for id in lost | (online - rows.keys())}
        for id, since in list(self._differs.items()):
            if id in lost and now - since > LOST_AFTER:
                del self._differs[id]
                self._lost(rows[id])
            elif id not in lost and now - since > CLOSED_AFTER:
                del self._differs[id]
                self.hosts.close(id)

    def _lost(self, row: Session) -> None:
        self.lines.offline(row.id)
        if self.hosts.is_linked(row.id):
            self._open_anew(row, 'The session was not connected any more, opening it anew.')
        elif self._move(row.id, ('working',), 'logged_out', 'It is not linked any more. Link it again.', **UNLINKED):
            self.hosts.close(row.id)

    # ---- one event each

    def _code_shown(self, row: Session, event: PairingCodeShown) -> None:
        code = Code(code=event.code, expires_at=event.expires_at, phone=event.phone)
        if event.phone:
            after_commit(lambda: self._typed.__setitem__(row.id, code))
        else:
            after_commit(lambda: self._codes.__setitem__(row.id, code))
        self._pairing_since.setdefault(row.id, self.world.now())
        self._set(row.id, 'pairing', 'Waiting for a phone to scan the code.')
        body = {'name': row.name, 'expires_at': event.expires_at.isoformat()}
        after_commit(lambda: self.desk.whisper('session.qr', body, session=row.id))

    def _pairing_ended(self, row: Session, event: PairingEnded) -> None:
        self._codes.pop(row.id, None)
        self._typed.pop(row.id, None)
        since = self._pairing_since.get(row.id, self.world.now())
        if not row.wanted:
            return
        if event.because == 'stalled':
            self._set(
                row.id,
                'passkey',
                event.detail or 'The phone scanned the code, but the link was never finished.',
                wanted=False,
            )
        elif self.world.now() - since < PAIRING_LASTS:
            if event.because != 'timeout':  # a code that ran out is replaced without a word
                self._set(row.id, 'pairing', _again(event))
            after_commit(lambda: self.hosts.open(row.id))
        else:
            self._pairing_since.pop(row.id, None)
            self._set(
                row.id, 'resting', 'Nobody linked a phone for 15 minutes. Start it for a fresh code.', wanted=False
            )

    def _connected(self, row: Session, event: Connected) -> None:
        self._forget_pairing(row.id)
        linked = {} if row.linked_at else {'linked_at': self.world.now()}
        called = f' as “{event.push_name}”' if event.push_name else ''
        if _is_another(row, event):
            self.lines.other_account(str(row.id))
        self._set(
            row.id,
            'working',
            f'Linked to {shown_phone(event.phone)}{called}.',
            phone=event.phone,
            lid=event.lid,
            push_name=event.push_name or row.push_name,
            extra={**row.extra, 'account': [event.phone, event.lid]},  # stays after a log-out
            **linked,
        )
        self.identities.same_person(event.phone, event.lid)
        after_commit(lambda: self.lines.online(str(row.id)))

    def _replaced(self, row: Session) -> None:
        self._ladder.trust(row.id)
        elsewhere = 'The same linked device was opened elsewhere. Start it to take it back.'
        self._set(row.id, 'failed', elsewhere, wanted=False)

    def _logged_out(self, row: Session, event: LoggedOut) -> None:
        self._ladder.trust(row.id)
        if row.state == 'logged_out' and not row.wanted:  # we asked for it ourselves
            return
        self._set(
            row.id,
            'logged_out',
            f'{event.because} Link it again to go on.',
            **UNLINKED,
        )

    def _banned(self, row: Session, event: Banned) -> None:
        self._ladder.trust(row.id)
        until = f'until {event.until:%d %B %H:%M} UTC' if event.until else 'and did not say for how long'
        code = f' ({event.code})' if event.code else ''
        self._set(
            row.id,
            'banned',
            f'WhatsApp has blocked this account {until}. {event.because}{code}',
            until=event.until,
            wanted=event.until is not None,
        )
        banned = Session.get_by_id(row.id)
        tell(self.desk, banned, [ban for ban in (ban_of(banned),) if ban])

    def _login_failed(self, row: Session, event: LoginFailed) -> None:
        said = f'{event.because} ({event.reason})' if str(event.reason) not in event.because else event.because
        if event.again:
            self._set(row.id, 'reconnecting', f'{said} It is tried again by itself.')
            return
        self._ladder.trust(row.id)
        # An outdated library (405) is worth a try after the update, without anybody pressing Start.
        self._set(row.id, 'failed', said, wanted=event.reason == 405)

    # ---- helpers

    def _open_again(self, row: Session) -> Session:
        self._forget_pairing(row.id)
        linked = self.hosts.is_linked(row.id)
        self._set(
            row.id, 'starting', 'Connecting.' if linked else 'Asking WhatsApp for a code.', wanted=True, until=None
        )
        self.hosts.open(row.id)
        return self.named(row.name)

    def _after_ban(self, row: Session) -> None:
        if self._move(row.id, (row.state,), 'starting', 'The ban is over, connecting.'):
            self.hosts.open(row.id)

    def _open_anew(self, row: Session, because: str) -> None:
        if self._move(row.id, (row.state,), 'reconnecting', because):
            self.hosts.open(row.id)
            self.hosts.reconnect(row.id)

    def _forget_pairing(self, session_id: str) -> None:
        for kept in (self._codes, self._typed, self._pairing_since):
            kept.pop(session_id, None)
        self._ladder.trust(session_id)

    def _doubted(self, session_id: str, why: str) -> bool:
        return self._move(session_id, ('working', 'reconnecting'), 'reconnecting', why)

    def _move(self, session_id: str, before: tuple[str, ...], state: State, detail: str, **more: Any) -> bool:
        """Only while it should be connected and is in one of the states `before`; False: it is not."""

        def change() -> bool:
            row: Session | None = Session.get_or_none(Session.id == session_id)
            if row is None or not row.wanted or row.state not in before:
                return False
            self._set(session_id, state, detail, **more)
            return True

        return write(change)

    def _set(self, session_id: str, state: State, detail: str, **more: Any) -> None:
        def change() -> None:
            before: Session | None = Session.get_or_none(Session.id == session_id)
            if before and change_state(session_id, state, detail, self.world.now(), **more):
                row = Session.get_by_id(session_id)
                self.desk.tell('session.state', session_body(row), session=session_id)
                after_commit(lambda: _log_change(before, state, detail))

        write(change)


def _is_another(row: Session, event: Connected) -> bool:
    """Whether the session was linked to another account before; one that only changed its number is the same."""
    known = row.extra.get('account')
    if known is None:
        return False
    phone, lid = known
    return event.phone != phone and not (lid and event.lid == lid)


def _log_change(before: Session, state: State, detail: str) -> None:
    """A new sentence for the same state is no news: an outage has many."""
    if before.state != state:
        level = logging.WARNING if state in TROUBLE else logging.INFO
        now, then = state.replace('_', ' '), before.state.replace('_', ' ')
        log.log(level, '%s is %s, was %s: %s', before.name, now, then, detail)


def _again(event: PairingEnded) -> str:
    said = {
        'refused': f'The phone refused the link ({event.detail or "no reason given"}), making a fresh code.',
        'closed': 'WhatsApp ended the attempt, making a fresh code.',
    }
    return said.get(event.because, 'Making a fresh code.')


def _country(code: str) -> str:
    code = code.strip().upper()
    if code and not re.fullmatch(r'[A-Z]{2}', code):
        raise Invalid('A country is two letters, like DE or BR.', field='country')
    return code
