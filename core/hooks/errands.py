"""Does what hooks were told to do: each event once, also after a crash in the middle."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from queue import Queue
from typing import Any
from zlib import crc32

from data.database import StorageFailed, after_commit, database, read, write, write_soon
from data.hooks import (
    EventState,
    HookEvent,
    add_event,
    claim_event,
    due_events,
    event_by_id,
    remember,
    settle_event,
    was_seen,
)

from ..attaching import as_message, from_web
from ..errors import Conflict, DovecoteError, Invalid, NoFiller, NotFound
from ..fetch import Guard
from ..media import MediaStore
from ..news import NewsDesk
from ..outbox import Author, Saying
from ..templates import letter
from ..world import World
from .doing import Doing
from .hooks import Hooks
from .mapping import Map, Wish, map_of, values_of, wishes_of
from .reading import KEPT_FOR, dedupe_key, payload_of

log = logging.getLogger(__name__)

WORKERS = 4
CALLED = 'dovecote.hook.called'  # in the log, for flows that wait for a hook
FETCHING = 30.0  # seconds for a file
BROKEN = 'Something broke inside Dovecote while this was done; its log says what.'
Result = dict[str, Any]
Prepared = tuple[Wish, Saying | None, DovecoteError | None]  # with what is said, or why that cannot be
# What becomes of an event, by the worst of its results.
OUTCOMES: tuple[tuple[str, EventState], ...] = (('failed', 'failed'), ('done', 'done'), ('duplicate', 'duplicate'))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What came of an event."""

    state: str
    results: Sequence[Result]
    error: str


