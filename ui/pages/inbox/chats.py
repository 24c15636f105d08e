"""The left column: every chat, the one with the newest message first."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import tzinfo

from nicegui import events, ui

from core.bus import News
from core.rights import Login
from core.world import Clock
from data.sessions import all_sessions

from ...aside import reading
from ...live import REMEMBERED
from ...pieces import Words, box, button, icon, tool, words
from .row import Row
from .views import Line, Sieve, count_unread, find_lines

PAGE = 50
SHOWN = (('all', 'All'), ('unread', 'Unread'), ('bot', 'Bot'), ('human', 'With people'))
ANEW = {'contact.resolved', 'session.deleted'}  # news about no chat in particular, after which names may differ


class ChatList:
    def __init__(
        self, login: Login, clock: Clock, zone: tzinfo, *, open: Callable[[str], Awaitable[None]],
        write: Callable[[], Awaitable[None]] | None,
    ) -> None:  # fmt: skip
        self.login, self.clock, self.zone, self.open, self.write = login, clock, zone, open, write
        self.sieve = Sieve()
        self.most = PAGE
        self.chosen = ''
        self.lines: list[Line] = []
        self._rows: dict[str, Row] = {}
        self._turn = asyncio.Lock()

    async def draw(self) -> None:
        sessions = await reading(_sessions, self.login)
        with box('chats', 'section').props('aria-label=Chats'):
            with box('bar'):
                words('Inbox', tag='h1')
                if self.write:
                    tool('edit_square', 'New message', on_click=self.write).classes('push')
            with box('sieve'):
                self._search(sessions)
                self._switch()
            with box('scrolls grow').props('tabindex=0 role=group aria-label="List of chats"') as around:
                around.on('click', self._clicked, js_handler=CLICKED)
                self._list = box()
                self._nothing = words('', 'nothing small quiet', 'p')
                self._more = button('Older chats', 'ghost small', on_click=self._older).classes('older')
        await self.load()

    async def load(self) -> None:
        """The list from its beginning."""
        async with self._turn:
            lines = await reading(lambda: find_lines(self.login.asker, self.sieve, limit=self.most + 1))
            self._put_in_place(lines[: self.most])
            self._more.set_visibility(len(lines) > self.most)
        await self._count()

    async def refresh(self, news: list[News]) -> None:
        if len(news) >= REMEMBERED or any(each.kind in ANEW for each in news):
            return await self.load()
        changed = {each.chat for each in news if each.chat}
        async with self._turn:
            found = await reading(lambda: find_lines(self.login.asker, self.sieve, ids=sorted(changed), limit=PAGE * 4))
            gone = changed - {line.id for line in found}
            kept = [line for line in self.lines if line.id not in changed or (line.id in gone and self._stays(line))]
            lines = sorted([*kept, *found], key=lambda line: line.place, reverse=True)
            if len(lines) > self.most:
                self._more.set_visibility(True)
            self._put_in_place(lines[: self.most])
        await self._count()

    def choose(self, chat_id: str) -> None:
        for id in {self.chosen, chat_id} & self._rows.keys():
            self._rows[id].choose(id == chat_id)
        self.chosen = chat_id

    def _stays(self, line: Line) -> bool:
        """What is being read must not vanish from under the reader because it is no longer unread."""
        return line.id == self.chosen and self.sieve.show == 'unread'

    def _put_in_place(self, lines: list[Line]) -> None:
        """Only what differs is touched."""
        known = {line.id: line for line in self.lines}
        wanted = {line.id for line in lines}
        for id in known.keys() - wanted:
            self._rows.pop(id).delete()
        order = [line.id for line in self.lines if line.id in wanted]
        for place, line in enumerate(lines):
            if line.id not in self._rows:
                self._rows[line.id] = self._row(line)
                order.append(line.id)
            elif known[line.id] != line:
                self._rows[line.id].show(line, self.clock(), self.zone)
            if order[place] != line.id:
                order.remove(line.id)
                order.insert(place, line.id)
                self._rows[line.id].move(target_index=place)
        self.lines = lines
        self._nothing.set_text(NOTHING.get(self.sieve.show, '') if not self.sieve.q else 'No chat fits.')
        self._nothing.set_visibility(not lines)

    def _row(self, line: Line) -> Row:
        with self._list:
            row = Row()
        row.show(line, self.clock(), self.zone)
        row.choose(line.id == self.chosen)
        return row

    def _search(self, sessions: dict[str, str]) -> None:
        with box('beside'):
            search = ui.input(placeholder='Search', on_change=self._searched).classes('grow')
            search.props('debounce=250 clearable aria-label="Search chats by name or number" type=search')
            with search.add_slot('prepend'):
                icon('search')
            if len(sessions) > 1:
                choice = {'': 'All sessions', **sessions}
                ui.select(choice, value='', on_change=self._session).props('aria-label=Session').classes('session')

    def _switch(self) -> None:
        self._words: dict[str, Words] = {}
        with box('switch').props('role=group aria-label=Show'):
            for show, word in SHOWN:
                each = words(word, tag='button').props('type=button')
                each.props['aria-pressed'] = 'true' if show == self.sieve.show else 'false'
                each.on('click', lambda _, show=show: self._shown(show))
                self._words[show] = each

    async def _count(self) -> None:
        count = await reading(count_unread, self.login.asker)
        self._words['unread'].set_text(f'Unread {count}' if count else 'Unread')

    async def _shown(self, show: str) -> None:
        for each, element in self._words.items():
            element.props['aria-pressed'] = 'true' if each == show else 'false'
        await self._sift(replace(self.sieve, show=show))

    async def _searched(self, change: events.ValueChangeEventArguments[str | None]) -> None:
        await self._sift(replace(self.sieve, q=str(change.value or '')[:100]))

    async def _session(self, change: events.ValueChangeEventArguments[str]) -> None:
        await self._sift(replace(self.sieve, session=str(change.value)))

    async def _sift(self, sieve: Sieve) -> None:
        self.sieve, self.most = sieve, PAGE
        await self.load()

    async def _older(self) -> None:
        self.most += PAGE
        await self.load()

    async def _clicked(self, event: events.GenericEventArguments) -> None:
        await self.open(str(event.args))


def _sessions(login: Login) -> dict[str, str]:
    return {str(row.id): str(row.name) for row in all_sessions() if login.asker.may_session(str(row.id))}


NOTHING = {
    'all': 'No chats yet.',
    'unread': 'Nothing is unread.',
    'bot': 'The bot answers in no chat.',
    'human': 'No chat is with a person. Take one over from the bot to see it here.',
}
CLICKED = "(event) => { const row = event.target.closest('[data-chat]'); if (row) emit(row.dataset.chat); }"
