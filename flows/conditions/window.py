"""How long ago something happened."""

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from ..parts import Span, lasting
from .base import ConditionKind, Judged, Sight

SAID = {
    'last_inbound': 'they last wrote', 'last_outbound': 'we last wrote to them',
    'first_contact': 'we first heard of them', 'trigger': 'it happened',
}  # fmt: skip


class WindowCondition(ConditionKind):
    """The message that started the flow does not count as the last one. What never happened is never `lt`."""

    LABEL: ClassVar[str] = 'How long ago'
    ABOUT: ClassVar[str] = 'Since they, or we, last wrote.'

    type: Literal['window'] = 'window'
    since: Literal['last_inbound', 'last_outbound', 'first_contact', 'trigger'] = Field(title='Since')
    lt: Span | None = Field(default=None, title='Less than')
    gt: Span | None = Field(default=None, title='More than')

    @model_validator(mode='after')
    def _bounded(self) -> 'WindowCondition':
        if self.lt is None and self.gt is None:
            raise ValueError('it needs lt or gt')
        return self

    def says(self) -> str:
        parts = [f'less than |{lasting(self.lt)}| ago'] if self.lt else []
        parts += [f'more than |{lasting(self.gt)}| ago'] if self.gt else []
        return f'{SAID[self.since]} {" and ".join(parts)}'

    def judge(self, sight: Sight) -> Judged:
        at = sight.since(self.since)
        if at is None:
            return Judged(true=self.lt is None, text=f'{SAID[self.since]}: never')
        true = (self.lt is None or at < self.lt) and (self.gt is None or at > self.gt)
        return Judged(true=true, text=f'{SAID[self.since]} {lasting(at)} ago')
