"""Where everything we want to say goes out."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from data.database import after_commit, write, write_soon
from data.messages import Message, claim, message_by_id, open_by_session, put_back, waiting_of
from data.sessions import Session
from data.traffic import (
    Line,
    add_message,
    claim_next,
    found_sending,
    highest_receipt,
    lift,
    mark_sent,
    session_facts,
)

from .addresses import parse_recipient
from .again import Again
from .bodies import Body, joined_body, message_body
from .errors import Conflict, Invalid, NotConnected, NotFound, SendRefused, SendUncertain
from .events import Outgoing, Quote, Sent
from .identities import Identities
from .news import NewsDesk
from .world import World

log = logging.getLogger(__name__)

# So many messages of one session are with the host at a time: enough to keep it busy, few enough that a crash of the
# whole program leaves little in doubt. The host sends them one by one, in order.
AHEAD = 8
LONGEST = 65_536
PAUSE = 1.0  # seconds until the next try after 'not connected'
BUSY = 5.0  # and after WhatsApp asked us to slow down
SLOW_DOWN = {429, 500, 503}
MOST_TRIES = 4  # of a message that WhatsApp refuses with a reason that may pass
SENDABLE = {'working', 'reconnecting', 'starting'}
OTHER_ACCOUNT = 'Not sent: another WhatsApp account was linked before it could leave.'


class Send(Protocol):
    """Hosts.send: fails with NotConnected (nothing left), SendRefused or SendUncertain.

    Once one of a `batch` fails with an error worth trying again, nothing later of that batch is sent.
    """

    def __call__(self, session: str, message: Outgoing, /, *, batch: int) -> 'Future[Sent]': ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who says something: `id` is 'user:<id>', 'key:<id>' or 'flow:<key>'; `name` is for people to read."""

    id: str
    name: str
    caused_by: str | None = None  # the message that made a flow say it


@dataclass(frozen=True, slots=True, kw_only=True)
class NewText:
    """What to say; `to` as a user writes it, `reply_to` a message id of ours or WhatsApp's, `mentions` likewise."""

    session: str
    to: str
    text: str
    reply_to: str = ''
    mentions: tuple[str, ...] = ()


@dataclass(slots=True)
class _Lane:
    """The way out of one session: how many messages are with the host, and whether more are being claimed.

    `holding`: one came back unsent; until all that are away are back in line, nothing may overtake them.
    """

    away: int = 0
    claiming: bool = False
    again: bool = False
    holding: bool = False
    batch: int = 1
    not_before: float = 0.0


