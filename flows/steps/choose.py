"""Take one of several ways."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, model_validator

from ..conditions import Conditions
from ..parts import Expression, Goto, Part, chip
from .base import GoTo, Into, Next, Outcome, StepKind

if TYPE_CHECKING:
    from ..turn import Turn
    from . import Step


class Branch(Part):
    """Taken when its expression is true, or all of its conditions. Either `goto` or `steps` says what then happens."""

    if_: Expression | Conditions = Field(alias='if', title='If')
    goto: Goto = Field(default='', title='Go to')
    steps: 'tuple[Step, ...]' = Field(default=(), max_length=50, title='Then')

    @model_validator(mode='after')
    def _one_way(self) -> 'Branch':
        if self.goto and self.steps:
            raise ValueError('a branch has steps of its own or goes to a step, not both')
        return self


class ChooseStep(StepKind):
    LABEL: ClassVar[str] = 'Choose'
    ABOUT: ClassVar[str] = 'Takes the first way whose condition is true.'

    do: Literal['choose'] = 'choose'
    branches: tuple[Branch, ...] = Field(min_length=1, max_length=20, title='Ways')
    else_: 'Goto | tuple[Step, ...]' = Field(default='', alias='else', title='Otherwise')

    def says(self) -> str:
        ways = len(self.branches)
        return f'choose one of |{ways} ways|' if ways > 1 else f'if {_if(self.branches[0])}, go another way'

    def run(self, turn: 'Turn') -> Outcome:
        for number, branch in enumerate(self.branches):
            judged = turn.judge(branch.if_)
            if judged.true:
                turn.tell(f'Way {number + 1}: {judged.text}', branch=number)
                return _way(branch.goto, f'branches/{number}/steps' if branch.steps else '')
        turn.tell('No way fitted')
        return _way(self.else_ if isinstance(self.else_, str) else '', 'else' if self._otherwise() else '')

    def _otherwise(self) -> 'tuple[Step, ...]':
        return () if isinstance(self.else_, str) else self.else_

    def lists(self) -> 'dict[str, tuple[Step, ...]]':
        below = {f'branches/{number}/steps': branch.steps for number, branch in enumerate(self.branches)}
        return {**below, 'else': self._otherwise()}

    def goes_to(self) -> tuple[str, ...]:
        named = (*(branch.goto for branch in self.branches), self.else_)
        return tuple(name for name in named if isinstance(name, str) and name)


def _if(branch: Branch) -> str:
    return chip(branch.if_ if isinstance(branch.if_, str) else 'its conditions are true')


def _way(goto: str, place: str) -> Outcome:
    if goto:
        return GoTo(name=goto)
    return Into(place=place) if place else Next()
