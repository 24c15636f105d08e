"""Whether a flow may begin here and now, and how far it gets at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.bodies import time_text
from core.errors import DovecoteError
from core.world import World
from data.database import read
from data.runs import last_start, starts_since

from .doors import Doors
from .flow import Document, Scope
from .library import LiveFlow
from .occasion import Occasion
from .parts import lasting
from .program import Program
from .scene import scene
from .state import RunState
from .steps.base import End, Wait
from .triggers import Trigger
from .triggers.base import Found
from .turn import Turn
from .walk import Walk, short

DEEPEST = 5  # flows that start each other


@dataclass(slots=True, kw_only=True)
class Begun:
    """A run that is to be kept: `walk` is None when something kept it from running, `state` says what.

    `before`: lines of its trace before the walk.
    """

    run: RunState
    flow: LiveFlow
    state: str
    detail: str
    walk: Walk | None = None
    outcome: Wait | End | None = None
    before: int = 0


class Opening:
    """Nothing is kept here; flows/runner.py does that. `home` is the time zone of the house."""

    def __init__(self, world: World, doors: Doors, *, home: str) -> None:
        self.world, self.doors, self.home = world, doors, home

    def begin(self, flow: LiveFlow, trigger: Trigger, found: Found, occasion: Occasion) -> Begun:
        """Walk the first stretch of a new run; nothing is kept until `keep`, inside a write."""
        run = self._new(flow, trigger, found, occasion)
        begun = Begun(run=run, flow=flow, state='running', detail='')
        at = time_text(run.started_at) or ''
        run.note(f'triggers/{trigger.id}', found.because, at, **({'result': short(found.facts)} if found.facts else {}))
        kept_from = self.kept_from(run, flow.document)
        if kept_from is not None:
            begun.state, begun.detail = kept_from
            return begun
        values = scene(run, self.world.now())
        try:
            if not self._may(run, flow.document, values):
                begun.state, begun.detail = 'failed_conditions', f'{run.steps[-1]["text"]}.'
                return begun
            self._set_variables(run, flow.document, values)
        except DovecoteError as error:
            run.note('conditions', 'Could not be worked out', at, error=str(error))
            begun.state, begun.detail = 'error', str(error)
            return begun
        run.position = flow.program.first
        begun.before = len(run.steps)
        begun.walk = self.walk(run, flow.document, flow.program, values)
        begun.outcome = begun.walk.go()
        return begun

    def hold(self, flow: LiveFlow, trigger: Trigger, found: Found, occasion: Occasion, why: str) -> Begun:
        """A run that does not happen, since it might never end."""
        begun = Begun(run=self._new(flow, trigger, found, occasion), flow=flow, state='suppressed_loop', detail=why)
        begun.run.note(f'triggers/{trigger.id}', found.because, time_text(begun.run.started_at) or '')
        return begun

    def kept_from(self, run: RunState, document: Document) -> tuple[str, str] | None:
        """What keeps it from running before anything is looked at."""
        if run.depth > DEEPEST:
            return 'suppressed_loop', f'More than {DEEPEST} flows have started each other.'
        limits, now = document.limits, run.started_at
        if limits.cooldown is None and limits.max_runs is None:
            return None
        with read():
            if limits.cooldown is not None:
                last = last_start(run.flow, limits.cooldown.per, _whose(limits.cooldown.per, run))
                if last is not None and now - last < limits.cooldown.every:
                    return 'suppressed_cooldown', f'It ran less than {lasting(limits.cooldown.every)} ago.'
            if limits.max_runs is not None:
                most = limits.max_runs
                began = starts_since(run.flow, most.per, _whose(most.per, run), now - most.window, most.count)
                if began >= most.count:
                    return 'suppressed_cooldown', f'It already ran {most.count} times within {lasting(most.window)}.'
        return None

    def unfit(self, run: RunState, document: Document, values: Mapping[str, Any]) -> End | None:
        """What keeps a run that was called, or comes out of a queue, from beginning."""
        try:
            if self._may(run, document, values):
                self._set_variables(run, document, values)
                return None
        except DovecoteError as error:
            return End(state='error', reason=str(error))
        return End(state='failed_conditions', reason='A condition was not true.')

    def walk(self, run: RunState, document: Document, program: Program, values: Mapping[str, Any]) -> Walk:
        """Through its steps, from where it stands."""
        return Walk(run, document, program, values, self.doors, self.world.now(), self.home)

    def _new(self, flow: LiveFlow, trigger: Trigger, found: Found, occasion: Occasion) -> RunState:
        document, now, id = flow.document, self.world.now(), self.world.new_id()
        return RunState(
            id=id,
            flow=document.key,
            version=flow.version,
            trigger={'id': trigger.id, 'type': occasion.kind, **occasion.facts, **found.facts},
            session_id=occasion.session_id,
            session=occasion.session,
            chat_id=occasion.chat_id,
            contact_id=occasion.contact_id,
            message_id=occasion.message_id,
            correlation=occasion.correlation or id,
            parent=None,
            depth=occasion.depth,
            started_at=now,
            expires_at=now + document.limits.timeout,
            scope=scope_of(
                document.mode.scope, contact=occasion.contact_id, chat=occasion.chat_id, session=occasion.session_id
            ),
        )

    def _may(self, run: RunState, document: Document, values: Mapping[str, Any]) -> bool:
        if document.conditions == ():
            return True
        judged = self._turn(run, values, 'conditions').judge(document.conditions)
        text = 'All conditions are true' if judged.true else f'Not true: {judged.because}'
        run.note('conditions', text, time_text(run.started_at) or '', result=judged.told())
        return judged.true

    def _set_variables(self, run: RunState, document: Document, values: Mapping[str, Any]) -> None:
        turn = self._turn(run, values, 'variables')
        for name, said in document.variables.items():
            run.variables[name] = turn.filled(said)
        run.variables.update(run.trigger.get('values', {}))

    def _turn(self, run: RunState, values: Mapping[str, Any], path: str) -> Turn:
        return Turn(run, values, self.doors, path, self.world.now(), self.home)


def scope_of(scope: Scope, *, contact: str | None, chat: str | None, session: str | None) -> str:
    """What the mode of a flow counts by."""
    match scope:
        case 'contact':  # who writes in a group is one by one; without a person, the chat has to do
            return contact or chat or ''
        case 'chat':
            return chat or ''
        case 'session':
            return session or ''
        case _:
            return ''


def _whose(per: Scope, run: RunState) -> str:
    return {'contact': run.contact_id, 'chat': run.chat_id, 'session': run.session_id}.get(per) or ''
