"""Remember a value."""

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from ..parts import Place, chip
from .base import Next, Outcome, StepKind

if TYPE_CHECKING:
    from ..turn import Turn


class SetStep(StepKind):
    """`to` is worked out where it is a template, and kept as it is otherwise; nothing (null) forgets the value."""

    LABEL: ClassVar[str] = 'Remember'
    ABOUT: ClassVar[str] = 'Keeps a value for this run, or for the contact for ever.'

    do: Literal['set'] = 'set'
    name: Place = Field(title='What', description='run.name or contact.vars.name')
    to: Any = Field(default=None, title='Value', json_schema_extra={'form': 'template'})

    def says(self) -> str:
        return f'set |{self.name}| to {chip(self.to)}'

    def run(self, turn: 'Turn') -> Outcome:
        value = turn.filled(self.to)
        turn.store(self.name, value)
        turn.tell(f'Set {self.name}', value=value)
        return Next()
