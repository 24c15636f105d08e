"""Whom each account has blocked: a copy of the list that WhatsApp keeps."""

from collections.abc import Collection
from typing import Any

from peewee import CompositeKey, ForeignKeyField

from .contacts import Contact
from .database import Table
from .sessions import Session


class Blocked(Table):
    contact_id: str

    session = ForeignKeyField(Session, on_delete='CASCADE', index=False)
    contact = ForeignKeyField(Contact, on_delete='CASCADE')

    class Meta:
        primary_key = CompositeKey('session', 'contact')


def blocked_by(session_id: str) -> list[Contact]:
    query = Contact.select().join(Blocked).where(Blocked.session == session_id).order_by(Contact.id)
    return list(query)


def is_blocked(session_id: str, contact_id: str) -> bool:
    return bool(Blocked.select().where(Blocked.session == session_id, Blocked.contact == contact_id).exists())


def blockers_of(contact_ids: Collection[str]) -> dict[str, list[str]]:
    """Contact id -> names of the sessions that have blocked them."""
    rows: Any = (
        Blocked.select(Blocked.contact, Session.name)
        .join(Session)
        .where(Blocked.contact << list(contact_ids))
        .order_by(Session.name)
        .tuples()
    )
    found: dict[str, list[str]] = {}
    for contact, name in rows:
        found.setdefault(str(contact), []).append(str(name))
    return found


def set_blocked(session_id: str, contact_id: str, on: bool) -> bool:
    """False when it was so already."""
    if on:
        rows = Blocked.insert(session=session_id, contact=contact_id).on_conflict_ignore().as_rowcount().execute()
    else:
        rows = Blocked.delete().where(Blocked.session == session_id, Blocked.contact == contact_id).execute()
    return bool(rows)


def same_blocked(*, keep: str, gone: str) -> None:
    """Two contacts were one person: whoever blocked one of them blocked both."""
    twin = Blocked.alias()
    both = twin.select(twin.session).where(twin.contact == keep)
    Blocked.delete().where(Blocked.contact == gone, Blocked.session << both).execute()
    Blocked.update(contact=keep).where(Blocked.contact == gone).execute()
