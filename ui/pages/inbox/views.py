"""What the inbox shows of rows, as plain values: a line of the list, an open chat, something said."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.addresses import shown_phone
from core.bodies import chat_body, waits_of
from core.rights import Asker
from data.chats import Chat, chat_by_id, latest_chats, unread_total
from data.contacts import contacts_at
from data.messages import Message, messages_by_ids, messages_of
from data.people import names_of

from .wording import HAPPENINGS, Piece, happening, only_emoji, pieces_of, shown_as


@dataclass(frozen=True, slots=True, kw_only=True)
class Sieve:
    """Which chats the list shows. `show`: all, unread, bot or human; `session` an id, '' for all the asker may see."""

    show: str = 'all'
    session: str = ''
    q: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One chat in the list. `tick` is a status, '' for what others said; `keeper` who answers, '' for the bot."""

    id: str
    name: str
    last: str
    tick: str
    symbol: str
    unread: int
    keeper: str
    at: datetime

    @property
    def place(self) -> tuple[datetime, str]:
        return self.at, self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatView:
    """An open chat. `keeper`: who answers, '' for the bot; `until`: when the bot comes back by itself."""

    id: str
    name: str
    group: bool
    session_id: str
    session: str
    state: str
    detail: str
    phone: str
    lid: str
    push_name: str
    since: datetime
    keeper: str
    keeper_id: str
    until: datetime | None
    unread: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One message. `sender` is who wrote it in a group; `quote` whom and what it answers.

    `waits`: until when and why it has not left yet.
    """

    id: str
    out: bool
    kind: str
    text: str
    pieces: tuple[Piece, ...]
    large: bool
    at: datetime
    author: str
    sender: str
    status: str
    error: str
    quote: tuple[str, str] | None
    waits: tuple[datetime | None, str] | None = None


def find_lines(
    asker: Asker, sieve: Sieve, *, ids: Sequence[str] | None = None, before: Line | None = None, limit: int = 50
) -> list[Line]:
    q = sieve.q.strip()
    digits = ''.join(c for c in q if c.isdigit())
    if digits and not any(c.isalpha() for c in q):
        q = digits  # however a number is written
    chats = latest_chats(
        session_ids=session_ids(asker, sieve.session),
        unread=sieve.show == 'unread',
        automation=sieve.show if sieve.show in {'bot', 'human'} else '',
        q=q,
        ids=ids,
        before=before.place if before else None,
        limit=limit,
    )
    last = {str(row.id): row for row in messages_by_ids([c.last_message for c in chats if c.last_message])}
    keepers = names_of({chat.assigned_to for chat in chats if chat.assigned_to})
    return [_line(chat, last.get(str(chat.last_message)), keepers) for chat in chats]


def count_unread(asker: Asker) -> int:
    return unread_total(session_ids(asker, ''))


def session_ids(asker: Asker, session: str) -> list[str] | None:
    """None means every session."""
    if session:
        return [session] if asker.may_session(session) else []
    return None if asker.sessions is None else sorted(asker.sessions)


def chat_view(chat_id: str, asker: Asker) -> ChatView | None:
    """None for a chat there is not, or that this asker may not see."""
    chat = chat_by_id(chat_id)
    if chat is None or not asker.may_session(chat.session_id):
        return None
    contact = chat.contact if chat.contact_id else None
    return ChatView(
        id=str(chat.id),
        name=str(chat_body(chat)['name']),
        group=bool(chat.group),
        session_id=chat.session_id,
        session=str(chat.session.name),
        state=str(chat.session.state),
        detail=str(chat.session.detail),
        phone=shown_phone(contact.phone) if contact and contact.phone else '',
        lid=str(contact.lid or '') if contact else '',
        push_name=str(contact.push_name) if contact else '',
        since=contact.created_at if contact else chat.created_at,
        keeper=_keeper(chat, names_of([chat.assigned_to] if chat.assigned_to else [])),
        keeper_id=str(chat.assigned_to or ''),
        until=chat.human_until,
        unread=int(chat.unread),
    )


def said_in(chat_id: str, me: str, before: str = '', limit: int = 50) -> list[Said]:
    """Oldest first; `me` is the user's id."""
    return _said(messages_of(chat_id, before=before, limit=limit), me)


def said_with(ids: Sequence[str], me: str) -> list[Said]:
    return _said(messages_by_ids(ids), me)


def _line(chat: Chat, last: Message | None, keepers: dict[str, str]) -> Line:
    symbol, text = ('', '') if last is None else _last_words(chat, last)
    own = last is not None and last.direction == 'out' and last.kind not in HAPPENINGS
    return Line(
        id=str(chat.id),
        name=str(chat_body(chat)['name']),
        last=text,
        tick=str(last.status) if last is not None and own else '',
        symbol=symbol,
        unread=int(chat.unread),
        keeper=_keeper(chat, keepers),
        at=chat.last_at or chat.created_at,
    )


def _last_words(chat: Chat, last: Message) -> tuple[str, str]:
    """Icon and text."""
    who = _who(chat, last)
    if last.kind in HAPPENINGS:
        return '', happening(str(last.kind), str(last.text), who)
    symbol, word = shown_as(str(last.kind))
    text = ' '.join(str(last.text)[:200].split()) or word
    if chat.group and last.direction == 'in':
        text = f'{who.split(" ", maxsplit=1)[0]}: {text}'
    return symbol, text


def _who(chat: Chat, message: Message) -> str:
    if message.direction == 'out':
        return 'You'
    sender = message.sender if message.sender_id else chat.contact
    return str(sender.shown_name) if sender else 'Somebody'


def _keeper(chat: Chat, names: dict[str, str]) -> str:
    if chat.automation != 'human':
        return ''
    return names.get(str(chat.assigned_to), 'A person')


def _said(messages: Iterable[Message], me: str) -> list[Said]:
    rows = list(messages)
    names = _names(rows)
    return [_one(row, me, names) for row in rows]


def _names(rows: Sequence[Message]) -> dict[str, str]:
    """Digits of everybody who is mentioned or quoted -> name."""
    digits = {_digits(each) for row in rows for each in (*(row.mentions or ()), row.quote_sender or '') if each}
    names: dict[str, str] = {}
    for contact in contacts_at(digits):
        names |= {str(each): contact.shown_name for each in (contact.phone, contact.lid) if each}
    for row in rows:
        names |= {str(each): 'You' for each in (row.session.phone, row.session.lid) if each}
    return names


def _one(row: Message, me: str, names: dict[str, str]) -> Said:
    mentioned = {digits: names[digits] for digits in map(_digits, row.mentions or ()) if digits in names}
    quote = None
    if row.quote_id:
        quote = names.get(_digits(row.quote_sender or ''), ''), str(row.quote_text or 'A message')
    who = _who(row.chat, row)
    return Said(
        id=str(row.id),
        out=row.direction == 'out',
        kind=str(row.kind),
        text=happening(str(row.kind), str(row.text), who) if row.kind in HAPPENINGS else str(row.text),
        pieces=pieces_of(str(row.text), mentioned),
        large=row.kind == 'text' and only_emoji(str(row.text)),
        at=row.at,
        author='You' if row.author == f'user:{me}' else str(row.author_name),
        sender=who if row.chat.group and row.direction == 'in' else '',
        status=str(row.status),
        error=str(row.error),
        quote=quote,
        waits=waits_of(row),
    )


def _digits(address: str) -> str:
    return address.partition('@')[0].partition(':')[0]
