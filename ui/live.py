"""The one bridge from the threads that announce news to the browser's event loop."""

import asyncio
import inspect
from collections import deque
from collections.abc import Awaitable, Callable

from nicegui import Client, background_tasks, ui

from core.bus import Bus, News

Refresh = Callable[[list[News]], object | Awaitable[object]]
REMEMBERED = 200  # what one tab holds between two refreshes; older news falls out


def live(
    bus: Bus, refresh: Refresh, *, kinds: tuple[str, ...], session: str = '', chat: str = '', every: float = 0.1
) -> Callable[[], None]:
    """Call `refresh(news)` in this page when such news is announced, until its tab is gone.

    The first news refreshes at once; a burst refreshes once every `every` seconds, with at most the last 200 news,
    oldest first. `session` and `chat` are row ids, '' for any. `refresh` may be async. Returns what ends it earlier.
    """
    feed = _Feed(ui.context.client, refresh, every)

    def hear(news: News) -> None:
        # On the announcing thread, once per tab and news: stay cheap, touch no element.
        if news.kind in kinds and (not session or news.session == session) and (not chat or news.chat == chat):
            feed.hear(news)

    feed.stop = bus.watch(hear)
    ui.context.client.on_delete(feed.close)
    return feed.close


class _Feed:
    def __init__(self, client: Client, refresh: Refresh, every: float) -> None:
        self.client = client
        self.refresh = refresh
        self.every = every
        self.loop = asyncio.get_running_loop()
        self.heard: deque[News] = deque(maxlen=REMEMBERED)
        self.woken = False  # a hop to the loop is under way, or its refresh waits for its turn
        self.working = False
        self.next_at = 0.0
        self.stop: Callable[[], None] = lambda: None

    def hear(self, news: News) -> None:
        self.heard.append(news)
        if self.woken:
            return
        self.woken = True
        try:
            self.loop.call_soon_threadsafe(self.wake)
        except RuntimeError:  # the loop has ended before its tabs were deleted
            self.close()

    def wake(self) -> None:
        if not self.working and not self.client.is_deleted:
            self.working = True
            background_tasks.create(self.work(), name='live refresh')

    async def work(self) -> None:
        try:
            while self.heard and not self.client.is_deleted:
                await asyncio.sleep(max(0.0, self.next_at - self.loop.time()))
                await self.tell()
        finally:
            self.working = False

    async def tell(self) -> None:
        self.woken = False  # before taking what was heard: news from now on asks for another turn
        news = [self.heard.popleft() for _ in range(len(self.heard))]
        began = self.loop.time()
        self.next_at = began + self.every
        if self.client.is_deleted:
            return
        with self.client:
            outcome = self.refresh(news)
            if inspect.isawaitable(outcome):
                await outcome
        took = self.loop.time() - began
        self.next_at = max(self.next_at, began + 2 * took)  # a page that cannot keep up leaves room for the others

    def close(self) -> None:
        self.stop()
        self.heard.clear()
