"""The sessions: how each of them is, and how a new one is made."""

from dataclasses import dataclass
from datetime import datetime

from nicegui import ui

from core.addresses import shown_phone
from core.errors import Conflict, Invalid
from core.rights import Asker, Login
from data.sessions import all_sessions

from ..aside import aside, reading
from ..compose import Gateway
from ..countries import countries
from ..frame import frame
from ..live import live
from ..login import guarded, page
from ..part import Part
from ..pieces import box, button, dialog, empty_state, field, heading, panel, show_state, state_badge, when, words
from ..written import counted


def register(gateway: Gateway) -> None:
    @page('/sessions', 'sessions.see')
    async def sessions(login: Login, new: str = '') -> None:
        shown = _Sessions(gateway, login)
        first = await shown.look()
        with frame('Sessions', here='/sessions', login=login, sandbox=gateway.sandbox is not None):
            shown.draw()
        shown.show(first)
        live(gateway.bus, lambda _: shown.refresh(), kinds=('session.state', 'session.deleted'))
        ui.timer(0, shown.refresh, once=True)  # what happened between the first look and the ears
        if new and login.asker.may('sessions.manage'):
            shown.open_form()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    name: str
    phone: str
    state: str
    detail: str
    since: datetime


class _Sessions:
    """The list on one open page."""

    def __init__(self, gateway: Gateway, login: Login) -> None:
        self.gateway = gateway
        self.login = login
        self.rows: dict[str, _Row] = {}

    async def look(self) -> tuple[Line, ...]:
        return await reading(_lines, self.login.asker)

    async def refresh(self) -> None:
        self.show(await self.look())

    def draw(self) -> None:
        self.head = Part(self.draw_head)
        with box('body'), box('measure') as self.home:
            self.table = Part(self.draw_table)

    def draw_head(self, sentence: str) -> None:
        with heading('Sessions', sentence):
            if sentence and self.login.asker.may('sessions.manage'):
                button('Link an account', 'primary', 'add', on_click=guarded(self.open_form, 'sessions.manage'))

    def draw_table(self, names: tuple[str, ...]) -> None:
        if not names:
            self.draw_empty()
            return
        with panel('Linked accounts', tight=True), box('plain-table', 'table').props('aria-label=Sessions'):
            with box('', 'thead'), box('', 'tr'):
                words('Session', tag='th').props('scope=col')
                words('Number', 'desk', 'th').props('scope=col')
                words('How it is', tag='th').props('scope=col')
                words('Since', 'desk', 'th').props('scope=col')
            with box('', 'tbody'):
                self.rows = {name: _Row(name) for name in names}

    def draw_empty(self) -> None:
        may = self.login.asker.may('sessions.manage')
        with empty_state(
            'Link your first WhatsApp account',
            'Each session is one WhatsApp number. Dovecote joins it as a linked device, like WhatsApp on a computer.',
        ):
            if may:
                button('Link an account', 'primary', 'add', on_click=guarded(self.open_form, 'sessions.manage'))
            else:
                words('Someone who manages sessions here can do it.', 'quiet', 'p')

    def show(self, lines: tuple[Line, ...]) -> None:
        working = sum(line.state == 'working' for line in lines)
        self.head.show(f'{counted(len(lines), "session")}, {working} working.' if lines else '')
        self.table.show(tuple(line.name for line in lines))
        for line in lines:
            self.rows[line.name].show(line)

    # ---- a new one

    def open_form(self) -> None:
        with self.home, dialog('Link an account', 'Next you scan a code with the phone that owns the number.') as form:
            with field('Name', 'How programs and people call it here, like “shop”. It cannot be changed later.'):
                name = ui.input().props('maxlength=48 autofocus autocomplete=off spellcheck=false')
            with field('Country', 'For numbers that are written without a country code.'):
                country = ui.select(countries(), value=self.gateway.settings.default_country or '', with_input=True)

            async def create() -> None:
                name.error = None
                try:
                    await aside(self.create, (name.value or '').strip(), country.value or '')
                except (Invalid, Conflict) as error:
                    name.error = str(error)
                else:
                    ui.navigate.to(f'/sessions/{name.value.strip()}')

            name.on('keydown.enter', guarded(create, 'sessions.manage'))
            with box('beside'):
                button('Cancel', on_click=form.close)
                button('Show the code', 'primary', on_click=guarded(create, 'sessions.manage'))

    def create(self, name: str, country: str) -> None:
        self.gateway.sessions.create(name, country=country, wanted=True)
        self.gateway.sessions.start(name)


class _Row:
    """One session; it changes in place."""

    def __init__(self, name: str) -> None:
        with box('', 'tr'):
            with box('', 'td'):
                ui.link(name, f'/sessions/{name}')
            with box('desk', 'td'):
                self.phone = words('', 'nowrap')
            with box('', 'td'):
                self.state = state_badge('new')
                self.detail = words('', 'small quiet', 'p')
            with box('desk', 'td'):
                self.since = Part(when, 'nowrap', 'span')

    def show(self, line: Line) -> None:
        self.phone.set_text(line.phone)
        show_state(self.state, line.state)
        self.detail.set_text(line.detail)
        self.since.show(line.since)


def _lines(asker: Asker) -> tuple[Line, ...]:
    return tuple(
        Line(
            name=row.name,
            phone=shown_phone(row.phone) if row.phone else '',
            state=row.state,
            detail=row.detail,
            since=row.since,
        )
        for row in all_sessions()
        if asker.may_session(row.id)
    )
