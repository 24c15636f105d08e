"""Flows: the list of them, and the page on which one is built."""

from typing import TYPE_CHECKING

from core.rights import Login

from ...aside import aside
from ...frame import frame
from ...live import live
from ...login import page
from ...pieces import box, empty_state, heading
from .draft import kept_of
from .listing import FlowsPage
from .one import FlowPage

if TYPE_CHECKING:
    from ...compose import Gateway


def register(gateway: 'Gateway') -> None:
    sandbox = gateway.sandbox is not None

    @page('/flows', 'flows.see')
    async def flows(login: Login) -> None:
        shown = FlowsPage(gateway, login)
        with frame('Flows', here='/flows', login=login, sandbox=sandbox):
            shown.draw()
        await shown.refresh()
        kinds = ('flow.run.finished', 'flow.run.failed', 'flow.changed')
        live(gateway.bus, lambda _: shown.refresh(), kinds=kinds, every=0.5)

    @page('/flows/{key}', 'flows.see')
    async def flow(login: Login, key: str) -> None:
        kept = await aside(kept_of, key)
        with frame(kept.name if kept else 'Flows', here='/flows', login=login, sandbox=sandbox):
            if kept is None:
                with heading('No such flow', trail='Flows'):
                    pass
                with box('body'), empty_state('No such flow', 'It was deleted, or it never was.'):
                    pass
                return
            shown = FlowPage(gateway, login, key, kept)
            await shown.draw()
        live(gateway.bus, shown.hear, kinds=('flow.changed',), every=0.3)
