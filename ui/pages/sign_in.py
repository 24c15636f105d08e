"""The sign-in: a plain form, so that the cookie comes with an HTTP answer and is new each time."""

from typing import Annotated

from fastapi import Form, Request
from fastapi.responses import RedirectResponse, Response

from core.errors import DovecoteError, TooMany

from ..door import Field, card
from ..login import entrance, local_path

FORGOTTEN = 'Forgotten? Someone who administers this Dovecote can set a new password for you.'


def register(_: object) -> None:
    door = entrance()
    parent, people = door.parent, door.people

    @parent.get('/sign-in', include_in_schema=False)
    async def sign_in(request: Request, next: str = '/') -> Response:
        if door.login_of(request):
            return RedirectResponse(local_path(next), 303)
        if await door.in_thread(people.setup_token):
            return RedirectResponse('/set-up', 303)
        return _card(request, '', next)

    @parent.post('/sign-in', include_in_schema=False)
    async def try_to_sign_in(
        request: Request,
        email: Annotated[str, Form()] = '',
        password: Annotated[str, Form()] = '',
        next: Annotated[str, Form()] = '/',
    ) -> Response:
        ip, browser = address_of(request), request.headers.get('user-agent', '')
        try:
            token = await door.in_thread(people.sign_in, email, password, ip, browser)
        except TooMany as error:
            answer = _card(request, email, next, str(error), 429)
            answer.headers['retry-after'] = str(round(error.after) + 1)
            return answer
        except DovecoteError as error:
            return _card(request, email, next, str(error), 401)
        return await door.in_thread(door.welcome, token, request, next)


def address_of(request: Request) -> str:
    return request.client.host if request.client else ''


def _card(request: Request, email: str, next_path: str, problem: str = '', status: int = 200) -> Response:
    fields = (
        Field(name='email', label='E-mail', type='email', value=email[:254], autocomplete='username'),
        Field(name='password', label='Password', type='password', autocomplete='current-password'),
        Field(name='next', type='hidden', value=local_path(next_path)),
    )
    return card(request, 'Sign in to Dovecote', sentence=request.headers.get('host', ''), fields=fields,
                button='Sign in', problem=problem, foot=FORGOTTEN, status=status)  # fmt: skip
