"""The runs: what each message and each other occasion started, or why nothing was."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from nicegui import events, ui

from core.bodies import chat_body
from core.bus import News
from core.rights import Asker, Login
from data.chats import latest_chats
from data.flows import flows_in_order
from data.messages import messages_by_ids
from data.run_log import find_runs
from data.runs import Run
from data.sessions import all_sessions

from ..aside import reading
from ..frame import frame
from ..live import live
from ..login import page
from ..outcomes import GROUPS, OUTCOMES, outcome_badge, outcome_of
from ..pieces import box, button, heading, icon, when, words
from .inbox.views import session_ids

if TYPE_CHECKING:
    from ..compose import Gateway

PAGE = 50
NEWS = ('flow.run.finished', 'flow.run.failed', 'message.received', 'chat.paused')
LOOKS = 3  # seconds; a message that no flow wants makes no news
FOUND = 50  # chats that a search for somebody takes into account
SINGLE = {state: outcome.word for state, outcome in OUTCOMES.items()}
ANY = {'': 'Any outcome', **{name: word for name, (word, _) in GROUPS.items()}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sieve:
    """Which runs are listed. `outcome`: a group of them or one state; `before`: the run above this page."""

    flow: str = ''
    outcome: str = ''
    session: str = ''
    mine: str = ''
    chat: str = ''
    message: str = ''
    q: str = ''
    before: str = ''

    @property
    def states(self) -> tuple[str, ...]:
        return GROUPS[self.outcome][1] if self.outcome in GROUPS else (self.outcome,) if self.outcome else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line. `flow`: its name, '' when none was started; `text`: what was written, '' when nothing was."""

    id: str
    flow: str
    chat: str
    name: str
    text: str
    state: str
    why: str
    at: datetime


def register(gateway: 'Gateway') -> None:
    @page('/runs', 'flows.see')
    async def runs(
        login: Login, flow: str = '', outcome: str = '', session: str = '', mine: str = '', chat: str = '',
        message: str = '', q: str = '',
    ) -> None:  # fmt: skip
        sieve = Sieve(
            flow=flow, outcome=outcome if outcome in GROUPS or outcome in OUTCOMES else '', session=session,
            mine='yes' if mine else '', chat=chat, message=message, q=q[:100],
        )  # fmt: skip
        shown = RunsPage(login, sieve)
        with frame('Runs', here='/runs', login=login, sandbox=gateway.sandbox is not None):
            await shown.draw()
        live(gateway.bus, shown.refresh, kinds=NEWS, every=1.0)
        ui.timer(LOOKS, shown.load)


class RunsPage:
    def __init__(self, login: Login, sieve: Sieve) -> None:
        self.asker, self.sieve = login.asker, sieve
        self.entries: list[Entry] = []
        self._rows: dict[str, ui.element] = {}
        self._above: list[str] = []  # the `before` of the pages in front of this one

    async def draw(self) -> None:
        with heading('Runs', 'What each message set off, or why it set nothing off. The newest first.'):
            pass
        await self._draw_filters()
        with box('body scrolls').props('tabindex=0 role=group aria-label="List of runs"'):
            with box('plain-table log runs', 'table').props('aria-label=Runs') as self._table:
                self._draw_head()
                self._list = box('', 'tbody')
            self._nothing = words('', 'nothing quiet', 'p')
            with box('beside paging'):
                self._newer = button('Newer', 'plain small', 'arrow_back', on_click=self._to_newer)
                self._older = button('Older', 'plain small', 'arrow_forward', on_click=self._to_older)
        for each in (self._newer, self._older):
            each.set_visibility(False)  # until it is known whether they are needed
        await self.load()

    async def refresh(self, _: list[News]) -> None:
        await self.load()

    async def load(self) -> None:
        sieve = self.sieve
        entries = await reading(_entries, self.asker, sieve)
        if sieve != self.sieve:  # the reader has chosen something else meanwhile
            return
        self._put_in_place(entries[:PAGE])
        self._older.set_visibility(len(entries) > PAGE)
        self._newer.set_visibility(bool(self._above))
        self._table.set_visibility(bool(entries))
        self._nothing.set_visibility(not entries)
        nothing_yet = replace(sieve, before='') == Sieve()
        self._nothing.set_text('Nothing has run yet.' if nothing_yet else 'No run fits.')

    # ---- drawing

    async def _draw_filters(self) -> None:
        flows, sessions = await reading(_choices, self.asker)
        with box('filters'):
            with box('switch').props('role=group aria-label=Whose'):
                mine = words('Only mine', tag='button').props('type=button')
                mine.props['aria-pressed'] = 'true' if self.sieve.mine else 'false'
                mine.on('click', lambda: self._turn(mine))
            self._select({'': 'All flows', **flows}, 'flow', 'Flow')
            one = {self.sieve.outcome: SINGLE[self.sieve.outcome]} if self.sieve.outcome in SINGLE else {}
            self._select({**ANY, **one}, 'outcome', 'Outcome')
            if len(sessions) > 1:
                self._select({'': 'All sessions', **sessions}, 'session', 'Session')
            search = ui.input(value=self.sieve.q, placeholder='Name or number', on_change=self._changed('q'))
            search.props('debounce=300 clearable type=search aria-label="Name or number"').classes('grow')
            with search.add_slot('prepend'):
                icon('search')
            self._only = button('Show all', 'plain small', 'close', on_click=self._all)
            self._only.set_visibility(bool(self.sieve.chat or self.sieve.message))

    def _select(self, options: dict[str, str], name: str, label: str) -> None:
        value = getattr(self.sieve, name)
        made = ui.select(options, value=value if value in options else '', on_change=self._changed(name))
        made.props['aria-label'] = label

    def _draw_head(self) -> None:
        with box('', 'thead'), box('', 'tr'):
            for word, classes in (('When', 'time'), ('With', 'with'), ('What was written', 'wide'),
                                  ('Flow', 'author desk'), ('Outcome', 'outcome'), ('Why', 'with desk')):  # fmt: skip
                words(word, classes, 'th').props('scope=col')

    def _put_in_place(self, entries: list[Entry]) -> None:
        """Only what differs is touched."""
        known = {entry.id: entry for entry in self.entries}
        for id in known.keys() - {entry.id for entry in entries}:
            self._rows.pop(id).delete()
        for place, entry in enumerate(entries):
            row = self._rows.get(entry.id)
            if row is None:
                with self._list:
                    row = self._rows[entry.id] = box('', 'tr')
                row.move(target_index=place)
            if known.get(entry.id) != entry:
                row.clear()
                with row:
                    _draw_entry(entry)
        self.entries = entries

    # ---- choosing

    def _changed(self, name: str) -> Callable[..., object]:
        async def changed(change: events.ValueChangeEventArguments[str | None]) -> None:
            await self._sift(replace(self.sieve, **{name: str(change.value or '')[:100], 'before': ''}))

        return changed

    async def _turn(self, mine: ui.element) -> None:
        on = not self.sieve.mine
        mine.props['aria-pressed'] = 'true' if on else 'false'
        await self._sift(replace(self.sieve, mine='yes' if on else '', before=''))

    async def _all(self) -> None:
        self._only.set_visibility(False)
        await self._sift(replace(self.sieve, chat='', message='', before=''))

    async def _sift(self, sieve: Sieve) -> None:
        self.sieve, self._above = sieve, []
        named = {name: getattr(sieve, name) for name in ('flow', 'outcome', 'session', 'mine', 'chat', 'message', 'q')}
        query = urlencode({name: value for name, value in named.items() if value})
        address = f'/runs?{query}' if query else '/runs'
        ui.run_javascript(f'history.replaceState(history.state, "", {json.dumps(address)})')
        await self.load()

    async def _to_older(self) -> None:
        if self.entries:
            self._above.append(self.sieve.before)
            self.sieve = replace(self.sieve, before=self.entries[-1].id)
            await self.load()

    async def _to_newer(self) -> None:
        if self._above:
            self.sieve = replace(self.sieve, before=self._above.pop())
            await self.load()


