"""Where encrypted pictures, sounds and documents are kept: an HTTPS store on loopback."""

import base64
import contextlib
import hashlib
import io
import itertools
import json
import logging
import socket
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from core.sandbox.faults import Faults

log = logging.getLogger(__name__)
UPLOAD_MAX = 110 * 1024 * 1024
PIECE = 64 * 1024
BEATS = 10  # pieces a second of a slow download


class MediaStore:
    """Accepts uploads, already encrypted by the client, and hands them back; one file for each in *folder*.

    Its *faults* are asked from several threads. Files are read and written in pieces, never whole."""

    def __init__(self, folder: Path, certificate: Path, port: int, faults: Faults) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self._folder, self.faults = folder, faults
        self._numbers = itertools.count()
        for leftover in folder.glob('*.part'):
            leftover.unlink()
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

    def take(self, path: str, source: io.BufferedIOBase, size: int) -> bool:
        """Write down *size* bytes of an upload; False when the client broke off, and nothing is kept."""
        part = self._folder / f'{next(self._numbers)}.part'
        try:
            with part.open('wb') as out:
                while size and (piece := source.read(min(PIECE, size))):
                    size -= out.write(piece)
            if not size:
                part.replace(self._file(path))
            return not size
        finally:
            part.unlink(missing_ok=True)

    def get(self, path: str) -> bytes | None:
        file = self.file(path)
        return file.read_bytes() if file else None

    def file(self, path: str) -> Path | None:
        file = self._file(path)
        return file if file.is_file() else None

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
        if not self.server.store.take(path, self.rfile, size):
            self.close_connection = True
            return
        found = {
            'url': f'https://{self.server.store.host}{path}?ccb=1',
            'direct_path': path + '?ccb=1',
            'handle': base64.b64encode(name.encode()).decode(),
        }
        self._answer(200, json.dumps(found).encode())

    def do_GET(self) -> None:
        if self._refused():
            return
        file = self.server.store.file(self.path)
        if file is None:
            self._answer(404, b'')
            return
        size = file.stat().st_size
        self.send_response(200)
        self.send_header('Content-Length', str(size))
        self.end_headers()
        cut = self.server.store.faults.take('media_cut') is not None
        with file.open('rb') as source:
            self._pour(source, size // 2 if cut else size)
        self.close_connection = self.close_connection or cut

    def _pour(self, source: io.BufferedIOBase, size: int) -> None:
        """Send *size* bytes, at the speed that is allowed at the moment of each piece."""
        while size > 0:
            rate = self.server.store.faults.media_rate
            piece = source.read(min(size, PIECE, max(1, rate // BEATS) if rate else PIECE))
            if not piece:
                break
            self.wfile.write(piece)
            size -= len(piece)
            if rate:
                time.sleep(len(piece) / rate)

    def do_DELETE(self) -> None:
        self._answer(200, b'{}')

    def _refused(self) -> bool:
        fault = self.server.store.faults.take('media')
        status = fault.code if fault else 0
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
