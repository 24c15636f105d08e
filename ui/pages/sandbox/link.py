"""Link a session by letting a simulated phone scan its code, or by typing a pairing code on it."""

from collections.abc import Sequence

from nicegui import run, ui

from core.addresses import shown_phone
from core.errors import Conflict
from core.sandbox.control import PersonOut
from core.sandbox.process import Sandbox
from data.sessions import Session

from ...compose import Gateway
from ...login import guarded
from ...part import Part
from ...pieces import box, button, field, panel, words
from ...sample import new_phone

STALLED = 'The phone agreed, but the link is never finished: the sandbox asks for a passkey on purpose.'


class LinkASession:
    """The panel. `read` may be called on any thread, `show` draws."""

    def __init__(self, gateway: Gateway, sandbox: Sandbox) -> None:
        self.gateway, self.sandbox = gateway, sandbox
        self.waiting: dict[str, str] = {}  # name -> id
        self.people: tuple[PersonOut, ...] = ()
        self.session = self.phone = self.code = ''  # what was chosen and typed survives a redraw
        with panel('Link a session'):
            self.part = Part(self.draw, 'stack wide')

    def read(self, sessions: Sequence[Session]) -> None:
        self.waiting = {str(each.name): str(each.id) for each in sessions if each.state == 'pairing'}

    def show(self, people: tuple[PersonOut, ...]) -> None:
        self.people = people
        if self.session not in self.waiting:
            self.session, self.phone, self.code = next(iter(self.waiting), ''), '', ''
        phones = tuple((each.phone, f'{each.name}, {shown_phone(each.phone)}') for each in people)
        self.part.show((tuple(self.waiting), phones if self.waiting else ()))

    def draw(self, shown: tuple[tuple[str, ...], tuple[tuple[str, str], ...]]) -> None:
        waiting, phones = shown
        if not waiting:
            words('No session waits for a phone. Create or start one, then it can be linked here.', 'quiet', 'p')
            with box('beside'):
                ui.link('To the sessions', '/sessions')
            return
        with box('form'):
            with field('Session'):
                sessions = {each: f'{each}, waiting for a phone' for each in waiting}
                ui.select(sessions, value=self.session).bind_value_to(self, 'session')
            with field('Phone'):
                ui.select({'': 'A new phone', **dict(phones)}, value=self.phone).bind_value_to(self, 'phone')
        with box('beside'):
            scan = guarded(self.scan, 'sandbox.use')
            self.press = button('Scan its QR code', 'primary', 'qr_code_scanner', on_click=scan)
        with field('Or the pairing code the session shows'), box('beside'):
            code = ui.input(value=self.code, placeholder='ABCD-EFGH').bind_value_to(self, 'code')
            code.classes('grow').props('autocomplete=off maxlength=9').props['aria-label'] = 'Pairing code'
            enter = guarded(self.enter, 'sandbox.use')
            code.on('keydown.enter', enter, args=[])
            button('Enter the code', 'plain', on_click=enter)

    async def scan(self) -> None:
        self.press.props('loading')
        try:
            linked = await run.io_bound(self._scan, self.session, self.phone)
        finally:
            if not self.press.is_deleted:
                self.press.props(remove='loading')
        if linked == 0:
            ui.notify(STALLED, type='warning')

    def _scan(self, session: str, phone: str) -> int:
        code = self.gateway.sessions.qr(session).code
        return self.sandbox.scan(phone or new_phone(self.sandbox, session), code)

    async def enter(self) -> None:
        linked = await run.io_bound(self._enter, self.waiting.get(self.session, ''), self.phone, self.code)
        if linked == 0:
            ui.notify(STALLED, type='warning')

    def _enter(self, session_id: str, phone: str, code: str) -> int:
        """On the phone whose number the session was told, unless another one was chosen."""
        asked = self.gateway.sessions.typed_code(session_id)
        phone = phone or (asked.phone if asked else '')
        if not phone:
            raise Conflict(
                'This session shows no pairing code. Ask for one on its page, with the number of a phone here.'
            )
        return self.sandbox.enter_code(phone, code.replace('-', '').strip().upper())
