"""What this machine lacks, and what then does not work."""

import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from .errors import StateDirWrong
from .settings import Settings
from .state_dir import LEAST_FREE, StateDir, check_database
from .tools import ffmpeg, ffprobe, load_libmagic
from .world import World

_LIBRARY_SECONDS = 60
_LOW_SPACE = 1 * 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`sentence` is for the person who runs this; `well` False means that something will not work."""

    well: bool
    sentence: str


def examine(settings: Settings, world: World) -> Iterator[Finding]:
    """Every finding, the quick ones first. Looks only: nothing is made, changed or taken."""
    state = StateDir(root=settings.state)
    yield _python()
    yield _state_dir(state)
    yield _space(state)
    yield from _databases(state)
    yield _clock(state, world.now())
    yield _tool('ffmpeg', ffmpeg(), 'videos, voice messages and moving stickers cannot be converted for sending')
    yield _tool('ffprobe', ffprobe(), 'length and size of audio and video stay unknown, so they cannot be sent')
    yield _libmagic()
    yield _library()


def _python() -> Finding:
    right = (3, 11) <= sys.version_info[:2] <= (3, 13)
    have = f'Python {sys.version.split()[0]}'
    return Finding(well=right, sentence=have if right else f'{have} was never tried; use 3.11, 3.12 or 3.13')


def _state_dir(state: StateDir) -> Finding:
    root = state.root
    if not root.exists():
        parent = next(each for each in root.parents if each.exists())
        well = os.access(parent, os.W_OK | os.X_OK)
        return Finding(
            well=well,
            sentence=f'The state directory {root} is made at the first start'
            if well
            else f'The state directory {root} cannot be made: {parent} may not be written',
        )
    if not root.is_dir():
        return Finding(well=False, sentence=f'{root} is not a directory, so nothing can be kept')
    open_ones = [path.name for path in (root, *_private(state)) if path.stat().st_mode & 0o077]
    if root.stat().st_uid != os.geteuid():
        return Finding(well=False, sentence=f'{root} belongs to another user; the program refuses to start on it')
    if not os.access(root, os.W_OK | os.X_OK):
        return Finding(well=False, sentence=f'{root} may not be written, so nothing can be kept')
    if open_ones:
        return Finding(
            well=False,
            sentence=f'Other users of this machine can read {", ".join(open_ones)}: chmod -R go= {root}',
        )
    return Finding(well=True, sentence=f'The state directory {root} is ours alone')


def _private(state: StateDir) -> list[Path]:
    files = [state.secret_file, state.db, state.jobs, *sorted(state.sessions.glob('*.db'))]
    return [path for path in files if path.exists()]


def _space(state: StateDir) -> Finding:
    there = next(each for each in (state.root, *state.root.parents) if each.exists())
    free = shutil.disk_usage(there).free
    if free < LEAST_FREE:
        return Finding(well=False, sentence=f'The disk is full ({free // 2**20} MiB left); the program does not start')
    if free < _LOW_SPACE:
        return Finding(
            well=False, sentence=f'Only {free // 2**20} MiB are left on the disk; messages stop when it fills'
        )
    return Finding(well=True, sentence=f'{free // 2**30} GiB are left on the disk')


def _databases(state: StateDir) -> Iterator[Finding]:
    files = [path for path in (state.db, *sorted(state.sessions.glob('*.db'))) if path.exists()]
    broken = 0
    for path in files:
        try:
            check_database(path, seconds=10)
        except StateDirWrong as error:
            broken += 1
            yield Finding(well=False, sentence=str(error).rstrip('.'))
    if files and not broken:
        yield Finding(well=True, sentence=f'The database and {len(files) - 1} session stores are whole')


def _clock(state: StateDir, now: datetime) -> Finding:
    """A clock that runs behind makes WhatsApp refuse us, and new messages look old."""
    newest = max(path.stat().st_mtime for path in (Path(__file__), state.root, state.db) if path.exists())
    if now.timestamp() < newest - 60:
        return Finding(
            well=False,
            sentence=f'The clock says {now:%Y-%m-%d %H:%M} UTC, but files here were written on '
            f'{datetime.fromtimestamp(newest, UTC):%Y-%m-%d %H:%M}: set it, or logins and message times go wrong',
        )
    return Finding(well=True, sentence=f'The clock says {now:%Y-%m-%d %H:%M} UTC')


def _tool(name: str, path: Path | None, loss: str) -> Finding:
    if path is None:
        return Finding(well=False, sentence=f'{name} is missing: {loss}. Run make install, or install {name}')
    try:
        answer = subprocess.run([path, '-version'], capture_output=True, text=True, timeout=30, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        return Finding(well=False, sentence=f'{name} at {path} does not run ({error}): {loss}')
    return Finding(well=True, sentence=' '.join(answer.split()[:3]) + f' at {path}')


def _libmagic() -> Finding:
    try:
        load_libmagic()
        importlib.import_module('magic')
    except (ImportError, OSError) as error:
        return Finding(
            well=False, sentence=f'libmagic is missing ({error}): what is inside a media file cannot be recognized'
        )
    return Finding(well=True, sentence='libmagic recognizes what is inside a media file')


def _library() -> Finding:
    """In a process of its own, so that a Go library that crashes is a finding and not our end."""
    loss = 'no session can run'
    try:
        done = subprocess.run(
            [sys.executable, '-m', 'core.host.check'],
            capture_output=True,
            text=True,
            timeout=_LIBRARY_SECONDS,
            check=False,
            cwd=Path(__file__).parent.parent,
        )
    except subprocess.TimeoutExpired:
        return Finding(well=False, sentence=f'The WhatsApp library did not load in {_LIBRARY_SECONDS} s: {loss}')
    if done.returncode:
        why = (done.stderr.strip().splitlines() or [f'it ended with {done.returncode}'])[-1]
        return Finding(well=False, sentence=f'The WhatsApp library does not load ({why[:200]}): {loss}')
    return Finding(well=True, sentence=f'The WhatsApp library loads (neonize {done.stdout.split()[-1]})')
