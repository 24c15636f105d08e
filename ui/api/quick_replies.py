"""Quick replies: texts people write again and again, by a short key."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from core.bodies import Body, time_text
from core.errors import Conflict, NotFound
from data.database import write_soon
from data.quick_replies import QuickReply, quick_replies, quick_reply

from ..compose import Gateway
from .aside import aside
from .asking import Route, asker_of, body_of, must_have_all, says
from .lists import Cursor, Limit, Page, cut, id_of, json_answer, json_bytes, list_answer
from .once import carried_out, once_of
from .shapes.chats import QuickReplyOut

TEXT = 'A template: `{{ contact.name }}`, `contact.first_name`, `contact.phone`, `session.name`, `me.name`.'


class NewQuickReply(BaseModel):
    model_config = ConfigDict(extra='forbid')

    key: Annotated[str, Field(description='Small letters, digits and “-”.', examples=['opening-hours'])]
    text: Annotated[str, Field(description=TEXT, examples=['Hi {{ contact.name }}, we bake from 7 to 18.'])]


class QuickReplyChanges(BaseModel):
    model_config = ConfigDict(extra='forbid')

    text: Annotated[str, Field(description=TEXT, examples=['We bake from 7 to 18.'])]


def routes(gateway: Gateway) -> APIRouter:
    api = APIRouter(route_class=Route, prefix='/api/v1/quick-replies', tags=['quick-replies'])
    replies = gateway.quick_replies

    @api.get('', **says('List quick replies', 'messages.see', gives=Page[QuickReplyOut]))
    async def list_replies(limit: Limit = 50, cursor: Cursor = '') -> Response:
        """By key."""
        after = id_of(cursor)
        rows = await aside(lambda: quick_replies(limit + 1, after=after))
        page, following = cut(rows, limit, lambda row: (str(row.key),))
        return list_answer([_body(row) for row in page], following)

    @api.post('', **says('Add a quick reply', 'chats.manage', status=201, gives=QuickReplyOut, takes=NewQuickReply,
              example={'key': 'opening-hours', 'text': 'Hi {{ contact.name }}, we bake from 7 to 18.'},
              problems=(409,), once=True))  # fmt: skip
    async def add(request: Request) -> Response:
        """In the inbox, “/” at the beginning of a message opens the list of them. 409 for a key that is taken."""
        must_have_all(asker_of(request), 'add quick replies')
        new = await body_of(request, NewQuickReply)
        once = once_of(request, new)

        def keep() -> tuple[int, bytes]:
            if quick_reply(new.key) is not None:
                raise Conflict(f'There is a quick reply “{new.key}” already.', code='already_exists')
            replies.put(new.key, new.text)
            return 201, json_bytes(_body(_found(new.key)))

        given = await asyncio.wrap_future(write_soon(lambda: carried_out(once, gateway.world, keep)))
        return given.answer()

    @api.get('/{key}', **says('One quick reply', 'messages.see', gives=QuickReplyOut, problems=(404,)))
    async def one(key: str) -> Response:
        return json_answer(await aside(lambda: _body(_found(key))))

    @api.patch('/{key}', **says('Change a quick reply', 'chats.manage', gives=QuickReplyOut, takes=QuickReplyChanges,
               example={'text': 'We bake from 7 to 18.'}, problems=(404,)))  # fmt: skip
    async def change(request: Request, key: str) -> Response:
        must_have_all(asker_of(request), 'change quick replies')
        new = await body_of(request, QuickReplyChanges)

        def work() -> Body:
            _found(key)
            replies.put(key, new.text)
            return _body(_found(key))

        return json_answer(await aside(work))

    @api.delete('/{key}', **says('Delete a quick reply', 'chats.manage', status=204, problems=(404,)))
    async def delete(request: Request, key: str) -> Response:
        must_have_all(asker_of(request), 'delete quick replies')
        await aside(lambda: replies.delete(key))
        return Response(status_code=204)

    return api


def _found(key: str) -> QuickReply:
    row = quick_reply(key)
    if row is None:
        raise NotFound(f'There is no quick reply “{key[:40]}”.')
    return row


def _body(row: QuickReply) -> Body:
    return {
        'key': row.key, 'text': row.text, 'created_at': time_text(row.created_at),
        'changed_at': time_text(row.changed_at),
    }  # fmt: skip
