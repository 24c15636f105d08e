"""Keeps the index of words up with the messages, beside their path."""

from data.database import read, write
from data.search import AT_ONCE, index_words, something_unindexed

from .world import World

AT_MOST = 0.4  # seconds of one tick; after an import of many messages the next ticks go on


class WordIndex:
    def __init__(self, world: World) -> None:
        self.world = world

    def tick(self) -> None:
        """A few at a time, so that what is urgent gets between."""
        with read():
            if not something_unindexed():
                return
        end = self.world.ticks() + AT_MOST
        while write(index_words) == AT_ONCE and self.world.ticks() < end:
            pass
