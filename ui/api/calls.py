"""Calls that ring just now."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from core.bodies import Body, joined_body
from core.errors import NotFound
from data.messages import message_by_id

from ..compose import Gateway
from .aside import aside_slowly
from .asking import Route, asker_of, body_or_default, says
from .lists import json_answer
from .messages import author_of
from .shapes.messages import MessageOut


class NewRejection(BaseModel):
    model_config = ConfigDict(extra='forbid')

    text: Annotated[str, Field(description='What is then written to the caller; empty: nothing.')] = ''


def routes(gateway: Gateway) -> APIRouter:
    api = APIRouter(route_class=Route, prefix='/api/v1/calls', tags=['calls'])

    @api.post('/{id}/reject', **says('Reject a call', 'messages.send', gives=MessageOut, takes=NewRejection,
              example={'text': 'We cannot take calls. Please write.'}, optional=True,
              problems=(404, 409, 504)))  # fmt: skip
    async def reject(request: Request, id: str) -> Response:
        """`id` as `call.received` tells it. The body may be left out. 409 `call_over` when it does not ring any more.

        Whether a session rejects calls by itself is `calls` of `PATCH /sessions/{name}`.
        """
        asker, new = asker_of(request), await body_or_default(request, NewRejection)

        def work() -> Body:
            row = message_by_id(id)
            if row is None or not asker.may_session(row.session_id):
                raise NotFound('There is no call with this id.')
            gateway.calls.reject(id, new.text, author_of(asker))
            changed = message_by_id(id)
            return joined_body(changed or row)

        return json_answer(await aside_slowly(work))

    return api
