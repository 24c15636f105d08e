"""The inbox: chats, the conversation, and who this is with what happened."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote

from nicegui import events, ui

from core.bus import News
from core.rights import Login

from ...aside import aside, reading
from ...frame import frame
from ...live import live
from ...login import page
from ...pieces import box
from ...written import reader_zone
from .bulk import BulkLine
from .chats import ChatList
from .contact import Contact
from .conversation import CHANGES, HEARD, Conversation
from .group import GroupPanel
from .new_chat import new_chat
from .views import chat_view

if TYPE_CHECKING:
    from ...compose import Gateway

LISTED = (*CHANGES, 'message.edited', 'message.revoked', 'chat.read', 'chat.changed', 'group.updated',
          'contact.resolved', 'session.deleted')  # fmt: skip
ROUTING_TAKES = 0.4  # seconds, generously; a message no flow wanted makes no news


def register(gateway: 'Gateway') -> None:
    @page('/inbox', 'messages.see')
    async def inbox(login: Login, chat: str = '', at: str = '', q: str = '') -> None:
        await InboxPage(gateway, login, q=q).draw(chat, at)

    @page('/inbox/{chat}', 'messages.see')
    async def inbox_chat(login: Login, chat: str) -> None:
        await InboxPage(gateway, login).draw(chat, '')


class InboxPage:
    """Holds the three columns together, for one tab."""

    def __init__(self, gateway: 'Gateway', login: Login, *, q: str = '') -> None:
        self.gateway, self.login = gateway, login
        self.asker = login.asker
        zone, clock = reader_zone(), gateway.world.now
        may_write = self.asker.may('messages.send')
        write = self._write_first if may_write else None
        self.list = ChatList(login, clock, zone, open=self.open, write=write, q=q)
        self.talk = Conversation(
            gateway, login, zone, picked=self._pick, open=self.open, back=self.close, write=self._write,
            more=lambda: self.columns.classes('telling'),
        )  # fmt: skip
        self.contact = Contact(
            gateway, login, GroupPanel(gateway, login), BulkLine(gateway, login, self._look_again),
            close=lambda: self.columns.classes(remove='telling'),
        )  # fmt: skip
        self._sandbox = gateway.sandbox is not None
        self._looking = True
        self._asks_again = False
        self._wanted = self._picked = ''
        self._stop_listening: Callable[[], None] = lambda: None

    async def draw(self, chat_id: str, at: str) -> None:
        with frame('Inbox', here='/inbox', login=self.login, sandbox=self._sandbox), box('inbox') as self.columns:
            await self.list.draw()
            self.talk.draw()
            self.contact.draw()
        live(self.gateway.bus, self._listed, kinds=LISTED, every=0.25)
        live(self.gateway.bus, self._people, kinds=('contact.updated', 'contact.resolved'), every=0.25)
        live(self.gateway.bus, self._session, kinds=('session.state',), every=0.5)
        live(self.gateway.bus, self._held, kinds=('session.held',), every=0.5)
        ui.on('tab-seen', self._tab_seen)
        ui.run_javascript(TELL_SEEN)
        if chat_id:
            await self.open(chat_id, at, put_address=False)
        if self.talk.chat is None:
            self.close()

    async def open(self, chat_id: str, at: str = '', *, put_address: bool = True) -> None:
        """`at`: the message to show, the newest when ''."""
        self._wanted = chat_id
        chat = await reading(chat_view, chat_id, self.asker)
        if chat is None:
            ui.notify('This chat is not there any more.', type='negative')
            return
        if self._wanted != chat_id:  # the reader clicked on another one meanwhile
            return
        if put_address:  # before the chat is drawn: what is on the screen is what a reload brings back
            _put_address(f'/inbox?chat={quote(chat_id)}')
        self._stop_listening()
        self._stop_listening = live(self.gateway.bus, self._heard, kinds=HEARD, chat=chat_id, every=0.1)
        await self.talk.show(chat, at=at)
        if self._wanted != chat_id:
            return
        self.columns.classes('reading', remove='telling')
        self.list.choose(chat_id)
        self.contact.visible(True)
        self.contact.who(chat)
        self._picked = at
        self.talk.talk.mark(at)
        await self._tell(at or self._last())
        await self._read()

    def close(self) -> None:
        """No chat is open any more: on a phone, the way back to the list."""
        self._wanted = ''
        self._stop_listening()
        self.columns.classes(remove='reading telling')
        self.list.choose('')
        self.talk.nobody(sandbox=self._sandbox, empty=self.list.empty)
        self.contact.visible(False)
        _put_address('/inbox')

    async def _heard(self, news: list[News]) -> None:
        """Something happened in the open chat."""
        await self.talk.refresh(news)
        if self.talk.chat is None:
            return
        self.contact.who(self.talk.chat)
        await self._tell(self._picked or self._last())
        if any(each.kind == 'message.received' for each in news):
            await self._read()

    async def _listed(self, news: list[News]) -> None:
        was_empty = self.list.empty
        await self.list.refresh(news)
        if was_empty and self.list.lines and self.talk.chat is None:
            self.talk.nobody(sandbox=self._sandbox, empty=False)

    async def _session(self, news: list[News]) -> None:
        chat = self.talk.chat
        if chat is not None and any(each.session == chat.session_id for each in news):
            await self._look_again()

    async def _held(self, news: list[News]) -> None:
        """What waits has another reason to."""
        chat = self.talk.chat
        if chat is not None and any(each.session == chat.session_id for each in news):
            await self.talk.look_at_waiting()
            await self._tell(self._picked or self._last())

    async def _people(self, news: list[News]) -> None:
        """Somebody is called otherwise, has opted out, or is somebody we know already: then their chats are one."""
        for each in news:
            if (goes_on := each.body.get('chats', {}).get(self._wanted)) is not None:
                await self.open(str(goes_on))
                return
        chat = self.talk.chat
        if chat is not None and any(each.body.get('contact', {}).get('id') == chat.contact_id for each in news):
            await self._look_again()

    async def _look_again(self) -> None:
        await self.talk.look_again()
        if self.talk.chat is not None:
            self.contact.who(self.talk.chat)

    async def _read(self) -> None:
        """What is looked at is read; a tab in the background looks at nothing."""
        if self.talk.chat is not None and self._looking and self.asker.may('chats.manage'):
            await aside(self.gateway.chats.read, self.talk.chat.id)

    async def _tab_seen(self, event: events.GenericEventArguments) -> None:
        self._looking = bool(event.args)
        await self._read()

    async def _pick(self, message_id: str, to_column: bool) -> None:
        self._picked = message_id
        self.talk.talk.mark(message_id)
        if to_column:
            self.columns.classes('telling')
        await self._tell(message_id)

    async def _tell(self, message_id: str) -> None:
        if await self.contact.tell(message_id) or self._asks_again:
            return
        self._asks_again = True  # a message no flow wants makes no news
        with self.columns:
            ui.timer(ROUTING_TAKES, self._tell_again, once=True)

    async def _tell_again(self) -> None:
        self._asks_again = False
        await self._tell(self.contact.message)

    def _last(self) -> str:
        return self.talk.talk.last_heard

    async def _write_first(self) -> None:
        await new_chat(self.login, self.gateway.outbox, self.gateway.guard, self.open)

    async def _write(self, to: str) -> None:
        """To the number on a contact card, from the session that the card came to."""
        session = self.talk.chat.session if self.talk.chat is not None else ''
        await new_chat(self.login, self.gateway.outbox, self.gateway.guard, self.open, to=to, session=session)


def _put_address(path: str) -> None:
    ui.run_javascript(f'history.replaceState(history.state, "", {json.dumps(path)})')


TELL_SEEN = """
document.addEventListener('visibilitychange', () => emitEvent('tab-seen', !document.hidden));
if (document.hidden) emitEvent('tab-seen', false);
"""
