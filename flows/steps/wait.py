"""Wait for a while, until a moment, or for an event."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from ..parts import Goto, Part, Span, Template, lasting
from .base import GoTo, Next, Outcome, StepKind, Wait, Woken

if TYPE_CHECKING:
    from ..turn import Turn

LONGEST = timedelta(days=30)


class Event(Part):
    """A call of a hook with this correlation, whose other side names it."""

    type: Literal['webhook'] = 'webhook'
    correlation: Template = Field(default='{{ run.id }}', title='Correlation')


class WaitStep(StepKind):
    """One of `for`, `until` (HH:MM, in the zone of the contact or the flow) and `event`."""

    LABEL: ClassVar[str] = 'Wait'
    ABOUT: ClassVar[str] = 'For a while, until a time of day, or for an event.'

    do: Literal['wait'] = 'wait'
    for_: Span | None = Field(default=None, alias='for', title='For')
    until: str = Field(default='', pattern=r'^$|^([01]\d|2[0-3]):[0-5]\d$', title='Until', description='HH:MM')
    zone: str = Field(default='', title='Time zone', json_schema_extra={'form': 'zone'})
    event: Event | None = Field(default=None, title='For an event')
    timeout: Span | None = Field(default=None, title='At most')
    on_timeout: Goto = Field(default='', title='If it does not come')

    @model_validator(mode='after')
    def _one_of_them(self) -> 'WaitStep':
        if sum((self.for_ is not None, bool(self.until), self.event is not None)) != 1:
            raise ValueError('a wait has exactly one of: for, until, event')
        return self

    def says(self) -> str:
        if self.for_ is not None:
            return f'wait |{lasting(self.for_)}|'
        return f'wait until |{self.until}|' if self.until else 'wait for |an event|'

    def run(self, turn: 'Turn') -> Outcome:
        if self.event is not None:
            key = turn.fill(self.event.correlation).strip()
            turn.tell('Waits for an event', correlation=key)
            return Wait(kind='event', key=key, until=turn.now + (self.timeout or LONGEST), about='an event')
        until = turn.now + self.for_ if self.for_ else self._moment(turn.now, turn.zone(self.zone))
        turn.tell('Waits', until=until.isoformat())
        return Wait(kind='time', until=until, about='the time to come')

    def _moment(self, now: datetime, zone: ZoneInfo) -> datetime:
        here = now.astimezone(zone)
        hour, minute = map(int, self.until.split(':'))
        at = here.replace(hour=hour, minute=minute, second=0, microsecond=0)
        if at <= here:
            at = (at + timedelta(days=1)).replace(hour=hour, minute=minute)
        return at.astimezone(now.tzinfo)

    def wake(self, turn: 'Turn', woken: Woken) -> Outcome:
        if woken.by == 'event':
            turn.keep('event', dict(woken.facts))
            turn.tell('The event came')
        elif self.event is not None:
            turn.tell('The event did not come in time')
            return GoTo(name=self.on_timeout) if self.on_timeout else Next()
        else:
            turn.tell('The time came')
        return Next()

    def goes_to(self) -> tuple[str, ...]:
        return (self.on_timeout,) if self.on_timeout else ()
