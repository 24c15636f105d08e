"""Keys: with which programs ask."""

import asyncio
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from core.bodies import Body, time_text
from core.errors import Invalid, NotFound
from core.keys import Key
from core.rights import Asker
from data.database import write_soon
from data.sessions import all_sessions

from ..compose import Gateway
from .aside import aside
from .asking import Route, asker_of, body_of, says, visible_session
from .lists import Cursor, Limit, Page, aware, cut, id_of, json_answer, json_bytes, list_answer
from .once import carried_out, once_of, opened, sealed
from .shapes.people import KeyOut, NewKeyOut

RoleName = Literal['owner', 'admin', 'agent', 'viewer']


class NewKey(BaseModel):
    model_config = ConfigDict(extra='forbid')

    name: Annotated[str, Field(description='What it is for; 1 to 80 characters.', examples=['CRM'])]
    role: Annotated[RoleName, Field(description='What it may do, at most what you may.', examples=['agent'])]
    sessions: Annotated[list[str] | None, Field(
        max_length=500, description='Names of the only sessions it may touch; left out: all.', examples=[['shop']],
    )] = None  # fmt: skip
    expires_at: Annotated[datetime | None, Field(examples=['2027-01-01T00:00:00Z'])] = None


def routes(gateway: Gateway) -> APIRouter:
    api = APIRouter(route_class=Route, prefix='/api/v1/keys', tags=['keys'])
    people = gateway.people

    def keys_of(asker: Asker) -> list[Key]:
        """Newest first; a key for some sessions sees only keys that may do no more."""
        every = people.keys()
        return [
            key for key in every
            if asker.sessions is None or (key.sessions is not None and asker.sessions.issuperset(key.sessions))
        ]  # fmt: skip

    def one_of(asker: Asker, id: str) -> Key:
        found = next((key for key in keys_of(asker) if key.id == id), None)
        if found is None:
            raise NotFound('There is no such key.')
        return found

    @api.get('', **says('List keys', 'keys.manage', gives=Page[KeyOut]))
    async def list_keys(request: Request, limit: Limit = 50, cursor: Cursor = '') -> Response:
        """Newest first, with the revoked ones, without their secrets."""
        asker, before = asker_of(request), id_of(cursor)

        def read() -> tuple[list[Body], str | None]:
            rows = [key for key in keys_of(asker) if not before or key.id < before]
            page, following = cut(rows, limit, lambda key: (key.id,))
            return [_body(key, _names()) for key in page], following

        return list_answer(*await aside(read))

    @api.post('', **says('Create a key', 'keys.manage', status=201, gives=NewKeyOut, takes=NewKey,
                         example={'name': 'CRM', 'role': 'agent', 'sessions': ['shop']}, problems=(404,),
                         once=True))  # fmt: skip
    async def create(request: Request) -> Response:
        """The answer holds the key, for this one time: only its hash is kept."""
        asker, new = asker_of(request), await body_of(request, NewKey)
        once = once_of(request, new)

        def make() -> tuple[int, bytes]:
            ids = None if new.sessions is None else [visible_session(asker, name).id for name in new.sessions]
            if ids == []:
                raise Invalid('A key for no session at all can do nothing: leave it out for all.', field='sessions')
            key, plain = people.add_key(asker, new.name, new.role, sessions=ids, expires_at=aware(new.expires_at))
            body = json_bytes({**_body(key, _names()), 'key': plain})
            return 201, body if once is None else sealed(people.secret, once, body)

        given = await asyncio.wrap_future(write_soon(lambda: carried_out(once, gateway.world, make)))
        return (given if once is None else opened(people.secret, once, given)).answer()

    @api.get('/{id}', **says('One key', 'keys.manage', gives=KeyOut, problems=(404,)))
    async def one(request: Request, id: str) -> Response:
        asker = asker_of(request)
        return json_answer(await aside(lambda: _body(one_of(asker, id), _names())))

    @api.delete('/{id}', **says('Revoke a key', 'keys.manage', status=204, problems=(404,)))
    async def revoke(request: Request, id: str) -> Response:
        """At once and for good. It stays in the list."""
        asker = asker_of(request)

        def work() -> None:
            one_of(asker, id)
            people.revoke_key(asker, id)

        await aside(work)
        return Response(status_code=204)

    return api


def _names() -> dict[str, str]:
    return {row.id: row.name for row in all_sessions()}


def _body(key: Key, names: dict[str, str]) -> Body:
    return {
        'id': key.id,
        'name': key.name,
        'prefix': f'dvc_{key.prefix}',
        'role': key.role,
        'sessions': None if key.sessions is None else sorted(names[id] for id in key.sessions if id in names),
        'created_by': key.created_by,
        'created_at': time_text(key.created_at),
        'expires_at': time_text(key.expires_at),
        'last_used_at': time_text(key.last_used_at),
        'revoked_at': time_text(key.revoked_at),
    }
