"""How a phone is linked: the code to scan, the code to type, and what stands in the way."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from nicegui import ui

from core.addresses import shown_phone
from core.errors import Conflict, Invalid
from core.rights import Login
from core.sessions import NEXT, Code
from data.database import read

from .aside import aside
from .compose import Gateway
from .login import guarded
from .part import Part
from .pieces import box, button, drawing, field, icon, notice, tool, when, words
from .qr import qr_svg
from .sample import new_phone

STEPS = (
    'Open WhatsApp.',
    'Android: tap ⋮, then Linked devices. iPhone: Settings, then Linked devices.',
    'Tap Link a device and unlock the phone.',
    'Point it at this code.',
)
ASKING = ('starting', 'pairing')
FRESH = 'A fresh code is being made.'
AFTERWARDS = 'Afterwards this page shows that it works. Nothing is answered by itself until a flow is live.'


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    code: str
    phone: str
    expires_at: datetime


class Pairing:
    """The part of a session's page that is there until a phone is linked. `start` is what its button does."""

    def __init__(self, gateway: Gateway, login: Login, *, id: str, name: str, start: Callable[[], object]) -> None:
        self.gateway, self.login, self.id, self.name, self.start = gateway, login, id, name, start
        self.may = login.asker.may('sessions.manage')
        self.code: Code | None = None
        self.state = ''
        self.detail = ''

    def draw(self) -> None:
        self.trouble = Part(self.draw_trouble)
        with box('panel pair'):
            with box('stack wide scan-place'):
                self.draw_place()
            with box('how') as how:
                words('On the phone', tag='h2')
                with box('steps', 'ol'):
                    for step in STEPS:
                        words(step, tag='li')
            how.set_visibility(self.may)
            self.by_code = box('stack by-code')
            with self.by_code:
                self.draw_by_code()
        words(AFTERWARDS, 'small faint centred', 'p')
        if self.gateway.sandbox is not None:
            self.simulated = Simulated(self.gateway, self.login, self.name)

    def draw_place(self) -> None:
        self.ring = drawing('')
        self.ring.props['role'], self.ring.props['aria-label'] = 'img', 'QR code to scan with WhatsApp'
        with box('qr-ring still') as self.still, box('qr-none'):
            icon('qr_code_2')
            self.why = words('', 'quiet', 'p')
            self.button = button('Start', 'primary', on_click=self.start)
        with box('beside small quiet centred') as self.clock:
            icon('schedule', 'tiny')
            self.left = words('', 'tabular')

    def draw_by_code(self) -> None:
        words('No camera at hand?', tag='h2')
        words('Type a code instead: on the phone choose “Link with phone number instead”.', 'quiet', 'p')
        with box('beside ends'):
            with field('Phone number'):
                self.phone = ui.input(placeholder='+1 555 123 0001').props('type=tel autocomplete=off')
            self.asking = button('Get a code', on_click=guarded(self.ask_code, 'sessions.manage'))
        self.phone.on('keydown.enter', guarded(self.ask_code, 'sessions.manage'))
        self.typed = Part(self.draw_typed, 'stack')

    def draw_typed(self, typed: Typed | None) -> None:
        if typed is None:
            return
        halves = typed.code[:4], typed.code[4:]
        with box('beside'):
            with box('code-letters').props('role=img') as letters:
                letters.props['aria-label'] = f'Pairing code {" ".join(halves)}'
                for half in halves:
                    with box('beside near', 'span'):
                        for letter in half:
                            words(letter, tag='i')
            tool('content_copy', 'Copy the code', on_click=lambda: self.copy(typed.code))
        with box('small faint', 'p'):
            words(f'For {shown_phone(typed.phone)}, good until ')
            when(typed.expires_at)

    def draw_trouble(self, state: str) -> None:
        if state in {'passkey', 'banned'}:
            with notice(
                NEXT[state], 'wait' if state == 'passkey' else 'bad', 'passkey' if state == 'passkey' else 'block'
            ):
                pass

    # ---- what changes

    def show(self, state: str, detail: str) -> None:
        self.state, self.detail = state, detail
        self.trouble.show(state)
        self.show_code()

    def show_code(self) -> None:
        """Take the newest code; the element stays and only its picture is exchanged, so nothing flickers."""
        code = self.current()
        if code != self.code:
            self.code = code
            self.ring.set_content(self.ring_around(code) if code else '')
        self.ring.set_visibility(code is not None)
        self.clock.set_visibility(code is not None)
        self.still.set_visibility(code is None)
        self.by_code.set_visibility(self.may and self.state in ASKING)
        self.button.set_visibility(self.may and self.state not in ASKING)
        self.button.set_text('Link again' if self.state in {'logged_out', 'failed', 'passkey'} else 'Start')
        self.why.set_text(self.sentence())
        self.typed.show(self.typed_code())
        if self.gateway.sandbox is not None:
            self.simulated.show(code is not None)
        self.count_down()

    def tick(self) -> None:
        """Once a second."""
        if self.code is None or self.seconds_left(self.code) == 0:
            self.show_code()
        else:
            self.count_down()

    def sentence(self) -> str:
        if not self.may and self.state in ASKING:
            return 'Waiting for a phone. Someone who manages sessions here sees the code to scan.'
        return FRESH if self.state == 'pairing' else self.detail

    def current(self) -> Code | None:
        """Who may see the code may link a phone of their own with it."""
        if not self.may or self.state != 'pairing':
            return None
        try:
            with read():
                return self.gateway.sessions.qr(self.name)
        except Conflict:
            return None

    def typed_code(self) -> Typed | None:
        code = self.gateway.sessions.typed_code(self.id) if self.may else None
        return Typed(code=code.code.replace('-', ''), phone=code.phone, expires_at=code.expires_at) if code else None

    def ring_around(self, code: Code) -> str:
        return (
            f'<div class="qr-ring" style="--lasts: {self.seconds_left(code):.1f}s"><div class="qr">'
            f'{qr_svg(code.code)}</div></div>'
        )

    def seconds_left(self, code: Code) -> float:
        return max(0.0, (code.expires_at - self.gateway.world.now()).total_seconds())

    def count_down(self) -> None:
        if self.code is not None:
            left = math.ceil(self.seconds_left(self.code))
            self.left.set_text(f'Good for {left} s. A fresh one follows by itself.')

    # ---- what its buttons do

    async def ask_code(self) -> None:
        self.phone.error = None
        self.asking.disable()
        try:
            await aside(self.gateway.sessions.pairing_code, self.name, self.phone.value or '')
        except Invalid as error:
            self.phone.error = str(error)
        finally:
            self.asking.enable()
        self.show_code()

    def copy(self, code: str) -> None:
        ui.clipboard.write(code)
        ui.notify('Copied.')


