"""What each webhook is to be told, and every attempt to tell it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from peewee import (
    SQL,
    AutoField,
    BlobField,
    BooleanField,
    CharField,
    CompositeKey,
    ForeignKeyField,
    IntegerField,
    JSONField,
    TextField,
    fn,
)

from .database import Table, TimeField, as_number, as_time, statement
from .webhooks import Webhook

DeliveryState = Literal['pending', 'leased', 'retrying', 'paused', 'delivered', 'dead']
# Written exactly so in queries too: only then SQLite looks into the small indexes below.
OPEN = "state IN ('pending', 'leased', 'retrying')"
WAITING = "state IN ('pending', 'retrying')"


class Delivery(Table):
    """One event for one webhook. `body` is what is sent, the same bytes at every attempt; it stands last because it
    is long and lists do not read it.

    `attempts` counts claims and so tells them apart; `step` is how far it is in the table of retries. `due`: not before
    that. `trigger`: why the next attempt is made. `skipped`: later ones of its chat no longer wait for it; `first_at`:
    when it first failed. `status`, `error` and `ms` are of the last attempt.
    """

    webhook_id: str

    id = CharField(primary_key=True)
    webhook = ForeignKeyField(Webhook, on_delete='CASCADE', index=False)
    event_id = CharField()
    kind = CharField()
    session = CharField(default='')
    chat = CharField(default='')
    about = CharField(default='')
    sequence = IntegerField(default=0)
    state = CharField()
    due = TimeField()
    lease_until = TimeField(null=True)
    attempts = IntegerField(default=0)
    step = IntegerField(default=0)
    trigger = CharField(default='event')
    skipped = BooleanField(default=False)
    first_at = TimeField(null=True)
    status = IntegerField(default=0)
    error = CharField(default='')
    ms = IntegerField(default=0)
    created_at = TimeField()
    ended_at = TimeField(null=True)
    body = BlobField()

    class Meta:
        indexes = ((('webhook', 'id'), False), (('webhook', 'state', 'id'), False), (('webhook', 'event_id'), True))


# Small whatever the size of the table: only what is still to be told is in them.
Delivery.add_index(
    Delivery.index(Delivery.webhook, Delivery.due, Delivery.id, where=SQL(WAITING), name='delivery_due')
)  # fmt: skip
Delivery.add_index(Delivery.index(Delivery.webhook, Delivery.chat, Delivery.id, where=SQL(OPEN), name='delivery_open'))
Delivery.add_index(Delivery.index(Delivery.lease_until, where=SQL("state = 'leased'"), name='delivery_lease'))
Delivery.add_index(Delivery.index(Delivery.ended_at, where=SQL('ended_at IS NOT NULL'), name='delivery_ended'))


class Attempt(Table):
    """One try. `n` as in Delivery.attempts, `status` 0 and `error` a class when no answer came, `address` who it was.

    Headers are [name, value] pairs, secrets in them masked; `answer` is the beginning of the body that came back.
    """

    id = AutoField()
    delivery = ForeignKeyField(Delivery, on_delete='CASCADE')
    n = IntegerField()
    trigger = CharField()
    at = TimeField()
    ms = IntegerField()
    address = CharField(default='')
    status = IntegerField(default=0)
    error = CharField(default='')
    detail = TextField(default='')
    headers: Any = JSONField(default=list)
    answer_headers: Any = JSONField(default=list)
    answer = TextField(default='')


class ChatSequence(Table):
    """How many deliveries about a chat a webhook has got."""

    webhook = ForeignKeyField(Webhook, on_delete='CASCADE', index=False)
    chat = CharField()
    last = IntegerField()

    class Meta:
        primary_key = CompositeKey('webhook', 'chat')


@dataclass(slots=True, kw_only=True)
class Parcel:
    """A delivery that is claimed: nobody else sends it until its lease is over. `n` names this attempt."""

    id: str
    webhook_id: str
    kind: str
    chat: str
    n: int
    step: int
    trigger: str
    body: bytes
    first_at: datetime | None = None


_PARCEL = 'id, webhook_id, kind, chat, attempts, step, "trigger", body, first_at'


def _parcel(row: tuple[Any, ...]) -> Parcel:
    id, webhook_id, kind, chat, attempts, step, trigger, body, first_at = row
    return Parcel(
        id=id, webhook_id=webhook_id, kind=kind, chat=chat, n=attempts, step=step, trigger=trigger, body=bytes(body),
        first_at=None if first_at is None else as_time(first_at),
    )  # fmt: skip


# ---- inside a write: what comes in


def next_sequence(webhook_id: str, chat: str) -> int:
    rows = statement(
        'INSERT INTO chat_sequence (webhook_id, chat, "last") VALUES (?, ?, 1)'
        ' ON CONFLICT (webhook_id, chat) DO UPDATE SET "last" = "last" + 1 RETURNING "last"',
        webhook_id, chat,
    )  # fmt: skip
    return int(rows[0][0])


def has_open(webhook_id: str, chat: str) -> bool:
    """Whether something about this chat is still to be told; what was skipped does not count."""
    return bool(
        statement(
            f'SELECT 1 FROM delivery WHERE webhook_id = ? AND chat = ? AND {OPEN} AND skipped = 0 LIMIT 1',
            webhook_id, chat,
        )
    )  # fmt: skip


def add_delivery(
    parcel: Parcel, *, event_id: str, session: str, about: str, sequence: int, state: DeliveryState, due: datetime,
    at: datetime, lease_until: datetime | None = None,
) -> bool:  # fmt: skip
    """False when this webhook has this event already. `parcel.n` is 1 when it is leased from the start, else 0."""
    rows = statement(
        'INSERT INTO delivery (id, webhook_id, event_id, kind, session, chat, about, sequence, state, due, lease_until,'
        ' attempts, step, "trigger", skipped, status, error, ms, created_at, body)'
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, 0, 0, '', 0, ?, ?)"
        ' ON CONFLICT (webhook_id, event_id) DO NOTHING RETURNING id',
        parcel.id, parcel.webhook_id, event_id, parcel.kind, session, parcel.chat, about, sequence, state,
        as_number(due), as_number(lease_until), parcel.n, parcel.trigger, as_number(at), parcel.body,
    )  # fmt: skip
    return bool(rows)


# ---- inside a write: claiming


def claim(webhook_id: str, limit: int, *, now: datetime, until: datetime, per_chat: bool) -> list[Parcel]:
    """The longest waiting that are due. `per_chat`: of each chat only the first that is still to be told."""
    alone = _FIRST_OF_CHAT if per_chat else ''
    rows = statement(
        f"UPDATE delivery SET state = 'leased', lease_until = ?, attempts = attempts + 1 WHERE id IN"
        f' (SELECT id FROM delivery d WHERE d.webhook_id = ? AND d.{WAITING} AND d.due <= ? {alone}'
        f' ORDER BY d.due, d.id LIMIT ?) RETURNING {_PARCEL}',
        as_number(until), webhook_id, as_number(now), limit,
    )  # fmt: skip
    return sorted(map(_parcel, rows), key=lambda each: each.id)


_FIRST_OF_CHAT = (
    "AND (d.chat = '' OR d.skipped = 1 OR NOT EXISTS (SELECT 1 FROM delivery e WHERE e.webhook_id = d.webhook_id"
    f' AND e.chat = d.chat AND e.{OPEN} AND e.skipped = 0 AND e.id < d.id))'
)


def claim_one(id: str, *, until: datetime, trigger: str) -> Parcel | None:
    """This one now, whenever it would be due and whatever its end was. None when it is being sent at this moment."""
    rows = statement(
        "UPDATE delivery SET state = 'leased', lease_until = ?, attempts = attempts + 1, step = CASE WHEN"
        f" ended_at IS NULL THEN step ELSE 0 END, ended_at = NULL, skipped = 1, \"trigger\" = ? WHERE id = ? AND"
        f" state != 'leased' RETURNING {_PARCEL}",
        as_number(until), trigger, id,
    )  # fmt: skip
    return _parcel(rows[0]) if rows else None


def claim_for_probe(webhook_id: str, *, until: datetime) -> Parcel | None:
    """What is due first, whenever that is; one that fails for its own sake lets others have their turn."""
    rows = statement(
        "UPDATE delivery SET state = 'leased', lease_until = ?, attempts = attempts + 1, \"trigger\" = 'probe' WHERE id"
        f' = (SELECT id FROM delivery d WHERE d.webhook_id = ? AND d.{WAITING} ORDER BY d.due, d.id LIMIT 1)'
        f' RETURNING {_PARCEL}',
        as_number(until), webhook_id,
    )  # fmt: skip
    return _parcel(rows[0]) if rows else None


def give_back(id: str, n: int, state: DeliveryState) -> bool:
    """A claim that was not used, as if it had never been."""
    return bool(
        statement(
            'UPDATE delivery SET state = ?, lease_until = NULL, attempts = attempts - 1'
            " WHERE id = ? AND state = 'leased' AND attempts = ? RETURNING id",
            state, id, n,
        )
    )  # fmt: skip


def free_leases(before: datetime | None, now: datetime) -> int:
    """What was being sent is to be sent again, once its lease is over; None: all, nobody sends any more."""
    overdue = 'AND lease_until < ?' if before is not None else 'AND ? IS NULL'
    return len(
        statement(
            f"UPDATE delivery SET state = 'pending', due = ?, lease_until = NULL WHERE state = 'leased' {overdue}"
            ' RETURNING id',
            as_number(now), as_number(before),
        )
    )  # fmt: skip


# ---- inside a write: what became of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    state: DeliveryState
    due: datetime
    step: int
    at: datetime
    status: int
    error: str
    ms: int


def settle(id: str, n: int, said: Outcome) -> bool:
    """False when this claim was over meanwhile: then somebody else's outcome stands."""
    return bool(
        statement(
            'UPDATE delivery SET state = ?, due = ?, step = ?, lease_until = NULL, status = ?, error = ?, ms = ?,'
            " \"trigger\" = 'retry', first_at = coalesce(first_at, ?), ended_at = ?"
            " WHERE id = ? AND state = 'leased' AND attempts = ? RETURNING id",
            said.state, as_number(said.due), said.step, said.status, said.error, said.ms, as_number(said.at),
            as_number(said.at) if said.state in ('delivered', 'dead') else None, id, n,
        )
    )  # fmt: skip


