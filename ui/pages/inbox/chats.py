"""The left column: every chat, the one with the newest message first, and what a search finds in messages."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import tzinfo

from nicegui import events, ui

from core.bus import News
from core.rights import Login
from core.world import Clock
from data.search import Hit, is_searchable, parts_of
from data.sessions import all_sessions

from ...aside import reading
from ...live import REMEMBERED
from ...part import Part
from ...pieces import Words, box, button, icon, tool, words
from .row import Row
from .views import Line, Sieve, count_chats, find_hits, find_lines
from .wording import brief

PAGE = 50
SHOWN = {'all': 'All', 'unread': 'Unread', 'mine': 'Mine', 'bot': 'Bot'}
RARELY = {'human': 'With people', 'unassigned': 'Unassigned'}
HITS = 30
ANEW = {'contact.resolved', 'session.deleted'}  # news about no chat in particular, after which names may differ


class ChatList:
    def __init__(
        self, login: Login, clock: Clock, zone: tzinfo, *, open: Callable[[str, str], Awaitable[None]],
        write: Callable[[], Awaitable[None]] | None, q: str = '',
    ) -> None:  # fmt: skip
        self.login, self.clock, self.zone, self.open, self.write = login, clock, zone, open, write
        self.sieve = Sieve(q=q[:100])
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
                self._rare_filters(sessions)
                if self.write:
                    tool('edit_square', 'New message', on_click=self.write)
            with box('sieve'):
                self._search()
                self._switch()
            with box('scrolls grow').props('tabindex=0 role=group aria-label="List of chats"') as around:
                around.on('click', self._clicked, js_handler=CLICKED)
                around.on('scroll.passive', self._older, js_handler=NEAR_THE_END, throttle=0.2)
                self._list = box()
                self._nothing = words('', 'nothing small quiet', 'p')
                self._more = button('Older chats', 'ghost small', on_click=self._older).classes('older')
                self._hits: Part[tuple[str, list[tuple[Hit, str]]]] = Part(self._draw_hits, 'hits', 'section')
        await self.load()

    async def load(self) -> None:
        """The list from its beginning."""
        async with self._turn:
            sieve = self.sieve
            lines = await reading(lambda: find_lines(self.login.asker, sieve, limit=self.most + 1))
            self._put_in_place(lines[: self.most])
            self._more.set_visibility(len(lines) > self.most)
            hits = await reading(find_hits, self.login.asker, sieve, HITS) if is_searchable(sieve.q) else []
            if sieve == self.sieve:
                self._hits.show((sieve.q, hits))
        await self._count()

    @property
    def empty(self) -> bool:
        """There is no chat at all, not just none that fits."""
        return not self.lines and self.sieve == Sieve()

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
        self._nothing.set_text(NOTHING.get(self.sieve.show, '') if not self.sieve.q else 'No chat is called that.')
        self._nothing.set_visibility(not lines)

    def _row(self, line: Line) -> Row:
        with self._list:
            row = Row()
        row.show(line, self.clock(), self.zone)
        row.choose(line.id == self.chosen)
        return row

    def _search(self) -> None:
        with box('beside'):
            search = ui.input(placeholder='Search', value=self.sieve.q, on_change=self._searched).classes('grow')
            search.props('debounce=120 clearable aria-label="Search chats and messages" type=search')
            with search.add_slot('prepend'):
                icon('search')

    def _switch(self) -> None:
        self._words: dict[str, Words] = {}
        with box('switch').props('role=group aria-label=Show'):
            for show, word in (SHOWN | RARELY).items():
                each = words(word, tag='button').props('type=button')
                each.on('click', lambda _, show=show: self._shown(show))
                each.classes('rare' if show in RARELY else '')
                self._words[show] = each
        self._press()

    def _rare_filters(self, sessions: dict[str, str]) -> None:
        """What is not asked for every day, and which session where there are several."""
        with tool('filter_list', 'More filters').classes('push').props('aria-haspopup=menu'), ui.menu():
            for show, word in RARELY.items():
                ui.menu_item(word, on_click=lambda _, show=show: self._shown(show))
            if len(sessions) > 1:
                ui.separator()
                for id, name in ({'': 'All sessions'} | sessions).items():
                    ui.menu_item(name, on_click=lambda _, id=id: self._sift(replace(self.sieve, session=id)))

    def _press(self) -> None:
        for each, element in self._words.items():
            element.props['aria-pressed'] = 'true' if each == self.sieve.show else 'false'
            element.set_visibility(each in SHOWN or each == self.sieve.show)

    async def _count(self) -> None:
        unread, mine = await reading(count_chats, self.login.asker)
        self._words['unread'].set_text(f'Unread {unread}' if unread else 'Unread')
        self._words['mine'].set_text(f'Mine {mine}' if mine else 'Mine')

    def _draw_hits(self, shown: tuple[str, list[tuple[Hit, str]]]) -> None:
        q, hits = shown
        if not is_searchable(q):
            return
        words('In messages', 'small faint over-hits', 'h2')
        for hit, name in hits:
            with box('hit', 'button').props('type=button') as each:
                each.props['data-chat'], each.props['data-at'] = hit.chat_id, hit.id
                words(name, 'name cut')
                words(brief(hit.at, self.clock(), self.zone), 'when')
                with box('snippet', 'span'):
                    for text, marked in parts_of(hit.snippet):
                        words(text, tag='mark' if marked else 'span')
        if not hits:
            words('No message says that.', 'nothing small quiet', 'p')

    async def _shown(self, show: str) -> None:
        await self._sift(replace(self.sieve, show=show))
        self._press()

    async def _searched(self, change: events.ValueChangeEventArguments[str | None]) -> None:
        await self._sift(replace(self.sieve, q=str(change.value or '')[:100]))

    async def _sift(self, sieve: Sieve) -> None:
        self.sieve, self.most = sieve, PAGE
        await self.load()

    async def _older(self) -> None:
        """The next page, below what is there."""
        async with self._turn:
            if not self.lines or not self._more.visible:
                return
            sieve, last = self.sieve, self.lines[-1]
            lines = await reading(lambda: find_lines(self.login.asker, sieve, before=last, limit=PAGE + 1))
            if sieve == self.sieve:
                self.most += PAGE
                self._put_in_place([*self.lines, *lines[:PAGE]])
                self._more.set_visibility(len(lines) > PAGE)

    async def _clicked(self, event: events.GenericEventArguments) -> None:
        chat_id, at = (str(each) for each in event.args)
        await self.open(chat_id, at)


def _sessions(login: Login) -> dict[str, str]:
    return {str(row.id): str(row.name) for row in all_sessions() if login.asker.may_session(str(row.id))}


NOTHING = {
    'all': 'No chats yet.',
    'unread': 'Nothing is unread.',
    'mine': 'No chat is yours. Take one over from the bot to see it here.',
    'unassigned': 'No chat waits for somebody to take it.',
    'bot': 'The bot answers in no chat.',
    'human': 'No chat is with a person. Take one over from the bot to see it here.',
}
CLICKED = """(event) => {
  const row = event.target.closest('[data-chat]');
  if (row) emit(row.dataset.chat, row.dataset.at ?? '');
}"""
NEAR_THE_END = """(event) => {
  const box = event.target;
  if (box.scrollHeight - box.clientHeight - box.scrollTop < 600 && box.scrollTop > 0) emit();
}"""
