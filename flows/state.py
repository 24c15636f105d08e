"""What there is to know of one run while it is being worked on; data/runs.py keeps it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

OVER = (
    'finished', 'stopped', 'error', 'timeout', 'cancelled', 'failed_conditions', 'failed_single', 'failed_max_runs',
    'not_triggered', 'suppressed_cooldown', 'suppressed_loop', 'suppressed_stale', 'suppressed_human',
    'suppressed_blocked',
)  # fmt: skip
OPEN = ('queued', 'running', 'waiting')
# What a message can come to without a flow being started.
ROUTED = ('resumed', 'stop_obeyed', 'start_obeyed', 'help_obeyed')
TRACE_MOST = 400


@dataclass(slots=True, kw_only=True)
class RunState:
    """`position` is the path of the step that is next ('steps/2/branches/0/steps/1'), '' when none is.

    `variables` are `run.*`, `loops` what each foreach has still to do, by path; both hold plain JSON values.
    `trigger` is {id, type, …facts}. `steps` is the trace: {path, id, text, at, ms, result?, changed?, error?}.
    `kept`: there is a row of it. `woken` is what woke it last: {by, facts, past}, see data/runs.py.
    """

    id: str
    flow: str
    version: int
    trigger: dict[str, Any]
    session_id: str | None
    session: str
    chat_id: str | None
    contact_id: str | None
    message_id: str | None
    correlation: str
    parent: str | None
    depth: int
    started_at: datetime
    expires_at: datetime
    scope: str = ''
    position: str = ''
    variables: dict[str, Any] = field(default_factory=dict)
    loops: dict[str, Any] = field(default_factory=dict)
    steps: list[dict[str, Any]] = field(default_factory=list)
    taken: int = 0
    turn: int = 0
    kept: bool = False
    woken: dict[str, Any] | None = None

    def note(self, path: str, text: str, at: str, **more: Any) -> None:
        """One line of the trace; the oldest stay when there are too many."""
        if len(self.steps) < TRACE_MOST:
            self.steps.append({'path': path, 'text': text, 'at': at, **more})
