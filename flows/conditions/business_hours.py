"""Whether the shop is open now."""

from datetime import date, datetime, time
from typing import ClassVar, Literal

from pydantic import Field, field_validator

from .base import ConditionKind, Judged, Sight

DAYS = ('mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun')
WEEK: dict[str, tuple[str, ...]] = {'mon-fri': ('09:00-18:00',)}


class BusinessHoursCondition(ConditionKind):
    """`hours`: by day or days (mon, sat, mon-fri, daily) the times from-to, of which there may be several a day.

    `closed`: days of the year (2026-12-25, or 12-25 for every year). Times are those of `zone`, else of the house.
    """

    LABEL: ClassVar[str] = 'Business hours'
    ABOUT: ClassVar[str] = 'Only while you are open, or only while you are closed.'

    type: Literal['business_hours'] = 'business_hours'
    hours: dict[str, tuple[str, ...]] = Field(
        default=WEEK, title='Open', max_length=20, json_schema_extra={'form': 'hours'}
    )
    zone: str = Field(default='', title='Time zone', json_schema_extra={'form': 'zone'})
    closed: tuple[str, ...] = Field(default=(), max_length=100, title='Closed on', json_schema_extra={'form': 'words'})
    is_: Literal['open', 'closed'] = Field(default='open', alias='is', title='We are')

    @field_validator('hours', mode='before')
    @classmethod
    def _one_or_several(cls, said: object) -> object:
        if isinstance(said, dict):
            return {day: (times,) if isinstance(times, str) else times for day, times in said.items()}
        return said

    @field_validator('hours')
    @classmethod
    def _readable(cls, hours: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for days, spans in hours.items():
            _days(days)
            for span in spans:
                _span(span)
        return hours

    @field_validator('closed')
    @classmethod
    def _dates(cls, closed: tuple[str, ...]) -> tuple[str, ...]:
        for day in closed:
            try:
                date.fromisoformat(day if len(day) > 5 else f'2024-{day}')
            except ValueError:
                raise ValueError(f'“{day}” is no date like 2026-12-25 or 12-25') from None
        return closed

    def says(self) -> str:
        return f'we are |{self.is_}|'

    def judge(self, sight: Sight) -> Judged:
        here = sight.now.astimezone(sight.house_zone(self.zone))
        is_open = self.is_open(here)
        return Judged(
            true=is_open == (self.is_ == 'open'),
            text=f'it is {here:%A %H:%M}, when we are {"open" if is_open else "closed"}',
        )

    def is_open(self, here: datetime) -> bool:
        if f'{here:%Y-%m-%d}' in self.closed or f'{here:%m-%d}' in self.closed:
            return False
        day, now = DAYS[here.weekday()], here.time().replace(tzinfo=None)
        spans = [_span(span) for days, spans in self.hours.items() if day in _days(days) for span in spans]
        return any(begin <= now < end for begin, end in spans)


def _days(said: str) -> tuple[str, ...]:
    plain = said.strip().lower()
    if plain == 'daily':
        return DAYS
    first, _, last = plain.partition('-')
    if first not in DAYS or (last and last not in DAYS):
        raise ValueError(f'“{said[:20]}” is no day; days are mon, tue, … or mon-fri')
    begin, end = DAYS.index(first), DAYS.index(last or first)
    return DAYS[begin : end + 1] if begin <= end else DAYS[begin:] + DAYS[: end + 1]


def _span(said: str) -> tuple[time, time]:
    try:
        begin, end = (_time(each) for each in said.split('-'))
    except ValueError:
        raise ValueError(f'“{said[:20]}” is no time like 09:00-18:00') from None
    if begin >= end:
        raise ValueError(f'“{said[:20]}” ends before it begins')
    return begin, end


def _time(said: str) -> time:
    return time.max if said.strip() == '24:00' else time.fromisoformat(said.strip())
