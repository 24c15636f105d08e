"""Who is in which group, and as what."""

from collections.abc import Mapping, Sequence
from typing import Any

from peewee import CharField, CompositeKey, ForeignKeyField, fn

from .chats import Chat
from .contacts import Contact
from .database import Table

ADMINS = ('admin', 'owner')


class Member(Table):
    """`role`: member, admin or owner (who made the group). Ours is kept with the chat as well."""

    chat_id: str
    contact_id: str

    chat = ForeignKeyField(Chat, on_delete='CASCADE', index=False)
    contact = ForeignKeyField(Contact, on_delete='CASCADE')
    role = CharField()

    class Meta:
        primary_key = CompositeKey('chat', 'contact')


def roles_in(chat_id: str) -> dict[str, str]:
    """Contact id -> role; empty where nobody has told us yet."""
    rows: Any = Member.select(Member.contact, Member.role).where(Member.chat == chat_id).tuples()
    return {str(contact): str(role) for contact, role in rows}


def members_of(chat_id: str) -> list[Member]:
    """With the contact joined."""
    return list(Member.select(Member, Contact).join(Contact).where(Member.chat == chat_id))


def is_admin(chat_id: str, contact_id: str) -> bool:
    among = Member.select().where(Member.chat == chat_id, Member.contact == contact_id, Member.role << ADMINS)
    return bool(among.exists())


def sizes_of(chat_ids: Sequence[str]) -> dict[str, int]:
    """Chat id -> how many are in the group."""
    rows: Any = (
        Member.select(Member.chat, fn.COUNT(Member.contact))
        .where(Member.chat << list(chat_ids))
        .group_by(Member.chat)
        .tuples()
    )
    return {str(chat): int(count) for chat, count in rows}


def set_members(chat_id: str, roles: Mapping[str, str]) -> None:
    """Everybody who is in it, and nobody else."""
    Member.delete().where(Member.chat == chat_id).execute()
    rows = [{'chat': chat_id, 'contact': contact, 'role': role} for contact, role in roles.items()]
    for first in range(0, len(rows), 100):
        Member.insert_many(rows[first : first + 100]).execute()


def put_member(chat_id: str, contact_id: str, role: str) -> None:
    Member.insert(chat=chat_id, contact=contact_id, role=role).on_conflict_replace().execute()


def drop_member(chat_id: str, contact_id: str) -> None:
    Member.delete().where(Member.chat == chat_id, Member.contact == contact_id).execute()


def same_members(*, keep: str, gone: str) -> None:
    """Two contacts were one person: in each group they are once."""
    twin = Member.alias()
    both = twin.select(twin.chat).where(twin.contact == keep)
    Member.delete().where(Member.contact == gone, Member.chat << both).execute()
    Member.update(contact=keep).where(Member.contact == gone).execute()
