"""Who is online, and who is typing to whom."""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from core.sandbox.node import Attrs, Jid, Node
from core.sandbox.people import Account, Device

if TYPE_CHECKING:
    from core.sandbox.relay import Relay


def presence(relay: 'Relay', device: Device, node: Node) -> None:
    kind = node.text('type')
    if kind == 'subscribe':
        account = relay.people.account(node.jid('to'))
        if account:
            account.watchers.add(device)
            _announce(relay, account, [device])
        return
    if node.text('name') and node.text('name') != device.account.name:
        device.account.name = node.text('name')
        relay.keep.account(device.account)
    set_online(relay, device, kind != 'unavailable')


def set_online(relay: 'Relay', device: Device, online: bool) -> None:
    if device.online != online:
        device.online = online
        _announce(relay, device.account, list(device.account.watchers))


def chatstate(relay: 'Relay', sender: Device, node: Node) -> None:
    to = node.jid('to')
    group, account = relay.people.group_of(to), relay.people.account(to)
    for other in group.members if group else [account]:
        if other is None or other is sender.account:
            continue
        who: dict[str, Jid] = (
            {'from': group.jid, 'participant': sender.jid(group.server)}
            if group
            else {'from': sender.account.jid(relay.addressing)}
        )
        for device in other.devices.values():
            if device.session:
                device.session.send(Node('chatstate', who, node.content))
        relay.tell(other, 'typing')


def _announce(relay: 'Relay', account: Account, watchers: Iterable[Device]) -> None:
    online = any(each.online for each in account.devices.values())
    away: Attrs = {} if online else {'type': 'unavailable', 'last': int(time.time())}
    for device in watchers:
        if device.session:
            device.session.send(Node('presence', {'from': account.jid(relay.addressing), **away}))
