"""A value anywhere in what the flow knows."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from ..comparing import SAID, Comparison, compares
from ..parts import chip
from .base import ConditionKind, Judged, Sight


class VariableCondition(ConditionKind):
    """`ref`: where it is, such as run.order, contact.vars.plan, trigger.payload.status or message.kind."""

    LABEL: ClassVar[str] = 'A value'
    ABOUT: ClassVar[str] = 'Any value the flow knows, compared with another.'

    type: Literal['var'] = 'var'
    ref: str = Field(pattern=r'^[A-Za-z_][A-Za-z0-9_.]{0,127}$', title='Value')
    op: Comparison = Field(default='eq', title='How')
    value: Any = Field(default=None, title='With', json_schema_extra={'form': 'text'})

    def says(self) -> str:
        return f'|{self.ref}| {SAID[self.op]} {chip(self.value) if self.value is not None else ""}'.strip()

    def judge(self, sight: Sight) -> Judged:
        found = sight.at(self.ref)
        wanted = '' if self.value is None else f' {self.value!r:.80}'
        return Judged(
            true=compares(found, self.op, self.value), text=f'{self.ref} ({found!r:.80}) {SAID[self.op]}{wanted}'
        )
