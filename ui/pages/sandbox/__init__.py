"""The sandbox: the phones of pretend customers beside what Dovecote does."""

import asyncio
from pathlib import Path

from nicegui import run, ui

from core.bus import News
from core.rights import Login
from core.sandbox.control import Change, PersonOut
from core.sandbox.process import Sandbox
from data.database import read
from data.sessions import all_sessions

from ...compose import Gateway
from ...frame import frame
from ...live import live
from ...login import guarded, page
from ...pieces import box, button, heading, words
from .add import add_group, add_person
from .link import LinkASession
from .phone import Chats, PhonePanel
from .story import KINDS, Story
from .wrong import MakeItWrong

STYLE = Path(__file__).with_name('phones.css')
REARRANGES = {'linked', 'unlinked', 'group'}  # who can write to whom is different now


def register(gateway: Gateway) -> None:
    sandbox = gateway.sandbox
    if sandbox is None:
        return

    def announce(changes: tuple[Change, ...]) -> None:
        for each in changes:
            gateway.desk.whisper('sandbox.phone', {'phone': each.phone, 'change': each.kind})

    sandbox.watch(announce)

    @page('/sandbox', 'sandbox.use')
    async def phones(login: Login) -> None:
        ui.add_head_html(f'<style>{STYLE.read_text()}</style>')
        with frame('Sandbox', here='/sandbox', login=login, sandbox=True):
            await _Table(gateway, sandbox).lay()


class _Table:
    """Everything on one open sandbox page."""

    row: ui.element
    tabs: ui.element

    def __init__(self, gateway: Gateway, sandbox: Sandbox) -> None:
        self.gateway, self.sandbox = gateway, sandbox
        self.panels: dict[str, PhonePanel] = {}
        self.buttons: dict[str, ui.element] = {}

    async def lay(self) -> None:
        with heading('Sandbox', 'Write as a customer, watch what Dovecote does.'):
            group = button('Add a group', 'plain', 'group_add', on_click=guarded(self.open_group, 'sandbox.use'))
            group.classes('desk')
            button('Add a person', 'plain', 'person_add', on_click=guarded(self.open_person, 'sandbox.use'))
        with box('body'), box('phones'):
            with box('phone-side'):
                self.tabs = box('switch').props('role=group aria-label="Which phone"')
                self.row = box('phone-row')
            with box('stack wide'):
                self.story = Story(self.gateway)
                self.link = LinkASession(self.gateway, self.sandbox)
                self.wrong = MakeItWrong(self.gateway, self.sandbox)
        await self.look_around()
        await self.story.begin()
        self.listen()

    def listen(self) -> None:
        bus = self.gateway.bus
        live(bus, self.phones_changed, kinds=('sandbox.phone',), every=0.15)
        live(bus, self.story.take, kinds=KINDS, every=0.15)
        live(bus, lambda _: self.look_around(), kinds=('session.state', 'session.deleted', 'session.qr'), every=0.5)
        ui.timer(3, self.look_around)  # people also come by REST, and faults are used up, which nobody announces

    async def look_around(self) -> None:
        """Who is there, who can be written to, what waits for a phone, what goes wrong on purpose."""
        found = await run.io_bound(self._read)
        if found is None:
            return
        people, chats = found
        self.link.show(people)
        self.wrong.show()
        for person in sorted(people, key=lambda each: bool(each.devices)):  # customers first, then our own phones
            if person.phone not in self.panels:
                self.add_panel(person)
        await asyncio.gather(*(self.panels[each.phone].know(each, chats) for each in people))

    def _read(self) -> tuple[tuple[PersonOut, ...], Chats]:
        with read():
            sessions = all_sessions()
        self.link.read(sessions)
        self.wrong.read(sessions)
        people, groups = self.sandbox.phones(), self.sandbox.groups()
        return people, Chats(people=people, groups=groups, ours={str(each.phone): str(each.name) for each in sessions})

    def add_panel(self, person: PersonOut) -> None:
        with self.row:
            self.panels[person.phone] = PhonePanel(self.sandbox, person)
        with self.tabs, box('', 'button').props('type=button') as tab:
            words(person.name)
        tab.on('click', lambda: self.turn_to(person.phone))
        self.buttons[person.phone] = tab
        self.choose(next(iter(self.panels)))

    def turn_to(self, phone: str) -> None:
        self.choose(phone)
        around = self.panels[phone].around
        ui.run_javascript(f'getHtmlElement({around.id}).scrollIntoView({{block: "nearest", inline: "nearest"}})')

    def choose(self, phone: str) -> None:
        """Which one a small screen shows; a large one shows all of them, in a row that scrolls."""
        for each, panel in self.panels.items():
            panel.around.classes(add='chosen') if each == phone else panel.around.classes(remove='chosen')
            self.buttons[each].props['aria-pressed'] = str(each == phone).lower()

    async def phones_changed(self, news: list[News]) -> None:
        changed = {str(each.body['phone']) for each in news}
        typing = {str(each.body['phone']) for each in news if each.body['change'] == 'typing'}
        if changed - self.panels.keys() or any(each.body['change'] in REARRANGES for each in news):
            await self.look_around()
        for phone in typing & self.panels.keys():
            self.panels[phone].somebody_types()
        await asyncio.gather(*(self.panels[each].refresh() for each in changed if each in self.panels))

    async def open_person(self) -> None:
        await add_person(self.sandbox, self.look_around)

    async def open_group(self) -> None:
        people = await run.io_bound(self.sandbox.phones)
        await add_group(self.sandbox, people or (), self.look_around)
