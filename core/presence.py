"""Who is online, was last seen when, and is typing: known only as long as the program runs."""

import logging
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, Protocol, TypeVar

from data.chats import chat_with
from data.database import after_commit, write
from data.sessions import Session
from data.traffic import session_name

from .addresses import parse_jid
from .bodies import Body, time_text
from .errors import Invalid
from .events import Connected, PresenceChanged, TypingChanged
from .identities import Identities
from .news import NewsDesk
from .world import World

log = logging.getLogger(__name__)

T = TypeVar('T')
Own = Literal['online', 'as_phone']
TYPING_LASTS = timedelta(seconds=15)  # without another word, as the apps do it
REMEMBERED = 20_000
WATCH_AGAIN = 3600.0  # seconds; WhatsApp forgets whom we watch when the connection ends


class Hosts(Protocol):
    """What is needed of core.host.hosts.Hosts; the futures fail with NotConnected, CallDenied or CallFailed."""

    def watch_presence(self, session: str, whom: str, /) -> 'Future[None]': ...
    def available(self, session: str, on: bool, /) -> 'Future[None]': ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """`online` None: nothing is known. `typing`: what they did in our private chat, at `typing_at`."""

    online: bool | None = None
    last_seen: datetime | None = None
    typing: str = ''
    typing_at: datetime | None = None


NOTHING = Seen()


class Presence:
    def __init__(self, world: World, identities: Identities, desk: NewsDesk, hosts: Hosts) -> None:
        self.world, self.identities, self.desk, self.hosts = world, identities, desk, hosts
        self._seen: dict[tuple[str, str], Seen] = {}  # (session id, contact id)
        self._watched: dict[tuple[str, str], float] = {}

    # ---- of others

    def watch(self, session_id: str, contact_id: str) -> None:
        """Ask WhatsApp to tell us about somebody, once an hour at most; whoever is told nothing stays unknown."""
        key, now = (session_id, contact_id), self.world.ticks()
        if now - self._watched.get(key, -WATCH_AGAIN) < WATCH_AGAIN:
            return
        _put(self._watched, key, now)
        asked = self.hosts.watch_presence(session_id, write(lambda: self.identities.address_of(contact_id)))
        asked.add_done_callback(lambda done: self._not_watched(key) if done.exception() else None)

    def body(self, session_id: str, contact_id: str) -> Body:
        """{online, last_seen, typing}; null where nothing is known."""
        seen = self._seen.get((session_id, contact_id), NOTHING)
        fresh = seen.typing_at is not None and self.world.now() - seen.typing_at < TYPING_LASTS
        return {
            'online': seen.online,
            'last_seen': time_text(seen.last_seen),
            'typing': seen.typing or None if fresh else None,
        }

    def take(self, event: PresenceChanged) -> None:
        """Inside a write."""
        if session_name(event.session) is None or not _is_person(event.who):
            return
        contact_id = self.identities.contact(event.who)
        key = (event.session, contact_id)
        before = self._seen.get(key, NOTHING)
        # Somebody who hides when they were last seen does so only from then on: what we saw ourselves stays true.
        last = event.last_seen or (self.world.now() if before.online and not event.online else before.last_seen)
        _put(self._seen, key, replace(before, online=event.online, last_seen=last))
        self._whisper(event.session, contact_id)

    def typing(self, event: TypingChanged) -> None:
        """Inside a write: in a private chat."""
        contact_id = self.identities.contact(event.sender)
        key = (event.session, contact_id)
        state = '' if event.state == 'paused' else event.state
        _put(
            self._seen,
            key,
            replace(self._seen.get(key, NOTHING), typing=state, typing_at=self.world.now(), online=True),
        )
        self._whisper(event.session, contact_id)

    def _whisper(self, session_id: str, contact_id: str) -> None:
        row = chat_with(session_id, contact_id=contact_id)
        chat = str(row.id) if row is not None else ''
        body = {'contact': contact_id, **self.body(session_id, contact_id)}
        after_commit(lambda: self.desk.whisper('contact.presence', body, session=session_id, chat=chat))

    def _not_watched(self, key: tuple[str, str]) -> None:
        self._watched.pop(key, None)

    # ---- our own

    def set_own(self, session_id: str, wish: Own) -> None:
        """online: shown as online all the time, so that others' presence and typing are told to us and the phone rings
        less; as_phone: only what the phone shows.
        """

        def keep() -> str:
            row: Session = Session.get_by_id(session_id)
            Session.update(extra={**row.extra, 'presence': wish}).where(Session.id == session_id).execute()
            return str(row.state)

        if write(keep) == 'working':
            self._show(session_id, wish == 'online')

    def connected(self, event: Connected) -> None:
        """Inside a write: a new connection shows nothing and watches nobody. Told again once the name is known."""
        for key in [key for key in self._watched if key[0] == event.session]:
            self._not_watched(key)
        row: Session | None = Session.get_or_none(Session.id == event.session)
        if row is not None and event.push_name and row.extra.get('presence') == 'online':
            after_commit(lambda: self._show(event.session, True))

    def _show(self, session_id: str, on: bool) -> None:
        self.hosts.available(session_id, on).add_done_callback(_note)


def _put(kept: dict[tuple[str, str], T], key: tuple[str, str], value: T) -> None:
    if len(kept) >= REMEMBERED:
        kept.clear()
    kept[key] = value


def _note(done: 'Future[None]') -> None:
    if done.exception() is not None:
        log.info('WhatsApp was not told whether a session is online: %s', done.exception())


def _is_person(address: str) -> bool:
    try:
        return parse_jid(address).kind != 'group'
    except Invalid:
        return False
