"""Who is signed in with this browser, and what that opens: pages, handlers, cookies."""

import asyncio
import inspect
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from typing import Annotated, Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import quote

from fastapi import FastAPI, Form, Request
from fastapi.responses import RedirectResponse, Response
from nicegui import Client, app, ui
from starlette.types import Scope

from core.errors import DovecoteError, Forbidden, TooMany
from core.people import SIGNED_IN_FOR, People
from core.rights import Asker, Login, Right, look_of

from .door import nothing_here
from .doorstep import Doorstep
from .frame import frame
from .guard import COOKIE
from .pieces import box, empty_state, heading

LOOK_COOKIE = 'dovecote_look'
WAITING = 64  # sign-ins that may wait for a core; each needs about 0.1 s

Params = ParamSpec('Params')
T = TypeVar('T')


class Entrance:
    """The one place that knows cookies and open tabs. Make it before `ui.run_with`, then `open(parent)`.

    `parent` is the program's own app, known from then on: what needs no page of NiceGUI answers there.
    """

    parent: FastAPI

    def __init__(self, people: People, *, public_url: str = '', sandbox: bool = False) -> None:
        self.people = people
        self.public_url = public_url
        self.sandbox = sandbox
        self._tabs: defaultdict[str, set[str]] = defaultdict(set)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._slow = ThreadPoolExecutor(4, thread_name_prefix='entrance')
        self._waiting = 0

    def open(self, parent: FastAPI) -> None:
        """Add sign-out and the choice of look to `parent`, and the doorstep to NiceGUI."""
        self.parent = parent
        parent.add_api_route('/sign-out', self._sign_out, methods=['POST'], include_in_schema=False)
        parent.add_api_route('/look', self._keep_look, methods=['POST'], include_in_schema=False)
        app.add_middleware(
            Doorstep, pages=app, signed_in=self._signed_in, renewed=self._renewed, nothing_here=nothing_here
        )
        app.state.entrance = self
        self.people.when_changed(self._logins_changed)

    def close(self) -> None:
        self._slow.shutdown()

    def login_of(self, request: Request) -> Login | None:
        token = request.cookies.get(COOKIE, '')
        return self.people.login_of(token) if token else None

    async def in_thread(self, work: Callable[..., T], *arguments: object) -> T:
        """For what takes a core or the database for a while; raises TooMany when too much waits already."""
        if self._waiting >= WAITING:
            raise TooMany('Too many people are signing in at this moment. Try again in a few seconds.', after=5)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._slow, work, *arguments)
        finally:
            self._waiting -= 1

    def welcome(self, token: str, request: Request, next_path: str) -> Response:
        """Into the program with this fresh token; the browser's earlier login ends."""
        self.forget(request)
        answer = RedirectResponse(local_path(next_path), 303)
        answer.headers.append('set-cookie', self._renewed(token, request.scope))
        login = self.people.login_of(token)
        if login:
            self._remember_look(answer, request, login.look)
        return answer

    def forget(self, request: Request) -> None:
        token = request.cookies.get(COOKIE, '')
        if token and self.people.login_of(token):
            self.people.sign_out(token)

    def remember_tab(self, client: Client, login: Login) -> None:
        self._loop = asyncio.get_running_loop()
        self._tabs[login.id].add(client.id)
        client.on_delete(lambda: self._forget_tab(client.id, login.id))

    def _forget_tab(self, client_id: str, login_id: str) -> None:
        self._tabs[login_id].discard(client_id)
        if not self._tabs[login_id]:
            del self._tabs[login_id]

    def _signed_in(self, token: str) -> bool:
        return self.people.login_of(token) is not None

    async def _sign_out(self, request: Request) -> Response:
        await self.in_thread(self.forget, request)
        answer = RedirectResponse('/sign-in', 303)
        answer.delete_cookie(COOKIE, path='/')
        return answer

    async def _keep_look(self, request: Request, look: Annotated[str, Form()] = '') -> Response:
        login = self.login_of(request)
        try:
            chosen = look_of(look)
        except DovecoteError:
            return Response(status_code=422)
        if login is None:
            return Response(status_code=401)
        await self.in_thread(self.people.set_look, login.asker.id, chosen)
        answer = Response(status_code=204)
        self._remember_look(answer, request, chosen)
        return answer

    def _renewed(self, token: str, scope: Scope) -> str:
        age = int(SIGNED_IN_FOR.total_seconds())
        secure = '; Secure' if self._is_secure(scope) else ''
        return f'{COOKIE}={token}; Path=/; Max-Age={age}; HttpOnly; SameSite=lax{secure}'

    def _remember_look(self, answer: Response, request: Request, look: str) -> None:
        """So that the sign-in page, which knows nobody, has the colours this browser had last."""
        secure = self._is_secure(request.scope)
        answer.set_cookie(LOOK_COOKIE, look, max_age=31536000, secure=secure, httponly=True, samesite='lax')

    def _is_secure(self, scope: Scope) -> bool:
        return self.public_url.startswith('https://') or scope['scheme'] == 'https'

    def _logins_changed(self, login_ids: list[str]) -> None:
        if self._loop is not None and not self._loop.is_closed() and login_ids:
            self._loop.call_soon_threadsafe(self._reload_tabs, login_ids)

    def _reload_tabs(self, login_ids: list[str]) -> None:
        """Every open page of these logins is built anew, or is sent to the sign-in."""
        for client_id in [each for login_id in login_ids for each in self._tabs.get(login_id, ())]:
            client = Client.instances[client_id]
            client.run_javascript('location.reload()')
            asyncio.get_running_loop().call_later(2.0, _end, client, self)