class Simulated:
    """In the sandbox: the phones that can scan the code with one click."""

    def __init__(self, gateway: Gateway, login: Login, name: str) -> None:
        self.gateway, self.login, self.name = gateway, login, name
        with box('panel simulated') as self.around:
            icon('science')
            with box('grow'):
                words('This is a sandbox: scan it with a simulated phone.', tag='p')
                ui.link('See all phones', '/sandbox').classes('small')
            if login.asker.may('sandbox.use'):
                self.phones = ui.select({}).props('aria-label="Simulated phone"')
                self.button = button('Scan with this phone', on_click=guarded(self.scan, 'sandbox.use'))
                ui.timer(0, self.list_phones, once=True)

    def show(self, visible: bool) -> None:
        self.around.set_visibility(visible)

    async def list_phones(self) -> None:
        assert self.gateway.sandbox is not None
        people = sorted(await aside(self.gateway.sandbox.phones), key=lambda each: bool(each.devices))
        options = {each.phone: f'{each.name or "No name"}, {shown_phone(each.phone)}' for each in people}
        self.phones.set_options({'': 'A new phone', **options}, value='')

    async def scan(self) -> None:
        self.button.disable()
        try:
            if not await aside(self.link, self.phones.value):
                ui.notify('The phone has scanned the code, but does not finish the link: it waits for a passkey.')
        finally:
            self.button.enable()

    def link(self, phone: str) -> int:
        sandbox = self.gateway.sandbox
        assert sandbox is not None
        with read():
            code = self.gateway.sessions.qr(self.name).code
        return sandbox.scan(phone or new_phone(sandbox, self.name), code)
