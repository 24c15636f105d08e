"""Copying everything into one file and bringing it back."""

import contextlib
import io
import sqlite3
import stat
import tarfile
import threading
import time
from pathlib import Path

import pytest

from core.backup import make_backup, restore_backup
from core.errors import Conflict, DovecoteError, Invalid
from core.state_dir import StateDir, hold_state_dir, prepare_state_dir
from core.world import World, real_world

from .commands import dovecote, dovecote_on


@pytest.fixture
def world() -> World:
    return real_world()


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    state = prepare_state_dir(tmp_path / 'state')
    for file in (state.db, state.sessions / '01K.db'):
        with contextlib.closing(sqlite3.connect(file)) as connection:
            connection.executescript('PRAGMA journal_mode=wal; CREATE TABLE a (n); CREATE TABLE b (n);')
    (state.media / 'ab').mkdir()
    (state.media / 'ab' / 'cdef').write_bytes(b'picture')
    (state.sandbox / 'link').symlink_to('/etc/passwd')
    state.secret_key()
    return state


def rows(file: Path) -> tuple[int, int]:
    with contextlib.closing(sqlite3.connect(file)) as connection:
        a, b = (connection.execute(f'SELECT count(*) FROM {table}').fetchone()[0] for table in 'ab')
        return a, b


def write_on(file: Path, stop: threading.Event) -> None:
    """Always as many rows in one table as in the other, as a person sees it."""
    with contextlib.closing(sqlite3.connect(file, timeout=30)) as connection:
        while not stop.is_set():
            with connection:
                connection.executemany('INSERT INTO a VALUES (?)', [(n,) for n in range(50)])
                connection.executemany('INSERT INTO b VALUES (?)', [(n,) for n in range(50)])


def restored(file: Path, folder: Path, world: World, *, force: bool = False) -> StateDir:
    with hold_state_dir(folder) as state:
        restore_backup(state, file, world, force=force)
    return state


def archive(path: Path, *members: tuple[str, bytes | None]) -> Path:
    """A .tar.gz of these names and contents; None makes a link out of the directory."""
    with tarfile.open(path, 'w:gz') as out:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if content is None:
                info.type, info.linkname = tarfile.SYMTYPE, '/etc/passwd'
            info.size = len(content or b'')
            out.addfile(info, io.BytesIO(content or b''))
    return path


def test_a_backup_taken_during_writes_is_one_moment_and_comes_back(
    state: StateDir, tmp_path: Path, world: World
) -> None:
    stop = threading.Event()
    writers = [threading.Thread(target=write_on, args=(file, stop)) for file in (state.db, state.sessions / '01K.db')]
    for writer in writers:
        writer.start()
    try:
        deadline = time.monotonic() + 10
        while min(rows(state.db)[0], rows(state.sessions / '01K.db')[0]) == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        make_backup(state, tmp_path / 'all.tar.gz', world)
    finally:
        stop.set()
        for writer in writers:
            writer.join()

    new = restored(tmp_path / 'all.tar.gz', tmp_path / 'new', world)

    for file in (new.db, new.sessions / '01K.db'):
        a, b = rows(file)
        assert a == b > 0
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (new.media / 'ab' / 'cdef').read_bytes() == b'picture'
    assert new.secret_key() == state.secret_key()
    assert not any(new.sandbox.iterdir())


def test_the_file_is_ours_alone_and_nothing_half_is_left(state: StateDir, tmp_path: Path, world: World) -> None:
    make_backup(state, tmp_path / 'all.tar.gz', world)
    assert stat.S_IMODE((tmp_path / 'all.tar.gz').stat().st_mode) == 0o600
    assert sorted(each.name for each in tmp_path.iterdir()) == ['all.tar.gz', 'state']
    assert not list(state.root.glob('.backup-*'))


def test_a_backup_of_the_sandbox_stays_a_sandbox(tmp_path: Path, world: World) -> None:
    with hold_state_dir(tmp_path / 'play', sandbox=True) as play:
        with contextlib.closing(sqlite3.connect(play.db)) as connection:
            connection.execute('CREATE TABLE a (n)')
        make_backup(play, tmp_path / 'play.tar.gz', world)
    new = restored(tmp_path / 'play.tar.gz', tmp_path / 'new', world)
    assert new.marker.exists()


