"""Starts runs, takes them on after a wait, and writes down how far they got."""

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from core.bodies import time_text
from core.errors import Conflict, DovecoteError, Invalid, NotFound
from core.news import NewsDesk
from core.world import World
from data.database import StorageFailed, after_commit, database, read, write
from data.flows import version_of
from data.runs import (
    Run,
    claim_run,
    due_runs,
    end_run,
    has_unrouted,
    insert_run,
    is_running,
    last_start,
    open_runs,
    open_runs_of,
    runs_at_work,
    save_run,
    starts_since,
    waiting_for,
)
from data.sessions import session_by_name

from .carrying import Carrying
from .doors import Doors
from .effects import HandOff, StartFlow
from .flow import Document, Mode, Scope, read_document
from .hands import Hands
from .library import Library, LiveFlow
from .occasion import Occasion
from .parts import lasting
from .program import Program
from .scene import scene
from .state import RunState
from .steps.base import End, Wait, Woken
from .triggers import Trigger
from .triggers.base import Found
from .turn import Turn
from .walk import BROKEN, Walk, short

log = logging.getLogger(__name__)

SLOW_RUNS = 16  # that ask somebody else at a time
DEEPEST = 5  # flows that start each other
PROGRAMS_MOST = 500  # of older versions, which runs still go on with
LOOKS = 10.0  # seconds between two looks for runs that nobody has in hand
# What takes a run out of its queue, or begins one that was called.
FROM_QUEUE: dict[str, Any] = {'by': 'queue', 'facts': {}}
# What a run goes by whose own document cannot be had.
GONE = read_document(
    {'key': 'gone', 'name': 'Gone', 'triggers': [{'type': 'manual'}], 'steps': [{'do': 'stop'}]}
)  # fmt: skip


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


