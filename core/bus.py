"""Tells whoever watches that something happened. Nothing depends on who listens."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

log = logging.getLogger(__name__)

Watcher = Callable[['News'], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One fact, as pages, streams and webhooks learn it after it was stored.

    `kind` is a name of contract section 3 (`message.received`, `session.state`, …); `session` and `chat` are row ids
    or ''; `body` is what REST shows; `seq` is its place in the event log, 0 when the fact is not kept there.
    """

    kind: str
    id: str
    at: datetime
    session: str
    chat: str
    body: dict[str, Any]
    seq: int = 0


class Bus:
    def __init__(self) -> None:
        self._watchers: list[Watcher] = []

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Call `watcher` on the announcing thread for everything announced; returns what ends it."""
        self._watchers = [*self._watchers, watcher]

        def stop() -> None:
            self._watchers = [each for each in self._watchers if each is not watcher]

        return stop

    def announce(self, news: News) -> None:
        for watcher in self._watchers:
            try:
                watcher(news)
            except Exception:  # a broken watcher must not stop the message
                log.exception('a watcher of %s failed', news.kind)
