"""A session host: a process of its own, because a fault in the Go library ends the process it happens in."""

import logging
import os
import signal
import sys
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path

from core.host import library
from core.host.calls import Calls
from core.host.gate import Gate
from core.host.keeper import Keeper
from core.host.line import Line, LineLog
from core.host.prober import Prober
from core.host.refusals import not_connected
from core.host.session import Host, Session
from core.host.wire import Call, Close, Finish, Open, Ping, Pong, Reconnect, SetUp, Stored

log = logging.getLogger(__name__)

LAST_WORDS = 2.5  # seconds a host may outlive its main process


def main() -> None:
    """`argv[1]` is the number of our end of the pipe."""
    os.umask(0o077)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # a Ctrl+C reaches all of the terminal; main decides what we do
    line = Line(Connection(int(sys.argv[1])))
    try:
        first = line.hear()
    except (EOFError, OSError):
        os._exit(0)
    assert isinstance(first, SetUp)
    _log_to(line, first.log_level)
    Child(line, first).run()


class Child:
    def __init__(self, line: Line, setup: SetUp) -> None:
        go, level = library.load(setup.library), _library_level(setup.log_level)
        self._line = line
        self._folder = Path(setup.folder)
        self._keeper = Keeper()
        self._sessions: dict[str, Session] = {}
        self._calls: dict[str, Calls] = {}
        self._prober = Prober(setup.server, self._somebody_waits, lambda: self._keeper.do(self._reachable))
        self._host = Host(
            go=go, gate=Gate(), keeper=self._keeper, line=line, prober=self._prober, folder=self._folder, level=level
        )
        self._parent = os.getppid()
        self._last_words = threading.Lock()

    def run(self) -> None:
        self._keeper.start()
        self._prober.start()
        threading.Thread(target=self._watch_parent, name='parent', daemon=True).start()
        try:
            while True:
                self._take(self._line.hear())
        except (EOFError, OSError):
            self._orphaned()

    def _take(self, message: object) -> None:
        match message:
            case Call():
                self._call(message)
            case Stored():
                self._line.stored(message.seqs)
            case Ping():
                self._pong(message.id)
            case Open():
                session = self._session(message.session)
                self._keeper.do(session.open)
            case Close():
                session = self._session(message.session)
                self._keeper.do(session.close)
            case Reconnect():
                session = self._session(message.session)
                self._keeper.do(session.reconnect)
            case Finish():
                threading.Thread(target=self._finish, args=(message.seconds,), name='finish', daemon=True).start()

    def _session(self, session: str) -> Session:
        if session not in self._sessions:
            self._sessions[session] = Session(self._host, session)
            self._calls[session] = Calls(self._host, self._sessions[session])
        return self._sessions[session]

    def _call(self, call: Call) -> None:
        calls = self._calls.get(call.session)
        if calls is None:
            self._line.say(not_connected(call.id))
        else:
            calls.take(call)

    def _pong(self, number: int) -> None:
        sessions = list(self._sessions.values())
        online = tuple(each.id for each in sessions if each.client is not None and each.client.phase == 'online')
        lost = sum(len(each.abandoned) for each in sessions)
        runs = sum(each.runs for each in sessions)
        self._line.say(Pong(id=number, online=online, lost=lost, runs=runs, memory_kb=_memory_kb()))

    def _somebody_waits(self) -> bool:
        return any(each.waits_for_server for each in list(self._sessions.values()))

    def _reachable(self) -> None:
        for session in list(self._sessions.values()):
            session.reachable()

    # ---- the end

    def _finish(self, seconds: float) -> None:
        """In order: sends in flight, then the clients, then what main has yet to store."""
        end = time.monotonic() + seconds
        for session in list(self._sessions.values()):
            self._keeper.do(session.close)
        while time.monotonic() < end and any(each.client for each in list(self._sessions.values())):
            time.sleep(0.01)
        while time.monotonic() < end and not self._line.all_stored() and not self._line.broken:
            time.sleep(0.01)
        self._exit()

    def _orphaned(self) -> None:
        """Main is gone. Connections are cut first, so that WhatsApp keeps what nobody would store."""
        threading.Thread(target=_end_in, args=(LAST_WORDS,), daemon=True).start()
        self._line.broken = True
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 2)
        clients = [each.client for each in list(self._sessions.values()) if each.client is not None]
        for client in clients:
            threading.Thread(target=client.disconnect, daemon=True).start()
        time.sleep(0.3)
        self._exit()

    def _exit(self) -> None:
        with self._last_words:
            try:
                self._line.spool(self._folder)
            finally:  # whatever went wrong: a host that stays would hold the stores for ever
                os._exit(0)

    def _watch_parent(self) -> None:
        """The pipe's end is noticed at once; this is for a pipe that somebody else still holds open."""
        while os.getppid() == self._parent:
            time.sleep(1)
        self._orphaned()


def _end_in(seconds: float) -> None:
    time.sleep(seconds)
    os._exit(1)


def _log_to(line: Line, level: str) -> None:
    handler = LineLog(line)
    handler.setFormatter(logging.Formatter('%(message)s'))
    logging.basicConfig(level=level, handlers=[handler], force=True)


def _library_level(level: str) -> str:
    """Its warnings are always wanted: they name the numbers of refused logins, which its events leave out."""
    return level if level in ('DEBUG', 'INFO') else 'WARN'


def _memory_kb() -> int:
    """PSS: shared pages counted by share."""
    with open('/proc/self/smaps_rollup') as file:
        for row in file:
            if row.startswith('Pss:'):
                return int(row.split()[1])
    return 0


if __name__ == '__main__':
    main()
