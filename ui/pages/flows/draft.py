"""The draft that is open on a page: its text, what that says, and how it is kept."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.errors import Conflict, DovecoteError, Invalid
from data.database import read
from data.flows import Flow, flow_by_key
from flows.changes import Change
from flows.library import Library
from flows.outline import Outline, outline
from flows.rewriting import rewritten
from flows.written import parse

from ...aside import aside

UNDO_MOST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What the row of the flow says. `published`: its version, None for never."""

    name: str
    text: str
    version: int
    published: int | None
    enabled: bool


class Draft:
    """`text` is as it was last typed, `document` and `seen` the last that could be read. `problem`: why the text cannot
    be. `foreign`: somebody else changed the flow; nothing is kept until one of the two is chosen.

    `show(by)` is called after each change; `by` is what made it, so that this can leave itself alone.
    """

    def __init__(self, library: Library, key: str, kept: Kept, show: Callable[[object], None]) -> None:
        self.library, self.key, self.show = library, key, show
        self.kept, self.text, self.problem, self.foreign = kept, kept.text, '', False
        self.document: dict[str, Any] = {}
        self.seen: Outline = outline({})
        self.undone: list[str] = []
        self._lock = asyncio.Lock()

    async def load(self) -> None:
        await self._read()

    async def change(self, *changes: Change, by: object = None) -> None:
        """Raises Invalid while the text cannot be read, NotFound for a place that has gone."""
        async with self._lock:
            if self.problem:
                raise Invalid(f'Mend the YAML first. {self.problem}')
            made = await aside(rewritten, self.text, changes)
            if made == self.text:
                return
            self._remember()
            self.text = made
            await self._go_on(by)

    async def type(self, text: str, by: object) -> None:
        """The whole text anew, as it stands in the editor."""
        async with self._lock:
            if text == self.text:
                return
            self._remember()
            self.text = text
            await self._go_on(by)

    async def undo(self) -> None:
        async with self._lock:
            if self.undone:
                self.text = self.undone.pop()
                await self._go_on(None)

    async def hear(self) -> bool:
        """What became of the row; False when it is gone."""
        async with self._lock:
            found = await aside(kept_of, self.key)
            if found is None:
                return False
            if found.version != self.kept.version:
                self.foreign = True
            else:
                self.kept = found
            return True

    async def take_theirs(self) -> None:
        async with self._lock:
            found = await aside(kept_of, self.key)
            if found is not None:
                self._remember()
                self.kept, self.text, self.foreign = found, found.text, False
                await self._read()
                self.show(None)

    async def keep_mine(self) -> None:
        async with self._lock:
            found = await aside(kept_of, self.key)
            if found is not None:
                self.kept, self.foreign = found, False
                await self._go_on(None)

    def _remember(self) -> None:
        self.undone = [*self.undone, self.text][-UNDO_MOST:]

    async def _go_on(self, by: object) -> None:
        await self._read()
        if not self.problem and not self.foreign:
            await self._keep()
        self.show(by)

    async def _read(self) -> None:
        try:
            self.document, self.seen = await aside(_understood, self.text)
            self.problem = ''
        except Invalid as error:
            self.problem = str(error)

    async def _keep(self) -> None:
        try:
            self.kept = await aside(self._kept)
        except Conflict:
            self.foreign = True
        except DovecoteError as error:
            self.problem = str(error)

    def _kept(self) -> Kept:
        return _of(self.library.draft(self.text, key=self.key, since=self.kept.version))


def kept_of(key: str) -> Kept | None:
    with read():
        row = flow_by_key(key)
        return _of(row) if row is not None else None


def _of(row: Flow) -> Kept:
    return Kept(
        name=str(row.document.get('name') or row.name), text=str(row.source), version=int(row.version),
        published=row.published, enabled=bool(row.enabled),
    )  # fmt: skip


def _understood(text: str) -> tuple[dict[str, Any], Outline]:
    document = parse(text)
    return document, outline(document)