class Runner:
    """`at_work(chat id, work)` does `work` in its turn: what concerns one chat happens one after another."""

    def __init__(
        self, world: World, desk: NewsDesk, library: Library, carrying: Carrying, doors: Doors,
        at_work: Callable[[str, Callable[[], None]], None], *, home: str = 'UTC',
    ) -> None:  # fmt: skip
        self.world, self.desk, self.library, self.carrying = world, desk, library, carrying
        self.doors, self.at_work, self.home = doors, at_work, home
        self._slow = ThreadPoolExecutor(SLOW_RUNS, thread_name_prefix='slow-step')
        self._programs: dict[tuple[str, int], tuple[Document, Program]] = {}
        self._lock = threading.Lock()
        self._woken: set[str] = set()  # is in somebody's queue
        self._hands = Hands()
        self._unheld: set[tuple[str, int]] = set()  # as of the last look
        self._next_look = 0.0

        carrying.call = self._call
        library.end_runs = self._end_all

    # ---- beginning

    def begin(self, flow: LiveFlow, trigger: Trigger, found: Found, occasion: Occasion) -> Begun:
        """Walk the first stretch of a new run; nothing is kept until `keep`, inside a write."""
        run = self._new(flow, trigger, found, occasion)
        begun = Begun(run=run, flow=flow, state='running', detail='')
        at = time_text(run.started_at) or ''
        run.note(f'triggers/{trigger.id}', found.because, at, **({'result': short(found.facts)} if found.facts else {}))
        kept_from = self._kept_from(run, flow.document)
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
        begun.walk = self._walk(run, flow.document, flow.program, values)
        begun.outcome = begun.walk.go()
        return begun

    def hold(self, flow: LiveFlow, trigger: Trigger, found: Found, occasion: Occasion, why: str) -> Begun:
        """A run that does not happen, since it might never end."""
        begun = Begun(run=self._new(flow, trigger, found, occasion), flow=flow, state='suppressed_loop', detail=why)
        begun.run.note(f'triggers/{trigger.id}', found.because, time_text(begun.run.started_at) or '')
        return begun

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
            scope=_scope_of(
                document.mode.scope, contact=occasion.contact_id, chat=occasion.chat_id, session=occasion.session_id
            ),
        )

    def _kept_from(self, run: RunState, document: Document) -> tuple[str, str] | None:
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

    def _walk(self, run: RunState, document: Document, program: Program, values: Mapping[str, Any]) -> Walk:
        return Walk(run, document, program, values, self.doors, self.world.now(), self.home)

    # ---- keeping

    def keep(self, begun: Begun) -> None:
        """Inside a write: the row of a new run, what it does, and what it comes to."""
        run, mode = begun.run, begun.flow.document.mode
        if begun.walk is not None:
            # Again, inside the write: somebody else may have started it at the same moment.
            kept_from = self._kept_from(run, begun.flow.document)
            if kept_from is not None:
                self._refuse(begun, *kept_from)
            else:
                self._stand(begun, *self._by_mode(run.flow, mode, run.scope))
        if begun.walk is None:
            self._finish(run, begun.flow.document, begun.state, begun.detail)
        elif begun.state == 'queued':
            self._save(run, state='queued')
            self._lead_on(run.flow, run.scope, run.chat_id)
        else:
            self._settle(begun.walk, begun.outcome)

    def _save(self, run: RunState, **values: Any) -> bool:
        """Where it stands, in one statement also when it is new; False when it was overtaken."""
        if run.kept:
            return save_run(run.id, run.turn, **{**_standing(run), **values})
        run.kept = True
        about = {
            'id': run.id, 'flow': run.flow, 'version': run.version, 'trigger': run.trigger, 'session': run.session_id,
            'message': run.message_id, 'chat': run.chat_id, 'contact': run.contact_id, 'state': 'running',
            'scope': run.scope, 'correlation': run.correlation, 'parent': run.parent, 'depth': run.depth,
            'started_at': run.started_at, 'expires_at': run.expires_at,
        }  # fmt: skip
        insert_run(**{**about, **_standing(run), **values})
        return True

    def _by_mode(self, flow: str, mode: Mode, scope: str) -> tuple[str, str]:
        """(state, detail) of one more run beside those that are under way: running, queued, or why not at all."""
        others = open_runs(flow, scope)
        if not others:
            return 'running', ''
        if mode.type == 'single':
            return 'failed_single', 'It still runs.'
        if mode.type == 'restart':
            for id, _ in others:
                self.end(id, 'Started anew.')
        elif len(others) >= mode.max:
            if mode.overflow != 'oldest':
                return 'failed_max_runs', f'{len(others)} runs are under way already.'
            self.end(others[0][0], 'A newer run took its place.')
        return ('queued' if mode.type == 'queued' else 'running'), ''

    def _stand(self, begun: Begun, state: str, detail: str) -> None:
        if state == 'queued':
            self._unwalked(begun)
            begun.state = state
        elif state != 'running':
            self._refuse(begun, state, detail)

    def _refuse(self, begun: Begun, state: str, detail: str) -> None:
        self._unwalked(begun)
        begun.walk, begun.state, begun.detail = None, state, detail

    def _unwalked(self, begun: Begun) -> None:
        """Nothing of its walk comes about."""
        run = begun.run
        run.position, run.taken, run.variables, run.loops = begun.flow.program.first, 0, {}, {}
        del run.steps[begun.before :]

    def _settle(self, walk: Walk, outcome: Wait | End | None) -> None:
        """Inside a write, of a claimed run: carry out what it wants done, then write down where it stands."""
        run, document = walk.run, walk.document
        # Cancelled meanwhile, or overtaken: then nothing of it happens.
        if run.kept and not is_running(run.id, run.turn):
            return
        if document.shadow:
            outcome = _only_traced(outcome)
        else:
            for number, effect in walk.effects:
                try:
                    self.carrying.out(effect, run, document)
                except DovecoteError as error:
                    self._fall_back(walk, number, error)
                    return
        walk.effects = []
        match outcome:
            case End(state=state, reason=reason):
                self._finish(run, document, state, reason)
            case Wait():
                self._sleep(run, outcome)
            case None:
                self._save(run)
                after_commit(lambda: self._go_on_slowly(run.id, run.turn))

    def _fall_back(self, walk: Walk, number: int, error: DovecoteError) -> None:
        """What is left of the walk is gone; the run goes on from there once this is kept."""
        end = walk.go_back(number, error)
        if end is not None:
            self._finish(walk.run, walk.document, end.state, end.reason)
            return
        run = walk.run
        self._save(run)
        after_commit(lambda: self._soon(run.id, run.chat_id, lambda: self._go_on(run.id, run.turn)))

    def _sleep(self, run: RunState, wait: Wait) -> None:
        key = wait.key or (run.chat_id or '' if wait.kind == 'answer' else '')
        until = min(wait.until or run.expires_at, run.expires_at)
        detail = f'Waits for {wait.about}.' if wait.about else 'Waits.'
        self._save(run, state='waiting', wait_kind=wait.kind, wait_key=key, resume_at=until, detail=detail)

    def _finish(self, run: RunState, document: Document, state: str, detail: str) -> None:
        now = self.world.now()
        if not self._save(run, state=state, detail=detail, finished_at=now, woken=None):
            return
        self._tell_of_end(run, state, detail)
        if document.mode.type == 'queued':
            self._lead_on(run.flow, run.scope, run.chat_id)

    def _tell_of_end(self, run: RunState, state: str, detail: str) -> None:
        """Everybody who listens, and the run that waits for it."""
        body = {
            'run': run.id,
            'flow': run.flow,
            'state': state,
            'detail': detail,
            'message': run.message_id,
            'depth': run.depth,
        }
        kind = 'flow.run.failed' if state in ('error', 'timeout') else 'flow.run.finished'
        self.desk.tell(kind, body, session=run.session_id or '', chat=run.chat_id or '')
        if run.parent is not None:
            for parent in waiting_for('run', run.id):
                self.wake(parent, Woken(by='run', facts={'state': state, 'values': run.variables}))

    def _lead_on(self, flow: str, scope: str, chat_id: str | None) -> None:
        """The next of a queue begins, if it is its turn."""
        others = open_runs(flow, scope)
        if others and all(state == 'queued' for _, state in others):
            first = others[0][0]
            after_commit(lambda: self._soon(first, chat_id, partial(self._leave_queue, first)))

    def end(self, id: str, reason: str, state: str = 'cancelled') -> bool:
        """Inside a write: a run that is under way is over, and the one it waits for; False when it was already."""
        row: Run | None = Run.get_or_none(Run.id == id)
        if row is None or not end_run(id, state, reason, self.world.now()):
            return False
        if row.wait_kind == 'run':
            self.end(str(row.wait_key), reason)
        self._tell_of_end(_state(row), state, reason)
        self._lead_on(str(row.flow), str(row.scope), row.chat)
        return True

    def _end_all(self, flow: str, reason: str) -> None:
        """Inside a write: whatever the flow has under way."""
        for id in open_runs_of(flow):
            self.end(id, reason)

    def hand_off(self, run: Run, note: str) -> None:
        """Inside a write: a person answers in its chat from now on."""
        try:
            document, _ = self._program(str(run.flow), int(run.version))
        except Invalid:  # a newer program does not understand it any more
            document = GONE
        self.carrying.out(HandOff(note=note), _state(run), document)

    def cancel(self, id: str, reason: str) -> bool:
        """End a run that is under way; False when it was over already."""
        return write(lambda: self.end(id, reason))

    def _call(self, effect: StartFlow, parent: RunState) -> None:
        """Inside a write: another flow as a run of its own, which starts once this is kept."""
        if parent.depth >= DEEPEST:
            raise Conflict(f'{DEEPEST} flows have started each other already; one more would be a circle.')
        self._set_off(
            effect.run, effect.key, {'id': 'call', 'type': 'call', 'values': effect.values, 'by': parent.flow},
            session=parent.session_id, message=parent.message_id, chat=parent.chat_id, contact=parent.contact_id,
            correlation=parent.correlation, parent=parent.id, depth=parent.depth + 1,
        )  # fmt: skip

    def by_hook(self, key: str, payload: Any, contact_id: str, session: str) -> str:
        """Inside a write: a hook starts a flow about a contact, in their chat on that session; the id of the run."""
        row = session_by_name(session)
        if row is None:
            raise NotFound(f'There is no session called “{session[:48]}”.')
        id, chat_id = self.world.new_id(), self.carrying.outbox.identities.chat(str(row.id), contact_id=contact_id)
        mode = self.library.flow(key).document.mode
        scope = _scope_of(mode.scope, contact=contact_id, chat=chat_id, session=str(row.id))
        state, why = self._by_mode(key, mode, scope)
        if state not in ('running', 'queued'):
            raise Conflict(f'The flow {key} was not started: {why}', code=state)
        self._set_off(
            id, key, {'id': 'hook', 'type': 'webhook', 'payload': payload}, state=state, scope=scope,
            session=str(row.id), chat=chat_id, contact=contact_id, correlation=id,
        )  # fmt: skip
        return id

    def _set_off(
        self, id: str, key: str, trigger: dict[str, Any], *, state: str = 'running', scope: str = '', **about: Any
    ) -> None:  # fmt: skip
        """A run that begins once this is kept; without a `scope` it does not count beside others of its flow."""
        flow, now = self.library.flow(key), self.world.now()
        insert_run(
            id=id, flow=key, version=flow.version, trigger=trigger, state=state, position=flow.program.first,
            scope=scope or id, woken=FROM_QUEUE, started_at=now, expires_at=now + flow.document.limits.timeout, **about,
        )  # fmt: skip
        if state == 'queued':
            self._lead_on(key, scope, about.get('chat'))
        else:
            after_commit(lambda: self._soon(id, about.get('chat'), partial(self._recover, id)))

    # ---- going on

    def start(self) -> None:
        """What was being worked on when the program ended goes on from where it stood."""
        with read():
            rows = runs_at_work()
        for id, chat, state, _ in rows:
            self._take_on(id, chat, state)

    def stop(self) -> None:
        self._slow.shutdown(wait=False, cancel_futures=True)

    def sweep(self) -> None:
        """Wake whatever is due, about once a second."""
        with read():
            due = due_runs(self.world.now())
        for id, chat, turn in due:
            if id not in self._woken:
                self._woken.add(id)
                self._soon(id, chat, partial(self._time_up, id, turn))
        ticks = self.world.ticks()
        if ticks >= self._next_look:
            self._next_look = ticks + LOOKS
            self._look_for_forgotten()

    def _look_for_forgotten(self) -> None:
        """What nobody has in hand, now and at the last look, was let fall: the disk was full, or something broke."""
        with read():
            rows = [row for row in runs_at_work() if not self._hands.hold(row[0])]
        before, self._unheld = self._unheld, {(id, turn) for id, _, _, turn in rows}
        for id, chat, state, turn in rows:
            if (id, turn) in before:
                self._take_on(id, chat, state)

    def _take_on(self, id: str, chat: str | None, state: str) -> None:
        self._soon(id, chat, partial(self._leave_queue if state == 'queued' else self._recover, id))

    def _soon(self, id: str, chat: str | None, work: Callable[[], object]) -> None:
        """In the turn of its chat; it is in hand from now on."""
        self.at_work(chat or id, self._hands.holding(id, partial(self._try, id, work)))

    def _try(self, id: str, work: Callable[[], object]) -> None:
        try:
            work()
        except StorageFailed as error:  # the sweep comes back to it
            log.error('run %s could not be kept: %s', id, error)
        except Exception:  # neither may it stop the others, nor break again and again
            log.exception('run %s broke', id)
            write(lambda: self.end(id, BROKEN, 'error'))

    def _time_up(self, id: str, turn: int) -> None:
        self._woken.discard(id)
        with read():
            row: Run | None = Run.get_or_none(Run.id == id, Run.turn == turn)
            if row is None or (row.wait_kind == 'answer' and has_unrouted(row.chat or '')):
                return  # the answer is here already, only not looked at
        woken = Woken(by='time', facts={})
        done = self._walked(row, woken)
        write(lambda: self._take_over(row, woken, done))

    def _take_over(self, row: Run, woken: Woken, done: tuple[Walk, Wait | End | None]) -> None:
        """Inside a write: what came of walking on, unless something was faster than the clock."""
        walk, outcome = done
        turn = claim_run(str(row.id), ['waiting'], int(row.turn), woken=_kept(woken))
        if turn is not None:
            walk.run.turn = turn
            self._settle(walk, outcome)

    def claim(self, run: Run, woken: Woken) -> Callable[[], None] | None:
        """Inside a write: take on a run that waits. What then goes on with it, or None: something was faster."""
        id = str(run.id)
        turn = claim_run(id, ['waiting'], int(run.turn), woken=_kept(woken))
        if turn is None:
            return None
        go_on = partial(self._carry_on, id, turn, woken)
        return lambda: self._hands.holding(id, partial(self._try, id, go_on))()

    def event(self, correlation: str, facts: Mapping[str, Any]) -> int:
        """Inside a write: something named by `correlation` happened; returns how many runs waited for it."""
        rows = waiting_for('event', correlation)
        for row in rows:
            self.wake(row, Woken(by='event', facts=facts))
        return len(rows)

    def wake(self, row: Run, woken: Woken) -> bool:
        """Inside a write: it goes on once that is kept; False when something was faster."""
        go_on = self.claim(row, woken)
        if go_on is not None:
            after_commit(lambda: self._soon(str(row.id), row.chat, go_on))
        return go_on is not None

    def _leave_queue(self, id: str) -> None:
        claimed = write(lambda: claim_run(id, ['queued'], woken=FROM_QUEUE))
        if claimed is not None:
            self._carry_on(id, claimed, None, fresh=True)

    def _recover(self, id: str) -> None:
        """With what had woken it, if it did not get further."""
        with read():
            row: Run | None = Run.get_or_none(Run.id == id)
        claimed = None if row is None else write(lambda: claim_run(id, ['running'], int(row.turn)))
        if row is None or claimed is None:
            return
        by = row.woken['by'] if row.woken and not row.woken.get('past') else ''
        woken = Woken(by=by, facts=row.woken['facts']) if by not in ('', 'queue') else None
        self._carry_on(id, claimed, woken, fresh=by == 'queue')

    def _go_on(self, id: str, turn: int) -> None:
        self._carry_on(id, turn, None)

    def _go_on_slowly(self, id: str, turn: int) -> None:
        try:
            self._slow.submit(self._hands.holding(id, partial(self._slowly, id, turn)))
        except RuntimeError:  # we are stopping; it goes on after the next start
            self._hands.let_go(id)
            log.info('run %s goes on after the next start', id)

    def _slowly(self, id: str, turn: int) -> None:
        try:
            self._try(id, lambda: self._carry_on(id, turn, None, slow=True))
        finally:
            database.close()

    def _carry_on(self, id: str, turn: int, woken: Woken | None, *, slow: bool = False, fresh: bool = False) -> None:
        """Walk a claimed run on from where it stands."""
        with read():
            row: Run | None = Run.get_or_none(Run.id == id)
        if row is None or row.turn != turn:
            return
        walk, outcome = self._walked(row, woken, slow=slow, fresh=fresh)
        write(lambda: self._settle(walk, outcome))

    def _walked(
        self, row: Run, woken: Woken | None, *, slow: bool = False, fresh: bool = False
    ) -> tuple[Walk, Wait | End | None]:  # fmt: skip
        """As far as it gets; nothing of it is kept yet."""
        run, now = _state(row), self.world.now()
        try:
            document, program = self._program(run.flow, run.version)
        except Invalid:  # deleted, or not understood any more by a newer program
            gone = f'Version {run.version} of its flow is not there any more.'
            return self._walk(run, GONE, Program(GONE.steps), {}), End(state='error', reason=gone)
        values = scene(run, now)
        run.woken = run.woken if woken is None else _kept(woken)
        if run.woken is not None and run.woken['by'] in ('answer', 'event'):  # also after a step that took its time
            values = {**values, run.woken['by']: run.woken['facts']}
        walk = self._walk(run, document, program, values)
        if woken is not None and woken.by == 'time' and now >= run.expires_at:
            return walk, End(state='timeout', reason='The run took longer than it may.')
        unfit = self._unfit(run, document, values) if fresh else None
        return walk, unfit or walk.go(woken, slow=slow)

    def _unfit(self, run: RunState, document: Document, values: Mapping[str, Any]) -> End | None:
        """What keeps a run that was called, or comes out of a queue, from beginning."""
        try:
            if self._may(run, document, values):
                self._set_variables(run, document, values)
                return None
        except DovecoteError as error:
            return End(state='error', reason=str(error))
        return End(state='failed_conditions', reason='A condition was not true.')

    def _program(self, key: str, version: int) -> tuple[Document, Program]:
        """Of the version a run began with. Raises Invalid when it is gone."""
        with self._lock:
            known = self._programs.get((key, version))
        if known is None:
            with read():
                row = version_of(key, version)
            document = read_document(row.document if row else {})
            known = document, Program(document.steps)
            with self._lock:
                self._programs[key, version] = known
                while len(self._programs) > PROGRAMS_MOST:
                    del self._programs[next(iter(self._programs))]
        return known


