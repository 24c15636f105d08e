"""The middle column: what was said in one chat, and the way to answer."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta, tzinfo

from nicegui import events, ui

from core.bus import News
from core.chats import Chats
from core.errors import NotFound
from core.outbox import SENDABLE, Author, Outbox
from core.rights import Login
from core.world import Clock
from data.chats import chat_by_id
from data.database import read

from ...aside import aside, reading
from ...live import REMEMBERED
from ...login import guarded
from ...part import Part
from ...pieces import ask, badge, box, button, empty_state, person, tool, words
from .bubble import Bubble
from .composer import Composer
from .views import ChatView, Said, chat_view, said_in, said_with
from .wording import day, hour

PAGE = 50
MOST = 300  # messages that stay drawn while new ones come
TYPING_LASTS = 15.0
TYPING = {'typing': 'typing…', 'recording': 'recording…'}
CHANGES = ('message.queued', 'message.received', 'message.sent', 'message.delivered', 'message.read', 'message.played',
           'message.failed', 'message.uncertain', 'message.cancelled')  # fmt: skip


class Conversation:
    """One chat at a time. `picked` is told which message the reader points at, and whether they asked why."""

    def __init__(
        self, login: Login, clock: Clock, zone: tzinfo, chats: Chats, outbox: Outbox, *,
        picked: Callable[[str, bool], Awaitable[None]], back: Callable[[], object], more: Callable[[], object],
    ) -> None:  # fmt: skip
        self.login, self.clock, self.zone, self.chats, self.outbox = login, clock, zone, chats, outbox
        self.picked, self.back, self.more = picked, back, more
        self.chat: ChatView | None = None
        self.typing = ''
        self._bubbles: dict[str, Bubble] = {}
        self._pages: list[tuple[ui.element, list[Said]]] = []
        self._days: list[tuple[str, ui.element]] = []
        self._most = MOST
        self._turn = asyncio.Lock()  # what happens while a chat is being opened is shown after that
        self._offer = False  # after writing into a chat of the bot's: take it over?
        self._typing_until = clock()
        self._may_send = login.asker.may('messages.send')

    def draw(self) -> None:
        with box('conversation', 'section').props('aria-label=Conversation') as self._around:
            self._head = Part(self._draw_head, 'bar')
            with box('scrolls talk').props('tabindex=0 role=log aria-label=Messages') as talk:
                talk.on('click', self._clicked, js_handler=CLICKED)
                with box() as self._lines:
                    self._older = button('Show older', 'ghost small', on_click=self._show_older).classes('older')
            with box('write'):
                self._below: Part[tuple[ChatView, bool]] = Part(self._draw_below, 'below')
                if self._may_send:
                    self._composer = Composer(self._say)
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

    async def show(self, chat: ChatView) -> None:
        async with self._turn:
            await self._show(chat)

    async def _show(self, chat: ChatView) -> None:
        said = await reading(said_in, chat.id, self.login.asker.id, '', PAGE + 1)
        self.chat, self.typing, self._offer = chat, '', False
        for page, _ in self._pages:
            page.delete()
        self._bubbles, self._pages, self._days, self._most = {}, [], [], MOST
        self._page(said[-PAGE:])
        self._older.set_visibility(len(said) > PAGE)
        self._idle.set_visibility(False)
        self._around.set_visibility(True)
        self._show_chat(chat)

    async def refresh(self, news: list[News]) -> None:
        """Something happened in this chat."""
        async with self._turn:
            chat = self.chat
            news = [each for each in news if chat is not None and each.chat == chat.id]
            if chat is not None and news:
                await self._catch_up(chat, news)
        if any(each.kind == 'chat.changed' for each in news):
            await self.look_again()

    async def _catch_up(self, chat: ChatView, news: list[News]) -> None:
        for each in news:
            if each.kind == 'chat.typing':
                self._types(str(each.body.get('state')))
        ids = {str(each.body.get('id')) for each in news if each.kind in CHANGES}
        if len(news) >= REMEMBERED:  # more happened than was remembered
            await self._show(chat)
        elif ids:
            self._said(await reading(said_with, sorted(ids), self.login.asker.id))

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

    def mark(self, message_id: str) -> None:
        for id, bubble in self._bubbles.items():
            bubble.pick(id == message_id)

    @property
    def messages(self) -> list[Said]:
        return [bubble.said for bubble in self._bubbles.values()]

    def _show_chat(self, chat: ChatView) -> None:
        self.chat = chat
        self._head.show((chat, self.typing))
        self._below.show((chat, self._offer))
        if self._may_send:
            self._composer.show(chat)
        for bubble in self._bubbles.values():
            if bubble.said.status == 'queued':
                bubble.show(bubble.said, self._waits())

    def _said(self, said: Iterable[Said]) -> None:
        new = []
        for each in said:
            if each.id in self._bubbles:
                self._bubbles[each.id].show(each, self._waits())
            elif not self._bubbles or each.id > max(self._bubbles):
                new.append(each)
                if not each.out:
                    self._types('')
        if new:
            self._page(new)
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        """A chat that never rests must not fill the browser."""
        gone = set()
        while len(self._bubbles) > self._most and len(self._pages) > 1:
            page, said = self._pages.pop(0)
            gone |= {each.id for each in said}
            page.delete()
            self._bubbles = {id: bubble for id, bubble in self._bubbles.items() if id not in gone}
        if not gone:
            return
        self._older.set_visibility(True)
        self._days = [(word, element) for word, element in self._days if not element.is_deleted]
        first, said = self._pages[0]
        word = day(said[0].at, self.clock(), self.zone)
        if not self._days or self._days[0][0] != word:
            with first:
                self._days.insert(0, (word, words(word, 'day')))
            self._days[0][1].move(target_index=0)

    def _page(self, said: list[Said], *, above: bool = False) -> None:
        """Messages that follow one another; a page of older ones goes above what is there."""
        with self._lines, box('page') as page:
            if above:
                page.move(target_index=1)
            days: list[tuple[str, ui.element]] = [] if above else self._days[-1:]
            known = len(days)
            bubbles = {}
            for each in said:
                word = day(each.at, self.clock(), self.zone)
                if not days or days[-1][0] != word:
                    days.append((word, words(word, 'day')))
                bubbles[each.id] = Bubble(each, self.zone, may_send=self._may_send, waits=self._waits())
        self._pages.insert(0 if above else len(self._pages), (page, said))
        if not above:
            self._bubbles |= bubbles
            self._days += days[known:]
            return
        self._bubbles = bubbles | self._bubbles
        if days and self._days and days[-1][0] == self._days[0][0]:
            self._days.pop(0)[1].delete()  # that day now begins further up
        self._days = days + self._days

    async def _show_older(self) -> None:
        if self.chat is None or not self._bubbles:
            return
        chat, first = self.chat, min(self._bubbles)
        said = await reading(said_in, chat.id, self.login.asker.id, first, PAGE + 1)
        if self.chat is not None and self.chat.id == chat.id and min(self._bubbles) == first:
            self._most += PAGE
            self._page(said[-PAGE:], above=True)
            self._older.set_visibility(len(said) > PAGE)

    def _types(self, state: str) -> None:
        self.typing = TYPING.get(state, '')
        if self.chat is not None:
            self._head.show((self.chat, self.typing))
        if self.typing:
            self._typing_until = self.clock() + timedelta(seconds=TYPING_LASTS - 0.5)
            with self._around:
                ui.timer(TYPING_LASTS, self._typed_enough, once=True)

    def _typed_enough(self) -> None:
        if self.typing and self.clock() >= self._typing_until:
            self._types('')

    def _waits(self) -> str:
        chat = self.chat
        if chat is None or chat.state == 'working':
            return ''
        return f'Waits until {chat.session} is connected.'

    # ---- head and foot

    def _draw_head(self, shown: tuple[ChatView, str]) -> None:
        chat, typing = shown
        words(chat.name, 'unseen pocket', 'h1')
        tool('arrow_back', 'Back to the chats', on_click=self.back).classes('pocket')
        number = 'group' if chat.group else chat.phone
        person(chat.name, ' · '.join(filter(None, (chat.session, number, typing)))).classes('grow')
        with box('beside'):
            badge(_keeper(chat, self.login.asker.id, self.zone), 'accent' if chat.keeper else 'idle').classes('desk')
            if self.login.asker.may('chats.manage'):
                if chat.keeper:
                    button('Back to the bot', 'plain small', on_click=guarded(self._hand_back, 'chats.manage'))
                else:
                    button('Take over', 'plain small', on_click=guarded(self._take_over, 'chats.manage'))
            tool('info', 'Contact and what happened', on_click=self.more).classes('narrow')

    def _draw_below(self, shown: tuple[ChatView, bool]) -> None:
        chat, offer = shown
        if not self._may_send:
            words(f'You are signed in as {self.login.asker.role}: reading only.', 'small quiet', 'p')
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

    async def _say(self, text: str, chat_id: str, reply: str) -> bool:
        taken = False

        async def say() -> None:
            nonlocal taken
            await aside(self._post, text, chat_id, reply)
            taken = True

        await guarded(say, 'messages.send')()
        if taken and self.chat is not None and self.chat.id == chat_id and not self.chat.keeper:
            self._offer = self.login.asker.may('chats.manage')
            self._below.show((self.chat, self._offer))
        return taken

    def _post(self, text: str, chat_id: str, reply: str) -> None:
        with read():
            chat = chat_by_id(chat_id)
        if chat is None or not self.login.asker.may_session(chat.session_id):
            raise NotFound('This chat is not there any more.')
        self.outbox.say(chat_id, text, self._author(), reply_to=reply)

    def _author(self) -> Author:
        return Author(id=f'user:{self.login.asker.id}', name=self.login.asker.name)

    async def _clicked(self, event: events.GenericEventArguments) -> None:
        does, id = (str(each) for each in event.args)
        bubble = self._bubbles.get(id)
        if bubble is None:
            return
        match does:
            case 'pick' | 'why':
                await self.picked(id, does == 'why')
            case 'reply' if self._may_send:
                self._composer.answer(bubble.said)
            case 'again':
                await guarded(self._again, 'messages.send')(bubble.said)
            case 'sent':
                await guarded(self._was_sent, 'messages.send')(bubble.said)
            case 'cancel':
                await guarded(self._cancel, 'messages.send')(bubble.said)

    async def _again(self, said: Said) -> None:
        await send_again(self.outbox, said.id, said.status, self._author())

    async def _was_sent(self, said: Said) -> None:
        await aside(self.outbox.mark_sent, said.id, self._author())

    async def _cancel(self, said: Said) -> None:
        await aside(self.outbox.cancel, said.id)


async def send_again(outbox: Outbox, id: str, status: str, author: Author) -> None:
    """Asks first when the message may have arrived. Raises what Outbox.resend raises."""
    sentence = 'It left this machine, but WhatsApp never confirmed it. If it did arrive, they get it twice.'
    if status != 'uncertain' or await ask('Send this message again?', sentence, 'Send again'):
        await aside(outbox.resend, id, author)


def _keeper(chat: ChatView, me: str, zone: tzinfo) -> str:
    if not chat.keeper:
        return 'Bot answers'
    who = 'With you' if chat.keeper_id == me else f'With {chat.keeper}'
    return f'{who} until {hour(chat.until, zone)}' if chat.until else who


CLICKED = """(event) => {
  const button = event.target.closest('[data-does]');
  const said = button?.closest('[data-message]');
  if (!said || event.target.closest('a') || (button.matches('.bubble') && String(getSelection()))) return;
  emit(button.dataset.does, said.dataset.message);
}"""
