"""The first owner: whoever can read the program's log may become it, once."""

from typing import Annotated

from fastapi import Form, Request
from fastapi.responses import RedirectResponse, Response

from core.errors import Conflict, DovecoteError, TooMany
from core.passwords import SHORTEST

from ..door import Field, card
from ..login import entrance
from .sign_in import address_of

FOOT = 'You will be the owner: you see everything here and may let others in.'


def register(_: object) -> None:
    door = entrance()
    parent, people = door.parent, door.people

    @parent.get('/set-up', include_in_schema=False)
    async def set_up(request: Request, token: str = '') -> Response:
        if not await door.in_thread(people.setup_token):
            return RedirectResponse('/sign-in', 303)
        return _card(request, token)

    @parent.post('/set-up', include_in_schema=False)
    async def try_to_set_up(
        request: Request,
        token: Annotated[str, Form()] = '',
        name: Annotated[str, Form()] = '',
        email: Annotated[str, Form()] = '',
        password: Annotated[str, Form()] = '',
    ) -> Response:
        ip, browser = address_of(request), request.headers.get('user-agent', '')
        try:
            await door.in_thread(people.set_up, token, email, name, password, ip)
            cookie = await door.in_thread(people.sign_in, email, password, ip, browser)
        except Conflict:
            return RedirectResponse('/sign-in', 303)
        except DovecoteError as error:
            status = 429 if isinstance(error, TooMany) else 422
            return _card(request, token, name, email, str(error), status)
        return await door.in_thread(door.welcome, cookie, request, '/')


def _card(
    request: Request, token: str, name: str = '', email: str = '', problem: str = '', status: int = 200
) -> Response:
    fields = (
        Field(name='token', label='Token', value=token[:64], hint='Dovecote printed it when it started.'),
        Field(name='name', label='Your name', value=name[:80], autocomplete='name'),
        Field(name='email', label='E-mail', type='email', value=email[:254], autocomplete='username'),
        Field(name='password', label='Password', type='password', autocomplete='new-password', least=SHORTEST,
              hint=f'At least {SHORTEST} characters.'),
    )  # fmt: skip
    return card(request, 'Set up Dovecote', sentence='Nobody can sign in here yet. Be the first.', fields=fields,
                button='Create the owner', problem=problem, foot=FOOT, status=status)  # fmt: skip
