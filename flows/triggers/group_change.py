"""Somebody came into a group, or left it."""

from typing import ClassVar, Literal

from pydantic import Field

from ..occasion import Occasion
from ..parts import chip
from .base import Found, TriggerKind


class GroupJoinTrigger(TriggerKind):
    LABEL: ClassVar[str] = 'Somebody joins a group'
    ABOUT: ClassVar[str] = 'Somebody comes into a group that one of your sessions is in.'

    type: Literal['group_join'] = 'group_join'
    group: str = Field(default='', max_length=100, title='Group', description='Its name or address; empty: any.')

    def says(self) -> str:
        return f'somebody joins {chip(self.group) if self.group else "a group"}'

    def looks(self, occasion: Occasion) -> Found | str:
        return _in_group(self.group, occasion, 'joined')


class GroupLeaveTrigger(TriggerKind):
    LABEL: ClassVar[str] = 'Somebody leaves a group'
    ABOUT: ClassVar[str] = 'Somebody leaves, or is taken out of, a group that one of your sessions is in.'

    type: Literal['group_leave'] = 'group_leave'
    group: str = Field(default='', max_length=100, title='Group', description='Its name or address; empty: any.')

    def says(self) -> str:
        return f'somebody leaves {chip(self.group) if self.group else "a group"}'

    def looks(self, occasion: Occasion) -> Found | str:
        return _in_group(self.group, occasion, 'left')


def _in_group(wanted: str, occasion: Occasion, what: str) -> Found | str:
    name = str(occasion.facts.get('group_name', ''))
    if wanted and wanted not in (name, occasion.group, f'{occasion.group}@g.us'):
        return 'it is about another group'
    return Found(because=f'Somebody {what} {name or "the group"}')
