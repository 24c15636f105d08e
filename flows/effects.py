"""What a run does to the world, as values: the runner carries them out, the test bench only writes them down."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.outbox import Saying


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """A message into the run's chat, or to `saying.to` on `saying.session` when that is said."""

    saying: Saying


@dataclass(frozen=True, slots=True, kw_only=True)
class SetContact:
    """A variable of the contact; None forgets it."""

    name: str
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class TagContact:
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOff:
    """A person answers this chat from now on, until `until` (None: until they hand it back)."""

    reason: str
    until: datetime | None = None
    assign_to: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class StartFlow:
    """Another flow, as a run of its own with the id `run`; this one is its parent."""

    key: str
    run: str
    values: dict[str, Any]


Effect = Say | SetContact | TagContact | HandOff | StartFlow
