"""What every step has, and what may come of one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from ..parts import Goto, Kind, Name

if TYPE_CHECKING:
    from ..turn import Turn
    from . import Step

WaitKind = Literal['time', 'answer', 'event', 'run']


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """On to whatever follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Into:
    """Into the list of steps below this one, by its place: 'branches/0/steps'."""

    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GoTo:
    """To the step with this name."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Sleep until something wakes the step, at the latest at `until`. `key`: what it is woken by, unless by time.

    An answer has the chat as its key (filled in by the runner), an event whatever its sender names, a run its id.
    """

    kind: WaitKind
    until: datetime | None = None
    key: str = ''
    about: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """The run is over, in this state, for this reason."""

    state: str = 'finished'
    reason: str = ''


Outcome = Next | Into | GoTo | Wait | End


@dataclass(frozen=True, slots=True, kw_only=True)
class Woken:
    """What ended a wait: an answer (`text`, `kind`, `options` of a vote), an event, a run's end, or only the time."""

    by: Literal['time', 'answer', 'event', 'run']
    facts: Mapping[str, Any]


class StepKind(Kind):
    LOOPS: ClassVar[bool] = False  # after the steps below it comes the step itself again

    id: Name = Field(default='step', title='Name')
    on_error: Goto = Field(
        default='', title='If it fails', description='Go to a step, or “continue”; else the flow stops.'
    )

    def run(self, turn: 'Turn') -> Outcome:
        """Do it. Raises DovecoteError when it cannot be done."""
        raise NotImplementedError

    def is_slow(self) -> bool:
        """It asks somebody else: what happened before it is kept first, and other chats do not wait for it.

        Such a step is not woken from a Wait but run again.
        """
        return False

    def wake(self, turn: 'Turn', woken: Woken) -> Outcome:
        """Go on after a Wait."""
        return Next()

    def lists(self) -> 'dict[str, tuple[Step, ...]]':
        """The steps below this one, by their place."""
        return {}

    def goes_to(self) -> tuple[str, ...]:
        """Names of other steps it may jump to, beside `on_error`."""
        return ()
