"""Which webhooks hear a session, on its page."""

from datetime import datetime
from typing import TYPE_CHECKING

from nicegui import ui

from core.rights import Asker, Login

from .aside import reading
from .live import live
from .pages.webhooks.views import HookView, all_hooks
from .part import Part
from .pieces import badge, box, panel, words

if TYPE_CHECKING:
    from .compose import Gateway


def who_hears(gateway: 'Gateway', login: Login, name: str) -> None:
    """`name` of the session. Nothing for those who have nothing to do with webhooks."""
    if not login.asker.may('webhooks.manage'):
        return
    with panel('Webhooks', tight=True) as end:
        part: Part[tuple[HookView, ...]] = Part(_draw)
    with end:
        ui.link('All webhooks', '/webhooks').classes('small')

    async def refresh(_: object = None) -> None:
        part.show(await reading(_hearing, login.asker, name, gateway.world.now()))

    ui.timer(0, refresh, once=True)
    live(gateway.bus, refresh, kinds=('dovecote.webhook',), every=1.0)


def _draw(found: tuple[HookView, ...]) -> None:
    if not found:
        words('No other system is told what happens here.', 'none small quiet', 'p')
        return
    with box('lines', 'ul'):
        for view in found:
            with box('', 'li'):
                ui.link(view.name, f'/webhooks/{view.id}').classes('grow cut')
                badge(view.word, view.tone)


def _hearing(asker: Asker, name: str, now: datetime) -> tuple[HookView, ...]:
    return tuple(view for view in all_hooks(asker, now) if view.session in ('', name))
