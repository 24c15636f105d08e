"""Runs of flows: those under way, those that wait, and what is written down of those that are over."""

import itertools
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Literal

from peewee import SQL, CharField, IntegerField, JSONField, TextField, fn

from .chats import Chat
from .database import Table, TimeField, as_number, as_time, statement


class Run(Table):
    """One run, or one decision not to run (then `flow` may be NULL and there is nothing but its trace).

    `trigger` is {id, type, …}, of a decision {run} when a run waited for the message; `steps` is the trace, {path,
    text, at, …} each. `scope` is what its mode counts by.
    `position`, `variables`, `loops` and `taken` are where it stands; see flows/state.py. `turn` grows with every
    change of an open run: whoever holds an older one has been overtaken. A waiting run is woken at `resume_at`, or
    by `wait_kind` and `wait_key`; `woken` is what woke it last, {by, facts}, and `past` once it has gone on from
    there. `parent` is the run that called it, `correlation` ties together all that one occasion brought about,
    `depth` counts how far down it is.
    """

    id = CharField(primary_key=True)
    flow = CharField(null=True)
    version = IntegerField(default=0)
    trigger: Any = JSONField(default=dict)
    session = CharField(null=True)
    message = CharField(null=True, index=True)
    chat = CharField(null=True)
    contact = CharField(null=True)
    state = CharField()
    detail = TextField(default='')
    steps: Any = JSONField(default=list)
    scope = CharField(default='')
    correlation = CharField(default='')
    parent = CharField(null=True)
    depth = IntegerField(default=0)
    position = CharField(default='')
    variables: Any = JSONField(default=dict)
    loops: Any = JSONField(default=dict)
    taken = IntegerField(default=0)
    turn = IntegerField(default=0)
    wait_kind = CharField(default='')
    wait_key = CharField(default='')
    resume_at = TimeField(null=True)
    woken: Any = JSONField(null=True)
    started_at = TimeField()
    expires_at = TimeField(null=True)
    finished_at = TimeField(null=True)

    class Meta:
        indexes = (
            (('flow', 'state', 'id'), False),
            (('flow', 'contact', 'id'), False),
            (('chat', 'id'), False),
            (('state', 'id'), False),
        )


# Only what is under way is in them, so that waking costs nothing however many runs are over.
Run.add_index(Run.index(Run.resume_at, where=SQL("state = 'waiting'"), name='run_due'))
Run.add_index(Run.index(Run.wait_kind, Run.wait_key, where=SQL("state = 'waiting'"), name='run_waits'))
Run.add_index(
    Run.index(Run.flow, Run.scope, Run.id, where=SQL("state IN ('queued', 'running', 'waiting')"), name='run_open')
)
Run.add_index(Run.index(Run.finished_at, where=SQL('finished_at IS NOT NULL'), name='run_finished'))
Run.add_index(Run.index(Run.parent, where=SQL('parent IS NOT NULL'), name='run_parent'))
OPEN = "state IN ('queued', 'running', 'waiting')"


EMPTY: dict[str, Any] = {
    'version': 0, 'trigger': {}, 'detail': '', 'steps': [], 'scope': '', 'correlation': '', 'depth': 0, 'position': '',
    'variables': {}, 'loops': {}, 'taken': 0, 'turn': 0, 'wait_kind': '', 'wait_key': '',
}  # fmt: skip
AS_JSON = ('trigger', 'steps', 'variables', 'loops', 'woken')
TIMES = ('resume_at', 'started_at', 'expires_at', 'finished_at')


def insert_run(**values: Any) -> None:
    """A new one, by the names of its columns; written out, since answers wait for it."""
    told = {**EMPTY, **values}
    names = ', '.join(f'"{name}"' for name in told)
    statement(
        f'INSERT INTO run ({names}) VALUES ({", ".join("?" * len(told))})',
        *(_as_kept(name, value) for name, value in told.items()),
    )


