"""Who may use a state directory, and when."""

import contextlib
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import StateDirWrong
from core.state_dir import check_database, hold_state_dir, prepare_state_dir

from .commands import ROOT, dovecote, dovecote_on

# Holds the directory, starts a child that inherits all it can, and waits to be killed.
OWNER = """
import subprocess, sys, time
from pathlib import Path
from core.state_dir import hold_state_dir
state = hold_state_dir(Path(sys.argv[1]), sandbox=False, address='http://127.0.0.1:8080')
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(30)'], close_fds=False)
print(child.pid, flush=True)
time.sleep(30)
"""


@contextlib.contextmanager
def running_instance(folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    owner = subprocess.Popen([sys.executable, '-c', OWNER, folder], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert owner.stdout is not None
    child = int(owner.stdout.readline())
    try:
        yield owner, child
    finally:
        owner.kill()
        owner.wait()
        owner.stdout.close()
        os.kill(child, signal.SIGKILL)


def refused(folder: Path, *, sandbox: bool = False) -> str:
    with pytest.raises(StateDirWrong) as caught, hold_state_dir(folder, sandbox=sandbox):
        pass
    return str(caught.value)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_directory_is_made_for_us_alone(tmp_path: Path) -> None:
    with hold_state_dir(tmp_path / 'deep' / 'state', sandbox=False) as state:
        assert mode(state.root) == 0o700
        assert all(mode(each) == 0o700 for each in (state.sessions, state.media, state.sandbox, state.backups))


def test_a_second_instance_is_told_who_is_there_and_a_killed_one_leaves_no_lock(tmp_path: Path) -> None:
    with running_instance(tmp_path / 'state') as (owner, child):
        sentence = refused(tmp_path / 'state')
        assert f'process {owner.pid} at http://127.0.0.1:8080' in sentence
        owner.kill()
        owner.wait()
        os.kill(child, 0)  # its child lives on, and holds nothing
        with hold_state_dir(tmp_path / 'state', sandbox=False) as state:
            assert f'process {os.getpid()}\n' == state.lock_file.read_text()


def test_the_secret_key_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    state = prepare_state_dir(tmp_path / 'state')
    key = state.secret_key()
    assert len(key) == 64
    assert state.secret_key() == key
    assert mode(state.secret_file) == 0o600
    assert state.secret_key('given by the environment') == 'given by the environment'
    state.secret_file.write_text('short')
    with pytest.raises(StateDirWrong, match='too short'):
        state.secret_key()


def test_sandbox_and_real_data_never_meet(tmp_path: Path) -> None:
    with hold_state_dir(tmp_path / 'play', sandbox=True):
        pass
    assert 'run with --sandbox' in refused(tmp_path / 'play')
    with hold_state_dir(tmp_path / 'real', sandbox=False) as state:
        (state.sessions / '01K.db').write_bytes(b'')
    assert 'real data' in refused(tmp_path / 'real', sandbox=True)
    with hold_state_dir(tmp_path / 'play', sandbox=True), hold_state_dir(tmp_path / 'real', sandbox=False):
        pass


def test_a_directory_with_other_things_is_left_alone(tmp_path: Path) -> None:
    home = tmp_path / 'home'
    home.mkdir(mode=0o755)
    (home / 'letter.txt').write_text('dear')
    assert 'letter.txt' in refused(home)
    assert mode(home) == 0o755


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / 'state').write_text('')
    assert 'it is a file, not a directory' in refused(tmp_path / 'state')
    assert 'it is a file, not a directory' in refused(tmp_path / 'state' / 'in')


def test_somebody_elses_directory_is_refused(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip('only root can give a directory away')
    state = tmp_path / 'state'
    state.mkdir()
    os.chown(state, 12345, 12345)
    assert 'belongs to user 12345' in refused(state)


def test_a_read_only_disk_is_refused_in_a_sentence(tmp_path: Path) -> None:
    done = dovecote_on('ro', tmp_path, 'migrate', '--state', tmp_path / 'state')
    assert done.returncode == 2
    assert done.stderr.strip().endswith('cannot be used: it is on a read-only file system.')


def test_a_full_disk_is_refused_in_a_sentence(tmp_path: Path) -> None:
    done = dovecote_on('size=1m', tmp_path, 'migrate', '--state', tmp_path / 'state')
    assert done.returncode == 2
    assert 'is full (0 MiB left)' in done.stderr or 'is full (1 MiB left)' in done.stderr


def database(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute('CREATE TABLE messages (id INTEGER PRIMARY KEY, text TEXT)')
        connection.executemany('INSERT INTO messages (text) VALUES (?)', [('hello' * 50,)] * 2000)
        connection.commit()


def test_a_whole_database_passes_and_so_does_none(tmp_path: Path) -> None:
    check_database(tmp_path / 'none.db')
    database(tmp_path / 'good.db')
    check_database(tmp_path / 'good.db')


@pytest.mark.parametrize(('at', 'junk'), [(0, b'not a database'), (20_000, b'\xff' * 30_000), (-40_000, b'')])
def test_a_damaged_database_is_refused_and_left_as_it_is(tmp_path: Path, at: int, junk: bytes) -> None:
    file = tmp_path / 'dovecote.db'
    database(file)
    content = file.read_bytes()
    content = content[:at] + junk + content[at + len(junk) :] if junk else content[:at]
    file.write_bytes(content)
    with pytest.raises(StateDirWrong, match=r'damaged.*restore FILE'):
        check_database(file)
    assert file.read_bytes() == content


def test_a_damaged_database_stops_commands_with_one_sentence(tmp_path: Path) -> None:
    state = prepare_state_dir(tmp_path / 'state')
    state.db.write_bytes(b'scrambled' * 1000)
    done = dovecote('user', 'list', '--state', state.root)
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr.count('\n') == 1
    assert 'damaged' in done.stderr
