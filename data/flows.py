"""Flows, and one row for every time one of them ran or was kept from running."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from peewee import BooleanField, CharField, IntegerField, JSONField, TextField, fn

from .chats import Chat
from .database import Table, TimeField


class Flow(Table):
    """`document` is the flow as its author wrote it; `problem` is why it cannot run, '' when it can."""

    key = CharField(primary_key=True)
    name = CharField()
    document: Any = JSONField()
    enabled = BooleanField(default=True)
    priority = IntegerField(default=100)
    version = IntegerField(default=1)
    problem = TextField(default='')
    created_at = TimeField()
    changed_at = TimeField()


class Run(Table):
    """The trace of one decision about one message. `steps` is a list of {path, text, result, ms}."""

    id = CharField(primary_key=True)
    flow = CharField(null=True, index=True)
    version = IntegerField(default=0)
    message = CharField(index=True)
    chat = CharField(index=True)
    state = CharField()
    detail = TextField(default='')
    steps: Any = JSONField(default=list)
    started_at = TimeField()
    finished_at = TimeField()

    class Meta:
        indexes = ((('flow', 'state', 'id'), False),)


def flows_in_order() -> list[Flow]:
    return list(Flow.select().order_by(Flow.priority, Flow.key))


def runs_of_message(message_id: str) -> list[Run]:
    return list(Run.select().where(Run.message == message_id).order_by(Run.id))


def latest_runs(
    *,
    flow: str = '',
    began: bool = False,
    session_ids: Sequence[str] | None = None,
    before: str = '',
    limit: int = 50,
) -> list[Run]:
    """Newest first; `session_ids` None means every session, `before` is the id of the last one already shown.

    `began`: only where a flow fitted, whatever became of it.
    """
    query = _runs(session_ids).order_by(Run.id.desc()).limit(limit)
    if began:
        query = query.where(Run.flow.is_null(False))
    if flow:
        query = query.where(Run.flow == flow)
    if before:
        query = query.where(Run.id < before)
    return list(query)


def run_by_id(id: str, *, session_ids: Sequence[str] | None = None) -> Run | None:
    found: Run | None = _runs(session_ids).where(Run.id == id).first()
    return found


def _runs(session_ids: Sequence[str] | None) -> Any:
    query = Run.select()
    if session_ids is None:
        return query
    return query.where(Run.chat << Chat.select(Chat.id).where(Chat.session << list(session_ids)))


def run_counts(states: Sequence[str] = ('finished', 'error')) -> dict[tuple[str, str], int]:
    """(flow key, state) -> how often."""
    rows: Any = (
        Run.select(Run.flow, Run.state, fn.COUNT(Run.id))
        .where(Run.state << list(states))
        .group_by(Run.flow, Run.state)
        .tuples()
    )
    return {(str(flow), str(state)): int(n) for flow, state, n in rows}


def forget_runs(before: datetime, most: int = 5_000) -> int:
    """At most so many at a time: a long delete would keep everybody else from writing."""
    old = Run.select(Run.id).where(Run.finished_at < before).limit(most)
    gone: int = Run.delete().where(Run.id << old).execute()
    return gone


def same_runs(*, keep: str, gone: str) -> None:
    """Two chats were one."""
    Run.update(chat=keep).where(Run.chat == gone).execute()