def _draw_entry(entry: Entry) -> None:
    with box('time', 'td'):
        when(entry.at)
    words(entry.name, 'with cut', 'td')
    with box('wide cut', 'td'):
        ui.link(entry.text or entry.flow or 'Something happened', f'/runs/{entry.id}')
    words(entry.flow or 'none', 'author cut desk' if entry.flow else 'author faint desk', 'td')
    with box('outcome', 'td'):
        outcome_badge(entry.state)
    words(entry.why, 'with quiet cut desk', 'td')


def _choices(asker: Asker) -> tuple[dict[str, str], dict[str, str]]:
    flows = {str(row.key): str(row.name) for row in flows_in_order()}
    return flows, {str(row.id): str(row.name) for row in all_sessions() if asker.may_session(str(row.id))}


def _entries(asker: Asker, sieve: Sieve) -> list[Entry]:
    sessions = session_ids(asker, sieve.session)
    runs = find_runs(
        flow=sieve.flow, states=sieve.states, session_ids=sessions, chat_ids=_chats(sieve, sessions),
        message=sieve.message, mine=asker.id if sieve.mine else '', before=sieve.before, limit=PAGE + 1,
    )  # fmt: skip
    ids = sorted({str(run.chat) for run in runs if run.chat})
    names = {str(chat.id): str(chat_body(chat)['name']) for chat in latest_chats(ids=ids, limit=PAGE + 1)}
    texts = {str(row.id): ' '.join(str(row.text)[:200].split()) for row in messages_by_ids(_messages(runs))}
    flows = {str(row.key): str(row.name) for row in flows_in_order()}
    return [
        Entry(
            id=str(run.id), flow=flows.get(str(run.flow), str(run.flow)) if run.flow else '', chat=str(run.chat or ''),
            name=names.get(str(run.chat), 'A chat' if run.chat else 'No chat'),
            text=f'“{texts[str(run.message)]}”' if texts.get(str(run.message)) else '', state=str(run.state),
            why=_why(run), at=run.started_at,
        )
        for run in runs
    ]  # fmt: skip


def _chats(sieve: Sieve, sessions: list[str] | None) -> list[str] | None:
    """None for all."""
    if sieve.chat:
        return [sieve.chat]
    if not sieve.q.strip():
        return None
    return [str(chat.id) for chat in latest_chats(session_ids=sessions, q=sieve.q.strip(), limit=FOUND)]


def _messages(runs: list[Run]) -> list[str]:
    return sorted({str(run.message) for run in runs if run.message})


def _why(run: Run) -> str:
    if run.state == 'finished':
        return ''
    return str(run.detail) if run.detail != 'No flow matched.' else outcome_of('not_triggered').sentence
