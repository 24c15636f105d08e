"""Keep the contact from automatic and bulk messages."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from ..effects import OptOut
from ..parts import Template
from .base import Next, Outcome, StepKind

if TYPE_CHECKING:
    from ..turn import Turn


class OptOutStep(StepKind):
    """From then on nothing automatic reaches them, this flow's own messages included; `message` still does."""

    LABEL: ClassVar[str] = 'Opt out'
    ABOUT: ClassVar[str] = 'The contact gets no automatic and no bulk messages any more.'

    do: Literal['opt_out'] = 'opt_out'
    back: bool = Field(default=False, title='Opt in again instead')
    message: Template = Field(default='', title='Confirm with')

    def says(self) -> str:
        return 'opt the contact in again' if self.back else 'opt the contact out'

    def run(self, turn: 'Turn') -> Outcome:
        turn.do(OptOut(back=self.back, message=turn.fill(self.message).strip()))
        turn.tell('Opted in again' if self.back else 'Opted out')
        return Next()
