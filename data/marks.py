"""What people made of a message: their reactions to it, and their votes where it is a poll.

The message is named as WhatsApp names it, since a mark may come before the message it is on.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from peewee import AutoField, CharField, ForeignKeyField, JSONField, fn

from .database import Table, TimeField
from .sessions import Session

MarkKind = Literal['reaction', 'vote']


class Mark(Table):
    """`who` is the id of a contact, '' is us. `value`: the emoji of a reaction, the list of options of a vote."""

    session_id: str

    id = AutoField()
    session = ForeignKeyField(Session, on_delete='CASCADE', index=False)
    whatsapp_id = CharField()
    who = CharField()
    kind = CharField()
    value: Any = JSONField()
    at = TimeField()

    class Meta:
        indexes = ((('session', 'whatsapp_id', 'who', 'kind'), True), (('who',), False))


def put_mark(
    session_id: str, whatsapp_id: str, who: str, kind: MarkKind, value: str | Sequence[str], at: datetime
) -> None:
    """An empty value takes it back. What was said later wins, whatever arrives later."""
    mine = (Mark.session == session_id, Mark.whatsapp_id == whatsapp_id, Mark.who == who, Mark.kind == kind)
    Mark.delete().where(*mine, Mark.at <= at).execute()
    if value:
        row = {'session': session_id, 'whatsapp_id': whatsapp_id, 'who': who, 'kind': kind, 'value': value, 'at': at}
        Mark.insert(row).on_conflict_ignore().execute()


def marks_on(session_ids: Sequence[str], whatsapp_ids: Sequence[str]) -> list[Mark]:
    """On all of these messages, in the order in which they were made."""
    if not whatsapp_ids:
        return []
    return list(
        Mark.select()
        .where(Mark.session << list(session_ids), Mark.whatsapp_id << list(whatsapp_ids))
        .order_by(Mark.at, Mark.id)
    )


def same_marks(*, keep: str, gone: str) -> None:
    """Two contacts were one person: what both said of the same message is kept once."""
    twin = Mark.alias()
    said = twin.select(twin.id).where(
        twin.session == Mark.session, twin.whatsapp_id == Mark.whatsapp_id, twin.kind == Mark.kind, twin.who == keep
    )
    Mark.update(who=keep).where(Mark.who == gone, ~fn.EXISTS(said)).execute()
    Mark.delete().where(Mark.who == gone).execute()
