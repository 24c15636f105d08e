"""How everything is copied into one file while the program runs, and brought back."""

import contextlib
import gzip
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from datetime import datetime
from importlib.metadata import version
from pathlib import Path, PurePosixPath

from .errors import Conflict, Invalid, StateDirWrong
from .state_dir import StateDir, check_database, disk_problem
from .world import World

FORMAT = 1
ABOUT = 'backup.json'

# jobs.db is left out on purpose: a job only nudges, the rows are the truth.
_FILES = ('dovecote.db', 'secret.key', 'sandbox.marker')
_FOLDERS = ('sessions', 'media', 'sandbox')
_CHECK_SECONDS = 60.0


def make_backup(state: StateDir, file: Path, world: World) -> None:
    """Write one .tar.gz (mode 0600) of databases, keys and media; `file` appears only when it is whole.

    Each database is one consistent moment, read beside whoever writes. Raises StateDirWrong when there is nothing to
    keep or no room for it.
    """
    if not state.db.exists():
        raise StateDirWrong(f'{state.root} holds no database yet, so there is nothing to back up.')
    if file.exists() and not file.is_file():
        raise Invalid(f'{file} is not a file; name one that ends in .tar.gz.')
    check_database(state.db, seconds=_CHECK_SECONDS)
    half = file.with_name(f'.{file.name}.{os.getpid()}')
    try:
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), 'wb') as out:
            with tarfile.open(fileobj=out, mode='w:gz', compresslevel=6) as archive:
                _fill(archive, state, world.now())
            out.flush()
            os.fsync(out.fileno())
        half.replace(file)
    except (OSError, sqlite3.Error) as error:
        raise StateDirWrong(f'The backup could not be written to {file}: {disk_problem(error)}.') from error
    finally:
        half.unlink(missing_ok=True)


def restore_backup(state: StateDir, file: Path, world: World, *, force: bool = False) -> Path | None:
    """Put a backup's content into `state`, which the caller holds.

    A directory that has data is a Conflict unless `force`; what was there is then kept in the folder returned. A file
    that is no whole backup, or holds anything unexpected, raises Invalid before anything is touched.
    """
    if _has_data(state) and not force:
        raise Conflict(f'{state.root} already holds data; restore into a new directory, or add --force to replace it.')
    try:
        with tempfile.TemporaryDirectory(prefix='.restore-', dir=state.root) as folder:
            _unpack(file, Path(folder))
            _check(Path(folder))
            kept = _set_aside(state, world.now())
            _bring_in(Path(folder), state)
        return kept
    except OSError as error:
        raise StateDirWrong(f'{file} could not be restored into {state.root}: {disk_problem(error)}.') from error


def _fill(archive: tarfile.TarFile, state: StateDir, now: datetime) -> None:
    with tempfile.TemporaryDirectory(prefix='.backup-', dir=state.root) as folder:
        about = Path(folder, ABOUT)
        about.write_text(json.dumps({'format': FORMAT, 'version': version('dovecote'), 'made_at': now.isoformat()}))
        archive.add(about, ABOUT)
        copy = Path(folder, 'copy.db')
        for path in _kept(state.root):
            name = path.relative_to(state.root).as_posix()
            if path.suffix == '.db':
                _copy_database(path, copy)
                archive.add(copy, name)
                copy.unlink()
            else:
                _add_file(archive, path, name)


def _kept(root: Path) -> Iterator[Path]:
    for name in _FILES:
        if (root / name).is_file():
            yield root / name
    for folder in _FOLDERS:
        for path in sorted((root / folder).rglob('*')):
            if path.is_file() and not path.is_symlink() and not path.name.endswith(('-wal', '-shm', '-journal')):
                yield path


def _copy_database(source: Path, target: Path) -> None:
    """SQLite's own online copy: a WAL reader, so nobody has to stop writing."""
    reading = sqlite3.connect(f'{source.absolute().as_uri()}?mode=ro', uri=True, timeout=30)
    writing = sqlite3.connect(target)
    try:
        reading.backup(writing)
    finally:
        writing.close()
        reading.close()
    target.chmod(0o600)


def _add_file(archive: tarfile.TarFile, path: Path, name: str) -> None:
    # Deleted since it was listed: then it belongs to no backup either.
    with contextlib.suppress(FileNotFoundError):
        archive.add(path, name, recursive=False)


def _unpack(file: Path, folder: Path) -> None:
    try:
        with tarfile.open(file, 'r:gz') as archive:
            for member in archive:
                target = folder / _safe_name(file, member)
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                content = archive.extractfile(member)
                assert content is not None  # _safe_name let regular files through only
                with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), 'wb') as out:
                    shutil.copyfileobj(content, out)
    except FileNotFoundError as error:
        raise Invalid(f'There is no file {file}.') from error
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, FileExistsError, ValueError) as error:
        raise _no_backup(file) from error


def _safe_name(file: Path, member: tarfile.TarInfo) -> str:
    """Only plain files, only where a backup puts them; an archive from elsewhere may name any path."""
    path = PurePosixPath(member.name)
    known = member.name in (*_FILES, ABOUT) or (len(path.parts) > 1 and path.parts[0] in _FOLDERS)
    if not member.isreg() or path.is_absolute() or '..' in path.parts or not known:
        raise Invalid(f'{file} is not a backup of Dovecote: it holds {member.name[:80]!r}. Nothing was changed.')
    return member.name


def _check(folder: Path) -> None:
    try:
        about = json.loads((folder / ABOUT).read_text())
        made = int(about['format'])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Invalid('The file is not a backup of Dovecote: it does not say what it is.') from error
    if made > FORMAT:
        raise Invalid('The backup was made by a newer version of Dovecote; update this one first.')
    if not (folder / 'dovecote.db').exists():
        raise Invalid('The backup holds no database.')
    for database in folder.rglob('*.db'):
        try:
            check_database(database, seconds=_CHECK_SECONDS)
        except StateDirWrong as error:
            raise Invalid(
                f'The backup is damaged: {database.relative_to(folder)} cannot be read. Nothing was changed.'
            ) from error
    for leftover in (*folder.rglob('*-wal'), *folder.rglob('*-shm')):  # of the look just taken
        leftover.unlink()


def _has_data(state: StateDir) -> bool:
    return any((state.root / name).exists() for name in _FILES) or any(
        any((state.root / folder).iterdir()) for folder in _FOLDERS
    )


def _set_aside(state: StateDir, now: datetime) -> Path | None:
    names = [*_FILES, *_FOLDERS, 'jobs.db']
    names += [f'{name}{rest}' for name in ('dovecote.db', 'jobs.db') for rest in ('-wal', '-shm')]
    if not _has_data(state):
        return None
    kept = state.backups / f'before-restore-{now:%Y%m%dT%H%M%S}'
    kept.mkdir(mode=0o700)
    for name in names:
        if (state.root / name).exists():
            (state.root / name).rename(kept / name)
    return kept


def _bring_in(folder: Path, state: StateDir) -> None:
    (folder / ABOUT).unlink()
    for name in _FOLDERS:
        (folder / name).mkdir(mode=0o700, exist_ok=True)
        if (state.root / name).exists():
            (state.root / name).rmdir()
    # The database last: without it the directory is plainly unfinished, and the restore can be repeated.
    for path in sorted(folder.iterdir(), key=lambda each: each.name == 'dovecote.db'):
        path.rename(state.root / path.name)


def _no_backup(file: Path) -> Invalid:
    return Invalid(f'{file} is not a whole backup of Dovecote. Nothing was changed.')