class Errands:
    """The rows say what is to be done; a lost nudge is found by the sweep."""

    def __init__(
        self, world: World, hooks: Hooks, doing: Doing, desk: NewsDesk, *, media: MediaStore, guard: Guard
    ) -> None:
        self.world, self.hooks, self.doing, self.desk = world, hooks, doing, desk
        self.media, self.guard = media, guard
        self._waiting: set[str] = set()  # what is in a queue, or on its way into its row
        self._listeners: dict[str, list[Future[Settled]]] = {}
        self._lock = threading.Lock()
        self._queues: list[Queue[str | None]] = [Queue() for _ in range(WORKERS)]
        self._threads = [
            threading.Thread(target=self._work, args=(queue,), name=f'hooks-{n}', daemon=True)
            for n, queue in enumerate(self._queues)
        ]

    def start(self) -> None:
        """Work begins, with whatever the end of the program left undone."""
        for thread in self._threads:
            thread.start()
        self.sweep()

    def stop(self) -> None:
        for queue in self._queues:
            queue.put(None)
        for thread in self._threads:
            if thread.is_alive():
                thread.join(5)

    def nudge(self, event_id: str, hook_id: str) -> None:
        """One hook always has the same worker: what it is told is done in the order in which it came."""
        with self._lock:
            if event_id in self._waiting:
                return
            self._waiting.add(event_id)
        self._queues[crc32(hook_id.encode()) % WORKERS].put(event_id)

    def sweep(self) -> None:
        """What is due now, or was forgotten, is done."""
        with read():
            due = due_events(self.world.now())
        for event_id, hook_id in due:
            self.nudge(event_id, hook_id)

    def outcome(self, event_id: str) -> 'Future[Settled]':
        """What comes of it, once that is known."""
        listener: Future[Settled] = Future()
        with self._lock:
            self._listeners.setdefault(event_id, []).append(listener)
        with read():
            row = event_by_id(event_id)
        if row is not None and row.state != 'received':
            self._tell(event_id, Settled(state=str(row.state), results=row.results, error=str(row.error)))
        return listener

    def give_up(self, event_id: str, listener: 'Future[Settled]') -> None:
        """This one does not wait for it any more."""
        with self._lock:
            left = [each for each in self._listeners.get(event_id, ()) if each is not listener]
            if left:
                self._listeners[event_id] = left
            else:
                self._listeners.pop(event_id, None)

    def try_out(self, map: Map, values: Mapping[str, Any], to: str, author: Author) -> str:
        """Send the first message there would be to somebody else instead; returns its id. Raises what `do` raises."""
        wish = next(iter(wishes_of(self.hooks.checked(map), values)), None)
        if wish is None or wish.action != 'message':
            raise Invalid('Nothing would be said here.')
        if wish.problem:
            raise Invalid(wish.problem, field=wish.field)
        saying, problem = self._prepared(wish, map.country)
        if problem is not None:
            raise problem
        aside = replace(wish, to=to, name='')
        done = write(lambda: self.doing.do(aside, saying, author, country=map.country, payload=None, unknown='create'))
        return str(done['message'])

    def replay(self, event_id: str, hook_id: str) -> str:
        """Do it again, as a new event whose id is returned; of one that failed only what did not go through.

        Raises NotFound, and Conflict while it is still to be done.
        """

        def again() -> str:
            row = event_by_id(event_id, hook_id=hook_id)
            if row is None:
                raise NotFound('There is no such event of this hook.')
            if row.due_at is not None:
                raise Conflict('This is still being done.', code='not_settled')
            done = [each['number'] for each in row.results if each['state'] == 'done']
            skip = sorted({*done, *row.skip}) if row.state == 'failed' else []
            now, id = self.world.now(), self.world.new_id()
            add_event(
                id, hook_id, origin='replay', state='received', at=now, due_at=now, ip=str(row.ip), skip=skip,
                content_type=str(row.content_type), headers=row.headers, query=row.query, body=bytes(row.body),
                replay_of=str(row.replay_of or row.id),
            )  # fmt: skip
            self._announce(hook_id, id)
            self.desk.tell(CALLED, {'hook': hook_id, 'event': id})
            after_commit(lambda: self.nudge(id, hook_id))
            return id

        return write(again)

    # ---- doing it

    def _work(self, queue: 'Queue[str | None]') -> None:
        try:
            while (id := queue.get()) is not None:
                try:
                    self.run(id)
                except Exception:  # one event must not stop the others; the sweep comes back to it
                    log.exception('hook event %s broke', id)
                    self._let_go(id)
        finally:
            database.close()

    def run(self, id: str) -> None:
        """Settle what is due of this event; everything it brings about is one write."""
        with read():
            row = event_by_id(id)
        now = self.world.now()
        if row is None or row.state != 'received' or row.due_at is None or row.due_at > now:
            self._let_go(id)
            return
        work: Callable[[], None]
        try:
            payload, prepared, later = self._ready(row, now)
        except NoFiller as error:  # the sweep comes back to it
            log.error('hook event %s waits: %s', id, error)
            self._let_go(id)
            return
        except DovecoteError as error:
            work = partial(self._end, row, 'failed', list(row.results), str(error))
        else:
            work = partial(self._settle, row, payload, prepared, later)
        write_soon(partial(self._claimed, row, work)).add_done_callback(partial(self._written, row))

    def _ready(self, row: HookEvent, now: datetime) -> tuple[Any, list[Prepared], list[Wish]]:
        """The payload, what is due of it, and what comes later."""
        payload, wishes = self._planned(row)
        past = {each['number'] for each in row.results} | set(row.skip)
        left = [wish for wish in wishes if wish.number not in past]
        due = [wish for wish in left if row.at + timedelta(seconds=wish.delay) <= now]
        country = map_of(row.hook.map).country
        later = [wish for wish in left if wish not in due]
        return payload, [(wish, *self._prepared(wish, country)) for wish in due], later

    def _planned(self, row: HookEvent) -> tuple[Any, list[Wish]]:
        payload = payload_of(str(row.content_type), bytes(row.body))
        if row.wishes is not None:
            return payload, [Wish(**each) for each in row.wishes]
        return payload, wishes_of(map_of(row.hook.map), values_for(row, payload))

    def _prepared(self, wish: Wish, country: str) -> tuple[Saying | None, DovecoteError | None]:
        """With its file or its template, which take their time and so come before the write."""
        lettered = wish.template and wish.action == 'message'
        if wish.problem or not (wish.url or lettered):
            return None, None
        try:
            if lettered:
                return letter(self.media, self.doing.letter(wish, country)), None
            file = from_web(self.media, self.guard, wish.url, filename=wish.filename, total=FETCHING)
            kind: Any = wish.as_ or None
            return as_message(self.media, file, kind, caption=wish.text, filename=wish.filename), None
        except NoFiller:
            raise
        except DovecoteError as error:
            return None, error

    def _claimed(self, row: HookEvent, work: Callable[[], None]) -> None:
        if claim_event(row.id, due=row.due_at):
            work()

    def _settle(
        self, row: HookEvent, payload: Any, due: Sequence[Prepared], later: Sequence[Wish]
    ) -> None:  # fmt: skip
        results = list(row.results)
        for wish, saying, problem in due:
            results.append(self._result(row, payload, wish, saying, problem))
        if later:
            next_at = min(row.at + timedelta(seconds=wish.delay) for wish in later)
            frozen = [asdict(replace(wish, vars=dict(wish.vars))) for wish in later]
            settle_event(row.id, results=results, wishes=frozen, due_at=next_at)
            self._announce(row.hook_id, row.id)
            return
        states = {each['state'] for each in results}
        nothing: EventState = 'done' if map_of(row.hook.map).action == 'none' else 'skipped'
        state: EventState = next((state for worst, state in OUTCOMES if worst in states), nothing)
        error = next((each['error'] for each in results if each['state'] == 'failed'), '')
        self._end(row, state, results, error)

    def _result(
        self, row: HookEvent, payload: Any, wish: Wish, saying: Saying | None, problem: DovecoteError | None
    ) -> Result:
        text = saying.text if saying is not None else wish.text
        told: Result = {'number': wish.number, 'to': wish.to, 'text': text[:1_000]}
        key = dedupe_key(wish.dedupe_key) if wish.dedupe_key else ''
        now = self.world.now()
        try:
            if wish.problem:
                raise Invalid(wish.problem, field=wish.field)
            if problem is not None:
                raise problem
            if key and (earlier := was_seen(row.hook_id, key, now)):
                return {**told, 'state': 'duplicate', 'event': earlier}
            author = Author(id=f'hook:{row.hook_id}', name=str(row.hook.name))
            done = self.doing.do(wish, saying, author, country=map_of(row.hook.map).country, payload=payload,
                                 unknown=map_of(row.hook.map).unknown)  # fmt: skip
        except DovecoteError as error:
            return {**told, 'state': 'failed', 'error': str(error), 'code': error.code,
                    'field': getattr(error, 'field', '')}  # fmt: skip
        if key and done.get('state') == 'done':
            remember(row.hook_id, key, row.id, now + KEPT_FOR)
        return {**told, **done}

    def _end(self, row: HookEvent, state: EventState, results: list[Result], error: str) -> None:
        settle_event(row.id, state=state, results=results, error=error, wishes=None, settled_at=self.world.now())
        self._announce(row.hook_id, row.id)
        settled = Settled(state=state, results=results, error=error)
        after_commit(lambda: self._tell(row.id, settled))

    def _announce(self, hook_id: str, event_id: str) -> None:
        after_commit(lambda: self.desk.whisper('hook.event', {'hook': hook_id, 'id': event_id}))

    def _written(self, row: HookEvent, done: 'Future[None]') -> None:
        problem = done.exception()
        if problem is not None and not isinstance(problem, StorageFailed):  # what it was is no good to try again
            log.error('hook event %s broke', row.id, exc_info=problem)
            work = partial(self._end, row, 'failed', list(row.results), BROKEN)
            write_soon(partial(self._claimed, row, work)).add_done_callback(lambda _: self._let_go(row.id))
            return
        if problem is not None:  # the sweep comes back to it
            log.error('hook event %s could not be kept: %s', row.id, problem)
        self._let_go(row.id)

    def _let_go(self, id: str) -> None:
        with self._lock:
            self._waiting.discard(id)

    def _tell(self, event_id: str, settled: Settled) -> None:
        with self._lock:
            listeners = self._listeners.pop(event_id, [])
        for each in listeners:
            if not each.done():
                each.set_result(settled)


def values_for(row: HookEvent, payload: Any) -> dict[str, Any]:
    """What templates may name, of an event with its hook joined."""
    return values_of(
        payload, row.headers, row.query, id=str(row.hook.id), name=str(row.hook.name), now=row.at
    )  # fmt: skip


def messages_in(results: Sequence[Mapping[str, Any]]) -> list[str]:
    """The ids of the messages that were posted, in order."""
    return [str(each['message']) for each in results if each.get('message')]
