"""Something about the contact."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from ..comparing import SAID, Comparison, compares
from ..parts import chip
from .base import ConditionKind, Judged, Sight


class ContactCondition(ConditionKind):
    """`field`: name, phone, language, zone, tags, opted_out, or the name of one of their variables."""

    LABEL: ClassVar[str] = 'About the contact'
    ABOUT: ClassVar[str] = 'Their name, tags, language or one of their variables.'

    type: Literal['contact'] = 'contact'
    field: str = Field(pattern=r'^[A-Za-z_][A-Za-z0-9_.]{0,63}$', title='What')
    op: Comparison = Field(default='eq', title='How')
    value: Any = Field(default=None, title='With', json_schema_extra={'form': 'text'})

    def says(self) -> str:
        return (
            f'the contact’s {self.field} {SAID[self.op]} {chip(self.value) if self.value is not None else ""}'.strip()
        )

    def judge(self, sight: Sight) -> Judged:
        known = sight.at('contact')
        place = self.field if isinstance(known, dict) and self.field in known else f'vars.{self.field}'
        found = sight.at(f'contact.{place}')
        return Judged(true=compares(found, self.op, self.value), text=_told(self.field, found, self.op, self.value))


def _told(name: str, found: Any, op: Comparison, value: Any) -> str:
    """opt_in (False) is not True"""
    wanted = '' if value is None else f' {value!r:.80}'
    return f'{name} ({found!r:.80}) {SAID[op]}{wanted}'
