"""A run of another flow failed."""

from typing import ClassVar, Literal

from pydantic import Field

from ..occasion import Occasion
from ..parts import listed
from .base import Found, TriggerKind


class FlowErrorTrigger(TriggerKind):
    LABEL: ClassVar[str] = 'A flow fails'
    ABOUT: ClassVar[str] = 'A run of another flow ends with an error.'

    type: Literal['flow_error'] = 'flow_error'
    flows: tuple[str, ...] = Field(
        default=(), max_length=50, title='Flows', description='Empty: any.', json_schema_extra={'form': 'flow'}
    )

    def says(self) -> str:
        return f'{listed(self.flows) if self.flows else "a flow"} fails'

    def looks(self, occasion: Occasion) -> Found | str:
        failed = str(occasion.facts.get('flow', ''))
        if self.flows and failed not in self.flows:
            return 'it is about another flow'
        return Found(because=f'{failed} failed')
