"""How much a session has sent lately, what WhatsApp limits, and which numbers are there."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from peewee import CharField, CompositeKey, ForeignKeyField, IntegerField, JSONField, TextField

from .database import EPOCH, Table, TimeField, as_number, as_time, statement
from .messages import first_id
from .sessions import Session

MINUTE = 60_000  # milliseconds
LOOKS_BACK = timedelta(days=3)  # for messages that left today; their ids tell when they were written


class SessionLimit(Table):
    """Something WhatsApp itself imposed on a session: `kind` as in core/limits.py, `times` in a row.

    One that is over stays, so that the next one of its kind lasts longer.
    """

    session_id: str

    session = ForeignKeyField(Session, on_delete='CASCADE', index=False)
    kind = CharField()
    until = TimeField()
    since = TimeField()
    sentence = TextField()
    times = IntegerField()

    class Meta:
        primary_key = CompositeKey('session', 'kind')


class SentCount(Table):
    """Messages that left in one minute (counted from 1970): all, those that were no replies, and those to people who
    never wrote.
    """

    session = ForeignKeyField(Session, on_delete='CASCADE', index=False)
    minute = IntegerField()
    total = IntegerField()
    unasked = IntegerField()
    fresh = IntegerField()

    class Meta:
        primary_key = CompositeKey('session', 'minute')


class Pace(Table):
    """When a session last wrote and may write again. `holds`: urgency -> [until in ms, why] of what waits."""

    session = ForeignKeyField(Session, on_delete='CASCADE', primary_key=True)
    last_at = TimeField()
    next_at = TimeField()
    since_pause = IntegerField()
    holds: Any = JSONField()


class KnownNumber(Table):
    """What WhatsApp said about a number (digits): its `address`, '' when it is not there."""

    phone = CharField(primary_key=True)
    address = CharField()
    at = TimeField()


# ---- counting


@dataclass(frozen=True, slots=True, kw_only=True)
class Minute:
    """`at`: its beginning."""

    at: datetime
    total: int
    unasked: int
    fresh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceNow:
    last_at: datetime
    next_at: datetime
    since_pause: int
    holds: Mapping[int, tuple[datetime, str]]


FIRST_PACE = PaceNow(last_at=EPOCH, next_at=EPOCH, since_pause=0, holds={})


def minutes_of(session_id: str, now: datetime) -> list[Minute]:
    """The last 24 hours in which anything was counted, oldest first."""
    rows = statement(
        'SELECT minute, total, unasked, fresh FROM sent_count WHERE session_id = ? AND minute > ? ORDER BY minute',
        session_id,
        _minute(now) - 24 * 60,
    )
    return [
        Minute(at=as_time(minute * MINUTE), total=total, unasked=unasked, fresh=fresh)
        for minute, total, unasked, fresh in rows
    ]


def count_sent(session_id: str, at: datetime, *, total: int, unasked: int, fresh: int) -> None:
    """Negative numbers take back what was counted for a message that did not leave after all."""
    statement(
        'INSERT INTO sent_count (session_id, minute, total, unasked, fresh) VALUES (?, ?, ?, ?, ?)'
        ' ON CONFLICT (session_id, minute) DO UPDATE SET total = max(0, total + excluded.total),'
        ' unasked = max(0, unasked + excluded.unasked), fresh = max(0, fresh + excluded.fresh)',
        session_id,
        _minute(at),
        total,
        unasked,
        fresh,
    )


def recount(session_id: str, now: datetime) -> None:
    """Count again from the messages themselves, for a session that was not counted so far."""
    statement('DELETE FROM sent_count WHERE session_id = ?', session_id)
    statement(
        'INSERT INTO sent_count (session_id, minute, total, unasked, fresh)'
        f' SELECT m.session_id, m.sent_at / {MINUTE}, count(*), sum(c."group" IS NULL AND c.heard_at IS NULL),'
        '  sum(c."group" IS NULL AND c.heard_at IS NULL)'
        ' FROM message m JOIN chat c ON c.id = m.chat_id'
        " WHERE m.session_id = ? AND m.id >= ? AND m.direction = 'out' AND m.author <> 'phone' AND m.sent_at > ?"
        f' GROUP BY m.sent_at / {MINUTE}',
        session_id,
        first_id(now - LOOKS_BACK),
        as_number(now - timedelta(days=1)),
    )


def forget_counts(before: datetime) -> int:
    gone: int = SentCount.delete().where(SentCount.minute < _minute(before)).execute()
    return gone


def pace_of(session_id: str) -> PaceNow:
    rows = statement('SELECT last_at, next_at, since_pause, holds FROM pace WHERE session_id = ?', session_id)
    if not rows:
        return FIRST_PACE
    last_at, next_at, since_pause, holds = rows[0]
    return PaceNow(
        last_at=as_time(last_at),
        next_at=as_time(next_at),
        since_pause=since_pause,
        holds={int(urgency): (as_time(until), why) for urgency, (until, why) in json.loads(holds).items()},
    )


def keep_pace(session_id: str, pace: PaceNow) -> None:
    statement(
        'INSERT INTO pace (session_id, last_at, next_at, since_pause, holds) VALUES (?, ?, ?, ?, ?)'
        ' ON CONFLICT (session_id) DO UPDATE SET last_at = excluded.last_at, next_at = excluded.next_at,'
        ' since_pause = excluded.since_pause, holds = excluded.holds',
        session_id,
        as_number(pace.last_at),
        as_number(pace.next_at),
        pace.since_pause,
        json.dumps({urgency: [as_number(until), why] for urgency, (until, why) in pace.holds.items()}),
    )


def _minute(at: datetime) -> int:
    return (as_number(at) or 0) // MINUTE


# ---- what WhatsApp limits


def limits_of(session_id: str) -> list[SessionLimit]:
    """Also those that are over."""
    return list(SessionLimit.select().where(SessionLimit.session == session_id).order_by(SessionLimit.since))


def keep_limit(session_id: str, kind: str, *, until: datetime, since: datetime, sentence: str, times: int) -> None:
    statement(
        'INSERT INTO session_limit (session_id, kind, until, since, sentence, times) VALUES (?, ?, ?, ?, ?, ?)'
        ' ON CONFLICT (session_id, kind) DO UPDATE SET until = excluded.until, since = excluded.since,'
        ' sentence = excluded.sentence, times = excluded.times',
        session_id,
        kind,
        as_number(until),
        as_number(since),
        sentence,
        times,
    )


# ---- numbers


def known_number(phone: str) -> KnownNumber | None:
    found: KnownNumber | None = KnownNumber.get_or_none(KnownNumber.phone == phone)
    return found


def keep_number(phone: str, address: str, at: datetime) -> None:
    KnownNumber.insert(phone=phone, address=address, at=at).on_conflict_replace().execute()


def doubt_numbers(*phones: str) -> None:
    """They have to be asked for again."""
    KnownNumber.delete().where(KnownNumber.phone << list(phones)).execute()


def forget_numbers(before: datetime) -> int:
    gone: int = KnownNumber.delete().where(KnownNumber.at < before).execute()
    return gone
