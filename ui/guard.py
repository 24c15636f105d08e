"""What every request meets first: who really asks, from which page, how much it brings, what its answer may do."""

import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Headers = list[tuple[bytes, bytes]]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MIB = 2**20
COOKIE = 'dovecote_login'
BY_KEY = ('/api/', '/hooks/')  # these prove themselves with a key or a signature, not with a cookie
SAFE = {'GET', 'HEAD', 'OPTIONS'}

# NiceGUI compiles its templates in the browser and writes inline scripts: without these two words no page starts.
CSP = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'{sockets}; "
    "frame-ancestors 'none'; object-src 'none'; base-uri 'self'; form-action 'self'"
)
ALWAYS: Headers = [
    (b'x-content-type-options', b'nosniff'),
    (b'referrer-policy', b'same-origin'),  # no-referrer would turn the Origin of our own forms into null
    (b'x-frame-options', b'DENY'),
    (b'permissions-policy', b'camera=(), geolocation=(), microphone=(self), payment=(), usb=()'),
]
LARGER = {'/api/v1/groups/': 5 * MIB}  # the photo of a group
HSTS = (b'strict-transport-security', b'max-age=31536000')


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """`body_limits`: bytes by the beginning of a path, where more (or less) than `body_limit` is right."""

    public_url: str = ''
    trusted_proxies: tuple[Network, ...] = ()
    body_limit: int = MIB
    body_limits: Mapping[str, int] = field(default_factory=lambda: dict(LARGER))


def guard(parent: FastAPI, rules: Rules) -> None:
    """Put everything below around the whole program; run uvicorn with proxy_headers=False beside it."""
    parent.add_middleware(BodyLimit, rules=rules)
    parent.add_middleware(OwnOrigin, rules=rules)
    parent.add_middleware(SafeAnswers, rules=rules)
    parent.add_middleware(TrustedProxies, rules=rules)  # the last one added is the first to see a request


class TrustedProxies:
    """Believes X-Forwarded-For and -Proto of our own proxies, and hides all X-Forwarded headers from the program.

    NiceGUI would write X-Forwarded-Prefix into its pages, whoever sent it.
    """

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self.app = app
        self.trusted = rules.trusted_proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope['type'] in ('http', 'websocket'):
            forwarded = [(name, value) for name, value in scope['headers'] if name.startswith(b'x-forwarded-')]
            if forwarded:
                scope = self._told(dict(scope), forwarded)
        await self.app(scope, receive, send)

    def _told(self, scope: Scope, forwarded: Headers) -> Scope:
        scope['headers'] = [pair for pair in scope['headers'] if not pair[0].startswith(b'x-forwarded-')]
        if scope.get('client') and self._is_ours(scope['client'][0]):
            said = {name: value.decode('latin-1') for name, value in forwarded}
            hops = [hop.strip() for hop in said.get(b'x-forwarded-for', '').split(',') if hop.strip()]
            client = next((hop for hop in reversed(hops) if not self._is_ours(hop)), None)
            if client:
                scope['client'] = (client, 0)
            secure = said.get(b'x-forwarded-proto', '').rpartition(',')[2].strip() == 'https'
            scheme = {'http': 'https', 'ws': 'wss'} if secure else {'https': 'http', 'wss': 'ws'}
            if b'x-forwarded-proto' in said:
                scope['scheme'] = scheme.get(scope['scheme'], scope['scheme'])
        return scope

    def _is_ours(self, text: str) -> bool:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return False
        return any(address in network for network in self.trusted)


class SafeAnswers:
    """Adds the headers that tell a browser what our answers may not do."""

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self.app = app
        self.secure = rules.public_url.startswith('https://')

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope['type'] != 'http':
            return await self.app(scope, receive, send)

        secure = self.secure or scope['scheme'] == 'https'

        async def sealed(message: Message) -> None:
            if message['type'] == 'http.response.start':
                headers: Headers = [*message.get('headers', ()), *ALWAYS]
                if secure:
                    headers.append(HSTS)
                kept = {name.lower(): value for name, value in headers}
                if kept.get(b'content-type', b'').startswith(b'text/html'):
                    headers.append((b'content-security-policy', _csp(header(scope, b'host'), secure=secure)))
                    if b'cache-control' not in kept:
                        headers.append((b'cache-control', b'no-store'))
                message = {**message, 'headers': headers}
            await send(message)

        await self.app(scope, receive, sealed)


