"""The webhooks there are: added, changed, switched, given a new secret, deleted."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from data import deliveries, webhooks
from data.database import after_commit, statement, write
from data.webhooks import Webhook, webhook_by_id

from ..errors import Conflict, Invalid, NotFound
from ..fetch import Guard
from ..news import NewsDesk
from ..rights import Asker
from ..world import World
from .endpoints import Endpoints
from .kinds import checked_events
from .sign import new_secret
from .wish import Wish, check, host_of

log = logging.getLogger(__name__)

Backlog = Literal['resume', 'discard', 'last_day']
MOST = 500
OVERLAP = timedelta(hours=24)  # how long the secret before still signs
CHANGED = 'dovecote.webhook'  # whispered for our own pages


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """`secret` is shown now and never again."""

    row: Webhook
    secret: str


class Book:
    def __init__(self, world: World, desk: NewsDesk, endpoints: Endpoints, guard: Guard) -> None:
        self.world, self.desk, self.endpoints, self.guard = world, desk, endpoints, guard

    def check(self, wish: Wish) -> None:
        """Raises Invalid: for what makes no sense, and (`url_not_allowed`) for an address that may not be reached.

        Asks for the host's address, so not inside a write.
        """
        check(wish)
        try:
            self.guard.check(wish.url)
        except Invalid as error:
            raise Invalid(str(error), field='url', code=error.code) from error

    def add(self, wish: Wish, *, by: str) -> Made:
        """Of a wish that was checked. Raises Invalid when there are too many."""
        secret, now = new_secret(), self.world.now()

        def keep() -> Webhook:
            if Webhook.select().count() >= MOST:
                raise Invalid(f'There are {MOST} webhooks already.', field='url')
            row = Webhook.create(
                id=self.world.new_id(), secret=self.endpoints.seal.close(secret), since=now, created_by=by,
                created_at=now, changed_at=now, **self._columns(wish),
            )  # fmt: skip
            self.told()
            return row

        return Made(row=write(keep), secret=secret)

    def change(self, id: str, wish: Wish) -> Webhook:
        """Of a wish that was checked; deliveries under way keep their bytes. Raises NotFound."""

        def keep() -> Webhook:
            row = self.found(id)
            for name, value in {**self._columns(wish), 'changed_at': self.world.now()}.items():
                setattr(row, name, value)
            row.save(only=[*self._columns(wish), 'changed_at'])
            self.told()
            return row

        return write(keep)

    def rotate(self, id: str) -> Made:
        """A new secret; for 24 hours the one before signs too, so that receivers can change over."""
        secret, now = new_secret(), self.world.now()

        def keep() -> Webhook:
            row = self.found(id)
            Webhook.update(
                previous=row.secret, previous_until=now + OVERLAP, secret=self.endpoints.seal.close(secret),
                changed_at=now,
            ).where(Webhook.id == id).execute()  # fmt: skip
            self.told()
            return self.found(id)

        return Made(row=write(keep), secret=secret)

    def switch_off(self, id: str) -> None:
        """What is still to be told, and what happens from now on, waits. Raises NotFound."""

        def keep() -> None:
            self.found(id)
            if webhooks.switch_webhook(id, 'on', 'off', reason='', at=self.world.now()):
                deliveries.pause_open(id)
                self.told()

        write(keep)

    def switch_on(self, id: str, backlog: Backlog | None = None) -> int:
        """Returns how many waiting ones are told now. Raises NotFound, and Conflict (`backlog_undecided`) when
        something waits and nobody said what is to become of it.
        """  # fmt: skip

        def keep() -> int:
            row = self.found(id)
            waiting = deliveries.counts_of(id).get('paused', 0)
            if row.state == 'on':
                return 0
            if waiting and backlog is None:
                sentence = f'{waiting} deliveries wait. Say what becomes of them: resume, discard or last_day.'
                raise Conflict(sentence, code='backlog_undecided')
            now = self.world.now()
            webhooks.switch_webhook(id, 'off' if row.state == 'off' else 'disabled', 'on', reason='', at=now)
            if backlog in ('discard', 'last_day'):
                since = now - timedelta(hours=24) if backlog == 'last_day' else None
                deliveries.discard_paused(id, now, before=since)
            self.told()
            return deliveries.resume_paused(id, now)

        return write(keep)

    def delete(self, id: str) -> None:
        """With everything that was told, and is not yet told. Raises NotFound."""
        self.switch_off(id)
        while write(lambda: self._thin_out(id)):
            pass

        def remove() -> None:
            self.found(id).delete_instance()
            self.told()

        write(remove)

    def _thin_out(self, id: str) -> int:
        """A long delete would keep everybody else from writing."""
        few = 'SELECT id FROM delivery WHERE webhook_id = ? LIMIT 1000'
        return len(statement(f'DELETE FROM delivery WHERE id IN ({few}) RETURNING id', id))

    def found(self, id: str) -> Webhook:
        row = webhook_by_id(id)
        if row is None:
            raise NotFound('There is no webhook with this id.')
        return row

    def wish_of(self, row: Webhook) -> Wish:
        """What a webhook is now, with its secrets, to be changed in part."""
        return Wish(
            url=row.url, events=row.events, name=row.name, session=row.session_id, filters=row.filters,
            headers=self.endpoints.headers_of(row), format=row.format, ordering=row.ordering, timeout=row.timeout,
            concurrency=row.concurrency, rate=row.rate, hub=row.hub,
            hub_secret=self.endpoints.unsealed(row.hub_secret),
        )  # fmt: skip

    def may(self, asker: Asker, row: Webhook) -> bool:
        """Who may touch only some sessions has nothing to do with webhooks that hear all of them."""
        return asker.sessions is None or (row.session_id is not None and asker.may_session(row.session_id))

    def told(self) -> None:
        """Inside a write."""
        after_commit(self.endpoints.changed)
        after_commit(lambda: self.desk.whisper(CHANGED, {}))

    def _columns(self, wish: Wish) -> Mapping[str, Any]:
        close = self.endpoints.seal.close
        return {
            'name': wish.name.strip() or host_of(wish.url),
            'url': wish.url,
            'session': wish.session,
            'events': checked_events(wish.events),
            'filters': [dict(each) for each in wish.filters],
            'headers': close(json.dumps({k.lower(): v for k, v in wish.headers.items()})) if wish.headers else '',
            'format': wish.format,
            'ordering': wish.ordering,
            'timeout': wish.timeout,
            'concurrency': wish.concurrency,
            'rate': wish.rate,
            'hub': wish.hub,
            'hub_secret': close(wish.hub_secret) if wish.hub_secret else '',
        }