def page(
    path: str, right: Right | None = None, **more: Any
) -> Callable[[Callable[Concatenate[Login, Params], object]], Callable[Params, object]]:
    """A NiceGUI page for people who are signed in and hold `right`; the builder's first argument is their Login."""

    def decorate(build: Callable[Concatenate[Login, Params], object]) -> Callable[Params, object]:
        @wraps(build)
        def built(*arguments: Params.args, **named: Params.kwargs) -> object:
            client = ui.context.client
            login = entrance().login_of(client.request)
            if login is None:
                client.delete()
                return RedirectResponse(f'/sign-in?next={quote(client.request.url.path)}', 303)
            entrance().remember_tab(client, login)
            if right is not None and not login.asker.may(right):
                not_for_you(login)
                return None
            return build(login, *arguments, **named)

        _login, *asked = inspect.signature(build).parameters.values()
        built.__signature__ = inspect.Signature(asked)  # type: ignore[attr-defined]  # what FastAPI reads from a URL
        ui.page(path, **more)(built)
        return built

    return decorate


def guarded(handler: Callable[..., object], right: Right | None = None) -> Callable[..., Awaitable[None]]:
    """The handler, behind a fresh look at the login: a page may be open long after its rights are gone.

    What it refuses (DovecoteError) is shown as a note. `handler` may be async.
    """

    @wraps(handler)
    async def checked(*arguments: object) -> None:
        with ui.context.client.content:  # what was clicked may be drawn anew before the handler is done
            try:
                asker = asker_now()
                if right is not None:
                    asker.must(right)
                outcome = handler(*arguments)
                if inspect.isawaitable(outcome):
                    await outcome
            except DovecoteError as error:
                ui.notify(str(error), type='negative')

    return checked


def asker_now(client: Client | None = None) -> Asker:
    """Who sits before this open page now; raises Forbidden, and sends the page to the sign-in, when nobody does."""
    client = client or ui.context.client
    login = entrance().login_of(client.request)
    if login is None:
        client.open('/sign-in')
        raise Forbidden('You are signed out.')
    return login.asker


def current_asker(request: Request) -> Asker | None:
    """Who asks with this browser, for routes beside the pages."""
    login = entrance().login_of(request)
    return login.asker if login else None


def entrance() -> Entrance:
    found: Entrance = app.state.entrance
    return found


def local_path(text: str) -> str:
    """A path of ours to go to after the sign-in; anything else becomes '/'."""
    fine = len(text) <= 500 and re.fullmatch(r'/(?![/\\])[^\\\x00-\x20\x7f]*', text)
    return text if fine and not text.startswith(('/sign-', '/set-up')) else '/'


def not_for_you(login: Login) -> None:
    ui.context.client.status_code = 403
    sentence = f'You are signed in as {login.asker.role}. Someone who manages people here can change that.'
    with frame('Not for your role', here='', login=login, sandbox=entrance().sandbox):
        with heading('Not for your role'):
            pass
        with box('body'), empty_state('This page is not for your role', sentence):
            ui.link('Back to the start', '/')


def _end(client: Client, door: Entrance) -> None:
    # NiceGUI itself deletes a page that left
    if client.has_socket_connection and not client.is_deleted and door.login_of(client.request) is None:
        client.delete()
