"""Tells again what did not arrive, or never was told: one, some, or everything since; and says hello."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from data import deliveries as rows
from data.database import after_commit, write
from data.deliveries import Delivery, Parcel
from data.events import LoggedEvent, events_after, last_seq, seq_since

from ..bodies import Body, time_text
from ..bus import News
from ..envelope import envelope
from ..errors import Conflict, Invalid, NotFound
from ..world import World
from .courier import Courier
from .endpoints import Endpoint, Endpoints
from .intake import LEASE, Intake, named
from .kinds import TEST
from .wire import Answer
from .written import written

Only = Literal['failed', 'missing', 'ids']
MOST = 10_000  # at a time
APART = timedelta(milliseconds=100)  # ten a second
BATCH = 200


class Replay:
    def __init__(self, world: World, endpoints: Endpoints, intake: Intake, courier: Courier) -> None:
        self.world, self.endpoints, self.intake, self.courier = world, endpoints, intake, courier

    def one(self, id: str) -> None:
        """Now, under its own id, also to a receiver that is spared. Raises NotFound and Conflict."""

        def claim() -> None:
            row: Delivery | None = Delivery.get_or_none(Delivery.id == id)
            if row is None:
                raise NotFound('There is no delivery with this id.')
            self._must_be_on(row.webhook_id)
            parcel = rows.claim_one(id, until=self.world.now() + LEASE, trigger='manual')
            if parcel is None:
                raise Conflict('It is being sent at this moment.', code='being_sent')
            after_commit(lambda: self.courier.take(parcel))

        write(claim)

    def many(self, webhook_id: str, only: Only, *, since: datetime | None, ids: Sequence[str] = ()) -> int:
        """Ten a second, the oldest first; returns how many, at most 10 000.

        `failed`: what gave up or waits for another try. `missing`: that, and what happened since then and was never
        meant for this webhook, as far as the log of events goes back. Raises NotFound, Conflict and Invalid.
        """
        endpoint = self._must_be_on(webhook_id)
        if only != 'ids' and since is None:
            raise Invalid('Say since when.', field='since')
        if only == 'ids':
            chosen = [id for id in dict.fromkeys(ids) if _is_of(id, webhook_id)]
        else:
            failed = rows.deliveries(webhook_id, states=rows.GROUPS['failed'], since=since, limit=MOST)
            chosen = [row.id for row in reversed(failed)]
        now = self.world.now()
        plan = [(id, now + number * APART) for number, id in enumerate(chosen)]
        again = sum(
            write(lambda few=plan[at : at + BATCH]: rows.replay_rows(few))  # type: ignore[misc]
            for at in range(0, len(plan), BATCH)
        )
        if only == 'missing' and since is not None:
            again += self._missing(endpoint, since, MOST - again, now + len(plan) * APART)
        self.courier.look(webhook_id)
        return again

    def _missing(self, endpoint: Endpoint, since: datetime, most: int, first: datetime) -> int:
        """Events of the log that this webhook would hear today and has no delivery of."""
        seq, last, added = seq_since(since) - 1, last_seq(), 0
        while seq < last and added < most:
            events = list(events_after(seq, BATCH))
            if not events:
                break
            seq = int(events[-1].seq)
            heard = [each for each in events if endpoint.hears(str(each.kind), str(each.session))]
            known = rows.told_events(endpoint.id, [str(each.id) for each in heard])
            wanted = [(news, said) for each in heard if str(each.id) not in known for news, said in [_told(each)]]
            fit = [pair for pair in wanted if endpoint.wants(pair[1])][: most - added]
            dues = [first + (added + number) * APART for number in range(len(fit))]

            def keep(fit: list[tuple[News, Body]] = fit, dues: list[datetime] = dues) -> int:
                return sum(
                    self.intake.add(endpoint, news, said, due=due) for (news, said), due in zip(fit, dues, strict=True)
                )

            added += write(keep)
        return added

    def test(self, webhook_id: str) -> tuple[str, Answer]:
        """Say hello, now, whether it is on or not; (delivery id, what came back). Waits for the answer."""
        endpoint, now = self._endpoint(webhook_id), self.world.now()
        said = envelope(
            TEST, id=self.world.new_id(), at=time_text(now), session=named(endpoint.session), chat='',
            data={'webhook': endpoint.id, 'text': 'Hello from Dovecote.'},
        )  # fmt: skip
        parcel = Parcel(
            id=self.world.new_id(), webhook_id=endpoint.id, kind=TEST, chat='', n=1, step=0, trigger='test',
            body=written(said, endpoint.format),
        )  # fmt: skip
        write(
            lambda: rows.add_delivery(
                parcel, event_id=parcel.id, session=endpoint.session, about='', sequence=0, state='leased', due=now,
                at=now, lease_until=now + LEASE,
            )
        )  # fmt: skip
        kept = self.courier.send(parcel)
        if kept is None:
            raise NotFound('There is no webhook with this id.')
        return parcel.id, kept.result()

    def _endpoint(self, id: str) -> Endpoint:
        endpoint = self.endpoints.get(id)
        if endpoint is None:
            raise NotFound('There is no webhook with this id.')
        return endpoint

    def _must_be_on(self, id: str) -> Endpoint:
        endpoint = self._endpoint(id)
        if not endpoint.on:
            raise Conflict('This webhook is switched off; switch it on first.', code='webhook_off')
        return endpoint


def _is_of(id: str, webhook_id: str) -> bool:
    return bool(Delivery.select().where(Delivery.id == id, Delivery.webhook == webhook_id).exists())


def _told(row: LoggedEvent) -> tuple[News, Body]:
    data: Body = json.loads(str(row.body))
    news = News(
        kind=str(row.kind), id=str(row.id), at=row.at, session=str(row.session), chat=str(row.chat), body=data,
        seq=int(row.seq),
    )  # fmt: skip
    at, session = time_text(row.at), named(news.session)
    return news, envelope(news.kind, id=news.id, at=at, data=data, session=session, chat=news.chat)
