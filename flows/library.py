"""The flows there are: kept, read, switched on and off."""

import threading
from dataclasses import dataclass
from typing import Any

from core.errors import Invalid, NotFound
from core.news import NewsDesk
from core.world import World
from data.database import after_commit, read, write
from data.flows import Flow, flows_in_order

from .flow import Document, read_document


@dataclass(frozen=True, slots=True)
class LiveFlow:
    document: Document
    version: int


class Library:
    """Live flows are kept in memory; every change to a row here drops that copy."""

    def __init__(self, world: World, desk: NewsDesk) -> None:
        self.world, self.desk = world, desk
        self._live: tuple[int, tuple[LiveFlow, ...]] = (-1, ())  # as of which change
        self._changes = 0  # counted on the writer's thread
        self._lock = threading.Lock()

    def live(self) -> tuple[LiveFlow, ...]:
        """Those that are switched on and make sense, in the order in which they are asked."""
        read_at, known = self._live
        return known if read_at == self._changes else self._read()

    def _read(self) -> tuple[LiveFlow, ...]:
        with self._lock, read():
            changes = self._changes  # what changes while we read makes this copy an old one at once
            known = tuple(
                LiveFlow(read_document(row.document), row.version)
                for row in flows_in_order()
                if row.enabled and not row.problem
            )
            self._live = (changes, known)
        return known

    def save(self, document: dict[str, Any]) -> Flow:
        """Keep a flow under its key. One that makes no sense is kept too, switched off, with its problem.

        Raises Invalid only when there is no usable key to keep it under.
        """
        key = document.get('key')
        if not isinstance(key, str) or not key.strip():
            raise Invalid('A flow needs a key.', field='key')
        problem, enabled = '', bool(document.get('enabled', True))
        try:
            read_document(document)
        except Invalid as error:
            problem, enabled = str(error), False
        return write(lambda: self._keep(key, document, problem=problem, enabled=enabled))

    def _keep(self, key: str, document: dict[str, Any], *, problem: str, enabled: bool) -> Flow:
        now = self.world.now()
        old: Flow | None = Flow.get_or_none(Flow.key == key)
        row = Flow(
            key=key,
            name=str(document.get('name') or key)[:100],
            document=document,
            enabled=enabled,
            priority=document.get('priority', 100) if isinstance(document.get('priority', 100), int) else 100,
            version=old.version + 1 if old else 1,
            problem=problem,
            created_at=old.created_at if old else now,
            changed_at=now,
        )
        row.save(force_insert=old is None)
        after_commit(self._changed)
        return row

    def switch(self, key: str, on: bool) -> Flow:
        """Raises NotFound, or Invalid for one that cannot run."""

        def change() -> Flow:
            row: Flow | None = Flow.get_or_none(Flow.key == key)
            if row is None:
                raise NotFound(f'There is no flow called “{key[:64]}”.')
            if on and row.problem:
                raise Invalid(row.problem)
            Flow.update(enabled=on, changed_at=self.world.now()).where(Flow.key == key).execute()
            row.enabled = on
            after_commit(self._changed)
            return row

        return write(change)

    def _changed(self) -> None:
        self._changes += 1
        self.desk.whisper('flow.changed', {})
