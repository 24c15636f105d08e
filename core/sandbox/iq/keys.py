"""Queries about Signal keys and linked devices."""

import asyncio
from typing import TYPE_CHECKING, cast

from core.sandbox import linking
from core.sandbox.iq.table import NOT_FOUND, Asker, Refused, nothing, on
from core.sandbox.node import Node
from core.sandbox.people import Bundle, SignedKey

if TYPE_CHECKING:
    from core.sandbox.session import Session

on('passive', 'passive')(nothing)


@on('passive', 'active')
def _active(asker: Asker, _node: Node, _first: Node) -> list[Node]:
    asyncio.get_running_loop().call_soon(_client(asker).now_active)  # after this query's answer
    return []


@on('encrypt', 'count')
def _key_count(asker: Asker, _node: Node, _first: Node) -> list[Node]:
    bundle = asker.known.bundle
    return [Node('count', {'value': len(bundle.once) if bundle else 0})]


@on('encrypt', 'digest')
def _key_digest(asker: Asker, _node: Node, _first: Node) -> list[Node]:
    bundle = asker.known.bundle
    if bundle is None:
        raise Refused(*NOT_FOUND)
    return [bundle.digest()]


@on('encrypt', 'registration')
def _upload_keys(asker: Asker, node: Node, _first: Node) -> list[Node]:
    device = asker.known
    once = [(item.child('id').data, item.child('value').data) for item in node.child('list')]
    registration, identity = node.child('registration').data, node.child('identity').data
    old = device.bundle.once if device.bundle else []
    device.bundle = Bundle(registration, identity, _signed(node.child('skey')), old + once)
    return []


@on('encrypt', 'rotate')
def _rotate(asker: Asker, _node: Node, first: Node) -> list[Node]:
    if asker.known.bundle:
        asker.known.bundle.signed = _signed(first.child('skey'))
    return []


@on('encrypt', 'key')
def _fetch_keys(asker: Asker, _node: Node, first: Node) -> list[Node]:
    users = []
    for item in first:
        jid = item.jid('jid')
        device = asker.relay.people.device(jid)
        if jid and device and device.bundle:
            users.append(device.bundle.node(jid))
            asker.relay.keep.device(device)
            asker.relay.check_key_supply(device)
        else:
            users.append(Node('user', {'jid': jid}, [Node('error', {'code': 404, 'text': NOT_FOUND[1]})]))
    return [Node('list', content=users)]


@on('md', 'remove-companion-device')
def _unlink(asker: Asker, _node: Node, first: Node) -> list[Node]:
    device = asker.relay.people.device(first.jid('jid'))
    if device and device.number and device.account is asker.known.account:
        asyncio.get_running_loop().call_soon(linking.remove_device, asker.relay, device)
    return []


@on('md', 'link_code_companion_reg')
def _link_code(asker: Asker, _node: Node, first: Node) -> list[Node]:
    return linking.code_stage(asker.relay, _client(asker), first)


def _client(asker: Asker) -> 'Session':
    """Phones ask none of this."""
    return cast('Session', asker)


def _signed(node: Node) -> SignedKey:
    return SignedKey(node.child('id').data, node.child('value').data, node.child('signature').data)
