"""Where the sandbox writes down what it must still know after a restart.

Changes are only marked; they are written in groups by `flush`, so that a busy server pays little. After SIGKILL at most
the marks since the last flush are missing.
"""

import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

Dump = Callable[[], str | bytes]
Row = tuple[str, str, str | bytes | None]  # kind, key, value (None: delete)


class Store:
    """Rows `(kind, key) -> value` in one SQLite file. `was_clean`: the last end was orderly."""

    def __init__(self, file: Path) -> None:
        self._database = sqlite3.connect(file, timeout=1, check_same_thread=False, isolation_level=None)
        self._database.execute('PRAGMA journal_mode=wal')
        self._database.execute('PRAGMA synchronous=normal')
        self._database.execute(
            'CREATE TABLE IF NOT EXISTS thing (kind TEXT, key TEXT, value BLOB, PRIMARY KEY (kind, key)) WITHOUT ROWID'
        )
        self._marks: dict[tuple[str, str], Dump | None] = {}
        self._groups: deque[list[Row]] = deque()
        self._writing = threading.Lock()
        ending = dict(self.all('meta')).get('ending')
        self.was_clean = ending != 'open'
        self.mark('meta', 'ending', lambda: 'open')
        self.flush()

    def mark(self, kind: str, key: str, dump: Dump) -> None:
        """The thing changed; *dump* gives its value when it is written."""
        self._marks[kind, key] = dump

    def drop(self, kind: str, key: str) -> None:
        self._marks[kind, key] = None

    def all(self, kind: str) -> Iterator[tuple[str, str | bytes]]:
        """The keys and values of one kind, in the order of the keys."""
        yield from self._database.execute('SELECT key, value FROM thing WHERE kind = ? ORDER BY key', (kind,))

    def text(self, kind: str) -> Iterator[tuple[str, str]]:
        for key, value in self.all(kind):
            yield key, value if isinstance(value, str) else value.decode()

    def flush(self) -> None:
        """Write everything that is marked. Raises sqlite3.Error, after which it can be tried again."""
        self.collect()
        self.write()

    def collect(self) -> None:
        """Take the values of everything marked, as they are now, for `write`."""
        marks, self._marks = self._marks, {}
        if marks:
            self._groups.append([(*key, dump() if dump else None) for key, dump in marks.items()])

    def write(self) -> None:
        """Write what was collected; may run in another thread. Raises sqlite3.Error."""
        with self._writing:
            while self._groups:
                self._write(self._groups[0])
                self._groups.popleft()

    def _write(self, group: list[Row]) -> None:
        self._database.execute('BEGIN IMMEDIATE')
        try:
            kept = [row for row in group if row[2] is not None]
            self._database.executemany('INSERT OR REPLACE INTO thing VALUES (?, ?, ?)', kept)
            gone = [row[:2] for row in group if row[2] is None]
            self._database.executemany('DELETE FROM thing WHERE kind = ? AND key = ?', gone)
            self._database.execute('COMMIT')
        except sqlite3.Error:
            self._database.execute('ROLLBACK')
            raise

    def close(self) -> None:
        self.mark('meta', 'ending', lambda: 'clean')
        self.flush()
        self._database.close()
