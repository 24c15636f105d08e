"""What the pages of hooks show, read from the database as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from core.errors import DovecoteError, NotFound
from core.hooks.errands import values_for
from core.hooks.hooks import Known
from core.hooks.reading import payload_of
from core.hooks.verifying import KINDS
from data.hooks import HookEvent, event_by_id, event_counts, events_of, last_events

from ...pieces import Tone

if TYPE_CHECKING:
    from ...compose import Gateway

CALLS = 50
DAY = timedelta(days=1)
# state of an event -> tone and word
OUTCOMES: Mapping[str, tuple[Tone, str]] = {
    'received': ('wait', 'Waiting'), 'done': ('idle', 'Done'), 'skipped': ('idle', 'Nothing to do'),
    'duplicate': ('idle', 'Done before'), 'failed': ('bad', 'Failed'), 'tested': ('accent', 'Only shown'),
}  # fmt: skip
ORIGINS = {'live': 'A call', 'test': 'A test call', 'replay': 'Done again', 'sample': 'An example'}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One hook of the list. `done` and `failed` in the last 24 hours."""

    id: str
    name: str
    proof: str
    on: bool
    weak: bool
    last_at: datetime | None
    done: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLine:
    id: str
    at: datetime
    state: str
    title: str
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """One call in full; `payload` None with a `problem` when it cannot be read."""

    id: str
    at: datetime
    state: str
    origin: str
    content_type: str
    headers: tuple[tuple[str, str], ...]
    query: tuple[tuple[str, str], ...]
    body: str
    error: str
    results: tuple[Mapping[str, Any], ...]
    due_at: datetime | None
    settled_at: datetime | None
    payload: Any
    problem: str = ''


def lines(gateway: 'Gateway', now: datetime) -> tuple[Line, ...]:
    lately, counts = last_events(), event_counts(now - DAY)
    return tuple(_line(hook, lately.get(hook.id), counts) for hook in gateway.hooks.all())


def _line(hook: Known, last_at: datetime | None, counts: dict[tuple[str, str], int]) -> Line:
    told = hook.settings
    return Line(
        id=hook.id, name=told.name, proof=KINDS[told.kind].label, on=told.enabled,
        weak=KINDS[told.kind].proves is None, last_at=last_at, done=counts.get((hook.id, 'done'), 0),
        failed=counts.get((hook.id, 'failed'), 0),
    )  # fmt: skip


def known(gateway: 'Gateway', id: str) -> Known | None:
    try:
        return gateway.hooks.one(id)
    except NotFound:
        return None


def calls(hook_id: str, state: str) -> tuple[CallLine, ...]:
    return tuple(_call(row) for row in events_of(hook_id, state=state, limit=CALLS))


def _call(row: HookEvent) -> CallLine:
    told = [str(each.get('text') or each.get('to') or '') for each in row.results]
    more = f' and {len(told) - 1} more' if len(told) > 1 else ''
    if row.origin == 'sample':
        return CallLine(id=str(row.id), at=row.at, state='tested', title='What a call looks like', about='An example')
    title = row.error or (f'{told[0]}{more}' if told and told[0] else OUTCOMES[row.state][1])
    origin = ORIGINS[row.origin] + (f' from {row.ip}' if row.ip and row.origin in ('live', 'test') else '')
    again = f' · came again {row.repeats} times' if row.repeats else ''
    return CallLine(id=str(row.id), at=row.at, state=str(row.state), title=title[:120], about=f'{origin}{again}')


def detail(hook_id: str, id: str) -> Detail | None:
    row = event_by_id(id, hook_id=hook_id)
    if row is None:
        return None
    payload, problem = _payload(row)
    return Detail(
        id=str(row.id), at=row.at, state=str(row.state), origin=str(row.origin), content_type=str(row.content_type),
        headers=tuple((name, value) for name, value in row.headers),
        query=tuple((name, value) for name, value in row.query),
        body=bytes(row.body).decode('utf-8', 'replace'), error=str(row.error), results=tuple(row.results),
        due_at=row.due_at, settled_at=row.settled_at, payload=payload, problem=problem,
    )  # fmt: skip


def values(hook_id: str, id: str) -> dict[str, Any]:
    """What templates may name, of one call. Raises NotFound and Invalid."""
    row = event_by_id(id, hook_id=hook_id)
    if row is None:
        raise NotFound('This call is not kept any more.')
    return values_for(row, payload_of(str(row.content_type), bytes(row.body)))


def _payload(row: HookEvent) -> tuple[Any, str]:
    try:
        return payload_of(str(row.content_type), bytes(row.body)), ''
    except DovecoteError as error:
        return None, str(error)
