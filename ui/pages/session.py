"""One session: waiting for a phone, or working."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from nicegui import ui

from core.addresses import shown_phone
from core.link_previews import shows_links
from core.media_policy import Policy, policy_of
from core.rights import Login
from core.sessions import NEXT
from data.messages import held_of, tally, unsettled
from data.sessions import history, session_by_name

from ..aside import aside, reading
from ..calls import calls_and_presence
from ..compose import Gateway
from ..countries import countries
from ..day import day_figures
from ..fetching import FetchingPanel
from ..frame import frame
from ..hearing import who_hears
from ..live import live
from ..login import guarded, page
from ..overview import Hours, hours_of
from ..pairing import Pairing
from ..part import Part
from ..pieces import STATES, Knot, ask, box, button, empty_state, facts, field, heading, notice, panel, trace, words
from ..protection import Protected, ProtectionPanel, look
from ..written import counted

MESSAGES = ('message.received', 'message.sent', 'message.delivered', 'message.read', 'message.failed',
            'message.uncertain', 'message.queued', 'message.cancelled')  # fmt: skip
OPEN = ('starting', 'pairing', 'working', 'reconnecting')
TROUBLED = ('banned', 'failed', 'reconnecting', 'resting')
UNLINKED = ('pairing', 'passkey', 'logged_out')
Work = Callable[[], Awaitable[object]]


def register(gateway: Gateway) -> None:
    @page('/sessions/{name}', 'sessions.see')
    async def session(login: Login, name: str) -> None:
        seen = await reading(_look, gateway, name, gateway.world.now())
        sandbox = gateway.sandbox is not None
        if seen is None or not login.asker.may_session(seen.id):
            with frame('No such session', here='/sessions', login=login, sandbox=sandbox):
                _nothing_called(name)
            return
        with frame(name, here='/sessions', login=login, sandbox=sandbox):
            shown = _Session(gateway, login, seen)
            shown.show(seen)
        live(gateway.bus, lambda _: shown.refresh(), kinds=('session.state', 'session.limited'), session=seen.id)
        live(gateway.bus, lambda _: shown.show_code(), kinds=('session.qr',), session=seen.id)
        live(gateway.bus, lambda _: shown.refresh(), kinds=MESSAGES, session=seen.id, every=1.0)
        live(gateway.bus, lambda _: shown.refresh(), kinds=('hosts.changed',), every=1.0)
        live(gateway.bus, lambda _: ui.navigate.to('/sessions'), kinds=('session.deleted',), session=seen.id)
        ui.timer(0, shown.refresh, once=True)  # what happened between the first look and the ears


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A session as its page shows it; `day` is about the last 24 hours."""

    id: str
    name: str
    state: str
    detail: str
    phone: str
    lid: str
    push_name: str
    country: str
    linked_at: datetime | None
    created_at: datetime
    day: Hours
    waiting: int
    uncertain: int
    history: tuple[Knot, ...]
    protection: Protected
    fetching: tuple[Policy, bool]


