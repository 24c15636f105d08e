"""How what waits is handed to the hosts: one lane per session, a few messages at a time, in order."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from data.database import after_commit, write_soon
from data.departures import sessions_waiting
from data.traffic import Line

from .again import Again
from .errors import DovecoteError, NotConnected, SendRefused, SendUncertain
from .events import Outgoing, Sent
from .limits import REASONS
from .outcomes import TRIES, Outcomes
from .outgoing import Packing
from .pacing import Pacing
from .world import World

log = logging.getLogger(__name__)

# So many messages of one session are with the host at a time: enough to keep it busy, few enough that a crash of the
# whole program leaves little in doubt. The host sends them one by one, in order.
AHEAD = 8
PAUSE = 1.0  # seconds until the next try after 'not connected'
BUSY = 5.0  # and after WhatsApp asked us to slow down
SLOW_DOWN = {429, 500, 503}


class Send(Protocol):
    """Hosts.send: fails with NotConnected (nothing left), SendRefused or SendUncertain.

    Once one of a `batch` fails with an error worth trying again, nothing later of that batch is sent.
    """

    def __call__(self, session: str, message: Outgoing, /, *, batch: int) -> 'Future[Sent]': ...


@dataclass(slots=True)
class _Lane:
    """The way out of one session: how many messages are with the host, and whether more are being claimed.

    `holding`: one came back unsent; until all that are away are back in line, nothing may overtake them.
    """

    away: int = 0
    claiming: bool = False
    again: bool = False
    holding: bool = False
    batch: int = 1
    not_before: float = 0.0


class Departures:
    """`again` writes down what became of a message, however often that takes. Any thread may nudge."""

    def __init__(
        self, world: World, send: Send, *, again: Again, pacing: Pacing, packing: Packing, outcomes: Outcomes
    ) -> None:
        self.world, self.send, self.again = world, send, again
        self.pacing, self.packing, self.outcomes = pacing, packing, outcomes
        self._lanes: dict[str, _Lane] = {}
        self._online: set[str] = set()
        self._lock = threading.Lock()
        self._closing = False

    def online(self, session_id: str) -> None:
        """The session can send: whatever waits may go."""
        self.pacing.forget(session_id)  # it may have been linked just now
        with self._lock:
            self._online.add(session_id)
            self._lane(session_id).not_before = 0.0
        self.nudge(session_id)

    def offline(self, session_id: str) -> None:
        with self._lock:
            self._online.discard(session_id)

    def nudge(self, session_id: str) -> None:
        """Something may be waiting; the rows say what."""
        with self._lock:
            lane = self._lane(session_id)
            if self._closing or session_id not in self._online:
                return
            if lane.holding or self.world.ticks() < lane.not_before:  # the sweep comes back to it
                return
            if lane.claiming or lane.away > AHEAD // 2:
                lane.again = True
                return
            lane.claiming, lane.again = True, False
            away = lane.away
        claimed = write_soon(lambda: self._claim(session_id, away))
        claimed.add_done_callback(lambda done: self._claimed(session_id, done))

    def sweep(self) -> None:
        """A lost nudge is found here: every session that can send and has something waiting."""
        for session_id in sessions_waiting():
            self.nudge(session_id)

    def close(self) -> None:
        """Hand nothing more to the hosts; what waits stays in its rows."""
        with self._lock:
            self._closing = True

    def _claim(self, session_id: str, away: int) -> None:
        claimed = self.pacing.claim(session_id, AHEAD - away, away=away)
        for row, status, why, code in claimed.over:
            self.outcomes.over(row, status, why, code)
        for row in claimed.waiting:
            self.outcomes.says_queued(row)
        ready = [(line, message) for line in claimed.lines if (message := self._ready(line)) is not None]
        after_commit(lambda: self._dispatch(session_id, ready))

    def _ready(self, row: Line) -> Outgoing | None:
        """None: it can never be sent, and says so."""
        try:
            return self.packing.outgoing(row)
        except DovecoteError as error:
            self.pacing.settled(row, left=False)
            self.outcomes.over(row, 'failed', str(error), error.code)
            return None

    def _claimed(self, session_id: str, done: 'Future[None]') -> None:
        with self._lock:
            lane = self._lane(session_id)
            lane.claiming = False
            again = lane.again and lane.away <= AHEAD // 2
        if done.exception() is not None:
            log.error('could not claim messages of session %s', session_id, exc_info=done.exception())
        elif again:
            self.nudge(session_id)

    def _dispatch(self, session_id: str, ready: list[tuple[Line, Outgoing]]) -> None:
        with self._lock:
            lane = self._lane(session_id)
            lane.away += len(ready)
            holding, batch = lane.holding, lane.batch
        for row, message in ready:
            if holding:
                self.again.write(partial(self.outcomes.back_in_line, row), partial(self._recorded, session_id, row))
                continue
            outcome = self.send(session_id, message, batch=batch)
            outcome.add_done_callback(partial(self._came_back, session_id, row))

    def _came_back(self, session_id: str, row: Line, outcome: 'Future[Sent]') -> None:
        problem = outcome.exception()
        work: Callable[[], None]
        if problem is None:
            work = partial(self.outcomes.sent, row, outcome.result())
        elif isinstance(problem, NotConnected):
            self._hold(session_id, PAUSE)
            work = partial(self.outcomes.back_in_line, row)
        elif isinstance(problem, SendRefused):
            work = self._was_refused(session_id, row, problem)
        elif isinstance(problem, SendUncertain):
            work = partial(self.outcomes.over, row, 'uncertain', str(problem), problem.code)
        else:
            log.error('sending message %s broke', row.id, exc_info=problem)
            broke = 'Sending broke in the middle; it may have left.'
            work = partial(self.outcomes.over, row, 'uncertain', broke, 'broken')
        self.again.write(work, partial(self._recorded, session_id, row))

    def _was_refused(self, session_id: str, row: Line, problem: SendRefused) -> Callable[[], None]:
        if problem.retry and row.attempts <= len(TRIES):
            self._hold(session_id, BUSY if problem.reason in SLOW_DOWN else PAUSE)
            return partial(self.outcomes.try_later, row, problem)
        if problem.retry or problem.reason in REASONS:  # the host has refused the rest of the batch with it
            self._hold(session_id, 0.0)
        return partial(self.outcomes.refused, row, problem)

    def _recorded(self, session_id: str, row: Line, problem: BaseException | None) -> None:
        if problem is not None:  # the row stays in 'sending' and is uncertain after the next start
            log.error('could not record what became of message %s', row.id, exc_info=problem)
        with self._lock:
            lane = self._lane(session_id)
            lane.away -= 1
            if lane.away == 0 and lane.holding:
                lane.holding, lane.batch = False, lane.batch + 1
        self.nudge(session_id)

    def _hold(self, session_id: str, seconds: float) -> None:
        with self._lock:
            lane = self._lane(session_id)
            lane.holding = True
            lane.not_before = self.world.ticks() + seconds

    def _lane(self, session_id: str) -> _Lane:
        return self._lanes.setdefault(session_id, _Lane())
