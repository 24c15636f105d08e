"""How devices come to an account and leave it."""

import asyncio
import logging
import secrets
import time
from typing import TYPE_CHECKING

from core.errors import Conflict, NotFound
from core.sandbox import pairing
from core.sandbox.iq.table import Refused
from core.sandbox.node import LID, SERVER, USER, Attrs, Node
from core.sandbox.people import Account, Device

if TYPE_CHECKING:
    from core.sandbox.relay import Relay
    from core.sandbox.session import Session

log = logging.getLogger(__name__)
WAIT_FOR_CLIENT = 10.0
WAIT_FOR_LINK = 20.0


async def scan(relay: 'Relay', account: Account, qr: str) -> Device | None:
    """*account*'s phone scans a QR code; returns when the client confirmed the link (None: it never will)."""
    code = pairing.QrCode.parse(qr)
    session = next((each for each in relay.unpaired if code.ref in each.refs), None)
    if session is None:
        raise NotFound('This QR code is not, or no longer, on offer.')
    if relay.faults.has('passkey'):
        session.send(_passkey_wanted())
        return None
    return await link(relay, session, account, code.identity, code.secret)


async def enter_code(relay: 'Relay', account: Account, code: str) -> Device | None:
    """*account*'s user types a pairing code on the phone; returns when the client confirmed the link."""

    def asking() -> 'Session | None':
        return next((each for each in reversed(relay.unpaired) if each.code and each.code.account is account), None)

    try:
        session = await relay.until(asking, WAIT_FOR_CLIENT)
    except TimeoutError:
        raise NotFound(f'No device asks to be linked to {account.number} by code.') from None
    if session.code is None or relay.faults.has('passkey'):
        return None
    session.linked = asyncio.get_running_loop().create_future()
    session.send(session.code.typed(code))
    try:
        return await asyncio.wait_for(session.linked, WAIT_FOR_LINK)
    except (TimeoutError, asyncio.CancelledError):
        raise Conflict('The device did not answer.', code='client_silent') from None


def code_stage(relay: 'Relay', session: 'Session', request: Node) -> list[Node]:
    """A client asks to be linked by code, or finishes it. Raises Refused."""
    if request.text('stage') == 'companion_hello':
        account = relay.people.account(request.jid('jid'))
        if account is None:
            raise Refused(404, 'item-not-found')
        session.code = pairing.CodePairing(account, request)
        relay.changed()
        return [session.code.accept()]
    if session.code is None:
        raise Refused(400, 'bad-request')
    try:
        identity, secret = session.code.finish(request)
    except Conflict as error:
        _settle(session, error)
        raise Refused(400, 'bad-request') from error
    relay.later(_finish_code(relay, session, session.code.account, identity, secret))
    return []


async def _finish_code(relay: 'Relay', session: 'Session', account: Account, identity: bytes, secret: bytes) -> None:
    try:
        _settle(session, await link(relay, session, account, identity, secret))
    except Conflict as error:
        _settle(session, error)


def _settle(session: 'Session', result: Device | Conflict) -> None:
    """Tell whoever typed the code, unless they have stopped waiting."""
    if session.linked is None or session.linked.done():
        return
    if isinstance(result, Device):
        session.linked.set_result(result)
    else:
        session.linked.set_exception(result)


async def link(relay: 'Relay', session: 'Session', account: Account, identity: bytes, secret: bytes) -> Device:
    """Raises Conflict when the client does not confirm."""
    device = relay.people.link(account, session.noise)
    statement = pairing.device_identity(account, identity, secret, device.number)
    try:
        reply = await session.ask(pairing.pair_success(device, statement))
    except (TimeoutError, asyncio.CancelledError) as error:
        account.devices.pop(device.number, None)
        raise Conflict('The device hung up while it was being linked.', code='client_silent') from error
    if reply.text('type') != 'result':
        account.devices.pop(device.number, None)
        raise Conflict('The device refused to be linked.', code='client_refused')
    relay.keep.account(account)
    relay.keep.device(device)
    relay.store.flush()
    session.send(Node('stream:error', {'code': '515'}))
    session.end()
    _devices_changed(relay, 'add', device)
    relay.tell(account, 'linked')
    return device


def remove_device(relay: 'Relay', device: Device) -> None:
    """Unlink a device, as from the phone's list of linked devices."""
    device.account.devices.pop(device.number, None)
    if device.session:
        device.session.send(Node('stream:error', {'code': '401'}, [Node('conflict', {'type': 'device_removed'})]))
        device.session.end()
    relay.keep.removed(device)
    relay.store.flush()
    _devices_changed(relay, 'remove', device)
    relay.tell(device.account, 'unlinked')


def replaced(session: 'Session') -> None:
    """The same device logged in elsewhere."""
    session.send(Node('stream:error', content=[Node('conflict', {'type': 'replaced'})]))
    session.end()


def _passkey_wanted() -> Node:
    """WhatsApp asks the new device for a passkey of the account before the phone's word counts."""
    head: Attrs = {
        'from': SERVER,
        'id': secrets.token_hex(8),
        't': int(time.time()),
        'type': 'passkey_prologue_request',
    }
    return Node('notification', head, [Node('passkey_request_options', content=b'{}')])


def _devices_changed(relay: 'Relay', change: str, device: Device) -> None:
    account = device.account
    listed = [
        Node('device', {'jid': each.jid(USER), 'key-index': each.number or None}) for each in account.devices.values()
    ]
    own = Node('devices', {'dhash': account.hash(USER)}, listed)
    for other in relay.people.accounts.values():
        for told in other.linked:
            if not told.session:
                continue
            if other is account:
                relay.notify(told, account.jid(USER), 'account_sync', own)
                continue
            # Clients cache device lists by the address they asked for, so both are told.
            for server in (USER, LID):
                entry = Node('device', {'jid': device.jid(server), 'key-index': device.number})
                news = Node(change, {'device_hash': account.hash(server)}, [entry])
                relay.notify(told, account.jid(server), 'devices', news)
