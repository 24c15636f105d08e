"""What the doctor says."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.doctor import Finding, examine
from core.settings import Settings
from core.tools import ffmpeg, ffprobe
from core.world import World, real_world

from .commands import ROOT, clean_env, dovecote


def findings(state: Path, world: World | None = None) -> list[Finding]:
    return list(examine(Settings.from_env({'DOVECOTE_STATE': str(state)}), world or real_world()))


def wrong(state: Path, world: World | None = None) -> str:
    return '\n'.join(each.sentence for each in findings(state, world) if not each.well)


def test_a_complete_machine_is_well(tmp_path: Path) -> None:
    done = dovecote('doctor', '--state', tmp_path / 'state')
    assert (done.returncode, done.stderr) == (0, '')
    assert 'The WhatsApp library loads (neonize' in done.stdout
    assert not (tmp_path / 'state').exists()


def test_ffmpeg_and_ffprobe_come_with_the_installation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv('PATH', str(tmp_path))
    for tool in (ffmpeg(), ffprobe()):
        assert tool is not None
        assert 'site-packages' in str(tool)


def test_libmagic_leaves_nothing_behind_for_children_to_stumble_over() -> None:
    look = 'import os; from core.tools import load_libmagic as load; print(os.path.isfile(load()), *sorted(os.environ))'
    bare = {name: value for name, value in os.environ.items() if name not in ('MAGIC', 'LD_LIBRARY_PATH')}
    said = subprocess.run([sys.executable, '-c', look], cwd=ROOT, env=bare, capture_output=True, text=True, check=True)
    found, *names = said.stdout.split()
    assert found == 'True'
    assert not {'MAGIC', 'LD_LIBRARY_PATH'} & set(names)


def test_what_others_can_read_is_wrong(tmp_path: Path) -> None:
    key = tmp_path / 'secret.key'
    key.write_text('k')
    key.chmod(0o644)
    assert 'secret.key: chmod -R go=' in wrong(tmp_path)


def test_a_damaged_database_is_found_and_left(tmp_path: Path) -> None:
    (tmp_path / 'sessions').mkdir()
    (tmp_path / 'sessions' / '01K.db').write_bytes(b'scrambled' * 100)
    (tmp_path / 'sessions' / '01K.db').chmod(0o600)
    with closing(sqlite3.connect(tmp_path / 'dovecote.db')) as connection:
        connection.execute('CREATE TABLE a (n)')
    (tmp_path / 'dovecote.db').chmod(0o600)
    assert '01K.db is damaged' in wrong(tmp_path)
    assert 'dovecote.db is damaged' not in wrong(tmp_path)


def test_a_clock_that_runs_behind_is_wrong(tmp_path: Path) -> None:
    past = replace(real_world(), now=lambda: datetime(2020, 1, 1, tzinfo=UTC))
    assert 'The clock says 2020-01-01 00:00 UTC' in wrong(tmp_path, past)


def test_a_missing_tool_is_named_with_what_then_does_not_work(tmp_path: Path) -> None:
    broken = tmp_path / 'bin'
    broken.mkdir()
    (broken / 'ffmpeg').write_text('#!/bin/false\n')
    (broken / 'ffmpeg').chmod(0o755)
    path = f'{broken}:{clean_env()["PATH"]}'
    done = dovecote('doctor', '--state', tmp_path / 'state', PATH=path)
    assert done.returncode == 1
    assert 'WRONG  ffmpeg at' in done.stdout
    assert 'voice messages' in done.stdout
