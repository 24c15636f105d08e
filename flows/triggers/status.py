"""A message of ours got somewhere, or did not."""

from typing import ClassVar, Literal

from pydantic import Field

from ..occasion import Occasion
from .base import Found, TriggerKind, Where, not_there


class StatusTrigger(TriggerKind):
    """Not about messages that this flow sent itself, so that it cannot go round in circles."""

    LABEL: ClassVar[str] = 'A message is delivered, read or failed'
    ABOUT: ClassVar[str] = 'Something becomes of a message of ours.'

    type: Literal['status'] = 'status'
    chat: Where = Field(default='private', title='In')
    status: Literal['delivered', 'read', 'played', 'failed'] = Field(title='It is')

    def says(self) -> str:
        return f'a message of ours is |{self.status}|'

    def looks(self, occasion: Occasion) -> Found | str:
        if elsewhere := not_there(self.chat, occasion):
            return elsewhere
        if occasion.facts.get('status') != self.status:
            return f'it is about messages that are {self.status}'
        return Found(because=f'A message of ours was {self.status}')
