"""All of these, any of these, not this."""

from typing import TYPE_CHECKING

from pydantic import Field

from .base import Judge, Judged, Sight

if TYPE_CHECKING:
    from . import Condition


class AllOf(Judge):
    all: 'tuple[Condition, ...]' = Field(min_length=1, max_length=50)

    def judge(self, sight: Sight) -> Judged:
        parts = tuple(part.judge(sight) for part in self.all)
        return Judged(true=all(part.true for part in parts), text='all of these', parts=parts)


class AnyOf(Judge):
    any: 'tuple[Condition, ...]' = Field(min_length=1, max_length=50)

    def judge(self, sight: Sight) -> Judged:
        parts = tuple(part.judge(sight) for part in self.any)
        return Judged(true=any(part.true for part in parts), text='any of these', parts=parts)


class NotOf(Judge):
    not_: 'Condition' = Field(alias='not')

    def judge(self, sight: Sight) -> Judged:
        part = self.not_.judge(sight)
        return Judged(true=not part.true, text='not', parts=(part,))
