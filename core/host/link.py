"""One host process as main sees it: its pipe, the calls it has not answered, and its end."""

import logging
import os
import queue
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import core
from core.errors import CallDenied, CallFailed, DovecoteError, NotConnected, SendRefused, SendUncertain
from core.host.wire import (
    Answer,
    Answered,
    Ask,
    Begun,
    Call,
    Finish,
    Happened,
    Logged,
    Ping,
    Pong,
    Refused,
    Send,
    SetUp,
    Stored,
    StoreTaken,
    ToHost,
    pack,
    unpack_to_main,
)

log = logging.getLogger(__name__)

SILENCE = 20.0  # seconds without an answer to a ping
GRACE = 90.0  # seconds after its deadline in which a call must be answered; the library itself gives up after 75
WORDS = 400  # lines; a dying Go runtime shows every goroutine
ROOM = 1 << 20  # bytes the pipe may hold, if the machine allows it, so that a host seldom waits for us
TOGETHER = 64  # messages at most in one write


@dataclass(slots=True)
class _Waiting:
    call: Call
    future: Future[Answer]
    begun: bool = False


class HostLink:
    """`tell` gets Happened and StoreTaken in order; `ended` is called once, after all of the pipe was read.

    Both are called on the link's own thread, and so are the callbacks of the futures: be quick there. Whatever is
    asked or posted returns at once: a thread of its own writes it, so that a host that hangs holds nobody up.
    """

    def __init__(
        self, setup: SetUp, *, tell: Callable[[Happened | StoreTaken], None], ended: Callable[[], None]
    ) -> None:
        self.pong: Pong | None = None
        self.ended = threading.Event()
        self._tell = tell
        self._on_end = ended
        self._turn = threading.Lock()
        self._unsent: queue.SimpleQueue[ToHost | None] = queue.SimpleQueue()
        self._waiting: dict[int, _Waiting] = {}
        self._calls = 0
        self._stored: list[int] = []
        self._heard_at = self._pinged_at = time.monotonic()
        self._words: list[str] = []
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ROOM)
        self.process = _spawn(theirs)
        theirs.close()
        self._pipe = Connection(ours.detach())
        self.post(setup)
        self._writing = threading.Thread(target=self._write, name=f'host-{self.process.pid}-write', daemon=True)
        self._writing.start()
        threading.Thread(target=self._read, name=f'host-{self.process.pid}', daemon=True).start()
        threading.Thread(target=self._read_words, name=f'host-{self.process.pid}-stderr', daemon=True).start()

    def post(self, message: ToHost) -> None:
        self._unsent.put(message)

    def ask(self, session: str, ask: Ask, *, seconds: float) -> Future[Answer]:
        """`seconds`: when it has not begun by then it never will."""
        future: Future[Answer] = Future()
        future.set_running_or_notify_cancel()
        deadline = time.monotonic() + seconds
        with self._turn:
            self._calls += 1
            call = Call(id=self._calls, session=session, deadline=deadline, ask=ask)
            self._waiting[call.id] = _Waiting(call, future)
            self._unsent.put(call)
        if self.ended.is_set():
            self._fail(call.id, NotConnected('The session host is just starting again.'))
        return future

    def stored(self, seq: int) -> None:
        with self._turn:
            self._stored.append(seq)
            if len(self._stored) >= 64:
                self._send_stored()

    def tend(self) -> None:
        """Called a few times a second: hand over what was stored, look after late calls and the host's health."""
        now = time.monotonic()
        if now - self._heard_at > SILENCE:
            log.error('host %d does not answer; it is ended', self.process.pid)
            self.process.kill()
        with self._turn:
            if self._stored:
                self._send_stored()
        for waiting in list(self._waiting.values()):
            if now > waiting.call.deadline + GRACE:
                self._fail(waiting.call.id, _late(waiting))
        if now - self._pinged_at > 5:
            self._pinged_at = now
            self.post(Ping(int(now)))

    def finish(self, seconds: float) -> None:
        self.post(Finish(seconds=seconds))

    # ---- writing

    def _write(self) -> None:
        try:
            while messages := self._next():
                self._pipe.send_bytes(pack(messages))
        except OSError:
            pass  # the host is gone; who reads notices it too
        except Exception:  # nothing would ever reach this host again
            log.exception('host %d cannot be told anything; it is ended', self.process.pid)
            self.process.kill()

    def _next(self) -> tuple[ToHost, ...]:
        """Waits for the next message and takes what has come together behind it; () is the end."""
        message, together = self._unsent.get(), []
        while message is not None:
            together.append(message)
            if len(together) == TOGETHER:
                break
            try:
                message = self._unsent.get_nowait()
            except queue.Empty:
                break
        else:
            self._unsent.put(None)
        return tuple(together)

    # ---- reading

    def _read(self) -> None:
        try:
            while True:
                self._take(self._pipe.recv_bytes())
        except (EOFError, OSError):
            pass
        except Exception:  # a message that cannot be read: the host is of no use any more
            log.exception('host %d said something strange; it is ended', self.process.pid)
            self.process.kill()
        self._end()

    def _take(self, data: bytes) -> None:
        self._heard_at = time.monotonic()
        message = unpack_to_main(data)
        match message:
            case Begun():
                waiting = self._waiting.get(message.id)
                if waiting is not None:
                    waiting.begun = True
            case Answered():
                done = self._waiting.pop(message.id, None)
                if done is not None:
                    done.future.set_result(message.value)
            case Refused():
                self._fail(message.id, _error(message))
            case Happened() | StoreTaken():
                self._tell(message)
            case Pong():
                self.pong = message
            case Logged():
                logging.getLogger(message.name).log(message.level, '%s', message.text)

    def _read_words(self) -> None:
        """The library's chatter, and in the end why the Go runtime died, first things first."""
        assert self.process.stderr is not None
        with self.process.stderr as words:
            for row in words:
                said = row.decode(errors='replace').rstrip()
                if len(self._words) < WORDS and not said.startswith('Press Ctrl+C'):
                    self._words.append(said)

    def _end(self) -> None:
        try:
            code = self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        with self._turn:
            self.ended.set()
        self._unsent.put(None)
        self._writing.join()
        self._pipe.close()
        if code:
            reason = next((row for row in self._words if 'fatal error' in row or 'panic' in row), '')
            log.error('host %d ended with %d %s', self.process.pid, code, reason)
            log.debug('its last words: %s', '\n'.join(self._words))
        for number, waiting in list(self._waiting.items()):
            self._fail(number, _lost(waiting))
        self._on_end()

    # ---- small things

    def _send_stored(self) -> None:
        seqs, self._stored = tuple(self._stored), []
        self.post(Stored(seqs))

    def _fail(self, number: int, error: DovecoteError) -> None:
        waiting = self._waiting.pop(number, None)
        if waiting is not None:
            waiting.future.set_exception(error)


