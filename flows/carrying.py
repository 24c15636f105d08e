"""Carries out what runs do to the world, inside the write that keeps how far they got."""

import json
from collections.abc import Callable
from dataclasses import replace

from core.chats import Chats
from core.errors import Invalid
from core.news import NewsDesk
from core.opt_outs import COMPLIANCE, OptOuts
from core.outbox import Author, Outbox, Saying
from core.world import World
from data.contacts import Contact
from data.people import user_by_email
from data.tags import add_tags, put_in_group, remove_tags, take_out_of_group

from .effects import (
    AssignChat,
    Effect,
    Emit,
    GroupContact,
    HandOff,
    MarkRead,
    OptOut,
    Say,
    SetContact,
    StartFlow,
    TagContact,
)  # fmt: skip
from .flow import Document
from .state import RunState

VARS_MOST = 200  # of one contact
VARS_LONGEST = 64 * 1024  # characters of all of them; they are read whenever a flow looks at the contact


class Carrying:
    """`call` starts another flow inside the same write; the runner says how."""

    call: Callable[[StartFlow, RunState], None]

    def __init__(self, world: World, desk: NewsDesk, outbox: Outbox, chats: Chats, opt_outs: OptOuts) -> None:
        self.world, self.desk, self.outbox, self.chats, self.opt_outs = world, desk, outbox, chats, opt_outs

    def out(  # noqa: PLR0912  (the index of what flows can do: one line for each)
        self, effect: Effect, run: RunState, document: Document
    ) -> None:  # fmt: skip
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
            case GroupContact(name=name, out=True):
                take_out_of_group(name, _contact(run))
            case GroupContact(name=name):
                put_in_group(self.world.new_id(), name, _contact(run), self.world.now())
            case AssignChat(email=email):
                self.chats.assign(_chat(run), _user(email))
            case HandOff():
                self._hand_off(effect, run, document)
            case MarkRead():
                self.chats.read(_chat(run))
            case OptOut():
                self._opt_out(effect, run, document)
            case Emit():
                body = {'name': effect.name, 'flow': document.key, 'run': run.id, 'values': effect.values}
                self.desk.tell('flow.event', body, session=run.session_id or '', chat=run.chat_id or '')
            case StartFlow():
                self.call(effect, run)

    def _say(self, effect: Say, run: RunState, document: Document) -> None:
        author, saying = _author(run, document), effect.saying
        if run.trigger.get('audience'):  # one of many alike
            saying = replace(saying, bulk=True)
        if saying.to:
            self.outbox.post(saying, author)
        else:
            self.outbox.put(_chat(run), saying, author)

    def _hand_off(self, effect: HandOff, run: RunState, document: Document) -> None:
        chat_id = _chat(run)
        self.chats.take_over(chat_id, _user(effect.email), until=effect.until)
        if effect.note:
            self.chats.note(chat_id, effect.note, _author(run, document))
        body = {'chat': chat_id, 'flow': document.key, 'run': run.id, 'note': effect.note}
        self.desk.tell('handoff.requested', body, session=run.session_id or '', chat=chat_id)

    def _opt_out(self, effect: OptOut, run: RunState, document: Document) -> None:
        contact_id = _contact(run)
        if effect.message:
            author = Author(id=COMPLIANCE, name=f'Flow {document.name}', caused_by=run.message_id)
            self.outbox.put(_chat(run), Saying(text=effect.message), author)
        if effect.back:
            self.opt_outs.opt_in(contact_id)
        else:
            self.opt_outs.opt_out(contact_id, source=f'Flow {document.name}')

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
        if effect.value is not None and len(json.dumps(values, default=str)) > VARS_LONGEST:
            raise Invalid(f'The variables of a contact may have {VARS_LONGEST // 1024} kB together.')
        Contact.update(vars=values).where(Contact.id == contact_id).execute()


def _author(run: RunState, document: Document) -> Author:
    return Author(id=f'flow:{document.key}', name=f'Flow {document.name}', caused_by=run.message_id)


def _user(email: str) -> str:
    """The id of a colleague, '' for nobody."""
    if not email:
        return ''
    user = user_by_email(email.strip().lower())
    if user is None:
        raise Invalid(f'Nobody here has the e-mail address {email}.')
    return str(user.id)


def _chat(run: RunState) -> str:
    if run.chat_id is None:
        raise Invalid('This run is about no chat, so there is nobody to write to.', code='no_chat')
    return run.chat_id


def _contact(run: RunState) -> str:
    if run.contact_id is None:
        raise Invalid('This run is about no contact.', code='no_contact')
    return run.contact_id
