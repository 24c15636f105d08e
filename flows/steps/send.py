"""Answer with a message."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from core.outbox import Saying

from ..effects import Say
from ..parts import Template, chip
from .base import Next, Outcome, StepKind

if TYPE_CHECKING:
    from ..turn import Turn


class SendStep(StepKind):
    """`{{ contact.name }}` and friends are filled in. `reply`: quote what is answered."""

    LABEL: ClassVar[str] = 'Send a message'
    ABOUT: ClassVar[str] = 'Into the chat in which the flow runs.'

    do: Literal['send'] = 'send'
    text: Template = Field(min_length=1, title='Text')
    reply: bool = Field(default=False, title='Quote the message it answers')

    def says(self) -> str:
        return f'answer {chip(self.text)}{" and quote what they wrote" if self.reply else ""}'

    def run(self, turn: 'Turn') -> Outcome:
        text = turn.fill(self.text)
        turn.do(Say(saying=Saying(text=text, reply_to=turn.message_id if self.reply else '')))
        turn.tell('Sent an answer', chars=len(text))
        return Next()
