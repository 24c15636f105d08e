"""Do the same for each of several."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from core.errors import Invalid

from ..parts import Expression, Name, chip
from .base import Into, Next, Outcome, StepKind

if TYPE_CHECKING:
    from ..turn import Turn
    from . import Step

MOST = 50


class ForeachStep(StepKind):
    """`items` comes to a list: its values are `run.item` (or what `as` says) in turn, their number `run.index`."""

    LABEL: ClassVar[str] = 'For each'
    ABOUT: ClassVar[str] = 'Repeats its steps for each value of a list.'
    LOOPS: ClassVar[bool] = True

    do: Literal['foreach'] = 'foreach'
    items: Expression = Field(title='List')
    as_: Name = Field(default='item', alias='as', title='Called')
    steps: 'tuple[Step, ...]' = Field(min_length=1, max_length=50, title='Do')

    def says(self) -> str:
        return f'for each of {chip(self.items)}'

    def lists(self) -> 'dict[str, tuple[Step, ...]]':
        return {'steps': self.steps}

    def run(self, turn: 'Turn') -> Outcome:
        state = turn.run.loops.get(turn.path)
        if state is None:
            items = turn.value(self.items)
            if not isinstance(items, list | tuple):
                raise Invalid(f'{self.items} is not a list.')
            if len(items) > MOST:
                raise Invalid(f'A list may have {MOST} values here, this one has {len(items)}.')
            state = turn.run.loops[turn.path] = {'items': list(items), 'at': 0}
        number, items = state['at'], state['items']
        if number >= len(items):
            del turn.run.loops[turn.path]
            turn.tell(f'Done for {len(items)}')
            return Next()
        state['at'] = number + 1
        turn.keep(self.as_, items[number])
        turn.keep('index', number)
        turn.tell(f'{number + 1} of {len(items)}')
        return Into(place='steps')
