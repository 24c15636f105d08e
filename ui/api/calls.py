"""Calls that ring just now."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from core.bodies import Body, joined_body
from core.errors import NotFound
from data.messages import message_by_id

from ..compose import Gateway
from .aside import aside_slowly
from .asking import Route, asker_of, says
from .lists import json_answer
from .shapes.messages import MessageOut


def routes(gateway: Gateway) -> APIRouter:
    api = APIRouter(route_class=Route, prefix='/api/v1/calls', tags=['calls'])

    @api.post('/{id}/reject', **says('Reject a call', 'messages.send', gives=MessageOut, problems=(404, 409, 504)))
    async def reject(request: Request, id: str) -> Response:
        """`id` as `call.received` tells it. 409 `call_over` when it does not ring any more.

        Whether a session rejects calls by itself is `calls` of `PATCH /sessions/{name}`.
        """
        asker = asker_of(request)

        def work() -> Body:
            row = message_by_id(id)
            if row is None or not asker.may_session(row.session_id):
                raise NotFound('There is no call with this id.')
            gateway.calls.reject(id)
            changed = message_by_id(id)
            return joined_body(changed or row)

        return json_answer(await aside_slowly(work))

    return api
