"""An expression that comes out as true."""

from typing import ClassVar, Literal

from pydantic import Field

from ..parts import Expression
from .base import ConditionKind, Judged, Sight


class TemplateCondition(ConditionKind):
    LABEL: ClassVar[str] = 'An expression is true'
    ABOUT: ClassVar[str] = 'For what the other conditions cannot say, such as {{ message.text|length < 200 }}.'

    type: Literal['template'] = 'template'
    value: Expression = Field(title='Expression')

    def judge(self, sight: Sight) -> Judged:
        found = sight.value(self.value)
        return Judged(true=bool(found), text=f'{self.value} is {found!r:.100}')
