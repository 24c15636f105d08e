"""The inner rooms with their real database and a twin of the session host."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Literal, TypeVar

import httpx
import pytest

from core.again import Again
from core.blocklist import Blocklist
from core.bodies import Body, history_of
from core.bus import Bus, News
from core.calls import Calls
from core.chats import Chats
from core.errors import CallFailed, DovecoteError
from core.events import (
    Connected,
    Event,
    FileKind,
    GroupMade,
    GroupSeen,
    LocalFile,
    MemberOutcome,
    MessageReceived,
    Outgoing,
    Participant,
    ReceiptReceived,
    Sent,
)
from core.fetch import Guard
from core.group_facts import GroupFacts
from core.groups import Groups
from core.identities import Identities
from core.inbox import Inbox
from core.news import NewsDesk
from core.outbox import Author, Outbox, Saying
from core.pacing import Pacing
from core.presence import Presence
from core.seal import Seal
from core.sessions import Sessions
from core.world import World, growing_ids
from data.database import close_database, database, open_database, read, write
from data.messages import Message, receipts_of
from data.sessions import Session, session_by_name
from data.traffic import Line
from flows.bench import Bench
from flows.carrying import Carrying
from flows.clocks import Clocks
from flows.compliance import Compliance
from flows.guards import CAREFUL, LoopGuard
from flows.library import Library
from flows.listening import Listener, from_now_on
from flows.outside import Outside
from flows.router import Router, Workers
from flows.runner import Runner
from flows.secrets import Secrets
from flows.silences import Silences
from flows.trials import failing

T = TypeVar('T')
START = datetime(2026, 11, 22, 12, tzinfo=UTC)
LOOPBACK = (ip_network('127.0.0.0/8'),)
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
        self.up: set[str] = set()
        self.checks: list[Future[None]] = []
        self.strangers: set[str] = set()
        self.written: dict[str, str] = {}  # number -> how WhatsApp writes it
        self.mute = False
        self.holds = False
        self.fails_with: DovecoteError | None = None
        self.known: dict[str, GroupSeen] = {}  # the groups at WhatsApp, by address
        self.refuses: dict[str, int] = {}  # digits -> WhatsApp's number, when they are added
        self.list_of_blocked: tuple[str, ...] = ()

    def send(self, session: str, message: Outgoing, *, batch: int = 0) -> 'Future[Sent]':
        future: Future[Sent] = Future()
        self.line.append((session, message, future))
        if not self.holds:
            self.settle()
        return future

    def file(self, media_id: str, kind: FileKind) -> LocalFile:
        return LocalFile(kind=kind, path=f'/media/{media_id}', sha256=media_id, mime='image/jpeg', size=1)

    def settle(self) -> None:
        """Everything in line leaves, or fails with `fails_with`."""
        line, self.line = self.line, []
        self._leave(line, self.fails_with)

    def settle_one(self, problem: DovecoteError | None = None) -> None:
        """The first in line leaves, or fails with `problem`."""
        first, self.line = self.line[:1], self.line[1:]
        self._leave(first, problem)

    def _leave(self, line: list[tuple[str, Outgoing, Future[Sent]]], problem: DovecoteError | None) -> None:
        for _, message, future in line:
            if problem is not None:
                future.set_exception(problem)
            else:
                self.sent.append((message.to, message.text))
                future.set_result(Sent(whatsapp_id=f'WA{len(self.sent)}', at=START))

    def open(self, session: str) -> None:
        self.calls.append(('open', session))
        self.up.add(session)

    def close(self, session: str) -> None:
        self.calls.append(('close', session))
        self.up.discard(session)

    def reconnect(self, session: str) -> None:
        self.calls.append(('reconnect', session))

    def logout(self, session: str, *, timeout: float = 20) -> None:
        self.calls.append(('logout', session))
        if self.fails_with is not None:
            raise self.fails_with
        self.up.discard(session)

    def online(self) -> set[str]:
        return set(self.up)

    def forget(self, session: str) -> None:
        self.calls.append(('forget', session))

    def is_linked(self, session: str) -> bool:
        return session in self.linked

    def pairing_code(self, session: str, phone: str, *, timeout: float = 20) -> tuple[str, datetime]:
        return f'CODE{phone[-4:]}', START + timedelta(minutes=2)

    def _answer(self, call: str, what: str, value: T) -> 'Future[T]':
        self.calls.append((call, what))
        told: Future[T] = Future()
        if self.fails_with is not None:
            told.set_exception(self.fails_with)
        else:
            told.set_result(value)
        return told

    def groups(self, session: str) -> 'Future[tuple[GroupSeen, ...]]':
        known = tuple(self.known.values()) or (GroupSeen(session=session, group='120363@g.us', name='Regulars'),)
        return self._answer('groups', session, known)

    def group(self, session: str, group: str) -> 'Future[GroupSeen]':
        seen = self.known.get(group, GroupSeen(session=session, group=group, name=''))
        return self._answer('group', group, replace(seen, session=session))

    def group_behind(self, session: str, link: str) -> 'Future[GroupSeen]':
        return self._answer('group_behind', link, next(iter(self.known.values())))

    def create_group(self, session: str, name: str, people: tuple[str, ...]) -> 'Future[GroupMade]':
        them = tuple(_participant(each) for each in people)
        refused = tuple(MemberOutcome(person=each, error=code) for each in them if (code := self._refusal(each)))
        shop = Participant(lid='915550000001', phone='15550000001', role='owner')
        group = GroupSeen(
            session=session, group='120399@g.us', name=name, owner='15550000001@s.whatsapp.net', made_at=START,
            participants=(shop, *(each for each in them if not self._refusal(each))),
        )  # fmt: skip
        return self._answer('create_group', name, GroupMade(group=group, refused=refused))

    def _refusal(self, who: Participant) -> int:
        return self.refuses.get(who.phone or who.lid, 0)

    def change_group(
        self, session: str, group: str, *, name: str | None = None, description: str | None = None,
        announce: bool | None = None, locked: bool | None = None,
    ) -> 'Future[None]':  # fmt: skip
        return self._answer('change_group', f'{name} {description} {announce} {locked}', None)

    def change_members(
        self, session: str, group: str, people: tuple[str, ...], action: str
    ) -> 'Future[tuple[MemberOutcome, ...]]':  # fmt: skip
        them = [_participant(each) for each in people]
        done = tuple(MemberOutcome(person=each, error=self._refusal(each)) for each in them)
        return self._answer(action, ' '.join(people), done)

    def set_group_photo(self, session: str, group: str, jpeg: bytes) -> 'Future[str]':
        return self._answer('photo', jpeg[:3].hex(), '1')

    def invite_link(self, session: str, group: str, *, fresh: bool = False) -> 'Future[str]':
        return self._answer('invite', str(fresh), 'https://chat.whatsapp.com/AbCdEfGhIjKlMnOp')

    def join_group(self, session: str, link: str) -> 'Future[str]':
        return self._answer('join', link, next(iter(self.known)))

    def leave_group(self, session: str, group: str) -> 'Future[None]':
        return self._answer('leave', group, None)

    def blocked(self, session: str) -> 'Future[tuple[str, ...]]':
        return self._answer('blocked', session, self.list_of_blocked)

    def block(self, session: str, whom: str, on: bool) -> 'Future[tuple[str, ...]]':
        return self._answer('block' if on else 'unblock', whom, (whom,) if on else ())

    def watch_presence(self, session: str, whom: str) -> 'Future[None]':
        return self._answer('watch', whom, None)

    def available(self, session: str, on: bool) -> 'Future[None]':
        return self._answer('available', str(on), None)

    def reject_call(self, session: str, caller: str, id: str) -> 'Future[None]':
        return self._answer('reject', f'{caller} {id}', None)

    def mark_read(
        self, session: str, *, chat: str, sender: str, whatsapp_ids: tuple[str, ...]
    ) -> 'Future[None]':  # fmt: skip
        return self._answer('mark_read', f'{chat} {" ".join(whatsapp_ids)}', None)

    def typing(self, session: str, *, chat: str, state: Literal['typing', 'recording', 'paused']) -> 'Future[None]':
        self.calls.append((state, chat))
        done: Future[None] = Future()
        done.set_result(None)
        return done

    def on_whatsapp(self, session: str, phones: tuple[str, ...]) -> 'Future[dict[str, str]]':
        """Everybody but those in `strangers`, under what is `written` of them; nobody answers while `mute`."""
        self.calls.extend(('on_whatsapp', phone) for phone in phones)
        told: Future[dict[str, str]] = Future()
        if self.mute:
            told.set_exception(CallFailed('WhatsApp did not answer in time.'))
        else:
            there = {phone: self.written.get(phone, phone) for phone in phones if phone not in self.strangers}
            told.set_result({phone: f'{there[phone]}@s.whatsapp.net' if phone in there else '' for phone in phones})
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
    groups: Groups
    calls: Calls
    presence: Presence
    blocklist: Blocklist
    pacing: Pacing
    runner: Runner
    bench: Bench
    listener: Listener
    clocks: Clocks
    silences: Silences
    workers: Workers
    secrets: Secrets
    news: list[News] = field(default_factory=list)
    stored: list[Event] = field(default_factory=list)
    nudged: list[str] = field(default_factory=list)
    later: list[Callable[[], object]] = field(default_factory=list)

    def tell(self, event: Event) -> None:
        self.sessions.heard(event.session)
        self.inbox.receive(event, lambda: self.stored.append(event))
        self.settle()

    def settle(self) -> None:
        """Until every write, and what followed from it, is done."""
        for _ in range(6):
            write(lambda: None)
            while self.nudged:
                self.router.route(self.nudged.pop(0))
            while self.later:
                self.later.pop(0)()

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
        row = self.outbox.post(Saying(session='shop', to=to, text=text, reply_to=reply_to), OWNER)
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


def _participant(address: str) -> Participant:
    digits, _, server = address.partition('@')
    return Participant(lid=digits, phone='') if server == 'lid' else Participant(lid='', phone=digits)


def receipt(
    session: str, kind: str, *ids: str, sender: str = f'{ANNA}@s.whatsapp.net', at: datetime = START
) -> ReceiptReceived:
    return ReceiptReceived(
        session=session, whatsapp_ids=ids, chat=sender, sender=sender, sender_alt='', kind=kind,  # type: ignore[arg-type]
        by_me=False, at=at,
    )  # fmt: skip


def until(what: Callable[[], object], seconds: float = 20) -> None:
    """Wait for what other threads bring about."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, 'it did not come about in time'
        time.sleep(0.01)


