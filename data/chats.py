"""Conversations: one per session with a contact or a group."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from peewee import JOIN, SQL, CharField, ForeignKeyField, IntegerField, JSONField, fn

from .contacts import Contact
from .database import Table, TimeField, holds
from .sessions import Session


class Chat(Table):
    """`contact` for a private chat, `group` (the digits before @g.us) for a group; the other one is NULL.

    `automation`: bot or human; a human chat goes back to the bot at `human_until`, if that is set.
    Of a group `role` is ours in it, 'gone' when we are not in it any more, NULL before anybody told us; `facts` is what
    else is known of it: {description, announce, locked, owner, made_at}; see core/group_facts.py.
    `heard_at`: when the other side last wrote. While messages of ours wait in it, `turn` is its place among the chats
    of its session (ids, lower goes first), `urgency` how much it matters (data/traffic.py), and `due`, if set, a
    moment before which nothing of it may leave.
    """

    session_id: str
    contact_id: str | None

    id = CharField(primary_key=True)
    session = ForeignKeyField(Session, on_delete='CASCADE')
    contact = ForeignKeyField(Contact, null=True, on_delete='CASCADE')
    group = CharField(null=True)
    name = CharField(default='')
    unread = IntegerField(default=0)
    automation = CharField(default='bot')
    human_until = TimeField(null=True)
    assigned_to = CharField(null=True)
    role = CharField(null=True)
    facts: Any = JSONField(null=True)
    last_message = CharField(null=True)
    last_at = TimeField(null=True)
    created_at = TimeField()
    heard_at = TimeField(null=True)
    turn = CharField(null=True)
    urgency = IntegerField(null=True)
    due = TimeField(null=True)

    class Meta:
        indexes = (
            (('session', 'contact'), True),
            (('session', 'group'), True),
            (('last_at', 'id'), False),
        )


# Only chats in which something waits are in them, so that the next one is found at once however many there are.
Chat.add_index(
    Chat.index(Chat.session, Chat.urgency, Chat.turn, where=SQL('turn IS NOT NULL AND due IS NULL'), name='chat_turn')
)
Chat.add_index(Chat.index(Chat.session, Chat.due, where=SQL('due IS NOT NULL'), name='chat_due'))


def chat_with(session_id: str, *, contact_id: str = '', group: str = '') -> Chat | None:
    where = Chat.contact == contact_id if contact_id else Chat.group == group
    found: Chat | None = Chat.get_or_none(Chat.session == session_id, where)
    return found


def chats_with(contact_id: str, session_ids: Sequence[str] | None = None) -> list[Chat]:
    """The private chats with this contact, the latest first, with their session joined."""
    query = Chat.select(Chat, Session).join(Session).where(Chat.contact == contact_id)
    if session_ids is not None:
        query = query.where(Chat.session << list(session_ids))
    return list(query.order_by(Chat.last_at.desc(nulls='last'), Chat.id.desc()))


def create_chat(
    id: str, session_id: str, *, contact_id: str = '', group: str = '', name: str = '', at: datetime
) -> Chat:
    made: Chat = Chat.create(
        id=id, session=session_id, contact=contact_id or None, group=group or None, name=name, created_at=at
    )
    return made


def latest_chats(
    *,
    session_ids: Sequence[str] | None = None,
    unread: bool = False,
    automation: str = '',
    assigned_to: str | None = None,
    q: str = '',
    ids: Sequence[str] | None = None,
    before: tuple[datetime, str] | None = None,
    limit: int = 50,
) -> list[Chat]:
    """Chats with their contact joined, the one with the newest message first.

    `session_ids` None means every session, `ids` None every chat; `assigned_to` a user's id, '' for chats that are
    nobody's, None for any; `before` is (last_at, id) of the last one already shown.
    """
    query = (
        Chat.select(Chat, Contact, Session)
        .join(Contact, JOIN.LEFT_OUTER)
        .switch(Chat)
        .join(Session)
        .where(Chat.last_at.is_null(False))
        .order_by(Chat.last_at.desc(), Chat.id.desc())
        .limit(limit)
    )
    if session_ids is not None:
        query = query.where(Chat.session << list(session_ids))
    if ids is not None:
        query = query.where(Chat.id << list(ids))
    if unread:
        query = query.where(Chat.unread > 0)
    if automation:
        query = query.where(Chat.automation == automation)
    if assigned_to is not None:
        query = query.where(Chat.assigned_to == assigned_to if assigned_to else Chat.assigned_to.is_null())
    if q:
        query = query.where(holds(Chat.name, q) | called(q))
    if before:
        at, id = before
        query = query.where((Chat.last_at < at) | ((Chat.last_at == at) & (Chat.id < id)))
    return list(query)


def groups_of(
    session_ids: Sequence[str] | None = None, *, id: str = '', group: str = '', before: str = '', limit: int = 50
) -> list[Chat]:
    """Chats with groups, the newest first, with their session joined; what is told to everybody (status) is none.

    `group`: the digits of one group, in whichever sessions are in it; `before` is the id of the last one already shown.
    """
    query = (
        Chat.select(Chat, Session)
        .join(Session)
        .where(Chat.group.is_null(False), Chat.group != 'status')
        .order_by(Chat.id.desc())
        .limit(limit)
    )
    if session_ids is not None:
        query = query.where(Chat.session << list(session_ids))
    if id:
        query = query.where(Chat.id == id)
    if group:
        query = query.where(Chat.group == group)
    if before:
        query = query.where(Chat.id < before)
    return list(query)


def chat_by_id(id: str) -> Chat | None:
    """With contact and session joined."""
    found: Chat | None = (
        Chat.select(Chat, Contact, Session)
        .join(Contact, JOIN.LEFT_OUTER)
        .switch(Chat)
        .join(Session)
        .where(Chat.id == id)
        .first()
    )
    return found


def overdue(now: datetime) -> list[str]:
    """Chats that should be with the bot again."""
    query = Chat.select(Chat.id).where(Chat.automation == 'human', Chat.human_until <= now)
    return [str(chat.id) for chat in query]


def unread_total(session_ids: Sequence[str] | None = None) -> int:
    """How many chats have something unread."""
    query = Chat.select(fn.COUNT(Chat.id)).where(Chat.unread > 0)
    if session_ids is not None:
        query = query.where(Chat.session << list(session_ids))
    total: Any = query.scalar()
    return int(total or 0)


def counts_of(user_id: str, session_ids: Sequence[str] | None = None) -> tuple[int, int]:
    """How many chats have something unread, and how many are this user's."""
    query = Chat.select(fn.SUM(Chat.unread > 0), fn.SUM(Chat.assigned_to == user_id)).where(
        (Chat.unread > 0) | (Chat.assigned_to == user_id)
    )
    if session_ids is not None:
        query = query.where(Chat.session << list(session_ids))
    unread, mine = query.tuples().first() or (0, 0)
    return int(unread or 0), int(mine or 0)


def find_contacts(
    *, session_ids: Sequence[str] | None = None, id: str = '', q: str = '', before: str = '', limit: int = 50
) -> list[Contact]:
    """Contacts, the newest first; with `session_ids` only those with whom these sessions have a chat.

    `before` is the id of the last one already shown.
    """
    query = Contact.select().order_by(Contact.id.desc()).limit(limit)
    if session_ids is not None:
        query = query.where(Contact.id << Chat.select(Chat.contact).where(Chat.session << list(session_ids)))
    if id:
        query = query.where(Contact.id == id)
    if q:
        query = query.where(called(q))
    if before:
        query = query.where(Contact.id < before)
    return list(query)


def called(q: str) -> Any:
    """A condition: the contact is called so, by us or by themselves, or has this in its number."""
    named = holds(Contact.name, q) | holds(Contact.push_name, q)
    number = re.sub(r'[+\s()./-]', '', q)  # as people write numbers; we keep digits
    return named | holds(Contact.phone, number) if number else named
