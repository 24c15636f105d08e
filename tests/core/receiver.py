"""Other systems that get webhooks: real servers on loopback, good and bad."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Answer = Callable[['Call'], object]


@dataclass
class Call:
    """One request as it came in; `line` is how it is answered by hand."""

    path: str
    headers: dict[str, str]
    body: bytes
    line: 'BaseHTTPRequestHandler'
    over: threading.Event

    @property
    def json(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self.body)
        return said

    @property
    def type(self) -> str:
        return str(self.json['type'])

    def says(self, status: int, body: bytes = b'ok', **headers: str) -> None:
        self.line.send_response(status)
        for name, value in headers.items():
            self.line.send_header(name.replace('_', '-'), value)
        self.line.send_header('content-length', str(len(body)))
        self.line.end_headers()
        self.line.wfile.write(body)


@dataclass
class Receiver:
    """Answers 200 until `answer` says something else. `lines`: how many connections were made."""

    port: int
    got: list[Call] = field(default_factory=list)
    answer: Answer = lambda call: call.says(200)
    lines: int = 0

    def url(self, path: str = '/in', host: str = '127.0.0.1', scheme: str = 'http') -> str:
        return f'{scheme}://{host}:{self.port}{path}'

    def texts(self) -> list[str]:
        return [str(call.json['data'].get('text')) for call in self.got]


@contextmanager
def receiver(certificate: Path | None = None) -> Iterator[Receiver]:
    over = threading.Event()

    class Line(BaseHTTPRequestHandler):
        protocol_version = 'HTTP/1.1'
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            here.lines += 1

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers['content-length']))
            headers = {name.lower(): value for name, value in self.headers.items()}
            call = Call(self.path, headers, body, self, over)
            here.got.append(call)
            with suppress(OSError):  # whoever called has heard enough
                here.answer(call)

        def handle(self) -> None:
            with suppress(OSError):
                super().handle()

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, request: object, client_address: object) -> None:
            pass

    with Server(('127.0.0.1', 0), Line) as server:
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        here = Receiver(server.server_address[1])
        running = threading.Thread(target=server.serve_forever, kwargs={'poll_interval': 0.02})
        running.start()
        try:
            yield here
        finally:
            over.set()
            server.shutdown()
            running.join(10)


def late(gate: threading.Event, status: int, seconds: float = 20) -> Answer:
    """Answers once the gate is open, or after so many seconds."""

    def answer(call: Call) -> None:
        gate.wait(seconds)
        call.says(status)

    return answer