@contextmanager
def full_disk() -> Iterator[None]:
    """SQLite's own "disk is full", for anything that needs one page more."""
    pages = database.execute_sql('PRAGMA page_count').fetchone()[0]
    write(lambda: database.execute_sql(f'PRAGMA max_page_count = {pages}'))
    try:
        yield
    finally:
        write(lambda: database.execute_sql('PRAGMA max_page_count = 4294967294'))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with furnished(tmp_path) as made:
        yield made


@contextmanager
def furnished(folder: Path) -> Iterator[House]:
    open_database(folder / 'dovecote.db')
    clock, hosts = Clock(), TwinHosts()
    world = World(now=clock.now, new_id=growing_ids(), http=httpx.Client(verify=False), ticks=clock.ticks)
    bus = Bus()
    desk = NewsDesk(world, bus)
    identities = Identities(world, desk)
    again = Again()
    pacing = Pacing(world, identities, desk, hosts, default='off', chance=lambda low, high: low)
    outbox = Outbox(world, identities, desk, hosts.send, again=again, files=hosts.file, pacing=pacing)
    sessions = Sessions(world, identities, desk, hosts, outbox)
    library = Library(world, desk)
    nudged: list[str] = []
    workers = Workers()
    later: list[Callable[[], object]] = []
    carrying = Carrying(world, desk, outbox, Chats(world, desk, hosts), pacing.opt_outs)
    secrets = Secrets(world, Seal(b'the key of the house'))
    outside = Outside(world, Guard(LOOPBACK), secrets=secrets.opened)
    runner = Runner(world, desk, library, carrying, outside, lambda chat, work: later.append(work))
    bench = Bench(world, library, outside)
    library.failing = lambda document: failing(bench, document)
    compliance = Compliance(outbox, pacing.opt_outs)
    router = Router(world, library, LoopGuard(CAREFUL), runner, workers, compliance)
    silences = Silences(world, library, router)
    clocks = Clocks(world, library, router, identities, home='UTC')
    listener = Listener(world, library, router, runner, silences)
    write(from_now_on)
    groups = Groups(world, identities, hosts, GroupFacts(world, identities, desk))
    calls = Calls(world, identities, desk, hosts, outbox)
    presence, blocklist = Presence(world, identities, desk, hosts), Blocklist(world, identities, desk, hosts)
    inbox = Inbox(
        world, identities, sessions, desk, lambda id, chat: nudged.append(id),
        again=again, groups=groups, calls=calls, presence=presence, blocklist=blocklist,
    )  # fmt: skip
    made = House(
        clock,
        hosts,
        sessions,
        outbox,
        inbox,
        library,
        router,
        again,
        groups,
        calls,
        presence,
        blocklist,
        pacing,
        runner,
        bench,
        listener,
        clocks,
        silences,
        workers,
        secrets,
        nudged=nudged,
        later=later,
    )
    bus.watch(made.news.append)
    yield made
    runner.stop()
    world.http.close()
    close_database()
