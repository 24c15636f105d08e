"""One request to a receiver: through the guard, over connections that stay open, ended in time, understood."""

import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal

import httpcore
import httpx

from ..errors import Invalid
from ..fetch import Guard

CONNECT = 5.0  # seconds
READ_MOST, KEPT_MOST = 64 * 1024, 4 * 1024  # bytes of an answer
AFTERWARDS = 2.0  # seconds for the rest of an answer whose status is known
IDLE = 4.0  # seconds a connection is kept: most receivers close theirs after five
AGENT = 'Dovecote/1 (webhooks)'

Problem = Literal[
    '', 'timeout', 'dns', 'tls', 'refused', 'broken', 'ssrf_blocked', 'too_large', 'http_3xx', 'http_4xx', 'http_5xx'
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back. `status` 0: nothing did, and `detail` says why. `address`: whom we were connected to."""

    status: int
    problem: Problem
    ms: int
    detail: str = ''
    address: str = ''
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ''

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300

    def header(self, name: str) -> str:
        return next((value for each, value in self.headers if each == name), '')


class Wire:
    """The connections to one receiver. Any thread may post; each post is over `total` seconds after it began."""

    def __init__(self, guard: Guard, *, connections: int) -> None:
        self.guard = guard
        self._mine = threading.local()
        self._pool = httpcore.ConnectionPool(
            ssl_context=guard.tls(), max_connections=connections, max_keepalive_connections=connections,
            keepalive_expiry=IDLE, network_backend=guard.backend(lambda: float(self._mine.until)),
        )  # fmt: skip

    def post(self, url: str, body: bytes, headers: Mapping[str, str], *, total: float) -> Answer:
        began = self.guard.ticks()
        self._mine.until = began + total
        try:
            said: dict[str, Any] = self._post(url, body, headers, total)
        except Invalid as error:
            said = {'status': 0, 'problem': 'ssrf_blocked', 'detail': str(error)}
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
            said = {'status': 0, **_why(error, total)}
        return Answer(ms=round((self.guard.ticks() - began) * 1000), **said)

    def close(self) -> None:
        with suppress(RuntimeError, httpcore.NetworkError, httpcore.ProtocolError):
            self._pool.close()

    def _post(self, url: str, body: bytes, headers: Mapping[str, str], total: float) -> dict[str, Any]:
        connecting = min(CONNECT, total)
        waits = {'connect': connecting, 'read': total, 'write': total, 'pool': total}
        sent = {
            'host': httpx.URL(url).netloc.decode(), 'content-type': 'application/json', 'user-agent': AGENT,
            'content-length': str(len(body)), 'accept-encoding': 'identity', **headers,
        }  # fmt: skip
        with self._pool.stream(
            'POST', url, headers=list(sent.items()), content=body, extensions={'timeout': waits}
        ) as answer:
            return {
                'status': answer.status,
                'problem': _class(answer.status),
                'detail': '' if 200 <= answer.status < 300 else phrase(answer.status),
                'address': _peer(answer),
                'headers': tuple((n.decode('latin-1').lower(), v.decode('latin-1')) for n, v in answer.headers),
                'body': self._beginning(answer),
            }

    def _beginning(self, answer: httpcore.Response) -> str:
        """Of the body. It is accepted or refused by its status already, so what is wrong here changes nothing."""
        self._mine.until = min(self._mine.until, self.guard.ticks() + AFTERWARDS)
        kept, size = b'', 0
        with suppress(httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
            for chunk in answer.iter_stream():
                size += len(chunk)
                kept += chunk[: KEPT_MOST - len(kept)]
                if size > READ_MOST:
                    break
        return kept.decode('utf-8', 'replace').replace('\0', '\N{REPLACEMENT CHARACTER}')


def phrase(status: int) -> str:
    try:
        return f'{status} {HTTPStatus(status).phrase}'
    except ValueError:
        return str(status)


def _class(status: int) -> Problem:
    if 200 <= status < 300:
        return ''
    return 'http_5xx' if status >= 500 else 'http_4xx' if status >= 400 else 'http_3xx'


def _why(error: Exception, total: float) -> dict[str, Any]:
    cause = error.__cause__ or error.__context__
    if isinstance(cause, socket.gaierror) or 'no such host' in str(error) or 'name could not be' in str(error):
        return {'problem': 'dns', 'detail': 'There is no such host, or its name cannot be resolved.'}
    if isinstance(error, httpcore.ConnectTimeout):
        return {'problem': 'timeout', 'detail': f'No connection within {min(CONNECT, total):g} s.'}
    if isinstance(error, httpcore.TimeoutException):
        return {'problem': 'timeout', 'detail': f'No answer within {total:g} s.'}
    if isinstance(cause, ssl.SSLError):
        why = (
            cause.reason or str(cause) if not isinstance(cause, ssl.SSLCertVerificationError) else cause.verify_message
        )
        return {'problem': 'tls', 'detail': f'No secure connection: {str(why)[:150]}.'}
    if isinstance(cause, ConnectionRefusedError):
        return {'problem': 'refused', 'detail': 'It refuses the connection.'}
    return {'problem': 'broken', 'detail': f'The connection broke off: {str(error)[:150] or type(error).__name__}.'}


def _peer(answer: httpcore.Response) -> str:
    stream = answer.extensions.get('network_stream')
    address = stream.get_extra_info('server_addr') if stream is not None else None
    return str(address[0]) if address else ''
