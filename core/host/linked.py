"""What a session's store says of its device. Apart, because a host has no need to load SQLite a second time."""

import sqlite3
from contextlib import closing
from pathlib import Path

from core.host import stores


def is_linked(folder: Path, session: str) -> bool:
    """A file that cannot be read counts as holding no device."""
    return _first(folder, session, 'jid') is not None


def push_name(folder: Path, session: str) -> str:
    """The account's own name, '' while it is not known."""
    return _first(folder, session, 'push_name') or ''


def _first(folder: Path, session: str, column: str) -> str | None:
    file = stores.path_of(folder, session)
    if not file.exists():
        return None
    try:
        with closing(sqlite3.connect(f'file:{file}?mode=ro', uri=True, timeout=2)) as database:
            row = database.execute(f'select {column} from whatsmeow_device limit 1').fetchone()
    except sqlite3.Error:
        return None
    return None if row is None else str(row[0] or '')
