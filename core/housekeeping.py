"""Throws away what nobody needs any more."""

import logging
from datetime import timedelta

from data.answers import forget_answers
from data.database import write
from data.deliveries import forget_deliveries
from data.events import forget_events
from data.hooks import forget_hook_events, forget_onces
from data.messages import forget_messages
from data.pacing import forget_counts, forget_numbers
from data.runs import forget_runs

from .numbers import HOLDS
from .world import World

log = logging.getLogger(__name__)

ANSWERS_KEPT = timedelta(days=7)
EVENTS_KEPT = timedelta(days=3)
RUNS_KEPT = timedelta(days=30)
DELIVERED_KEPT, DEAD_KEPT = timedelta(days=30), timedelta(days=90)
HOOK_EVENTS_KEPT = timedelta(days=30)
COUNTS_KEPT = timedelta(days=2)


class Housekeeping:
    """`retention_days`: messages older than that go, 0 keeps them for ever."""

    def __init__(self, world: World, *, retention_days: int) -> None:
        self.world, self.retention_days = world, retention_days

    def clean(self) -> None:
        now = self.world.now()
        gone = {
            'answers': write(lambda: forget_answers(now - ANSWERS_KEPT)),
            'events': write(lambda: forget_events(now - EVENTS_KEPT)),
            'runs': write(lambda: forget_runs(now - RUNS_KEPT)),
            'deliveries': write(lambda: forget_deliveries(now - DELIVERED_KEPT, now - DEAD_KEPT)),
            'hook events': write(lambda: forget_hook_events(now - HOOK_EVENTS_KEPT)),
            'hook keys': write(lambda: forget_onces(now)),
            'counts': write(lambda: forget_counts(now - COUNTS_KEPT)),
            'numbers': write(lambda: forget_numbers(now - HOLDS)),
        }
        if self.retention_days:
            gone['messages'] = write(lambda: forget_messages(now - timedelta(days=self.retention_days)))
        if any(gone.values()):
            log.info('housekeeping: %s', ', '.join(f'{n} old {what}' for what, n in gone.items() if n))
