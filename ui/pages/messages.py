"""The message log: everything that came and went, with what became of it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, get_args
from urllib.parse import urlencode

from nicegui import events, ui

from core.bodies import chat_body
from core.bus import News
from core.outbox import Author
from core.rights import Asker, Login
from data.messages import Message, Status, find_messages, messages_by_ids
from data.sessions import all_sessions

from ..aside import aside, reading
from ..frame import frame
from ..live import live
from ..login import guarded, page
from ..pieces import (
    STATES,
    badge,
    box,
    button,
    dialog,
    facts,
    heading,
    icon,
    notice,
    state_badge,
    trace,
    when,
    words,
)  # fmt: skip
from ..written import midnight, reader_zone
from .inbox.conversation import CHANGES, send_again
from .inbox.story import Story, story_of
from .inbox.views import session_ids
from .inbox.wording import shown_as

if TYPE_CHECKING:
    from ..compose import Gateway

PAGE = 50
DIRECTIONS = {'': 'All', 'in': 'Received', 'out': 'Sent'}
STATUSES = {'': 'Any status', **{each: STATES.get(each, ('', each.capitalize()))[1] for each in get_args(Status)}}
SINCE = {'': 'Any time', 'today': 'Today', 'week': '7 days', 'month': '30 days'}
DAYS = {'today': 0, 'week': 7, 'month': 30}
UNCERTAIN = (
    'These left Dovecote, but WhatsApp never confirmed them. They may have arrived: a receipt that still comes '
    'settles it. Nothing is sent again by itself; open one to decide.'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sieve:
    """What the log shows; `session` and `chat` are ids, '' for all. `before` is the message above this page."""

    direction: str = ''
    status: str = ''
    session: str = ''
    chat: str = ''
    since: str = ''
    q: str = ''
    before: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    id: str
    out: bool
    session: str
    chat: str
    name: str
    symbol: str
    text: str
    status: str
    author: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """Everything about one message."""

    entry: Entry
    text: str
    whatsapp_id: str
    story: Story


def register(gateway: 'Gateway') -> None:
    @page('/messages', 'messages.see')
    async def messages(
        login: Login, status: str = '', direction: str = '', session: str = '', chat: str = '', q: str = '',
    ) -> None:  # fmt: skip
        sieve = Sieve(
            status=status if status in STATUSES else '', direction=direction if direction in DIRECTIONS else '',
            session=session, chat=chat, q=q[:200],
        )  # fmt: skip
        shown = MessagesPage(gateway, login, sieve)
        with frame('Messages', here='/messages', login=login, sandbox=gateway.sandbox is not None):
            await shown.draw()
        live(gateway.bus, shown.refresh, kinds=CHANGES, every=0.5)


class MessagesPage:
    def __init__(self, gateway: 'Gateway', login: Login, sieve: Sieve) -> None:
        self.gateway, self.login, self.sieve = gateway, login, sieve
        self.asker = login.asker
        self.zone: tzinfo = reader_zone()
        self.entries: list[Entry] = []
        self._rows: dict[str, ui.element] = {}
        self._above: list[str] = []  # the `before` of the pages in front of this one

    async def draw(self) -> None:
        with heading('Messages', 'Everything that came and went, newest first.'):
            pass
        await self._draw_filters()
        with box('body scrolls').props('tabindex=0 role=group aria-label="List of messages"') as self._body:
            with box() as self._notice, notice(UNCERTAIN, 'wait', 'help'):
                pass
            with box('plain-table log', 'table').props('aria-label=Messages') as self._table:
                self._draw_head()
                self._list = box('', 'tbody')
                self._list.on('click', self._clicked, js_handler=CLICKED)
            self._nothing = words('', 'nothing quiet', 'p')
            with box('beside paging'):
                self._newer = button('Newer', 'plain small', 'arrow_back', on_click=self._to_newer)
                self._older = button('Older', 'plain small', 'arrow_forward', on_click=self._to_older)
        for each in (self._notice, self._newer, self._older):
            each.set_visibility(False)  # until it is known whether they are needed
        await self.load()

    async def load(self) -> None:
        sieve = self.sieve
        entries = await reading(_entries, self.asker, sieve, self._since())
        if sieve != self.sieve:  # the reader has chosen something else meanwhile
            return
        self._put_in_place(entries[:PAGE])
        self._older.set_visibility(len(entries) > PAGE)
        self._newer.set_visibility(bool(self._above))
        self._notice.set_visibility(sieve.status == 'uncertain' and bool(entries))
        self._table.set_visibility(bool(entries))
        self._nothing.set_visibility(not entries)
        self._nothing.set_text(_why_empty(sieve))

    async def refresh(self, news: list[News]) -> None:
        """New ones appear on the first page; elsewhere, and where looking costs much, only what is shown turns."""
        sieve = self.sieve
        told = {each.kind.removeprefix('message.') for each in news}
        if not sieve.before and not sieve.q and (not sieve.status or sieve.status in told):
            return await self.load()
        changed = {str(each.body.get('id')) for each in news} & self._rows.keys()
        if changed:
            known = {entry.id: entry for entry in await reading(_by_ids, sorted(changed))}
            self._put_in_place([known.get(entry.id, entry) for entry in self.entries])

    # ---- drawing

    async def _draw_filters(self) -> None:
        sessions = await reading(_sessions, self.asker)
        with box('filters'):
            with box('switch').props('role=group aria-label=Direction'):
                self._directions = {value: self._direction(value, word) for value, word in DIRECTIONS.items()}
            self._select(STATUSES, 'status', 'Status')
            if len(sessions) > 1:
                self._select({'': 'All sessions', **sessions}, 'session', 'Session')
            self._select(SINCE, 'since', 'Since when')
            search = ui.input(value=self.sieve.q, placeholder='Search in the text', on_change=self._changed('q'))
            search.props('debounce=300 clearable type=search aria-label="Search in the text"').classes('grow')
            with search.add_slot('prepend'):
                icon('search')

    def _direction(self, value: str, word: str) -> ui.element:
        made = words(word, tag='button').props('type=button')
        made.props['aria-pressed'] = 'true' if value == self.sieve.direction else 'false'
        return made.on('click', lambda: self._turn(value))

    def _select(self, options: dict[str, str], name: str, label: str) -> None:
        value = getattr(self.sieve, name)
        made = ui.select(options, value=value if value in options else '', on_change=self._changed(name))
        made.props['aria-label'] = label

    def _draw_head(self) -> None:
        with box('', 'thead'), box('', 'tr'):
            for word, classes in (('When', 'time'), ('Session', 'session desk'), ('With', 'with'), ('Text', 'wide'),
                                  ('Status', 'outcome'), ('Written by', 'author desk')):  # fmt: skip
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
                row.props['data-message'] = entry.id
                row.move(target_index=place)
            if known.get(entry.id) != entry:
                row.clear()
                with row:
                    _draw_entry(entry)
        self.entries = entries

    # ---- choosing

    def _changed(self, name: str) -> Callable[..., object]:
        async def changed(change: events.ValueChangeEventArguments[str | None]) -> None:
            await self._sift(replace(self.sieve, **{name: str(change.value or '')[:200], 'before': ''}))

        return changed

    async def _turn(self, direction: str) -> None:
        for value, element in self._directions.items():
            element.props['aria-pressed'] = 'true' if value == direction else 'false'
        await self._sift(replace(self.sieve, direction=direction, before=''))

    async def _sift(self, sieve: Sieve) -> None:
        self.sieve, self._above = sieve, []
        named = {name: getattr(sieve, name) for name in ('status', 'direction', 'session', 'chat', 'q')}
        query = urlencode({name: value for name, value in named.items() if value})
        address = f'/messages?{query}' if query else '/messages'
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

    def _since(self) -> datetime | None:
        if not self.sieve.since:
            return None
        return midnight(self.gateway.world.now(), self.zone) - timedelta(days=DAYS.get(self.sieve.since, 0))

    # ---- one message

    async def _clicked(self, event: events.GenericEventArguments) -> None:
        await self.open(str(event.args))

    async def open(self, id: str) -> None:
        detail = await reading(_detail, id, self.asker)
        if detail is None:
            ui.notify('This message is not there any more.', type='negative')
            return
        with self._body, dialog(f'{"To" if detail.entry.out else "From"} {detail.entry.name}') as around:
            self._draw_detail(detail, around)

    def _draw_detail(self, detail: Detail, around: ui.dialog) -> None:
        entry = detail.entry
        words(detail.text or entry.text, 'whole', 'p').props('tabindex=0')
        facts(pair for pair in (
            ('Session', entry.session), ('Written by', entry.author), ('When', entry.at), ('Id', entry.id),
            ("WhatsApp's id", detail.whatsapp_id),
        ) if pair[1])  # fmt: skip
        trace(detail.story.knots)
        may = self.asker.may('messages.send') and entry.out
        with box('beside'):
            ui.link('Open the chat', f'/inbox?chat={entry.chat}&at={entry.id}')
            ui.link('What ran', detail.story.runs) if detail.story.runs else words('')
            words('', 'push')
            if may and entry.status in {'failed', 'uncertain', 'cancelled', 'blocked'}:
                again = guarded(self._again, 'messages.send')
                button('Send again', on_click=lambda: again(entry, around))
            if may and entry.status == 'uncertain':
                sent = guarded(self._was_sent, 'messages.send')
                button('Mark as sent', on_click=lambda: sent(entry, around))
            if may and entry.status == 'queued':
                cancel = guarded(self._cancel, 'messages.send')
                button('Do not send', on_click=lambda: cancel(entry, around))
            button('Close', 'primary', on_click=around.close)

    async def _again(self, entry: Entry, around: ui.dialog) -> None:
        await send_again(self.gateway.outbox, entry.id, entry.status, self._author())
        around.close()

    async def _was_sent(self, entry: Entry, around: ui.dialog) -> None:
        await aside(self.gateway.outbox.mark_sent, entry.id, self._author())
        around.close()

    def _author(self) -> Author:
        return Author(id=f'user:{self.asker.id}', name=self.asker.name)

    async def _cancel(self, entry: Entry, around: ui.dialog) -> None:
        await aside(self.gateway.outbox.cancel, entry.id)
        around.close()


def _why_empty(sieve: Sieve) -> str:
    if replace(sieve, before='') == Sieve():
        return 'No messages yet. What comes and goes is listed here.'
    alone = Sieve(status='uncertain', before=sieve.before)
    return 'No message is uncertain.' if sieve == alone else 'No message fits.'


def _draw_entry(entry: Entry) -> None:
    with box('time', 'td'):
        when(entry.at)
    words(entry.session, 'session cut desk', 'td')
    with box('with', 'td'), box('beside'):
        mark = icon('north_east' if entry.out else 'south_west', 'tiny')
        mark.props(f'role=img aria-hidden=false aria-label={"Sent" if entry.out else "Received"}')
        words(entry.name, 'cut')
    with box('wide', 'td'), box('opens', 'button').props('type=button'):
        if entry.symbol:
            icon(entry.symbol, 'tiny')
        words(entry.text, 'cut')
    with box('outcome', 'td'):
        state_badge(entry.status) if entry.status in STATES else badge('Received')
    words(entry.author, 'author quiet cut desk', 'td')


def _sessions(asker: Asker) -> dict[str, str]:
    return {str(row.id): str(row.name) for row in all_sessions() if asker.may_session(str(row.id))}


def _entries(asker: Asker, sieve: Sieve, since: datetime | None) -> list[Entry]:
    rows = find_messages(
        session_ids=session_ids(asker, sieve.session), chat_id=sieve.chat, status=sieve.status,
        direction=sieve.direction, since=since, q=sieve.q, before=sieve.before, limit=PAGE + 1,
    )  # fmt: skip
    return [_entry(row) for row in rows]


def _by_ids(ids: list[str]) -> list[Entry]:
    return [_entry(row) for row in messages_by_ids(ids)]


def _entry(row: Message) -> Entry:
    symbol, word = shown_as(str(row.kind))
    sender = row.sender.shown_name if row.chat.group and row.sender else ''
    return Entry(
        id=str(row.id),
        out=row.direction == 'out',
        session=str(row.session.name),
        chat=row.chat_id,
        name=str(chat_body(row.chat)['name']),
        symbol=symbol,
        text=' '.join(str(row.text)[:200].split()) or word,
        status=str(row.status),
        author=str(row.author_name) if row.direction == 'out' else str(sender),
        at=row.at,
    )


def _detail(id: str, asker: Asker) -> Detail | None:
    row = next(iter(messages_by_ids([id])), None)
    if row is None or not asker.may_session(row.session_id):
        return None
    return Detail(entry=_entry(row), text=str(row.text), whatsapp_id=str(row.whatsapp_id or ''),
                  story=story_of(id, asker))  # fmt: skip


CLICKED = "(event) => { const row = event.target.closest('[data-message]'); if (row) emit(row.dataset.message); }"