def add_attempt(
    delivery_id: str, *, n: int, trigger: str, at: datetime, ms: int, address: str, status: int, error: str,
    detail: str, headers: str, answer_headers: str, answer: str,
) -> None:  # fmt: skip
    """Headers come as JSON text."""
    statement(
        'INSERT INTO attempt (delivery_id, n, "trigger", at, ms, address, status, error, detail, headers,'
        ' answer_headers, answer) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
        delivery_id, n, trigger, as_number(at), ms, address, status, error, detail, headers, answer_headers, answer,
    )  # fmt: skip


# ---- inside a write: whole backlogs


def pause_open(webhook_id: str) -> int:
    return _move(webhook_id, WAITING, 'paused')


def resume_paused(webhook_id: str, now: datetime) -> int:
    """Everything that waited, from the beginning of its retries."""
    paused = Delivery.update(state='pending', due=now, step=0, first_at=None, skipped=False)
    return int(paused.where(Delivery.webhook == webhook_id, Delivery.state == 'paused').execute())


def discard_paused(webhook_id: str, now: datetime, *, before: datetime | None = None) -> int:
    """They end as dead, and may still be replayed; `before`: only older ones."""
    query = Delivery.update(state='dead', error='discarded', ended_at=now).where(
        Delivery.webhook == webhook_id, Delivery.state == 'paused'
    )
    return int((query if before is None else query.where(Delivery.created_at < before)).execute())


