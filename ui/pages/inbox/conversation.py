"""The middle column: what was said in one chat, and the way to answer."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta, tzinfo
from typing import TYPE_CHECKING

from nicegui import ui

from core.allowed import SENDABLE
from core.bus import News
from core.rights import Login

from ...aside import aside, reading
from ...live import REMEMBERED
from ...login import guarded
from ...part import Part
from ...pieces import badge, box, button, empty_state, face, icon, tool, words
from .calling import reject_call
from .composer import Composer
from .doing import Doing, send_again
from .said import Said, refused_of, said_with
from .talk import Talk
from .views import ChatView, chat_view, colleagues
from .wording import hour

if TYPE_CHECKING:
    from ...compose import Gateway

__all__ = ['CHANGES', 'HEARD', 'Conversation', 'send_again']

TYPING_LASTS = 15.0
TYPING = {'typing': 'typing…', 'recording': 'recording…'}
CHANGES = ('message.queued', 'message.received', 'message.sent', 'message.delivered', 'message.read', 'message.played',
           'message.failed', 'message.uncertain', 'message.cancelled', 'message.noted')  # fmt: skip
MADE_OF_IT = ('message.reaction', 'message.edited', 'message.revoked', 'poll.vote', 'message.media')
HEARD = (*CHANGES, *MADE_OF_IT, 'chat.noted', 'chat.typing', 'chat.changed', 'group.updated', 'flow.run.finished',
         'flow.run.failed')  # fmt: skip
SAID = {*CHANGES, *MADE_OF_IT, 'chat.noted'}


class Conversation:
    """One chat at a time. `picked` is told which message the reader points at, and whether they asked why."""

    def __init__(
        self, gateway: 'Gateway', login: Login, zone: tzinfo, *, picked: Callable[[str, bool], Awaitable[None]],
        open: Callable[[str], Awaitable[None]], back: Callable[[], object], more: Callable[[], object],
        write: Callable[[str], Awaitable[None]],
    ) -> None:  # fmt: skip
        self.gateway, self.login, self.zone = gateway, login, zone
        self.clock, self.chats = gateway.world.now, gateway.chats
        self.picked, self.back, self.more, self.write = picked, back, more, write
        self.chat: ChatView | None = None
        self.typing = ''
        self.doing = Doing(login, gateway.outbox, gateway.guard, open)
        self._may_send = login.asker.may('messages.send')
        self.talk = Talk(login.asker.id, self.clock, zone, may_send=self._may_send, does=self._does)
        self._turn = asyncio.Lock()  # what happens while a chat is being opened is shown after that
        self._offer = False  # after writing into a chat of the bot's: take it over?
        self._typing_until = self.clock()

    def draw(self) -> None:
        with box('conversation', 'section').props('aria-label=Conversation') as self._around:
            self._head = Part(self._draw_head, 'bar')
            self.talk.draw()
            with box('write'):
                self._below: Part[tuple[ChatView, bool]] = Part(self._draw_below, 'below')
                if self._may_send:
                    self._composer = Composer(self.gateway, self.login, self.doing, said=self._wrote)
        self._idle = box('conversation idle', 'section').props('aria-label=Conversation')
        self._around.set_visibility(False)

    def nobody(self, *, sandbox: bool, empty: bool) -> None:
        """No chat is open."""
        self.chat = None
        self._around.set_visibility(False)
        self._idle.set_visibility(True)
        self._idle.clear()
        with self._idle:
            if not empty:
                words('Choose a chat to read it.', 'nothing quiet', 'p')
                return
            with empty_state('No chats yet', 'When somebody writes to one of your sessions, the chat is here.'):
                ui.link('Write from a phone of the sandbox', '/sandbox') if sandbox else ui.link(
                    'Sessions', '/sessions'
                )

    async def show(self, chat: ChatView, *, at: str = '') -> None:
        """`at`: the message to show, the newest when ''."""
        async with self._turn:
            self.typing, self._offer = '', False
            self.talk.waits = _waits(chat)
            await self.talk.show(chat.id, at=at, unread=chat.unread)
            self._idle.set_visibility(False)
            self._around.set_visibility(True)
            self._show_chat(chat)
            self._types('')

    async def refresh(self, news: list[News]) -> None:
        """Something happened in this chat."""
        async with self._turn:
            chat = self.chat
            news = [each for each in news if chat is not None and each.chat == chat.id]
            if chat is not None and news:
                await self._catch_up(chat, news)
        if any(each.kind in ('chat.changed', 'group.updated') for each in news):
            await self.look_again()

    async def _catch_up(self, chat: ChatView, news: list[News]) -> None:
        for each in news:
            if each.kind == 'chat.typing':
                self._types(str(each.body.get('state')))
            elif each.kind == 'message.received':
                self._types('')
        ids = sorted({str(each.body.get('id')) for each in news if each.kind in SAID and each.body.get('id')})
        if len(news) >= REMEMBERED:  # more happened than was remembered
            await self.talk.show(chat.id)
        elif ids:
            await self.talk.add(await reading(said_with, ids, self.login.asker.id))
        failed = [str(each.body['id']) for each in news if each.kind == 'message.failed']
        for sentence in await reading(refused_of, failed, self.login.asker.id) if failed else ():
            with self._around:
                ui.notify(sentence, type='negative')

    async def look_again(self) -> None:
        """The chat itself or its session is another than before."""
        if self.chat is None:
            return
        chat = await reading(chat_view, self.chat.id, self.login.asker)
        if chat is None or self.chat is None or chat.id != self.chat.id:
            return
        if chat.keeper:
            self._offer = False
        self._show_chat(chat)

    async def look_at_waiting(self) -> None:
        """Why messages wait, or until when, is different now."""
        async with self._turn:
            if ids := self.talk.waiting:
                await self.talk.add(await reading(said_with, ids, self.login.asker.id))

    def _show_chat(self, chat: ChatView) -> None:
        self.chat = chat
        self._head.show(chat)
        self._below.show((chat, self._offer))
        if self._may_send:
            self._composer.show(chat)
        self.talk.wait(_waits(chat))

    def _types(self, state: str) -> None:
        self.typing = TYPING.get(state, '')
        if self.chat is not None:
            self._detail.set_text(_detail(self.chat, self.typing))
        if self.typing:
            self._typing_until = self.clock() + timedelta(seconds=TYPING_LASTS - 0.5)
            with self._around:
                ui.timer(TYPING_LASTS, self._typed_enough, once=True)

    def _typed_enough(self) -> None:
        if self.typing and self.clock() >= self._typing_until:
            self._types('')

    # ---- head and foot

    def _draw_head(self, chat: ChatView) -> None:
        words(chat.name, 'unseen pocket', 'h1')
        tool('arrow_back', 'Back to the chats', on_click=self.back).classes('pocket')
        with box('person grow'):
            face(chat.name)
            with box('names'):
                words(chat.name, 'cut strong')
                self._detail = words(_detail(chat, self.typing), 'cut small faint')
        with box('beside'):
            badge(_keeper(chat, self.login.asker.id, self.zone), 'accent' if chat.keeper else 'idle').classes('desk')
            if self.login.asker.may('chats.manage'):
                if chat.keeper:
                    button('Back to the bot', 'plain small', on_click=guarded(self._hand_back, 'chats.manage'))
                else:
                    button('Take over', 'plain small', on_click=guarded(self._take_over, 'chats.manage'))
                self._draw_owners(chat)
            tool('info', 'Contact and what happened', on_click=self.more).classes('narrow')

    def _draw_owners(self, chat: ChatView) -> None:
        """A menu that is filled when it opens: colleagues come and go."""
        with tool('person_add', 'Give to a colleague') as opener, ui.menu() as menu:
            opener.props('aria-haspopup=menu')

        async def fill() -> None:
            people = await reading(colleagues)
            menu.clear()
            with menu:
                for id, name in people.items():
                    with ui.menu_item(on_click=self._giver(id)), box('beside'):
                        icon('check' if id == chat.owner_id else 'person', 'tiny')
                        words(f'{name} (you)' if id == self.login.asker.id and name != 'You' else name)
                if chat.owner_id:
                    ui.separator()
                    with ui.menu_item(on_click=self._giver('')), box('beside'):
                        icon('person_off', 'tiny')
                        words('Nobody')

        menu.on('before-show', fill)

    def _giver(self, user_id: str) -> Callable[[], Awaitable[None]]:
        async def give() -> None:
            if self.chat is None:
                return
            if user_id and not self.chat.keeper:
                await aside(self.chats.take_over, self.chat.id, user_id)
            else:
                await aside(self.chats.assign, self.chat.id, user_id)

        return guarded(give, 'chats.manage')

    def _draw_below(self, shown: tuple[ChatView, bool]) -> None:
        chat, offer = shown
        if not self._may_send:
            words(f'You are signed in as {self.login.asker.role}: reading only.', 'small quiet', 'p')
        elif chat.closed:
            words(chat.closed, 'small quiet', 'p')
        elif chat.state not in SENDABLE:
            with box('beside small quiet', 'p'):
                words(f'{chat.session} cannot send now. {chat.detail}', 'grow')
                ui.link('Look at the session', f'/sessions/{chat.session}')
        elif chat.state != 'working':
            words(f'{chat.session} is not connected at the moment. What you write is sent when it is back.',
                  'small quiet', 'p')  # fmt: skip
        elif offer:
            with box('beside small quiet', 'p'):
                words('The bot still answers in this chat too.', 'grow')
                button('Take over', 'plain small', on_click=guarded(self._take_over, 'chats.manage'))

    # ---- doing

    async def _take_over(self) -> None:
        if self.chat is not None:
            await aside(self.chats.take_over, self.chat.id, self.login.asker.id)

    async def _hand_back(self) -> None:
        if self.chat is not None:
            await aside(self.chats.hand_back, self.chat.id)

    def _wrote(self, chat_id: str, note: bool = False) -> None:
        """The reader said something in this chat, or left a note, and wants to see it."""
        if self.chat is None or self.chat.id != chat_id:
            return
        self.talk.follow()
        if not self.chat.keeper and not note:
            self._offer = self.login.asker.may('chats.manage')
            self._below.show((self.chat, self._offer))

    async def _does(self, does: str, id: str, value: str) -> None:
        said, chat = self.talk.said(id), self.chat
        if said is None or chat is None:
            return
        if does in ('pick', 'why'):
            await self.picked(id, does == 'why')
        elif does == 'jump':
            await self.talk.reveal(value)
        elif not self._may_send:
            return
        elif does == 'reply':
            self._composer.answer(said)
        elif does == 'edit':
            self._composer.change(said)
        elif does == 'write':
            await self.write(value)
        else:
            await guarded(self._do, 'messages.send')(does, said, chat.id, value)

    async def _do(self, does: str, said: Said, chat_id: str, value: str) -> None:
        match does:
            case 'react':
                await self.doing.react(chat_id, said, value)
            case 'vote':
                await self.doing.vote(chat_id, said, tuple(str(each) for each in json.loads(value)))
            case 'hang':
                await reject_call(self.gateway.calls, said, self.doing.author, write=bool(value))
            case 'delete':
                await self.doing.delete(said)
            case 'forward':
                await self.doing.forward(said)
            case 'fetch':
                await aside(self.gateway.downloads.again, said.id)
                await self.talk.add(await reading(said_with, [said.id], self.login.asker.id))
            case 'again':
                await self.doing.again(said)
            case 'sent':
                await self.doing.was_sent(said)
            case 'cancel':
                await self.doing.cancel(said)


def _waits(chat: ChatView) -> str:
    return '' if chat.state == 'working' else f'Waits until {chat.session} is connected.'


def _detail(chat: ChatView, typing: str) -> str:
    who = 'told to everybody' if chat.status else 'group' if chat.group else chat.phone
    return ' · '.join(filter(None, (chat.session, who, typing)))


def _keeper(chat: ChatView, me: str, zone: tzinfo) -> str:
    if not chat.keeper:
        return f'Bot answers, {chat.owner} looks' if chat.owner else 'Bot answers'
    who = 'With you' if chat.owner_id == me else f'With {chat.keeper}'
    return f'{who} until {hour(chat.until, zone)}' if chat.until else who
