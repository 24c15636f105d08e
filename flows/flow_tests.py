"""The tests in a flow document: what is given, what happens then, and what must come of it."""

from datetime import UTC, datetime
from typing import Any

from pydantic import Field, model_validator

from .occasion import OccasionKind
from .parts import Moment, Part, Span

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)  # a Monday


class Said(Part):
    text: str = Field(default='', max_length=4_096)
    kind: str = Field(default='text', max_length=20)


class Given(Part):
    """What starts it: a message, or an occasion of another kind with its facts. `now`: when, by the clock of UTC."""

    message: Said | None = None
    occasion: OccasionKind = 'message'
    facts: dict[str, Any] = Field(default_factory=dict)
    session: str = Field(default='', max_length=48)
    group: bool = False
    contact: dict[str, Any] = Field(default_factory=dict)
    now: Moment = NOON


class ThenEvent(Part):
    """One of: somebody says something, time passes, an event comes."""

    say: str | None = None
    advance: Span | None = None
    event: dict[str, Any] | None = None

    @model_validator(mode='after')
    def _one(self) -> 'ThenEvent':
        if sum(each is not None for each in (self.say, self.advance, self.event)) != 1:
            raise ValueError('one thing happens at a time: say, advance or event')
        return self


class ExpectedText(Part):
    contains: str | None = None
    equals: str | None = None


class ExpectedOutcome(Part):
    """`steps`: names that were taken, in this order, others may stand between. `sent`: exactly these, in order."""

    outcome: str | None = None
    steps: tuple[str, ...] | None = None
    sent: tuple[ExpectedText, ...] | None = None
    variables: dict[str, Any] = Field(default_factory=dict)


class FlowTest(Part):
    name: str = Field(min_length=1, max_length=100)
    given: Given = Given()
    then: tuple[ThenEvent, ...] = Field(default=(), max_length=50)
    mocks: dict[str, Any] = Field(default_factory=dict)
    expect: ExpectedOutcome
