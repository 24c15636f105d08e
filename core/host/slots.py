"""A place for one host process among the others, and what is shown of it."""

import queue
from dataclasses import dataclass, field
from datetime import datetime

from core.events import Event
from core.host.link import HostLink
from core.host.wire import Happened, StoreTaken


@dataclass(frozen=True, slots=True, kw_only=True)
class HostReport:
    """`memory_mb`: its proportional share (PSS), 0.0 until first measured; `lost_threads`: left by pairings."""

    id: str
    pid: int
    sessions: tuple[str, ...]
    started_at: datetime | None
    crashes: int
    memory_mb: float
    lost_threads: int


@dataclass(slots=True, eq=False)
class Slot:
    """A place for one host process, which outlives its crashes. Guarded by the lock of Processes."""

    id: str
    sessions: dict[str, None] = field(default_factory=dict)
    offline: set[str] = field(default_factory=set)
    link: HostLink | None = None
    told: 'queue.SimpleQueue[tuple[HostLink | None, Happened | StoreTaken | Event] | None]' = field(
        default_factory=queue.SimpleQueue
    )
    ending: HostLink | None = None  # which somebody asked to end
    crashes: int = 0
    in_a_row: int = 0
    started_at: datetime | None = None
    started: float = 0.0
    next_start: float = 0.0
    idle_since: float = 0.0


def report_of(slot: Slot) -> HostReport:
    link = slot.link
    pong = link.pong if link is not None else None
    return HostReport(
        id=slot.id,
        pid=link.process.pid if link is not None else 0,
        sessions=tuple(slot.sessions),
        started_at=slot.started_at,
        crashes=slot.crashes,
        memory_mb=round(pong.memory_kb / 1024, 1) if pong is not None else 0.0,
        lost_threads=pong.lost if pong is not None else 0,
    )
