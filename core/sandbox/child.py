"""The sandbox's own process: `python -m core.sandbox.child FD FOLDER PORT`, started by `process.start_sandbox`."""

import asyncio
import logging
import os
import signal
import socket
import sys
from pathlib import Path

import uvloop

from core.errors import Conflict, DovecoteError
from core.sandbox.desk import Desk
from core.sandbox.pipe import HEAD, Answer, Call, Failed, News, Ready, pack, unpack
from core.sandbox.server import Server

log = logging.getLogger(__name__)
ORPHANED = 1.0


def main() -> None:
    descriptor, folder, port = sys.argv[1:4]
    level = os.environ.get('DOVECOTE_SANDBOX_LOG', 'WARNING')
    logging.basicConfig(level=level, format='%(asctime)s sandbox %(levelname)s %(message)s')
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C goes to all; the parent decides
    uvloop.run(serve(socket.socket(fileno=int(descriptor)), Path(folder), int(port)))


async def serve(pipe: socket.socket, folder: Path, port: int) -> None:
    """Serve until the parent hangs up or dies, or SIGTERM comes; then save and end."""
    reader, writer = await asyncio.open_unix_connection(sock=pipe)
    ending = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ending.set)
    try:
        server = Server(folder)
        await server.start(port, lambda changes: writer.write(pack(News(changes))))
    except (DovecoteError, OSError) as error:
        sentence = error if isinstance(error, DovecoteError) else Conflict(f'The sandbox cannot start: {error}')
        writer.write(pack(Failed(sentence)))
        await writer.drain()
        return
    writer.write(pack(Ready(str(server.library), '127.0.0.1', server.port)))
    talking = asyncio.create_task(_talk(reader, writer, Desk(server), ending))
    watching = asyncio.create_task(_watch_parent(ending))
    await ending.wait()
    talking.cancel()
    watching.cancel()
    await server.close()


async def _talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, desk: Desk, ending: asyncio.Event) -> None:
    calls: set[asyncio.Task[None]] = set()
    try:
        while True:
            size = int.from_bytes(await reader.readexactly(HEAD), 'big')
            call = unpack(await reader.readexactly(size))
            if isinstance(call, Call):
                task = asyncio.create_task(_answer(writer, desk, call))
                calls.add(task)
                task.add_done_callback(calls.discard)
    except (asyncio.IncompleteReadError, ConnectionError):
        ending.set()  # the parent hung up, or is dead


async def _answer(writer: asyncio.StreamWriter, desk: Desk, call: Call) -> None:
    try:
        answer = Answer(call.id, await desk.answer(call.name, call.arguments))
    except DovecoteError as error:
        answer = Answer(call.id, error=error)
    except Exception as error:  # the caller must hear of it, and the server must go on
        log.exception('the call %s failed', call.name)
        answer = Answer(call.id, error=Conflict(f'The sandbox failed: {error!r}', code='sandbox_failed'))
    writer.write(pack(answer))


async def _watch_parent(ending: asyncio.Event) -> None:
    # The pipe's end says the same, unless another child of the parent holds a copy of it.
    parent = os.getppid()
    while os.getppid() == parent:  # noqa: ASYNC110 (nobody tells us)
        await asyncio.sleep(ORPHANED)
    ending.set()


if __name__ == '__main__':
    main()
