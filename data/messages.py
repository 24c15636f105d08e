"""Messages in both directions, and the receipts that came back for ours."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from peewee import JOIN, SQL, BlobField, CharField, ForeignKeyField, IntegerField, JSONField, TextField, fn
from ulid import ULID

from .chats import Chat
from .contacts import Contact
from .database import EPOCH, MILLISECOND, Table, TimeField, as_number, as_time, holds, statement
from .departures import line_up
from .search import is_searchable, with_words
from .sessions import Session

Status = Literal[
    'received', 'scheduled', 'queued', 'sending', 'sent', 'delivered', 'read', 'played', 'failed', 'uncertain',
    'cancelled', 'blocked',
]  # fmt: skip


# A status, since when, and why ('' when it needs no reason).
Stage = tuple[str, datetime, str]
ENDS = ('failed', 'uncertain', 'cancelled', 'blocked')
PAST_KEPT = 40  # stages; a message may go back and forth for a long time
# Messages about another one: they are kept, sent and logged like any, but a conversation shows what they did to it.
ABOUT = ('reaction', 'edit', 'revoke', 'poll_vote')
# Facts that stand between the messages: nobody wrote them, and nobody waits for a receipt.
NOTED = ('group_change', 'call')


class Message(Table):
    """One message of a chat.

    `direction` in or out (out includes what the owner wrote on the phone, then `author` is 'phone').
    `author` of an outgoing one: 'user:<id>', 'key:<id>', 'flow:<key>' or 'phone'; `author_name` is how to show it.
    `origin`: live, offline (waited at WhatsApp while we were away) or history. `routed`: 0 waits for the router,
    1 was seen by it, NULL is none of its business. `proto` is the serialized waE2E.Message of an incoming one.
    `past`: what an outgoing one was before it was last put in line, (status, milliseconds since 1970, why) each.
    `heard_from` is the address the sender had in WhatsApp's own event (receipts must name the same one).
    `content` is what the kind brings beside the text, in the words of core/contents.py; `media_id` its file, once we
    have it. `target` is WhatsApp's id of the message that a reaction, an edit, a revocation or a vote is about.
    `indexed` is its number in the index of words (data/search.py), 0 when there is no word in it, NULL until then.
    `priority`: 0, or 2 for bulk, which goes after everything else. `not_before` and `waits`: until when it is kept
    back while queued, and why.
    Ids grow, so their order is the order of a queue and of a list.
    """

    session_id: str
    chat_id: str
    sender_id: str | None

    id = CharField(primary_key=True)
    session = ForeignKeyField(Session, on_delete='CASCADE', index=False)
    chat = ForeignKeyField(Chat, on_delete='CASCADE', index=False)
    direction = CharField()
    kind = CharField(default='text')
    text = TextField(default='')
    status = CharField()
    whatsapp_id = CharField(null=True)
    sender = ForeignKeyField(Contact, null=True, on_delete='SET NULL', index=False)
    heard_from = CharField(null=True)
    quote_id = CharField(null=True)
    quote_sender = CharField(null=True)
    quote_text = TextField(null=True)
    mentions: Any = JSONField(null=True)
    author = CharField(default='')
    author_name = CharField(default='')
    caused_by = CharField(null=True)
    origin = CharField(default='live')
    routed = IntegerField(null=True)
    attempts = IntegerField(default=0)
    error = TextField(default='')
    error_code = CharField(default='')
    at = TimeField()
    created_at = TimeField()
    sending_at = TimeField(null=True)
    sent_at = TimeField(null=True)
    ended_at = TimeField(null=True)
    past: Any = JSONField(null=True)
    proto = BlobField(null=True)
    content: Any = JSONField(null=True)
    media_id = CharField(null=True)
    target = CharField(null=True)
    forwarded = IntegerField(default=0)
    edited_at = TimeField(null=True)
    revoked_at = TimeField(null=True)
    indexed = IntegerField(null=True)
    priority = IntegerField(default=0, constraints=[SQL('DEFAULT 0')])
    not_before = TimeField(null=True)
    waits = TextField(default='', constraints=[SQL("DEFAULT ''")])

    class Meta:
        indexes = (
            (('chat', 'id'), False),
            (('session', 'whatsapp_id'), False),
            (('session', 'id'), False),
        )
        constraints = ()


# WhatsApp's ids repeat across our own sessions and, in theory, across chats: unique only within one chat and direction.
Message.add_index(
    Message.index(
        Message.session, Message.chat, Message.whatsapp_id, Message.direction, unique=True,
        where=Message.whatsapp_id.is_null(False), name='message_seen',
    )
)  # fmt: skip
# Small whatever the size of the table: only what still has to leave, or to be routed, is in them.
Message.add_index(
    Message.index(
        Message.session, Message.chat, Message.status, Message.id,
        where=SQL("status IN ('queued', 'sending', 'uncertain')"), name='message_open',
    )
)  # fmt: skip
Message.add_index(Message.index(Message.id, where=SQL('routed = 0'), name='message_unrouted'))
Message.add_index(Message.index(Message.id, where=SQL('indexed IS NULL'), name='message_unindexed'))
Message.add_index(Message.index(Message.indexed, where=SQL('indexed > 0'), name='message_indexed'))
Message.add_index(Message.index(Message.media_id, where=Message.media_id.is_null(False), name='message_media'))


class Receipt(Table):
    """A fact, appended when it arrives, even before we know which message it is about. `who` is an address."""

    session = ForeignKeyField(Session, on_delete='CASCADE', index=False)
    whatsapp_id = CharField()
    who = CharField()
    kind = CharField()
    at = TimeField()

    class Meta:
        indexes = ((('session', 'whatsapp_id', 'who', 'kind'), True),)


def claim(id: str, before: Iterable[Status], after: Status, **more: Any) -> bool:
    """Move a message on; False when somebody else already did. One that is queued has its chat in line."""
    moved: int = Message.update(status=after, **more).where(Message.id == id, Message.status << list(before)).execute()
    if moved and after == 'queued':
        line_up(id)
    return moved == 1


def put_back(id: str, before: Iterable[Status], at: datetime, **more: Any) -> bool:
    """Move a message back into the line; what it was until now stays in its history. False as with `claim`."""
    row: Message | None = Message.get_or_none(Message.id == id)
    if row is None:
        return False
    stages = [*been(row), ('queued', at, '')]
    past = [*(row.past or ()), *((status, as_number(when), why) for status, when, why in stages)]
    forgotten = {
        **dict.fromkeys(('sending_at', 'sent_at', 'ended_at', 'not_before')),
        **dict.fromkeys(('error', 'error_code', 'waits'), ''),
    }
    return claim(id, before, 'queued', past=past[-PAST_KEPT:], **forgotten, **more)


def been_before(message: Message) -> list[Stage]:
    """What a message of ours was before it was last put in line, and that it was."""
    return [(status, as_time(at), why) for status, at, why in message.past or ()]


def been(message: Message) -> list[Stage]:
    """What it has been since then, as far as its own row tells; for the rest there are receipts."""
    over = message.status in ENDS
    stages: list[tuple[Any, datetime | None, str]] = [
        ('sending', message.sending_at, ''),
        ('uncertain', None if over else message.ended_at, ''),  # until a receipt or a person said otherwise
        ('sent', message.sent_at, ''),
        (message.status, message.ended_at if over else None, message.error),
    ]
    return [(status, at, why) for status, at, why in stages if at is not None]


def receipts_of(message: Message) -> list[Receipt]:
    if not message.whatsapp_id:
        return []
    return list(
        Receipt.select()
        .where(Receipt.session == message.session_id, Receipt.whatsapp_id == message.whatsapp_id)
        .order_by(Receipt.at)
    )


def first_receipts(
    session_ids: Sequence[str], whatsapp_ids: Sequence[str]
) -> dict[tuple[str, str], list[tuple[str, datetime, int]]]:
    """(session, WhatsApp's id) -> (kind, when the first came, from how many), in the order of these times."""
    if not whatsapp_ids:
        return {}
    first = fn.MIN(Receipt.at)
    rows: Any = (
        Receipt.select(Receipt.session, Receipt.whatsapp_id, Receipt.kind, first, fn.COUNT(Receipt.who))
        .where(Receipt.session << list(session_ids), Receipt.whatsapp_id << list(whatsapp_ids))
        .group_by(Receipt.session, Receipt.whatsapp_id, Receipt.kind)
        .order_by(first)
        .tuples()
    )
    told: dict[tuple[str, str], list[tuple[str, datetime, int]]] = {}
    for session, whatsapp_id, kind, at, count in rows:
        told.setdefault((str(session), str(whatsapp_id)), []).append((str(kind), at, int(count)))
    return told


def _joined() -> Any:
    sender = Contact.alias('sender')
    return (
        Message.select(Message, Chat, Contact, Session, sender)
        .join(Chat)
        .join(Contact, JOIN.LEFT_OUTER)
        .switch(Message)
        .join(Session)
        .switch(Message)
        .join(sender, JOIN.LEFT_OUTER, on=(Message.sender == sender.id), attr='sender')
    )


def message_by_id(id: str) -> Message | None:
    """With chat, contact, session and sender joined."""
    found: Message | None = _joined().where(Message.id == id).first()
    return found


def messages_by_ids(ids: Sequence[str]) -> list[Message]:
    """The same, several at once, in the order of their ids."""
    return list(_joined().where(Message.id << list(ids)).order_by(Message.id))


def messages_of(chat_id: str, *, before: str = '', after: str = '', limit: int = 50) -> list[Message]:
    """The newest messages of a chat, oldest of them first, without those ABOUT others.

    `before` is the id to page back from; with `after` it is the oldest ones that follow this id.
    """
    query = _joined().where(Message.chat == chat_id, Message.kind.not_in(ABOUT)).limit(limit)
    if after:
        return list(query.where(Message.id > after).order_by(Message.id))
    if before:
        query = query.where(Message.id < before)
    return list(query.order_by(Message.id.desc()))[::-1]


def messages_called(chat_id: str, session_id: str, whatsapp_ids: Sequence[str]) -> list[Message]:
    """Those that WhatsApp calls so, in this chat; nothing joined."""
    if not whatsapp_ids:
        return []
    among = (Message.session == session_id, Message.whatsapp_id << list(whatsapp_ids))
    return list(Message.select().where(*among, Message.chat == chat_id))


def message_at(session_id: str, chat_id: str, whatsapp_id: str) -> Message | None:
    """The message that WhatsApp calls so, in this chat; nothing joined."""
    found: Message | None = Message.get_or_none(
        Message.session == session_id, Message.whatsapp_id == whatsapp_id, Message.chat == chat_id
    )
    return found


def change_waiting(id: str, text: str) -> bool:
    """Before it leaves; False when it just did."""
    changed: int = Message.update(text=text).where(Message.id == id, Message.status == 'queued').execute()
    return changed == 1


def change_text(id: str, text: str, at: datetime) -> bool:
    """Its author wrote something else instead; False when it was deleted meanwhile."""
    changed: int = (
        Message.update(text=text, edited_at=at).where(Message.id == id, Message.revoked_at.is_null()).execute()
    )
    return changed == 1


def mark_revoked(id: str, at: datetime) -> bool:
    """Its author deleted it for everybody; False when that is known already."""
    changed: int = Message.update(revoked_at=at).where(Message.id == id, Message.revoked_at.is_null()).execute()
    return changed == 1


def newest_received(chat_id: str, count: int) -> list[Message]:
    """What others wrote last in a chat, with WhatsApp's ids, newest first, sender joined."""
    return list(
        _joined()
        .where(
            Message.chat == chat_id,
            Message.direction == 'in',
            Message.whatsapp_id.is_null(False),
            Message.kind.not_in(NOTED),
        )
        .order_by(Message.id.desc())
        .limit(count)
    )


def answers_to(message: Message, limit: int = 10) -> list[Message]:
    """What flows said because of this message, oldest first."""
    return list(
        Message.select()
        .where(Message.chat == message.chat_id, Message.id > message.id, Message.caused_by == message.id)
        .order_by(Message.id)
        .limit(limit)
    )


def find_messages(
    *,
    session_ids: Sequence[str] | None = None,
    chat_id: str = '',
    status: str = '',
    direction: str = '',
    since: datetime | None = None,
    q: str = '',
    before: str = '',
    limit: int = 50,
) -> list[Message]:
    """The message log, newest first. `before` is the id of the last one already shown.

    `q`: all of these words, the last of them perhaps unfinished; signs without a word are looked for as they are, which
    reads every message.
    """
    query = _joined().order_by(Message.id.desc()).limit(limit)
    if session_ids is not None:
        query = query.where(Message.session << list(session_ids))
    if chat_id:
        query = query.where(Message.chat == chat_id)
    if status:
        query = query.where(Message.status == status)
    if direction:
        query = query.where(Message.direction == direction)
    if since:
        query = query.where(Message.at >= since)
    if is_searchable(q):
        return list(query.where(with_words(q, before)))
    if q:
        query = query.where(holds(Message.text, q))
    if before:
        query = query.where(Message.id < before)
    return list(query)


def waiting_of(session_id: str) -> list[Message]:
    """What of a session has not left yet, oldest first, with chat, contact, session and sender joined."""
    waiting = _joined().where(Message.session == session_id, Message.status << ['queued', 'scheduled'])
    return list(waiting.order_by(Message.id))


def count_open(session_id: str) -> dict[str, int]:
    """How many messages of a session still have to leave or are uncertain, by status."""
    rows: Any = (
        Message.select(Message.status, fn.COUNT(Message.id).alias('n'))
        .where(Message.session == session_id, SQL("t1.status IN ('queued', 'sending', 'uncertain')"))
        .group_by(Message.status)
        .tuples()
    )
    return {str(status): int(n) for status, n in rows}


def counts_since(since: datetime) -> dict[tuple[str, str], int]:
    """(session id, direction) -> messages since then."""
    rows: Any = (
        Message.select(Message.session, Message.direction, fn.COUNT(Message.id))
        .where(Message.at >= since, Message.kind.not_in(NOTED))
        .group_by(Message.session, Message.direction)
        .tuples()
    )
    return {(str(session), str(direction)): int(n) for session, direction, n in rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many messages of one session went one way in one hour, by what became of them. `hour` counts from 0."""

    session: str
    direction: str
    status: str
    hour: int
    count: int


def tally(since: datetime, *, session_id: str = '') -> list[Tally]:
    """What came and went since then, without imported history; hours begin with `since`."""
    begin = (since - EPOCH) // MILLISECOND
    hour = (SQL('t1.created_at') - begin) / 3_600_000
    # by id, which begins with the time: there is no index on times
    query = Message.select(Message.session, Message.direction, Message.status, hour, fn.COUNT(Message.id)).where(
        Message.id >= first_id(since), Message.origin != 'history', Message.kind.not_in(NOTED)
    )
    if session_id:
        query = query.where(Message.session == session_id)
    rows: Any = query.group_by(Message.session, Message.direction, Message.status, hour).tuples()
    return [
        Tally(session=str(session), direction=str(direction), status=str(status), hour=max(0, int(at)), count=int(n))
        for session, direction, status, at, n in rows
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsettled:
    """Messages of one session that wait, are on their way or may have arrived. `since`: the oldest of them."""

    session: str
    status: str
    count: int
    since: datetime


def unsettled() -> list[Unsettled]:
    """Only what is queued, being sent or uncertain, however old."""
    rows: Any = (
        Message.select(Message.session, Message.status, fn.COUNT(Message.id), fn.MIN(Message.created_at))
        .where(SQL("t1.status IN ('queued', 'sending', 'uncertain')"))
        .group_by(Message.session, Message.status)
        .tuples()
    )
    return [
        Unsettled(session=str(session), status=str(status), count=int(n), since=at) for session, status, n, at in rows
    ]


def held_of(session_id: str) -> tuple[int, int]:
    """How many chats and messages a session holds."""
    chats: Any = Chat.select(fn.COUNT(Chat.id)).where(Chat.session == session_id).scalar()
    messages: Any = Message.select(fn.COUNT(Message.id)).where(Message.session == session_id).scalar()
    return int(chats or 0), int(messages or 0)


def first_id(at: datetime) -> str:
    """The smallest id that a row made at this moment could have."""
    return str(ULID.from_bytes(((at - EPOCH) // MILLISECOND).to_bytes(6, 'big') + bytes(10)))


def unrouted(before: datetime, limit: int = 500) -> list[Message]:
    """What came before then and waits for the router, oldest first; only ids and chats are read."""
    waiting = Message.select(Message.id, Message.chat).where(SQL('routed = 0'), Message.created_at <= before)
    return list(waiting.order_by(Message.id).limit(limit))


def forget_messages(before: datetime, most: int = 5_000) -> int:
    """Old messages with their receipts, but nothing that still has to leave; at most so many at a time."""
    done = Message.status.not_in(['queued', 'sending', 'scheduled', 'uncertain'])
    old = Message.select(Message.id).where(Message.at < before, done).limit(most)
    gone: int = Message.delete().where(Message.id << old).execute()
    Receipt.delete().where(Receipt.at < before).execute()
    return gone


def last_said_is_bulk(chat_id: str) -> bool:
    """Whether the newest message of ours in this chat is one of many alike."""
    rows = statement(
        "SELECT priority FROM message WHERE chat_id = ? AND direction = 'out' ORDER BY id DESC LIMIT 1", chat_id
    )
    return bool(rows) and rows[0][0] > 0
