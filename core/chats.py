"""What people do with a chat: read it, take it over from the bot, hand it back, write notes beside it."""

import logging
from concurrent.futures import Future
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import Literal, Protocol

from data.chats import Chat, chat_by_id, overdue
from data.contacts import Contact
from data.database import after_commit, write
from data.messages import Message, newest_received
from data.notes import Note, add_note
from data.people import user_by_id

from .addresses import Address
from .errors import DovecoteError, Invalid, NotFound
from .news import NewsDesk
from .outbox import Author
from .world import World

log = logging.getLogger(__name__)

Typing = Literal['typing', 'recording', 'paused']
RECEIPTS_MOST = 200  # read receipts for one opening of a chat; WhatsApp counts what is older as read as well
LONGEST_NOTE = 4_096


class Hosts(Protocol):
    """What is needed of core.host.hosts.Hosts; the futures fail with NotConnected or CallFailed."""

    def mark_read(
        self, session: str, /, *, chat: str, sender: str, whatsapp_ids: tuple[str, ...]
    ) -> 'Future[None]': ...

    def typing(self, session: str, /, *, chat: str, state: Typing) -> 'Future[None]': ...


class Chats:
    """Every command raises NotFound for a chat nobody has."""

    def __init__(self, world: World, desk: NewsDesk, hosts: Hosts) -> None:
        self.world, self.desk, self.hosts = world, desk, hosts

    def read(self, chat_id: str) -> int:
        """Nothing is unread any more; returns of how many messages the writers are told so."""
        return write(partial(self._read, chat_id))

    def _read(self, chat_id: str) -> int:
        chat = _chat(chat_id)
        if not chat.unread:
            return 0
        rows = newest_received(chat_id, min(chat.unread, RECEIPTS_MOST))
        Chat.update(unread=0).where(Chat.id == chat_id).execute()
        body = {'chat': chat_id}
        after_commit(lambda: self.desk.whisper('chat.read', body, session=chat.session_id, chat=chat_id))
        if chat.session.state != 'working':
            return 0
        after_commit(lambda: self._tell_whatsapp(chat, rows))
        return len(rows)

    def _tell_whatsapp(self, chat: Chat, rows: list[Message]) -> None:
        """A courtesy: when it fails, the chat is read here all the same."""
        for sender, theirs in groupby(sorted(rows, key=_sender), key=_sender):
            ids = tuple(str(row.whatsapp_id) for row in theirs)
            to = _address(chat) if chat.group else sender
            told = self.hosts.mark_read(chat.session_id, chat=to, sender=sender, whatsapp_ids=ids)
            told.add_done_callback(partial(_note, str(chat.id)))

    def typing(self, chat_id: str, state: Typing) -> 'Future[None]':
        """Show it to the other side. Reads the database."""
        chat = _chat(chat_id)
        return self.hosts.typing(chat.session_id, chat=_address(chat), state=state)

    def take_over(self, chat_id: str, user_id: str = '', *, until: datetime | None = None) -> Chat:
        """A person answers from now on and the bot stays quiet, at most until `until`. Raises Invalid for the past."""
        if until is not None and until <= self.world.now():
            raise Invalid('The time until which a person answers has already passed.', field='until')
        return self._change(chat_id, automation='human', human_until=until, assigned_to=user_id or None)

    def hand_back(self, chat_id: str) -> Chat:
        """The bot answers again."""
        return self._change(chat_id, automation='bot', human_until=None, assigned_to=None)

    def assign(self, chat_id: str, user_id: str) -> Chat:
        """Say whose chat it is, '' for nobody's; who answers stays as it is. Raises Invalid for nobody we know."""
        return self._change(chat_id, assigned_to=user_id or None)

    def note(self, chat_id: str, text: str, author: Author) -> Note:
        """Keep what the team should know; nobody outside sees it. Raises Invalid."""
        if not text.strip():
            raise Invalid('There is nothing in this note.', field='text')
        if len(text) > LONGEST_NOTE:
            raise Invalid(f'A note may have {LONGEST_NOTE} characters, this one has {len(text)}.', field='text')

        def keep() -> Note:
            session_id, id = _chat(chat_id).session_id, self.world.new_id()
            body = {'chat': chat_id, 'id': id}
            after_commit(lambda: self.desk.whisper('chat.noted', body, session=session_id, chat=chat_id))
            return add_note(
                id, chat_id, author=author.id, author_name=author.name, text=text.strip(), at=self.world.now()
            )

        return write(keep)

    def hand_back_overdue(self) -> None:
        """Chats whose time with a person is over; the router has treated them so already."""
        for chat_id in overdue(self.world.now()):
            self.hand_back(chat_id)

    def _change(self, chat_id: str, **values: object) -> Chat:
        def change() -> Chat:
            session_id, owner = _chat(chat_id).session_id, values.get('assigned_to')
            if owner is not None and user_by_id(str(owner)) is None:
                raise Invalid('There is nobody with this id.', field='assigned_to')
            Chat.update(**values).where(Chat.id == chat_id).execute()
            after_commit(lambda: self.desk.whisper('chat.changed', {'chat': chat_id}, session=session_id, chat=chat_id))
            return _chat(chat_id)

        return write(change)


def _chat(chat_id: str) -> Chat:
    chat = chat_by_id(chat_id)
    if chat is None:
        raise NotFound('There is no chat with this id.')
    return chat


def _address(chat: Chat) -> str:
    return str(Address('group', chat.group)) if chat.group else _person(chat.contact)


def _sender(row: Message) -> str:
    """As WhatsApp named them then: it takes a receipt only from where the message went."""
    return row.heard_from or _person(row.sender)


def _person(contact: Contact | None) -> str:
    if contact is None:
        raise NotFound('The other side of this chat was deleted.')
    return str(Address('phone', contact.phone) if contact.phone else Address('lid', contact.lid or ''))


def _note(chat_id: str, told: 'Future[None]') -> None:
    problem = told.exception()
    if isinstance(problem, DovecoteError):
        log.info('chat %s was read, but WhatsApp was not told: %s', chat_id, problem)
    elif problem is not None:
        log.error('chat %s was read, but WhatsApp was not told', chat_id, exc_info=problem)
