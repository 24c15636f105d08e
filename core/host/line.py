"""The host's end of the pipe: what it says to main, and which events main has not stored yet."""

import logging
import threading
import time
from collections import defaultdict, deque
from multiprocessing.connection import Connection
from pathlib import Path

from core.events import Event, Lasting
from core.host import spool
from core.host.wire import Happened, Logged, ToHost, ToMain, pack, unpack_to_host

log = logging.getLogger(__name__)

KEEP = 5000  # events main may be behind before the library is made to wait
PATIENCE = 30.0  # seconds; a main that stores nothing for so long has lost them anyway


class Line:
    """Any thread may speak; a main that is gone is noticed by `broken` and never raises."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._turn = threading.Lock()
        self._room = threading.Condition()
        self._kept: dict[int, Lasting] = {}
        self._seq = 0
        self._heard: deque[ToHost] = deque()
        self.broken = False

    def hear(self) -> ToHost:
        """The next thing main says; on one thread. EOFError or OSError: main is gone."""
        while not self._heard:
            self._heard.extend(unpack_to_host(self._pipe.recv_bytes()))
        return self._heard.popleft()

    def say(self, message: ToMain) -> None:
        data = pack(message)
        with self._turn:
            self._write(data)

    def tell(self, event: Event) -> None:
        self._wait_for_room()
        with self._turn:
            self._seq += 1
            if isinstance(event, Lasting):
                self._kept[self._seq] = event
            self._write(pack(Happened(self._seq, event)))

    def stored(self, seqs: tuple[int, ...]) -> None:
        with self._turn:
            for seq in seqs:
                self._kept.pop(seq, None)
        with self._room:
            self._room.notify_all()

    def all_stored(self) -> bool:
        return not self._kept

    def spool(self, folder: Path) -> None:
        """Write what main has not stored to files; call when nothing more is told."""
        with self._turn:
            kept, self._kept = self._kept, {}
        by_session: dict[str, list[Event]] = defaultdict(list)
        for event in kept.values():
            by_session[event.session].append(event)
        for session, events in by_session.items():
            try:
                spool.write(folder, session, events)
            except OSError as error:  # the others may still find room, and the process must end
                log.error('%d events of %s could not be kept: %s', len(events), session, error)

    def _write(self, data: bytes) -> None:
        if self.broken:
            return
        try:
            self._pipe.send_bytes(data)
        except OSError:
            self.broken = True

    def _wait_for_room(self) -> None:
        if len(self._kept) < KEEP:
            return
        until = time.monotonic() + PATIENCE
        with self._room:
            while len(self._kept) >= KEEP and not self.broken and time.monotonic() < until:
                self._room.wait(0.5)
        if len(self._kept) >= KEEP and not self.broken:
            with self._turn:
                del self._kept[next(iter(self._kept))]


class LineLog(logging.Handler):
    """The host's log goes to main's."""

    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line

    def emit(self, record: logging.LogRecord) -> None:
        self._line.say(Logged(record.name, record.levelno, self.format(record)))
