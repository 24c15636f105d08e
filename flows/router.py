"""Decides, in one fixed order, what an incoming message starts, and writes down why."""

import logging
import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from queue import Queue
from typing import Any
from zlib import crc32

from core.errors import DovecoteError
from core.fill import fill
from core.news import NewsDesk
from core.outbox import Author, Outbox
from core.world import World
from data.database import StorageFailed, database, read, write
from data.messages import unrouted
from data.traffic import Heard, add_run, heard, mark_routed, said_by_own_flow

from .flow import Document, MessageTrigger, matches
from .guards import LoopGuard
from .library import Library, LiveFlow

log = logging.getLogger(__name__)
WORKERS = 8
LATE = timedelta(seconds=5)  # a message this old, and still not looked at, may have been forgotten
PAUSE, LONGEST_PAUSE = 5.0, 60.0  # seconds between two looks for such; longer each time there are some


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What came of a message: the trace, and what to say if a flow answers."""

    state: str
    detail: str
    flow: LiveFlow | None = None
    steps: tuple[dict[str, Any], ...] = ()
    texts: tuple[tuple[str, bool], ...] = ()  # what to say, and whether it quotes the message


class Router:
    """`stale_after`: seconds after which a message is too old to be answered, unless its flow says otherwise."""

    def __init__(
        self,
        world: World,
        library: Library,
        guard: LoopGuard,
        outbox: Outbox,
        desk: NewsDesk,
        *,
        stale_after: float = 300,
    ) -> None:
        self.world, self.library, self.guard, self.outbox, self.desk = world, library, guard, outbox, desk
        self.stale_after = stale_after
        self._pause, self._next_sweep = PAUSE, 0.0
        self._waiting: set[str] = set()  # what is in a queue already
        self._queues: list[Queue[str | None]] = [Queue() for _ in range(WORKERS)]
        self._threads = [
            threading.Thread(target=self._work, args=(queue,), name=f'router-{n}', daemon=True)
            for n, queue in enumerate(self._queues)
        ]

    def start(self) -> None:
        """Work begins, with whatever a crash left unrouted."""
        for thread in self._threads:
            thread.start()
        with read():
            for row in unrouted(self.world.now(), limit=10_000):
                self.nudge(str(row.id), row.chat_id)

    def stop(self) -> None:
        for queue in self._queues:
            queue.put(None)
        for thread in self._threads:
            thread.join(5)

    def nudge(self, message_id: str, chat_id: str) -> None:
        """One chat always has the same worker: its messages are routed one after another."""
        if message_id not in self._waiting:
            self._waiting.add(message_id)
            self._queues[crc32(chat_id.encode()) % WORKERS].put(message_id)

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

    def _work(self, queue: 'Queue[str | None]') -> None:
        try:
            while (id := queue.get()) is not None:
                self._waiting.discard(id)
                try:
                    self.route(id)
                except StorageFailed as error:  # the sweep comes back to it
                    log.error('routing message %s failed: %s', id, error)
                except Exception:  # one message must not stop the others; the sweep comes back to it
                    log.exception('routing message %s failed', id)
        finally:
            database.close()

    def route(self, id: str) -> None:
        """Look at one message and do what follows; a message already seen is left alone."""
        with read():
            message = heard(id)
        if message is None or message.routed != 0:
            return
        started = time.perf_counter()
        decision = self._decide(message)
        write(lambda: self._carry_out(message, decision, time.perf_counter() - started))

    # ---- the order: blocked contact, backlog, a person in charge, flows by priority, loop guard

    def _decide(self, message: Heard) -> Decision:
        silence = self._silence(message)
        if silence is not None:
            return silence
        waited = (self.world.now() - message.at).total_seconds()
        steps: list[dict[str, Any]] = []
        for flow in self.library.live():
            document = flow.document
            found = _trigger(document, message)
            if isinstance(found, str):
                steps.append({'path': document.key, 'text': f'{document.name} did not match', 'result': found})
                continue
            trigger, word = found
            if waited > (document.limits.stale_after or self.stale_after):
                return Decision(
                    state='suppressed_stale', detail=f'The message was already {int(waited)} s old.', flow=flow
                )
            objection = _own_echo(message) or self.guard.objection(message.chat_id, message.text, self.world.ticks())
            if objection:
                return Decision(state='suppressed_loop', detail=objection, flow=flow, steps=tuple(steps))
            steps.append({'path': f'triggers/{trigger.id}', 'text': _because(word), 'result': word})
            return self._run(flow, message, steps)
        return Decision(state='not_triggered', detail='No flow matched.', steps=tuple(steps))

    def _silence(self, message: Heard) -> Decision | None:
        """Why nothing automatic looks at this message at all."""
        if message.blocked:  # their private messages do not come, but what they write in a group does
            return Decision(state='suppressed_blocked', detail='This contact is blocked.')
        if message.origin != 'live':
            return Decision(state='suppressed_stale', detail='It waited at WhatsApp while Dovecote was away.')
        if message.automation == 'human' and not self._human_is_over(message):
            return Decision(state='suppressed_human', detail='A person is in charge of this chat.')
        return None

    def _human_is_over(self, message: Heard) -> bool:
        until = message.human_until
        return until is not None and until <= self.world.now()

    def _run(self, flow: LiveFlow, message: Heard, steps: list[dict[str, Any]]) -> Decision:
        texts = []
        values = _values(message)
        for number, step in enumerate(flow.document.steps):
            try:
                text = fill(step.text, values)
            except DovecoteError as error:
                steps.append({'path': f'steps/{number}', 'text': f'{step.id} failed', 'result': str(error)})
                return Decision(state='error', detail=str(error), flow=flow, steps=tuple(steps))
            steps.append({'path': f'steps/{number}', 'text': 'Sent an answer', 'result': {'chars': len(text)}})
            texts.append((text, step.reply))
        return Decision(state='finished', detail='Answered.', flow=flow, steps=tuple(steps), texts=tuple(texts))

    def _carry_out(self, message: Heard, decision: Decision, seconds: float) -> None:
        """The answer, the trace and the mark that the message was seen are one write: all of them or none."""
        if not mark_routed(message.id):
            return
        now, flow = self.world.now(), decision.flow
        document = flow.document if flow else None
        steps, state, detail = list(decision.steps), decision.state, decision.detail
        for text, reply in decision.texts:
            author = Author(
                id=f'flow:{document.key if document else ""}',
                name=f'Flow {document.name if document else ""}',
                caused_by=message.id,
            )
            try:
                self.outbox.say(message.chat_id, text, author, reply_to=message.id if reply else '')
            except DovecoteError as error:
                state, detail = 'error', str(error)
                steps.append({'path': 'steps', 'text': 'Could not be sent', 'result': str(error)})
                break
        run_id = self.world.new_id()
        steps.append({'path': 'run', 'text': 'Done', 'result': f'{seconds * 1000:.1f} ms'})
        add_run(
            run_id,
            flow=document.key if document else None,
            version=flow.version if flow else 0,
            message=message,
            state=state,
            detail=detail,
            steps=steps,
            at=now,
        )
        if document:
            kind = 'flow.run.failed' if state == 'error' else 'flow.run.finished'
            body = {'run': run_id, 'flow': document.key, 'state': state, 'detail': detail, 'message': message.id}
            self.desk.tell(kind, body, session=message.session_id, chat=message.chat_id)


def _trigger(document: Document, message: Heard) -> tuple[MessageTrigger, str] | str:
    """The trigger that fits with the word it found, or why none does."""
    why = 'no trigger'
    for trigger in document.triggers:
        if trigger.session and message.session not in trigger.session:
            why = 'it is for another session'
        elif trigger.chat != 'any' and (trigger.chat == 'group') != bool(message.group):
            why = 'it is not for groups' if message.group else 'it is only for groups'
        else:
            word = matches(trigger.match, message.text)
            if word is not None:
                return trigger, word
            why = f'no word of: {", ".join(trigger.match.values)}'
    return why


def _own_echo(message: Heard) -> str:
    """Two sessions of ours that answer each other would never stop."""
    if not message.phone:
        return ''
    with read():
        own = said_by_own_flow(message.phone, message.text)
    return 'A flow of another session here wrote this.' if own else ''


def _because(word: str) -> str:
    return f'The word “{word}” was found' if word else 'Any message will do'


def _values(message: Heard) -> dict[str, Any]:
    """What a template may use; plain values only."""
    first = '' if message.name.startswith('+') else message.name.split(' ', maxsplit=1)[0]
    return {
        'contact': {
            'id': message.contact_id,
            'phone': f'+{message.phone}' if message.phone else None,
            'lid': message.lid,
            'name': message.name,
            'first_name': first,
        },
        'message': {'id': message.id, 'text': message.text, 'kind': message.kind},
        'chat': {
            'id': message.chat_id,
            'kind': 'group' if message.group else 'private',
            'name': message.chat_name or message.name,
        },
        'session': {'name': message.session, 'phone': message.session_phone},
    }
