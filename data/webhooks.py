"""The addresses of other systems that want to hear what happens here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from peewee import SQL, BooleanField, CharField, FloatField, ForeignKeyField, IntegerField, JSONField, TextField

from .database import Table, TimeField, as_number, statement
from .sessions import Session

WebhookState = Literal['on', 'off', 'disabled']  # switched off by a person, or by us


class Webhook(Table):
    """`session` None: every session. `events` are kinds or patterns, `filters` a list of {path, op, value}.

    `headers`, `secret`, `previous` and `hub_secret` are sealed; the secret before this one signs too until
    `previous_until`. `hub`: whether X-Hub-Signature-256 is sent; without a `hub_secret` the secret signs it.

    `failures` in a row since `failing_since`; `opened_at`: since when only probes are sent, the next at `probe_at`;
    `warned_at`: when it was said that it has failed for long.
    """

    session_id: str | None

    id = CharField(primary_key=True)
    name = CharField()
    url = TextField()
    session = ForeignKeyField(Session, null=True, on_delete='CASCADE')
    events: Any = JSONField()
    filters: Any = JSONField(default=list)
    headers = TextField(default='')
    format = CharField(default='standard')
    ordering = CharField(default='none')
    timeout = IntegerField(default=15)
    concurrency = IntegerField(default=5)
    rate = FloatField(default=20.0)
    secret = TextField()
    previous = TextField(default='')
    previous_until = TimeField(null=True)
    hub = BooleanField(default=False)
    hub_secret = TextField(default='')
    state = CharField(default='on')
    reason = TextField(default='')
    since = TimeField()
    failures = IntegerField(default=0)
    failing_since = TimeField(null=True)
    opened_at = TimeField(null=True)
    probe_at = TimeField(null=True)
    warned_at = TimeField(null=True)
    created_by = CharField(default='')
    created_at = TimeField()
    changed_at = TimeField()


def webhooks(*, session_ids: Sequence[str] | None = None, after: str = '', limit: int = -1) -> list[Webhook]:
    """By id; with `session_ids` only those of these sessions, so none that hears every session."""
    query = Webhook.select().where(Webhook.id > after).order_by(Webhook.id).limit(limit)
    if session_ids is not None:
        query = query.where(Webhook.session << list(session_ids))
    return list(query)


def webhook_by_id(id: str) -> Webhook | None:
    found: Webhook | None = Webhook.get_or_none(Webhook.id == id)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """`failures` in a row; `open`: the circuit is."""

    on: bool
    per_chat: bool
    failures: int
    open: bool


def health_of(id: str) -> Health | None:
    """Cheap enough to be asked for every delivery."""
    rows = statement('SELECT state, ordering, failures, opened_at FROM webhook WHERE id = ?', id)
    if not rows:
        return None
    state, ordering, failures, opened_at = rows[0]
    return Health(on=state == 'on', per_chat=ordering == 'per_chat', failures=failures, open=opened_at is not None)


def switch_webhook(id: str, before: WebhookState, after: WebhookState, *, reason: str, at: datetime) -> bool:
    """With a clean slate for its health; False when it was not `before`."""
    changed = Webhook.update(
        state=after, reason=reason, since=at, failures=0, failing_since=None, opened_at=None, probe_at=None,
        warned_at=None, changed_at=at,
    )  # fmt: skip
    return bool(changed.where(Webhook.id == id, Webhook.state == before).execute())


def note_success(id: str) -> bool:
    """False when it had not failed before."""
    cured = Webhook.update(failures=0, failing_since=None, opened_at=None, probe_at=None, warned_at=None)
    return bool(cured.where(Webhook.id == id, Webhook.failures > 0).execute())


def note_failure(id: str, at: datetime) -> None:
    failed = Webhook.update(
        failures=Webhook.failures + 1, failing_since=SQL('coalesce(failing_since, ?)', [as_number(at)])
    )
    failed.where(Webhook.id == id).execute()


def open_circuit(id: str, at: datetime, probe_at: datetime) -> bool:
    """False when it is open already."""
    opened = Webhook.update(opened_at=at, probe_at=probe_at)
    return bool(opened.where(Webhook.id == id, Webhook.opened_at.is_null()).execute())


def take_probe(id: str, now: datetime, next_at: datetime) -> bool:
    """The turn of one probe; False when it is not time yet, or somebody else has it."""
    taken = Webhook.update(probe_at=next_at)
    return bool(taken.where(Webhook.id == id, Webhook.state == 'on', Webhook.probe_at <= now).execute())


def note_warned(id: str, at: datetime) -> bool:
    warned = Webhook.update(warned_at=at)
    return bool(warned.where(Webhook.id == id, Webhook.warned_at.is_null()).execute())


def probes_due(now: datetime) -> list[str]:
    return [str(row.id) for row in Webhook.select(Webhook.id).where(Webhook.state == 'on', Webhook.probe_at <= now)]
