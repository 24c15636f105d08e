"""Deliveries: what webhooks were told, every attempt, and telling it again."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from core.bodies import Body
from core.errors import NotFound
from core.rights import Asker
from core.webhooks.bodies import attempt_body, delivery_body
from data.deliveries import GROUPS, Delivery, attempts_of, deliveries, delivery_by_id

from ..compose import Gateway
from .aside import aside, aside_slowly
from .asking import Route, asker_of, body_or_default, says
from .lists import Cursor, Limit, Page, aware, cut, id_of, json_answer, json_bytes, list_answer
from .once import Nothing as NoBody
from .once import carried_out_once, once_of
from .webhook_shapes import DeliveryOut, OneDeliveryOut, ReplayedOut, ReplayOrder, TestedOut
from .webhooks import Right, webhook_of


def routes(gateway: Gateway) -> APIRouter:
    api = APIRouter(route_class=Route, prefix='/api/v1', tags=['webhooks'])
    replay = gateway.webhooks.replay

    def delivery_of(asker: Asker, id: str) -> Delivery:
        row = delivery_by_id(id)
        if row is None or not gateway.webhooks.book.may(asker, row.webhook):
            raise NotFound('There is no delivery with this id.')
        return row

    @api.post('/webhooks/{id}/test', **says('Test a webhook', Right, gives=TestedOut, problems=(404,), once=True))
    async def test(request: Request, id: str) -> Response:
        """Sends `webhook.test` now, once, and tells what came back."""
        asker = asker_of(request)

        def work() -> tuple[int, bytes]:
            webhook_of(gateway, asker, id)
            delivery, answer = replay.test(id)
            return 200, json_bytes({
                'delivery': delivery, 'ok': answer.is_good, 'status': answer.status or None,
                'error': answer.problem or None, 'detail': answer.detail, 'ms': answer.ms,
                'response_body': answer.body,
            })  # fmt: skip

        once = once_of(request, NoBody())
        return (await aside_slowly(lambda: carried_out_once(once, gateway.world, work))).answer()

    @api.get('/webhooks/{id}/deliveries', **says('List the deliveries of a webhook', Right, gives=Page[DeliveryOut],
             problems=(404,)))  # fmt: skip
    async def list_deliveries(
        request: Request,
        id: str,
        state: Annotated[
            Literal['', 'waiting', 'failed', 'pending', 'leased', 'retrying', 'paused', 'delivered', 'dead'],
            Query(description='`waiting`: not told yet; `failed`: gave up, or will be tried again.'),
        ] = '',
        type: Annotated[str, Query(max_length=60, description='Only of this kind of event.')] = '',
        chat: Annotated[str, Query(max_length=40, description='Only about this chat.')] = '',
        since: Annotated[datetime | None, Query(description='Only from then on.')] = None,
        until: Annotated[datetime | None, Query(description='Only before that.')] = None,
        limit: Limit = 50,
        cursor: Cursor = '',
    ) -> Response:
        """Newest first. Those that arrived are kept for 30 days, those that gave up for 90."""
        asker, before = asker_of(request), id_of(cursor)

        def look() -> tuple[list[Body], str | None]:
            webhook_of(gateway, asker, id)
            rows = deliveries(
                id, states=GROUPS.get(state, (state,)) if state else (), kind=type, chat=chat, since=aware(since),
                until=aware(until), before=before, limit=limit + 1,
            )  # fmt: skip
            page, following = cut(rows, limit, lambda row: (str(row.id),))
            return [delivery_body(row) for row in page], following

        return list_answer(*await aside(look))

    @api.get('/deliveries/{id}', **says('One delivery', Right, gives=OneDeliveryOut, problems=(404,)))
    async def delivery(request: Request, id: str) -> Response:
        """With its body and every attempt."""
        asker = asker_of(request)

        def look() -> Body:
            row = delivery_of(asker, id)
            history = [attempt_body(each) for each in attempts_of(id)]
            return {**delivery_body(row), 'body': bytes(row.body).decode('utf-8', 'replace'), 'history': history}

        return json_answer(await aside(look))

    @api.post('/deliveries/{id}/replay', **says('Tell one again', Right, status=202, gives=ReplayedOut,
              problems=(404, 409), once=True))  # fmt: skip
    async def tell_again(request: Request, id: str) -> Response:
        """Now, with the same body and the same `webhook-id`. 409 while the webhook is off."""
        asker = asker_of(request)

        def work() -> tuple[int, bytes]:
            delivery_of(asker, id)
            replay.one(id)
            return 202, json_bytes({'count': 1})

        once = once_of(request, NoBody())
        return (await aside(lambda: carried_out_once(once, gateway.world, work))).answer()

    @api.post('/webhooks/{id}/replay', **says('Tell many again', Right, status=202, gives=ReplayedOut,
              takes=ReplayOrder, example={'only': 'failed', 'since': '2026-11-22T10:00:00Z'}, problems=(404, 409),
              once=True))  # fmt: skip
    async def tell_many_again(request: Request, id: str) -> Response:
        """Ten a second, at most 10 000, each under its own `webhook-id`."""
        asker, order = asker_of(request), await body_or_default(request, ReplayOrder)

        def work() -> tuple[int, bytes]:
            webhook_of(gateway, asker, id)
            count = replay.many(id, order.only, since=aware(order.since), ids=order.ids)
            return 202, json_bytes({'count': count})

        once = once_of(request, order)
        return (await aside_slowly(lambda: carried_out_once(once, gateway.world, work))).answer()

    return api
