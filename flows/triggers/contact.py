"""A contact is new, or is changed."""

from typing import ClassVar, Literal

from ..occasion import Occasion
from .base import Found, TriggerKind


class ContactCreatedTrigger(TriggerKind):
    LABEL: ClassVar[str] = 'A contact is new'
    ABOUT: ClassVar[str] = 'Somebody we did not know is added, or writes for the first time.'

    type: Literal['contact_created'] = 'contact_created'

    def says(self) -> str:
        return 'a contact is new'

    def looks(self, occasion: Occasion) -> Found | str:
        return Found(because='The contact is new')


class ContactUpdatedTrigger(TriggerKind):
    LABEL: ClassVar[str] = 'A contact is changed'
    ABOUT: ClassVar[str] = 'The name, a tag or a variable of a contact is changed.'

    type: Literal['contact_updated'] = 'contact_updated'

    def says(self) -> str:
        return 'a contact is changed'

    def looks(self, occasion: Occasion) -> Found | str:
        return Found(because='The contact was changed')
