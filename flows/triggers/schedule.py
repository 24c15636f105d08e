"""A moment comes round."""

from datetime import UTC, datetime
from typing import ClassVar, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from pydantic import Field, field_validator, model_validator

from ..occasion import Occasion
from ..parts import Part, chip
from .base import Found, TriggerKind

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


class Audience(Part):
    """Contacts with a tag, or in a group of contacts."""

    tag: str = Field(default='', max_length=64, title='With the tag')
    group: str = Field(default='', max_length=100, title='In the contact group')

    @model_validator(mode='after')
    def _one(self) -> 'Audience':
        if bool(self.tag) == bool(self.group):
            raise ValueError('an audience is a tag or a group')
        return self

    def says(self) -> str:
        return f' for everybody with the tag {chip(self.tag)}' if self.tag else f' for the group {chip(self.group)}'


class ScheduleTrigger(TriggerKind):
    """`cron` has five fields (minute hour day month weekday); `tz` names a zone, or `contact` for each one's own.

    `audience`: whom it is about, one run each; without one it is one run about nobody. It writes from `session`.
    """

    LABEL: ClassVar[str] = 'At a certain time'
    ABOUT: ClassVar[str] = 'Every day, week or month, for nobody or for everybody with a tag.'

    type: Literal['schedule'] = 'schedule'
    cron: str = Field(max_length=100, title='When', description='minute hour day month weekday')
    tz: str = Field(default='', max_length=64, title='Time zone', json_schema_extra={'form': 'zone'})
    audience: Audience | None = Field(default=None, title='For')

    @field_validator('cron')
    @classmethod
    def _comes(cls, cron: str) -> str:
        try:
            next(CronSim(cron, NEW_YEAR))
        except CronSimError as error:
            raise ValueError(f'“{cron}” is no time that comes round: {error}') from error
        except StopIteration:
            raise ValueError(f'“{cron}” never comes') from None
        return cron

    @field_validator('tz')
    @classmethod
    def _known(cls, tz: str) -> str:
        if tz and tz != 'contact':
            try:
                ZoneInfo(tz)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                raise ValueError(f'there is no time zone “{tz}”') from None
        return tz

    def says(self) -> str:
        said = CronSim(self.cron, NEW_YEAR).explain()
        return f'|{said[:1].lower()}{said[1:]}|{self.audience.says() if self.audience else ""}'

    def looks(self, occasion: Occasion) -> Found | str:
        if occasion.facts.get('trigger') not in (None, self.id):
            return 'it is about another time'
        return Found(because='Its time came')
