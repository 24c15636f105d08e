"""People (and the groups they sit in): who an address belongs to."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from peewee import SQL, CharField, JSONField

from .database import Table, TimeField


class Contact(Table):
    """`phone` and `lid` are digits; one of them may still be unknown ('' is kept as NULL, so both stay unique).

    `vars` are values that flows, imports and people keep of them; `language` and `zone` are '' until somebody says.
    """

    id = CharField(primary_key=True)
    phone = CharField(null=True, unique=True)
    lid = CharField(null=True, unique=True)
    name = CharField(default='')
    push_name = CharField(default='')
    vars: Any = JSONField(default=dict, constraints=[SQL("DEFAULT '{}'")])
    language = CharField(default='', constraints=[SQL("DEFAULT ''")])
    zone = CharField(default='', constraints=[SQL("DEFAULT ''")])
    created_at = TimeField()

    @property
    def shown_name(self) -> str:
        """What people call this contact: our name for them, their own, or their number."""
        return self.name or self.push_name or (f'+{self.phone}' if self.phone else f'LID {self.lid}')


def contact_by(*, phone: str = '', lid: str = '') -> Contact | None:
    """Digits in; the contact that has this number or LID."""
    where = Contact.phone == phone if phone else Contact.lid == lid
    found: Contact | None = Contact.get_or_none(where)
    return found


def contacts_at(digits: Collection[str]) -> list[Contact]:
    """Everybody whose number or LID is one of these digits."""
    among = list(digits)
    return list(Contact.select().where((Contact.phone << among) | (Contact.lid << among))) if among else []


def contacts_by_ids(ids: Collection[str]) -> list[Contact]:
    return list(Contact.select().where(Contact.id << list(ids))) if ids else []


def create_contact(id: str, *, phone: str, lid: str, push_name: str, at: datetime) -> Contact:
    made: Contact = Contact.create(id=id, phone=phone or None, lid=lid or None, push_name=push_name, created_at=at)
    return made
