"""What a flow said when a run of it began."""

import threading

from data.database import read
from data.flows import version_of

from .flow import Document, read_document
from .program import Program

PROGRAMS_MOST = 500  # of older versions, which runs still go on with
# What a run goes by whose own document cannot be had.
GONE = read_document(
    {'key': 'gone', 'name': 'Gone', 'triggers': [{'type': 'manual'}], 'steps': [{'do': 'stop'}]}
)  # fmt: skip


class Programs:
    """Versions never change, so that they may be remembered."""

    def __init__(self) -> None:
        self._programs: dict[tuple[str, int], tuple[Document, Program]] = {}
        self._lock = threading.Lock()

    def of(self, key: str, version: int) -> tuple[Document, Program]:
        """Of the version a run began with. Raises Invalid when it is gone."""
        with self._lock:
            known = self._programs.get((key, version))
        if known is None:
            with read():
                row = version_of(key, version)
            document = read_document(row.document if row else {})
            known = document, Program(document.steps)
            with self._lock:
                self._programs[key, version] = known
                while len(self._programs) > PROGRAMS_MOST:
                    del self._programs[next(iter(self._programs))]
        return known
