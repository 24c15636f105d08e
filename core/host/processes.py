"""The host processes: sessions are spread over them, they are watched, and started again."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from core.events import (
    Banned,
    Closed,
    Connected,
    Disconnected,
    Lasting,
    LoggedOut,
    LoginFailed,
    PairingEnded,
    Replaced,
)
from core.host.link import HostLink
from core.host.linked import push_name
from core.host.retelling import Listen, Retelling
from core.host.slots import HostReport, Slot, report_of
from core.host.wire import Close, Happened, Open, Reconnect, SetUp, StoreTaken
from core.world import World

log = logging.getLogger(__name__)

STABLE = 60.0  # seconds a host must live for its next crash to count as the first again
IDLE = 30.0  # seconds a host without sessions is kept
MANY_LOST = 50  # threads that abandoned pairings left behind
MANY_RUNS = 200  # of the library in one process: three file handles and 0.3 MB each, never given back
TEND = 0.2  # seconds
NAME_COMES = 60.0  # seconds after the first connection
ENDINGS = LoggedOut | Replaced | Banned | LoginFailed | PairingEnded


class Processes:
    """`listen` is called on a thread per host, in order per session; `on_hosts` when any of them started or ended."""

    def __init__(
        self, setup: SetUp, *, world: World, listen: Listen, on_hosts: Callable[[], None], per_host: int
    ) -> None:
        self._setup = setup
        self._folder = Path(setup.folder)
        self._world = world
        self._listen = listen
        self._on_hosts = on_hosts
        self._per_host = per_host
        self._retelling = Retelling(self._folder, listen)
        self.lock = threading.RLock()
        self._slots: list[Slot] = []
        self._slot_of: dict[str, Slot] = {}
        self._names = 0
        self._stopping = False
        self._hosts_changed = False
        self._leaving: list[HostLink] = []  # told to finish; what they still tell must be acknowledged
        self._nameless: dict[str, tuple[Connected, float]] = {}
        threading.Thread(target=self._supervise, name='hosts', daemon=True).start()

    def open(self, session: str) -> None:
        """Be connected from now on; pairs when the session is not linked."""
        with self.lock:
            if self._stopping:
                return
            self._retelling.begin()
            slot = self._room_for(session)
            slot.sessions[session] = None
            if slot.link is None and time.monotonic() >= slot.next_start:
                self._start(slot)
            elif slot.link is not None:
                slot.link.post(Open(session))

    def close(self, session: str) -> None:
        """Stop; the store is kept. Closed follows."""
        with self.lock:
            slot = self._slot_of.get(session)
            if slot is None:
                return
            slot.sessions.pop(session, None)
            self._nameless.pop(session, None)  # nothing more of this connection is told
            if slot.link is not None:
                slot.link.post(Close(session))

    def reconnect(self, session: str) -> None:
        """Stop and connect anew now."""
        with self.lock:
            slot = self._slot_of.get(session)
            if slot is None or session not in slot.sessions or slot.link is None:
                self.open(session)
            else:
                self._nameless.pop(session, None)
                slot.link.post(Reconnect(session))

    def link_of(self, session: str) -> HostLink | None:
        """Of the process that runs it; None: it is not open, or its host is being started again."""
        with self.lock:
            slot = self._slot_of.get(session)
            return slot.link if slot is not None and session in slot.sessions else None

    def drop(self, session: str) -> None:
        """Its client is closed: a restarted host must not open it."""
        with self.lock:
            slot = self._slot_of.get(session)
            if slot is not None:
                slot.sessions.pop(session, None)

    def forget(self, session: str) -> None:
        with self.lock:
            self._slot_of.pop(session, None)

    def online(self) -> set[str]:
        """Who was connected when the hosts were last asked, which they are every few seconds."""
        with self.lock:
            pongs = [slot.link.pong for slot in self._slots if slot.link is not None]
        return {session for pong in pongs if pong is not None for session in pong.online}

    def reports(self) -> list[HostReport]:
        with self.lock:
            return [report_of(slot) for slot in self._slots if slot.link is not None or slot.sessions]

    def restart(self, id: str) -> bool:
        """End this host's process; its sessions come back in a new one. False: there is none with this id."""
        with self.lock:
            slot = next((each for each in self._slots if each.id == id), None)
            if slot is not None and slot.link is not None:
                slot.ending = slot.link
                slot.link.process.kill()
            return slot is not None and (slot.link is not None or bool(slot.sessions))

    def stop(self, timeout: float) -> None:
        """Sends in flight finish, clients close, processes end; what does not in time is killed."""
        end = time.monotonic() + timeout
        with self.lock:
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

    def _room_for(self, session: str) -> Slot:
        slot = self._slot_of.get(session)
        if slot is not None and (session in slot.sessions or len(slot.sessions) < self._per_host):
            return slot
        return self._place(session)

    def _place(self, session: str) -> Slot:
        slot = next((each for each in self._slots if len(each.sessions) < self._per_host), None)
        if slot is None:
            self._names += 1
            slot = Slot(id=f'h{self._names}')
            self._slots.append(slot)
            threading.Thread(target=self._pass_on, args=(slot,), name=f'listen-{slot.id}', daemon=True).start()
        self._slot_of[session] = slot
        return slot

    def _start(self, slot: Slot) -> None:
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

    def _ended(self, slot: Slot, link: HostLink) -> None:
        with self.lock:
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
        with self.lock:
            self._leaving = [link for link in self._leaving if not link.ended.is_set()]
            links = [*self._leaving, *(slot.link for slot in self._slots if slot.link is not None)]
        for link in links:
            link.tend()
        with self.lock:
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

    def _tend_slot(self, slot: Slot) -> None:
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

    def _pass_on(self, slot: Slot) -> None:
        while (told := slot.told.get()) is not None:
            link, message = told
            try:
                match message:
                    case Happened():
                        assert link is not None
                        self._hand_over(slot, link, message)
                    case StoreTaken():
                        self._retelling.of(message.session)
                    case Connected() if message.session in slot.offline:
                        pass  # its name came, but the connection went
                    case _:
                        self._listen(message, _nothing)
            except Exception:  # the next event must be heard all the same; what was not stored is told again later
                log.exception('an event could not be taken')

    def _hand_over(self, slot: Slot, link: HostLink, happened: Happened) -> None:
        event = happened.event
        if isinstance(event, Closed) and event.session in slot.sessions and not self._stopping:
            if link is slot.link:
                return  # closed and opened again at once
            event = Disconnected(session=event.session, because='The session host is being renewed.')
        if isinstance(event, ENDINGS) and not getattr(event, 'again', False):
            with self.lock:
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


def _nothing() -> None:
    """Events that need no storing are stored at once."""
