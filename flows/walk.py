"""Walks through the steps of a flow as far as it gets without waiting, and remembers what is to be done."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from typing import Any

from core.bodies import time_text
from core.errors import Conflict, DovecoteError

from .doors import Doors
from .effects import Effect
from .flow import Document
from .program import Node, Program
from .state import RunState
from .steps.base import End, GoTo, Into, Next, Outcome, Wait, Woken
from .turn import Turn

log = logging.getLogger(__name__)

LONGEST_VALUE, SHORTER = 20_000, 500  # characters of a value in the trace
IN_FULL = 50  # lines of it; a loop may have hundreds, which are written down again and again
BROKEN = 'Something broke inside Dovecote while this ran; its log says what.'


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """How the run was before a step, so that it can be gone back to when an effect of it cannot be carried out."""

    node: Node
    variables: dict[str, Any]
    loops: dict[str, Any]
    traced: int
    taken: int


class Walk:
    """`effects` are what is to be carried out, in order, each with the number of the step it is of.

    Nothing is read or written here but through `values` and `doors`: the test bench walks in the same shoes.
    """

    def __init__(
        self, run: RunState, document: Document, program: Program, values: Mapping[str, Any], doors: Doors,
        now: datetime, home: str,
    ) -> None:  # fmt: skip
        self.run, self.document, self.program, self.values = run, document, program, values
        self.doors, self.now, self.home = doors, now, home
        self.effects: list[tuple[int, Effect]] = []
        self._befores: list[Before] = []

    def go(self, woken: Woken | None = None, *, slow: bool = False) -> Wait | End | None:
        """Until it has to wait or is over. None: the next step is a slow one, and `slow` was not said."""
        run = self.run
        while run.position:
            node = self.program.nodes.get(run.position)
            if node is None:
                return self._over('error', 'The flow has no such step any more.')
            if node.step.is_slow() and not slow:
                return None
            if run.taken >= self.document.limits.max_steps:
                return self._over('error', f'The run took {run.taken} steps, which is all it may.')
            if self.now >= run.expires_at:
                return self._over('timeout', 'The run took longer than it may.')
            outcome, woken, slow = self._take(node, woken), None, False
            if isinstance(outcome, Wait | End):
                if isinstance(outcome, End):
                    run.position = ''
                return outcome
            run.position = self._next(node, outcome)
        return End(reason='Done.')

    def go_back(self, number: int, error: DovecoteError) -> End | None:
        """Step `number` could not be carried out: undo what came after it, and do what it says for that case.

        The effects before it stay done. None: walk on.
        """
        before, run = self._befores[number], self.run
        run.variables, run.loops, run.taken = before.variables, before.loops, before.taken
        line = run.steps[before.traced] if before.traced < len(run.steps) else None
        del run.steps[before.traced :]
        self.effects, self._befores = [], []
        outcome = self._failed(before.node, error, line)
        if isinstance(outcome, End):
            run.position = ''
            return outcome
        run.position = self._next(before.node, outcome)
        return None

    def _take(self, node: Node, woken: Woken | None) -> Outcome:
        run = self.run
        self._befores.append(
            Before(
                node=node,
                variables=dict(run.variables),  # values are put there, never changed
                loops={path: dict(state) for path, state in run.loops.items()},
                traced=len(run.steps),
                taken=run.taken,
            )
        )
        before = self._befores[-1].variables
        run.taken += 1
        turn, started = Turn(run, self.values, self.doors, node.path, self.now, self.home), perf_counter()
        try:
            outcome = node.step.wake(turn, woken) if woken and not node.step.is_slow() else node.step.run(turn)
        except DovecoteError as error:
            return self._failed(node, error, None)
        except Exception:  # one step must not stop whoever walks: this run is told, the others go on
            log.exception('the step %s of the flow %s broke', node.path, run.flow)
            return self._failed(node, Conflict(BROKEN, code='broken'), None)
        ms = round((perf_counter() - started) * 1000, 2)
        changed = {name: value for name, value in run.variables.items() if before.get(name, turn) != value}
        more: dict[str, Any] = {'id': node.step.id, 'do': node.step.do, 'ms': ms}
        most = LONGEST_VALUE if len(run.steps) < IN_FULL else SHORTER
        if turn.result:
            more['result'] = short(turn.result, most)
        if changed:
            more['changed'] = short(changed, most)
        run.note(node.path, turn.text or node.step.LABEL, time_text(self.now) or '', **more)
        self.effects += [(len(self._befores) - 1, effect) for effect in turn.effects]
        return outcome

    def _failed(self, node: Node, error: DovecoteError, line: dict[str, Any] | None) -> Outcome:
        text = line['text'] if line else node.step.LABEL
        self.run.note(node.path, text, time_text(self.now) or '', id=node.step.id, error=str(error))
        self.run.variables['error'] = {'step': node.step.id, 'text': str(error), 'code': error.code}
        said = node.step.on_error
        if said == 'continue' or (not said and self.document.on_error.policy == 'continue'):
            return Next()
        if said and said != 'stop':
            return GoTo(name=said)
        return End(state='error', reason=str(error))

    def _next(self, node: Node, outcome: Outcome) -> str:
        match outcome:
            case Into(place=place):
                path = f'{node.path}/{place}/0'
                return path if path in self.program.nodes else node.after
            case GoTo(name=name):
                return self.program.by_name[name].path
            case _:
                return node.after

    def _over(self, state: str, reason: str) -> End:
        self.run.position = ''
        self.run.note('run', reason, time_text(self.now) or '', error=reason)
        return End(state=state, reason=reason)


def short(value: Any, most: int = LONGEST_VALUE) -> Any:
    """A value as the trace keeps it: cut where it is long, and plain."""
    match value:
        case str():
            return value if len(value) <= most else f'{value[:most]}…'
        case Mapping():
            return {str(key): short(each, most) for key, each in list(value.items())[: most // 100]}
        case list() | tuple():
            return [short(each, most) for each in list(value)[: most // 100]]
        case int() | float() | bool() | None:
            return value
        case datetime():
            return time_text(value)
        case _:
            return str(value)
