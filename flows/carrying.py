"""Carries out what runs do to the world, inside the write that keeps how far they got."""

from core.chats import Chats
from core.errors import Invalid
from core.outbox import Author, Outbox
from core.world import World
from data.contacts import Contact
from data.tags import add_tags, remove_tags

from .effects import Effect, HandOff, Say, SetContact, StartFlow, TagContact
from .flow import Document
from .state import RunState

VARS_MOST = 200  # of one contact


class Carrying:
    """`start` begins another flow; it is told once, by the runner, as the two need each other."""

    def __init__(self, world: World, outbox: Outbox, chats: Chats) -> None:
        self.world, self.outbox, self.chats = world, outbox, chats

    def out(self, effect: Effect, run: RunState, document: Document) -> None:
        """Inside a write. Raises DovecoteError when it cannot be done; nothing of it is kept then."""
        match effect:
            case Say():
                self._say(effect, run, document)
            case SetContact():
                self._set(effect, _contact(run))
            case TagContact():
                if effect.add:
                    add_tags(_contact(run), effect.add)
                if effect.remove:
                    remove_tags(_contact(run), effect.remove)
            case HandOff():
                self.chats.take_over(_chat(run), effect.assign_to, until=effect.until)
            case StartFlow():
                raise Invalid('Flows cannot start flows here.')

    def _say(self, effect: Say, run: RunState, document: Document) -> None:
        author = Author(id=f'flow:{document.key}', name=f'Flow {document.name}', caused_by=run.message_id)
        if effect.saying.to:
            self.outbox.post(effect.saying, author)
        else:
            self.outbox.put(_chat(run), effect.saying, author)

    def _set(self, effect: SetContact, contact_id: str) -> None:
        row: Contact | None = Contact.get_or_none(Contact.id == contact_id)
        if row is None:
            raise Invalid('The contact is gone.')
        values = {**row.vars}
        if effect.value is None:
            values.pop(effect.name, None)
        else:
            values[effect.name] = effect.value
        if len(values) > VARS_MOST:
            raise Invalid(f'A contact may have {VARS_MOST} variables.')
        Contact.update(vars=values).where(Contact.id == contact_id).execute()


def _chat(run: RunState) -> str:
    if run.chat_id is None:
        raise Invalid('This run is about no chat, so there is nobody to write to.', code='no_chat')
    return run.chat_id


def _contact(run: RunState) -> str:
    if run.contact_id is None:
        raise Invalid('This run is about no contact.', code='no_contact')
    return run.contact_id
