"""Put an emoji on the message."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from core.errors import Invalid
from core.outbox import Saying

from ..effects import Say
from ..parts import chip
from .base import Next, Outcome, StepKind

if TYPE_CHECKING:
    from ..turn import Turn


class ReactStep(StepKind):
    LABEL: ClassVar[str] = 'React'
    ABOUT: ClassVar[str] = 'Puts an emoji on the message that started the flow.'

    do: Literal['react'] = 'react'
    emoji: str = Field(default='👍', max_length=40, title='Emoji', description='Empty takes it back.')

    def says(self) -> str:
        return f'react with {chip(self.emoji)}' if self.emoji else 'take the reaction back'

    def run(self, turn: 'Turn') -> Outcome:
        if not turn.message_id:
            raise Invalid('No message started this run, so there is none to react to.')
        turn.do(Say(saying=Saying(kind='reaction', text=self.emoji, target=turn.message_id)))
        turn.tell('Reacted', emoji=self.emoji)
        return Next()
