"""The flows there are: drafts, what was published of them, switched on and off."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import Conflict, Invalid, NotFound
from core.news import NewsDesk
from core.world import World
from data.database import after_commit, read, write
from data.flows import Flow, FlowVersion, flow_by_key, live_versions, version_of

from .flow import Document, read_document
from .index import Index
from .program import Program
from .written import dump, parse

FLOWS_MOST = 1_000


@dataclass(frozen=True, slots=True)
class LiveFlow:
    document: Document
    version: int
    program: Program


class Library:
    """Live flows are kept in memory; every change to a row here drops that copy.

    `failing` carries out the tests of a document; a sentence for each that fails.
    """

    failing: Callable[[Document], list[str]]

    def __init__(self, world: World, desk: NewsDesk) -> None:
        self.world, self.desk = world, desk
        self._live: tuple[int, Index[LiveFlow]] = (-1, Index(()))  # as of which change
        self._changes = 0  # counted on the writer's thread
        self._lock = threading.Lock()
        self.failing = lambda _: []

    def live(self) -> Index[LiveFlow]:
        """Those that are published, switched on and make sense, in the order in which they are asked."""
        read_at, known = self._live
        return known if read_at == self._changes else self._read()

    def _read(self) -> Index[LiveFlow]:
        with self._lock, read():
            changes = self._changes  # what changes while we read makes this copy an old one at once
            known = Index(tuple(filter(None, map(_live, live_versions()))))
            self._live = (changes, known)
        return known

    def flow(self, key: str) -> LiveFlow:
        """One of them. Raises NotFound."""
        found = next((each for each in self.live() if each.document.key == key), None)
        if found is None:
            raise NotFound(f'There is no flow “{key[:64]}” that is published and switched on.')
        return found

    # ---- writing

    def draft(self, said: str | Mapping[str, Any], *, key: str = '', since: int = 0) -> Flow:
        """Keep a draft under its key. One that makes no sense is kept too, with its problem; what runs goes on.

        Raises Invalid when it is no document at all, or has no usable key; `key`: the only one it may have. `since`:
        the version it was made from; raises Conflict when that is not the draft any more.
        """
        source = said if isinstance(said, str) else dump(said)
        document = parse(source)
        found = document.get('key')
        if not isinstance(found, str) or not found.strip() or len(found) > 63:
            raise Invalid('A flow needs a key.', field='key')
        if key and found != key:
            raise Invalid(f'This is the flow “{found}”, not “{key}”. A copy needs a key of its own.', field='key')
        problem = _problem(document)

        def keep() -> Flow:
            if since and (self._row(found).version != since):
                raise Conflict('Somebody else changed this flow meanwhile.', code='draft_changed')
            return self._keep(found, source, document, problem)

        return write(keep)

    def publish(self, key: str, by: str = '', *, despite_tests: bool = False) -> Flow:
        """Let the draft run. Raises NotFound, Invalid for one that cannot run, Conflict when its tests fail."""
        with read():
            draft = self._row(key)
        if draft.problem:
            raise Invalid(draft.problem, field='source')
        if not despite_tests and (failed := self.failing(read_document(draft.document))):
            raise Conflict(f'Its tests fail: {failed[0]}.', code='tests_failed')

        def change() -> Flow:
            row = self._row(key)
            if row.version != draft.version:
                raise Conflict('Somebody changed the draft just now; look at it again.', code='draft_changed')
            if row.published != row.version:
                FlowVersion.create(
                    flow=key, version=row.version, source=row.source, document=row.document,
                    published_at=self.world.now(), published_by=by,
                )  # fmt: skip
            self._update(
                row, published=row.version, name=_name(row.document), priority=row.document.get('priority', 100),
                enabled=bool(row.document.get('enabled', True)),
            )  # fmt: skip
            return self._row(key)

        return write(change)

    def save(self, said: str | Mapping[str, Any], by: str = '') -> Flow:
        """Keep a draft and, if it makes sense, let it run at once."""
        row = self.draft(said)
        return row if row.problem else self.publish(str(row.key), by)

    def restore(self, key: str, version: int) -> Flow:
        """Make a published version the draft again. Raises NotFound."""

        def change() -> Flow:
            row, old = self._row(key), version_of(key, version)
            if old is None:
                raise NotFound(f'The flow {key} was never published as version {version}.')
            return self._keep(key, str(old.source), old.document, _problem(old.document), row=row)

        return write(change)

    def switch(self, key: str, on: bool) -> Flow:
        """Raises NotFound, or Conflict for one that was never published."""

        def change() -> Flow:
            row = self._row(key)
            if on and row.published is None:
                raise Conflict(row.problem or 'Publish the flow first; until then there is nothing to run.')
            self._update(row, enabled=on)
            return self._row(key)

        return write(change)

    def delete(self, key: str) -> None:
        """With its versions; what was traced of it stays. Raises NotFound."""

        def remove() -> None:
            self._row(key).delete_instance(recursive=True)
            after_commit(self._changed)

        write(remove)

    def _row(self, key: str) -> Flow:
        row = flow_by_key(key)
        if row is None:
            raise NotFound(f'There is no flow called “{key[:64]}”.')
        return row

    def _keep(self, key: str, source: str, document: dict[str, Any], problem: str, *, row: Flow | None = None) -> Flow:
        now, old = self.world.now(), row or flow_by_key(key)
        if old is None:
            if Flow.select().count() >= FLOWS_MOST:
                raise Conflict(f'There are {FLOWS_MOST} flows already; delete one that nobody uses.')
            priority = document.get('priority', 100)
            Flow.create(
                key=key, name=_name(document), source=source, document=document, enabled=False,
                priority=priority if isinstance(priority, int) else 100, problem=problem, created_at=now,
                changed_at=now,
            )  # fmt: skip
        else:
            more = {} if old.published is not None else {'name': _name(document)}
            Flow.update(
                source=source, document=document, problem=problem, version=Flow.version + 1, changed_at=now, **more
            ).where(Flow.key == key).execute()
        after_commit(self._changed)
        return self._row(key)

    def _update(self, row: Flow, **values: Any) -> None:
        Flow.update(changed_at=self.world.now(), **values).where(Flow.key == row.key).execute()
        after_commit(self._changed)

    def _changed(self) -> None:
        self._changes += 1
        self.desk.whisper('flow.changed', {})


def _live(row: FlowVersion) -> LiveFlow | None:
    """None: a newer program does not understand any more what an older one published; its page says so."""
    try:
        document = read_document(row.document)
    except Invalid:
        return None
    document = document.model_copy(update={'enabled': True, 'priority': row.flow.priority})
    return LiveFlow(document, int(row.version), Program(document.steps))


def _problem(document: Mapping[str, Any]) -> str:
    try:
        read_document(document)
    except Invalid as error:
        return str(error)
    return ''


def _name(document: Mapping[str, Any]) -> str:
    return str(document.get('name') or document.get('key'))[:100]