def _as_kept(name: str, value: Any) -> Any:
    if name in AS_JSON:
        return None if value is None else json.dumps(value)
    return as_number(value) if name in TIMES else value


def add_decision(
    id: str, *, message: str, chat: str, session: str, state: str, detail: str, steps: list[dict[str, Any]],
    at: datetime, flow: str | None = None, version: int = 0, run: str = '',
) -> None:  # fmt: skip
    """A message that started nothing; written out, since most messages are such. `run`: the one it was for."""
    statement(
        'INSERT INTO run (id, flow, version, "trigger", session, message, chat, state, detail, steps, scope,'
        ' correlation, depth, position, variables, loops, taken, turn, wait_kind, wait_key, started_at, finished_at)'
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', '', 0, '', '{}', '{}', 0, 0, '', '', ?, ?)",
        id,
        flow,
        version,
        json.dumps({'run': run} if run else {}),
        session,
        message,
        chat,
        state,
        detail,
        json.dumps(steps),
        as_number(at),
        as_number(at),
    )


COLUMNS = tuple(field.column_name for field in Run._meta.sorted_fields)
SELECTED = ', '.join(f'"{name}"' for name in COLUMNS)


def run_at(id: str) -> Run | None:
    """One run by its id, read without wording the question anew; thousands may be asked for in a second."""
    rows = statement(f'SELECT {SELECTED} FROM run WHERE id = ?', id)
    return (
        Run(**{name: _from_kept(name, value) for name, value in zip(COLUMNS, rows[0], strict=True)}) if rows else None
    )


