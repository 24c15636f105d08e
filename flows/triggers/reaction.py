"""Somebody put an emoji on a message."""

from typing import ClassVar, Literal

from pydantic import Field

from ..occasion import Occasion
from ..parts import listed
from .base import Found, TriggerKind, Where, not_there

VARIANT = '\ufe0f'  # some apps add it to say “as a picture”


class ReactionTrigger(TriggerKind):
    """`emojis`: empty for any; taking one back is none. `on`: whose message it is put on."""

    LABEL: ClassVar[str] = 'A reaction'
    ABOUT: ClassVar[str] = 'Somebody puts an emoji on a message.'

    type: Literal['reaction'] = 'reaction'
    chat: Where = Field(default='private', title='In')
    emojis: tuple[str, ...] = Field(default=(), max_length=50, title='Emojis', json_schema_extra={'form': 'words'})
    on: Literal['ours', 'theirs', 'any'] = Field(default='ours', title='On')

    def says(self) -> str:
        whose = {'ours': ' on what we wrote', 'theirs': ' on what they wrote', 'any': ''}[self.on]
        return f'somebody reacts with {listed(self.emojis)}{whose}'

    def looks(self, occasion: Occasion) -> Found | str:
        if elsewhere := not_there(self.chat, occasion):
            return elsewhere
        emoji, ours = str(occasion.facts.get('emoji', '')), bool(occasion.facts.get('ours'))
        if not emoji:
            return 'the reaction was taken back'
        if self.emojis and emoji.rstrip(VARIANT) not in [each.rstrip(VARIANT) for each in self.emojis]:
            return f'none of: {", ".join(self.emojis)}'
        if self.on != 'any' and (self.on == 'ours') != ours:
            return 'it is on a message of somebody else'
        return Found(because=f'They reacted with {emoji}')
