"""How a run lies in its row, and comes out of it."""

from typing import Any

from data.runs import Run, insert_run, save_run

from .state import RunState
from .steps.base import Woken


def save(run: RunState, **values: Any) -> bool:
    """Inside a write: where it stands, in one statement also when it is new; False when it was overtaken."""
    if run.kept:
        return save_run(run.id, run.turn, **{**_standing(run), **values})
    run.kept = True
    about = {
        'id': run.id, 'flow': run.flow, 'version': run.version, 'trigger': run.trigger, 'session': run.session_id,
        'message': run.message_id, 'chat': run.chat_id, 'contact': run.contact_id, 'state': 'running',
        'scope': run.scope, 'correlation': run.correlation, 'parent': run.parent, 'depth': run.depth,
        'started_at': run.started_at, 'expires_at': run.expires_at,
    }  # fmt: skip
    insert_run(**{**about, **_standing(run), **values})
    return True


def state_of(row: Run) -> RunState:
    """A run as its row keeps it."""
    session = row.session
    return RunState(
        id=str(row.id), flow=str(row.flow), version=int(row.version), trigger=row.trigger, session_id=session,
        session='', chat_id=row.chat, contact_id=row.contact, message_id=row.message,
        correlation=str(row.correlation), parent=row.parent, depth=int(row.depth), started_at=row.started_at,
        expires_at=row.expires_at, scope=str(row.scope), position=str(row.position), variables=row.variables,
        loops=row.loops, steps=row.steps, taken=int(row.taken), turn=int(row.turn), kept=True,
        woken=row.woken,
    )  # fmt: skip


def as_kept(woken: Woken) -> dict[str, Any]:
    """What woke a run, as its row keeps it."""
    return {'by': woken.by, 'facts': dict(woken.facts)}


def _standing(run: RunState) -> dict[str, Any]:
    """Where a run stands, as its row keeps it."""
    return {
        'position': run.position, 'variables': run.variables, 'loops': run.loops, 'steps': run.steps,
        'taken': run.taken, 'woken': {**run.woken, 'past': True} if run.woken else None,
    }  # fmt: skip
