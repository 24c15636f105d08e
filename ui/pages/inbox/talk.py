"""As much of what was said as is drawn: pages of bubbles, days between them, more at both ends as the reader moves."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo

from nicegui import events, ui

from core.world import Clock

from ...aside import reading
from ...pieces import Words, box, words
from ...written import counted
from .bubble import Bubble
from .said import NOTE, Said, Stretch, after_in, around_in, before_in, newest_in
from .wording import HAPPENINGS, day

NEVER_UNREAD = (HAPPENINGS - {'call'}) | {NOTE}
MOST = 200  # messages that are drawn at a time

# does, message id, value
Does = Callable[[str, str, str], Awaitable[None]]


@dataclass(slots=True, eq=False)
class Page:
    """Messages that were drawn together; `days` are the lines between two days."""

    around: ui.element
    said: list[Said]
    days: list[tuple[str, Words]] = field(default_factory=list)


class Lines(ui.element, component='talk.js'):
    """The box that scrolls. Whatever is told to it by `run_method` comes after the lines drawn before."""


class Talk:
    """`does` is told what the reader wants done with which message, and with what."""

    def __init__(self, me: str, clock: Clock, zone: tzinfo, *, may_send: bool, does: Does) -> None:
        self.me, self.clock, self.zone, self.may_send, self.does = me, clock, zone, may_send, does
        self.chat = ''
        self.waits = ''  # why queued messages have not left
        self._pages: list[Page] = []
        self._bubbles: dict[str, Bubble] = {}
        self._above = self._below = False
        self._unread: ui.element | None = None
        self._turn = asyncio.Lock()  # what happens while lines are being asked for is shown after that

    def draw(self) -> None:
        with Lines() as self._lines:
            pass
        self._lines.props.update(above=False, below=False, arrived=0, turn=0)
        self._lines.on('does', self._does, js_handler='(event) => emit(...event.detail)')
        self._lines.on('older', lambda: self._more(up=True))
        self._lines.on('newer', lambda: self._more(up=False))
        self._lines.on('newest', self.to_end)

    async def show(self, chat_id: str, *, at: str = '', unread: int = 0) -> None:
        """The end of a chat, or the messages around `at`; above the last `unread` of others stands a line."""
        async with self._turn:
            stretch = await reading(self._asked, chat_id, at)
            self.chat = chat_id
            self._draw_anew(stretch)
            self._lines.props['arrived'] = 0
            if unread and not at:
                self._draw_unread(unread)
        if at:
            self._lines.run_method('reveal', at, True)
        else:
            self._lines.run_method('end')
            if self._unread is not None:
                self._lines.run_method('reveal', 'unread', False)

    async def reveal(self, message_id: str) -> None:
        """Show this message, wherever in the chat it is."""
        if message_id in self._bubbles:
            self._lines.run_method('reveal', message_id, True)
        else:
            await self.show(self.chat, at=message_id)

    async def to_end(self) -> None:
        await self.show(self.chat)

    def follow(self) -> None:
        """To the end, where the next message is drawn."""
        if not self._below:
            self._lines.run_method('end')  # otherwise the message itself leads there

    async def add(self, said: Iterable[Said]) -> None:
        """Messages that are new, or are not any more what they were."""
        async with self._turn:
            new = []
            for each in said:
                if each.id in self._bubbles:
                    self._bubbles[each.id].show(each, self.waits)
                elif not self._bubbles or each.id > max(self._bubbles):
                    new.append(each)
            if new and not self._below:
                self._draw_page(new)
                self._forget(up=True)
            if new:
                self._lines.props['arrived'] += sum(not each.out for each in new)
            if any(each.out and each.kind not in HAPPENINGS for each in new):
                self._forget_unread()
                if self._below:
                    self._lines.run_method('toEnd')
            self._tell()

    def wait(self, because: str) -> None:
        """Why what is queued has not left."""
        self.waits = because
        for bubble in self._bubbles.values():
            if bubble.said.status == 'queued':
                bubble.show(bubble.said, because)

    def mark(self, message_id: str) -> None:
        for id, bubble in self._bubbles.items():
            bubble.pick(id == message_id)

    def said(self, message_id: str) -> Said | None:
        bubble = self._bubbles.get(message_id)
        return bubble.said if bubble is not None else None

    @property
    def last_heard(self) -> str:
        """The last message somebody else wrote."""
        heard = (each.said for each in reversed(self._bubbles.values()) if not each.said.out)
        return next((each.id for each in heard if each.kind not in NEVER_UNREAD), '')

    @property
    def waiting(self) -> list[str]:
        """What has not left yet."""
        return [id for id, bubble in self._bubbles.items() if bubble.said.status == 'queued']

    def last_own(self) -> Said | None:
        """The last text of this account."""
        own = (each.said for each in reversed(self._bubbles.values()) if each.said.out and each.said.kind == 'text')
        return next(own, None)

    def _asked(self, chat_id: str, at: str) -> Stretch:
        return around_in(chat_id, self.me, at) if at else newest_in(chat_id, self.me)

    async def _more(self, *, up: bool) -> None:
        async with self._turn:
            if self._bubbles and (self._above if up else self._below):
                edge = min(self._bubbles) if up else max(self._bubbles)
                chat = self.chat
                stretch = await reading(before_in if up else after_in, chat, self.me, edge)
                if up:
                    self._above = stretch.above
                else:
                    self._below = stretch.below
                if stretch.said:
                    self._draw_page(stretch.said, above=up)
                    self._forget(up=not up)
            self._tell()

    def _tell(self) -> None:
        self._lines.props.update(above=self._above, below=self._below, turn=self._lines.props['turn'] + 1)
        self._lines.update()

    # ---- drawing

    def _draw_anew(self, stretch: Stretch) -> None:
        for page in self._pages:
            page.around.delete()
        self._pages, self._bubbles, self._unread = [], {}, None
        self._above, self._below = stretch.above, stretch.below
        if stretch.said:
            self._draw_page(stretch.said)
        self._tell()

    def _draw_page(self, said: Sequence[Said], *, above: bool = False) -> None:
        with self._lines, box('page') as around:
            if above:
                around.move(target_index=0)
            page = Page(around, list(said))
            earlier = [] if above else [each.days[-1][0] for each in self._pages if each.days]
            known = earlier[-1] if earlier else ''
            bubbles = {}
            for each in said:
                word = day(each.at, self.clock(), self.zone)
                if word != known:
                    page.days.append((word, words(word, 'day')))
                    known = word
                bubbles[each.id] = Bubble(each, self.zone, self.clock, may_send=self.may_send, waits=self.waits)
        self._pages.insert(0 if above else len(self._pages), page)
        self._bubbles = bubbles | self._bubbles if above else self._bubbles | bubbles
        if above:
            self._begin_day_above(known)

    def _begin_day_above(self, word: str) -> None:
        """That day now begins further up."""
        later = next((page for page in self._pages[1:] if page.days), None)
        if later is not None and later.days[0][0] == word:
            later.days.pop(0)[1].delete()

    def _forget(self, *, up: bool) -> None:
        """Neither a chat that never rests nor a reader who scrolls for hours may fill the browser."""
        gone = False
        while len(self._bubbles) > MOST and len(self._pages) > 2:
            page = self._pages.pop(0 if up else -1)
            page.around.delete()
            for each in page.said:
                self._bubbles.pop(each.id, None)
            gone = True
        if gone and up:
            self._above = True
            self._name_first_day()
        elif gone:
            self._below = True
        if self._unread is not None and self._unread.is_deleted:
            self._unread = None

    def _name_first_day(self) -> None:
        first = self._pages[0]
        word = day(first.said[0].at, self.clock(), self.zone)
        if not first.days or first.days[0][0] != word:
            with first.around:
                made = words(word, 'day')
            made.move(target_index=0)
            first.days.insert(0, (word, made))

    def _draw_unread(self, count: int) -> None:
        """A line above the first of the last `count` messages of others that are drawn."""
        heard = [each for each in self._bubbles.values() if not each.said.out and each.said.kind not in NEVER_UNREAD]
        if not heard:
            return
        first = heard[-count:][0]
        around = first.parent_slot.parent if first.parent_slot is not None else None
        if around is None:
            return
        with around:
            self._unread = words(counted(count, 'unread message'), 'unread-line')
        self._unread.move(target_index=around.default_slot.children.index(first))

    def _forget_unread(self) -> None:
        if self._unread is not None:
            self._unread.delete()
            self._unread = None

    async def _does(self, event: events.GenericEventArguments) -> None:
        does, id, value = (str(each) for each in event.args)
        if id in self._bubbles:
            await self.does(does, id, value)