def test_data_is_replaced_only_by_force_and_then_kept(state: StateDir, tmp_path: Path, world: World) -> None:
    make_backup(state, tmp_path / 'all.tar.gz', world)
    (state.media / 'ab' / 'later').write_bytes(b'later')
    with pytest.raises(Conflict, match='--force'):
        restored(tmp_path / 'all.tar.gz', state.root, world)
    restored(tmp_path / 'all.tar.gz', state.root, world, force=True)
    assert not (state.media / 'ab' / 'later').exists()
    assert [each.read_bytes() for each in state.backups.rglob('later')] == [b'later']


def test_a_running_instance_is_not_restored_over(state: StateDir, tmp_path: Path, world: World) -> None:
    make_backup(state, tmp_path / 'all.tar.gz', world)
    with hold_state_dir(state.root):
        done = dovecote('restore', tmp_path / 'all.tar.gz', '--force', '--state', state.root)
    assert done.returncode == 2
    assert 'in use by another running instance' in done.stderr


def test_an_archive_from_elsewhere_reaches_nothing_outside(tmp_path: Path, world: World) -> None:
    for number, name in enumerate(['../evil', '/tmp/evil', 'media/../../evil', 'evil', 'media', 'sessions/../x']):
        file = archive(tmp_path / f'{number}.tar.gz', ('backup.json', b'{"format": 1}'), (name, b'x'))
        with pytest.raises(Invalid, match='not a backup'):
            restored(file, tmp_path / 'new', world)
    file = archive(tmp_path / 'link.tar.gz', ('backup.json', b'{"format": 1}'), ('media/link', None))
    with pytest.raises(Invalid, match='not a backup'):
        restored(file, tmp_path / 'new', world)
    assert not (tmp_path / 'evil').exists()


def test_a_damaged_backup_changes_nothing(state: StateDir, tmp_path: Path, world: World) -> None:
    make_backup(state, tmp_path / 'all.tar.gz', world)
    whole = (tmp_path / 'all.tar.gz').read_bytes()
    about = ('backup.json', b'{"format": 1}')
    bad = {
        'cut short': whole[: len(whole) // 2],
        'a bit turned': whole[:200] + bytes([whole[200] ^ 0xFF]) + whole[201:],
        'not gzip': b'hello',
        'empty': b'',
        'no database': archive(tmp_path / '1', about).read_bytes(),
        'scrambled database': archive(tmp_path / '2', about, ('dovecote.db', b'scrambled' * 100)).read_bytes(),
        'from the future': archive(tmp_path / '3', ('backup.json', b'{"format": 99}')).read_bytes(),
        'nothing said': archive(tmp_path / '4', ('backup.json', b'[]')).read_bytes(),
    }
    before = sorted(state.root.rglob('*'))
    for why, content in bad.items():
        (tmp_path / 'bad.tar.gz').write_bytes(content)
        with pytest.raises(DovecoteError) as caught:
            restored(tmp_path / 'bad.tar.gz', state.root, world, force=True)
        assert isinstance(caught.value, Invalid), why
    assert [each for each in sorted(state.root.rglob('*')) if each != state.lock_file] == before


def test_a_full_disk_leaves_no_half_backup(state: StateDir, tmp_path: Path) -> None:
    (state.media / 'big').write_bytes(bytes(range(256)) * 40_000)
    target = tmp_path / 'usb'
    target.mkdir()
    done = dovecote_on('size=16k', target, 'backup', target / 'all.tar.gz', '--state', state.root)
    assert done.returncode == 2
    assert done.stderr.strip().endswith('all.tar.gz: the disk is full.')


def test_a_backup_never_replaces_a_device_or_a_folder(state: StateDir, tmp_path: Path) -> None:
    for target in (Path('/dev/null'), tmp_path):
        done = dovecote('backup', target, '--state', state.root)
        assert (done.returncode, 'is not a file' in done.stderr) == (2, True)
