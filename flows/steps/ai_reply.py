"""Let AI answer."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from core.errors import Conflict

from ..parts import chip
from .base import Outcome, StepKind

if TYPE_CHECKING:
    from ..turn import Turn


class AiReplyStep(StepKind):
    LABEL: ClassVar[str] = 'Let AI answer'
    ABOUT: ClassVar[str] = 'Needs an AI profile.'

    do: Literal['ai_reply'] = 'ai_reply'
    profile: str = Field(default='', max_length=63, title='Profile')

    def says(self) -> str:
        return 'let AI answer' + (f' as {chip(self.profile)}' if self.profile else '')

    def run(self, turn: 'Turn') -> Outcome:
        raise Conflict(
            f'There is no AI profile{f" “{self.profile}”" if self.profile else ""}, so nobody answered.',
            code='no_ai_profile',
        )
