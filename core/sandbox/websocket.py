"""One web socket of a client, without a task or an await for each frame."""

import asyncio
from http import HTTPStatus
from typing import cast

from websockets.exceptions import ConnectionClosed, InvalidState
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol


class WebSocket(asyncio.Protocol):
    """Subclasses say what to do with the bytes of each message, and when the socket is gone."""

    def __init__(self) -> None:
        self._protocol = ServerProtocol(max_size=None)
        self._transport: asyncio.Transport | None = None

    def refusal(self) -> int:
        """The HTTP status to refuse the upgrade with, or 0."""
        return 0

    def opened(self) -> None:
        raise NotImplementedError

    def received(self, data: bytes) -> None:
        raise NotImplementedError

    def gone(self) -> None:
        raise NotImplementedError

    def write(self, data: bytes) -> None:
        if self._transport is None or self._protocol.state is not State.OPEN:
            return
        try:
            self._protocol.send_binary(data)
        except (ConnectionClosed, InvalidState):
            return  # it closes just now; what was not written waits for the next log-in
        self._flush()

    def hang_up(self) -> None:
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(1000)
            self._flush()
        if self._transport:
            self._transport.close()

    def drop(self) -> None:
        """Cut the connection without a closing handshake."""
        if self._transport:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.opened()

    def data_received(self, data: bytes) -> None:
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self._upgrade(event)
            elif isinstance(event, Frame) and event.opcode in (Opcode.BINARY, Opcode.CONT):
                self.received(bytes(event.data))
        self._flush()
        if self._protocol.close_expected() and self._transport:
            self._transport.close()

    def eof_received(self) -> None:
        self._protocol.receive_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self.gone()

    def _upgrade(self, request: Request) -> None:
        status = self.refusal()
        refused = self._protocol.reject(HTTPStatus(status), 'fault\n') if status else None
        self._protocol.send_response(refused or self._protocol.accept(request))

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if self._transport and data:
                self._transport.write(data)
