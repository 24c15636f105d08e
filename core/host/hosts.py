"""The sessions as main knows them: spread over host processes, which are watched and started again."""

import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from core.errors import CallFailed, NotConnected
from core.events import (
    Banned,
    Closed,
    Connected,
    Disconnected,
    Event,
    GroupMade,
    GroupSeen,
    Lasting,
    LoggedOut,
    LoginFailed,
    MemberOutcome,
    Outgoing,
    PairingEnded,
    Picture,
    Replaced,
    Sent,
)
from core.host import spool, stores
from core.host.link import HostLink
from core.host.linked import is_linked, push_name
from core.host.wire import (
    Ask,
    Block,
    ChangeGroup,
    ChangeMembers,
    Check,
    Close,
    CreateGroup,
    FindGroup,
    FindPhones,
    FindPicture,
    Happened,
    InviteLink,
    JoinGroup,
    LeaveGroup,
    ListBlocked,
    ListGroups,
    LogOut,
    MarkRead,
    MemberAction,
    Open,
    PairPhone,
    Reconnect,
    RejectCall,
    Send,
    SetPhoto,
    SetUp,
    ShowAvailable,
    ShowTyping,
    StoreTaken,
    WatchPresence,
)
from core.world import World

log = logging.getLogger(__name__)

Listen = Callable[[Event, Callable[[], None]], None]  # event, stored(): call when the event is safely in our database

SEND_WAITS = 60.0  # seconds a send may wait in the host for its turn
STABLE = 60.0  # seconds a host must live for its next crash to count as the first again
IDLE = 30.0  # seconds a host without sessions is kept
MANY_LOST = 50  # threads that abandoned pairings left behind
MANY_RUNS = 200  # of the library in one process: three file handles and 0.3 MB each, never given back
TEND = 0.2  # seconds
NAME_COMES = 60.0  # seconds after the first connection
ENDINGS = LoggedOut | Replaced | Banned | LoginFailed | PairingEnded


@dataclass(frozen=True, slots=True, kw_only=True)
class HostReport:
    """`memory_mb`: its proportional share (PSS), 0.0 until first measured; `lost_threads`: left by pairings."""

    id: str
    pid: int
    sessions: tuple[str, ...]
    started_at: datetime | None
    crashes: int
    memory_mb: float
    lost_threads: int


@dataclass(slots=True, eq=False)
class _Slot:
    """A place for one host process, which outlives its crashes. Guarded by the lock of Hosts."""

    id: str
    sessions: dict[str, None] = field(default_factory=dict)
    offline: set[str] = field(default_factory=set)
    link: HostLink | None = None
    told: 'queue.SimpleQueue[tuple[HostLink | None, Happened | StoreTaken | Event] | None]' = field(
        default_factory=queue.SimpleQueue
    )
    ending: HostLink | None = None  # which somebody asked to end
    crashes: int = 0
    in_a_row: int = 0
    started_at: datetime | None = None
    started: float = 0.0
    next_start: float = 0.0
    idle_since: float = 0.0


