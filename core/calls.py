"""Calls: shown, and rejected by themselves or by a person. Nobody here can take one."""

import logging
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from data.database import after_commit, write, write_soon
from data.messages import Message
from data.sessions import Session
from data.traffic import Line, add_message

from .addresses import parse_jid
from .bodies import CALLS, Body
from .errors import CallFailed, Conflict, DovecoteError, Invalid, NotFound
from .events import CallEnded, CallReceived
from .identities import Identities
from .news import NewsDesk
from .outbox import Author, Outbox
from .world import World

log = logging.getLogger(__name__)

AUTHOR = Author(id='session', name='Answer to calls')
RINGS = timedelta(minutes=2)  # longer than WhatsApp lets any phone ring
TEXT_AGAIN = 60.0  # seconds between two texts to somebody who calls again and again
LONGEST = 1000  # characters of that text
WAITS = 20.0


class Hosts(Protocol):
    """What is needed of core.host.hosts.Hosts; the future fails with NotConnected, CallDenied or CallFailed."""

    def reject_call(self, session: str, caller: str, id: str, /) -> 'Future[None]': ...


class Calls:
    """A call is a row of its chat: kind `call`, content {video, state: ringing, rejected or over}."""

    def __init__(self, world: World, identities: Identities, desk: NewsDesk, hosts: Hosts, outbox: Outbox) -> None:
        self.world, self.identities, self.desk, self.hosts, self.outbox = world, identities, desk, hosts, outbox
        self._texted: dict[tuple[str, str], float] = {}  # (session id, chat id) -> when

    # ---- told by WhatsApp, inside a write

    def take(self, event: CallReceived) -> None:
        session: Session | None = Session.get_or_none(Session.id == event.session)
        if session is None:
            return
        caller = self.identities.contact(event.caller, event.caller_alt)
        group = parse_jid(event.group).digits if event.group else ''
        chat_id = self.identities.chat(event.session, contact_id='' if group else caller, group=group)
        line = self._line(event, chat_id, caller)
        if not add_message(line, unread=1):
            return  # offered twice, or told again after a crash
        self._tell(line, event)
        rules = {**CALLS, **session.extra.get('calls', {})}
        if rules['reject'] and not group and _rings(line, self.world.now()):
            if rules['text']:
                self._answer(line, str(rules['text']))
            after_commit(lambda: self._reject(line.id, event))

    def ended(self, event: CallEnded) -> None:
        rows = Message.select().where(
            Message.session == event.session, Message.whatsapp_id == event.id, Message.kind == 'call'
        )
        for row in list(rows):
            self._set(row, 'over')

    def _line(self, event: CallReceived, chat_id: str, caller: str) -> Line:
        now = self.world.now()
        late = now - event.at > RINGS
        return Line(
            id=self.world.new_id(),
            session_id=event.session,
            chat_id=chat_id,
            direction='in',
            kind='call',
            text='',
            status='received',
            whatsapp_id=event.id,
            sender_id=caller,
            heard_from=event.caller,
            content={'video': event.video, 'state': 'over' if late else 'ringing'},
            origin='offline' if late else 'live',
            at=min(event.at, now),
            created_at=now,
        )

    def _tell(self, line: Line, event: CallReceived) -> None:
        body: Body = {
            'id': line.id,
            'session': self.identities.card(line.chat_id).session,
            'chat': line.chat_id,
            'from': dict(self.identities.person(line.sender_id or '')),
            'video': event.video,
        }
        self.desk.tell('call.received', body, session=line.session_id, chat=line.chat_id)
        self._noted(line.id, line.session_id, line.chat_id)

    def _answer(self, line: Line, text: str) -> None:
        key, now = (line.session_id, line.chat_id), self.world.ticks()
        if now - self._texted.get(key, -TEXT_AGAIN) < TEXT_AGAIN:
            return
        self._texted[key] = now
        try:
            self.outbox.say(line.chat_id, text, AUTHOR)
        except DovecoteError as error:
            log.info('session %s: a call could not be answered with a text: %s', line.session_id, error)

    def _reject(self, row_id: str, event: CallReceived) -> None:
        asked = self.hosts.reject_call(event.session, event.caller, event.id)
        asked.add_done_callback(partial(self._rejected, row_id))

    def _rejected(self, row_id: str, done: 'Future[None]') -> None:
        if done.exception() is not None:
            log.info('a call could not be rejected: %s', done.exception())
            return
        write_soon(lambda: self._set(Message.get_or_none(Message.id == row_id), 'rejected'))

    # ---- asked by people

    def reject(self, id: str, text: str = '', author: Author = AUTHOR) -> Message:
        """And write `text` into the chat of the call, where there is one.

        Raises NotFound, Conflict for a call that is over, NotConnected, CallDenied or CallFailed, before anything is
        written; Invalid for too long a text.
        """
        _check_text(text, 'text')
        row: Message | None = Message.get_or_none(Message.id == id, Message.kind == 'call')
        if row is None:
            raise NotFound('There is no call with this id.')
        if not _rings(row, self.world.now()):
            raise Conflict('This call is over.', code='call_over')
        asked = self.hosts.reject_call(row.session_id, str(row.heard_from), str(row.whatsapp_id))
        try:
            asked.result(WAITS)
        except FutureTimeout:
            raise CallFailed('WhatsApp did not answer in time.') from None
        write(lambda: self._set(row, 'rejected'))
        if text.strip():
            self.outbox.say(row.chat_id, text.strip(), author)
        return row

    def set_rules(self, session_id: str, *, reject: bool | None = None, text: str | None = None) -> None:
        """Whether calls are rejected by themselves, and what is then said to the caller. None: as it was."""
        _check_text(text or '', 'calls.text')

        def keep() -> None:
            row: Session = Session.get_by_id(session_id)
            rules = {**CALLS, **row.extra.get('calls', {})}
            rules['reject'] = rules['reject'] if reject is None else reject
            rules['text'] = rules['text'] if text is None else text.strip()
            Session.update(extra={**row.extra, 'calls': rules}).where(Session.id == session_id).execute()

        write(keep)

    # ---- inside

    def _set(self, row: Message | None, state: str) -> None:
        """Over stays over, and a call that was rejected ends as rejected."""
        if row is None or (row.content or {}).get('state') != 'ringing':
            return
        row.content = {**row.content, 'state': state}
        Message.update(content=row.content).where(Message.id == row.id).execute()
        self._noted(str(row.id), row.session_id, row.chat_id)

    def _noted(self, id: str, session_id: str, chat_id: str) -> None:
        body = {'id': id, 'chat': chat_id}
        after_commit(lambda: self.desk.whisper('message.noted', body, session=session_id, chat=chat_id))


def _rings(call: Line | Message, now: datetime) -> bool:
    return (call.content or {}).get('state') == 'ringing' and now - call.at < RINGS


def _check_text(text: str, field: str) -> None:
    if len(text) > LONGEST:
        raise Invalid(f'The text for callers has at most {LONGEST:,} characters.', field=field)
