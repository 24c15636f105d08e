"""The webhooks: which systems are told what happens, and what they were told."""

from typing import TYPE_CHECKING

from nicegui import ui

from core.rights import Login

from ...aside import reading
from ...frame import frame
from ...live import live
from ...login import guarded, page
from ...part import Part
from ...pieces import badge, box, button, empty_state, heading, words
from ...written import counted, grouped
from .acts import Acts
from .log import RIGHT, LogPage
from .views import HookView, all_hooks, one_hook

if TYPE_CHECKING:
    from ...compose import Gateway

NOTHING = (
    'A webhook tells another system what happens here, signed: every message, tick and change you choose. '
    'What fails is tried again for three days.'
)
NEWS = ('dovecote.webhook', 'dovecote.delivery')


def register(gateway: 'Gateway') -> None:
    sandbox = gateway.sandbox is not None

    @page('/webhooks', RIGHT)
    async def every(login: Login) -> None:
        with frame('Webhooks', here='/webhooks', login=login, sandbox=sandbox):
            shown = ListPage(gateway, login)
            shown.draw()
        await shown.refresh()
        live(gateway.bus, lambda _: shown.refresh(), kinds=NEWS, every=1.0)

    @page('/webhooks/{id}', RIGHT)
    async def one(login: Login, id: str, delivery: str = '') -> None:
        now, book = gateway.world.now(), gateway.webhooks.book
        view = await reading(one_hook, book, login.asker, id, now)
        if view is None:
            ui.context.client.status_code = 404
            with (
                frame('No such webhook', here='/webhooks', login=login, sandbox=sandbox),
                empty_state('There is no such webhook', 'It was deleted, or there never was one.'),
            ):
                ui.link('All webhooks', '/webhooks')
            return
        with frame(view.name, here='/webhooks', login=login, sandbox=sandbox):
            shown = LogPage(gateway, login, view)
            shown.chosen = delivery
            shown.draw()
        await shown.refresh()
        live(gateway.bus, lambda _: shown.refresh(), kinds=NEWS, every=0.5)


class ListPage:
    def __init__(self, gateway: 'Gateway', login: Login) -> None:
        self.gateway, self.login = gateway, login
        self.acts = Acts(gateway, login, self.refresh)

    def draw(self) -> None:
        with box(), heading('Webhooks', 'Other systems that are told what happens here, as it happens.'):
            button('Add a webhook', 'primary', 'add', on_click=guarded(self.acts.add, RIGHT))
        with box('body'), box('measure'):
            self.list: Part[tuple[HookView, ...]] = Part(self.draw_list, 'stack wide')

    async def refresh(self) -> None:
        self.list.show(await reading(all_hooks, self.login.asker, self.gateway.world.now()))

    def draw_list(self, found: tuple[HookView, ...]) -> None:
        if not found:
            with empty_state('No webhooks yet', NOTHING):
                button('Add the first webhook', 'plain', 'add', on_click=guarded(self.acts.add, RIGHT))
            return
        with box('plain-table', 'table').props('aria-label=Webhooks'):
            with box('', 'thead'), box('', 'tr'):
                words('Webhook', tag='th').props('scope=col')
                words('State', tag='th').props('scope=col')
                for name in ('Session', 'Waiting', 'Gave up', 'Arrived'):
                    words(name, 'desk' if name == 'Session' else 'desk number', 'th').props('scope=col')
            with box('', 'tbody'):
                for view in found:
                    with box('', 'tr'):
                        _row(view)


def _row(view: HookView) -> None:
    with box('', 'th').props('scope=row'), box('stack near'):
        ui.link(view.name, f'/webhooks/{view.id}').classes('strong')
        words(view.url, 'small faint wraps')
        if view.trouble:
            words(view.trouble, 'small quiet')
    with box('', 'td'):
        badge(view.word, view.tone)
    words(view.session or 'every one', 'desk', 'td')
    words(grouped(view.waiting) if view.waiting else 'none', 'desk number', 'td').props(
        f'title="{counted(view.waiting, "delivery").replace("deliverys", "deliveries")}"'
    )
    words(grouped(view.dead) if view.dead else 'none', 'desk number', 'td')
    words('' if view.share is None else f'{view.share:.1%}', 'desk number', 'td')
