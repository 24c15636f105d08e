"""Where everything we want to say goes out."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol, cast

from data.database import after_commit, write, write_soon
from data.members import ADMINS
from data.messages import (
    ABOUT,
    Message,
    Status,
    change_waiting,
    claim,
    message_at,
    message_by_id,
    put_back,
    waiting_of,
)
from data.sessions import Session
from data.traffic import (
    Line,
    add_message,
    closed,
    found_sending,
    highest_receipt,
    let_go,
    lift,
    line_up_all,
    mark_sent,
    session_facts,
    sessions_waiting,
)

from .addresses import parse_recipient
from .again import Again
from .bodies import Body, joined_body, message_body
from .contents import FILES, Kept, as_said, file_kind
from .errors import Conflict, DovecoteError, Invalid, NotConnected, NotFound, SendRefused, SendUncertain
from .events import Card, FileKind, LocalFile, Outgoing, OutgoingKind, Place, Poll, Preview, Quote, Sent, Target
from .group_facts import GONE, GroupFacts
from .identities import Identities
from .limits import REASONS
from .marks import Marks
from .news import NewsDesk
from .pacing import Pacing
from .world import World

log = logging.getLogger(__name__)

# So many messages of one session are with the host at a time: enough to keep it busy, few enough that a crash of the
# whole program leaves little in doubt. The host sends them one by one, in order.
AHEAD = 8
LONGEST = 65_536
PAUSE = 1.0  # seconds until the next try after 'not connected'
BUSY = 5.0  # and after WhatsApp asked us to slow down
SLOW_DOWN = {429, 500, 503}
TOO_FAST = 429
TRIES = (1, 3, 9)  # seconds before the tries that follow when WhatsApp refuses with a reason that may pass
LONGEST_EMOJI = 40  # characters; a family of four with skin tones has 15
EDITABLE, REVOCABLE = timedelta(minutes=15), timedelta(hours=60)
FORWARDED = FILES | {'text', 'location', 'contact'}
BULK_PRIORITY = 2
SENDABLE = {'working', 'reconnecting', 'starting'}
OTHER_ACCOUNT = 'Not sent: another WhatsApp account was linked before it could leave.'


class Send(Protocol):
    """Hosts.send: fails with NotConnected (nothing left), SendRefused or SendUncertain.

    Once one of a `batch` fails with an error worth trying again, nothing later of that batch is sent.
    """

    def __call__(self, session: str, message: Outgoing, /, *, batch: int) -> 'Future[Sent]': ...


Files = Callable[[str, FileKind], LocalFile]


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who says something: `id` is 'user:<id>', 'key:<id>', 'flow:<key>', 'hook:<id>' or 'session'.

    `name` is for people to read.
    """

    id: str
    name: str
    caused_by: str | None = None  # the message that made a flow say it


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """What to say. `to` as a user writes it, `mentions` likewise; `reply_to` a message id of ours or WhatsApp's.

    `content` as core/contents.py keeps it; `media_id` of a file, already as WhatsApp wants it. `target`: the message a
    reaction, an edit or a revocation is about, like `reply_to`; `text` is then the emoji or the new text. `bulk`: one
    of many alike, which goes after everything else and only to people who have not opted out.
    """

    session: str = ''
    to: str = ''
    text: str = ''
    kind: OutgoingKind = 'text'
    content: Kept | None = None
    media_id: str | None = None
    target: str = ''
    reply_to: str = ''
    mentions: tuple[str, ...] = ()
    forwarded: bool = False
    bulk: bool = False


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
    """`country`: of numbers written without one, for sessions that have none of their own.

    `files` gives a file of our media folder by its id, as the host sends it; inside a write. Raises NotFound.
    """

    def __init__(
        self,
        world: World,
        identities: Identities,
        desk: NewsDesk,
        send: Send,
        *,
        again: Again,
        files: Files,
        pacing: Pacing,
        country: str = '',
    ) -> None:
        self.world, self.identities, self.desk, self.send, self.country = world, identities, desk, send, country
        self.again, self.files, self.pacing = again, files, pacing
        pacing.nudge = self.nudge
        self.marks = Marks(identities, desk)
        self.facts = GroupFacts(world, identities, desk)
        self._lanes: dict[str, _Lane] = {}
        self._online: set[str] = set()
        self._lock = threading.Lock()
        self._closing = False

    # ---- saying something

    def post(self, new: Saying, author: Author) -> Line:
        """Keep a message to be sent, in one write. Returns the row, status 'queued'.

        Raises Invalid, NotFound (session, contact, the message replied to) or Conflict (the session is stopped).
        """
        return write(lambda: self._keep(new, author))

    def _keep(self, new: Saying, author: Author) -> Line:
        session = session_facts(new.session)
        if session is None:
            raise NotFound(f'There is no session called “{new.session[:48]}”.')
        id, state, detail, country, linked = session
        _check(new)
        if not can_send(state, linked=linked):
            how = state.replace('_', ' ') if linked or state not in SENDABLE else 'not linked to a phone yet'
            raise Conflict(f'{new.session} cannot send: it is {how}. {detail}', code='session_not_working')
        chat_id = self.identities.chat_for(id, parse_recipient(new.to, country or self.country))
        return self._queue(id, chat_id, new, author, country or self.country)

    def say(self, chat_id: str, text: str, author: Author, *, reply_to: str = '') -> Line:
        """A text into a chat we have; see `put`."""
        return self.put(chat_id, Saying(text=text, reply_to=reply_to), author)

    def put(self, chat_id: str, new: Saying, author: Author) -> Line:
        """The same as `post` into a chat we have; a stopped session keeps it until it works again."""
        _check(new)

        def keep() -> Line:
            return self._queue(self.identities.card(chat_id).session_id, chat_id, new, author)

        return write(keep)

    def _queue(self, session_id: str, chat_id: str, new: Saying, author: Author, country: str = '') -> Line:
        _check_open(*closed(chat_id))
        now = self.world.now()
        quoted = self._quoted(session_id, chat_id, new.reply_to) if new.reply_to else None
        about = self._about(chat_id, new, now) if new.kind in ABOUT else None
        line = Line(
            id=self.world.new_id(),
            session_id=session_id,
            chat_id=chat_id,
            direction='out',
            kind=new.kind,
            text=new.text,
            content=new.content,
            media_id=new.media_id,
            target=about.whatsapp_id if about else None,
            forwarded=new.forwarded,
            priority=BULK_PRIORITY if new.bulk else 0,
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
        add_message(line, on_top=about is None)
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

    def _about(self, chat_id: str, new: Saying, now: datetime) -> Message:
        """The message it is about, if that may be done to it."""
        row: Message | None = Message.get_or_none(
            Message.chat == chat_id, (Message.id == new.target) | (Message.whatsapp_id == new.target)
        )
        if row is None or row.kind in ABOUT:
            raise NotFound('There is no such message in this chat.')
        if not row.whatsapp_id:
            raise Conflict(f'That message is {row.status}: WhatsApp does not have it.', code='not_sent')
        if row.revoked_at:
            raise Conflict('That message was deleted.', code='message_deleted')
        if new.kind != 'reaction' and not (new.kind == 'revoke' and row.direction == 'in' and _rules(chat_id)):
            _check_own(row, new.kind, now)
        return row

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
        self.pacing.forget(session_id)  # it may have been linked just now
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
            away = lane.away
        claimed = write_soon(lambda: self._claim(session_id, away))
        claimed.add_done_callback(lambda done: self._claimed(session_id, done))

    def _claim(self, session_id: str, away: int) -> None:
        claimed = self.pacing.claim(session_id, AHEAD - away, away=away)
        for row, status, why, code in claimed.over:
            self._over(row, status, why, code)
        for row in claimed.waiting:
            self._says_queued(row)
        ready = [(line, message) for line in claimed.lines if (message := self._ready(line)) is not None]
        after_commit(lambda: self._dispatch(session_id, ready))

    def _ready(self, row: Line) -> Outgoing | None:
        """None: it can never be sent, and says so."""
        try:
            return self._outgoing(row)
        except DovecoteError as error:
            self.pacing.settled(row, left=False)
            self._over(row, 'failed', str(error), error.code)
            return None

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
        elif isinstance(problem, NotConnected):
            self._hold(session_id, PAUSE)
            work = partial(self._back_in_line, row)
        elif isinstance(problem, SendRefused) and problem.retry and row.attempts <= len(TRIES):
            self._hold(session_id, BUSY if problem.reason in SLOW_DOWN else PAUSE)
            work = partial(self._try_later, row, problem)
        elif isinstance(problem, SendRefused):
            if problem.retry or problem.reason in REASONS:  # the host has refused the rest of the batch with it
                self._hold(session_id, 0.0)
            work = partial(self._refused, row, problem)
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
        self.pacing.settled(row, left=True)
        now = self.world.now()  # WhatsApp's own time is whole seconds, often before we posted it
        if not mark_sent(row.id, sent.whatsapp_id, now):
            return
        row.status, row.whatsapp_id, row.sent_at = 'sent', sent.whatsapp_id, now
        log.debug('message %s: sent', row.id)
        if row.kind in ABOUT:
            self.marks.take(replace(row, at=now))
        self._tell(row, 'message.sent')
        early = highest_receipt(row.session_id, sent.whatsapp_id)  # a receipt may come before we know the id
        if early:
            lift(row.session_id, sent.whatsapp_id, early)
            body: Body = {'id': row.id, 'chat': row.chat_id, 'status': early, 'caused_by': row.caused_by}
            self.desk.tell(f'message.{early}', body, session=row.session_id, chat=row.chat_id)

    def _back_in_line(self, row: Line) -> None:
        """Nothing of it left: that was no try."""
        self.pacing.settled(row, left=False)
        if put_back(row.id, ('sending',), self.world.now(), attempts=row.attempts - 1):
            self._says_queued(row)

    def _try_later(self, row: Line, problem: SendRefused) -> None:
        self.pacing.settled(row, left=False)
        if put_back(row.id, ('sending',), self.world.now()):
            wait = timedelta(seconds=TRIES[row.attempts - 1])
            self.pacing.put_off(row, self.world.now() + wait, f'{problem} It is tried again.')
            self._says_queued(row)
        if problem.reason == TOO_FAST:
            self.pacing.limits.refused(row.session_id, problem.reason)

    def _refused(self, row: Line, problem: SendRefused) -> None:
        self._over(row, 'failed', str(problem), str(problem.reason or problem.code))
        self.pacing.limits.refused(row.session_id, problem.reason)

    def _says_queued(self, row: Line) -> None:
        body = {'id': row.id, 'chat': row.chat_id, 'status': 'queued', 'caused_by': row.caused_by}
        after_commit(lambda: self.desk.whisper('message.queued', body, session=row.session_id, chat=row.chat_id))

    def _over(self, row: Line, status: str, sentence: str, code: str) -> None:
        """It ended without being sent ('failed', or 'blocked' before it was tried), or nobody knows ('uncertain')."""
        self.pacing.settled(row, left=True)
        ended = {'error': sentence, 'error_code': code, 'ended_at': self.world.now()}
        if claim(row.id, ('sending',), cast(Status, status), **ended):
            row.status, row.error, row.error_code = status, sentence, code
            after_commit(lambda: log.warning('message %s: %s (%s)', row.id, status, code))
            self._tell(row, f'message.{status}')
            if code == 'not_in_group':
                self.facts.gone(row.chat_id)

    def _tell(self, row: Line, kind: str) -> None:
        card, peer = self.identities.card(row.chat_id), self.identities.peer(row.chat_id)
        body = message_body(row, session=card.session, peer=dict(peer))
        self.desk.tell(kind, body, session=row.session_id, chat=row.chat_id)

    def _outgoing(self, row: Line) -> Outgoing:
        quote = None
        if row.quote_id:
            quote = Quote(whatsapp_id=row.quote_id, sender=row.quote_sender or '', text=row.quote_text or '')
        return Outgoing(
            to=self.identities.address(row.chat_id),
            text=row.text,
            kind=cast(OutgoingKind, row.kind),
            quote=quote,
            mentions=tuple(row.mentions or ()),
            content=self._content(row),
            target=self._target(row) if row.target else None,
            forwarded=row.forwarded,
        )

    def _content(self, row: Line) -> 'LocalFile | Place | Poll | tuple[Card, ...] | Preview | None':
        if row.media_id:
            file = self.files(row.media_id, file_kind(row.kind))  # the same content may go by many names
            return replace(file, filename=str((row.content or {}).get('filename') or file.filename))
        return as_said(row.kind, row.content) if row.content else None

    def _target(self, row: Line) -> Target:
        about = message_at(row.session_id, row.chat_id, row.target or '')
        if about is None:
            raise NotFound('The message this was about is not there any more.')
        sender = about.heard_from or (self.identities.address_of(about.sender_id) if about.sender_id else '')
        return Target(whatsapp_id=row.target or '', sender=sender, from_me=about.direction == 'out')

    # ---- afterwards

    def recover(self) -> int:
        """After a start: what a crash left in 'sending' was handed over, and nobody knows whether it left."""

        def mark() -> int:
            line_up_all()
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
                let_go(row.chat_id)
                row.status, row.error, row.error_code = 'failed', OTHER_ACCOUNT, 'other_account'
                self.desk.tell('message.failed', joined_body(row), session=session_id, chat=row.chat_id)

    def sweep(self) -> None:
        """A lost nudge is found here: every session that can send and has something waiting."""
        for session_id in sessions_waiting():
            self.nudge(session_id)

    def resend(self, id: str, author: Author) -> Message:
        """A person decides: send a failed or uncertain message once more. Raises NotFound, Conflict."""

        def again() -> Message:
            row = message_by_id(id)
            if row is None or row.direction == 'in':
                raise NotFound('There is no message of ours with this id.')
            again = {'whatsapp_id': None, 'attempts': 0}
            if not put_back(id, ('failed', 'uncertain', 'cancelled', 'blocked'), self.world.now(), **again):
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
            if row.kind in ABOUT:
                self.marks.take(_line_of(row))
            self.desk.tell('message.sent', joined_body(row), session=row.session_id, chat=row.chat_id)
            return row

        return write(settle)

    def edit(self, id: str, text: str, author: Author) -> Line | None:
        """Change a text: at once while it waits (returns None), else by a message that asks WhatsApp to.

        Raises Invalid, NotFound, Conflict.
        """
        _check(Saying(text=text))

        def change() -> Line | None:
            row = self._ours(id)
            if row.status == 'queued' and row.kind == 'text' and change_waiting(id, text):
                body = {'id': id, 'chat': row.chat_id, 'status': 'queued'}
                self.desk.whisper('message.queued', body, session=row.session_id, chat=row.chat_id)
                return None
            return self._queue(row.session_id, row.chat_id, Saying(kind='edit', text=text, target=id), author)

        return write(change)

    def forward(self, id: str, chat_id: str, author: Author) -> Line:
        """Say in this chat what that message said, marked as forwarded. Raises NotFound, Conflict, Invalid."""

        def copy() -> Line:
            row = self._ours(id)
            _check_forwardable(row)
            kind = cast(OutgoingKind, row.kind)
            new = Saying(text=row.text, kind=kind, content=row.content, media_id=row.media_id, forwarded=True)
            return self.put(chat_id, new, author)

        return write(copy)

    def revoke(self, id: str, author: Author) -> Line:
        """Ask WhatsApp to delete a message for everybody. Raises NotFound, Conflict."""

        def ask() -> Line:
            row = self._ours(id)
            return self._queue(row.session_id, row.chat_id, Saying(kind='revoke', target=id), author)

        return write(ask)

    def _ours(self, id: str) -> Message:
        row = message_by_id(id)
        if row is None:
            raise NotFound('There is no message with this id.')
        return row

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
            let_go(row.chat_id)  # those behind it need not wait for its moment
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


def _line_of(row: Message) -> Line:
    """As far as marks ask for it."""
    return Line(
        id=row.id, session_id=row.session_id, chat_id=row.chat_id, direction=row.direction, kind=row.kind,
        text=row.text, status=row.status, at=row.sent_at or row.at, created_at=row.created_at, content=row.content,
        sender_id=row.sender_id, target=row.target, author=row.author, author_name=row.author_name,
    )  # fmt: skip


def can_send(state: str, *, linked: bool) -> bool:
    """Whether a session takes messages. One that was never linked does not: nobody knows yet who would send them."""
    return state == 'working' or (linked and state in SENDABLE)


def _check(new: Saying) -> None:
    """Raises Invalid for what nobody could send."""
    if new.kind in ('text', 'edit') and not new.text.strip():
        raise Invalid('There is nothing to say: the text is empty.', field='text')
    if len(new.text) > LONGEST:
        raise Invalid(f'A text may have {LONGEST} characters, this one has {len(new.text)}.', field='text')
    if new.kind == 'reaction' and len(new.text) > LONGEST_EMOJI:
        raise Invalid('A reaction is one emoji.', field='reaction.emoji')
    if new.kind in ABOUT and not new.target:
        raise Invalid('This needs the message it is about.', field='message')


def _rules(chat_id: str) -> bool:
    """Admins of a group may delete what others wrote."""
    return closed(chat_id)[0] in ADMINS


def _check_open(role: str, blocked: bool) -> None:
    """Raises Conflict where WhatsApp would surely refuse."""
    if role == GONE:
        raise Conflict('You are no longer in this group.', code='not_in_group')
    if blocked:
        raise Conflict('You have blocked this contact. Unblock them to write to them.', code='contact_blocked')


def _check_forwardable(row: Message) -> None:
    """Raises Conflict."""
    if row.revoked_at:
        raise Conflict('That message was deleted.', code='message_deleted')
    if row.kind not in FORWARDED:
        raise Conflict(f'A {row.kind.replace("_", " ")} cannot be forwarded.', code='not_forwardable')
    if row.kind in FILES and (row.content or {}).get('view_once'):
        raise Conflict('What may be viewed once cannot be forwarded.', code='not_forwardable')
    if row.kind in FILES and not row.media_id:
        raise Conflict('The file of that message is not here, so it cannot be sent on.', code='not_forwardable')


def _check_own(row: Message, kind: str, now: datetime) -> None:
    """Raises Conflict when this message can no longer be edited or deleted for everybody."""
    if row.direction == 'in':
        raise Conflict('Only your own messages can be changed.', code='not_yours')
    if kind == 'edit' and row.kind != 'text':
        raise Conflict(f'Only a text can be edited, this is a {row.kind}.', code='not_editable')
    written = row.sent_at or row.at
    if kind == 'edit' and now - written > EDITABLE:
        raise Conflict('WhatsApp lets a message be edited for 15 minutes; this one is older.', code='too_late')
    if kind == 'revoke' and now - written > REVOCABLE:
        raise Conflict(
            'WhatsApp lets a message be deleted for everybody for 60 hours; this one is older.', code='too_late'
        )
