"""End the flow."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from ..parts import Template
from .base import End, Outcome, StepKind

if TYPE_CHECKING:
    from ..turn import Turn


class StopStep(StepKind):
    LABEL: ClassVar[str] = 'Stop'
    ABOUT: ClassVar[str] = 'Ends the flow here.'

    do: Literal['stop'] = 'stop'
    reason: Template = Field(default='', title='Reason', description='For the trace.')

    def says(self) -> str:
        return 'stop'

    def run(self, turn: 'Turn') -> Outcome:
        reason = turn.fill(self.reason).strip()
        turn.tell('Stopped', reason=reason)
        return End(state='stopped', reason=reason or 'A step stopped it.')
