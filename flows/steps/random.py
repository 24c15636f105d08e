"""Take one of several ways by chance."""

import hashlib
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, model_validator

from ..parts import Goto, Part
from .base import GoTo, Into, Next, Outcome, StepKind

if TYPE_CHECKING:
    from ..turn import Turn
    from . import Step


class Share(Part):
    weight: int = Field(default=1, ge=1, le=1_000, title='Share')
    goto: Goto = Field(default='', title='Go to')
    steps: 'tuple[Step, ...]' = Field(default=(), max_length=50, title='Then')

    @model_validator(mode='after')
    def _one_way(self) -> 'Share':
        if self.goto and self.steps:
            raise ValueError('a share has steps of its own or goes to a step, not both')
        return self


class RandomStep(StepKind):
    """`sticky`: the same contact always gets the same way, as long as the shares stay as they are."""

    LABEL: ClassVar[str] = 'By chance'
    ABOUT: ClassVar[str] = 'Takes one of several ways, for trying which one works better.'

    do: Literal['random'] = 'random'
    branches: tuple[Share, ...] = Field(min_length=2, max_length=10, title='Ways')
    sticky: bool = Field(default=True, title='Always the same for one person')

    def says(self) -> str:
        return f'take one of |{len(self.branches)} ways| by chance'

    def lists(self) -> 'dict[str, tuple[Step, ...]]':
        return {f'branches/{number}/steps': branch.steps for number, branch in enumerate(self.branches)}

    def goes_to(self) -> tuple[str, ...]:
        return tuple(branch.goto for branch in self.branches if branch.goto)

    def run(self, turn: 'Turn') -> Outcome:
        number = self._drawn(turn)
        branch = self.branches[number]
        turn.tell(f'Way {number + 1}', branch=number)
        if branch.goto:
            return GoTo(name=branch.goto)
        return Into(place=f'branches/{number}/steps') if branch.steps else Next()

    def _drawn(self, turn: 'Turn') -> int:
        who = turn.run.contact_id if self.sticky and turn.run.contact_id else turn.doors.new_id()
        seed = hashlib.sha256(f'{turn.run.flow}/{turn.path}/{who}'.encode()).digest()
        left = int.from_bytes(seed[:8], 'big') % sum(branch.weight for branch in self.branches)
        for number, branch in enumerate(self.branches):
            left -= branch.weight
            if left < 0:
                return number
        return len(self.branches) - 1