def _spawn(pipe: socket.socket) -> subprocess.Popen[bytes]:
    """A fresh interpreter without main's modules. A session of its own, so that a Ctrl+C stays with main.

    The Go runtime reads the environment the process began with; os.environ changed later would not reach it.
    """
    room = str(Path(core.__file__).parent.parent)
    paths = [room, *filter(None, [os.environ.get('PYTHONPATH')])]
    environment = {
        **os.environ,
        'PYTHONPATH': os.pathsep.join(paths),
        'NEONIZE_BOT_TAG': 'off',
        'MALLOC_ARENA_MAX': '2',
        'GOGC': os.environ.get('GOGC', '50'),
        'PYTHONUNBUFFERED': '1',
    }
    return subprocess.Popen(
        [sys.executable, '-P', '-m', 'core.host.child', str(pipe.fileno())],
        env=environment,
        pass_fds=[pipe.fileno()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def _error(refused: Refused) -> DovecoteError:
    match refused.kind:
        case 'not_connected':
            return NotConnected(refused.sentence)
        case 'refused':
            return SendRefused(refused.sentence, reason=refused.reason, retry=refused.retry, code=refused.code)
        case 'uncertain':
            return SendUncertain(refused.sentence)
        case 'denied':
            return CallDenied(refused.sentence, code=refused.code)
        case 'failed':
            return CallFailed(refused.sentence)


def _lost(waiting: _Waiting) -> DovecoteError:
    """The host is gone, its pipe was read to the end."""
    if not isinstance(waiting.call.ask, Send):
        return CallFailed('The session host stopped before WhatsApp answered.')
    if waiting.begun:
        return SendUncertain('The session host stopped while this message was on its way; it may have arrived.')
    return NotConnected('The session host stopped before this message was sent.')


def _late(waiting: _Waiting) -> DovecoteError:
    if isinstance(waiting.call.ask, Send):
        return SendUncertain('Nothing was heard of this message for too long; it may have arrived.')
    return CallFailed('WhatsApp did not answer in time.')
