"""The log of what happened, by which streams resume where they stopped."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from peewee import AutoField, CharField, IntegerField, TextField, fn

from .database import Table, TimeField


class LoggedEvent(Table):
    """`body` is JSON text; `seq` is what `Last-Event-ID` carries."""

    seq = AutoField()
    id = CharField()
    kind = CharField()
    session = CharField(default='')
    chat = CharField(default='')
    body = TextField()
    at = TimeField(index=True)


class LogPlace(Table):
    """How far somebody has read the log: the `seq` of the last event that was looked at."""

    reader = CharField(primary_key=True)
    seq = IntegerField()


def place_in_log(reader: str) -> int:
    """-1 before they began."""
    row: LogPlace | None = LogPlace.get_or_none(LogPlace.reader == reader)
    return -1 if row is None else int(row.seq)


def mark_place(reader: str, seq: int) -> None:
    LogPlace.insert(reader=reader, seq=seq).on_conflict_replace().execute()


def events_after(seq: int, limit: int = 500) -> Sequence[LoggedEvent]:
    return list(LoggedEvent.select().where(LoggedEvent.seq > seq).order_by(LoggedEvent.seq).limit(limit))


def latest_events(kinds: Sequence[str], limit: int) -> list[LoggedEvent]:
    """The newest of these kinds, oldest first."""
    query = LoggedEvent.select().where(LoggedEvent.kind << list(kinds)).order_by(LoggedEvent.seq.desc()).limit(limit)
    return list(query)[::-1]


def last_seq() -> int:
    newest: Any = LoggedEvent.select(fn.MAX(LoggedEvent.seq)).scalar()
    return int(newest or 0)


def seq_since(at: datetime) -> int:
    """The place of the first event at that time or later; behind the end when there is none."""
    first: Any = LoggedEvent.select(fn.MIN(LoggedEvent.seq)).where(LoggedEvent.at >= at).scalar()
    return int(first) if first is not None else last_seq() + 1


def first_seq() -> int:
    """0 while nothing has happened."""
    oldest: Any = LoggedEvent.select(fn.MIN(LoggedEvent.seq)).scalar()
    return int(oldest or 0)


def forget_events(before: datetime) -> int:
    """All but the newest: were the table empty, its numbers would begin anew and streams could not resume."""
    newest = LoggedEvent.select(fn.MAX(LoggedEvent.seq))
    gone: int = LoggedEvent.delete().where(LoggedEvent.at < before, LoggedEvent.seq < newest).execute()
    return gone
