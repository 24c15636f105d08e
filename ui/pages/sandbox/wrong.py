"""Make something go wrong on purpose, and see what is wrong at the moment."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from nicegui import run, ui

from core.sandbox.control import Fault
from core.sandbox.process import Sandbox
from data.sessions import Session

from ...compose import Gateway
from ...login import guarded
from ...part import Part
from ...pieces import badge, box, button, field, panel, words


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """`make`: the fault, for the phone whose session it hits."""

    title: str
    note: str
    act: str
    make: Callable[[str], Fault]


TROUBLES = (
    Trouble(title='Drop the connection', note='WhatsApp hangs up once.', act='Drop',
            make=lambda phone: Fault(kind='drop', phone=phone)),
    Trouble(title='Outage for 10 s', note='Nobody can connect.', act='Start',
            make=lambda phone: Fault(kind='outage', seconds=10)),
    Trouble(title='Outage for 60 s', note='The same, long enough for several tries.', act='Start',
            make=lambda phone: Fault(kind='outage', seconds=60)),
    Trouble(title='Slow network', note='Every answer takes half a second longer.', act='Slow down',
            make=lambda phone: Fault(kind='latency', ms=500)),
    Trouble(title='Silence', note='Connected, but nothing is answered any more.', act='Mute',
            make=lambda phone: Fault(kind='mute')),
    Trouble(title='Open it elsewhere', note='The same linked device connects from another machine.', act='Open',
            make=lambda phone: Fault(kind='conflict', phone=phone)),
    Trouble(title='Log the session out', note='As if removed on the phone.', act='Log out',
            make=lambda phone: Fault(kind='logout', phone=phone)),
    Trouble(title='Refuse the next message (463)', note='As for people who never wrote to us.', act='Refuse',
            make=lambda phone: Fault(kind='nack', code=463, phone=phone)),
    Trouble(title='Refuse the next message (479)', note='As for a message WhatsApp finds invalid.', act='Refuse',
            make=lambda phone: Fault(kind='nack', code=479, phone=phone)),
    Trouble(title='Let it write to nobody new', note='First messages are refused (463), answers are not.', act='Lock',
            make=lambda phone: Fault(kind='reachout', phone=phone)),
    Trouble(title='Ban for one minute', note='Thrown out, and turned away until it is over.', act='Ban',
            make=lambda phone: Fault(kind='ban', phone=phone, seconds=60, code=101)),
    Trouble(title='Damage the next message', note='It cannot be decrypted and is asked for again.', act='Damage',
            make=lambda phone: Fault(kind='corrupt')),
    Trouble(title='Lose the next answer', note='A message is taken, but nobody says so.', act='Lose',
            make=lambda phone: Fault(kind='lose_acks')),
    Trouble(title='Cut off the next download', note='A file ends in the middle.', act='Cut',
            make=lambda phone: Fault(kind='media_cut')),
    Trouble(title='Slow downloads', note='Files come at 20 kB a second.', act='Slow',
            make=lambda phone: Fault(kind='media_slow', rate=20_000)),
    Trouble(title='Let the QR code expire', note='While someone is linking.', act='Expire',
            make=lambda phone: Fault(kind='expire_qr')),
    Trouble(title='Ask for a passkey', note='A scan is accepted, but the link never ends.', act='Ask',
            make=lambda phone: Fault(kind='passkey')),
)  # fmt: skip
REASONS = {
    401: '401: removed from the linked devices',
    402: '402: banned for one minute',
    403: '403: the account is locked',
    405: '405: this program is too old',
    415: '415: the login makes no sense',
    503: '503: WhatsApp is busy',
}
NEEDS_A_PHONE = {'drop', 'conflict', 'logout', 'fail_login', 'ban', 'reachout'}
ON_UNTIL_CLEARED = {'latency', 'mute', 'passkey', 'ban', 'reachout', 'media_slow'}


class MakeItWrong:
    """The panel. `read` may be called on any thread, `show` draws."""

    def __init__(self, gateway: Gateway, sandbox: Sandbox) -> None:
        self.gateway, self.sandbox = gateway, sandbox
        self.linked: dict[str, str] = {}  # phone -> session
        self.chosen = ''
        self.faults: tuple[Fault, ...] = ()
        with panel('Make something go wrong', tight=True) as end:
            with end:
                clear = guarded(self.clear, 'sandbox.use')
                self.clear_all = button('Clear all', 'plain small', on_click=clear)
            self.target = Part(self.draw_target)
            with box('lines', 'ul'):  # a row each: what somebody is about to press must not be drawn anew
                self.rows = [(each, Part(partial(self.row, each), tag='li')) for each in TROUBLES]
                self.last = Part(self.refusal, tag='li')

    def read(self, sessions: Sequence[Session]) -> None:
        self.linked = {str(each.phone): str(each.name) for each in sessions if each.phone}
        self.faults = self.sandbox.faults()

    def show(self) -> None:
        if self.chosen not in self.linked:
            self.chosen = next(iter(self.linked), '')
        self.clear_all.set_visibility(bool(self.faults))
        self.target.show(tuple(self.linked.items()))
        for trouble, row in self.rows:
            made = trouble.make('')
            active = tuple(each for each in self.faults if (each.kind, each.code) == (made.kind, made.code))
            row.show((active, bool(self.linked) or made.kind not in NEEDS_A_PHONE))
        self.last.show((tuple(each for each in self.faults if each.kind == 'fail_login'), bool(self.linked)))

    def draw_target(self, linked: tuple[tuple[str, str], ...]) -> None:
        if len(linked) > 1:
            with box('inset'), field('With the session'):
                ui.select(dict(linked), value=self.chosen, on_change=lambda change: self.choose(str(change.value)))

    def choose(self, phone: str) -> None:
        self.chosen = phone

    def row(self, trouble: Trouble, shown: tuple[tuple[Fault, ...], bool]) -> None:
        active, possible = shown
        with box('grow'):
            words(trouble.title, tag='p')
            words(trouble.note, 'small faint', 'p')
        if active:
            self.active(active)
            return
        press = button(trouble.act, 'plain small', on_click=guarded(lambda: self.cause(trouble), 'sandbox.use'))
        press.props['aria-label'] = f'{trouble.act}: {trouble.title}'
        press.set_enabled(possible)

    def active(self, faults: tuple[Fault, ...]) -> None:
        kind, left = faults[0].kind, sum(each.times for each in faults)
        badge('On' if kind in ON_UNTIL_CLEARED else 'Waits for it' if left == 1 else f'{left} to come', 'wait')
        stop = button('Stop', 'plain small', on_click=guarded(lambda: self.clear(faults[0]), 'sandbox.use'))
        stop.props['aria-label'] = f'Stop: {kind}'

    def refusal(self, shown: tuple[tuple[Fault, ...], bool]) -> None:
        active, possible = shown
        with box('grow stack'):
            words('Refuse the next log-in', tag='p')
            reason = ui.select(REASONS, value=401).props('aria-label="Reason of the refusal"')
        if active:
            self.active(active)
            return
        refuse = guarded(lambda: self.refuse(int(reason.value or 401)), 'sandbox.use')
        button('Refuse', 'plain small', on_click=refuse).set_enabled(possible)

    async def cause(self, trouble: Trouble) -> None:
        await self._set(trouble.make(self.chosen))

    async def refuse(self, reason: int) -> None:
        """The next log-in comes as soon as the connection is gone."""
        expire = 60 if reason == 402 else 0
        await self._set(
            Fault(kind='fail_login', phone=self.chosen, reason=reason, code=101 if expire else 0, expire=expire),
            Fault(kind='drop', phone=self.chosen),
        )

    async def _set(self, *faults: Fault) -> None:
        for each in faults:
            await run.io_bound(self.sandbox.set_fault, each)
        await self._look()

    async def clear(self, fault: Fault | None = None) -> None:
        await run.io_bound(self.sandbox.clear_fault, fault.kind if fault else None)
        await self._look()

    async def _look(self) -> None:
        self.faults = await run.io_bound(self.sandbox.faults) or ()
        self.show()
