"""People: who may sign in, and who is asking."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from core.bodies import Body, time_text
from core.errors import Conflict, NotFound
from core.people import Person
from core.rights import RIGHTS, Asker
from data.sessions import all_sessions

from ..compose import Gateway
from .aside import aside, aside_slowly
from .asking import Route, asker_of, body_of, must_have_all, says
from .keys import RoleName
from .lists import Cursor, Limit, Page, cut, id_of, json_answer, json_bytes, list_answer
from .once import Given, keep, once_of, recalled
from .shapes.people import MeOut, UserOut

Password = Annotated[str, Field(min_length=1, max_length=1024, examples=['correct horse battery'])]


class NewUser(BaseModel):
    model_config = ConfigDict(extra='forbid')

    email: Annotated[str, Field(examples=['mia@example.org'])]
    name: Annotated[str, Field(examples=['Mia Brandt'])] = ''
    role: Annotated[RoleName, Field(examples=['agent'])]
    password: Password


class UserChanges(BaseModel):
    model_config = ConfigDict(extra='forbid')

    role: RoleName | None = None
    active: Annotated[bool | None, Field(description='Whether they may sign in.')] = None
    password: Password | None = None


def routes(gateway: Gateway) -> APIRouter:
    api = APIRouter(route_class=Route, prefix='/api/v1', tags=['people'])
    people = gateway.people

    @api.get('/me', **says('Who am I?', 'key', gives=MeOut))
    async def me(request: Request) -> Response:
        """The key or person that asks, and what they may do."""
        asker = asker_of(request)
        return json_answer(await aside(lambda: _me(asker)))

    @api.get('/users', **says('List people', 'people.manage', gives=Page[UserOut]))
    async def list_users(request: Request, limit: Limit = 50, cursor: Cursor = '') -> Response:
        must_have_all(asker_of(request), 'see people')
        after = id_of(cursor)
        rows = await aside(people.users)
        rows = sorted((row for row in rows if row.id > after), key=lambda row: row.id)
        page, following = cut(rows, limit, lambda row: (row.id,))
        return list_answer([_body(row) for row in page], following)

    @api.post('/users', **says('Add somebody', 'people.manage', status=201, gives=UserOut, takes=NewUser,
              example={'email': 'mia@example.org', 'name': 'Mia Brandt', 'role': 'agent',
                       'password': 'correct horse battery'}, problems=(409,), once=True))  # fmt: skip
    async def add(request: Request) -> Response:
        """They sign in with the e-mail address and the password. Nobody can give a role above their own."""
        asker, new = asker_of(request), await body_of(request, NewUser)
        once = once_of(request, new)

        def work() -> Given:
            earlier = recalled(once)
            if earlier is not None:
                return earlier
            given: list[Given] = []

            def answer(made: Person) -> None:
                given.append(Given(201, json_bytes(_body(made))))
                if once is not None:
                    keep(once, gateway.world, given[0])

            try:  # what costs time, hashing the password, is done before the write
                people.add_user(asker, new.email, new.name, new.role, new.password, beside=answer)
            except Conflict:
                earlier = recalled(once)  # the same request, a moment ago
                if earlier is None:
                    raise
                return earlier
            return given[0]

        return (await aside_slowly(work)).answer()

    def one_of(id: str) -> Person:
        found = next((row for row in people.users() if row.id == id), None)
        if found is None:
            raise NotFound('There is no such person.')
        return found

    @api.get('/users/{id}', **says('One person', 'people.manage', gives=UserOut, problems=(404,)))
    async def one(request: Request, id: str) -> Response:
        must_have_all(asker_of(request), 'see people')
        return json_answer(await aside(lambda: _body(one_of(id))))

    @api.patch('/users/{id}', **says('Change somebody', 'people.manage', gives=UserOut, takes=UserChanges,
               example={'role': 'admin'}, problems=(404, 409)))  # fmt: skip
    async def change(request: Request, id: str) -> Response:
        """A new password, or `active: false`, signs them out everywhere. 409 `conflict` for the last owner."""
        asker, new = asker_of(request), await body_of(request, UserChanges)

        def work() -> Body:
            one_of(id)
            people.change_user(asker, id, role=new.role, active=new.active, password=new.password)
            return _body(one_of(id))

        return json_answer(await aside_slowly(work))

    @api.delete('/users/{id}', **says('Shut somebody out', 'people.manage', status=204, problems=(404, 409)))
    async def shut_out(request: Request, id: str) -> Response:
        """They are signed out everywhere and can no longer sign in; what they wrote keeps their name."""
        asker = asker_of(request)
        await aside(lambda: people.deactivate(asker, id))
        return Response(status_code=204)

    return api


def _me(asker: Asker) -> Body:
    names = None
    if asker.sessions is not None:
        names = [row.name for row in all_sessions() if row.id in asker.sessions]
    return {
        'kind': asker.kind, 'id': asker.id, 'name': asker.name, 'role': asker.role,
        'rights': sorted(RIGHTS[asker.role]), 'sessions': names,
    }  # fmt: skip


def _body(row: Person) -> Body:
    return {
        'id': row.id, 'email': row.email, 'name': row.name, 'role': row.role, 'active': row.active,
        'created_at': time_text(row.created_at), 'last_seen_at': time_text(row.last_seen_at),
    }  # fmt: skip