class OwnOrigin:
    """Refuses what another site's page makes a browser send: sockets, forms, and whatever carries our cookie."""

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self.app = app
        self.public = rules.public_url.rstrip('/').lower()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope['type'] == 'websocket' and not self._is_own(scope):
            return await send({'type': 'websocket.close', 'code': 1008})
        if scope['type'] == 'http' and scope['method'] not in SAFE and not self._may_change(scope):
            return await refuse(send, 403, 'Forbidden', 'foreign_origin', 'This was sent from a page of another site.')
        await self.app(scope, receive, send)

    def _may_change(self, scope: Scope) -> bool:
        if scope['path'].startswith(BY_KEY) and not cookie_of(scope):
            return True
        return self._is_own(scope)

    def _is_own(self, scope: Scope) -> bool:
        origin = header(scope, b'origin') or header(scope, b'referer')
        try:
            parts = urlsplit(origin.lower())
        except ValueError:
            return False
        if parts.scheme not in ('http', 'https') or not parts.netloc:
            return False
        public = bool(self.public) and f'{parts.scheme}://{parts.netloc}' == _origin(self.public)
        return public or parts.netloc == header(scope, b'host').lower()


class BodyLimit:
    """Answers 413 as soon as a body is too long, whether it says its length or comes in pieces."""

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self.app = app
        self.limit = rules.body_limit
        self.limits = sorted(rules.body_limits.items(), key=lambda pair: -len(pair[0]))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope['type'] != 'http' or scope['method'] in ('GET', 'HEAD'):
            return await self.app(scope, receive, send)
        limit = next((size for start, size in self.limits if scope['path'].startswith(start)), self.limit)
        said = header(scope, b'content-length')
        if said.isdigit() and int(said) > limit:
            return await _too_large(send, limit)
        await _Counted(self.app, limit).run(scope, receive, send)


class _Counted:
    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self.limit = limit
        self.size = 0
        self.answered = False

    async def run(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def count() -> Message:
            message = await receive()
            self.size += len(message.get('body', b''))
            if self.size > self.limit:
                raise _TooLarge
            return message

        async def answer(message: Message) -> None:
            if self.size > self.limit and not self.answered:
                return  # the program's own idea of what went wrong while it read
            self.answered = True
            await send(message)

        try:
            await self.app(scope, count, answer)
        except _TooLarge:
            if self.answered:
                raise
        if self.size > self.limit and not self.answered:
            await _too_large(send, self.limit)


class _TooLarge(Exception):
    pass


async def refuse(send: Send, status: int, title: str, code: str, detail: str) -> None:
    """Answer with a problem (RFC 9457)."""
    problem = {
        'type': 'about:blank', 'title': title, 'status': status, 'detail': detail, 'code': code, 'retry': False,
        'errors': [],
    }  # fmt: skip
    body = json.dumps(problem).encode()
    headers = [(b'content-type', b'application/problem+json'), (b'content-length', str(len(body)).encode())]
    await send({'type': 'http.response.start', 'status': status, 'headers': headers})
    await send({'type': 'http.response.body', 'body': body})


def header(scope: Scope, name: bytes) -> str:
    headers: Headers = scope['headers']
    return next((value.decode('latin-1') for each, value in headers if each == name), '')


def cookie_of(scope: Scope) -> str:
    """The login cookie of a request, or ''."""
    cookies = '; '.join(value.decode('latin-1') for name, value in scope['headers'] if name == b'cookie')
    for part in cookies.split(';'):
        key, _, token = part.strip().partition('=')
        if key == COOKIE:
            return token
    return ''


async def _too_large(send: Send, limit: int) -> None:
    size = f'{limit // MIB} MiB' if limit >= MIB else f'{limit} bytes'
    await refuse(send, 413, 'Content Too Large', 'too_large', f'The request is larger than {size}.')


def _csp(host: str, *, secure: bool) -> bytes:
    known = re.fullmatch(r'[A-Za-z0-9.:\[\]-]{1,255}', host)
    return CSP.format(sockets=f' {"wss" if secure else "ws"}://{host}' if known else '').encode()


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f'{parts.scheme}://{parts.netloc}'
