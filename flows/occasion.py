"""Something that may start a flow, or that a waiting run waits for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

OccasionKind = Literal[
    'message', 'answer', 'reaction', 'webhook', 'schedule', 'inactivity', 'status', 'group_join', 'group_leave',
    'contact_created', 'contact_updated', 'session_state', 'flow_error', 'unanswered', 'manual', 'api',
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """`kind` is the type of the triggers that look at it; ids are row ids, None where there is no such thing.

    `group` is '' in a private chat. `facts` is what only this kind brings, shown to templates as `trigger.*` (a hook's
    `payload`, a reaction's `emoji`, the `options` of a vote, a status, an error). `depth` counts how many flows led
    here, one starting the other; `correlation` ties them together. `by_flow`: the flow that caused it, which it must
    not start again.
    """

    kind: OccasionKind
    at: datetime
    session_id: str | None = None
    session: str = ''
    chat_id: str | None = None
    group: str = ''
    contact_id: str | None = None
    message_id: str | None = None
    text: str = ''
    message_kind: str = ''
    facts: Mapping[str, Any] = field(default_factory=dict)
    correlation: str = ''
    depth: int = 0
    by_flow: str = ''
