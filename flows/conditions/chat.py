"""What kind of chat it is."""

from typing import ClassVar, Literal

from pydantic import Field

from .base import ConditionKind, Judged, Sight


class ChatCondition(ConditionKind):
    LABEL: ClassVar[str] = 'The kind of chat'
    ABOUT: ClassVar[str] = 'A private chat, or a group.'

    type: Literal['chat'] = 'chat'
    kind: Literal['private', 'group'] = Field(title='It is a')

    def says(self) -> str:
        return f'it is a |{self.kind}| chat'

    def judge(self, sight: Sight) -> Judged:
        found = sight.at('chat.kind')
        return Judged(true=found == self.kind, text=f'the chat is {found or "none"}')
