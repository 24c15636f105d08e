"""Asks the product many things at once, at little cost: plain HTTP/1.1 over a few connections that stay open."""

import asyncio
import time
from collections.abc import Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import uvloop

from core.bodies import Body
from ui.api.lists import json_bytes

T = TypeVar('T')


@dataclass(frozen=True, slots=True)
class Posted:
    """`due`: when it should have been asked, by the clock; `answered`: when the answer was complete."""

    due: float
    answered: float
    status: int


def post_all(port: int, path: str, key: str, bodies: Sequence[Body], *, connections: int = 8) -> list[Posted]:
    """Each connection asks the next as soon as it has its answer."""
    return _run(_post(_requests(port, path, key, bodies), port, connections, pace=0.0))


def post_at(
    port: int, path: str, key: str, bodies: Sequence[Body], *, rate: float, connections: int = 8
) -> list[Posted]:
    """*rate* of them a second, evenly, whether or not the earlier ones have been answered."""
    return _run(_post(_requests(port, path, key, bodies), port, connections, pace=1 / rate))


async def _post(requests: list[bytes], port: int, connections: int, pace: float) -> list[Posted]:
    work = iter(list(enumerate(requests)))
    began = time.time() + 0.05
    talks = [_talk(port, work, began, pace) for _ in range(connections)]
    return [each for part in await asyncio.gather(*talks) for each in part]


async def _talk(port: int, work: Iterator[tuple[int, bytes]], began: float, pace: float) -> list[Posted]:
    reader, writer = await asyncio.open_connection('127.0.0.1', port)
    done: list[Posted] = []
    for number, request in work:
        due = began + number * pace
        if pace and (wait := due - time.time()) > 0:
            await asyncio.sleep(wait)
        asked = due if pace else time.time()
        writer.write(request)
        status = await _answer(reader)
        done.append(Posted(asked, time.time(), status))
    writer.close()
    return done


async def _answer(reader: asyncio.StreamReader) -> int:
    head = (await reader.readuntil(b'\r\n\r\n')).lower()
    at = head.index(b'content-length:') + 15
    await reader.readexactly(int(head[at : head.index(b'\r', at)]))
    return int(head[9:12])


def _requests(port: int, path: str, key: str, bodies: Sequence[Body]) -> list[bytes]:
    head = f'POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\n'
    head += 'Content-Type: application/json\r\nContent-Length: '
    texts = [json_bytes(body) for body in bodies]
    return [f'{head}{len(text)}\r\n\r\n'.encode() + text for text in texts]


def _run(work: Coroutine[Any, Any, T]) -> T:
    """On a thread of its own: a browser's loop may be running in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(uvloop.run, work).result()
