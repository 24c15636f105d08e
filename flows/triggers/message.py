"""Somebody wrote to us."""

from typing import ClassVar, Literal

from pydantic import Field

from ..matching import Match, match_says, matches
from ..occasion import Occasion
from ..parts import listed
from .base import PLACES, Found, TriggerKind, Where, not_there

MessageKind = Literal['text', 'image', 'video', 'audio', 'voice', 'document', 'sticker', 'location', 'contact']


class MessageTrigger(TriggerKind):
    """Groups only where the flow asks for them."""

    LABEL: ClassVar[str] = 'A message arrives'
    ABOUT: ClassVar[str] = 'Somebody writes, with certain words or with any.'

    type: Literal['message'] = 'message'
    chat: Where = Field(default='private', title='In')
    message_types: tuple[MessageKind, ...] = Field(
        default=(), title='Kinds', description='Empty: all of them.', json_schema_extra={'form': 'choices'}
    )
    match: Match = Field(default=Match(op='any'), title='Text')

    def says(self) -> str:
        to = f' to {listed(self.session)}' if self.session else ''
        return f'somebody writes {match_says(self.match)}{PLACES[self.chat]}{to}'

    def looks(self, occasion: Occasion) -> Found | str:
        if elsewhere := not_there(self.chat, occasion):
            return elsewhere
        if self.message_types and occasion.message_kind not in self.message_types:
            return f'it is not for messages of the kind {occasion.message_kind}'
        word = matches(self.match, occasion.text)
        if word is None:
            return f'no word of: {", ".join(self.match.values)}'
        return Found(because=f'The word “{word}” was found' if word else 'Any message will do', facts={'word': word})
