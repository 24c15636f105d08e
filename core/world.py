"""Everything that is not ours: time, chance, the network."""

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
from ulid import ULID

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class World:
    """`now` gives aware UTC times, `new_id` ULIDs that sort by creation, `ticks` monotonic seconds."""

    now: Clock
    new_id: Callable[[], str]
    http: httpx.Client
    ticks: Callable[[], float] = time.monotonic


def real_world() -> World:
    return World(
        now=lambda: datetime.now(UTC),
        new_id=growing_ids(),
        http=httpx.Client(trust_env=False, follow_redirects=False, timeout=10),
    )


def growing_ids() -> Callable[[], str]:
    """ULIDs that always grow, also within one millisecond: the order of a queue is the order of its ids."""
    lock, last = threading.Lock(), 0

    def new_id() -> str:
        nonlocal last
        fresh = time.time_ns() // 1_000_000 << 80 | secrets.randbits(80)
        with lock:
            last = number = max(last + 1, fresh)
        return str(ULID.from_bytes(number.to_bytes(16, 'big')))

    return new_id
