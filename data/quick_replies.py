"""Texts that are written again and again, by a short key."""

from datetime import datetime

from peewee import CharField, TextField

from .database import Table, TimeField


class QuickReply(Table):
    """`text` is a template for core/fill.py."""

    key = CharField(primary_key=True)
    text = TextField()
    created_at = TimeField()
    changed_at = TimeField()


def quick_replies(limit: int = -1, *, after: str = '') -> list[QuickReply]:
    """By key; `after` is the last one already shown."""
    return list(QuickReply.select().where(QuickReply.key > after).order_by(QuickReply.key).limit(limit))


def quick_reply(key: str) -> QuickReply | None:
    found: QuickReply | None = QuickReply.get_or_none(QuickReply.key == key)
    return found


def put_quick_reply(key: str, text: str, at: datetime) -> bool:
    """True when it is new, False when it was there and has another text now."""
    if QuickReply.update(text=text, changed_at=at).where(QuickReply.key == key).execute():
        return False
    QuickReply.create(key=key, text=text, created_at=at, changed_at=at)
    return True


def delete_quick_reply(key: str) -> bool:
    """False when there was none."""
    return bool(QuickReply.delete().where(QuickReply.key == key).execute())
