"""Where everything is kept on disk, and whose it is right now."""

import errno
import fcntl
import os
import pwd
import secrets
import shutil
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from .errors import StateDirWrong

LEAST_FREE = 16 * 2**20

_OURS = ('dovecote.db', 'secret.key', 'sandbox.marker', 'dovecote.lock')
_NOT_CONTENT = ('lost+found',)


@dataclass(frozen=True, slots=True, kw_only=True)
class StateDir:
    """The paths inside one state directory. `lock` is the held lock's descriptor, -1 when only looked at."""

    root: Path
    lock: int = -1

    @property
    def db(self) -> Path:
        return self.root / 'dovecote.db'

    @property
    def jobs(self) -> Path:
        return self.root / 'jobs.db'

    @property
    def sessions(self) -> Path:
        """Holds `<session id>.db`, the WhatsApp library's own stores."""
        return self.root / 'sessions'

    @property
    def media(self) -> Path:
        return self.root / 'media'

    @property
    def sandbox(self) -> Path:
        """What the sandbox server and its phones remember."""
        return self.root / 'sandbox'

    @property
    def backups(self) -> Path:
        return self.root / 'backups'

    @property
    def secret_file(self) -> Path:
        return self.root / 'secret.key'

    @property
    def lock_file(self) -> Path:
        return self.root / 'dovecote.lock'

    @property
    def marker(self) -> Path:
        """Exists when everything in here belongs to the sandbox."""
        return self.root / 'sandbox.marker'

    def secret_key(self, given: str = '') -> str:
        """The `given` key, or the one kept here; the first call makes it (64 hex digits, mode 0600)."""
        return given or _kept_secret(self.secret_file)

    def close(self) -> None:
        """Let the next instance in. Call once, last."""
        if self.lock >= 0:
            os.close(self.lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def hold_state_dir(path: Path, *, sandbox: bool | None = None, address: str = '') -> StateDir:
    """Make the directory ready and hold it for this process alone until `close()` or death.

    `sandbox` says which world the caller lives in; None is for commands that mend either (migrate, restore). Raises
    StateDirWrong: another instance runs here, it cannot be written, it is somebody else's, or its data is of the
    other world. `address` is shown to whoever finds it taken.
    """
    state = prepare_state_dir(path)
    state = StateDir(root=path, lock=_take_lock(state.lock_file, address))
    try:
        if sandbox is not None:
            _keep_worlds_apart(state, sandbox=sandbox)
    except BaseException:
        state.close()
        raise
    return state


def prepare_state_dir(path: Path) -> StateDir:
    """The same directory and layout without taking it, for commands that work beside a running instance."""
    state = StateDir(root=path)
    try:
        _own_directory(path)
        for inner in (state.sessions, state.media, state.sandbox, state.backups):
            inner.mkdir(mode=0o700, exist_ok=True)
        free = shutil.disk_usage(path).free
    except OSError as error:
        raise _translated(path, error) from error
    if free < LEAST_FREE:
        raise StateDirWrong(f'The disk under {path} is full ({free // 2**20} MiB left); free some space first.')
    return state


def check_database(path: Path, *, seconds: float = 2.0) -> None:
    """Raise StateDirWrong when the SQLite file at `path` is damaged. Reads only, for at most about `seconds`."""
    if not path.exists() or path.stat().st_size == 0:
        return
    try:
        with path.open('rb') as file:
            if file.read(16) != b'SQLite format 3\0':
                raise _damaged(path, 'it does not begin like an SQLite file')
        problem = _quick_check(path, seconds)
    except OSError as error:
        raise StateDirWrong(f'The database {path} cannot be read: {error.strerror}.') from error
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise StateDirWrong(f'The database {path} cannot be read: {error}.') from error
        problem = str(error)
    if problem:
        raise _damaged(path, problem.splitlines()[-1])


def _quick_check(path: Path, seconds: float) -> str:
    """What SQLite finds wrong, '' for nothing. A file too big for the time given passes."""
    until = time.monotonic() + seconds
    connection = sqlite3.connect(f'{path.absolute().as_uri()}?mode=ro', uri=True, timeout=seconds)
    try:
        connection.set_progress_handler(lambda: time.monotonic() > until, 10_000)
        answer: str = connection.execute('PRAGMA quick_check(1)').fetchone()[0]
        return '' if answer == 'ok' else answer
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode in (sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_BUSY):
            return ''
        raise
    finally:
        connection.close()


def _damaged(path: Path, problem: str) -> StateDirWrong:
    return StateDirWrong(
        f'The database {path} is damaged ({problem}). It was left as it is. '
        'Restore a backup with `dovecote restore FILE --force`, or move it away to begin anew.'
    )


def _own_directory(path: Path) -> None:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    _refuse_foreign(path)
    _refuse_other_content(path)
    if path.stat().st_mode & 0o077:
        path.chmod(0o700)


def _refuse_foreign(path: Path) -> None:
    owner, me = path.stat().st_uid, os.geteuid()
    if owner != me:
        raise StateDirWrong(
            f'{path} belongs to {_user(owner)} but this runs as {_user(me)}: '
            'change its owner, or name a new directory inside it.'
        )


def _refuse_other_content(path: Path) -> None:
    """Its mode becomes 0700, which nobody wants for /tmp or a home directory."""
    names = {entry.name for entry in path.iterdir() if entry.name not in _NOT_CONTENT}
    if names and names.isdisjoint(_OURS) and not names <= {'sessions', 'media', 'sandbox', 'backups'}:
        raise StateDirWrong(f'{path} holds other things ({sorted(names)[0]}, …); name an empty or a new directory.')


def _take_lock(file: Path, address: str) -> int:
    """flock on a descriptor that no child inherits: it goes with this process, however it ends."""
    try:
        lock = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _translated(file.parent, error) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(lock, 0)
        os.pwrite(lock, f'process {os.getpid()}{f" at {address}" if address else ""}\n'.encode(), 0)
    except BlockingIOError as error:
        owner = os.pread(lock, 200, 0).decode('utf-8', 'replace').strip() or 'another process'
        os.close(lock)
        raise StateDirWrong(
            f'{file.parent} is in use by another running instance ({owner}). '
            'Stop that one, or give this one a directory of its own with --state.'
        ) from error
    except OSError as error:
        os.close(lock)
        raise _translated(file.parent, error) from error
    return lock


def _keep_worlds_apart(state: StateDir, *, sandbox: bool) -> None:
    marked = state.marker.exists()
    if marked and not sandbox:
        raise StateDirWrong(
            f'{state.root} holds data of the sandbox; run with --sandbox, or name another directory with --state.'
        )
    if sandbox and not marked:
        if state.db.exists() or any(state.sessions.glob('*.db')):
            raise StateDirWrong(
                f'{state.root} holds real data, which the sandbox must not touch; '
                'name another directory with --state, or run without --sandbox.'
            )
        try:
            state.marker.write_text('Everything in this directory belongs to the sandbox.\n', 'utf-8')
        except OSError as error:
            raise _translated(state.root, error) from error


def _kept_secret(file: Path) -> str:
    try:
        kept = file.read_text('ascii').strip() if file.exists() else ''
        if not kept:
            kept = secrets.token_hex(32)
            _write_whole(file, kept + '\n')
    except (OSError, UnicodeDecodeError) as error:
        raise StateDirWrong(f'The secret key in {file} cannot be read or made: {error}.') from error
    if len(kept) < 32:
        raise StateDirWrong(f'The secret key in {file} is too short; restore it from a backup.')
    return kept


def _write_whole(file: Path, text: str) -> None:
    """All of it or nothing, on disk before the name exists, mode 0600."""
    half = file.with_name(f'{file.name}.{os.getpid()}')
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, 'w') as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    half.replace(file)


def _translated(path: Path, error: OSError) -> StateDirWrong:
    return StateDirWrong(f'The state directory {path} cannot be used: {disk_problem(error)}.')


def disk_problem(error: Exception) -> str:
    """Why the disk said no, as the end of a sentence."""
    match getattr(error, 'errno', None):
        case errno.EROFS:
            return 'it is on a read-only file system'
        case errno.EACCES | errno.EPERM:
            return f'{_user(os.geteuid())} may not write there'
        case errno.ENOSPC | errno.EDQUOT:
            return 'the disk is full'
        case errno.EEXIST | errno.ENOTDIR:
            return 'it is a file, not a directory'
        case _:
            return getattr(error, 'strerror', None) or str(error)


def _user(uid: int) -> str:
    try:
        return f'{pwd.getpwuid(uid).pw_name} ({uid})'
    except KeyError:
        return f'user {uid}'
