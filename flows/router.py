"""Decides, in one fixed order, what an incoming message starts, and writes down why."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from queue import Queue
from typing import Any
from zlib import crc32

from core.bodies import time_text
from core.world import World
from data.chats import Chat
from data.database import StorageFailed, database, read, write
from data.messages import unrouted
from data.runs import Run, add_decision, misses_in_a_row, waiting_for
from data.traffic import Heard, heard, mark_routed, said_by_own_flow

from .commands import Command, command_in
from .compliance import Asked, Compliance
from .guards import PAUSE as PAUSED
from .guards import LoopGuard, Objection
from .library import Library, LiveFlow
from .occasion import Occasion
from .opening import Begun
from .runner import Runner
from .steps.base import Woken
from .triggers import Trigger
from .triggers.base import Found

log = logging.getLogger(__name__)
WORKERS = 8
LATE = timedelta(seconds=5)  # a message this old, and still not looked at, may have been forgotten
PAUSE, LONGEST_PAUSE = 5.0, 60.0  # seconds between two looks for such; longer each time there are some
MISSES_TOLD = 20
# Nothing of that kind starts anything while a person answers in the chat.
QUIET = ('answer', 'reaction', 'status', 'contact_created', 'contact_updated', 'schedule')
PASSED_OVER = ('failed_conditions', 'suppressed_cooldown')  # then the next flow is asked

Work = Callable[[], object]


class Workers:
    """Do what concerns one chat one after another, and different chats side by side."""

    def __init__(self) -> None:
        self._queues: list[Queue[Work | None]] = [Queue() for _ in range(WORKERS)]
        self._threads = [
            threading.Thread(target=self._work, args=(queue,), name=f'router-{n}', daemon=True)
            for n, queue in enumerate(self._queues)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        for queue in self._queues:
            queue.put(None)
        for thread in self._threads:
            thread.join(5)

    def at_work(self, chat_id: str, work: Work) -> None:
        self._queues[crc32(chat_id.encode()) % WORKERS].put(work)

    def _work(self, queue: 'Queue[Work | None]') -> None:
        try:
            while (work := queue.get()) is not None:
                try:
                    work()
                except Exception:  # one run must not stop the others; it stays in its row, for the next start
                    log.exception('a run could not go on')
        finally:
            database.close()


@dataclass(slots=True, kw_only=True)
class Decision:
    """What came of a message. `begun` are the runs it starts; without one that runs, `state` says why.

    `pauses`: from now on nothing automatic answers in this chat, for a while.
    """

    state: str = 'not_triggered'
    detail: str = 'No flow matched.'
    pauses: bool = False
    flow: LiveFlow | None = None
    steps: list[dict[str, Any]] = field(default_factory=list)
    begun: list[Begun] = field(default_factory=list)


class Overtaken(Exception):
    """Something was faster, so nothing of this is kept."""


class Router:
    """`stale_after`: seconds after which a message is too old to be answered, unless its flow says otherwise."""

    def __init__(
        self, world: World, library: Library, guard: LoopGuard, runner: Runner, workers: Workers,
        compliance: Compliance, *, stale_after: float = 300,
    ) -> None:  # fmt: skip
        self.world, self.library, self.guard, self.runner, self.workers = world, library, guard, runner, workers
        self.compliance, self.stale_after = compliance, stale_after
        self._pause, self._next_sweep = PAUSE, 0.0
        self._waiting: set[str] = set()  # what is in a queue already

    def start(self) -> None:
        """Work begins, with whatever a crash left unrouted."""
        with read():
            for row in unrouted(self.world.now(), limit=10_000):
                self.nudge(str(row.id), row.chat_id)

    def nudge(self, message_id: str, chat_id: str) -> None:
        """One chat always has the same worker: its messages are routed one after another."""
        if message_id not in self._waiting:
            self._waiting.add(message_id)
            self.workers.at_work(chat_id, lambda: self._route(message_id))

    def sweep(self) -> None:
        """What could not be carried out (the disk was full) is tried again, the more rarely the longer it fails."""
        ticks = self.world.ticks()
        if ticks < self._next_sweep:
            return
        with read():
            rows = unrouted(self.world.now() - LATE)
        self._pause = min(2 * self._pause, LONGEST_PAUSE) if rows else PAUSE
        self._next_sweep = ticks + self._pause
        for row in rows:
            self.nudge(str(row.id), row.chat_id)

    def _route(self, id: str) -> None:
        self._waiting.discard(id)
        try:
            self.route(id)
        except StorageFailed as error:  # the sweep comes back to it
            log.error('routing message %s failed: %s', id, error)
        except Exception:  # one message must not stop the others; the sweep comes back to it
            log.exception('routing message %s failed', id)

    def route(self, id: str) -> None:
        """Look at one message and do what follows; a message already seen is left alone."""
        with read():
            message = heard(id)
        if message is None or message.routed != 0:
            return
        unheard = self._unheard(message)
        if unheard is None and self._obeyed(message):
            return
        silence = unheard or self._left_to_a_person(message)
        if silence is None and self._resumed(message):
            return
        decision = silence or self._ask_flows(message)
        if decision.state == 'not_triggered':
            self._ask_last(message, decision)
        write(lambda: self._keep(message, decision))

    # ---- the order: blocked, backlog · STOP, START, HELP · a person · a run that waits · flows · what is left

    def _unheard(self, message: Heard) -> Decision | None:
        """Why nothing automatic looks at this message at all."""
        if message.blocked:  # their private messages do not come, but what they write in a group does
            return Decision(state='suppressed_blocked', detail='This contact is blocked.')
        if message.origin != 'live':
            return Decision(state='suppressed_stale', detail='It waited at WhatsApp while Dovecote was away.')
        return None

    def _obeyed(self, message: Heard) -> bool:
        """STOP, START and HELP are obeyed whatever else is going on; nobody can switch that off."""
        if message.group or message.contact_id is None or message.kind != 'text':
            return False
        with read():
            asked = self.compliance.asked(message.chat_id, message.text)
        return asked is not None and write(lambda: self._obey(message, asked))

    def _obey(self, message: Heard, asked: Asked) -> bool:
        said = self.compliance.obey(asked, message.contact_id or '', message.chat_id, message.text, message.id)
        if not said or not mark_routed(message.id):
            return False
        if asked.command == 'stop':
            for run in waiting_for('answer', message.chat_id):
                self.runner.end(str(run.id), 'They opted out.')
        self._add(message, Decision(state=f'{asked.command}_obeyed', detail=said))
        return True

    def _left_to_a_person(self, message: Heard) -> Decision | None:
        if message.automation == 'human' and not self._human_is_over(message):
            return Decision(state='suppressed_human', detail='A person is in charge of this chat.')
        return None

    def _human_is_over(self, message: Heard) -> bool:
        until = message.human_until
        return until is not None and until <= self.world.now()

    def _resumed(self, message: Heard) -> bool:
        """Whether a run waited for this answer, and has it now."""
        with read():
            rows = waiting_for('answer', message.chat_id)
        run = next((row for row in rows if not message.group or row.contact == message.contact_id), None)
        if run is None:
            return False
        command = command_in(message.text)
        if command is not None:
            return self._led_out(message, run, command)
        objection = self.guard.objection(message.chat_id, message.text, self.world.ticks(), asked=True)
        if objection is not None:
            write(lambda: self._kept_waiting(message, run, objection))
            return True
        try:
            go_on = write(lambda: self._hand_over(message, run))
        except Overtaken:
            return False
        go_on()
        return True

    def _led_out(self, message: Heard, run: Run, command: Command) -> bool:
        """Menu, cancel and human end the question; a flow may wait for the first two."""
        why = f'They wrote “{message.text.strip()}”.'
        if command != 'human':
            self.runner.cancel(str(run.id), why)
            return False
        write(lambda: self._give_to_a_person(message, run, why))
        return True

    def _give_to_a_person(self, message: Heard, run: Run, why: str) -> None:
        if mark_routed(message.id):
            self.runner.end(str(run.id), why)
            self.runner.hand_off(run, 'They asked for a person.')
            self._add(message, Decision(state='suppressed_human', detail='They asked for a person.'), run)

    def _kept_waiting(self, message: Heard, run: Run, objection: Objection) -> None:
        """The run waits on: it may still get its answer, or its time comes."""
        if mark_routed(message.id):
            decision = Decision(state='suppressed_loop', detail=objection.text, pauses=objection.pauses)
            self._add(message, decision, run)

    def _hand_over(self, message: Heard, run: Run) -> Work:
        """Both or neither: the run goes on, and the message was its answer."""
        go_on = self.runner.claim(run, Woken(by='answer', facts=_answer(message)))
        if go_on is None or not mark_routed(message.id):
            raise Overtaken
        self._add(message, Decision(state='resumed', detail=f'It answered a question of {run.flow}.'), run)
        return go_on

    def _ask_flows(self, message: Heard) -> Decision:
        occasion, decision = occasion_of(message), Decision()
        live = self.library.live()
        everyone = live.all_for('message')
        # Where there are few, the trace says of each why it did not match.
        candidates = everyone if len(everyone) <= MISSES_TOLD else live.candidates(occasion)
        waited = (self.world.now() - message.at).total_seconds()
        allowed = False
        for flow in candidates:
            document = flow.document
            fit = fitting(flow, occasion)
            if isinstance(fit, str):
                self._miss(decision, flow, fit)
                continue
            if waited > _oldest(document.limits.stale_after, self.stale_after):
                return _instead(decision, flow, 'suppressed_stale', f'The message was already {int(waited)} s old.')
            if not allowed:
                objection = self._objection(message)
                if objection is not None:
                    return _instead(decision, flow, 'suppressed_loop', objection.text, pauses=objection.pauses)
                allowed = True
            begun = self.runner.opening.begin(flow, *fit, occasion)
            decision.begun.append(begun)
            if _has_it(begun):
                break
        self._others(decision, len(everyone) - len(candidates))
        return decision

    def _ask_last(self, message: Heard, decision: Decision) -> None:
        """Flows for what nothing else answered."""
        live = self.library.live()
        if not live.has('unanswered') or any(map(_answers_it, decision.begun)):
            return
        with read():
            misses = 1 + misses_in_a_row(message.chat_id, 9)
        occasion = replace(occasion_of(message), kind='unanswered', facts={'misses': misses})
        for flow in live.all_for('unanswered'):
            fit = fitting(flow, occasion)
            if isinstance(fit, str):
                self._miss(decision, flow, fit)
                continue
            objection = self._objection(message)
            if objection is not None:
                decision.state, decision.detail, decision.flow = 'suppressed_loop', objection.text, flow
                decision.pauses = objection.pauses
                return
            decision.begun.append(self.runner.opening.begin(flow, *fit, occasion))
            if _has_it(decision.begun[-1]):
                return

    def _objection(self, message: Heard) -> Objection | None:
        echo = _own_echo(message)
        if echo:
            return Objection(text=echo)
        return self.guard.objection(message.chat_id, message.text, self.world.ticks())

    def _miss(self, decision: Decision, flow: LiveFlow, why: str) -> None:
        if len(decision.steps) < MISSES_TOLD:
            text = f'{flow.document.name} did not match'
            decision.steps.append({'path': flow.document.key, 'text': text, 'result': why})

    def _others(self, decision: Decision, count: int) -> None:
        if count:
            text = f'{count} other {"flow waits" if count == 1 else "flows wait"} for other words'
            decision.steps.append({'path': 'flows', 'text': text})

    # ---- keeping it

    def _keep(self, message: Heard, decision: Decision) -> None:
        """The runs, the trace and the mark that the message was seen are one write: all of them or none."""
        if not mark_routed(message.id):
            return
        for begun in decision.begun:
            begun.run.steps[:0] = decision.steps
            begun.before += len(decision.steps)
            self.runner.keep(begun)
        if not decision.begun or decision.state != 'not_triggered':
            self._add(message, decision)

    def _add(self, message: Heard, decision: Decision, run: Run | None = None) -> None:
        flow = decision.flow
        add_decision(
            self.world.new_id(),
            flow=flow.document.key if flow else (str(run.flow) if run else None),
            version=flow.version if flow else (int(run.version) if run else 0),
            message=message.id, chat=message.chat_id, session=message.session_id, state=decision.state,
            detail=decision.detail, steps=decision.steps, at=self.world.now(), run=str(run.id) if run else '',
        )  # fmt: skip
        if decision.pauses:
            self._tell_pause(message.chat_id, message.session_id, message.id, decision.detail)

    def _tell_pause(self, chat_id: str, session_id: str | None, message_id: str | None, why: str) -> None:
        """Inside a write."""
        until = time_text(self.world.now() + timedelta(seconds=PAUSED))
        body = {'chat': chat_id, 'message': message_id, 'detail': why, 'until': until}
        self.runner.desk.tell('chat.paused', body, session=session_id or '', chat=chat_id)

    def resume(self, chat_id: str) -> bool:
        """Somebody has looked at a chat that was paused: it is answered again. False when it was not paused."""
        if not self.guard.let_go(chat_id):
            return False
        with read():
            chat: Chat | None = Chat.get_or_none(Chat.id == chat_id)
        session = str(chat.session_id) if chat is not None else ''
        write(lambda: self.runner.desk.tell('chat.resumed', {'chat': chat_id}, session=session, chat=chat_id))
        return True

    def paused(self) -> dict[str, datetime]:
        """The chats that look like two machines talking, and until when they are left alone."""
        now = self.world.now()
        return {id: now + timedelta(seconds=left) for id, left in self.guard.paused(self.world.ticks()).items()}

    # ---- what is no message

    def happen(
        self, occasion: Occasion, first: Callable[[], bool] = lambda: True, *, only: LiveFlow | None = None,
        also: Callable[[list[str]], object] = lambda ids: None,
    ) -> list[str]:  # fmt: skip
        """Start the flows that wait for this (`only` this one), on this thread; the ids of their runs.

        `first` belongs to the same write; when it says False, this was done before and nothing happens. So does
        `also`, which gets the ids.
        """
        return self.happen_together([occasion], first, only=only, also=also)

    def happen_together(
        self, occasions: Sequence[Occasion], first: Callable[[], bool], *, only: LiveFlow | None = None,
        also: Callable[[list[str]], object] = lambda ids: None,
    ) -> list[str]:  # fmt: skip
        """The same for all that one thing brought about: they are kept together, or none of them."""
        begun = [each for occasion in occasions for each in self._begun(occasion, only)]
        return write(lambda: self._keep_all(begun, first, also))

    def _begun(self, occasion: Occasion, only: LiveFlow | None) -> list[Begun]:
        begun: list[Begun] = []
        flows = [only] if only is not None else self.library.live().candidates(occasion)
        if occasion.kind in QUIET and occasion.chat_id is not None and self._is_with_a_person(occasion.chat_id):
            flows = []
        for flow in flows:
            if flow.document.key == occasion.by_flow:  # nothing starts itself
                continue
            fit = fitting(flow, occasion)
            if isinstance(fit, str):
                continue
            if not begun and (held := self._held(occasion)):
                begun.append(self.runner.opening.hold(flow, *fit, occasion, held))
                break
            begun.append(self.runner.opening.begin(flow, *fit, occasion))
            if _has_it(begun[-1]):
                break
        return begun

    def _held(self, occasion: Occasion) -> str:
        """Why what they did is not answered: a machine that reacts to all we say would have us talk for ever."""
        chat_id, message_id = occasion.chat_id, occasion.message_id
        if occasion.kind not in ('reaction', 'answer') or chat_id is None:
            return ''
        objection = self.guard.objection(chat_id, f'{occasion.kind} {message_id}', self.world.ticks())
        if objection is None:
            return ''
        if objection.pauses:
            write(lambda: self._tell_pause(chat_id, occasion.session_id, message_id, objection.text))
        return objection.text

    def _is_with_a_person(self, chat_id: str) -> bool:
        with read():
            chat: Chat | None = Chat.get_or_none(Chat.id == chat_id)
        if chat is None or chat.automation != 'human':
            return False
        return chat.human_until is None or chat.human_until > self.world.now()

    def _keep_all(
        self, begun: list[Begun], first: Callable[[], bool], also: Callable[[list[str]], object]
    ) -> list[str]:
        if not first():
            return []
        for each in begun:
            self.runner.keep(each)
        ids = [each.run.id for each in begun]
        also(ids)
        return ids


def fitting(flow: LiveFlow, occasion: Occasion) -> tuple[Trigger, Found] | str:
    """The trigger that fits, or why none does."""
    why = 'no trigger'
    for trigger in flow.document.triggers:
        if trigger.type != occasion.kind:
            continue
        found = trigger.fits(occasion)
        if isinstance(found, Found):
            return trigger, found
        why = found
    return why


def _has_it(begun: Begun) -> bool:
    """No other flow is asked any more."""
    return _answers_it(begun) and begun.flow.document.on_match == 'stop'


def _answers_it(begun: Begun) -> bool:
    """One that only traces leaves everything to the others."""
    return begun.state not in PASSED_OVER and not begun.flow.document.shadow


def occasion_of(message: Heard) -> Occasion:
    return Occasion(
        kind='message', at=message.at, session_id=message.session_id, session=message.session,
        chat_id=message.chat_id, group=message.group, contact_id=message.contact_id, message_id=message.id,
        text=message.text, message_kind=message.kind,
    )  # fmt: skip


def _answer(message: Heard) -> dict[str, Any]:
    return {'text': message.text, 'kind': message.kind, 'message': message.id, 'at': time_text(message.at)}


def _oldest(said: timedelta | None, otherwise: float) -> float:
    return said.total_seconds() if said is not None else otherwise


def _instead(decision: Decision, flow: LiveFlow, state: str, detail: str, *, pauses: bool = False) -> Decision:
    return Decision(state=state, detail=detail, flow=flow, steps=decision.steps, pauses=pauses)


def _own_echo(message: Heard) -> str:
    """Two sessions of ours that answer each other would never stop."""
    if not message.phone:
        return ''
    with read():
        own = said_by_own_flow(message.phone, message.text)
    return 'A flow of another session here wrote this.' if own else ''
