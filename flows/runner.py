"""Keeps what comes of runs, and takes them on: at once, after a wait, after a crash."""

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from core.errors import Conflict, DovecoteError, Invalid, NotFound
from core.news import NewsDesk
from core.world import World
from data.database import StorageFailed, after_commit, database, read, write
from data.runs import (
    Run,
    claim_run,
    due_runs,
    end_run,
    has_unrouted,
    insert_run,
    is_running,
    open_runs,
    open_runs_of,
    run_at,
    runs_at_work,
    waiting_for,
)
from data.sessions import session_by_name

from .carrying import Carrying
from .doors import Doors
from .effects import HandOff, StartFlow
from .flow import Document, Mode
from .hands import Hands
from .library import Library
from .opening import DEEPEST, Begun, Opening, scope_of
from .program import Program
from .programs import GONE, Programs
from .rows import as_kept, save, state_of
from .scene import scene
from .state import RunState
from .steps.base import End, Wait, Woken
from .walk import BROKEN, Walk

log = logging.getLogger(__name__)

SLOW_RUNS = 16  # that ask somebody else at a time
LOOKS = 10.0  # seconds between two looks for runs that nobody has in hand
# What takes a run out of its queue, or begins one that was called.
FROM_QUEUE: dict[str, Any] = {'by': 'queue', 'facts': {}}


