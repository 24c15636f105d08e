"""Where everything we want to say goes out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from data.database import after_commit, write
from data.departures import line_up_all
from data.messages import ABOUT, Message, change_waiting, message_by_id
from data.sessions import Session
from data.traffic import Line, add_message, session_facts

from .addresses import parse_recipient
from .again import Again
from .allowed import SENDABLE, can_send, check_changeable, check_forwardable, check_open, check_vote
from .contents import Kept
from .decisions import Decisions
from .departures import Departures, Send
from .errors import Conflict, Invalid, NotFound
from .events import OutgoingKind, Quote
from .group_facts import GroupFacts
from .identities import Identities
from .marks import Marks
from .news import NewsDesk
from .outcomes import Outcomes, whisper_queued
from .outgoing import Files, Packing
from .pacing import Pacing
from .world import World

LONGEST = 65_536
LONGEST_EMOJI = 40  # characters; a family of four with skin tones has 15
BULK_PRIORITY = 2


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
    reaction, an edit, a revocation or a vote is about, like `reply_to`; `text` is then the emoji or the new text.
    `bulk`: one of many alike, which goes after everything else and only to people who have not opted out.
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
        self.world, self.identities, self.desk, self.country = world, identities, desk, country
        marks, facts = Marks(identities, desk), GroupFacts(world, identities, desk)
        self.outcomes = Outcomes(world, identities, desk, pacing, marks, facts)
        self.departures = Departures(
            world, send, again=again, pacing=pacing, packing=Packing(identities, files), outcomes=self.outcomes
        )
        self.decisions = Decisions(world, desk, marks, self.departures.nudge)
        pacing.nudge = self.departures.nudge

    def post(self, new: Saying, author: Author) -> Line:
        """Keep a message to be sent, in one write. Returns the row, status 'queued'.

        Raises Invalid, NotFound (session, contact, the message replied to) or Conflict (the session is stopped).
        """
        return write(lambda: self._keep(new, author))

    def _keep(self, new: Saying, author: Author) -> Line:
        id, country = self._sender(new.session)
        _check(new)
        chat_id = self.identities.chat_for(id, parse_recipient(new.to, country))
        return self._queue(id, chat_id, new, author, country)

    def _sender(self, name: str) -> tuple[str, str]:
        """(id, country of its numbers) of a session that takes messages. Raises NotFound, Conflict."""
        session = session_facts(name)
        if session is None:
            raise NotFound(f'There is no session called “{name[:48]}”.')
        id, state, detail, country, linked = session
        if not can_send(state, linked=linked):
            how = state.replace('_', ' ') if linked or state not in SENDABLE else 'not linked to a phone yet'
            raise Conflict(f'{name} cannot send: it is {how}. {detail}', code='session_not_working')
        return id, country or self.country

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
        check_open(chat_id)
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
        whisper_queued(self.desk, line)
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
        check_changeable(row, new.kind, now)
        if new.kind == 'poll_vote':
            check_vote(row, (new.content or {}).get('options', ()))
        return row

    def _mention(self, text: str, country: str) -> str:
        address = parse_recipient(text, country, field='mentions')
        if address.kind == 'contact':
            return self.identities.address_of(address.digits)
        if address.kind == 'group':
            raise Invalid('A group cannot be mentioned.', field='mentions')
        return str(address)

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
            return self.put(chat_id, self._copy_of(id), author)

        return write(copy)

    def forward_to(self, id: str, session: str, to: Sequence[str], author: Author) -> list[Line]:
        """The same to several recipients, as users write them, from this session: to all of them or to none. Who is
        named twice gets it once. Raises what `post` raises too.
        """

        def copies() -> list[Line]:
            new, (session_id, country) = self._copy_of(id), self._sender(session)
            people = [parse_recipient(each, country, field=f'to.{n}') for n, each in enumerate(to)]
            chats = dict.fromkeys(self.identities.chat_for(session_id, each) for each in people)
            return [self._queue(session_id, chat_id, new, author) for chat_id in chats]

        return write(copies)

    def _copy_of(self, id: str) -> Saying:
        row = self._ours(id)
        check_forwardable(row)
        kind = cast(OutgoingKind, row.kind)
        return Saying(text=row.text, kind=kind, content=row.content, media_id=row.media_id, forwarded=True)

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

    # ---- what happens to it afterwards, each told where it is done

    def resend(self, id: str, author: Author) -> Message:
        return self.decisions.resend(id, author.id)

    def mark_sent(self, id: str, by: Author) -> Message:
        return self.decisions.mark_sent(id, by.id)

    def cancel(self, id: str) -> Message:
        return self.decisions.cancel(id)

    def online(self, session_id: str) -> None:
        self.departures.online(session_id)

    def offline(self, session_id: str) -> None:
        self.departures.offline(session_id)

    def nudge(self, session_id: str) -> None:
        self.departures.nudge(session_id)

    def sweep(self) -> None:
        self.departures.sweep()

    def close(self) -> None:
        self.departures.close()

    def other_account(self, session_id: str) -> None:
        self.outcomes.other_account(session_id)

    def recover(self) -> int:
        """After a start, before anything is sent: returns how many messages a crash left uncertain."""

        def mark() -> int:
            line_up_all()
            return self.outcomes.stopped()

        return write(mark)


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
