"""The flows: what each of them does in words, and what came of it lately."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from nicegui import events, ui

from core.bodies import chat_body
from core.errors import DovecoteError, Invalid
from core.rights import Asker, Login
from data.chats import latest_chats
from data.flows import Flow, flows_in_order
from data.runs import latest_runs, run_counts
from flows.flow import Document, read_document

from ...aside import aside, reading
from ...login import guarded
from ...outcomes import outcome_badge
from ...part import Part
from ...pieces import badge, box, button, empty_state, heading, notice, panel, when, words
from ...written import counted
from .adding import new_flow

if TYPE_CHECKING:
    from ...compose import Gateway

RUNS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowView:
    """`when` and `then` are sentences in which every second part, between bars, is a value."""

    key: str
    name: str
    about: str
    on: bool
    published: bool
    problem: str
    when: tuple[str, ...]
    then: tuple[str, ...]
    finished: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    id: str
    flow: str
    state: str
    detail: str
    chat: str
    chat_name: str
    at: datetime


class FlowsPage:
    def __init__(self, gateway: 'Gateway', login: Login) -> None:
        self.gateway, self.login = gateway, login
        self.asker = login.asker

    def draw(self) -> None:
        self.head: Part[str] = Part(self._draw_head)
        with box('body scrolls').props('tabindex=0 role=group aria-label=Flows'), box('measure stack wide'):
            self.flows: Part[tuple[FlowView, ...]] = Part(self._draw_flows)
            self.runs: Part[tuple[RunView, ...]] = Part(self._draw_runs)

    async def refresh(self) -> None:
        flows, runs = await reading(_look, self.asker)
        on = sum(flow.on for flow in flows)
        self.head.show(f'{on} of {counted(len(flows), "flow")} switched on.' if flows else '')
        self.flows.show(flows)
        if flows:
            self.runs.show(runs)

    def _draw_head(self, sentence: str) -> None:
        with heading('Flows', sentence):
            if self.asker.may('flows.edit'):
                button('New flow', 'primary', 'add', on_click=guarded(lambda: new_flow(self.gateway), 'flows.edit'))

    def _draw_flows(self, flows: tuple[FlowView, ...]) -> None:
        if not flows:
            with empty_state('No flows yet', 'A flow answers by itself when somebody writes a word you chose.'):
                if self.asker.may('flows.edit'):
                    button('New flow', 'plain', 'add', on_click=guarded(lambda: new_flow(self.gateway), 'flows.edit'))
            return
        with box('cards'):
            for flow in flows:
                with panel(flow.name, flow.about) as end:
                    self._draw_flow(flow)
                with end:
                    ui.link('Open', f'/flows/{flow.key}').props['aria-label'] = f'Open {flow.name}'
                    self._draw_switch(flow)

    def _draw_flow(self, flow: FlowView) -> None:
        with box('stack'):
            if flow.problem:
                with notice(flow.problem, 'bad', 'error'):
                    pass
            _clause('When', flow.when)
            _clause('Then', flow.then)
            with box('beside small faint', 'p'):
                words(f'{counted(flow.finished, "answer")} so far')
                words(f'{flow.failed} failed', 'bad-words') if flow.failed else words('none failed')

    def _draw_switch(self, flow: FlowView) -> None:
        if not self.asker.may('flows.edit'):
            badge('On' if flow.on else 'Off', 'accent' if flow.on else 'idle')
            return
        turned = guarded(self._turn, 'flows.edit')
        switch = ui.switch(value=flow.on, on_change=lambda change: turned(flow.key, change))
        switch.props['aria-label'] = f'{flow.name} is on'
        switch.set_enabled(flow.published)

    async def _turn(self, key: str, change: events.ValueChangeEventArguments[bool | None]) -> None:
        try:
            await aside(self.gateway.library.switch, key, bool(change.value))
        except DovecoteError:
            await self.refresh()
            raise
        await self.refresh()

    def _draw_runs(self, runs: tuple[RunView, ...]) -> None:
        with panel('Lately', tight=True) as end:
            with end:
                ui.link('All runs', '/runs').classes('small')
            if not runs:
                words('No flow has run yet. It shows here as soon as one does.', 'nothing small quiet', 'p')
                return
            with box('plain-table log', 'table').props('aria-label="Latest runs"'):
                with box('', 'thead'), box('', 'tr'):
                    for word, classes in (('When', 'time'), ('Chat', 'with'), ('Flow', 'wide'),
                                          ('Outcome', 'outcome'), ('Why', 'desk')):  # fmt: skip
                        words(word, classes, 'th').props('scope=col')
                with box('', 'tbody'):
                    for run in runs:
                        _draw_run(run)


def _draw_run(run: RunView) -> None:
    with box('', 'tr'):
        with box('time', 'td'):
            when(run.at)
        with box('with cut', 'td'):
            ui.link(run.chat_name, f'/inbox?chat={run.chat}')
        with box('wide cut', 'td'):
            ui.link(run.flow, f'/runs/{run.id}')
        with box('outcome', 'td'):
            outcome_badge(run.state)
        words('' if run.state == 'finished' else run.detail, 'quiet cut desk', 'td')


def _clause(word: str, sentences: Sequence[str]) -> None:
    for number, sentence in enumerate(sentences):
        with box('says', 'p'):
            words(word if number == 0 else 'or' if word == 'When' else 'and', 'clause-word')
            with box():
                for index, part in enumerate(sentence.split('|')):
                    if part:
                        words(part, 'value-chip' if index % 2 else '')


def _look(asker: Asker) -> tuple[tuple[FlowView, ...], tuple[RunView, ...]]:
    counts = run_counts()
    rows = flows_in_order()
    names = {str(row.key): str(row.name) for row in rows}
    session_ids = None if asker.sessions is None else sorted(asker.sessions)
    runs = latest_runs(began=True, session_ids=session_ids, limit=RUNS)
    ids = sorted({str(run.chat) for run in runs})
    chats = {str(chat.id): str(chat_body(chat)['name']) for chat in latest_chats(ids=ids, limit=RUNS)}
    views = (
        RunView(id=str(run.id), flow=names.get(str(run.flow), str(run.flow)), state=str(run.state),
                detail=str(run.detail), chat=str(run.chat), chat_name=chats.get(str(run.chat), 'A chat'),
                at=run.started_at)
        for run in runs
    )  # fmt: skip
    return tuple(_view(row, counts) for row in rows), tuple(views)


def _view(row: Flow, counts: dict[tuple[str, str], int]) -> FlowView:
    key = str(row.key)
    try:
        document = read_document(row.document)
        sentences = _sentences(document)
        about = document.description
    except Invalid:  # kept with its problem, which is shown
        sentences, about = ((), ()), ''
    return FlowView(
        key=key, name=str(row.name), about=about, on=bool(row.enabled) and row.published is not None,
        published=row.published is not None, problem=str(row.problem),
        when=sentences[0], then=sentences[1],
        finished=counts.get((key, 'finished'), 0) + counts.get((key, 'stopped'), 0),
        failed=counts.get((key, 'error'), 0),
    )  # fmt: skip


def _sentences(document: Document) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(each.says() for each in document.triggers), tuple(each.says() for each in document.steps)
