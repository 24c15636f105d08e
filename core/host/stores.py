"""Where the library keeps a session's keys: one SQLite file each, private to us."""

import fcntl
import os
from pathlib import Path

# Goes behind the path the library formats into `file:%s?_foreign_keys=on`; `z=` swallows that rest.
OPTIONS = '?_journal_mode=WAL&_synchronous=NORMAL&_busy_timeout=10000&_foreign_keys=on&z='


def path_of(folder: Path, session: str) -> Path:
    return folder / f'{session}.db'


def source_of(folder: Path, session: str) -> str:
    """What the library is given: the file's name with our options."""
    return f'{path_of(folder, session)}{OPTIONS}'


def prepare(folder: Path, session: str) -> None:
    """Make an empty private file before the library creates one with the usual rights."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = path_of(folder, session)
    os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    file.chmod(0o600)


def forget(folder: Path, session: str) -> None:
    for ending in ('', '-wal', '-shm', '-journal'):
        Path(f'{path_of(folder, session)}{ending}').unlink(missing_ok=True)


class StoreLock:
    """Two hosts on one store would ruin its encryption keys: the second waits until the first has ended."""

    def __init__(self, folder: Path, session: str) -> None:
        self._file = folder / f'{session}.lock'
        self._handle: int | None = None

    def take(self) -> bool:
        if self._handle is not None:
            return True
        handle = os.open(self._file, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        self._handle = handle
        return True

    def release(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
