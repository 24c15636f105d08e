"""Turns what happens into deliveries, in the same write: an event that is kept is told, whatever comes between."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from data.database import after_commit
from data.deliveries import DeliveryState, Parcel, add_delivery, has_open, next_sequence
from data.sessions import session_named

from ..bodies import Body, time_text
from ..bus import News
from ..envelope import Named, envelope
from ..news import NewsDesk
from ..world import World
from .endpoints import Endpoint, Endpoints
from .written import about, written

log = logging.getLogger(__name__)

CHANGED = 'dovecote.delivery'  # whispered for our own pages
LEASE = timedelta(minutes=5)  # longer than whatever waits in a line may take


class Lines(Protocol):
    """What carries parcels: whether one more has room now, and the parcel."""

    def has_room(self, endpoint: Endpoint) -> bool: ...
    def take(self, parcel: Parcel) -> object: ...
    def look(self, webhook_id: str) -> object: ...


class Intake:
    def __init__(self, world: World, desk: NewsDesk, endpoints: Endpoints, lines: Lines) -> None:
        self.world, self.desk, self.endpoints, self.lines = world, desk, endpoints, lines

    def hear(self, news: News) -> None:
        """Inside the write of the event. Cheap while nobody wants it."""
        wanting = [each for each in self.endpoints.all().values() if each.hears(news.kind, news.session)]
        if not wanting:
            return
        said = envelope(
            news.kind, id=news.id, at=time_text(news.at), data=news.body, session=named(news.session), chat=news.chat
        )
        for endpoint in wanting:
            if endpoint.wants(said):
                self.add(endpoint, news, said)

    def add(self, endpoint: Endpoint, news: News, said: Body, *, due: datetime | None = None) -> bool:
        """A delivery of this event, leased from the start when it can leave at once; False when there is one.

        `due`: it is told later than it happened, because somebody asked for it then.
        """
        state = self._state(endpoint, news.chat) if due is None else 'pending'
        sequence = next_sequence(endpoint.id, news.chat) if news.chat else 0
        body = written(said, endpoint.format, sequence=sequence)
        now = self.world.now()
        parcel = Parcel(
            id=self.world.new_id(), webhook_id=endpoint.id, kind=news.kind, chat=news.chat,
            n=1 if state == 'leased' else 0, step=0, trigger='event' if due is None else 'manual', body=body,
        )  # fmt: skip
        added = add_delivery(
            parcel, event_id=news.id, session=news.session, about=about(news.body), sequence=sequence, state=state,
            due=due or now, at=now, lease_until=now + LEASE if state == 'leased' else None,
        )  # fmt: skip
        if added and due is None:
            after_commit(self._follow(parcel, state))
        return added

    def _state(self, endpoint: Endpoint, chat: str) -> DeliveryState:
        if not endpoint.on:
            return 'paused'
        blocked = endpoint.per_chat and chat and has_open(endpoint.id, chat)
        return 'leased' if not endpoint.open and not blocked and self.lines.has_room(endpoint) else 'pending'

    def _follow(self, parcel: Parcel, state: DeliveryState) -> Callable[[], object]:
        if state == 'leased':
            return lambda: self.lines.take(parcel)

        def wait() -> None:
            self.lines.look(parcel.webhook_id)
            self.desk.whisper(CHANGED, {'webhook': parcel.webhook_id, 'delivery': parcel.id})

        return wait


def named(session_id: str) -> Named | None:
    """A session as events show it, None without one. Reads the database."""
    found = session_named(session_id) if session_id else None
    return Named(found[0], f'+{found[1]}' if found[1] else None) if found else None
