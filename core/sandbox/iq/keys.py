"""Queries about Signal keys and linked devices."""

import asyncio
from typing import TYPE_CHECKING

from core.sandbox import linking
from core.sandbox.iq.table import NOT_FOUND, Refused, nothing, on
from core.sandbox.node import Node
from core.sandbox.people import Bundle, SignedKey

if TYPE_CHECKING:
    from core.sandbox.session import Session

on('passive', 'passive')(nothing)


@on('passive', 'active')
def _active(session: 'Session', _node: Node, _first: Node) -> list[Node]:
    asyncio.get_running_loop().call_soon(session.now_active)  # after this query's answer
    return []


@on('encrypt', 'count')
def _key_count(session: 'Session', _node: Node, _first: Node) -> list[Node]:
    bundle = session.known.bundle
    return [Node('count', {'value': len(bundle.once) if bundle else 0})]


@on('encrypt', 'digest')
def _key_digest(session: 'Session', _node: Node, _first: Node) -> list[Node]:
    bundle = session.known.bundle
    if bundle is None:
        raise Refused(*NOT_FOUND)
    return [bundle.digest()]


@on('encrypt', 'registration')
def _upload_keys(session: 'Session', node: Node, _first: Node) -> list[Node]:
    device = session.known
    once = [(item.child('id').data, item.child('value').data) for item in node.child('list')]
    registration, identity = node.child('registration').data, node.child('identity').data
    old = device.bundle.once if device.bundle else []
    device.bundle = Bundle(registration, identity, _signed(node.child('skey')), old + once)
    return []


@on('encrypt', 'rotate')
def _rotate(session: 'Session', _node: Node, first: Node) -> list[Node]:
    if session.known.bundle:
        session.known.bundle.signed = _signed(first.child('skey'))
    return []


@on('encrypt', 'key')
def _fetch_keys(session: 'Session', _node: Node, first: Node) -> list[Node]:
    users = []
    for item in first:
        jid = item.jid('jid')
        device = session.relay.people.device(jid)
        if jid and device and device.bundle:
            users.append(device.bundle.node(jid))
            session.relay.keep.device(device)
            session.relay.check_key_supply(device)
        else:
            users.append(Node('user', {'jid': jid}, [Node('error', {'code': 404, 'text': NOT_FOUND[1]})]))
    return [Node('list', content=users)]


@on('md', 'remove-companion-device')
def _unlink(session: 'Session', _node: Node, first: Node) -> list[Node]:
    device = session.relay.people.device(first.jid('jid'))
    if device and device.number and device.account is session.known.account:
        asyncio.get_running_loop().call_soon(linking.remove_device, session.relay, device)
    return []


@on('md', 'link_code_companion_reg')
def _link_code(session: 'Session', _node: Node, first: Node) -> list[Node]:
    return linking.code_stage(session.relay, session, first)


def _signed(node: Node) -> SignedKey:
    return SignedKey(node.child('id').data, node.child('value').data, node.child('signature').data)