def _from_kept(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in AS_JSON:
        return json.loads(value)
    return as_time(value) if name in TIMES else value


def claim_run(
    id: str, states: Sequence[str], turn: int | None = None, *, woken: dict[str, Any] | None = None
) -> int | None:
    """Take an open run on: its new turn, or None when somebody else already did."""
    rows = statement(
        "UPDATE run SET state = 'running', turn = turn + 1, wait_kind = '', wait_key = '', resume_at = NULL,"
        ' woken = coalesce(?, woken)'
        f' WHERE id = ? AND state IN ({", ".join("?" * len(states))}) AND turn = coalesce(?, turn) RETURNING turn',
        None if woken is None else json.dumps(woken),
        id,
        *states,
        turn,
    )
    return int(rows[0][0]) if rows else None


def save_run(id: str, turn: int, **values: Any) -> bool:
    """Write down how far a claimed run got; False when it was overtaken (cancelled, or woken otherwise)."""
    told = ', '.join(f'"{name}" = ?' for name in values)
    rows = statement(
        f"UPDATE run SET {told} WHERE id = ? AND turn = ? AND state = 'running' RETURNING 1",
        *(_as_kept(name, value) for name, value in values.items()),
        id,
        turn,
    )
    return bool(rows)


def open_runs(flow: str, scope: str) -> list[tuple[str, str]]:
    """(id, state) of the runs of this flow that are under way in this scope, the oldest first."""
    rows = statement(f'SELECT id, state FROM run WHERE flow = ? AND scope = ? AND {OPEN} ORDER BY id', flow, scope)
    return [(str(id), str(state)) for id, state in rows]


def end_run(id: str, state: str, detail: str, at: datetime) -> bool:
    """From outside: cancelled, timed out. False when it was over already."""
    ended: int = (
        Run.update(state=state, detail=detail, finished_at=at, turn=Run.turn + 1, wait_kind='', wait_key='')
        .where(Run.id == id, Run.state << ['queued', 'running', 'waiting'])
        .execute()
    )
    return bool(ended)


def open_runs_of(flow: str) -> list[str]:
    """Ids of all its runs that are under way, the newest first."""
    rows = statement(f'SELECT id FROM run WHERE flow = ? AND {OPEN} ORDER BY id DESC', flow)
    return [str(id) for (id,) in rows]


def children_of(id: str) -> list[Run]:
    """The runs that this one called, in that order."""
    return list(Run.select().where(Run.parent == id).order_by(Run.id))


def due_runs(now: datetime, limit: int = 2_000) -> list[tuple[str, str | None, int]]:
    """(id, chat id, turn) of waiting runs whose moment has come."""
    rows = statement(
        "SELECT id, chat, turn FROM run WHERE state = 'waiting' AND resume_at <= ? ORDER BY resume_at LIMIT ?",
        as_number(now),
        limit,
    )
    return [(str(id), chat, int(turn)) for id, chat, turn in rows]


def waiting_for(kind: str, key: str) -> list[Run]:
    """Waiting runs that this wakes, the newest first."""
    if not is_awaited(kind, key):  # every message asks, and hardly ever anybody waits
        return []
    return list(
        Run.select().where(Run.state == 'waiting', Run.wait_kind == kind, Run.wait_key == key).order_by(Run.id.desc())
    )


def is_awaited(kind: str, key: str) -> bool:
    return bool(statement(
        "SELECT 1 FROM run WHERE state = 'waiting' AND wait_kind = ? AND wait_key = ? LIMIT 1", kind, key
    ))  # fmt: skip


def runs_at_work() -> list[tuple[str, str | None, str, int]]:
    """(id, chat id, state, turn) of what somebody should have in hand: all that run, and the first of each queue."""
    rows = statement(
        "SELECT id, chat, state, turn FROM run WHERE state = 'running' UNION ALL"
        " SELECT id, chat, state, turn FROM run r WHERE r.state = 'queued' AND NOT EXISTS"
        f' (SELECT 1 FROM run o WHERE o.flow = r.flow AND o.scope = r.scope AND o.{OPEN}'
        " AND (o.state <> 'queued' OR o.id < r.id)) ORDER BY 1"
    )
    return [(str(id), chat, str(state), int(turn)) for id, chat, state, turn in rows]


def depth_of(flow: str, chat_id: str) -> int:
    """Of its latest run in this chat."""
    rows = statement('SELECT depth FROM run WHERE chat = ? AND flow = ? ORDER BY id DESC LIMIT 1', chat_id, flow)
    return int(rows[0][0]) if rows else 0


STARTED = "('finished', 'stopped', 'error', 'timeout', 'cancelled', 'queued', 'running', 'waiting')"


Per = Literal['contact', 'chat', 'session', 'flow']


def last_start(flow: str, per: Per, id: str) -> datetime | None:
    """When this flow last really ran for this contact, chat or session; `id` does not matter per flow."""
    row = _starts(flow, per, id).select(Run.started_at).order_by(Run.id.desc()).first()
    return row.started_at if row else None


def starts_since(flow: str, per: Per, id: str, since: datetime, most: int) -> int:
    """How often it ran for them, counted up to `most`."""
    return int(_starts(flow, per, id).where(Run.started_at >= since).limit(most).count())


def _starts(flow: str, per: Per, id: str) -> Any:
    query = Run.select(Run.id).where(Run.flow == flow, SQL(f'state IN {STARTED}'))
    return query if per == 'flow' else query.where(getattr(Run, per) == id)


def misses_in_a_row(chat_id: str, most: int) -> int:
    """How many of the latest messages of a chat nothing answered but the flows for just that, counted up to `most`."""
    rows = statement(
        "SELECT message, state IN ('not_triggered', 'failed_conditions', 'suppressed_cooldown')"
        " OR json_extract(\"trigger\", '$.type') = 'unanswered' FROM run WHERE chat = ? ORDER BY id DESC LIMIT ?",
        chat_id,
        5 * most,  # a message may have several
    )
    messages = itertools.groupby(rows, key=lambda row: row[0])
    missed = itertools.takewhile(lambda group: all(miss for _, miss in group[1]), messages)
    return min(sum(1 for _ in missed), most)


def is_running(id: str, turn: int) -> bool:
    """Whether a claim still holds."""
    return bool(statement("SELECT 1 FROM run WHERE id = ? AND turn = ? AND state = 'running'", id, turn))


def has_unrouted(chat_id: str) -> bool:
    """Whether a message of this chat is still to be looked at."""
    return bool(statement('SELECT 1 FROM message WHERE routed = 0 AND chat_id = ? LIMIT 1', chat_id))


def runs_of_message(message_id: str) -> list[Run]:
    return list(Run.select().where(Run.message == message_id).order_by(Run.id))


def latest_runs(
    *,
    flow: str = '',
    state: str = '',
    chat: str = '',
    message: str = '',
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
    if state:
        query = query.where(Run.state == state)
    if chat:
        query = query.where(Run.chat == chat)
    if message:
        query = query.where(Run.message == message)
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
    of_chat = Run.chat << Chat.select(Chat.id).where(Chat.session << list(session_ids))
    return query.where(of_chat | (Run.chat.is_null() & (Run.session << list(session_ids))))


def run_counts(states: Sequence[str] = ('finished', 'stopped', 'error')) -> dict[tuple[str, str], int]:
    """(flow key, state) -> how often."""
    rows: Any = (
        Run.select(Run.flow, Run.state, fn.COUNT(Run.id))
        .where(Run.state << list(states))
        .group_by(Run.flow, Run.state)
        .tuples()
    )
    return {(str(flow), str(state)): int(n) for flow, state, n in rows}


def forget_runs(before: datetime, most: int = 5_000, *, each: int = 20_000) -> int:
    """Those that were over by then, and of every flow's every outcome all but the newest `each`.

    So no flood of one kind takes the place of another; what is under way always stays. At most `most` at a time: a
    long delete would keep everybody from writing.
    """
    old = [id for (id,) in statement(
        f'SELECT id FROM run WHERE finished_at < ? AND NOT {OPEN} ORDER BY finished_at LIMIT ?', as_number(before), most
    )]  # fmt: skip
    for flow, state in _outcomes():
        if len(old) < most:
            old += _beyond(flow, state, each, most - len(old))
    return _forget(old)


def outcomes_of(flow: str | None) -> list[str]:
    """The states its runs are in, each found by one look into the index; None: of what started no flow."""
    found, state = [], ''
    while state := _following('state', 'flow IS ? AND state > ?', flow, state):
        found.append(state)
    return found


def _outcomes() -> Iterator[tuple[str | None, str]]:
    """(flow, state) of whatever is over."""
    flow: str | None = None
    while flow is None or flow:
        yield from ((flow, state) for state in outcomes_of(flow) if state not in ('queued', 'running', 'waiting'))
        flow = _following('flow', 'flow > ?', flow or '')


def _following(column: str, where: str, *values: Any) -> str:
    rows = statement(f'SELECT {column} FROM run WHERE {where} ORDER BY {column} LIMIT 1', *values)
    return str(rows[0][0]) if rows else ''


def _beyond(flow: str | None, state: str, each: int, most: int) -> list[str]:
    rows = statement(
        'SELECT id FROM run WHERE flow IS ? AND state = ? ORDER BY id DESC LIMIT ? OFFSET ?', flow, state, most, each
    )
    return [str(id) for (id,) in rows]


def _forget(ids: Sequence[str]) -> int:
    gone = 0
    for start in range(0, len(ids), 500):
        gone += Run.delete().where(Run.id << list(ids[start : start + 500])).execute()
    return gone


def same_runs(*, keep: str, gone: str) -> None:
    """Two contacts, or two chats, were one: what ran for either ran for it, and what is waited for may still come."""
    flows = [str(key) for (key,) in statement('SELECT key FROM flow')]
    Run.update(contact=keep).where(Run.flow << flows, Run.contact == gone).execute()
    Run.update(chat=keep).where(Run.chat == gone).execute()
    statement(f'UPDATE run SET scope = ? WHERE {OPEN} AND scope = ?', keep, gone)
    statement("UPDATE run SET wait_key = ? WHERE state = 'waiting' AND wait_key = ?", keep, gone)
