"""Hand the chat over to a person."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from core.outbox import Saying

from ..effects import HandOff, Say
from ..parts import Span, Template, lasting
from .base import End, Outcome, StepKind

if TYPE_CHECKING:
    from ..turn import Turn


class HandoffStep(StepKind):
    """The run ends here. `pause`: how long nothing automatic answers; left out: until somebody hands the chat back."""

    LABEL: ClassVar[str] = 'Hand over to a person'
    ABOUT: ClassVar[str] = 'Stops automation in this chat and tells the team.'

    do: Literal['handoff'] = 'handoff'
    message: Template = Field(default='', title='Say')
    note: Template = Field(default='', title='Note for the team')
    assign: str = Field(default='', max_length=254, title='To', description='An e-mail address; empty: anybody.')
    pause: Span | None = Field(default=None, title='For')

    def says(self) -> str:
        return 'hand over to a person' + (f' for |{lasting(self.pause)}|' if self.pause else '')

    def run(self, turn: 'Turn') -> Outcome:
        if self.message:
            turn.do(Say(saying=Saying(text=turn.fill(self.message))))
        note = turn.fill(self.note).strip()
        turn.do(HandOff(note=note, until=turn.now + self.pause if self.pause else None, email=self.assign))
        turn.tell('Handed over to a person', note=note)
        return End(reason='Handed over to a person.')
