"""Other people's web servers, real ones on loopback, good and bad."""

import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

Answer = Callable[['Line'], object]


@dataclass
class Line:
    """One request: its path, its headers, and how to answer it."""

    path: str
    headers: dict[str, str]
    send: Callable[[bytes], object]
    over: threading.Event

    def says(self, body: bytes, kind: str = 'text/plain', *, status: str = '200 OK', **headers: str) -> None:
        more = ''.join(f'{name.replace("_", "-")}: {value}\r\n' for name, value in headers.items())
        self.send(f'HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n{more}\r\n'.encode())
        self.send(body)

    def leads_to(self, url: str, status: str = '302 Found') -> None:
        self.says(b'', status=status, location=url)


@dataclass
class Web:
    """What is asked for is looked up in `answers` by its path without a query."""

    port: int
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[Line] = field(default_factory=list)

    def url(self, path: str = '/', host: str = '127.0.0.1') -> str:
        return f'http://{host}:{self.port}{path}'


@contextmanager
def web(certificate: Path | None = None) -> Iterator[Web]:
    """With a `certificate` (and its key in the same file) it speaks TLS."""
    over = threading.Event()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            begin = self.rfile.readline().decode('latin-1').split(' ')
            headers = {}
            while (line := self.rfile.readline().decode('latin-1').strip()) != '':
                name, _, value = line.partition(':')
                headers[name.lower()] = value.strip()
            if len(begin) < 2:
                return
            asked = Line(begin[1], headers, self.wfile.write, over)
            here.asked.append(asked)
            with suppress(ConnectionError):  # whoever asked has heard enough
                here.answers[begin[1].partition('?')[0]](asked)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(('127.0.0.1', 0), Handler) as server:
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        here = Web(server.server_address[1])
        running = threading.Thread(target=server.serve_forever, kwargs={'poll_interval': 0.05})
        running.start()
        yield here
        over.set()
        server.shutdown()
        running.join(10)
