"""Give the chat to a colleague."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from ..effects import AssignChat
from ..parts import chip
from .base import Next, Outcome, StepKind

if TYPE_CHECKING:
    from ..turn import Turn


class AssignStep(StepKind):
    """Who answers stays as it is; `handoff` changes that."""

    LABEL: ClassVar[str] = 'Assign'
    ABOUT: ClassVar[str] = 'Says whose chat this is.'

    do: Literal['assign'] = 'assign'
    to: str = Field(default='', max_length=254, title='To', description='An e-mail address; empty: nobody’s.')

    def says(self) -> str:
        return f'assign the chat to {chip(self.to or "nobody")}'

    def run(self, turn: 'Turn') -> Outcome:
        turn.do(AssignChat(email=self.to))
        turn.tell(f'Assigned to {self.to or "nobody"}')
        return Next()
