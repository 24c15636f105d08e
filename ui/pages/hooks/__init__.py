"""Hooks: addresses that other systems call, and what is made of what they say."""

from typing import TYPE_CHECKING

from core.rights import Login

from ...aside import reading
from ...frame import frame
from ...live import live
from ...login import page
from ...part import Part
from ...pieces import badge, box, empty_state, heading, panel, when, words
from ...written import counted, grouped
from .adding import draw_recipes
from .one import HookPage
from .views import Line, known, lines

if TYPE_CHECKING:
    from ...compose import Gateway

CHANGES = ('hook.event', 'hooks.changed')


def register(gateway: 'Gateway') -> None:
    @page('/hooks', 'hooks.see')
    async def hooks(login: Login, hook: str = '') -> None:
        sandbox = gateway.sandbox is not None
        found = await reading(known, gateway, hook) if hook else None
        title = found.settings.name if found else 'Hooks'
        with frame(title, here='/hooks', login=login, sandbox=sandbox):
            if found is not None:
                shown = HookPage(gateway, login, found)
                await shown.draw()
                live(gateway.bus, shown.hear, kinds=CHANGES, every=0.3)
                return
            every = _Hooks(gateway, login)
            every.draw(gone=bool(hook))
            await every.refresh()
            live(gateway.bus, lambda _: every.refresh(), kinds=CHANGES, every=1.0)


class _Hooks:
    """The list of them."""

    def __init__(self, gateway: 'Gateway', login: Login) -> None:
        self.gateway, self.login = gateway, login
        self.may = login.asker.may('hooks.edit')

    def draw(self, *, gone: bool) -> None:
        self.head: Part[str] = Part(self._draw_head)
        with box('body scrolls').props('tabindex=0 role=group aria-label=Hooks'), box('measure stack wide'):
            if gone:
                words('That hook does not exist any more.', 'quiet', 'p')
            self.table: Part[tuple[Line, ...]] = Part(self._draw)
            if self.may:
                words('Add one', tag='h2')
                draw_recipes(self.gateway, self.login)

    async def refresh(self) -> None:
        found = await reading(lines, self.gateway, self.gateway.world.now())
        failed = sum(each.failed for each in found)
        sentence = 'Other systems call an address here, and a message comes of it.'
        if found:
            told = f'{grouped(failed)} failed' if failed else 'none failed'
            sentence = f'{counted(len(found), "hook")}. {told.capitalize()} in 24 hours.'
        self.head.show(sentence)
        self.table.show(found)

    def _draw_head(self, sentence: str) -> None:
        with heading('Hooks', sentence):
            pass

    def _draw(self, found: tuple[Line, ...]) -> None:
        if not found:
            next_step = 'Choose below what calls.' if self.may else 'Someone who manages hooks here can add one.'
            with empty_state('No hooks yet', 'A shop, a monitor or a form calls an address here, and a message goes '
                             f'out by itself. {next_step}'):  # fmt: skip
                pass
            return
        with panel('Hooks', tight=True), box('plain-table', 'table').props('aria-label=Hooks'):
            with box('', 'thead'), box('', 'tr'):
                for word, classes in (('Name', ''), ('Proof', 'desk'), ('Last call', ''), ('In 24 hours', 'desk'),
                                      ('', '')):  # fmt: skip
                    words(word, classes, 'th' if word else 'td').props('scope=col' if word else '')
            with box('', 'tbody'):
                for line in found:
                    with box('', 'tr'):
                        _draw_line(line)


def _draw_line(line: Line) -> None:
    with box('', 'td'):
        words(line.name, tag='a').props['href'] = f'/hooks?hook={line.id}'
    with box('desk', 'td'):
        words(line.proof)
        if line.weak:
            words(' · whoever knows it may call', 'small faint')
    with box('', 'td'):
        when(line.last_at, 'never')
    with box('desk', 'td'):
        words(f'{grouped(line.done)} done, ')
        words(f'{grouped(line.failed)} failed', 'bad-words' if line.failed else '')
    with box('number', 'td'):
        badge('On' if line.on else 'Off', 'accent' if line.on else 'idle')
