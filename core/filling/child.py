"""A process that fills templates which may cost too much: it has little memory, nothing to lose, and may be killed.

Work comes in on stdin and goes out on stdout, each piece with its length before it. When stdin ends, main is gone.
"""

import json
import os
import pickle
import signal
import struct
import sys
from contextlib import suppress

from core.errors import Unfillable
from core.filling.rendering import Kept, Wanted, sealed, text, value

LENGTH = struct.Struct('>I')
MEMORY_MOST = 256 * 2**20  # bytes of address space
ALONE = 2.0  # seconds of one piece of work after which main would have killed us, so that it must be gone


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # a Ctrl+C reaches all of the terminal; main decides what we do
    _limit()
    _write(b'')  # ready
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 2)
    os.close(silence)
    kept = Kept()
    with suppress(EOFError, OSError):
        while True:
            work = _read()
            _alarm(ALONE)
            answer = _answer(kept, work)
            _alarm(0)
            _write(answer)


def _answer(kept: Kept, work: bytes) -> bytes:
    """JSON: [kind, …] with kind text, value, wrong (why, line) or memory. Main trusts nothing but that."""
    wanted: Wanted
    wanted, source, values = pickle.loads(work)
    try:
        template = kept.of(wanted, source)
        if values is None:
            return b'["text", ""]'
        if wanted == 'text':
            return json.dumps(['text', text(template, values)]).encode()
        return json.dumps(['value', value(template, values)], default=sealed).encode()
    except Unfillable as error:
        return json.dumps(['wrong', error.why, error.line]).encode()
    except MemoryError:
        return b'["memory"]'


def _limit() -> None:
    """No more memory than this, no files, no children: as far as the system knows such limits."""
    try:
        import resource  # noqa: PLC0415
    except ImportError:
        return
    wanted = {'RLIMIT_AS': MEMORY_MOST, 'RLIMIT_CORE': 0, 'RLIMIT_FSIZE': 0, 'RLIMIT_NPROC': 0}
    for name, most in wanted.items():
        with suppress(AttributeError, ValueError, OSError):
            resource.setrlimit(getattr(resource, name), (most, most))


def _alarm(seconds: float) -> None:
    if sys.platform != 'win32':
        signal.setitimer(signal.ITIMER_REAL, seconds)  # nobody handles it, so it ends us even inside of C code


def _read() -> bytes:
    return _exactly(*LENGTH.unpack(_exactly(LENGTH.size)))


def _exactly(length: int) -> bytes:
    parts = bytearray()
    while len(parts) < length:
        part = os.read(0, length - len(parts))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)


def _write(answer: bytes) -> None:
    rest = memoryview(LENGTH.pack(len(answer)) + answer)
    while rest:
        rest = rest[os.write(1, rest) :]


if __name__ == '__main__':
    main()
