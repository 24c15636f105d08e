"""What every trigger has."""

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field

from ..occasion import Occasion
from ..parts import Kind, Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """It fits. `because` is a sentence without its full stop; `facts` is added to the occasion's as `trigger.*`."""

    because: str
    facts: dict[str, Any] = field(default_factory=dict)


Sessions = Annotated[
    tuple[str, ...],
    Field(max_length=50, title='Sessions', description='Empty: all of them.', json_schema_extra={'form': 'session'}),
]


class TriggerKind(Kind):
    id: Name = Field(default='start', title='Name')
    session: Sessions = ()

    def fits(self, occasion: Occasion) -> Found | str:
        """Found, or why not in a few words. Only asked about occasions of its own type."""
        if self.session and occasion.session not in self.session:
            return 'it is for another session'
        return self.looks(occasion)

    def looks(self, occasion: Occasion) -> Found | str:
        raise NotImplementedError


Where = Literal['private', 'group', 'any']
PLACES = {'private': ' in a private chat', 'group': ' in a group', 'any': ''}


def not_there(where: Where, occasion: Occasion) -> str:
    """Why it happened in the wrong kind of chat, '' when it did not."""
    if where == 'any' or (where == 'group') == bool(occasion.group):
        return ''
    return 'it is not for groups' if occasion.group else 'it is only for groups'
