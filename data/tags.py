"""Words that people and flows put on contacts, and groups of contacts that messages are sent to."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from peewee import CharField, CompositeKey, ForeignKeyField

from .contacts import Contact
from .database import Table, TimeField, statement


class ContactTag(Table):
    contact_id: str

    contact = ForeignKeyField(Contact, on_delete='CASCADE', index=False)
    tag = CharField()

    class Meta:
        primary_key = CompositeKey('contact', 'tag')
        indexes = ((('tag',), False),)


class ContactGroup(Table):
    """People put together by hand, by import or by a flow; not a group at WhatsApp."""

    id = CharField(primary_key=True)
    name = CharField(unique=True)
    created_at = TimeField()


class ContactGroupMember(Table):
    contact_id: str

    group = ForeignKeyField(ContactGroup, on_delete='CASCADE', index=False)
    contact = ForeignKeyField(Contact, on_delete='CASCADE')
    added_at = TimeField()

    class Meta:
        primary_key = CompositeKey('group', 'contact')


def tags_of(contact_id: str) -> list[str]:
    return [str(row.tag) for row in ContactTag.select(ContactTag.tag).where(ContactTag.contact == contact_id)]


def add_tags(contact_id: str, tags: Iterable[str]) -> int:
    """How many were new."""
    rows = [{'contact': contact_id, 'tag': tag} for tag in tags]
    added: int = ContactTag.insert_many(rows).on_conflict_ignore().as_rowcount().execute() if rows else 0
    return added


def remove_tags(contact_id: str, tags: Sequence[str]) -> int:
    gone: int = ContactTag.delete().where(ContactTag.contact == contact_id, ContactTag.tag << list(tags)).execute()
    return gone


def contacts_tagged(tag: str) -> list[str]:
    """Ids."""
    return [str(row.contact_id) for row in ContactTag.select(ContactTag.contact).where(ContactTag.tag == tag)]


def group_called(name: str) -> ContactGroup | None:
    found: ContactGroup | None = ContactGroup.get_or_none(ContactGroup.name == name)
    return found


def put_in_group(id: str, name: str, contact_id: str, at: datetime) -> bool:
    """Into the group of this name, which is made with `id` when there is none; False when they are in it already."""
    group = group_called(name) or ContactGroup.create(id=id, name=name, created_at=at)
    added: int = (
        ContactGroupMember.insert(group=group.id, contact=contact_id, added_at=at)
        .on_conflict_ignore()
        .as_rowcount()
        .execute()
    )
    return bool(added)


def take_out_of_group(name: str, contact_id: str) -> bool:
    group = group_called(name)
    if group is None:
        return False
    gone: int = (
        ContactGroupMember.delete()
        .where(ContactGroupMember.group == group.id, ContactGroupMember.contact == contact_id)
        .execute()
    )
    return bool(gone)


def members_of_group(name: str) -> list[str]:
    """Ids of contacts."""
    rows = ContactGroupMember.select(ContactGroupMember.contact).join(ContactGroup).where(ContactGroup.name == name)
    return [str(row.contact_id) for row in rows]


def same_tags(*, keep: str, gone: str) -> None:
    """Two contacts were one person: it has the tags of both, and is in the groups of both once."""
    for table in ('contact_tag', 'contact_group_member'):
        statement(f'UPDATE OR IGNORE {table} SET contact_id = ? WHERE contact_id = ?', keep, gone)
        statement(f'DELETE FROM {table} WHERE contact_id = ?', gone)
