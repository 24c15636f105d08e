"""The flows there are: drafts, what was published of them, switched on and off."""

import re
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
from .steps.call_flow import CallFlowStep
from .steps.send import SendStep
from .written import dump, parse, renamed

FLOWS_MOST = 1_000
KEY = re.compile(r'[a-z0-9][a-z0-9-]{0,62}')
RESERVED = ('schema', 'blueprints', 'secrets', 'test', 'new')  # they stand where a key does in an address


@dataclass(frozen=True, slots=True)
class LiveFlow:
    document: Document
    version: int
    program: Program


class Library:
    """Live flows are kept in memory; every change to a row here drops that copy.

    `failing` carries out the tests of a document; a sentence for each that fails. `end_runs` ends, inside a write, what
    a flow has under way; the runner says how.
    """

    failing: Callable[[Document], list[str]]
    end_runs: Callable[[str, str], None]

    def __init__(self, world: World, desk: NewsDesk) -> None:
        self.world, self.desk = world, desk
        self._live: tuple[int, Index[LiveFlow]] = (-1, Index(()))  # as of which change
        self._changes = 0  # counted on the writer's thread
        self._lock = threading.Lock()
        self.failing = lambda _: []
        self.end_runs = lambda key, reason: None

    def live(self) -> Index[LiveFlow]:
        """Those that are published, switched on and make sense, in the order in which they are asked."""
        read_at, known = self._live
        return known if read_at == self._changes else self._read()

    def known(self) -> Index[LiveFlow]:
        """As they were when they were last asked for; reads nothing."""
        return self._live[1]

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

    def writes_from(self, flow: LiveFlow) -> set[str]:
        """The names of sessions that it, and the flows it starts, write from beside the one in which they run."""
        found: set[str] = set()
        known, waiting = {flow.document.key}, [flow]
        while waiting:
            for node in waiting.pop().program.nodes.values():
                if isinstance(node.step, SendStep) and node.step.to and node.step.session:
                    found.add(node.step.session)
                if isinstance(node.step, CallFlowStep) and node.step.flow not in known:
                    known.add(node.step.flow)
                    waiting += [each for each in self.live() if each.document.key == node.step.flow]
        return found

    # ---- writing

    def draft(self, said: str | Mapping[str, Any], *, key: str = '', fresh: bool = False, since: int = 0) -> Flow:
        """Keep a draft under its key. One that makes no sense is kept too, with its problem; what runs goes on.

        Raises Invalid when it is no document at all, or has no usable key; `key`: the only one it may have. `fresh`:
        raise Conflict rather than touch a flow that is there; `since`: the version it was made from, raise Conflict
        when that is not the draft any more. Reading a long one takes a second: do not call it inside a write.
        """
        source = said if isinstance(said, str) else dump(said)
        document = parse(source)
        found = checked_key(document.get('key'))
        if key and found != key:
            raise Invalid(f'This is the flow “{found}”, not “{key}”. A copy needs a key of its own.', field='key')
        problem = _problem(document)

        def keep() -> Flow:
            if since and self._row(found).version != since:
                raise Conflict('Somebody else changed this flow meanwhile.', code='draft_changed')
            return self._keep(found, source, document, problem, fresh=fresh)

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

    def copy(self, key: str, new: str, name: str = '') -> Flow:
        """The draft again as another flow. Raises NotFound, Invalid, or Conflict when `new` is taken."""

        checked_key(new)
        with read():
            row = self._row(key)
        return self.draft(renamed(str(row.source), new, name or f'{row.name} (copy)'[:100]), fresh=True)

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
        """With its versions; its runs end here, what was traced of it stays. Raises NotFound."""

        def remove() -> None:
            row = self._row(key)
            self.end_runs(key, 'The flow was deleted.')
            row.delete_instance(recursive=True)
            after_commit(self._changed)

        write(remove)

    def _row(self, key: str) -> Flow:
        row = flow_by_key(key)
        if row is None:
            raise NotFound(f'There is no flow called “{key[:64]}”.')
        return row

    def _keep(
        self, key: str, source: str, document: dict[str, Any], problem: str, *, row: Flow | None = None,
        fresh: bool = False,
    ) -> Flow:  # fmt: skip
        now, old = self.world.now(), row or flow_by_key(key)
        if old is not None and fresh:
            raise Conflict(f'There is a flow “{key}” already.', code='already_exists')
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


def checked_key(key: object) -> str:
    """Raises Invalid for what a flow cannot be called, in an address for instance."""
    if not isinstance(key, str) or not key.strip():
        raise Invalid('A flow needs a key.', field='key')
    if not KEY.fullmatch(key):
        said = f'“{key[:64]}” is no key: it has small letters, digits and “-”, 63 at most.'
        raise Invalid(said, field='key')
    if key in RESERVED:
        raise Invalid(f'A flow cannot be called “{key}”: the program uses this word itself.', field='key')
    return key


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
