"""Nothing else answered."""

from typing import ClassVar, Literal

from pydantic import Field

from ..occasion import Occasion
from .base import Found, TriggerKind


class UnansweredTrigger(TriggerKind):
    """The last link of the chain. `after`: messages of this chat in a row that nothing answered, this one included."""

    LABEL: ClassVar[str] = 'Nothing else answered'
    ABOUT: ClassVar[str] = 'No flow matched a message: answer something, or hand over.'

    type: Literal['unanswered'] = 'unanswered'
    after: int = Field(default=1, ge=1, le=10, title='After so many in a row')

    def says(self) -> str:
        return 'nothing else answered' + (f' |{self.after} times| in a row' if self.after > 1 else '')

    def looks(self, occasion: Occasion) -> Found | str:
        if occasion.group:
            return 'it is not for groups'
        said = occasion.facts.get('misses')
        misses = said if isinstance(said, int) else 1
        if misses < self.after:
            return f'only {misses} in a row went unanswered'
        return Found(because=f'Nothing else answered, {misses} times in a row' if misses > 1 else 'Nothing else did')
