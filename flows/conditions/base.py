"""What every condition has."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from ..parts import Kind, Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """`text` says in a few words what was compared with what; `parts` are the judgements below it."""

    true: bool
    text: str
    parts: tuple['Judged', ...] = ()

    @property
    def because(self) -> str:
        """What decided: of a tree that is not true, the first leaf that is to blame."""
        blamed = next((part for part in self.parts if not part.true), None)
        return blamed.because if blamed is not None and not self.true else self.text

    def told(self) -> dict[str, Any]:
        """For the trace."""
        said: dict[str, Any] = {'true': self.true, 'text': self.text}
        return said | {'parts': [part.told() for part in self.parts]} if self.parts else said


class Sight(Protocol):
    """What a condition may look at; see flows/turn.py."""

    def value(self, expression: str) -> Any: ...

    def at(self, place: str) -> Any: ...

    @property
    def now(self) -> datetime: ...

    def since(self, what: str) -> timedelta | None: ...

    def house_zone(self, name: str = '') -> ZoneInfo: ...


class Judge(Part):
    """A condition, or a tree of them."""

    def judge(self, sight: Sight) -> Judged:
        raise NotImplementedError


class ConditionKind(Judge, Kind):
    pass
