"""A session is connected, dropped, logged out or banned."""

from typing import ClassVar, Literal

from pydantic import Field

from ..occasion import Occasion
from ..parts import listed
from .base import Found, TriggerKind

State = Literal['working', 'reconnecting', 'resting', 'logged_out', 'banned', 'failed', 'pairing']


class SessionStateTrigger(TriggerKind):
    """It is about no chat: `send` needs a `to` then."""

    LABEL: ClassVar[str] = 'A session changes'
    ABOUT: ClassVar[str] = 'A session connects, drops, is logged out or banned.'

    type: Literal['session_state'] = 'session_state'
    states: tuple[State, ...] = Field(
        default=('logged_out', 'banned', 'failed'), min_length=1, title='It is', json_schema_extra={'form': 'choices'}
    )

    def says(self) -> str:
        return f'a session is {listed(self.states)}'

    def looks(self, occasion: Occasion) -> Found | str:
        state = str(occasion.facts.get('state', ''))
        if state not in self.states:
            return f'it is about sessions that are {", ".join(self.states)}'
        return Found(because=f'{occasion.session} is {state.replace("_", " ")}')