def hurry(webhook_id: str, now: datetime) -> int:
    """What waits for another try is due now."""
    return len(
        statement(
            f'UPDATE delivery SET due = ? WHERE webhook_id = ? AND {WAITING} AND due > ? RETURNING id',
            as_number(now), webhook_id, as_number(now),
        )
    )  # fmt: skip


def skip_blocking(webhook_id: str, before: datetime) -> list[str]:
    """Mark those that have failed since before then and keep others of their chat waiting; returns the chats."""
    rows = statement(
        f"UPDATE delivery AS d SET skipped = 1 WHERE d.webhook_id = ? AND d.chat != '' AND d.state = 'retrying'"
        ' AND d.skipped = 0 AND d.first_at < ?'
        f' AND EXISTS (SELECT 1 FROM delivery e WHERE e.webhook_id = d.webhook_id AND e.chat = d.chat AND e.{OPEN}'
        ' AND e.id > d.id) RETURNING chat',
        webhook_id, as_number(before),
    )  # fmt: skip
    return sorted({str(chat) for (chat,) in rows})


def first_of_chat(webhook_id: str, chat: str) -> tuple[str, bytes, int] | None:
    """(id, body, attempts so far) of the first that is still to be told and was not skipped."""
    rows = statement(
        f'SELECT id, body, attempts FROM delivery WHERE webhook_id = ? AND chat = ? AND {OPEN} AND skipped = 0'
        ' ORDER BY id LIMIT 1',
        webhook_id, chat,
    )  # fmt: skip
    return (str(rows[0][0]), bytes(rows[0][1]), int(rows[0][2])) if rows else None


def put_body(id: str, body: bytes) -> None:
    """Only for what has never been sent: afterwards the bytes stay as they are."""
    statement('UPDATE delivery SET body = ? WHERE id = ? AND attempts = 0', body, id)


