"""One flow: its cards, its YAML and its test bench side by side, and everything that is done with it as a whole."""

import re
from typing import TYPE_CHECKING, Any

from nicegui import events, ui

from core.bus import News
from core.errors import Conflict
from core.rights import Login
from data.flows import flows_in_order, versions_of
from data.sessions import all_sessions
from flows.trials import Verdict

from ...aside import aside, reading
from ...login import asker_now, guarded
from ...part import Part
from ...pieces import Words, ask, box, button, code_editor, dialog, notice, show_state, state_badge, tool, when, words
from .adding import copy_flow
from .bench import BenchPane, tests_badge
from .cards import CardsPane, step_names
from .controls import Offers
from .draft import Draft, Kept

if TYPE_CHECKING:
    from ...compose import Gateway

PAUSE = 0.6  # seconds without a key until typed YAML is read
PANES = {'steps': 'Steps', 'yaml': 'YAML', 'bench': 'Test bench'}
State = tuple[str, str, str]


class FlowPage:
    def __init__(self, gateway: 'Gateway', login: Login, key: str, kept: Kept) -> None:
        self.gateway, self.login, self.key = gateway, login, key
        self.may = login.asker.may('flows.edit')
        self.draft = Draft(gateway.library, key, kept, self._changed)
        self.offers = Offers()
        self.cards = CardsPane(self.draft, lambda: self.offers, self.may)
        self.bench = BenchPane(gateway, login, self.draft)
        self.flows: dict[str, str] = {}
        self.sessions: tuple[str, ...] = ()
        self.pane = 'steps'
        self._waits = 0  # how often something was typed
        self._leaving = False

    async def draw(self) -> None:
        await self.draft.load()
        self.sessions, self.flows = await reading(_choices)
        self._draw_head()
        self.notice: Part[tuple[str, bool]] = Part(self._draw_notice)
        with box('bar narrow'), box('switch').props('role=group aria-label=Show'):
            self.tabs = {name: self._tab(name, word) for name, word in PANES.items()}
        with box('flow builder'):
            self.panes = {'steps': self._draw_steps(), 'yaml': self._draw_yaml(), 'bench': self._draw_bench()}
        self._turn('steps')
        self._show(None)
        await self.bench.show()
        self.tests.show(self.bench.tested)

    # ---- keeping it right

    async def hear(self, _: list[News]) -> None:
        if self._leaving:
            return
        if not await self.draft.hear():
            self.notice.show(('Somebody deleted this flow.', False))
            return
        if self.draft.foreign and not self.may:
            await self.draft.take_theirs()
        self._show_state()

    def _changed(self, by: object) -> None:
        self._show(by)
        ui.timer(0, guarded(self._test, 'flows.see'), once=True)

    async def _test(self) -> None:
        await self.bench.show()
        self.tests.show(self.bench.tested)

    def _show(self, by: object) -> None:
        steps = dict(step_names(self.draft.seen, self.draft.document))
        self.offers = Offers(sessions=self.sessions, flows=self.flows, steps=steps)
        self.cards.show(by)
        if by is not self.editor and self.editor.value != self.draft.text:
            self.editor.set_value(self.draft.text)
        self.broken.show(self.draft.problem)
        self._show_state()

    def _show_state(self) -> None:
        kept = self.draft.kept
        self.title.set_text(kept.name)
        live = kept.published is not None and kept.enabled
        show_state(self.state, 'live' if live else 'draft' if kept.published is None else 'paused')
        self.sentence.set_text(self._sentence(kept))
        self.notice.show(('Somebody else changed this flow. Yours is not kept until you choose.', True)
                         if self.draft.foreign else ('', False))  # fmt: skip
        if self.may:
            fresh = kept.published != kept.version
            self.publishes.set_text('Publish' if fresh else 'Published')
            self.which.set_text(f'\u00a0version {kept.version}' if fresh else '')
            self.publishes.set_enabled(fresh)
            self.switch.set_value(kept.enabled)
            self.switch.set_enabled(kept.published is not None)

    def _sentence(self, kept: Kept) -> str:
        wrong = '' if self.draft.seen.made is not None and not self.draft.problem else ' Something is not right yet.'
        if kept.published is None:
            return f'Never published: nothing runs.{wrong}'
        told = f'Version {kept.published} {"is live" if kept.enabled else "is switched off"}.'
        return told if kept.published == kept.version else f'{told} Your draft is not published.{wrong}'

    # ---- drawing

    def _draw_head(self) -> None:
        with box('head'):
            with box('titles'):
                with box('beside'):
                    with box('cut', 'h1'):
                        ui.link('Flows', '/flows').classes('trail desk')
                        self.title: Words = words(self.draft.kept.name)
                    self.state = state_badge('draft')
                self.sentence = words('', 'sentence cut', 'p')
            with box('beside'):
                if self.may:
                    self.switch = ui.switch(
                        value=self.draft.kept.enabled, on_change=guarded(self._switch, 'flows.edit')
                    )
                    self.switch.props['aria-label'] = 'The flow is on'
                    button('History', 'ghost', on_click=guarded(self.history, 'flows.edit')).classes('desk')
                    self.publishes = button('Publish', 'primary', on_click=guarded(self.publish, 'flows.edit'))
                    with self.publishes:
                        self.which = words('', 'desk')
                    with tool('more_horiz', 'More for this flow'), ui.menu():
                        ui.menu_item('History', guarded(self.history, 'flows.edit')).classes('pocket')
                        ui.menu_item('Copy…', guarded(lambda: copy_flow(self.gateway, self.draft.text), 'flows.edit'))
                        ui.menu_item('Save as a file', self.export)
                        ui.menu_item('Delete', guarded(self.delete, 'flows.edit'))

    def _draw_notice(self, told: tuple[str, bool]) -> None:
        sentence, asks = told
        if not sentence:
            return
        with notice(sentence, 'wait', 'group'):
            if asks:
                button('Take theirs', 'plain small', on_click=guarded(self.draft.take_theirs, 'flows.edit'))
                button('Keep mine', 'plain small', on_click=guarded(self.draft.keep_mine, 'flows.edit'))

    def _draw_steps(self) -> ui.element:
        with box('', 'section').props('aria-label=Steps') as pane:
            with box('bar'):
                words('Steps', tag='h2')
                self.tests: Part[tuple[Verdict, ...]] = Part(tests_badge, 'push')
                if self.may:
                    tool('undo', 'Undo', on_click=guarded(self.cards.undo, 'flows.edit'))
            with box('scrolls cards-pane grow').props('tabindex=0 role=group aria-label="The flow in sentences"'):
                self.cards.draw()
        return pane

    def _draw_yaml(self) -> ui.element:
        with box('', 'section').props('aria-label=YAML') as pane:
            with box('bar'):
                words('YAML', tag='h2')
                words('follows the steps, and leads them', 'small faint cut')
                tool('download', 'Save as a file', on_click=self.export).classes('push')
            self.broken: Part[str] = Part(_draw_broken)
            with box('grow editing'):
                self.editor: Any = code_editor(self.draft.text, 'YAML', 'The flow as YAML')
            self.editor.on_value_change(self._typed)
            if not self.may:
                self.editor.disable()
        return pane

    def _draw_bench(self) -> ui.element:
        with box('', 'section').props('aria-label="Test bench"') as pane:
            with box('bar'):
                words('Test bench', tag='h2')
                words('nothing is sent', 'small faint')
            with box('scrolls grow inset-wide').props('tabindex=0 role=group aria-label="Trying the flow out"'):
                self.bench.draw()
        return pane

    def _tab(self, name: str, word: str) -> ui.element:
        return words(word, tag='button').props('type=button').on('click', lambda: self._turn(name))

    def _turn(self, pane: str) -> None:
        self.pane = pane
        for name, around in self.panes.items():
            around.classes(add='shown') if name == pane else around.classes(remove='shown')
            self.tabs[name].props['aria-pressed'] = 'true' if name == pane else 'false'

    # ---- typing

    def _typed(self, event: events.ValueChangeEventArguments[str]) -> None:
        """Read it once nobody has typed for a moment."""
        if not self.may or event.value == self.draft.text:
            return
        self._waits += 1
        turn = self._waits

        async def read() -> None:
            if turn == self._waits and self.editor.value != self.draft.text:
                await self.draft.type(str(self.editor.value), self.editor)

        ui.timer(PAUSE, guarded(read, 'flows.edit'), once=True)

    # ---- doing

    async def publish(self) -> None:
        by = asker_now().name
        try:
            await aside(self._publish, by, False)
        except Conflict as error:
            if error.code != 'tests_failed':
                raise
            if not await ask('Publish although a test fails?', str(error), 'Publish despite', back='Mend it first'):
                return
            await aside(self._publish, by, True)
        await self.draft.hear()
        self._show_state()
        ui.notify('Published.')

    def _publish(self, by: str, despite: bool) -> None:
        self.gateway.library.publish(self.key, by, despite_tests=despite)

    async def _switch(self, event: events.ValueChangeEventArguments[bool | None]) -> None:
        if bool(event.value) == self.draft.kept.enabled:
            return
        try:
            await aside(self.gateway.library.switch, self.key, bool(event.value))
        finally:
            await self.draft.hear()
            self._show_state()

    async def history(self) -> None:
        found = await reading(lambda: [(int(row.version), row.published_at, str(row.published_by)) for row in versions_of(self.key)])  # fmt: skip  # noqa: E501
        with dialog('History', 'What was published. Restoring one makes it your draft.') as form:
            with box('scrolls stack story').props('tabindex=0 role=group aria-label="Published versions"'):
                for version, at, by in found:
                    with box('beside'):
                        with box('grow'):
                            words(f'Version {version}', 'strong block')
                            with box('small faint', 'span'):
                                when(at)
                                words(f' by {by}' if by else '')
                        back = button('Restore', 'plain small')
                        back.props['aria-label'] = f'Restore version {version}'
                        back.on('click', guarded(lambda version=version: self._restore(version, form), 'flows.edit'))
                if not found:
                    words('Nothing was published yet.', 'small quiet', 'p')
            with box('beside'):
                button('Close', 'primary', on_click=form.close)

    async def _restore(self, version: int, form: ui.dialog) -> None:
        form.close()
        await aside(self.gateway.library.restore, self.key, version)
        await self.draft.take_theirs()
        ui.notify(f'Version {version} is your draft now.')

    def export(self) -> None:
        ui.download.content(self.draft.text, f'{re.sub(r"[^a-z0-9-]", "", self.key)}.yaml')

    async def delete(self) -> None:
        sentence = 'It stops answering at once, and its versions are gone. What it did stays in the runs.'
        if await ask(f'Delete “{self.draft.kept.name}”?', sentence, 'Delete the flow'):
            self._leaving = True
            await aside(self.gateway.library.delete, self.key)
            ui.navigate.to('/flows')


def _draw_broken(problem: str) -> None:
    if problem:
        with notice(problem, 'bad', 'error'):
            pass


def _choices() -> tuple[tuple[str, ...], dict[str, str]]:
    return tuple(str(row.name) for row in all_sessions()), {str(row.key): str(row.name) for row in flows_in_order()}
