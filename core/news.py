"""Writes down what happened and, once it is committed, tells the bus."""

import json
import logging
from collections.abc import Callable
from typing import Any

from data.database import after_commit, is_storage
from data.traffic import add_event

from .bus import Bus, News
from .world import World

log = logging.getLogger(__name__)


class NewsDesk:
    def __init__(self, world: World, bus: Bus) -> None:
        self.world, self.bus = world, bus
        self._also: list[Callable[[News], object]] = []

    def when_told(self, keep: Callable[[News], object]) -> None:
        """Call `keep` inside the write of every event: what it writes is kept with the event, or neither is.

        Only the database's own failure undoes the event; anything else is logged.
        """
        self._also.append(keep)

    def tell(self, kind: str, body: dict[str, Any], *, session: str = '', chat: str = '') -> None:
        """Inside a write: an event that streams can resume from. `session` and `chat` are row ids."""
        at, id = self.world.now(), self.world.new_id()
        seq = add_event(id, kind, session, chat, json.dumps(body, separators=(',', ':')), at)
        news = News(kind=kind, id=id, at=at, session=session, chat=chat, body=body, seq=seq)
        for keep in self._also:
            try:
                keep(news)
            except Exception as error:  # what happened must be kept, whatever is wrong with those who are told of it
                if is_storage(error):
                    raise
                log.exception('%s could not be passed on', kind)
        after_commit(lambda: self.bus.announce(news))

    def whisper(self, kind: str, body: dict[str, Any], *, session: str = '', chat: str = '') -> None:
        """For whoever looks right now; never kept (a QR code is a secret, typing is over in a moment)."""
        self.bus.announce(
            News(kind=kind, id=self.world.new_id(), at=self.world.now(), session=session, chat=chat, body=body)
        )