class Hosts:
    """Everything main may ask of WhatsApp.

    `listen` is called on a thread per host, in order per session; `stored` may be called on any thread. The futures
    of calls fail with NotConnected (certainly not sent), SendRefused, SendUncertain or CallFailed; their callbacks
    run on the host's reading thread and must be quick.
    """

    def __init__(
        self,
        *,
        folder: Path,
        world: World,
        listen: Listen,
        on_hosts: Callable[[], None],
        sessions_per_host: int = 20,
        library: Path | None = None,
        server: tuple[str, int] = ('web.whatsapp.com', 443),
        log_level: str = 'INFO',
    ) -> None:
        self._folder = folder
        self._world = world
        self._listen = listen
        self._on_hosts = on_hosts
        self._per_host = sessions_per_host
        self._setup = SetUp(folder=str(folder), library=str(library or ''), server=server, log_level=log_level.upper())
        self._lock = threading.RLock()
        self._slots: list[_Slot] = []
        self._slot_of: dict[str, _Slot] = {}
        self._names = 0
        self._stopping = False
        self._spools = threading.Lock()
        self._spools_left = threading.Lock()
        self._replayed = False
        self._hosts_changed = False
        self._leaving: list[HostLink] = []  # told to finish; what they still tell must be acknowledged
        self._nameless: dict[str, tuple[Connected, float]] = {}
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        threading.Thread(target=self._supervise, name='hosts', daemon=True).start()

    # ---- wishes: all return at once

    def open(self, session: str) -> None:
        """Be connected from now on; pairs when the session is not linked."""
        with self._lock:
            if self._stopping:
                return
            self._replay_all_once()
            slot = self._room_for(session)
            slot.sessions[session] = None
            if slot.link is None and time.monotonic() >= slot.next_start:
                self._start(slot)
            elif slot.link is not None:
                slot.link.post(Open(session))

    def close(self, session: str) -> None:
        """Stop; the store is kept. Closed follows."""
        with self._lock:
            slot = self._slot_of.get(session)
            if slot is None:
                return
            slot.sessions.pop(session, None)
            self._nameless.pop(session, None)  # nothing more of this connection is told
            if slot.link is not None:
                slot.link.post(Close(session))

    def reconnect(self, session: str) -> None:
        """Stop and connect anew now."""
        with self._lock:
            slot = self._slot_of.get(session)
            if slot is None or session not in slot.sessions or slot.link is None:
                self.open(session)
            else:
                self._nameless.pop(session, None)
                slot.link.post(Reconnect(session))

    # ---- calls

    def logout(self, session: str, *, timeout: float = 20) -> None:
        """Unlink at WhatsApp, then stop and delete the store. NotConnected, CallFailed: nothing was changed."""
        self._wait(self._ask(session, LogOut(), timeout), timeout)
        with self._lock:
            slot = self._slot_of.get(session)
            if slot is not None:
                slot.sessions.pop(session, None)

    def forget(self, session: str) -> None:
        """Delete the store of a closed session."""
        stores.forget(self._folder, session)
        (self._folder / f'{session}.lock').unlink(missing_ok=True)
        with self._lock:
            self._slot_of.pop(session, None)

    def online(self) -> set[str]:
        """Who was connected when the hosts were last asked, which they are every few seconds."""
        with self._lock:
            pongs = [slot.link.pong for slot in self._slots if slot.link is not None]
        return {session for pong in pongs if pong is not None for session in pong.online}

    def is_linked(self, session: str) -> bool:
        return is_linked(self._folder, session)

    def pairing_code(self, session: str, phone: str, *, timeout: float = 20) -> tuple[str, datetime]:
        """The code to type on that phone, and until when. `phone`: digits. The session must be open."""
        code: tuple[str, datetime] = self._wait(self._ask(session, PairPhone(phone=phone), timeout), timeout + 1)
        return code

    def send(self, session: str, message: Outgoing, *, batch: int = 0) -> Future[Sent]:
        """Sends of a session leave in the order of the calls.

        Once one of a `batch` fails with an error worth trying again, the rest of that batch is not sent either.
        """
        return self._ask(session, Send(message=message, batch=batch), SEND_WAITS)

    def mark_read(self, session: str, *, chat: str, sender: str, whatsapp_ids: tuple[str, ...]) -> Future[None]:
        return self._ask(session, MarkRead(chat=chat, sender=sender, whatsapp_ids=whatsapp_ids))

    def typing(self, session: str, *, chat: str, state: Literal['typing', 'recording', 'paused']) -> Future[None]:
        return self._ask(session, ShowTyping(chat=chat, state=state))

    def available(self, session: str, on: bool) -> Future[None]:
        return self._ask(session, ShowAvailable(on=on))

    def on_whatsapp(self, session: str, phones: tuple[str, ...]) -> Future[dict[str, str]]:
        """Digits -> address, '' when that number is not on WhatsApp."""
        return self._ask(session, FindPhones(phones=phones))

    def groups(self, session: str) -> Future[tuple[GroupSeen, ...]]:
        return self._ask(session, ListGroups())

    def group(self, session: str, group: str) -> Future[GroupSeen]:
        """By its address. The futures of all that is about groups can also fail with CallDenied."""
        return self._ask(session, FindGroup(group=group))

    def group_behind(self, session: str, link: str) -> Future[GroupSeen]:
        """What an invite link shows, before one joins."""
        return self._ask(session, FindGroup(link=link))

    def create_group(self, session: str, name: str, people: tuple[str, ...]) -> Future[GroupMade]:
        return self._ask(session, CreateGroup(name=name, people=people))

    def change_group(
        self,
        session: str,
        group: str,
        *,
        name: str | None = None,
        description: str | None = None,
        announce: bool | None = None,
        locked: bool | None = None,
    ) -> Future[None]:
        ask = ChangeGroup(group=group, name=name, description=description, announce=announce, locked=locked)
        return self._ask(session, ask)

    def change_members(
        self, session: str, group: str, people: tuple[str, ...], action: MemberAction
    ) -> Future[tuple[MemberOutcome, ...]]:
        return self._ask(session, ChangeMembers(group=group, people=people, action=action))

    def set_group_photo(self, session: str, group: str, jpeg: bytes) -> Future[str]:
        """The id of the new photo; b'' takes it away."""
        return self._ask(session, SetPhoto(group=group, jpeg=jpeg))

    def invite_link(self, session: str, group: str, *, fresh: bool = False) -> Future[str]:
        """`fresh`: the old link ends and a new one is made."""
        return self._ask(session, InviteLink(group=group, fresh=fresh))

    def join_group(self, session: str, link: str) -> Future[str]:
        """The address of the group."""
        return self._ask(session, JoinGroup(link=link))

    def leave_group(self, session: str, group: str) -> Future[None]:
        return self._ask(session, LeaveGroup(group=group))

    def picture(self, session: str, whose: str, *, small: bool = True) -> Future[Picture | None]:
        """Of a person or group; None: they have none, or do not show it to us."""
        return self._ask(session, FindPicture(whose=whose, small=small))

    def watch_presence(self, session: str, whom: str) -> Future[None]:
        """PresenceChanged follows, now and whenever they come or go, until the connection ends."""
        return self._ask(session, WatchPresence(whom=whom))

    def reject_call(self, session: str, caller: str, id: str) -> Future[None]:
        return self._ask(session, RejectCall(caller=caller, id=id))

    def blocked(self, session: str) -> Future[tuple[str, ...]]:
        """The addresses of everybody this account has blocked."""
        return self._ask(session, ListBlocked())

    def block(self, session: str, whom: str, on: bool) -> Future[tuple[str, ...]]:
        """The block list as it is afterwards."""
        return self._ask(session, Block(whom=whom, on=on))

    def check(self, session: str, *, timeout: float = 10) -> Future[None]:
        """Does WhatsApp answer this session? CallFailed after `timeout` seconds."""
        future: Future[None] = self._ask(session, Check(), timeout)
        return _within(future, timeout)

    # ---- the hosts themselves

    def hosts(self) -> list[HostReport]:
        with self._lock:
            return [_report(slot) for slot in self._slots if slot.link is not None or slot.sessions]

    def restart_host(self, id: str) -> bool:
        """End this host's process; its sessions come back in a new one. False: there is none with this id."""
        with self._lock:
            slot = next((each for each in self._slots if each.id == id), None)
            if slot is not None and slot.link is not None:
                slot.ending = slot.link
                slot.link.process.kill()
            return slot is not None and (slot.link is not None or bool(slot.sessions))

    def stop(self, *, timeout: float = 8) -> None:
        """Sends in flight finish, clients close, processes end; what does not in time is killed."""
        end = time.monotonic() + timeout
        with self._lock:
            self._stopping = True
            links = [slot.link for slot in self._slots if slot.link is not None]
        for link in links:
            link.finish(timeout * 0.8)
        while time.monotonic() < end and not all(link.ended.is_set() for link in links):
            for link in links:
                link.tend()
            time.sleep(0.01)
        for link in links:
            if not link.ended.is_set():
                link.process.kill()
                link.ended.wait(2)
        for slot in self._slots:
            slot.told.put(None)

    # ---- inside

    def _ask(self, session: str, ask: Ask, seconds: float = 30.0) -> Future[Any]:
        with self._lock:
            slot = self._slot_of.get(session)
            link = slot.link if slot is not None and session in slot.sessions else None
        if link is None:
            failed: Future[Any] = Future()
            failed.set_exception(NotConnected('The session is not running.'))
            return failed
        return link.ask(session, ask, seconds=seconds)

    def _wait(self, future: Future[Any], timeout: float) -> Any:
        try:
            return future.result(timeout)
        except FutureTimeout:
            raise CallFailed('WhatsApp did not answer in time.') from None

    def _room_for(self, session: str) -> _Slot:
        slot = self._slot_of.get(session)
        if slot is not None and (session in slot.sessions or len(slot.sessions) < self._per_host):
            return slot
        return self._place(session)

    def _place(self, session: str) -> _Slot:
        slot = next((each for each in self._slots if len(each.sessions) < self._per_host), None)
        if slot is None:
            self._names += 1
            slot = _Slot(id=f'h{self._names}')
            self._slots.append(slot)
            threading.Thread(target=self._pass_on, args=(slot,), name=f'listen-{slot.id}', daemon=True).start()
        self._slot_of[session] = slot
        return slot

    def _start(self, slot: _Slot) -> None:
        link = HostLink(
            self._setup,
            tell=lambda told: slot.told.put((link, told)),
            ended=lambda: self._ended(slot, link),
        )
        slot.link = link
        slot.started_at = self._world.now()
        slot.started = time.monotonic()
        log.info('host %s started as process %d with %d sessions', slot.id, link.process.pid, len(slot.sessions))
        for session in slot.sessions:
            link.post(Open(session))
        self._say_hosts()

    def _ended(self, slot: _Slot, link: HostLink) -> None:
        with self._lock:
            if slot.link is not link:
                return
            slot.link = None
            if self._stopping or not slot.sessions:
                return
            asked = slot.ending is link
            if not asked:
                slot.crashes += 1
                slot.in_a_row = 1 if time.monotonic() - slot.started > STABLE else slot.in_a_row + 1
            wait = min(30.0, 0.2 * 2 ** min(slot.in_a_row - 1, 8))
            slot.next_start = time.monotonic() + wait
            because = f'The session host {"was ended" if asked else "stopped"} and is being started again.'
            for session in slot.sessions:
                self._nameless.pop(session, None)
                slot.told.put((None, Disconnected(session=session, because=because)))
        if asked:
            log.info('host %s was ended on request, starting it again', slot.id)
        else:
            log.error('host %s crashed (%d times so far), starting it again in %.1f s', slot.id, slot.crashes, wait)
        self._say_hosts()

    def _supervise(self) -> None:
        while not self._stopping:
            time.sleep(TEND)
            try:
                self._tend()
            except Exception:  # nobody else brings hosts back
                log.exception('tending the session hosts failed')

    def _tend(self) -> None:
        with self._lock:
            self._leaving = [link for link in self._leaving if not link.ended.is_set()]
            links = [*self._leaving, *(slot.link for slot in self._slots if slot.link is not None)]
        for link in links:
            link.tend()
        with self._lock:
            for slot in self._slots:
                self._tend_slot(slot)
        for session in list(self._nameless):
            self._look_for_name(session)
        if self._hosts_changed:
            self._hosts_changed = False
            self._on_hosts()

    def _look_for_name(self, session: str) -> None:
        """A newly linked session learns the account's name a moment after it connected; the library tells nobody."""
        event, until = self._nameless.get(session, (None, 0.0))
        name = push_name(self._folder, session)
        slot = self._slot_of.get(session)
        if event is not None and name and slot is not None:
            slot.told.put((None, replace(event, push_name=name)))
        if name or time.monotonic() > until:
            self._nameless.pop(session, None)

    def _tend_slot(self, slot: _Slot) -> None:
        now = time.monotonic()
        if slot.link is None:
            if slot.sessions and now >= slot.next_start and not self._stopping:
                self._start(slot)
            return
        slot.idle_since = 0.0 if slot.sessions else slot.idle_since or now
        idle = slot.idle_since and now - slot.idle_since > IDLE
        pong = slot.link.pong
        leaky = pong is not None and pong.lost > MANY_LOST and not pong.online
        worn = pong is not None and pong.runs > MANY_RUNS
        if idle or leaky or worn:
            log.info('host %s is ended in order (%s)', slot.id, 'idle' if idle else 'worn out')
            link, slot.link = slot.link, None
            self._leaving.append(link)
            link.finish(3)
            self._say_hosts()

    def _say_hosts(self) -> None:
        """The supervisor tells it soon: whoever listens may want our lock, or hold one that we need."""
        self._hosts_changed = True

    # ---- events

    def _pass_on(self, slot: _Slot) -> None:
        while (told := slot.told.get()) is not None:
            link, message = told
            try:
                match message:
                    case Happened():
                        assert link is not None
                        self._hand_over(slot, link, message)
                    case StoreTaken():
                        self._replay(spool.path_of(self._folder, message.session))
                    case Connected() if message.session in slot.offline:
                        pass  # its name came, but the connection went
                    case _:
                        self._listen(message, _nothing)
            except Exception:  # the next event must be heard all the same; what was not stored is told again later
                log.exception('an event could not be taken')

    def _hand_over(self, slot: _Slot, link: HostLink, happened: Happened) -> None:
        event = happened.event
        if isinstance(event, Closed) and event.session in slot.sessions and not self._stopping:
            if link is slot.link:
                return  # closed and opened again at once
            event = Disconnected(session=event.session, because='The session host is being renewed.')
        if isinstance(event, ENDINGS) and not getattr(event, 'again', False):
            with self._lock:
                slot.sessions.pop(event.session, None)  # the client is closed: a restarted host must not open it
        if isinstance(event, Connected):
            slot.offline.discard(event.session)
        if isinstance(event, Disconnected | Closed | ENDINGS):
            slot.offline.add(event.session)
            self._nameless.pop(event.session, None)
        if isinstance(event, Connected) and not event.push_name:
            self._nameless[event.session] = (event, time.monotonic() + NAME_COMES)
        if isinstance(event, Lasting):
            self._listen(event, lambda: link.stored(happened.seq))
        else:
            self._listen(event, _nothing)

    def _replay_all_once(self) -> None:
        """Not earlier than the first session is opened: only then is everybody ready to listen."""
        if not self._replayed:
            self._replayed = True
            threading.Thread(target=self._replay_all, name='spools', daemon=True).start()

    def _replay_all(self) -> None:
        for file in sorted(self._folder.glob('*.spool')):
            try:
                self._replay(file)
            except Exception:  # it stays for the next start
                log.exception('%s could not be told again', file.name)

    def _replay(self, file: Path) -> None:
        with self._spools:
            if not file.exists():
                return
            events = spool.read(file)
            log.info('telling %d events again that the last run had not stored', len(events))
            left = len(events)

            def stored() -> None:
                nonlocal left
                with self._spools_left:
                    left -= 1
                    if left == 0:
                        file.unlink(missing_ok=True)

            if not events:
                file.unlink(missing_ok=True)
            for event in events:
                self._listen(event, stored)


def _nothing() -> None:
    """Events that need no storing are stored at once."""


def _within(future: Future[Any], seconds: float) -> Future[Any]:
    """The same, but failing after `seconds`."""
    result: Future[Any] = Future()
    result.set_running_or_notify_cancel()
    once = threading.Lock()

    def settle(late: bool) -> None:
        if not once.acquire(blocking=False):
            return
        timer.cancel()
        error = CallFailed('WhatsApp did not answer in time.') if late else future.exception()
        if error is not None:
            result.set_exception(error)
        else:
            result.set_result(future.result())

    timer = threading.Timer(seconds, lambda: settle(True))
    timer.daemon = True
    timer.start()
    future.add_done_callback(lambda _: settle(False))
    return result


def _report(slot: _Slot) -> HostReport:
    link = slot.link
    pong = link.pong if link is not None else None
    return HostReport(
        id=slot.id,
        pid=link.process.pid if link is not None else 0,
        sessions=tuple(slot.sessions),
        started_at=slot.started_at,
        crashes=slot.crashes,
        memory_mb=round(pong.memory_kb / 1024, 1) if pong is not None else 0.0,
        lost_threads=pong.lost if pong is not None else 0,
    )
