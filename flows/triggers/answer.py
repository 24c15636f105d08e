"""Somebody voted in a poll of ours, or pressed a button."""

from typing import ClassVar, Literal

from pydantic import Field

from ..matching import folded, words
from ..occasion import Occasion
from ..parts import chip, listed
from .base import Found, TriggerKind, Where, not_there


class AnswerTrigger(TriggerKind):
    """Only when no run waits for it. `options`: any of them is enough; empty for any answer."""

    LABEL: ClassVar[str] = 'A poll is answered'
    ABOUT: ClassVar[str] = 'Somebody votes in one of our polls.'

    type: Literal['answer'] = 'answer'
    chat: Where = Field(default='private', title='In')
    poll: str = Field(default='', max_length=255, title='The question', description='Empty: any poll.')
    options: tuple[str, ...] = Field(default=(), max_length=50, title='Answers', json_schema_extra={'form': 'words'})

    def says(self) -> str:
        which = f' to {chip(self.poll)}' if self.poll else ' to a poll'
        return f'somebody answers {listed(self.options)}{which}'

    def looks(self, occasion: Occasion) -> Found | str:
        if elsewhere := not_there(self.chat, occasion):
            return elsewhere
        voted = occasion.facts.get('options')
        chosen = [str(each) for each in voted] if isinstance(voted, list | tuple) else []
        if not chosen:
            return 'the vote was taken back'
        if self.poll and words(folded(self.poll)) != words(folded(str(occasion.facts.get('poll', '')))):
            return 'it is about another poll'
        wanted = {words(folded(each)) for each in self.options}
        if wanted and not any(words(folded(each)) in wanted for each in chosen):
            return f'none of: {", ".join(self.options)}'
        return Found(because=f'They chose “{", ".join(chosen)}”')
