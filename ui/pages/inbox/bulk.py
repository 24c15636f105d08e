"""In the right column: whether this person wants automatic and bulk messages."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING

from core.rights import Login
from data.database import write

from ...aside import aside
from ...login import asker_now, guarded
from ...part import Part
from ...pieces import ask, box, button, when, words
from .views import ChatView

if TYPE_CHECKING:
    from ...compose import Gateway

Shown = tuple[str, tuple[datetime, str] | None]


class BulkLine:
    """`draw` once, then `show` whoever's chat is open. `again` lets the page look at the chat again."""

    def __init__(self, gateway: 'Gateway', login: Login, again: Callable[[], Awaitable[object]]) -> None:
        self.opt_outs, self.again = gateway.pacing.opt_outs, again
        self.may = login.asker.may('chats.manage') and login.asker.sessions is None
        self.chat: ChatView | None = None

    def draw(self) -> None:
        with box('stack bulk') as self._around:
            self._words: Part[Shown] = Part(_draw_words, 'stack')
            # Drawn apart from what it changes: a click on its way to a button that is drawn anew would be lost.
            self._act: Part[bool] = Part(self._draw_act, 'beside')
        self._around.set_visibility(False)

    def show(self, chat: ChatView) -> None:
        self.chat = chat
        self._around.set_visibility(bool(chat.contact_id))
        self._words.show((chat.contact_id, chat.opted_out))
        self._act.show(chat.opted_out is not None)

    def _draw_act(self, out: bool) -> None:
        if self.may:
            label = 'Send bulk messages again…' if out else 'Send no bulk messages…'
            button(label, 'plain small', on_click=guarded(self._change, 'chats.manage'))

    async def _change(self) -> None:
        chat = self.chat
        if chat is None:
            return
        if chat.opted_out is None:
            sure = await ask(f'Send {chat.name} no bulk messages?', OUT, 'Send none')
        else:
            sure = await ask(f'Send {chat.name} bulk messages again?', IN, 'Send them again')
        if sure:
            await aside(self._keep, chat, asker_now().name)
            await self.again()

    def _keep(self, chat: ChatView, who: str) -> None:
        if chat.opted_out is None:
            write(lambda: self.opt_outs.opt_out(chat.contact_id, source=f'{who}, in the inbox'))
        else:
            write(lambda: self.opt_outs.opt_in(chat.contact_id))


OUT = 'Nothing automatic and nothing bulk reaches them from any session. People may still write to them here.'
IN = 'Only do this when they have asked for it: whoever is written to against their will reports the number.'


def _draw_words(shown: Shown) -> None:
    _, out = shown
    if out is None:
        words('Gets automatic and bulk messages.', 'small quiet', 'p')
        return
    since, source = out
    with box('small', 'p'):
        words('Does not want bulk messages since ')
        when(since)
        words(f' ({source}).' if source else '.')
