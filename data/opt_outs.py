"""Who does not want automatic or bulk messages."""

from collections.abc import Sequence
from datetime import datetime

from peewee import JOIN, CharField, ForeignKeyField, fn

from .chats import Chat, called
from .contacts import Contact
from .database import Table, TimeField, as_number, holds, statement


class OptOut(Table):
    """An address of somebody who does not want automatic or bulk messages; `who` is a hash, which outlives the contact.

    Those of one wish share its `wish`, an id.
    """

    contact_id: str | None

    who = CharField(primary_key=True)
    wish = CharField(index=True)
    contact = ForeignKeyField(Contact, null=True, on_delete='SET NULL')
    source = CharField()
    at = TimeField()


def any_opted_out() -> bool:
    return bool(statement('SELECT 1 FROM opt_out LIMIT 1'))


def opt_out_of(contact_id: str | None, hashes: Sequence[str]) -> OptOut | None:
    """The wish of this contact, or of whoever has one of these addresses; the newest."""
    theirs = OptOut.who << list(hashes)
    if contact_id:
        theirs |= OptOut.contact == contact_id
    found: OptOut | None = OptOut.select().where(theirs).order_by(OptOut.wish.desc()).first()
    return found


def opted_out_among(contact_ids: Sequence[str]) -> dict[str, OptOut]:
    """Contact id -> its wish."""
    return {str(row.contact_id): row for row in OptOut.select().where(OptOut.contact << list(contact_ids))}


def keep_opt_outs(hashes: Sequence[str], contact_id: str, *, wish: str, source: str, at: datetime) -> bool:
    """False when they had all opted out before."""
    kept = [
        statement('INSERT INTO opt_out (who, wish, contact_id, source, at) VALUES (?, ?, ?, ?, ?)'
                  ' ON CONFLICT DO NOTHING RETURNING who', who, wish, contact_id, source, as_number(at))
        for who in hashes
    ]  # fmt: skip
    return any(kept)


def drop_opt_outs(contact_id: str, hashes: Sequence[str]) -> bool:
    """False when they had not opted out."""
    theirs = OptOut.select(OptOut.wish).where((OptOut.who << list(hashes)) | (OptOut.contact == contact_id))
    gone: int = OptOut.delete().where(OptOut.wish << theirs).execute()
    return gone > 0


def same_opt_outs(*, keep: str, gone: str) -> None:
    """Two contacts were one person: what one of them did not want, nobody sends to either."""
    OptOut.update(contact=keep).where(OptOut.contact == gone).execute()
    first: OptOut | None = OptOut.select().where(OptOut.contact == keep).order_by(OptOut.wish).first()
    if first is not None:
        once = {'wish': first.wish, 'source': first.source, 'at': first.at}
        OptOut.update(**once).where(OptOut.contact == keep).execute()


def list_opt_outs(
    *, session_ids: Sequence[str] | None = None, q: str = '', before: str = '', limit: int = 50
) -> list[OptOut]:
    """One for each wish, the newest first, with the contact joined where there is one.

    `session_ids`: only of people with whom these sessions have a chat; `q`: in the name, the number or the source;
    `before` is the wish of the last one already shown.
    """
    first = OptOut.alias()
    query = (
        OptOut.select(OptOut, Contact)
        .join(Contact, JOIN.LEFT_OUTER)
        .where(OptOut.who == first.select(fn.MIN(first.who)).where(first.wish == OptOut.wish))
        .order_by(OptOut.wish.desc())
        .limit(limit)
    )
    if session_ids is not None:
        query = query.where(OptOut.contact << Chat.select(Chat.contact).where(Chat.session << list(session_ids)))
    if q:
        query = query.where(called(q) | holds(OptOut.source, q))
    if before:
        query = query.where(OptOut.wish < before)
    return list(query)
