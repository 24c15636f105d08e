"""One client's connection: handshake, log-in or pairing, and its stanzas."""

import asyncio
import logging
import secrets
import time
from typing import TYPE_CHECKING, cast

from cryptography.exceptions import InvalidTag

from core.sandbox import calls, limits, linking, pairing, presence
from core.sandbox.iq import Refused, answer
from core.sandbox.node import LID, SERVER, USER, Attrs, Jid, Node
from core.sandbox.noise import Handshake, Transport
from core.sandbox.people import Device
from core.sandbox.protos import wa6
from core.sandbox.websocket import WebSocket
from core.sandbox.wire import Malformed

if TYPE_CHECKING:
    from core.sandbox.relay import Relay

log = logging.getLogger(__name__)
GRACE = 2.0
ANSWER = 20.0


class Session(WebSocket):
    """`refs`: the QR references it was offered; `code`: its pairing by code, if it asked for one, and
    `linked` what became of it."""

    def __init__(self, relay: 'Relay') -> None:
        super().__init__()
        self.relay = relay
        self.device: Device | None = None
        self.noise = b''
        self.refs: list[str] = []
        self.code: pairing.CodePairing | None = None
        self.linked: asyncio.Future[Device] | None = None
        self.active = False
        self.since = time.time()
        self._buffer = bytearray()
        self._shake: Handshake | None = None
        self._greeted = False
        self._secured: Transport | None = None
        self._asked: dict[str, asyncio.Future[Node]] = {}

    @property
    def known(self) -> Device:
        """The device of this session. Raises Refused when it is not logged in."""
        if self.device is None:
            raise Refused(401, 'not-authorized')
        return self.device

    def send(self, node: Node) -> None:
        if self.relay.faults.mute or self._secured is None:
            return
        if log.isEnabledFor(logging.DEBUG):
            log.debug('-> %s %s', self.device, node)
        self._frame(self._secured.seal(self.relay.codec.encode(node)))

    def end(self, grace: float = GRACE) -> None:
        """Hang up, leaving the client *grace* seconds.

        A client that sees the socket close while a <stream:error> still waits in its queue may never handle that
        error, so the real service lets the client go first.
        """
        delay = 0.0 if self.relay.faults.has('hasty') else grace
        asyncio.get_running_loop().call_later(delay, self.hang_up)

    async def ask(self, node: Node) -> Node:
        """Send an iq to the client and wait for its answer. Raises TimeoutError."""
        future: asyncio.Future[Node] = asyncio.get_running_loop().create_future()
        self._asked[node.text('id')] = future
        self.send(node)
        return await asyncio.wait_for(future, ANSWER)

    # ---- the socket

    def refusal(self) -> int:
        return self.relay.faults.http_status

    def opened(self) -> None:
        self.relay.sessions.add(self)

    def received(self, data: bytes) -> None:
        self._buffer += data
        try:
            self._take_header()
            while (frame := self._next_frame()) is not None:
                self._handshake(frame) if self._secured is None else self._stanza(self._secured.open(frame))
        except (InvalidTag, Malformed, ValueError) as error:
            log.warning('cut a client that broke the protocol: %r', error)
            self.drop()

    def gone(self) -> None:
        self.relay.forget(self)
        if self.device and self.device.session is self:
            self.device.session = None
            presence.set_online(self.relay, self.device, False)
            self.relay.tell(self.device.account, 'away')
        if self.linked:
            self.linked.cancel()
        for future in self._asked.values():
            future.cancel()
        self.relay.changed()

    def _take_header(self) -> None:
        if self._shake is None and len(self._buffer) >= 4:
            self._shake = Handshake(self.relay.authority, bytes(self._buffer[:4]))
            del self._buffer[:4]

    def _next_frame(self) -> bytes | None:
        if self._shake is None or len(self._buffer) < 3:
            return None
        end = 3 + int.from_bytes(self._buffer[:3], 'big')
        if len(self._buffer) < end:
            return None
        frame = bytes(self._buffer[3:end])
        del self._buffer[:end]
        return frame

    def _frame(self, data: bytes) -> None:
        self.write(len(data).to_bytes(3, 'big') + data)

    def _handshake(self, frame: bytes) -> None:
        shake = cast(Handshake, self._shake)
        if not self._greeted:
            self._greeted = True
            self._frame(shake.hello(frame))
            return
        self._secured, self.noise, data = shake.finish(frame)
        payload = wa6.ClientPayload.FromString(data)
        if payload.HasField('username'):
            self._login(Jid(str(payload.username), USER, payload.device))
        else:
            self._offer_pairing()

    # ---- log-in

    def _login(self, jid: Jid) -> None:
        device = self.relay.people.device(jid)
        failure = self._login_failure(jid, device)
        if failure or device is None:
            self.send(Node('failure', {'location': 'loopback', **failure}))
            self.end()
            return
        if device.session:
            linking.replaced(device.session)
        self.device, device.session = device, self
        head: Attrs = {'t': int(time.time()), 'lid': device.jid(LID), 'location': 'loopback', 'props': '0'}
        self.send(Node('success', head))
        self.relay.tell(device.account, 'online')
        self.relay.changed()

    def _login_failure(self, jid: Jid, device: Device | None) -> dict[str, int]:
        fault = self.relay.faults.take('fail_login', phone=jid.user)
        if fault:
            return {'reason': fault.reason, **({'code': fault.code, 'expire': fault.expire} if fault.code else {})}
        if device is None or device.number == 0 or device.noise != self.noise:
            return {'reason': 401}
        left = limits.ban_left(device.account)
        return {'reason': limits.BANNED, 'code': device.account.limits.ban_code, 'expire': left} if left else {}

    def _offer_pairing(self) -> None:
        self.relay.unpaired.append(self)
        self.refs = [secrets.token_urlsafe(24) for _ in range(self.relay.faults.qr_refs)]
        self.send(pairing.pair_device(self.refs))
        self.relay.changed()

    def now_active(self) -> None:
        """The client says it is ready: send what its device missed."""
        device = self.known
        self.relay.welcome(device)
        waiting = list(device.waiting.values())
        self.active = True
        tags = ('message', 'receipt', 'notification')
        counts = {tag: sum(node.tag == tag for node in waiting) for tag in tags}
        preview = Node('offline_preview', {'count': len(waiting), 'appdata': 0, **counts})
        self.send(Node('ib', {'from': SERVER}, [preview]))
        for node in waiting:
            self.send(Node(node.tag, {**node.attrs, 'offline': '0'}, node.content))
        self.send(Node('ib', {'from': SERVER}, [Node('offline', {'count': len(waiting)})]))

    # ---- stanzas

    def _stanza(self, data: bytes) -> None:
        node = self.relay.codec.decode(data)
        if log.isEnabledFor(logging.DEBUG):
            log.debug('<- %s %s', self.device, node)
        try:
            self._handle(node)
        except Exception:  # one odd stanza must not cost the client its connection
            log.exception('cannot handle <%s> of %s', node.tag, self.device)

    def _handle(self, node: Node) -> None:
        relay, device = self.relay, self.device
        if node.tag == 'iq':
            self._iq(node)
        elif device is None:
            if node.tag not in ('ib', 'ack', 'presence'):
                relay.note_unknown(node)
        elif node.tag == 'message':
            relay.route_message(device, node)
        elif node.tag == 'receipt':
            relay.route_receipt(device, node)
        elif node.tag == 'ack':
            relay.acknowledged(device, node)
        elif node.tag == 'call':
            calls.answered(relay, device, node)
        elif node.tag == 'presence':
            presence.presence(relay, device, node)
        elif node.tag == 'chatstate':
            presence.chatstate(relay, device, node)
        elif node.tag != 'ib':
            relay.note_unknown(node)

    def _iq(self, node: Node) -> None:
        ident = node.text('id')
        if node.text('type') in ('result', 'error'):
            waiter = self._asked.pop(ident, None)
            if waiter and not waiter.done():
                waiter.set_result(node)
            return
        fault = self.relay.faults.take('iq', xmlns=node.text('xmlns'))
        if fault and not fault.code:
            return
        head = {'id': ident, 'from': node.get('to') or SERVER}
        try:
            if fault:
                raise Refused(fault.code, 'internal-server-error')
            self.send(Node('iq', {**head, 'type': 'result'}, answer(self, node) or None))
        except Refused as refused:
            error = Node('error', {'code': refused.code, 'text': refused.text})
            self.send(Node('iq', {**head, 'type': 'error'}, [error]))