def _scope_of(scope: Scope, *, contact: str | None, chat: str | None, session: str | None) -> str:
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


def _only_traced(outcome: Wait | End | None) -> End:
    """A flow that only traces must not take the answer that another one waits for, nor ask anybody."""
    match outcome:
        case End():
            return outcome
        case Wait(about=about):
            return End(reason=f'Only traced: here it would wait for {about or "a while"}.')
        case None:
            return End(reason='Only traced: here it would ask another system.')


def _kept(woken: Woken) -> dict[str, Any]:
    return {'by': woken.by, 'facts': dict(woken.facts)}


def _standing(run: RunState) -> dict[str, Any]:
    """Where a run stands, as its row keeps it."""
    return {
        'position': run.position, 'variables': run.variables, 'loops': run.loops, 'steps': run.steps,
        'taken': run.taken, 'woken': {**run.woken, 'past': True} if run.woken else None,
    }  # fmt: skip


def _state(row: Run) -> RunState:
    session = row.session
    return RunState(
        id=str(row.id), flow=str(row.flow), version=int(row.version), trigger=row.trigger, session_id=session,
        session='', chat_id=row.chat, contact_id=row.contact, message_id=row.message,
        correlation=str(row.correlation), parent=row.parent, depth=int(row.depth), started_at=row.started_at,
        expires_at=row.expires_at, scope=str(row.scope), position=str(row.position), variables=row.variables,
        loops=row.loops, steps=row.steps, taken=int(row.taken), turn=int(row.turn), kept=True,
        woken=row.woken,
    )  # fmt: skip