class Outbox:
    """`country`: of numbers written without one, for sessions that have none of their own."""

    def __init__(
        self,
        world: World,
        identities: Identities,
        desk: NewsDesk,
        send: Send,
        *,
        again: Again,
        country: str = '',
    ) -> None:
        self.world, self.identities, self.desk, self.send, self.country = world, identities, desk, send, country
        self.again = again
        self._lanes: dict[str, _Lane] = {}
        self._online: set[str] = set()
        self._lock = threading.Lock()
        self._closing = False

    # ---- saying something

    def post(self, new: NewText, author: Author) -> Line:
        """Keep a message to be sent, in one write. Returns the row, status 'queued'.

        Raises Invalid, NotFound (session, contact, the message replied to) or Conflict (the session is stopped).
        """
        return write(lambda: self._keep(new, author))

    def _keep(self, new: NewText, author: Author) -> Line:
        session = session_facts(new.session)
        if session is None:
            raise NotFound(f'There is no session called “{new.session[:48]}”.')
        id, state, detail, country, linked = session
        _check_text(new.text)
        if not can_send(state, linked=linked):
            how = state.replace('_', ' ') if linked or state not in SENDABLE else 'not linked to a phone yet'
            raise Conflict(f'{new.session} cannot send: it is {how}. {detail}', code='session_not_working')
        chat_id = self.identities.chat_for(id, parse_recipient(new.to, country or self.country))
        return self._queue(id, chat_id, new, author, country or self.country)

    def say(self, chat_id: str, text: str, author: Author, *, reply_to: str = '') -> Line:
        """The same into a chat we have; a stopped session keeps it until it works again."""
        _check_text(text)

        def keep() -> Line:
            card = self.identities.card(chat_id)
            new = NewText(session=card.session, to='', text=text, reply_to=reply_to)
            return self._queue(card.session_id, chat_id, new, author)

        return write(keep)

    def _queue(self, session_id: str, chat_id: str, new: NewText, author: Author, country: str = '') -> Line:
        now = self.world.now()
        quoted = self._quoted(session_id, chat_id, new.reply_to) if new.reply_to else None
        line = Line(
            id=self.world.new_id(),
            session_id=session_id,
            chat_id=chat_id,
            direction='out',
            text=new.text,
            status='queued',
            author=author.id,
            author_name=author.name,
            caused_by=author.caused_by,
            mentions=[self._mention(each, country) for each in new.mentions] or None,
            quote_id=quoted.whatsapp_id if quoted else None,
            quote_sender=quoted.sender if quoted else None,
            quote_text=quoted.text if quoted else None,
            at=now,
            created_at=now,
        )
        add_message(line)
        after_commit(lambda: self._waits(line))
        return line

    def _waits(self, line: Line) -> None:
        """Tell whoever looks, and start it on its way."""
        body = {'id': line.id, 'chat': line.chat_id, 'status': 'queued', 'caused_by': line.caused_by}
        self.desk.whisper('message.queued', body, session=line.session_id, chat=line.chat_id)
        self.nudge(line.session_id)

    def _quoted(self, session_id: str, chat_id: str, reply_to: str) -> Quote:
        message: Message | None = Message.get_or_none(
            Message.chat == chat_id, (Message.id == reply_to) | (Message.whatsapp_id == reply_to)
        )
        if message is None or not message.whatsapp_id:
            raise Invalid('The message to reply to is not in this chat, or was never sent.', field='reply_to')
        if message.direction == 'in' and message.sender_id:
            sender = self.identities.address_of(message.sender_id)
        else:
            session = Session.get_by_id(session_id)
            sender = f'{session.phone}@s.whatsapp.net'
        return Quote(whatsapp_id=message.whatsapp_id, sender=sender, text=message.text[:1024])

    def _mention(self, text: str, country: str) -> str:
        address = parse_recipient(text, country, field='mentions')
        if address.kind == 'contact':
            return self.identities.address_of(address.digits)
        if address.kind == 'group':
            raise Invalid('A group cannot be mentioned.', field='mentions')
        return str(address)

    # ---- sending it

    def online(self, session_id: str) -> None:
        """The session can send: whatever waits may go."""
        with self._lock:
            self._online.add(session_id)
            self._lane(session_id).not_before = 0.0
        self.nudge(session_id)

    def offline(self, session_id: str) -> None:
        with self._lock:
            self._online.discard(session_id)

    def nudge(self, session_id: str) -> None:
        """Something may be waiting; the rows say what."""
        with self._lock:
            lane = self._lane(session_id)
            if self._closing or session_id not in self._online:
                return
            if lane.holding or self.world.ticks() < lane.not_before:  # the sweep comes back to it
                return
            if lane.claiming or lane.away > AHEAD // 2:
                lane.again = True
                return
            lane.claiming, lane.again = True, False
            free = AHEAD - lane.away
        claimed = write_soon(lambda: self._claim(session_id, free))
        claimed.add_done_callback(lambda done: self._claimed(session_id, done))

    def _claim(self, session_id: str, free: int) -> None:
        lines = claim_next(session_id, free, self.world.now())
        ready = [(line, self._outgoing(line)) for line in lines]
        after_commit(lambda: self._dispatch(session_id, ready))

    def _claimed(self, session_id: str, done: 'Future[None]') -> None:
        with self._lock:
            lane = self._lane(session_id)
            lane.claiming = False
            again = lane.again and lane.away <= AHEAD // 2
        if done.exception() is not None:
            log.error('could not claim messages of session %s', session_id, exc_info=done.exception())
        elif again:
            self.nudge(session_id)

    def _dispatch(self, session_id: str, ready: list[tuple[Line, Outgoing]]) -> None:
        with self._lock:
            lane = self._lane(session_id)
            lane.away += len(ready)
            holding, batch = lane.holding, lane.batch
        for row, message in ready:
            if holding:
                write_soon(partial(self._back_in_line, row)).add_done_callback(partial(self._recorded, session_id, row))
                continue
            outcome = self.send(session_id, message, batch=batch)
            outcome.add_done_callback(partial(self._came_back, session_id, row))

    def _came_back(self, session_id: str, row: Line, outcome: 'Future[Sent]') -> None:
        problem = outcome.exception()
        work: Callable[[], None]
        if problem is None:
            work = partial(self._sent, row, outcome.result())
        elif isinstance(problem, NotConnected) or _worth_another_try(problem, row):
            self._hold(session_id, BUSY if isinstance(problem, SendRefused) and problem.reason in SLOW_DOWN else PAUSE)
            work = partial(self._back_in_line, row)
        elif isinstance(problem, SendRefused):
            work = partial(self._over, row, 'failed', str(problem), str(problem.reason or problem.code))
        elif isinstance(problem, SendUncertain):
            work = partial(self._over, row, 'uncertain', str(problem), problem.code)
        else:
            log.error('sending message %s broke', row.id, exc_info=problem)
            work = partial(self._over, row, 'uncertain', 'Sending broke in the middle; it may have left.', 'broken')
        self.again.write(work, partial(self._recorded, session_id, row))

    def _hold(self, session_id: str, seconds: float) -> None:
        with self._lock:
            lane = self._lane(session_id)
            lane.holding = True
            lane.not_before = self.world.ticks() + seconds

    def _recorded(self, session_id: str, row: Line, problem: BaseException | None) -> None:
        if problem is not None:  # the row stays in 'sending' and is uncertain after the next start
            log.error('could not record what became of message %s', row.id, exc_info=problem)
        with self._lock:
            lane = self._lane(session_id)
            lane.away -= 1
            if lane.away == 0 and lane.holding:
                lane.holding, lane.batch = False, lane.batch + 1
        self.nudge(session_id)

    def _sent(self, row: Line, sent: Sent) -> None:
        now = self.world.now()  # WhatsApp's own time is whole seconds, often before we posted it
        if not mark_sent(row.id, sent.whatsapp_id, now):
            return
        row.status, row.whatsapp_id, row.sent_at = 'sent', sent.whatsapp_id, now
        self._tell(row, 'message.sent')
        early = highest_receipt(row.session_id, sent.whatsapp_id)  # a receipt may come before we know the id
        if early:
            lift(row.session_id, sent.whatsapp_id, early)
            body: Body = {'id': row.id, 'chat': row.chat_id, 'status': early, 'caused_by': row.caused_by}
            self.desk.tell(f'message.{early}', body, session=row.session_id, chat=row.chat_id)

    def _back_in_line(self, row: Line) -> None:
        if put_back(row.id, ('sending',), self.world.now()):
            body = {'id': row.id, 'chat': row.chat_id, 'status': 'queued', 'caused_by': row.caused_by}
            after_commit(lambda: self.desk.whisper('message.queued', body, session=row.session_id, chat=row.chat_id))

    def _over(self, row: Line, status: str, sentence: str, code: str) -> None:
        """It ended without being sent, or nobody knows."""
        ended = {'error': sentence, 'error_code': code, 'ended_at': self.world.now()}
        if claim(row.id, ('sending',), 'failed' if status == 'failed' else 'uncertain', **ended):
            row.status, row.error, row.error_code = status, sentence, code
            self._tell(row, f'message.{status}')

    def _tell(self, row: Line, kind: str) -> None:
        card, peer = self.identities.card(row.chat_id), self.identities.peer(row.chat_id)
        body = message_body(row, session=card.session, peer=dict(peer))
        self.desk.tell(kind, body, session=row.session_id, chat=row.chat_id)

    def _outgoing(self, row: Line) -> Outgoing:
        quote = None
        if row.quote_id:
            quote = Quote(whatsapp_id=row.quote_id, sender=row.quote_sender or '', text=row.quote_text or '')
        to = self.identities.address(row.chat_id)
        return Outgoing(to=to, text=row.text, quote=quote, mentions=tuple(row.mentions or ()))

    # ---- afterwards

    def recover(self) -> int:
        """After a start: what a crash left in 'sending' was handed over, and nobody knows whether it left."""

        def mark() -> int:
            rows = found_sending()
            for row in rows:
                self._over(
                    row, 'uncertain', 'Dovecote was stopped while this was being sent. It may have left.', 'stopped'
                )
            return len(rows)

        return write(mark)

    def other_account(self, session_id: str) -> None:
        """Inside a write: another account is linked now, so what still waits was meant to leave from an earlier one."""
        ended = {'error': OTHER_ACCOUNT, 'error_code': 'other_account', 'ended_at': self.world.now()}
        for row in waiting_of(session_id):
            if claim(str(row.id), ('queued', 'scheduled'), 'failed', **ended):
                row.status, row.error, row.error_code = 'failed', OTHER_ACCOUNT, 'other_account'
                self.desk.tell('message.failed', joined_body(row), session=session_id, chat=row.chat_id)

    def sweep(self) -> None:
        """A lost nudge is found here: every session that can send and has something waiting."""
        for session_id, waiting in open_by_session().items():
            if waiting:
                self.nudge(session_id)

    def resend(self, id: str, author: Author) -> Message:
        """A person decides: send a failed or uncertain message once more. Raises NotFound, Conflict."""

        def again() -> Message:
            row = message_by_id(id)
            if row is None or row.direction == 'in':
                raise NotFound('There is no message of ours with this id.')
            if not put_back(id, ('failed', 'uncertain', 'cancelled', 'blocked'), self.world.now(), whatsapp_id=None):
                raise Conflict(f'This message is {row.status}: there is nothing to send again.', code='not_resendable')
            log.info('message %s is sent again, as %s asked', id, author.id)
            body = {'id': id, 'chat': row.chat_id, 'status': 'queued', 'caused_by': row.caused_by}
            after_commit(lambda: self.desk.whisper('message.queued', body, session=row.session_id, chat=row.chat_id))
            after_commit(lambda: self.nudge(row.session_id))
            row.status = 'queued'
            return row

        return write(again)

    def mark_sent(self, id: str, by: Author) -> Message:
        """A person knows that an uncertain message was sent. Raises NotFound, Conflict."""

        def settle() -> Message:
            row = message_by_id(id)
            if row is None or row.direction == 'in':
                raise NotFound('There is no message of ours with this id.')
            settled = {'sent_at': self.world.now(), 'error': '', 'error_code': ''}
            if not claim(id, ('uncertain',), 'sent', **settled):
                raise Conflict(f'This message is {row.status}: nothing about it is uncertain.', code='not_uncertain')
            log.info('message %s was sent, as %s says', id, by.id)
            row.status, row.sent_at, row.error, row.error_code = 'sent', settled['sent_at'], '', ''
            self.desk.tell('message.sent', joined_body(row), session=row.session_id, chat=row.chat_id)
            return row

        return write(settle)

    def cancel(self, id: str) -> Message:
        """Only what has not left yet. Raises NotFound, Conflict."""

        def stop() -> Message:
            row = message_by_id(id)
            if row is None or row.direction == 'in':
                raise NotFound('There is no message of ours with this id.')
            if not claim(id, ('queued', 'scheduled'), 'cancelled', ended_at=self.world.now()):
                raise Conflict(
                    f'This message is {row.status}: it cannot be cancelled any more.', code='not_cancellable'
                )
            row.status = 'cancelled'
            self.desk.tell('message.cancelled', joined_body(row), session=row.session_id, chat=row.chat_id)
            return row

        return write(stop)

    def close(self) -> None:
        """Hand nothing more to the hosts; what waits stays in its rows."""
        with self._lock:
            self._closing = True

    def _lane(self, session_id: str) -> _Lane:
        return self._lanes.setdefault(session_id, _Lane())


def can_send(state: str, *, linked: bool) -> bool:
    """Whether a session takes messages. One that was never linked does not: nobody knows yet who would send them."""
    return state == 'working' or (linked and state in SENDABLE)


def _worth_another_try(problem: BaseException, row: Line) -> bool:
    return isinstance(problem, SendRefused) and problem.retry and row.attempts < MOST_TRIES


def _check_text(text: str) -> None:
    if not text.strip():
        raise Invalid('There is nothing to say: the text is empty.', field='text')
    if len(text) > LONGEST:
        raise Invalid(f'A text may have {LONGEST} characters, this one has {len(text)}.', field='text')
