"""The parcels of one webhook on their way: so many at a time, so many a second, and no other webhook waits for them."""

import logging
import threading
from collections import deque
from collections.abc import Callable

from data.database import database
from data.deliveries import Parcel

log = logging.getLogger(__name__)

IDLE = 10.0  # seconds a thread waits for more before it ends
SPARE = 4  # parcels in line for each that may be sent at a time
SOON = 60  # seconds in which whatever is in line may leave: its lease must not end before that


class Lane:
    """`send(parcel)` sends one and keeps what became of it; `more(limit)` claims what waits in the database.

    Its threads come when there is something to do and go when there is nothing.
    """

    def __init__(
        self, name: str, *, send: Callable[[Parcel], object], more: Callable[[int], list[Parcel]],
        rest: Callable[[], object], ticks: Callable[[], float],
    ) -> None:  # fmt: skip
        self.name, self.send, self.more, self.rest, self.ticks = name, send, more, rest, ticks
        self.concurrency, self.rate = 1, 1.0
        self._line: deque[Parcel] = deque()
        self._ready = threading.Condition()
        self._threads: set[threading.Thread] = set()
        self._waiting = 0  # threads with nothing to do
        self._looks = self._looked = 0  # how often it was said that more waits, and how often somebody looked
        self._filling = self._over = False
        self._tokens, self._counted_at = 1.0, ticks()

    def allow(self, concurrency: int, rate: float) -> None:
        if (concurrency, rate) != (self.concurrency, self.rate):
            with self._ready:
                self.concurrency, self.rate = concurrency, rate
                self._tokens = min(self._tokens + rate, rate)

    def has_room(self) -> bool:
        """False also while something older waits in the database."""
        return len(self._line) < self._length() and self._looks == self._looked and not self._over

    def take(self, parcel: Parcel) -> None:
        with self._ready:
            self._line.append(parcel)
            self._wake()

    def look(self) -> None:
        """Something in the database is due."""
        with self._ready:
            self._looks += 1
            self._wake()

    def stop(self) -> None:
        """What is in line stays in its row, what is being sent is finished; see join()."""
        with self._ready:
            self._over = True
            self._ready.notify_all()

    def join(self, seconds: float) -> None:
        until = self.ticks() + seconds
        for thread in list(self._threads):
            thread.join(max(0.0, until - self.ticks()))

    def _wake(self) -> None:
        if self._over:
            return
        if self._waiting:
            self._ready.notify()
        if len(self._line) + 1 > self._waiting and len(self._threads) < self.concurrency:
            thread = threading.Thread(target=self._work, name=f'webhook {self.name}', daemon=True)
            self._threads.add(thread)
            thread.start()

    def _work(self) -> None:
        try:
            while True:
                task = self._next()
                if task is None:
                    return
                if isinstance(task, Parcel):
                    self._send(task)
                else:
                    self._fill(task)
        finally:
            self._leave()
            database.close()

    def _send(self, parcel: Parcel) -> None:
        try:
            self.send(parcel)
        except Exception:  # its lease ends, then it is sent again; the others have nothing to do with it
            log.exception('delivery %s could not be handled', parcel.id)

    def _fill(self, room: int) -> None:
        looks, parcels = self._looks, []
        try:
            parcels = self.more(room)
        except Exception:  # the next second is a new chance
            log.exception('the deliveries of a webhook could not be claimed')
        finally:
            with self._ready:
                self._line.extend(parcels)
                self._filling = False
                if len(parcels) < room:  # nothing more was due when we looked
                    self._looked = looks
                self._ready.notify_all()
                self._wake_for(len(parcels))

    def _wake_for(self, count: int) -> None:
        for _ in range(min(count, self.concurrency)):
            self._wake()

    def _next(self) -> Parcel | int | None:
        """A parcel, or how many more may be claimed; None: this thread is not needed any more."""
        with self._ready:
            while not self._over and len(self._threads) <= self.concurrency:
                room = self._length() - len(self._line)
                if self._looks != self._looked and not self._filling and room >= max(1, self._length() // 2):
                    self._filling = True
                    return room
                wait = self._until_next()
                if self._line and wait <= 0:
                    self._tokens -= 1
                    return self._line.popleft()
                self._waiting += 1
                woken = self._ready.wait(wait if self._line else IDLE)
                self._waiting -= 1
                if not woken and not self._line and self._looks == self._looked:
                    break
            self._threads.discard(threading.current_thread())
            return None

    def _length(self) -> int:
        """Of the line."""
        return max(1, min(self.concurrency * SPARE, int(self.rate * SOON)))

    def _until_next(self) -> float:
        """Seconds until one more may leave; a second's worth may leave at once."""
        now = self.ticks()
        self._tokens = min(self._tokens + (now - self._counted_at) * self.rate, max(1.0, self.rate))
        self._counted_at = now
        return 0.0 if self._tokens >= 1 else (1 - self._tokens) / self.rate

    def _leave(self) -> None:
        with self._ready:
            self._threads.discard(threading.current_thread())
            if not self._threads:
                self.rest()
