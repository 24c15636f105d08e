"""One run: what set it off, every step with what came of it, and what belongs to it."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from nicegui import ui

from core.bodies import chat_body, time_text
from core.errors import Conflict
from core.rights import Asker, Login
from data.chats import Chat, latest_chats
from data.flows import flows_in_order
from data.messages import message_by_id
from data.runs import Run, children_of, run_by_id, runs_of_message
from data.sessions import all_sessions
from flows.state import OPEN

from ..aside import aside, reading
from ..frame import frame
from ..live import live
from ..login import guarded, page
from ..outcomes import outcome_badge, outcome_of
from ..part import Part
from ..pieces import Knot, ask, box, button, empty_state, facts, heading, notice, panel, trace, words
from ..traces import knots_of, took

if TYPE_CHECKING:
    from ..compose import Gateway

NEWS = ('flow.run.finished', 'flow.run.failed', 'message.received', 'chat.paused', 'chat.resumed')
LOOKS = 2  # seconds; a run that goes on makes no news


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """`word` says what it is to this run."""

    word: str
    text: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A run as its page shows it. `name` is the flow's, '' without one; `links` lead to what belongs to it."""

    id: str
    flow: str
    name: str
    state: str
    about: str
    chat: str
    facts: tuple[tuple[str, str | datetime], ...]
    links: tuple[Link, ...]
    knots: tuple[Knot, ...]
    whole: str


def register(gateway: 'Gateway') -> None:
    @page('/runs/{id}', 'flows.see')
    async def run(login: Login, id: str) -> None:
        sandbox = gateway.sandbox is not None
        view = await reading(_look, id, login.asker)
        if view is None:
            with frame('No such run', here='/runs', login=login, sandbox=sandbox), heading('No such run', trail='Runs'):
                pass
            with box('body'), empty_state('This run is not there', 'Runs are kept for 30 days.'):
                ui.link('All runs', '/runs')
            return
        with frame(view.name or 'A message', here='/runs', login=login, sandbox=sandbox):
            shown = RunPage(gateway, login, view)
            shown.draw()
        live(gateway.bus, lambda _: shown.refresh(), kinds=NEWS, every=0.5)
        ui.timer(LOOKS, shown.refresh_open)


class RunPage:
    def __init__(self, gateway: 'Gateway', login: Login, view: View) -> None:
        self.gateway, self.asker, self.view = gateway, login.asker, view

    def draw(self) -> None:
        with heading(self.view.name or 'No flow', self.view.about, trail='Runs'):
            self.cancel = button('Cancel…', 'risky', 'cancel', on_click=guarded(self._cancel, 'flows.edit'))
            button('Download', 'plain', 'download', on_click=self._download).props['aria-label'] = 'Download as JSON'
        with box('body scrolls').props('tabindex=0 role=group aria-label="One run"'), box('measure stack wide'):
            self.pause = box()
            with self.pause, notice(PAUSED, 'wait', 'pause_circle'):
                let = guarded(self._let_go, 'chats.manage')
                self.let = button('Answer again', 'plain small', on_click=let)
            with box('dash'):
                with box('main'), panel('What happened', tight=False):
                    self.knots: Part[tuple[Knot, ...]] = Part(trace)
                with box('side'):
                    with panel('This run'):
                        self.facts: Part[tuple[str, tuple[tuple[str, str | datetime], ...]]] = Part(
                            _draw_facts, 'stack'
                        )
                    self.links: Part[tuple[Link, ...]] = Part(_draw_links)
        self.show()

    def show(self) -> None:
        view = self.view
        self.knots.show(view.knots)
        self.facts.show((view.state, view.facts))
        self.links.show(view.links)
        self.cancel.set_visibility(view.state in OPEN and self.asker.may('flows.edit'))
        self.pause.set_visibility(bool(view.chat) and view.chat in self.gateway.router.paused())
        self.let.set_visibility(self.asker.may('chats.manage'))

    async def refresh(self) -> None:
        view = await reading(_look, self.view.id, self.asker)
        if view is not None:
            self.view = view
            self.show()

    async def refresh_open(self) -> None:
        if self.view.state in OPEN:
            await self.refresh()

    async def _cancel(self) -> None:
        sentence = 'Nothing more of it happens. What it has sent already stays sent.'
        if not await ask('Cancel this run?', sentence, 'Cancel it', back='Let it go on'):
            return
        if not await aside(self.gateway.runner.cancel, self.view.id, f'Cancelled by {self.asker.name}.'):
            raise Conflict('This run is over already.')
        await self.refresh()

    async def _let_go(self) -> None:
        await aside(self.gateway.router.resume, self.view.chat)
        self.show()

    def _download(self) -> None:
        ui.download(self.view.whole.encode(), f'run-{self.view.id}.json', 'application/json')


PAUSED = 'This chat looked like two machines talking to each other. Nothing automatic answers there for an hour.'