def replay_rows(ids: Sequence[tuple[str, datetime]]) -> int:
    """Each from the beginning at its moment; what is on its way already stays so."""
    return sum(
        Delivery.update(
            state='pending', due=due, step=0, trigger='manual', ended_at=None, first_at=None, skipped=True
        )
        .where(Delivery.id == id, Delivery.state != 'leased')
        .execute()
        for id, due in ids
    )  # fmt: skip


def forget_deliveries(delivered_before: datetime, dead_before: datetime, most: int = 2_000) -> int:
    """With their attempts; at most so many at a time."""
    old = (
        Delivery.select(Delivery.id)
        .where(
            ((Delivery.ended_at < delivered_before) & (Delivery.state == 'delivered'))
            | ((Delivery.ended_at < dead_before) & (Delivery.state == 'dead'))
        )
        .limit(most)
    )
    gone = int(Delivery.delete().where(Delivery.id << old).execute())
    every = Webhook.select(Webhook.id)  # with it SQLite looks into the index, not through all that was ever told
    paused = Delivery.select(Delivery.id).where(
        Delivery.webhook << every, Delivery.state == 'paused', Delivery.created_at < dead_before
    )
    return gone + int(Delivery.delete().where(Delivery.id << paused.limit(most)).execute())


def _move(webhook_id: str, which: str, state: DeliveryState) -> int:
    return len(
        statement(f'UPDATE delivery SET state = ? WHERE webhook_id = ? AND {which} RETURNING id', state, webhook_id)
    )


# ---- questions


def behind(now: datetime) -> list[str]:
    """Ids of the webhooks that have something due."""
    rows = statement(
        'SELECT id FROM webhook w WHERE w.state = ? AND EXISTS'
        f' (SELECT 1 FROM delivery d WHERE d.webhook_id = w.id AND d.{WAITING} AND d.due <= ?)',
        'on', as_number(now),
    )  # fmt: skip
    return [str(id) for (id,) in rows]


def expired_leases(now: datetime) -> bool:
    return bool(statement("SELECT 1 FROM delivery WHERE state = 'leased' AND lease_until < ? LIMIT 1", as_number(now)))


LISTED = tuple(field for field in Delivery._meta.sorted_fields if field.name != 'body')
GROUPS: dict[str, tuple[DeliveryState, ...]] = {
    'waiting': ('pending', 'leased', 'retrying', 'paused'), 'delivered': ('delivered',), 'dead': ('dead',),
    'failed': ('retrying', 'dead'),
}  # fmt: skip


def deliveries(
    webhook_id: str, *, states: Sequence[str] = (), kind: str = '', chat: str = '', since: datetime | None = None,
    until: datetime | None = None, before: str = '', limit: int = 50,
) -> list[Delivery]:  # fmt: skip
    """Newest first, without their bodies."""
    query = Delivery.select(*LISTED).where(Delivery.webhook == webhook_id)
    if kind:
        query = query.where(Delivery.kind == kind)
    if chat:
        query = query.where(Delivery.chat == chat)
    if since is not None:
        query = query.where(Delivery.created_at >= since)
    if until is not None:
        query = query.where(Delivery.created_at < until)
    if before:
        query = query.where(Delivery.id < before)
    query = query.order_by(Delivery.id.desc()).limit(limit)
    if not states:
        return list(query)
    # State by state: few that wait among very many that arrived are found by the index.
    found = [row for state in states for row in query.where(Delivery.state == state)]
    return sorted(found, key=lambda row: str(row.id), reverse=True)[:limit]


def delivery_by_id(id: str) -> Delivery | None:
    """With its webhook joined."""
    found: Delivery | None = Delivery.select(Delivery, Webhook).join(Webhook).where(Delivery.id == id).first()
    return found


def attempts_of(delivery_id: str) -> list[Attempt]:
    """Newest first."""
    return list(Attempt.select().where(Attempt.delivery == delivery_id).order_by(Attempt.id.desc()))


def counts_of(webhook_id: str, since: datetime | None = None) -> dict[str, int]:
    """State -> how many."""
    query = Delivery.select(Delivery.state, fn.COUNT(Delivery.id)).where(Delivery.webhook == webhook_id)
    if since is not None:
        query = query.where(Delivery.created_at >= since)
    rows: Any = query.group_by(Delivery.state).tuples()
    return {str(state): int(n) for state, n in rows}


def told_events(webhook_id: str, event_ids: Sequence[str]) -> set[str]:
    """Which of these events this webhook has a delivery for."""
    rows = Delivery.select(Delivery.event_id).where(
        Delivery.webhook == webhook_id, Delivery.event_id << list(event_ids)
    )
    return {str(row.event_id) for row in rows}
