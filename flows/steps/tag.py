"""Put tags on the contact, or take them off."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, model_validator

from ..parts import Tag, listed
from .base import Next, Outcome, StepKind

if TYPE_CHECKING:
    from ..turn import Turn


class TagStep(StepKind):
    LABEL: ClassVar[str] = 'Tag'
    ABOUT: ClassVar[str] = 'Puts tags on the contact, or takes them off.'

    do: Literal['tag'] = 'tag'
    add: tuple[Tag, ...] = Field(default=(), max_length=20, title='Put on')
    remove: tuple[Tag, ...] = Field(default=(), max_length=20, title='Take off')

    @model_validator(mode='after')
    def _something(self) -> 'TagStep':
        if not self.add and not self.remove:
            raise ValueError('there is no tag to put on or take off')
        return self

    def says(self) -> str:
        off = f'{" and take off" if self.add else "take off the tag"} {listed(self.remove)}' if self.remove else ''
        return f'{"tag with " + listed(self.add) if self.add else ""}{off}'

    def run(self, turn: 'Turn') -> Outcome:
        turn.tag(self.add, self.remove)
        turn.tell('Tagged', add=list(self.add), remove=list(self.remove))
        return Next()
