"""The sandbox alone, in the foreground, controlled by HTTP on loopback (what `dovecote sandbox` runs).

`POST /<call>` with a JSON object of arguments and `Authorization: Bearer <secret>`; the calls are those of
`control.Calls`, and `GET /` lists them. Bytes are base64.
"""

import base64
import inspect
import json
import secrets
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from core.errors import Conflict, DovecoteError, Invalid, NotFound
from core.sandbox.control import CALLS, Calls, Fault
from core.sandbox.process import Sandbox, start_sandbox

BODY_MAX = 150 * 1024 * 1024
STATUS: dict[type[DovecoteError], int] = {NotFound: 404, Invalid: 422, Conflict: 409}


def serve(folder: Path, port: int, control_port: int, say: Callable[[str], None] = print) -> None:
    """Run until SIGTERM or SIGINT; *say* is told what a client needs. Raises Conflict when it cannot start."""
    ending = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: ending.set())
    sandbox = start_sandbox(folder, port=port)
    secret = secrets.token_urlsafe(24)
    try:
        with controlled(sandbox, control_port, secret) as url:
            say(f'library: {sandbox.library}')
            say(f'server:  ws://127.0.0.1:{sandbox.address[1]}/')
            say(f'control: {url}')
            say(f'secret:  {secret}')
            while sandbox.alive and not ending.wait(1):
                pass
    finally:
        sandbox.close()


@contextmanager
def controlled(sandbox: Sandbox, port: int, secret: str) -> Iterator[str]:
    """Answer HTTP for *sandbox* while inside; gives the URL. Raises Conflict when the port is taken."""
    try:
        server = _Server(('127.0.0.1', port), _Handler)
    except OSError as error:
        raise Conflict(f'Port {port} is taken, so the sandbox cannot be controlled there.') from error
    server.sandbox, server.secret = sandbox, secret
    thread = threading.Thread(target=server.serve_forever, name='sandbox control', daemon=True)
    thread.start()
    try:
        yield f'http://127.0.0.1:{server.server_address[1]}/'
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    sandbox: Calls
    secret: str


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 60

    def do_GET(self) -> None:
        self._answer(200, list(CALLS))

    def do_POST(self) -> None:
        try:
            self._answer(200, _call(self.server.sandbox, self.path.strip('/'), self._arguments()))
        except PermissionError:
            self._answer(401, {'error': 'unauthorized', 'message': 'The secret is missing or wrong.'})
        except DovecoteError as error:
            status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 503)
            self._answer(status, {'error': error.code, 'message': str(error)})

    def _arguments(self) -> dict[str, object]:
        given = self.headers.get('Authorization', '').removeprefix('Bearer ')
        if not secrets.compare_digest(given.encode(), self.server.secret.encode()):
            raise PermissionError
        size = self.headers.get('Content-Length', '0')
        if not size.isdigit() or int(size) > BODY_MAX:
            raise Invalid('The body is too large.')
        try:
            found = json.loads(self.rfile.read(int(size)) or b'{}')
        except ValueError as error:
            raise Invalid('The body is not JSON.') from error
        if not isinstance(found, dict):
            raise Invalid('The body is not a JSON object.')
        return found

    def _answer(self, status: int, value: object) -> None:
        body = json.dumps(_plain(value)).encode()
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


def _call(sandbox: Calls, name: str, arguments: dict[str, object]) -> object:
    if name not in CALLS:
        raise NotFound(f'The sandbox has no call {name}.')
    call = getattr(sandbox, name)
    try:
        ready = {key: _argument(name, key, value) for key, value in arguments.items()}
        inspect.signature(call).bind(**ready)
    except (TypeError, ValueError) as error:
        raise Invalid(f'{name}: {error}.') from error
    return call(**ready)


def _argument(name: str, key: str, value: object) -> object:
    if key == 'fault' and isinstance(value, dict):
        return Fault(**value)
    if (key == 'data' or (name, key) == ('send', 'message')) and isinstance(value, str):
        return base64.b64decode(value, validate=True)
    if key == 'at' and isinstance(value, str):
        return datetime.fromisoformat(value)
    return tuple(value) if isinstance(value, list) else value


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.isoformat() if isinstance(value, datetime) else value
