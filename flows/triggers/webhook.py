"""Another system called one of our hooks."""

from typing import ClassVar, Literal

from pydantic import Field

from core.errors import Invalid
from core.fill import evaluate

from ..occasion import Occasion
from ..parts import Expression, chip
from .base import Found, TriggerKind


class WebhookTrigger(TriggerKind):
    """`endpoint`: the name of the hook. `when` is asked with the call as `payload`, `headers` and `query`."""

    LABEL: ClassVar[str] = 'A hook is called'
    ABOUT: ClassVar[str] = 'Another system calls one of your hooks.'

    type: Literal['webhook'] = 'webhook'
    endpoint: str = Field(min_length=1, max_length=100, title='Hook')
    when: Expression | None = Field(default=None, title='Only when')

    def says(self) -> str:
        only = f' and {chip(self.when)}' if self.when else ''
        return f'the hook {chip(self.endpoint)} is called{only}'

    def looks(self, occasion: Occasion) -> Found | str:
        if str(occasion.facts.get('endpoint', '')) != self.endpoint:
            return 'it is about another hook'
        if self.when is not None:
            try:
                found = evaluate(self.when, dict(occasion.facts))
            except Invalid as error:
                return str(error)
            if not found:
                return f'{self.when} is {found!r:.60}'
        return Found(because=f'The hook {self.endpoint} was called')
