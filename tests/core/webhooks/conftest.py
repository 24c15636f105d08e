"""A house that only tells webhooks what happens, with a receiver beside it."""

import ipaddress
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.bus import Bus, News
from core.fetch import Guard
from core.news import NewsDesk
from core.seal import Seal
from core.webhooks.book import Made
from core.webhooks.desk import Webhooks
from core.webhooks.wish import Wish
from core.world import World, growing_ids
from data.database import close_database, open_database, read, write
from data.deliveries import Attempt, Delivery, attempts_of, deliveries
from data.sessions import Session
from data.webhooks import Webhook, webhook_by_id
from tests.core.house import Clock, until
from tests.core.receiver import Receiver, receiver

LOOPBACK = (ipaddress.ip_network('127.0.0.0/8'), ipaddress.ip_network('::1/128'))


@dataclass
class Post:
    """`later` moves the clock and does what happens every second."""

    clock: Clock
    world: World
    desk: NewsDesk
    webhooks: Webhooks
    to: Receiver
    news: list[News] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 100_000)))

    def add(self, *events: str, **more: Any) -> Made:
        wish = Wish(url=more.pop('url', self.to.url()), events=events or ('message.received',), **more)
        self.webhooks.book.check(wish)
        return self.webhooks.book.add(wish, by='Owner')

    def tell(self, text: str = 'hello', kind: str = 'message.received', **more: Any) -> None:
        chat, session = more.pop('chat', 'C1'), more.pop('session', 'S1')
        body = {'id': f'M{next(self.numbers)}', 'text': text, 'from': {'phone': '+15551230001', 'name': 'Anna'}, **more}
        write(lambda: self.desk.tell(kind, body, session=session, chat=chat))

    def later(self, **span: float) -> None:
        self.clock.later(**span)
        self.webhooks.courier.sweep()

    def log(self, made: Made) -> list[Delivery]:
        """Oldest first."""
        with read():
            return deliveries(made.row.id, limit=10_000)[::-1]

    def states(self, made: Made) -> list[str]:
        return [row.state for row in self.log(made)]

    def settled(self, made: Made, *states: str) -> list[Delivery]:
        """Once the deliveries of this webhook are in these states."""
        until(lambda: self.states(made) == list(states))
        return self.log(made)

    def tries(self, row: Delivery) -> list[Attempt]:
        """Oldest first."""
        with read():
            return attempts_of(row.id)[::-1]

    def row(self, made: Made) -> Webhook:
        with read():
            row = webhook_by_id(made.row.id)
        assert row is not None
        return row

    def kinds(self) -> list[str]:
        return [each.kind for each in self.news if each.seq]

    def restart(self) -> None:
        """What a new process would do, with the same database; what the old one still sends is forgotten."""
        self.webhooks.courier.stop()
        self.desk._also.clear()
        self.webhooks = Webhooks(
            self.world, self.desk, Seal(b'a key of these tests'), Guard(LOOPBACK), chance=lambda low, high: 1.0
        )
        self.webhooks.courier.recover()


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    open_database(tmp_path / 'dovecote.db')
    clock = Clock()
    clock.at = datetime.now(UTC).replace(microsecond=0)  # the libraries of receivers look at the real time
    world = World(now=clock.now, new_id=growing_ids(), http=httpx.Client(), ticks=time.monotonic)
    bus = Bus()
    desk = NewsDesk(world, bus)
    webhooks = Webhooks(world, desk, Seal(b'a key of these tests'), Guard(LOOPBACK), chance=lambda low, high: 1.0)
    now = clock.now()
    write(lambda: Session.create(id='S1', name='shop', phone='15550000001', since=now, created_at=now))
    with receiver() as to:
        made = Post(clock, world, desk, webhooks, to)
        bus.watch(made.news.append)
        yield made
        made.webhooks.courier.stop()
    world.http.close()
    close_database()
