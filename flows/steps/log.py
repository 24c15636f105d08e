"""Write something into the trace."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from ..parts import Template, chip
from .base import Next, Outcome, StepKind

if TYPE_CHECKING:
    from ..turn import Turn


class LogStep(StepKind):
    LABEL: ClassVar[str] = 'Write into the trace'
    ABOUT: ClassVar[str] = 'For finding out what happens; nobody outside sees it.'

    do: Literal['log'] = 'log'
    text: Template = Field(min_length=1, title='Text')

    def says(self) -> str:
        return f'write down {chip(self.text)}'

    def run(self, turn: 'Turn') -> Outcome:
        turn.tell(turn.fill(self.text)[:4_096])
        return Next()
