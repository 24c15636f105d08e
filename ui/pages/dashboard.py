"""The dashboard: is everything working, what happened today, what needs a person."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

from nicegui import ui

from core.host.slots import HostReport
from core.rights import Login

from ..aside import aside, reading
from ..compose import Gateway
from ..day import day_bars, day_figures
from ..frame import frame
from ..live import live
from ..login import guarded, page
from ..overview import Card, Hours, Need, Overview, overview
from ..part import Part
from ..pieces import (
    Knot,
    Words,
    ask,
    box,
    button,
    empty_state,
    heading,
    icon,
    meter,
    panel,
    show_state,
    state_badge,
    tool,
    trace,
    when,
    words,
)
from ..written import counted, grouped, reader_zone, zone_named

KINDS = (
    'session.state', 'session.deleted', 'message.queued', 'message.received', 'message.sent', 'message.delivered',
    'message.read', 'message.failed', 'message.uncertain', 'message.cancelled', 'flow.run.finished', 'flow.run.failed',
    'chat.paused', 'chat.resumed',
)  # fmt: skip
NUMBERS = ('No', 'One', 'Two', 'Three', 'Four', 'Five', 'Six', 'Seven', 'Eight', 'Nine', 'Ten')
Queue = tuple[tuple[str, int, str], ...]


def register(gateway: Gateway) -> None:
    @page('/', 'sessions.see')
    async def dashboard(login: Login) -> None:
        shown = _Dashboard(gateway, login)
        first = await shown.look()
        with frame('Dashboard', here='/', login=login, sandbox=gateway.sandbox is not None):
            shown.draw()
        shown.show(first)
        live(gateway.bus, lambda _: shown.refresh(), kinds=KINDS, every=1.0)
        live(gateway.bus, lambda _: shown.show_hosts(), kinds=('hosts.changed',), every=0.5)
        ui.timer(10, shown.refresh)  # a new hour, a new day, the memory of the hosts
        await ui.context.client.connected()
        await shown.ask_zone()


class _Dashboard:
    """What one open page shows."""

    def __init__(self, gateway: Gateway, login: Login) -> None:
        self.gateway = gateway
        self.login = login
        self.zone = reader_zone()
        self.cards: dict[str, _Card] = {}
        self.host_lines: dict[str, Words] = {}
        self.asked = self.answered = 0

    async def look(self) -> Overview:
        paused = self.gateway.router.paused()
        return await reading(overview, self.login.asker, self.gateway.world.now(), self.zone, paused)

    async def refresh(self) -> None:
        self.asked = turn = self.asked + 1
        seen = await self.look()
        if turn > self.answered:  # a slow answer must not cover a newer one
            self.answered = turn
            self.show(seen)

    async def ask_zone(self) -> None:
        """Only the first page after the first sign-in does not know what today means to its reader."""
        zone = zone_named(str(await ui.run_javascript('Intl.DateTimeFormat().resolvedOptions().timeZone')))
        if zone != self.zone:
            self.zone = zone
            await self.refresh()

    def draw(self) -> None:
        self.head = Part(self.draw_head)
        with box('body'), box('measure stack wide'):
            self.whole = Part(self.draw_whole, 'stack wide')

    def draw_head(self, sentence: str) -> None:
        with heading('Dashboard', sentence):
            if self.login.asker.may('messages.send') and self.cards:
                button('New message', 'primary', 'edit_square', on_click=to_inbox).classes('desk')
                tool('edit_square', 'New message', on_click=to_inbox).classes('pocket')

    def draw_whole(self, linked: bool) -> None:
        if not linked:
            self.draw_empty()
            return
        self.figures = Part(_day, 'figures')
        with box('dash'):
            with box('main'):
                self.cards_part = Part(self.draw_cards, 'cards')
                with panel('By the hour') as end:
                    with end:
                        words('Received', 'key')
                        words('Sent', 'key soft')
                    self.hours = Part(day_bars)
                self.hosts = Part(self.draw_hosts)
            with box('side'):
                self.needs = Part(_needs, 'first')
                with panel('Queue') as end:
                    with end:
                        ui.link('Open', '/messages?status=queued').classes('small')
                    self.queue = Part(_queue, 'stack')
                with panel('Lately'):
                    self.lately = Part(_lately)

    def draw_empty(self) -> None:
        may = self.login.asker.may('sessions.manage')
        with empty_state(
            'Link your first WhatsApp account',
            'Dovecote then receives its messages, lets flows answer them and sends yours. '
            + ('You need the phone that owns the number.' if may else 'Someone who manages sessions here can do it.'),
        ):
            if may:
                button('Link an account', 'primary', 'add', on_click=lambda: ui.navigate.to('/sessions?new=1'))

    def draw_cards(self, names: tuple[str, ...]) -> None:
        self.cards = {name: _Card(name) for name in names}

    def draw_hosts(self, reports: tuple[HostReport, ...]) -> None:
        self.host_lines = {}
        with panel('Session hosts', tight=True), box('lines', 'ul'):
            for report in reports:
                with box('', 'li'):
                    box('dot bad' if report.crashes and not report.pid else 'dot')
                    with box('grow'):
                        self.host_lines[report.id] = words(_host(report), tag='p')
                        words(_crashes(report), 'small faint', 'p')
                    if self.login.asker.may('hosts.manage'):
                        button('Restart…', 'risky small', on_click=guarded(self.restarter(report), 'hosts.manage'))

    # ---- what changes

    def show(self, seen: Overview) -> None:
        self.whole.show(bool(seen.cards))
        sentence = _sentence(seen, self.gateway.world.now().astimezone(self.zone))
        if not seen.cards:
            self.head.show(sentence)
            return
        self.figures.show((seen.hours, seen.uncertain))
        self.cards_part.show(tuple(card.name for card in seen.cards))
        for card in seen.cards:
            self.cards[card.name].show(card)
        self.head.show(sentence)
        self.hours.show(seen.hours)
        self.needs.show(seen.needs)
        self.queue.show(seen.queue)
        self.lately.show(seen.lately)
        self.show_hosts()

    def show_hosts(self) -> None:
        if not self.cards:
            return
        reports = self.gateway.hosts.hosts()
        self.hosts.show(tuple(replace(report, memory_mb=0.0) for report in reports))
        for report in reports:  # the memory changes all the time, and in place
            self.host_lines[report.id].set_text(_host(report))

    def restarter(self, report: HostReport) -> Callable[[], Awaitable[None]]:
        async def restart() -> None:
            lost = (
                f'{counted(len(report.sessions), "session")} will be back within seconds. '
                'A message that is being sent at this moment becomes uncertain.'
            )
            if await ask(f'Restart host {report.id}?', lost, 'Restart'):
                await aside(self.gateway.hosts.restart_host, report.id)

        return restart


class _Card:
    """One session; it changes in place, so that the keyboard's focus stays where it is."""

    def __init__(self, name: str) -> None:
        with ui.link(target=f'/sessions/{name}').classes('session-card'):
            with box('beside'):
                words(name, 'strong nowrap')
                self.phone = words('', 'small faint cut')
                self.state = state_badge('new').classes('push')
            self.sentence = words('', 'sentence', 'p')
            with box('beside small quiet'):
                icon('south_west', 'tiny')
                self.came = words('')
                icon('north_east', 'tiny')
                self.went = words('')
                self.waiting = words('', 'push faint')

    def show(self, card: Card) -> None:
        self.phone.set_text(card.phone)
        show_state(self.state, card.state)
        self.sentence.set_text(card.sentence)
        self.came.set_text(f'{grouped(card.came)} in')
        self.went.set_text(f'{grouped(card.went)} out')
        self.waiting.set_text(f'{grouped(card.waiting)} waiting' if card.waiting else 'nothing waiting')


