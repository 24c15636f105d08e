"""The processes that fill costly templates, as main sees them: started when needed, killed when they take too long."""

import atexit
import json
import logging
import os
import pickle
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, cast

import core
from core.errors import NoFiller, Unfillable

from .plain import Plain
from .rendering import Wanted, opened

log = logging.getLogger(__name__)

SECONDS = 1.0  # for one template
START = 20.0  # seconds a process may take to load
WAIT = 10.0  # seconds to wait for a free process
REST = 10.0  # seconds in which a template that took too long is not tried again: it would hold up all others
MOST = 2
ANSWER_MOST = 16 * 2**20
LENGTH = struct.Struct('>I')
# What a Python may need to find itself; nothing else of ours, least of all secrets.
NEEDED = ('LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH', 'PYTHONHOME', 'SYSTEMROOT', 'LANG', 'LC_ALL', 'TZ', 'PYTHONTZPATH')


class Fillers:
    """May be asked by any thread; nothing is started before the first question."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._free: list[Filler] = []
        self._every: set[Filler] = set()
        self._turn = threading.Condition()
        self._slow: dict[str, float] = {}

    def ask(self, wanted: Wanted, source: str, values: dict[str, Plain] | None) -> Plain:
        """The filled template; without values only whether it can be compiled. Raises Unfillable and NoFiller."""
        self._refuse_slow(source)
        work = pickle.dumps((wanted, source, values), 5)
        for _ in range(3):  # somebody else may have killed a process while it was idle, or at work
            filler = self._take()
            try:
                answer = filler.ask(work)
            except _TooSlow:
                self._replace(filler)
                self._slow[source] = time.monotonic() + REST
                raise Unfillable(f'it takes longer than {SECONDS:g} second.') from None
            except _Ended:
                if not self._end(filler):
                    raise NoFiller('Filling was stopped.') from None
                continue
            except BaseException:
                self._end(filler)
                raise
            if answer[0] == 'memory':
                self._replace(filler)
                raise Unfillable('it needs too much memory.')
            self._give_back(filler)
            if answer[0] == 'wrong':
                raise Unfillable(answer[1], answer[2])
            return cast(Plain, answer[1])
        raise Unfillable('it ends the process that fills it.')

    def close(self) -> None:
        """End them all; a later question starts one again. What is being filled fails."""
        with self._turn:
            free, busy = self._free, self._every.difference(self._free)
            self._free, self._every = [], set()
            self._turn.notify_all()
        for filler in free:
            filler.end()
        for filler in busy:
            filler.kill()  # whoever asks it does the rest

    # ---- who is free

    def _take(self) -> 'Filler':
        end = time.monotonic() + WAIT
        with self._turn:
            while True:
                while self._free:
                    filler = self._free.pop()  # the one used last: it knows the templates of now
                    if filler.alive():
                        return filler
                    self._forget(filler)
                if len(self._every) < self._most:
                    return self._start()
                if not self._turn.wait(end - time.monotonic()):
                    raise NoFiller('Too many costly templates are being filled just now.')

    def _start(self) -> 'Filler':
        """Holding the turn."""
        if not self._every:
            atexit.unregister(self.close)
            atexit.register(self.close)
        filler = Filler()
        self._every.add(filler)
        return filler

    def _give_back(self, filler: 'Filler') -> None:
        with self._turn:
            if filler in self._every:
                self._free.append(filler)
                self._turn.notify()
            else:  # it was ended by `close` just after it had answered
                filler.end()

    def _replace(self, filler: 'Filler') -> None:
        """The next one loads already while nobody waits for it."""
        with self._turn:
            wanted = filler in self._every
            self._forget(filler)
            if wanted:
                try:
                    self._free.insert(0, self._start())
                except NoFiller as error:  # whoever needs it hears so
                    log.error('%s', error)
            self._turn.notify()

    def _end(self, filler: 'Filler') -> bool:
        """False: it was ended by `close`."""
        with self._turn:
            ours = filler in self._every
            self._forget(filler)
            self._turn.notify()
            return ours

    def _forget(self, filler: 'Filler') -> None:
        self._every.discard(filler)
        filler.end()

    def _refuse_slow(self, source: str) -> None:
        if not self._slow:
            return
        now = time.monotonic()
        self._slow = {each: until for each, until in list(self._slow.items()) if until > now}
        if source in self._slow:
            raise Unfillable(f'it took longer than {SECONDS:g} second lately; it is tried again in some seconds.')


class Filler:
    """One process. All but `kill` is for one thread at a time: the numbers of closed pipes are soon those of others."""

    def __init__(self) -> None:
        try:
            self._process = _spawn()
        except OSError as error:
            raise _not_started(str(error)) from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to, self._from = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._to, False)
        self._writable, self._readable = select.poll(), select.poll()
        self._writable.register(self._to, select.POLLOUT)
        self._readable.register(self._from, select.POLLIN)
        self._ready = False

    @property
    def pid(self) -> int:
        return self._process.pid

    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, work: bytes) -> list[Any]:
        """Its answer. Raises _TooSlow and _Ended, after which it is of no use any more, and NoFiller."""
        if not self._ready:
            self._await_start()
        end = time.monotonic() + SECONDS
        self._write(LENGTH.pack(len(work)) + work, end)
        return cast(list[Any], json.loads(self._read(end), object_hook=opened))

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        """At once. May be called twice."""
        self.kill()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()

    def _await_start(self) -> None:
        try:
            self._read(time.monotonic() + START)
        except _Ended:
            if self._process.wait() == -signal.SIGKILL:
                raise  # somebody killed it; another may do better
            raise _not_started(self._last_words()) from None
        except _TooSlow:
            raise _not_started(f'it did not answer for {START:g} seconds') from None
        self._ready = True

    def _last_words(self) -> str:
        assert self._process.stderr is not None
        words = self._process.stderr.read().decode(errors='replace').strip()
        log.error('the process that fills templates did not start: %s', words)
        return words.splitlines()[-1][:200] if words else f'it ended with {self._process.returncode}'

    def _write(self, data: bytes, end: float) -> None:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self._to, rest) :]
            except BlockingIOError:
                if not self._writable.poll(_milliseconds(end)):
                    raise _TooSlow from None
            except (OSError, ValueError):
                raise _Ended from None

    def _read(self, end: float) -> bytes:
        (length,) = LENGTH.unpack(self._exactly(LENGTH.size, end))
        if length > ANSWER_MOST:
            raise _Ended
        return self._exactly(length, end)

    def _exactly(self, length: int, end: float) -> bytes:
        parts = bytearray()
        while len(parts) < length:
            if not self._readable.poll(_milliseconds(end)):
                raise _TooSlow
            try:
                part = os.read(self._from, length - len(parts))
            except OSError:
                raise _Ended from None
            if not part:
                raise _Ended
            parts += part
        return bytes(parts)


class _TooSlow(Exception):
    pass


class _Ended(Exception):
    pass


def _not_started(why: str) -> NoFiller:
    return NoFiller(f'The process that fills templates cannot be started: {why}.')


def _milliseconds(end: float) -> int:
    return max(int((end - time.monotonic()) * 1000), 0)


def _spawn() -> 'subprocess.Popen[bytes]':
    """A fresh interpreter with two pipes and nothing else: no files, sockets, terminal or settings of ours."""
    room = str(Path(core.__file__).parent.parent)
    paths = [room, *(os.path.abspath(each) for each in os.environ.get('PYTHONPATH', '').split(os.pathsep) if each)]
    environment = {name: os.environ[name] for name in NEEDED if name in os.environ}
    return subprocess.Popen(
        [sys.executable, '-P', '-B', '-X', 'utf8', '-m', 'core.filling.child'],
        env=environment | {'PYTHONPATH': os.pathsep.join(paths)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        cwd=os.sep,
        start_new_session=True,
    )
