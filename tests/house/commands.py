"""Run a command as a person types it, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

from tests.needs import lacks

ROOT = Path(__file__).parents[2]


def clean_env(**more: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith('DOVECOTE_')} | more


def dovecote(*words: str | Path, given: str = '', **env: str) -> subprocess.CompletedProcess[str]:
    return _run([sys.executable, '-m', 'ui', *map(str, words)], given=given, **env)


def dovecote_on(disk: str, folder: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """The same with a small tmpfs mounted at `folder`, `disk` being its mount options; only that process sees it."""
    if _run(['unshare', '-rm', 'true']).returncode:
        lacks('this machine does not let us mount a disk of our own (unshare -rm)')
    mount = f'mount -t tmpfs -o {disk} none "$0" && exec "$@"'
    return _run(['unshare', '-rm', 'sh', '-c', mount, str(folder), sys.executable, '-m', 'ui', *map(str, words)])


def _run(command: list[str], *, given: str = '', **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, input=given, capture_output=True, text=True, timeout=60, env=clean_env(**env), cwd=ROOT, check=False
    )
