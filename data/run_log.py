"""Which runs there were, for whoever looks back: narrowed down, newest first, without their traces."""

from collections.abc import Sequence
from typing import Any

from .database import statement
from .runs import Run, outcomes_of

# Without what may be long.
LISTED = (
    Run.id, Run.flow, Run.version, Run.session, Run.message, Run.chat, Run.contact, Run.state, Run.detail, Run.parent,
    Run.started_at, Run.finished_at, Run.resume_at,
)  # fmt: skip


def find_runs(
    *, flow: str = '', states: Sequence[str] = (), session_ids: Sequence[str] | None = None,
    chat_ids: Sequence[str] | None = None, message: str = '', mine: str = '', before: str = '', limit: int = 50,
) -> list[Run]:  # fmt: skip
    """Newest first. `session_ids` and `chat_ids`: None for all; `mine`: in chats that are assigned to this user.

    `states`: empty for all; `before`: the id of the last one already shown.
    """
    where, values = _where(session_ids, chat_ids, message, mine, before)
    if flow or states:
        ids = _of_outcomes(flow, states or outcomes_of(flow), where, values, limit)
    else:
        ids = _ids(where, values, limit)
    return list(Run.select(*LISTED).where(Run.id << ids).order_by(Run.id.desc()))


def _of_outcomes(flow: str, states: Sequence[str], where: str, values: list[Any], limit: int) -> list[str]:
    """The newest of each, merged: the index knows the order within one outcome, not over several."""
    found: list[str] = []
    for state in states:
        narrow = 'flow = ? AND state = ?' if flow else 'state = ?'
        found += _ids(f'{narrow} AND {where}', [*([flow] if flow else []), state, *values], limit)
    return sorted(found, reverse=True)[:limit]


def _ids(where: str, values: list[Any], limit: int) -> list[str]:
    rows = statement(f'SELECT id FROM run WHERE {where} ORDER BY id DESC LIMIT ?', *values, limit)
    return [str(id) for (id,) in rows]


def _where(
    session_ids: Sequence[str] | None, chat_ids: Sequence[str] | None, message: str, mine: str, before: str
) -> tuple[str, list[Any]]:
    parts: list[str] = ['1']
    values: list[Any] = []
    for column, among in (('session', session_ids), ('chat', chat_ids)):
        if among is not None:
            parts.append(f'{column} IN ({", ".join("?" * len(among))})')
            values += among
    for part, value in (('message = ?', message), ('chat IN (SELECT id FROM chat WHERE assigned_to = ?)', mine),
                        ('id < ?', before)):  # fmt: skip
        if value:
            parts.append(part)
            values.append(value)
    return ' AND '.join(parts), values
