"""Another system that gets webhooks, as cheap as one can be: it notes when what came, and says 200."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvloop

ANSWER = b'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'


@dataclass
class Receiver:
    """`got`: when, the webhook-id and the body of each, in the order of arrival."""

    port: int = 0
    got: list[tuple[float, str, bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f'http://127.0.0.1:{self.port}/in'

    def said(self) -> list[tuple[float, str, dict[str, Any]]]:
        return [(at, id, json.loads(body)) for at, id, body in self.got]


@contextmanager
def receiver() -> Iterator[Receiver]:
    """On a thread of its own."""
    here, ready, ends = Receiver(), threading.Event(), asyncio.Event()
    loop = uvloop.new_event_loop()

    async def serve() -> None:
        server = await asyncio.start_server(lambda reader, writer: _talk(here, reader, writer), '127.0.0.1', 0)
        here.port = server.sockets[0].getsockname()[1]
        ready.set()
        await ends.wait()
        server.close()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield here
    finally:
        loop.call_soon_threadsafe(ends.set)
        thread.join(10)


async def _talk(here: Receiver, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = (await reader.readuntil(b'\r\n\r\n')).lower()
            body = await reader.readexactly(int(_header(head, b'content-length')))
            here.got.append((time.time(), _header(head, b'webhook-id').decode(), body))
            writer.write(ANSWER)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def _header(head: bytes, name: bytes) -> bytes:
    at = head.index(b'\r\n' + name + b':') + len(name) + 3
    return head[at : head.index(b'\r', at)].strip()
