"""What stands between a browser and NiceGUI, which makes a page object of 70 kB for whoever asks, even for a 404."""

from collections.abc import Callable
from urllib.parse import quote

from fastapi import FastAPI
from starlette.responses import RedirectResponse, Response
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .guard import cookie_of, refuse


class Doorstep:
    """Added to NiceGUI's own app. Sends strangers to the sign-in, answers 404 itself, renews the cookie of a page.

    `signed_in(token)` must be cheap; `renewed(token)` is a Set-Cookie value; `nothing_here()` the page for a 404.
    """

    def __init__(
        self,
        app: ASGIApp,
        pages: FastAPI,
        signed_in: Callable[[str], bool],
        renewed: Callable[[str, Scope], str],
        nothing_here: Callable[[Scope], Response],
    ) -> None:
        self.app = app
        self.pages = pages
        self.signed_in = signed_in
        self.renewed = renewed
        self.nothing_here = nothing_here

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope['type'] not in ('http', 'websocket'):
            return await self.app(scope, receive, send)
        path: str = scope['path']
        if (path.startswith('/_nicegui/') and not path.startswith('/_nicegui/client/')) or path == '/favicon.ico':
            return await self.app(scope, receive, send)  # NiceGUI's own scripts and styles
        token = cookie_of(scope)
        known = bool(token) and self.signed_in(token)
        if path.startswith('/_nicegui'):  # its socket and uploads ask for no cookie themselves
            return await (self.app(scope, receive, send) if known else _turn_away(scope, send))
        if scope['type'] == 'websocket' or (path.startswith('/api/') and not self._is_page(scope)):
            return await _turn_away(scope, send, 404)
        if not self._is_page(scope):
            return await self.nothing_here(scope)(scope, receive, send)
        if not known:
            return await RedirectResponse(_sign_in(scope), 303)(scope, receive, send)
        await self.app(scope, receive, self._renewing(scope, send, token))

    def _is_page(self, scope: Scope) -> bool:
        return any(route.matches(scope)[0] is not Match.NONE for route in self.pages.routes)

    def _renewing(self, scope: Scope, send: Send, token: str) -> Send:
        async def renew(message: Message) -> None:
            if message['type'] == 'http.response.start' and message['status'] == 200:
                cookie = (b'set-cookie', self.renewed(token, scope).encode('latin-1'))
                message = {**message, 'headers': [*message.get('headers', ()), cookie]}
            await send(message)

        return renew


async def _turn_away(scope: Scope, send: Send, status: int = 401) -> None:
    if scope['type'] == 'websocket':
        await send({'type': 'websocket.close', 'code': 1008})
    elif status == 404:
        await refuse(send, 404, 'Not Found', 'not_found', 'There is nothing at this address.')
    else:
        await refuse(send, 401, 'Unauthorized', 'signed_out', 'Sign in first.')


def _sign_in(scope: Scope) -> str:
    query = scope.get('query_string', b'').decode('latin-1')
    asked = scope['path'] + (f'?{query}' if query else '')
    return '/sign-in' if asked == '/' else f'/sign-in?next={quote(asked, safe="/")}'
