"""The inner rooms with their real database and a twin of the session host."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from core.again import Again
from core.bodies import Body, history_of
from core.bus import Bus, News
from core.errors import DovecoteError
from core.events import Connected, Event, GroupSeen, MessageReceived, Outgoing, ReceiptReceived, Sent
from core.identities import Identities
from core.inbox import Inbox
from core.news import NewsDesk
from core.outbox import Author, NewText, Outbox
from core.sessions import Sessions
from core.world import World, growing_ids
from data.database import close_database, open_database, read, write
from data.messages import Message, receipts_of
from data.sessions import Session, session_by_name
from data.traffic import Line
from flows.guards import CAREFUL, LoopGuard
from flows.library import Library
from flows.router import Router

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
ANNA, BEN = '15551230001', '15551230002'
OWNER = Author(id='user:owner', name='Owner')


class Clock:
    def __init__(self) -> None:
        self.at = START

    def later(self, **span: float) -> None:
        self.at += timedelta(**span)

    def now(self) -> datetime:
        return self.at

    def ticks(self) -> float:
        return (self.at - START).total_seconds()


class TwinHosts:
    """Takes what the real hosts take; what is sent waits in `line` until the test says what became of it."""

    def __init__(self) -> None:
        self.line: list[tuple[str, Outgoing, Future[Sent]]] = []
        self.sent: list[tuple[str, str]] = []
        self.calls: list[tuple[str, str]] = []
        self.linked: set[str] = set()
        self.checks: list[Future[None]] = []
        self.holds = False
        self.fails_with: DovecoteError | None = None

    def send(self, session: str, message: Outgoing, *, batch: int = 0) -> 'Future[Sent]':
        future: Future[Sent] = Future()
        self.line.append((session, message, future))
        if not self.holds:
            self.settle()
        return future

    def settle(self) -> None:
        """Everything in line leaves, or fails with `fails_with`."""
        line, self.line = self.line, []
        for _, message, future in line:
            if self.fails_with is not None:
                future.set_exception(self.fails_with)
            else:
                self.sent.append((message.to, message.text))
                future.set_result(Sent(whatsapp_id=f'WA{len(self.sent)}', at=START))

    def open(self, session: str) -> None:
        self.calls.append(('open', session))

    def close(self, session: str) -> None:
        self.calls.append(('close', session))

    def reconnect(self, session: str) -> None:
        self.calls.append(('reconnect', session))

    def logout(self, session: str, *, timeout: float = 20) -> None:
        self.calls.append(('logout', session))
        if self.fails_with is not None:
            raise self.fails_with

    def forget(self, session: str) -> None:
        self.calls.append(('forget', session))

    def is_linked(self, session: str) -> bool:
        return session in self.linked

    def pairing_code(self, session: str, phone: str, *, timeout: float = 20) -> tuple[str, datetime]:
        return f'CODE{phone[-4:]}', START + timedelta(minutes=2)

    def groups(self, session: str) -> 'Future[tuple[GroupSeen, ...]]':
        self.calls.append(('groups', session))
        told: Future[tuple[GroupSeen, ...]] = Future()
        told.set_result((GroupSeen(session=session, group='120363@g.us', name='Regulars', participants=()),))
        return told

    def check(self, session: str, *, timeout: float = 10) -> 'Future[None]':
        self.checks.append(Future())
        return self.checks[-1]


@dataclass
class House:
    clock: Clock
    hosts: TwinHosts
    sessions: Sessions
    outbox: Outbox
    inbox: Inbox
    library: Library
    router: Router
    again: Again
    news: list[News] = field(default_factory=list)
    stored: list[Event] = field(default_factory=list)
    nudged: list[str] = field(default_factory=list)

    def tell(self, event: Event) -> None:
        self.inbox.receive(event, lambda: self.stored.append(event))
        self.settle()

    def settle(self) -> None:
        """Until every write, and what followed from it, is done."""
        for _ in range(6):
            write(lambda: None)
            while self.nudged:
                self.router.route(self.nudged.pop(0))

    def session(self, name: str = 'shop') -> Session:
        with read():
            row = session_by_name(name)
        assert row is not None
        return row

    def working(self, name: str = 'shop', phone: str = '15550000001') -> str:
        row = self.sessions.create(name)
        self.sessions.start(name)
        self.tell(Connected(session=row.id, phone=phone, lid=f'9{phone}', push_name='Shop'))
        return str(row.id)

    def says(self, text: str, **more: object) -> None:
        """Anna writes to shop."""
        self.tell(message(self.session().id, text, **more))
        self.settle()

    def post(self, text: str, to: str = ANNA, *, reply_to: str = '') -> Line:
        row = self.outbox.post(NewText(session='shop', to=to, text=text, reply_to=reply_to), OWNER)
        self.settle()
        return row

    def message(self, id: str) -> Message:
        with read():
            return Message.get_by_id(id)

    def statuses(self) -> list[tuple[str, str]]:
        with read():
            return [(m.text, m.status) for m in Message.select().order_by(Message.id)]

    def history(self, id: str) -> list[Body]:
        row = self.message(id)
        return history_of(row, receipts_of(row))

    def kinds(self) -> list[str]:
        return [each.kind for each in self.news]


def message(session: str, text: str, **more: object) -> MessageReceived:
    number = more.pop('id', None) or f'IN{abs(hash((text, str(more)))) % 10**9}'
    values: dict[str, object] = {
        'session': session, 'whatsapp_id': number, 'chat': f'{ANNA}@s.whatsapp.net', 'chat_alt': '',
        'sender': f'{ANNA}@s.whatsapp.net', 'sender_alt': '', 'push_name': 'Anna', 'from_me': False,
        'is_group': False, 'kind': 'text', 'text': text, 'quote': None, 'mentions': (), 'at': START,
        'origin': 'live', 'raw': b'',
    }  # fmt: skip
    return MessageReceived(**{**values, **more})  # type: ignore[arg-type]


def receipt(session: str, kind: str, *ids: str, sender: str = f'{ANNA}@s.whatsapp.net') -> ReceiptReceived:
    return ReceiptReceived(
        session=session, whatsapp_ids=ids, chat=sender, sender=sender, sender_alt='', kind=kind,  # type: ignore[arg-type]
        by_me=False, at=START,
    )  # fmt: skip


def until(what: Callable[[], object], seconds: float = 20) -> None:
    """Wait for what other threads bring about."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, 'it did not come about in time'
        time.sleep(0.01)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    open_database(tmp_path / 'dovecote.db')
    clock, hosts = Clock(), TwinHosts()
    world = World(now=clock.now, new_id=growing_ids(), http=httpx.Client(), ticks=clock.ticks)
    bus = Bus()
    desk = NewsDesk(world, bus)
    identities = Identities(world, desk)
    again = Again()
    outbox = Outbox(world, identities, desk, hosts.send, again=again)
    sessions = Sessions(world, identities, desk, hosts, outbox)
    library = Library(world, desk)
    router = Router(world, library, LoopGuard(CAREFUL), outbox, desk)
    nudged: list[str] = []
    inbox = Inbox(
        world, identities, sessions, desk, lambda id, chat: nudged.append(id), again=again, groups=hosts.groups
    )
    made = House(clock, hosts, sessions, outbox, inbox, library, router, again, nudged=nudged)
    bus.watch(made.news.append)
    yield made
    world.http.close()
    close_database()
