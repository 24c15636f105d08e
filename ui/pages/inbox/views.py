"""What the inbox shows of chats, as plain values: a line of the list, an open chat."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.addresses import shown_phone
from core.bodies import chat_body, closed_because
from core.rights import Asker
from data.blocked import is_blocked
from data.chats import Chat, chat_by_id, counts_of, latest_chats
from data.messages import Message, messages_by_ids
from data.opt_outs import opted_out_among
from data.people import all_users, names_of
from data.search import Hit, search_messages

from .brings import length_of
from .said import names_in, who_wrote
from .wording import HAPPENINGS, happening, shown_as, with_names

# Nobody has a chat of the bot's; one that waits for a person and is nobody's is what must not be overlooked.
AUTOMATION = {'bot': 'bot', 'human': 'human', 'unassigned': 'human'}

BLOCKED = 'You have blocked this contact. Unblock them to write to them.'


@dataclass(frozen=True, slots=True, kw_only=True)
class Sieve:
    """Which chats the list shows. `show`: all, unread, mine, unassigned, bot or human; `session` an id, '' for all the
    asker may see.
    """

    show: str = 'all'
    session: str = ''
    q: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One chat in the list. `tick` is a status, '' for what others said; `keeper` whose it is, '' for the bot's."""

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
    """An open chat. `keeper`: who answers, '' for the bot; `until`: when the bot comes back by itself. `owner`: whose
    chat it is, '' for nobody's. `closed`: why nobody can write into it now, '' when one can. `contact_id`: '' for a
    group; `blocked` by this account; `opted_out`: since when they want no bulk messages, and what made them.
    `status`: no group, but what people tell everybody.
    """

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
    owner: str
    owner_id: str
    until: datetime | None
    unread: int
    closed: str = ''
    status: bool = False
    contact_id: str = ''
    blocked: bool = False
    opted_out: tuple[datetime, str] | None = None


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
        automation=AUTOMATION.get(sieve.show, ''),
        assigned_to={'mine': asker.id, 'unassigned': ''}.get(sieve.show),
        q=q,
        ids=ids,
        before=before.place if before else None,
        limit=limit,
    )
    last = {str(row.id): row for row in messages_by_ids([c.last_message for c in chats if c.last_message])}
    keepers = names_of({chat.assigned_to for chat in chats if chat.assigned_to})
    names = names_in([row for row in last.values() if row.mentions])
    return [_line(chat, last.get(str(chat.last_message)), keepers, names) for chat in chats]


def find_hits(asker: Asker, sieve: Sieve, limit: int) -> list[tuple[Hit, str]]:
    """Messages with the words that are looked for, each with the name of its chat."""
    hits = search_messages(sieve.q, session_ids=session_ids(asker, sieve.session), limit=limit)
    names = {
        chat.id: str(chat_body(chat)['name']) for chat in latest_chats(ids=[hit.chat_id for hit in hits], limit=-1)
    }
    return [(hit, names[hit.chat_id]) for hit in hits if hit.chat_id in names]


def count_chats(asker: Asker) -> tuple[int, int]:
    """How many have something unread, and how many are the asker's."""
    return counts_of(asker.id, session_ids(asker, ''))


def colleagues() -> dict[str, str]:
    """User id -> name of those to whom a chat can be given."""
    return {str(row.id): str(row.name or row.email) for row in all_users() if row.active and row.role != 'viewer'}


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
    blocked = contact is not None and is_blocked(chat.session_id, str(contact.id))
    wish = opted_out_among([str(contact.id)]).get(str(contact.id)) if contact else None
    owner = names_of([str(chat.assigned_to)]).get(str(chat.assigned_to), '') if chat.assigned_to else ''
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
        keeper='' if chat.automation != 'human' else owner or 'A person',
        owner=owner,
        owner_id=str(chat.assigned_to or ''),
        until=chat.human_until,
        unread=int(chat.unread),
        closed=BLOCKED if blocked else closed_because(chat),
        status=chat.group == 'status',
        contact_id=str(chat.contact_id or ''),
        blocked=blocked,
        opted_out=(wish.at, str(wish.source)) if wish is not None else None,
    )


def _line(chat: Chat, last: Message | None, keepers: dict[str, str], names: dict[str, str]) -> Line:
    symbol, text = ('', '') if last is None else _last_words(chat, last, names)
    own = last is not None and last.direction == 'out' and last.kind not in HAPPENINGS
    return Line(
        id=str(chat.id),
        name=str(chat_body(chat)['name']),
        last=text,
        tick=str(last.status) if last is not None and own else '',
        symbol=symbol,
        unread=int(chat.unread),
        keeper=keepers.get(str(chat.assigned_to), '') or ('A person' if chat.automation == 'human' else ''),
        at=chat.last_at or chat.created_at,
    )


def _last_words(chat: Chat, last: Message, names: dict[str, str]) -> tuple[str, str]:
    """Icon and text."""
    who = who_wrote(chat, last)
    if last.kind in HAPPENINGS:
        return '', happening(str(last.kind), str(last.text), who, last.content)
    if last.revoked_at:
        return 'block', f'{who} deleted this message'
    symbol, word = shown_as(str(last.kind))
    if last.kind in ('voice', 'audio', 'video') and last.content:
        word = ', '.join(filter(None, (word, length_of(int(last.content.get('seconds') or 0)))))
    said = with_names(str(last.text), names) if last.mentions else str(last.text)
    text = ' '.join(said[:200].split()) or word
    if chat.group and last.direction == 'in':
        text = f'{who.split(" ", maxsplit=1)[0]}: {text}'
    return symbol, text
