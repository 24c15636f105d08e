"""Calls between accounts: they ring, are rejected or end; nobody can talk in them."""

import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import Conflict
from core.sandbox.mailbox import Letter
from core.sandbox.node import LID, SERVER, USER, Attrs, Node
from core.sandbox.people import Account, Device

if TYPE_CHECKING:
    from core.sandbox.phone import Phone
    from core.sandbox.relay import Relay

RINGING, REJECTED, MISSED = 'ringing', 'rejected', 'missed'


@dataclass(frozen=True, slots=True)
class Call:
    """One that rings."""

    id: str
    caller: Account
    callee: Account
    video: bool


def begin(phone: 'Phone', callee: Account, *, video: bool) -> str:
    """Ring at all devices of *callee* that are connected; returns the id. Raises Conflict while another call rings."""
    relay = phone.relay
    if any(each.caller is phone.account for each in relay.calls.values()):
        raise Conflict('This phone is already calling somebody.', code='busy')
    call = Call(secrets.token_hex(16).upper(), phone.account, callee, video)
    relay.calls[call.id] = call
    _note(phone, call, RINGING)
    if not callee.blocks(phone.account):
        media = [Node('audio', {'enc': 'opus', 'rate': 16000})]
        media += [Node('video', {'enc': 'vp8', 'dec': 'vp8'})] if video else []
        _ring(relay, call, Node('offer', _about(relay, call), media), None)
    return call.id


def hang_up(phone: 'Phone') -> int:
    """The caller ends what still rings; says how many calls that were."""
    mine = [each for each in phone.relay.calls.values() if each.caller is phone.account]
    for call in mine:
        _end(phone.relay, call, 'timeout', MISSED)
    return len(mine)


def answered(relay: 'Relay', device: Device, node: Node) -> None:
    """A linked device says something about a call; all it can do is to reject it."""
    action = node.first
    call = relay.calls.get(action.text('call-id')) if action else None
    if device.session:
        head: Attrs = {'class': 'call', 'id': node.text('id'), 'from': node.get('to') or SERVER}
        device.session.send(Node('ack', {**head, 'type': action.tag if action else None}))
    if call and action and action.tag == 'reject' and call.callee is device.account:
        _end(relay, call, 'rejected_elsewhere', REJECTED, by=device)


def taken(phone: 'Phone', node: Node) -> None:
    """The server tells a phone of a call."""
    action = node.first
    call = phone.relay.calls.get(action.text('call-id')) if action else None
    if call:
        _note(phone, call, RINGING)


def _end(relay: 'Relay', call: Call, reason: str, state: str, by: Device | None = None) -> None:
    del relay.calls[call.id]
    _ring(relay, call, Node('terminate', {**_about(relay, call), 'reason': reason}), by)
    for account in (call.caller, call.callee):
        phone = account.devices[0].phone
        kept = phone.mailbox.get(call.id) if phone else None
        if phone and kept:
            kept.text = state
            phone.mailbox.changed(kept)
            relay.tell(account, 'call')


def _ring(relay: 'Relay', call: Call, action: Node, by: Device | None) -> None:
    head: Attrs = {'from': call.caller.devices[0].jid(relay.addressing), 'id': secrets.token_hex(8).upper()}
    stanza = Node('call', {**head, 't': int(time.time()), 'platform': 'android', 'version': '2.26.1'}, [action])
    for device in call.callee.devices.values():
        if device is by:
            continue
        if device.phone and not device.phone.state.offline:
            device.phone.receive(stanza)
        elif device.session and device.session.active:
            device.session.send(stanza)


def _about(relay: 'Relay', call: Call) -> Attrs:
    """How an action names its call and who began it."""
    other = ('caller_lid', LID) if relay.addressing == USER else ('caller_pn', USER)
    creator = call.caller.devices[0].jid(relay.addressing)
    return {'call-id': call.id, 'call-creator': creator, other[0]: call.caller.jid(other[1])}


def _note(phone: 'Phone', call: Call, state: str) -> None:
    """Write the call down in the chat; an own phone notes it too."""
    mine = call.caller is phone.account
    other = call.callee if mine else call.caller
    letter = Letter(call.id, other.number, call.caller.number, mine, time.time(), 'call', state)
    letter.video, letter.seen = call.video, True
    phone.mailbox.add(letter)
    phone.relay.tell(phone.account, 'call')
