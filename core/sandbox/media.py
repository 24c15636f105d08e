"""Where encrypted pictures, sounds and documents are kept: an HTTPS store on loopback."""

import base64
import contextlib
import hashlib
import json
import logging
import socket
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

log = logging.getLogger(__name__)
UPLOAD_MAX = 110 * 1024 * 1024


class MediaStore:
    """Accepts uploads, already encrypted by the client, and hands them back; one file for each in *folder*.

    *refusal* gives the HTTP status to fail a request with, or 0; it is asked from several threads."""

    def __init__(self, folder: Path, certificate: Path, port: int, refusal: Callable[[], int]) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self._folder, self.refusal = folder, refusal
        self._server = _listen(port)
        self._server.store = self
        self._server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        # The handshake happens in the connection's own thread, so that a silent client blocks nobody.
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port: int = self._server.server_address[1]
        self.host = f'127.0.0.1:{self.port}'
        threading.Thread(target=self._server.serve_forever, name='media', daemon=True).start()

    def put(self, path: str, data: bytes) -> None:
        self._file(path).write_bytes(data)

    def get(self, path: str) -> bytes | None:
        file = self._file(path)
        return file.read_bytes() if file.is_file() else None

    def close(self) -> None:
        ending = threading.Thread(target=self._server.shutdown)
        ending.start()
        with contextlib.suppress(OSError):  # a knock, so that it looks up at once and not at its next turn
            socket.create_connection(('127.0.0.1', self.port), 1).close()
        ending.join()
        self._server.server_close()

    def _file(self, path: str) -> Path:
        return self._folder / hashlib.sha256(path.partition('?')[0].encode()).hexdigest()


class _Server(ThreadingHTTPServer):
    store: MediaStore

    def handle_error(self, request: object, client_address: object) -> None:
        log.info('a client broke off at the media store', exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    timeout = 60
    server: _Server

    def do_POST(self) -> None:
        size = int(self.headers.get('Content-Length', 0))
        if size > UPLOAD_MAX:
            self._answer(413, b'')
            return
        if self._refused():
            return
        kind, name = urlsplit(self.path).path.split('/')[-2:]
        path = f'/v/{kind}/{name}'
        self.server.store.put(path, self.rfile.read(size))
        found = {
            'url': f'https://{self.server.store.host}{path}?ccb=1',
            'direct_path': path + '?ccb=1',
            'handle': base64.b64encode(name.encode()).decode(),
        }
        self._answer(200, json.dumps(found).encode())

    def do_GET(self) -> None:
        if self._refused():
            return
        body = self.server.store.get(self.path)
        self._answer(404 if body is None else 200, body or b'')

    def do_DELETE(self) -> None:
        self._answer(200, b'{}')

    def _refused(self) -> bool:
        status = self.server.store.refusal()
        if status:
            self.close_connection = True  # what is left of the request is not read
            self._answer(status, b'')
        return status > 0

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


def _listen(port: int) -> _Server:
    """At *port* if it is free, so that addresses in old messages stay right, else at any."""
    try:
        return _Server(('127.0.0.1', port), _Handler)
    except OSError:
        return _Server(('127.0.0.1', 0), _Handler)
