"""One webhook: the log of what it was told, and one delivery in full."""

import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING

from nicegui import events, ui

from core.rights import Login, Right
from core.webhooks.endpoints import MASK
from core.webhooks.sign import webhook_id
from data.deliveries import delivery_by_id

from ...aside import aside, reading
from ...login import guarded
from ...part import Part
from ...pieces import (
    STATES,
    badge,
    box,
    button,
    heading,
    json_text,
    notice,
    state_badge,
    tool,
    trace,
    when,
    words,
)
from ...written import grouped
from .acts import Acts, copy
from .views import PAGE, HookView, Line, Whole, log_of, one_hook, whole

if TYPE_CHECKING:
    from ...compose import Gateway

RIGHT: Right = 'webhooks.manage'
SHOWS = {'': 'All', 'waiting': 'Waiting', 'dead': 'Gave up'}


class LogPage:
    """`chosen` is the delivery on the right, `show` which are on the left, behind `before` when that is given."""

    def __init__(self, gateway: 'Gateway', login: Login, view: HookView) -> None:
        self.gateway, self.login, self.id, self.view = gateway, login, view.id, view
        self.show = self.before = self.chosen = ''
        self.gone = False
        self.asked = self.answered = 0
        self.above: list[str] = []
        self.lines: tuple[Line, ...] = ()
        self.acts = Acts(gateway, login, self.refresh)

    # ---- drawing

    def draw(self) -> None:
        self.draw_head()
        self.trouble: Part[tuple[str, bool]] = Part(self.draw_trouble, 'strip')
        with box('panes told') as self.panes:
            with box('', 'section').props('aria-label=Deliveries'):
                with box('bar'):
                    self.draw_switch()
                with box('scrolls grow').props('tabindex=0 role=group aria-label="Log of deliveries"') as around:
                    around.on('click', self._clicked, js_handler=CLICKED)
                    self.log: Part[tuple[object, ...]] = Part(self.draw_log)
                    with box('beside paging'):
                        self.newer = button('Newer', 'plain small', 'arrow_back', on_click=self.to_newer)
                        self.older = button('Older', 'plain small', 'arrow_forward', on_click=self.to_older)
            with box('', 'section').props('aria-label=Delivery'):
                self.draw_delivery()

    def draw_head(self) -> None:
        self.head: Part[tuple[object, ...]] = Part(self.draw_titles)

    def draw_titles(self, _: tuple[object, ...]) -> None:
        view = self.view
        with heading(view.name, view.sentence, trail='Webhooks'):
            badge(view.word, view.tone)
            button('Send a test', 'plain', on_click=guarded(self.test, RIGHT)).classes('desk')
            button('Tell again…', 'plain', 'replay', on_click=guarded(lambda: self.acts.replay_many(self.id), RIGHT))
            with tool('settings', 'Settings of this webhook'), ui.menu():
                for text, work in (
                    ('Send a test', self.test),
                    ('Change…', lambda: self.acts.change(self.id)),
                    ('New secret…', lambda: self.acts.rotate(self.id)),
                    ('Pause', lambda: self.acts.pause(self.id)) if view.on
                    else ('Switch on', lambda: self.acts.switch_on(self.view)),
                    ('Delete…', lambda: self.acts.delete(self.view)),
                ):  # fmt: skip
                    ui.menu_item(text, guarded(work, RIGHT))

    def draw_trouble(self, shown: tuple[str, bool]) -> None:
        sentence, on = shown
        if not sentence:
            return
        with notice(sentence, 'wait' if on else 'bad', 'warning'):
            if on:
                button('Pause', 'plain small', on_click=guarded(lambda: self.acts.pause(self.id), RIGHT))
            else:
                button('Switch on', 'plain small', on_click=guarded(lambda: self.acts.switch_on(self.view), RIGHT))

    def draw_switch(self) -> None:
        with box('switch').props('role=group aria-label=Show'):
            self.shows = {
                value: words(word, tag='button').props('type=button').on('click', self._turner(value))
                for value, word in SHOWS.items()
            }
        self.share = words('', 'small faint push desk')

    def show_switch(self) -> None:
        for value, made in self.shows.items():
            count = {'waiting': self.view.waiting, 'dead': self.view.dead}.get(value)
            made.set_text(f'{SHOWS[value]} {grouped(count)}' if count else SHOWS[value])
            made.props['aria-pressed'] = 'true' if value == self.show else 'false'
        self.share.set_text('' if self.view.share is None else f'last 30 days: {self.view.share:.1%}')

    def draw_log(self, shown: tuple[object, ...]) -> None:
        lines, chosen = shown
        if not lines:
            words('Nothing here.' if self.show else 'Nothing was told yet. Send a test.', 'nothing quiet', 'p')
        for line in self.lines[:PAGE]:
            with box('delivery', 'button').props('type=button') as row:
                row.props['data-delivery'] = line.id
                if line.id == chosen:
                    row.props['aria-current'] = 'true'
                words('', f'dot {line.tone}')
                with box('grow'):
                    words(line.kind, 'mono')
                    with box('beside small faint'):
                        words(' · '.join(filter(None, [line.about, line.tries])), 'cut')
                        if line.next_at:
                            words('· next', 'nowrap')
                            when(line.next_at, as_='second')
                words(line.answer, 'mono quiet cut')
                when(line.at, as_='second', classes='small faint ends')

    def draw_delivery(self) -> None:
        with box('bar'):
            tool('arrow_back', 'Back to the log', on_click=self.close).classes('pocket')
            self.title: Part[tuple[str, str]] = Part(self.draw_title, 'beside')
            with box('beside push') as self.doing:
                curl = guarded(self.copy_curl, RIGHT)
                button('Copy as curl', 'ghost', 'content_copy', on_click=curl).classes('desk')
                button('Tell again', 'plain', 'replay', on_click=guarded(self.tell_again, RIGHT))
        with box('scrolls grow full-delivery').props('tabindex=0 role=group aria-label="Delivery in full"'):
            self.full: Part[Whole | None] = Part(self.draw_full, 'stack wide')

    def draw_title(self, shown: tuple[str, str]) -> None:
        kind, state = shown
        if not kind:
            return
        words(kind, 'mono strong', 'h2')
        state_badge(state) if state in STATES else badge(state)

    def draw_full(self, found: Whole | None) -> None:
        if found is None:
            words('Choose a delivery on the left.', 'nothing quiet', 'p')
            return
        words('Tries', tag='h3')
        trace(found.knots)
        words(f'webhook-id: {webhook_id(found.id)}', 'small faint mono wraps', 'p')
        with ui.tabs() as tabs:
            ui.tab('Request')
            for each in found.tries:
                ui.tab(f'try {each.n}', 'Answer' if len(found.tries) == 1 else f'Answer {each.n}')
        with ui.tab_panels(tabs, value='Request').props('transition-prev=fade transition-next=fade'):
            with ui.tab_panel('Request'), box('stack'):
                if found.tries:
                    _raw(found.tries[0].request, 'Request headers')
                json_text(found.body, 'Request body')
            for each in found.tries:
                with ui.tab_panel(f'try {each.n}'), box('stack'):
                    _raw(each.answer, f'Answer {each.n}')
                    if each.body:
                        _raw(each.body, f'Body of answer {each.n}')

    # ---- what is there now

    async def refresh(self) -> None:
        self.asked = turn = self.asked + 1
        now = self.gateway.world.now()
        view = await reading(one_hook, self.gateway.webhooks.book, self.login.asker, self.id, now)
        if view is None:
            if not self.gone:  # whoever deleted it and the news of it come at once
                self.gone = True
                ui.navigate.to('/webhooks')
            return
        lines = await reading(log_of, self.id, self.show, self.before)
        if not self.chosen and lines:
            self.chosen = lines[0].id
        full = await reading(whole, self.id, self.chosen, now) if self.chosen else None
        if turn < self.answered:  # a slow answer must not cover a newer one
            return
        self.answered, self.view, self.lines = turn, view, lines
        self.head.show((view.name, view.sentence, view.word, view.on))
        self.trouble.show((view.trouble, view.on))
        self.show_switch()
        self.log.show((self.lines, self.chosen))
        self.newer.set_visibility(bool(self.above))
        self.older.set_visibility(len(self.lines) > PAGE)
        self.doing.set_visibility(full is not None)
        self.title.show((full.kind, full.state) if full else ('', ''))
        self.full.show(full)

    async def _clicked(self, event: events.GenericEventArguments) -> None:
        self.chosen = str(event.args)
        self.panes.classes('reading')
        await self.refresh()

    def close(self) -> None:
        self.panes.classes(remove='reading')

    def _turner(self, value: str) -> Callable[[], object]:
        async def turn() -> None:
            self.show, self.before, self.above, self.chosen = value, '', [], ''
            await self.refresh()

        return turn

    async def to_older(self) -> None:
        self.above.append(self.before)
        self.before = self.lines[PAGE - 1].id
        await self.refresh()

    async def to_newer(self) -> None:
        if self.above:
            self.before = self.above.pop()
        await self.refresh()

    # ---- what its buttons do

    async def test(self) -> None:
        self.show, self.before, self.above = '', '', []
        self.chosen = await self.acts.test(self.id)
        await self.refresh()

    async def tell_again(self) -> None:
        await self.acts.again(self.chosen)

    async def copy_curl(self) -> None:
        copy(await aside(self._curl))

    def _curl(self) -> str:
        """Signed anew, as every attempt is; what the headers of one's own say has to be filled in."""
        endpoint, row = self.gateway.webhooks.endpoints.get(self.id), delivery_by_id(self.chosen)
        if endpoint is None or row is None:
            return ''
        body = bytes(row.body)
        headers = endpoint.headers_for(body, webhook_id(row.id), self.gateway.world.now())
        said = {name: MASK if name in endpoint.headers else value for name, value in headers.items()}
        lines = [f'-H {shlex.quote(f"{name}: {value}")}' for name, value in said.items()]
        parts = [f'curl -X POST {shlex.quote(endpoint.url)}', "-H 'content-type: application/json'", *lines]
        return ' \\\n  '.join([*parts, f'--data-binary {shlex.quote(body.decode("utf-8", "replace"))}'])


def _raw(text: str, label: str) -> None:
    made = words(text, 'raw mono', 'pre').props('tabindex=0 role=group')
    made.props['aria-label'] = label


CLICKED = "(event) => { const row = event.target.closest('[data-delivery]'); if (row) emit(row.dataset.delivery); }"
