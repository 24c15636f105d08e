"""Somebody starts it: on a page, or by REST."""

from typing import ClassVar, Literal

from ..occasion import Occasion
from .base import Found, TriggerKind


class ManualTrigger(TriggerKind):
    LABEL: ClassVar[str] = 'By hand'
    ABOUT: ClassVar[str] = 'A colleague starts it in a chat.'

    type: Literal['manual'] = 'manual'

    def says(self) -> str:
        return 'a colleague starts it'

    def looks(self, occasion: Occasion) -> Found | str:
        return Found(because=f'{occasion.facts.get("by") or "Somebody"} started it')


class ApiTrigger(TriggerKind):
    LABEL: ClassVar[str] = 'By REST'
    ABOUT: ClassVar[str] = 'A program starts it, with values of its own as trigger.values.'

    type: Literal['api'] = 'api'

    def says(self) -> str:
        return 'a program starts it'

    def looks(self, occasion: Occasion) -> Found | str:
        return Found(because=f'{occasion.facts.get("by") or "A program"} started it')