def _sentence(seen: Overview, now: datetime) -> str:
    if not seen.cards:
        return ''
    total, working = len(seen.cards), sum(card.state == 'working' for card in seen.cards)
    if working == total:
        told = 'All sessions are working' if total > 1 else f'{seen.cards[0].name} is working'
    elif not working:
        told = 'No session is working' if total > 1 else f'{seen.cards[0].name} is not working'
    else:
        told = f'{_number(working)} of {_number(total).lower()} sessions {"is" if working == 1 else "are"} working'
    return f'{told}. {now:%A} {now.day} {now:%B}'


def _number(count: int) -> str:
    return NUMBERS[count] if count < len(NUMBERS) else grouped(count)


def _day(shown: tuple[Hours, int]) -> None:
    hours, uncertain = shown
    day_figures(hours, uncertain, label='Received today', lately=f'since {len(hours.came) - 1:02}:00')


def _needs(needs: tuple[Need, ...]) -> None:
    with panel('Needs you', str(len(needs)) if needs else '', tight=bool(needs)):
        if not needs:
            words('Nothing needs you right now.', 'quiet', 'p')
            return
        with box('lines', 'ul'):
            for need in needs:
                with box('', 'li'):
                    box(f'dot {need.tone}')
                    with box('grow'):
                        words(need.text, tag='p')
                        with box('small faint', 'p'):
                            if need.since:
                                words('since ')
                                when(need.since)
                            else:
                                words('today')
                    button(need.act, 'plain small').props['href'] = need.path


def _queue(queue: Queue) -> None:
    if not queue:
        words('Nothing is waiting to be sent.', 'quiet', 'p')
        return
    told = ', '.join(f'{count} {name}' for name, count, _ in queue)
    meter([('wait' if why else 'accent', count) for _, count, why in queue], told)
    for name, count, why in queue:
        with box('beside small'):
            words(name, 'strong')
            words(why, 'faint cut')
            words(grouped(count), 'push tabular')


def _lately(knots: tuple[Knot, ...]) -> None:
    if knots:
        trace(knots)
    else:
        words('Nothing has happened yet.', 'quiet', 'p')


def _host(report: HostReport) -> str:
    if not report.pid:
        return f'{report.id} is being started again'
    memory = f', {report.memory_mb:.0f} MB' if report.memory_mb else ''
    return f'{report.id}: {counted(len(report.sessions), "session")}, process {report.pid}{memory}'


def _crashes(report: HostReport) -> str:
    return f'Crashed {counted(report.crashes, "time")} since Dovecote started' if report.crashes else 'Never crashed'


def to_inbox() -> None:
    ui.navigate.to('/inbox')
