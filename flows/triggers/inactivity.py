"""Nobody wrote for a while."""

from typing import ClassVar, Literal

from pydantic import Field

from ..occasion import Occasion
from ..parts import Span, lasting
from .base import PLACES, Found, TriggerKind, Where, not_there


class InactivityTrigger(TriggerKind):
    """`of`: who should have written. Told once, until they write again."""

    LABEL: ClassVar[str] = 'Nobody writes for a while'
    ABOUT: ClassVar[str] = 'The contact does not answer, or nobody of us does.'

    type: Literal['inactivity'] = 'inactivity'
    of: Literal['contact', 'agent'] = Field(default='contact', title='Who')
    after: Span = Field(title='For')
    chat: Where = Field(default='private', title='In')

    def says(self) -> str:
        who = 'they do not answer' if self.of == 'contact' else 'nobody answers them'
        return f'{who} for |{lasting(self.after)}|{PLACES[self.chat]}'

    def looks(self, occasion: Occasion) -> Found | str:
        if elsewhere := not_there(self.chat, occasion):
            return elsewhere
        if occasion.facts.get('of') != self.of or occasion.facts.get('trigger') not in (None, self.id):
            return 'it is about somebody else’s silence'
        return Found(because=f'Nobody wrote for {lasting(self.after)}')