def _draw_facts(shown: tuple[str, tuple[tuple[str, str | datetime], ...]]) -> None:
    state, pairs = shown
    with box('beside'):
        outcome_badge(state)
    words(outcome_of(state).sentence, 'small quiet', 'p')
    facts(pairs)


def _draw_links(links: tuple[Link, ...]) -> None:
    if not links:
        return
    with panel('Belongs to it', tight=True), box('lines', 'ul'):
        for link in links:
            with box('', 'li'), box('grow'):
                words(link.word, 'small faint', 'p')
                ui.link(link.text, link.path).classes('cut')


# ---- reading


def _look(id: str, asker: Asker) -> View | None:
    visible = None if asker.sessions is None else sorted(asker.sessions)
    run = run_by_id(id, session_ids=visible)
    if run is None:
        return None
    flows = {str(row.key): str(row.name) for row in flows_in_order()}
    name = flows.get(str(run.flow), str(run.flow)) if run.flow else ''
    chat: Chat | None = next(iter(latest_chats(ids=[str(run.chat)], limit=1)), None) if run.chat else None
    return View(
        id=str(run.id), flow=str(run.flow or ''), name=name, state=str(run.state), about=_about(run, chat),
        chat=str(run.chat or ''), facts=tuple(_facts(run, chat)), links=tuple(_links(run, chat, flows)),
        knots=tuple(knots_of(run, flows)), whole=json.dumps(_whole(run), indent=2, ensure_ascii=False),
    )  # fmt: skip


def _about(run: Run, chat: Chat | None) -> str:
    who = str(chat_body(chat)['name']) if chat is not None else ''
    if run.message is None:
        return f'In the chat with {who}.' if who else 'Not in any chat.'
    return f'Because of a message in the chat with {who}.' if who else 'Because of a message that is gone.'


def _facts(run: Run, chat: Chat | None) -> list[tuple[str, str | datetime]]:
    sessions = {str(row.id): str(row.name) for row in all_sessions()}
    pairs: list[tuple[str, str | datetime]] = [
        ('With', str(chat_body(chat)['name']) if chat else ''), ('Session', sessions.get(str(run.session), '')),
        ('Began', run.started_at), ('Took', took(run)), ('Waits until', run.resume_at or ''),
        ('Ends at the latest', run.expires_at if run.state in OPEN and run.expires_at else ''),
        ('Version', str(run.version) if run.flow else ''), ('Id', str(run.id)),
    ]  # fmt: skip
    return [(name, value) for name, value in pairs if value]


def _links(run: Run, chat: Chat | None, flows: dict[str, str]) -> list[Link]:
    found = []
    message = message_by_id(str(run.message)) if run.message else None
    if message is not None:
        text = ' '.join(str(message.text)[:80].split()) or 'A message'
        found.append(Link(word='The message', text=f'“{text}”', path=f'/inbox?chat={message.chat_id}&at={message.id}'))
    elif chat is not None:
        found.append(Link(word='The chat', text=str(chat_body(chat)['name']), path=f'/inbox?chat={chat.id}'))
    if run.flow in flows:
        found.append(Link(word='The flow', text=flows[str(run.flow)], path=f'/flows/{run.flow}'))
        if message is not None:
            path = f'/flows/{run.flow}?message={run.message}'
            found.append(
                Link(word='Once more, without sending anything', text='Try again in the test bench', path=path)
            )
    found += _kin(run, flows)
    return found


def _kin(run: Run, flows: dict[str, str]) -> list[Link]:
    """Whose it is, what it started, and what else the same message came to."""
    kin: dict[str, tuple[str, Run]] = {}
    above = run_by_id(str(run.parent)) if run.parent else None
    if above is not None:
        kin[str(above.id)] = 'Started by', above
    waited = run_by_id(str(run.trigger['run'])) if 'run' in run.trigger else None
    if waited is not None:
        kin[str(waited.id)] = 'The run that waited', waited
    for child in children_of(str(run.id)):
        kin[str(child.id)] = 'Started', child
    for other in runs_of_message(str(run.message)) if run.message else []:
        kin.setdefault(str(other.id), ('The same message', other))
    kin.pop(str(run.id), None)
    return [
        Link(word=word, path=f'/runs/{id}',
             text=f'{flows.get(str(other.flow), "No flow")}: {outcome_of(str(other.state)).word.lower()}')
        for id, (word, other) in kin.items()
    ]  # fmt: skip


def _whole(run: Run) -> dict[str, Any]:
    return {
        'id': run.id, 'flow': run.flow, 'version': run.version, 'state': run.state, 'detail': run.detail,
        'trigger': run.trigger, 'session': run.session, 'chat': run.chat, 'contact': run.contact,
        'message': run.message, 'parent': run.parent, 'correlation': run.correlation, 'depth': run.depth,
        'position': run.position, 'variables': run.variables, 'steps': run.steps, 'waits_for': run.wait_kind,
        'resume_at': time_text(run.resume_at), 'started_at': time_text(run.started_at),
        'finished_at': time_text(run.finished_at),
    }  # fmt: skip
