"""Hooks: addresses at which other systems tell us something, and what each of them told."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from peewee import (
    SQL,
    AutoField,
    BlobField,
    BooleanField,
    CharField,
    ForeignKeyField,
    IntegerField,
    JSONField,
    TextField,
    fn,
)

from .database import Table, TimeField, as_number, as_time, statement

EventState = Literal['received', 'done', 'skipped', 'duplicate', 'failed', 'tested']
Origin = Literal['live', 'test', 'replay', 'sample']


class Hook(Table):
    """`key_hash`: SHA-256 in hex of the key in its address, `sealed` the key itself and the secrets, as JSON.

    `auth`: {kind, …} without anything secret; `map`: what is done, as core/hooks/mapping.py reads it; `allow_from`:
    networks, [] for all; `once`: a template for the idempotency key, '' for what is usual; `per_minute`: 0 for no
    limit. `previous_until`: until when the secret before the present one is taken as well.
    """

    id = CharField(primary_key=True)
    name = CharField()
    key_hash = CharField(unique=True)
    sealed = TextField()
    auth: Any = JSONField()
    map: Any = JSONField()
    enabled = BooleanField(default=True)
    respond = CharField(default='now')
    per_minute = IntegerField(default=60)
    allow_from: Any = JSONField(default=list)
    once = TextField(default='')
    previous_until = TimeField(null=True)
    created_at = TimeField()
    changed_at = TimeField()


class HookEvent(Table):
    """One call. `headers` and `query` are [name, value] pairs with everything secret in them masked.

    `due_at`: when something is to be done about it; null when nothing is any more. `wishes`: what is to be done, once
    that is settled and some of it has to wait. `results`: one {number, …} for each thing that was done or was not.
    `skip`: the numbers that an earlier try has done already. `repeats`: how often the same came again.
    """

    hook_id: str

    id = CharField(primary_key=True)
    hook = ForeignKeyField(Hook, on_delete='CASCADE', index=False)
    origin = CharField(default='live')
    state = CharField(default='received')
    at = TimeField(index=True)
    due_at = TimeField(null=True)
    settled_at = TimeField(null=True)
    ip = CharField(default='')
    content_type = CharField(default='')
    headers: Any = JSONField(default=list)
    query: Any = JSONField(default=list)
    body = BlobField()
    wishes: Any = JSONField(null=True)
    results: Any = JSONField(default=list)
    skip: Any = JSONField(default=list)
    error = TextField(default='')
    repeats = IntegerField(default=0)
    replay_of = CharField(null=True)

    class Meta:
        indexes = ((('hook', 'id'), False),)


# Small whatever the size of the table: only what still waits for something is in it.
HookEvent.add_index(HookEvent.index(HookEvent.due_at, where=SQL('due_at IS NOT NULL'), name='hook_event_due'))


class HookOnce(Table):
    """What is not to be done a second time before `until`: `key` is a hash of the call, or of a `dedupe_key`."""

    id = AutoField()
    hook = ForeignKeyField(Hook, on_delete='CASCADE', index=False)
    key = CharField()
    event = CharField()
    until = TimeField(index=True)

    class Meta:
        indexes = ((('hook', 'key'), True),)


# ---- hooks


def hooks_in_order() -> list[Hook]:
    """Newest first."""
    return list(Hook.select().order_by(Hook.id.desc()))


def hook_by_id(id: str) -> Hook | None:
    found: Hook | None = Hook.get_or_none(Hook.id == id)
    return found


def hook_exists(id: str) -> bool:
    return bool(statement('SELECT 1 FROM hook WHERE id = ?', id))


def hook_by_key_hash(key_hash: str) -> Hook | None:
    found: Hook | None = Hook.get_or_none(Hook.key_hash == key_hash)
    return found


def add_hook(**values: Any) -> Hook:
    made: Hook = Hook.create(**values)
    return made


def change_hook(id: str, **values: Any) -> bool:
    """False when there is none."""
    return bool(Hook.update(**values).where(Hook.id == id).execute())


def delete_hook(id: str) -> bool:
    """With everything it was told. False when there was none."""
    return bool(Hook.delete().where(Hook.id == id).execute())


def event_counts(since: datetime) -> dict[tuple[str, str], int]:
    """(hook id, state) -> how many came since then."""
    rows: Any = (
        HookEvent.select(HookEvent.hook, HookEvent.state, fn.COUNT(HookEvent.id))
        .where(HookEvent.at >= since)
        .group_by(HookEvent.hook, HookEvent.state)
        .tuples()
    )
    return {(str(hook), str(state)): int(n) for hook, state, n in rows}


def last_events() -> dict[str, datetime]:
    """hook id -> when it was called last."""
    rows = statement(
        "SELECT h.id, (SELECT e.at FROM hook_event e WHERE e.hook_id = h.id AND e.origin <> 'sample'"
        ' ORDER BY e.id DESC LIMIT 1) FROM hook h'
    )
    return {str(hook): as_time(at) for hook, at in rows if at is not None}


# ---- what they were told


def was_seen(hook_id: str, key: str, now: datetime) -> str | None:
    """The id of the event that had this key, while that counts."""
    rows = statement(
        'SELECT event FROM hook_once WHERE hook_id = ? AND key = ? AND until > ?', hook_id, key, as_number(now)
    )
    return str(rows[0][0]) if rows else None


def remember(hook_id: str, key: str, event_id: str, until: datetime) -> None:
    statement(
        'INSERT OR REPLACE INTO hook_once (hook_id, key, event, until) VALUES (?, ?, ?, ?)',
        hook_id, key, event_id, as_number(until),
    )  # fmt: skip


def came_again(event_id: str) -> None:
    statement('UPDATE hook_event SET repeats = repeats + 1 WHERE id = ?', event_id)


def add_event(
    id: str, hook_id: str, *, origin: Origin, state: EventState, at: datetime, due_at: datetime | None, ip: str,
    content_type: str, headers: Sequence[tuple[str, str]], query: Sequence[tuple[str, str]], body: bytes,
    skip: Sequence[int] = (), replay_of: str | None = None,
) -> None:  # fmt: skip
    """Written out, because it is what a caller waits for."""
    statement(
        'INSERT INTO hook_event (id, hook_id, origin, state, at, due_at, ip, content_type, headers, query, body,'
        ' results, skip, error, repeats, replay_of) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
        id, hook_id, origin, state, as_number(at), as_number(due_at), ip, content_type, json.dumps(headers),
        json.dumps(query), body, '[]', json.dumps(list(skip)), '', 0, replay_of,
    )  # fmt: skip


def event_by_id(id: str, *, hook_id: str = '') -> HookEvent | None:
    """With its hook joined; of this hook only, if one is named."""
    query = HookEvent.select(HookEvent, Hook).join(Hook).where(HookEvent.id == id)
    found: HookEvent | None = (query.where(HookEvent.hook == hook_id) if hook_id else query).first()
    return found


def events_of(hook_id: str, *, state: str = '', before: str = '', limit: int = 50) -> list[HookEvent]:
    """Newest first, without their bodies, which may be large; `before` is the id of the last one already shown."""
    fields = [field for field in HookEvent._meta.sorted_fields if field.name != 'body']
    query = HookEvent.select(*fields).where(HookEvent.hook == hook_id).order_by(HookEvent.id.desc()).limit(limit)
    if state:
        query = query.where(HookEvent.state == state)
    if before:
        query = query.where(HookEvent.id < before)
    return list(query)


def due_events(now: datetime, limit: int = 500) -> list[tuple[str, str]]:
    """(event id, hook id) of those about which something is to be done by now, the first due first."""
    rows = statement(
        'SELECT id, hook_id FROM hook_event WHERE due_at IS NOT NULL AND due_at <= ? ORDER BY due_at, id LIMIT ?',
        as_number(now), limit,
    )  # fmt: skip
    return [(str(id), str(hook)) for id, hook in rows]


def claim_event(id: str, *, due: datetime) -> bool:
    """Take what is due since then for oneself, in the write that does it; False when somebody did it already."""
    taken: int = (
        HookEvent.update(due_at=None)
        .where(HookEvent.id == id, HookEvent.state == 'received', HookEvent.due_at == due)
        .execute()
    )
    return taken == 1


def settle_event(id: str, **values: Any) -> None:
    """Inside the write that has claimed it."""
    HookEvent.update(**values).where(HookEvent.id == id).execute()


def forget_hook_events(before: datetime, most: int = 1_000) -> int:
    """At most so many at a time: a long delete would keep everybody else from writing."""
    old = HookEvent.select(HookEvent.id).where(HookEvent.at < before, HookEvent.due_at.is_null()).limit(most)
    gone: int = HookEvent.delete().where(HookEvent.id << old).execute()
    return gone


def forget_onces(now: datetime, most: int = 5_000) -> int:
    old = HookOnce.select(HookOnce.id).where(HookOnce.until <= now).limit(most)
    gone: int = HookOnce.delete().where(HookOnce.id << old).execute()
    return gone
