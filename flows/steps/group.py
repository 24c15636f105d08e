"""Put the contact into a group of contacts, or take it out."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from ..effects import GroupContact
from ..parts import chip
from .base import Next, Outcome, StepKind

if TYPE_CHECKING:
    from ..turn import Turn


class GroupStep(StepKind):
    """A group of contacts of ours, which is made when there is none of this name; not one at WhatsApp."""

    LABEL: ClassVar[str] = 'Contact group'
    ABOUT: ClassVar[str] = 'Puts the contact into a group of contacts, or takes it out.'

    do: Literal['group'] = 'group'
    name: str = Field(min_length=1, max_length=100, title='Group')
    action: Literal['add', 'remove'] = Field(default='add', title='What')

    def says(self) -> str:
        return f'{"put into" if self.action == "add" else "take out of"} the group {chip(self.name)}'

    def run(self, turn: 'Turn') -> Outcome:
        turn.do(GroupContact(name=self.name, out=self.action == 'remove'))
        turn.tell(f'{"Put into" if self.action == "add" else "Taken out of"} {self.name}')
        return Next()
