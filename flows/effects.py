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
    """A person answers this chat from now on, until `until` (None: until they hand it back); `note` is for them."""

    note: str
    until: datetime | None = None
    email: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class StartFlow:
    """Another flow, as a run of its own with the id `run`; this one is its parent."""

    key: str
    run: str
    values: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupContact:
    """Into the group of contacts with this name, or (`out`) out of it."""

    name: str
    out: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignChat:
    """To the colleague with this e-mail address, to nobody for ''."""

    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkRead:
    """Nothing in the chat is unread any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOut:
    """The contact wants no automatic or bulk messages any more, or (`back`) wants them again.

    `message` confirms it, and is the last that reaches them.
    """

    back: bool = False
    message: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class Emit:
    """The event `flow.event` for webhooks and streams."""

    name: str
    values: dict[str, Any]


Effect = Say | SetContact | TagContact | GroupContact | AssignChat | HandOff | MarkRead | OptOut | Emit | StartFlow