class _Session:
    """What one open page shows."""

    def __init__(self, gateway: Gateway, login: Login, seen: Seen) -> None:
        self.gateway, self.login, self.id, self.name = gateway, login, seen.id, seen.name
        self.may = login.asker.may('sessions.manage')
        self.pairing: Pairing | None = None
        self.seen = seen
        self.asked = self.answered = 0
        self.head = Part(self.draw_head)
        with box('body').props('tabindex=0 role=group aria-label=Session') as self.home:
            self.whole = Part(self.draw_whole, 'measure')

    async def refresh(self) -> None:
        self.asked = turn = self.asked + 1
        seen = await reading(_look, self.gateway, self.name, self.gateway.world.now())
        if seen is not None and turn > self.answered:  # a slow answer must not cover a newer one
            self.answered = turn
            self.show(seen)

    def show(self, seen: Seen) -> None:
        self.seen = seen
        self.whole.show(bool(seen.phone) and seen.state not in UNLINKED)
        if self.pairing is not None:
            self.pairing.show(seen.state, seen.detail)
        else:
            self.trouble.show((seen.state, seen.detail))
            self.figures.show((seen.day, seen.uncertain))
            self.facts.show(self.known(seen))
            self.protection.show(seen.protection)
            self.fetching.show(seen.fetching)
        self.history.show(seen.history)
        self.show_head()

    def show_code(self) -> None:
        if self.pairing is not None:
            self.pairing.show_code()
            self.show_head()

    def tick(self) -> None:
        if self.pairing is not None:
            self.pairing.tick()
            self.show_head()

    def show_head(self) -> None:
        scannable = self.pairing is not None and self.pairing.code is not None
        self.head.show((self.seen.state, NEXT['pairing'] if scannable else self.seen.detail))

    # ---- drawing

    def draw_head(self, shown: tuple[str, str]) -> None:
        state, sentence = shown
        with heading(self.name, sentence, trail='Sessions', state=state):
            if not self.may:
                return
            if state == 'pairing':
                button('Cancel', on_click=self.does(self.stop))
            elif state in OPEN:
                button('Stop', on_click=self.does(self.stop))
            elif self.pairing is None:
                button('Start', 'primary', on_click=self.does(self.start))

    def draw_whole(self, linked: bool) -> None:
        self.pairing = None
        if linked:
            self.draw_linked()
            return
        self.pairing = Pairing(self.gateway, self.login, id=self.id, name=self.name, start=self.does(self.start))
        with box('stack wide linking'):
            self.pairing.draw()
            ui.timer(1.0, self.tick)
            self.draw_history()
            self.draw_danger(linked=False)

    def draw_linked(self) -> None:
        self.protection = ProtectionPanel(self.gateway, self.login, id=self.id, name=self.name, refresh=self.refresh)
        self.fetching = FetchingPanel(self.login, id=self.id, refresh=self.refresh)
        with box('two'):
            with box('stack wide'):
                self.trouble = Part(_trouble)
                self.protection.draw_notices()
                self.figures = Part(_day, 'figures')
                with panel('This account'):
                    self.facts = Part(facts)
                self.protection.draw()
                self.fetching.draw()
                if self.may:
                    self.draw_settings()
                    calls_and_presence(self.gateway, self.login, self.name, self.id)
                self.draw_danger(linked=True)
            with box('stack wide'):
                who_hears(self.gateway, self.login, self.name)
                self.draw_history()

    def draw_history(self) -> None:
        with panel('State history'):
            self.history = Part(_history)

    def draw_settings(self) -> None:
        with panel('Settings'), box('stack'):
            with box('beside ends'):
                with field('Default country'):
                    country = ui.select(countries(), value=self.seen.country, with_input=True)
                button('Save', on_click=self.does(lambda: self.save(country.value or '')))
            words('For numbers that are written without a country code.', 'small faint', 'p')

    def draw_danger(self, *, linked: bool) -> None:
        if not self.may:
            return
        with panel('Danger zone', tight=True), box('lines', 'ul'):
            if linked:
                self.risk('Restart', 'Close the connection and open it again. Nothing is lost.', 'plain', self.restart)
                self.risk('Log out…', 'Leave the linked devices of the phone. Chats stay here.', 'risky', self.log_out)
            self.risk('Delete…', 'The session with all its chats and messages.', 'risky', self.delete)

    def risk(self, act: str, sentence: str, kind: str, work: Work) -> None:
        with box('', 'li'):
            words(sentence, 'grow', 'p')
            button(act, f'{kind} small', on_click=self.does(work))

    def known(self, seen: Seen) -> list[tuple[str, str | datetime]]:
        host = next((each for each in self.gateway.hosts.hosts() if self.id in each.sessions), None)
        return [
            ('Number', shown_phone(seen.phone)),
            ('Name on WhatsApp', seen.push_name or 'not told yet'),
            ('LID', seen.lid or 'not told yet'),
            ('Linked since', seen.linked_at or 'unknown'),
            ('Created', seen.created_at),
            ('Default country', countries().get(seen.country, seen.country)),
            ('Waiting to be sent', counted(seen.waiting, 'message')),
            ('Held by', f'host {host.id}, process {host.pid}' if host else 'no host: it is not running'),
            ('Id', seen.id),
        ]

    # ---- what its buttons do

    def does(self, work: Work) -> Callable[[], Awaitable[None]]:
        """A handler that survives its own button: the heading is drawn anew while it still works."""
        checked = guarded(work, 'sessions.manage')

        async def handler() -> None:
            with self.home:
                await checked()

        return handler

    async def start(self) -> None:
        await aside(self.gateway.sessions.start, self.name)

    async def stop(self) -> None:
        await aside(self.gateway.sessions.stop, self.name)

    async def restart(self) -> None:
        await aside(self.gateway.sessions.restart, self.name)

    async def save(self, country: str) -> None:
        await aside(lambda: self.gateway.sessions.change(self.name, country=country))
        await self.refresh()
        ui.notify('Saved.')

    async def log_out(self) -> None:
        sentence = (
            f'The phone {shown_phone(self.seen.phone)} forgets this device, and nothing arrives or leaves any more. '
            'Chats stay here. To go on, link the phone again.'
        )
        if await ask(f'Log {self.name} out of WhatsApp?', sentence, 'Log out'):
            await aside(self.gateway.sessions.logout, self.name)

    async def delete(self) -> None:
        chats, messages = await reading(held_of, self.id)
        sentence = (
            f'{counted(chats, "chat")} and {counted(messages, "message")} are deleted here and cannot be brought back. '
            'What is on the phone stays there.'
        )
        if await ask(f'Delete {self.name}?', sentence, 'Delete'):
            await aside(self.gateway.sessions.delete, self.name)


def _look(gateway: Gateway, name: str, now: datetime) -> Seen | None:
    row = session_by_name(name)
    if row is None:
        return None
    waits = {each.status: each.count for each in unsettled() if each.session == row.id}
    return Seen(
        id=row.id,
        name=row.name,
        state=row.state,
        detail=row.detail,
        phone=row.phone,
        lid=row.lid,
        push_name=row.push_name,
        country=row.country,
        linked_at=row.linked_at,
        created_at=row.created_at,
        day=hours_of(tally(now - timedelta(hours=24), session_id=row.id), 24),
        waiting=waits.get('queued', 0),
        uncertain=waits.get('uncertain', 0),
        history=tuple(
            Knot(text=STATES[each.state][1], at=each.at, tone=STATES[each.state][0], detail=each.detail)
            for each in history(row.id, 20)
        ),
        protection=look(gateway, row, now),
        fetching=(policy_of(row.extra), shows_links(row.extra)),
    )


def _trouble(shown: tuple[str, str]) -> None:
    """The whole sentence with what to do; the heading cuts it on a small screen."""
    state, detail = shown
    if state in TROUBLED:
        with notice(f'{detail} {NEXT[state]}', 'bad' if state in {'banned', 'failed'} else 'wait'):
            pass


def _day(shown: tuple[Hours, int]) -> None:
    hours, uncertain = shown
    day_figures(hours, uncertain, label='Received in 24 h', lately='in the last hour')


def _history(knots: tuple[Knot, ...]) -> None:
    if knots:
        trace(knots)
    else:
        words('Nothing has happened yet.', 'quiet', 'p')


def _nothing_called(name: str) -> None:
    ui.context.client.status_code = 404
    with empty_state('There is no such session', f'Nothing is called “{name[:48]}”, or it was deleted.'):
        ui.link('All sessions', '/sessions')
