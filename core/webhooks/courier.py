"""Brings deliveries to their receivers: claims them, sends them, writes down what became of each."""

import json
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from datetime import datetime, timedelta

from data import deliveries as rows
from data.database import after_commit, read, write, write_soon
from data.deliveries import Outcome, Parcel
from data.webhooks import health_of, probes_due, take_probe

from ..fetch import Guard
from ..news import NewsDesk
from ..world import World
from .circuit import PROBE_EVERY, Circuit
from .endpoints import Endpoint, Endpoints
from .intake import CHANGED, LEASE
from .lane import Lane
from .retry import next_wait, retry_after
from .sign import webhook_id
from .wire import Answer, Wire
from .written import MOST, with_gap

log = logging.getLogger(__name__)

BLOCKS = timedelta(minutes=10)  # how long the first of a chat may keep the others waiting
LOOKS_FOR_BLOCKED = 15  # seconds
STOPS_WITHIN = 3.0  # seconds
BY_HAND = ('test', 'manual')


@dataclass(slots=True)
class _Line:
    lane: Lane
    wire: Wire | None = None


class Courier:
    """`chance(low, high)` gives a number between, for the jitter of retries."""

    def __init__(
        self, world: World, desk: NewsDesk, endpoints: Endpoints, circuit: Circuit, guard: Guard, *,
        chance: Callable[[float, float], float],
    ) -> None:  # fmt: skip
        self.world, self.desk, self.endpoints, self.circuit, self.guard = world, desk, endpoints, circuit, guard
        self.chance = chance
        self._lines: dict[str, _Line] = {}
        self._lock = threading.Lock()
        self._over = False
        self._blocked_at = 0.0

    # ---- its life

    def recover(self) -> int:
        """What was being sent when the program ended is sent again, under the same id; returns how many."""
        return write(lambda: rows.free_leases(None, self.world.now()))

    def sweep(self) -> None:
        """Every second: what is due, whose lease is over, whose circuit may be probed."""
        now = self.world.now()
        with read():
            expired, due, probes = rows.expired_leases(now), rows.behind(now), probes_due(now)
        if expired:
            write(lambda: rows.free_leases(now, now))
        for id in due:
            self.look(id)
        for id in probes:
            self._probe(id, now)
        if self.world.ticks() - self._blocked_at >= LOOKS_FOR_BLOCKED:
            self._blocked_at = self.world.ticks()
            self.pass_blocked()

    def stop(self) -> None:
        self._over = True
        with self._lock:
            lines = list(self._lines.values())
        for line in lines:
            line.lane.stop()
        until = self.world.ticks() + STOPS_WITHIN
        for line in lines:
            line.lane.join(max(0.0, until - self.world.ticks()))
            if line.wire is not None:
                line.wire.close()

    # ---- where parcels wait

    def has_room(self, endpoint: Endpoint) -> bool:
        return not self._over and self._line(endpoint).lane.has_room()

    def take(self, parcel: Parcel) -> None:
        """A parcel that is claimed already."""
        endpoint = None if self._over else self.endpoints.get(parcel.webhook_id)
        if endpoint is not None:
            self._line(endpoint).lane.take(parcel)

    def look(self, webhook_id: str) -> None:
        endpoint = None if self._over else self.endpoints.get(webhook_id)
        if endpoint is not None and endpoint.on and not endpoint.open:
            self._line(endpoint).lane.look()

    def _line(self, endpoint: Endpoint) -> _Line:
        line = self._lines.get(endpoint.id)
        if line is None:
            with self._lock:
                line = self._lines.get(endpoint.id) or self._lines.setdefault(endpoint.id, self._new(endpoint.id))
        line.lane.allow(endpoint.concurrency, endpoint.rate)
        return line

    def _new(self, id: str) -> _Line:
        lane = Lane(
            id[-6:], send=self._carry, more=lambda limit: self._more(id, limit), rest=lambda: self._rest(id),
            ticks=self.world.ticks,
        )  # fmt: skip
        return _Line(lane)

    def _more(self, id: str, limit: int) -> list[Parcel]:
        endpoint = self.endpoints.get(id)
        if endpoint is None or not endpoint.on or endpoint.open:
            return []
        now = self.world.now()
        return write(lambda: rows.claim(id, limit, now=now, until=now + LEASE, per_chat=endpoint.per_chat))

    def _rest(self, id: str) -> None:
        """Nobody sends to it: nothing stays open."""
        wire, self._lines[id].wire = self._lines[id].wire, None
        if wire is not None:
            wire.close()

    def _wire(self, endpoint: Endpoint) -> Wire:
        line = self._line(endpoint)
        wire = line.wire
        if wire is None:
            with self._lock:
                wire = line.wire = line.wire or Wire(self.guard, connections=20)
        return wire

    # ---- one delivery

    def _carry(self, parcel: Parcel) -> None:
        """Not before it is kept the next one: a kill repeats no more than what is sent at a time."""
        kept = self.send(parcel)
        if kept is not None:
            wait([kept])

    def send(self, parcel: Parcel) -> 'Future[Answer] | None':
        """Post it and write down what came back; None when it is not to be sent now. The future: once it is kept."""
        endpoint = self.endpoints.get(parcel.webhook_id)
        if endpoint is None:
            return None
        if parcel.trigger not in BY_HAND and (not endpoint.on or (endpoint.open and parcel.trigger != 'probe')):
            write_soon(lambda: rows.give_back(parcel.id, parcel.n, 'pending' if endpoint.on else 'paused'))
            return None
        at = self.world.now()
        headers = endpoint.headers_for(parcel.body, webhook_id(parcel.id), at)
        answer = self._post(endpoint, parcel, headers)
        shown = json.dumps(endpoint.shown(headers))
        kept = write_soon(lambda: self._settle(parcel, answer, at, shown))
        kept.add_done_callback(_complain)
        return kept

    def _post(self, endpoint: Endpoint, parcel: Parcel, headers: dict[str, str]) -> Answer:
        if len(parcel.body) > MOST:
            return Answer(status=0, problem='too_large', ms=0, detail=f'The event has more than {MOST // 1024} KiB.')
        if parcel.trigger != 'test':
            return self._wire(endpoint).post(endpoint.url, parcel.body, headers, total=endpoint.timeout)
        wire = Wire(self.guard, connections=1)  # somebody waits for it, whatever else is on its way
        try:
            return wire.post(endpoint.url, parcel.body, headers, total=endpoint.timeout)
        finally:
            wire.close()

    def _settle(self, parcel: Parcel, answer: Answer, at: datetime, headers: str) -> Answer:
        """Inside a write."""
        id = parcel.webhook_id
        health = health_of(id)
        if health is None:
            return answer  # deleted meanwhile, and its deliveries with it
        now = self.world.now()
        mine = rows.settle(parcel.id, parcel.n, self._outcome(parcel, answer, now, on=health.on))
        rows.add_attempt(
            parcel.id, n=parcel.n, trigger=parcel.trigger, at=at, ms=answer.ms, address=answer.address,
            status=answer.status, error=answer.problem, detail=answer.detail, headers=headers,
            answer_headers=json.dumps(answer.headers[:100]), answer=answer.body,
        )  # fmt: skip
        if answer.is_good:
            self.circuit.succeeded(id, health, now)
        elif parcel.trigger != 'test' and answer.problem != 'too_large':
            self.circuit.failed(id, now, status=answer.status)
        if mine and health.per_chat and parcel.chat:
            after_commit(lambda: self.look(id))
        body = {'webhook': id, 'delivery': parcel.id}
        after_commit(lambda: self.desk.whisper(CHANGED, body))
        return answer

    def _outcome(self, parcel: Parcel, answer: Answer, now: datetime, *, on: bool) -> Outcome:
        step, due = parcel.step, now
        if answer.is_good:
            state: rows.DeliveryState = 'delivered'
        elif parcel.trigger == 'test' or answer.problem == 'too_large' or (parcel.trigger == 'manual' and not on):
            state = 'dead'
        elif not on:
            state = 'paused'
        elif parcel.trigger == 'probe':  # it asked for all the others: that costs it none of its own tries
            state = 'retrying'
        else:
            asked = retry_after(answer.header('retry-after'), now)
            wait = next_wait(step, status=answer.status, retry_after=asked, chance=self.chance)
            state, step = ('dead', step) if wait is None else ('retrying', step + 1)
            due = now + timedelta(seconds=wait or 0)
        return Outcome(
            state=state, due=due, step=step, at=now, status=answer.status, error=answer.problem, ms=answer.ms
        )

    # ---- what waits for others

    def _probe(self, id: str, now: datetime) -> None:
        """One request to a receiver that is spared, to see whether it is back."""

        def claim() -> None:
            if take_probe(id, now, now + PROBE_EVERY):
                parcel = rows.claim_for_probe(id, until=now + LEASE)
                if parcel is not None:
                    after_commit(lambda: self.take(parcel))

        write(claim)

    def pass_blocked(self) -> None:
        """Let a chat go on whose first delivery has failed for too long; the next one says that there is a gap."""
        before = self.world.now() - BLOCKS
        for endpoint in self.endpoints.all().values():
            if endpoint.per_chat and endpoint.on and not endpoint.open:
                write(lambda id=endpoint.id: self._pass(id, before))  # type: ignore[misc]

    def _pass(self, id: str, before: datetime) -> None:
        chats = rows.skip_blocking(id, before)
        for chat in chats:
            first = rows.first_of_chat(id, chat)
            if first is not None:
                rows.put_body(first[0], with_gap(first[1]))
        if chats:
            after_commit(lambda: self.look(id))


def _complain(kept: 'Future[Answer]') -> None:
    problem = kept.exception()
    if problem is not None:  # its lease ends, then it is sent again
        log.error('what became of a delivery could not be kept', exc_info=problem)