class Runner:
    """`at_work(chat id, work)` does `work` in its turn: what concerns one chat happens one after another."""

    def __init__(
        self, world: World, desk: NewsDesk, library: Library, carrying: Carrying, doors: Doors,
        at_work: Callable[[str, Callable[[], None]], None], *, home: str = 'UTC',
    ) -> None:  # fmt: skip
        self.world, self.desk, self.library, self.carrying = world, desk, library, carrying
        self.opening, self.programs, self.at_work = Opening(world, doors, home=home), Programs(), at_work
        self._slow = ThreadPoolExecutor(SLOW_RUNS, thread_name_prefix='slow-step')
        self._woken: set[str] = set()  # is in somebody's queue
        self._hands = Hands()
        self._unheld: set[tuple[str, int]] = set()  # as of the last look
        self._next_look = 0.0

        carrying.call = self._call
        library.end_runs = self._end_all

    # ---- keeping

    def keep(self, begun: Begun) -> None:
        """Inside a write: the row of a new run, what it does, and what it comes to."""
        run, mode = begun.run, begun.flow.document.mode
        if begun.walk is not None:
            # Again, inside the write: somebody else may have started it at the same moment.
            kept_from = self.opening.kept_from(run, begun.flow.document)
            if kept_from is not None:
                self._refuse(begun, *kept_from)
            else:
                self._stand(begun, *self._by_mode(run.flow, mode, run.scope))
        if begun.walk is None:
            self._finish(run, begun.flow.document, begun.state, begun.detail)
        elif begun.state == 'queued':
            save(run, state='queued')
            self._lead_on(run.flow, run.scope, run.chat_id)
        else:
            self._settle(begun.walk, begun.outcome)

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
                save(run)
                after_commit(lambda: self._go_on_slowly(run.id, run.turn))

    def _fall_back(self, walk: Walk, number: int, error: DovecoteError) -> None:
        """What is left of the walk is gone; the run goes on from there once this is kept."""
        end = walk.go_back(number, error)
        if end is not None:
            self._finish(walk.run, walk.document, end.state, end.reason)
            return
        run = walk.run
        save(run)
        after_commit(lambda: self._soon(run.id, run.chat_id, lambda: self._go_on(run.id, run.turn)))

    def _sleep(self, run: RunState, wait: Wait) -> None:
        key = wait.key or (run.chat_id or '' if wait.kind == 'answer' else '')
        until = min(wait.until or run.expires_at, run.expires_at)
        detail = f'Waits for {wait.about}.' if wait.about else 'Waits.'
        save(run, state='waiting', wait_kind=wait.kind, wait_key=key, resume_at=until, detail=detail)

    def _finish(self, run: RunState, document: Document, state: str, detail: str) -> None:
        now = self.world.now()
        if not save(run, state=state, detail=detail, finished_at=now, woken=None):
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
        row = run_at(id)
        if row is None or not end_run(id, state, reason, self.world.now()):
            return False
        if row.wait_kind == 'run':
            self.end(str(row.wait_key), reason)
        self._tell_of_end(state_of(row), state, reason)
        self._lead_on(str(row.flow), str(row.scope), row.chat)
        return True

    def _end_all(self, flow: str, reason: str) -> None:
        """Inside a write: whatever the flow has under way."""
        for id in open_runs_of(flow):
            self.end(id, reason)

    def hand_off(self, run: Run, note: str) -> None:
        """Inside a write: a person answers in its chat from now on."""
        try:
            document, _ = self.programs.of(str(run.flow), int(run.version))
        except Invalid:  # a newer program does not understand it any more
            document = GONE
        self.carrying.out(HandOff(note=note), state_of(run), document)

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
        scope = scope_of(mode.scope, contact=contact_id, chat=chat_id, session=str(row.id))
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

    def _now(self, id: str, work: Callable[[], object]) -> None:
        self._hands.holding(id, partial(self._try, id, work))()

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
            row = run_at(id)
            if row is None or row.turn != turn or (row.wait_kind == 'answer' and has_unrouted(row.chat or '')):
                return  # the answer is here already, only not looked at
        woken = Woken(by='time', facts={})
        done = self._walked(row, woken)
        write(lambda: self._take_over(row, woken, done))

    def _take_over(self, row: Run, woken: Woken, done: tuple[Walk, Wait | End | None]) -> None:
        """Inside a write: what came of walking on, unless something was faster than the clock."""
        walk, outcome = done
        turn = claim_run(str(row.id), ['waiting'], int(row.turn), woken=as_kept(woken))
        if turn is not None:
            walk.run.turn = turn
            self._settle(walk, outcome)

    def claim(self, run: Run, woken: Woken) -> Callable[[], None] | None:
        """Inside a write: take on a run that waits. What then goes on with it, or None: something was faster."""
        id = str(run.id)
        turn = claim_run(id, ['waiting'], int(run.turn), woken=as_kept(woken))
        if turn is None:
            return None
        return partial(self._now, id, partial(self._carry_on, id, turn, woken))

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
            row = run_at(id)
        claimed = None if row is None else write(lambda: claim_run(id, ['running'], int(row.turn)))
        if row is None or claimed is None:
            return
        said = row.woken if row.woken and not row.woken.get('past') else {}
        fresh = said.get('by') == 'queue'
        woken = Woken(by=said['by'], facts=said['facts']) if said and not fresh else None
        self._carry_on(id, claimed, woken, fresh=fresh)

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
            row = run_at(id)
        if row is None or row.turn != turn:
            return
        walk, outcome = self._walked(row, woken, slow=slow, fresh=fresh)
        write(lambda: self._settle(walk, outcome))

    def _walked(
        self, row: Run, woken: Woken | None, *, slow: bool = False, fresh: bool = False
    ) -> tuple[Walk, Wait | End | None]:  # fmt: skip
        """As far as it gets; nothing of it is kept yet."""
        run, now = state_of(row), self.world.now()
        try:
            document, program = self.programs.of(run.flow, run.version)
        except Invalid:  # deleted, or not understood any more by a newer program
            gone = f'Version {run.version} of its flow is not there any more.'
            return self.opening.walk(run, GONE, Program(GONE.steps), {}), End(state='error', reason=gone)
        values = scene(run, now)
        run.woken = run.woken if woken is None else as_kept(woken)
        if run.woken is not None and run.woken['by'] in ('answer', 'event'):  # also after a step that took its time
            values = {**values, run.woken['by']: run.woken['facts']}
        walk = self.opening.walk(run, document, program, values)
        if woken is not None and woken.by == 'time' and now >= run.expires_at:
            return walk, End(state='timeout', reason='The run took longer than it may.')
        unfit = self.opening.unfit(run, document, values) if fresh else None
        return walk, unfit or walk.go(woken, slow=slow)


def _only_traced(outcome: Wait | End | None) -> End:
    """A flow that only traces must not take the answer that another one waits for, nor ask anybody."""
    match outcome:
        case End():
            return outcome
        case Wait(about=about):
            return End(reason=f'Only traced: here it would wait for {about or "a while"}.')
        case None:
            return End(reason='Only traced: here it would ask another system.')
