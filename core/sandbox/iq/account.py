"""Queries about the account itself: media upload, app state, settings, odds and ends."""

import json

from core.sandbox.iq.table import NOT_FOUND, Asker, Refused, nothing, on
from core.sandbox.node import Attrs, Node

for _xmlns in ('w:p', 'urn:xmpp:ping', 'urn:xmpp:whatsapp:dirty', 'tos', 'w:stats'):
    on(_xmlns)(nothing)


@on('w:m')
def _media_conn(asker: Asker, _node: Node, _first: Node) -> list[Node]:
    head: Attrs = {'auth': 'loopback', 'ttl': 300, 'auth_ttl': 21600, 'max_buckets': 12}
    return [Node('media_conn', head, [Node('host', {'hostname': asker.relay.media.host})])]


@on('w:sync:app:state')
def _app_state(asker: Asker, _node: Node, first: Node) -> list[Node]:
    state, answers = asker.known.account.app_state, []
    for item in first:
        answers.append(state.exchange(item))
        if item.find('patch') and answers[-1].text('type') != 'error':
            asker.relay.state_changed(asker.known, answers[-1])
    return [Node('sync', content=answers)]


@on('w')
def _props(_asker: Asker, _node: Node, _first: Node) -> list[Node]:
    return [Node('props', {'hash': '0'})]


@on('abt')
def _abprops(_asker: Asker, _node: Node, _first: Node) -> list[Node]:
    return [Node('props', {'protocol': '1', 'hash': '0', 'refresh': 86400})]


@on('w:mex')
def _mex(_asker: Asker, _node: Node, _first: Node) -> list[Node]:
    return [Node('result', content=json.dumps({'data': {}}).encode())]


@on('w:qr')
def _contact_link(asker: Asker, node: Node, _first: Node) -> list[Node]:
    if node.text('type') != 'set':
        raise Refused(*NOT_FOUND)
    return [Node('qr', {'code': f'LOOPBACK{asker.known.account.number}', 'type': 'contact'})]


@on('w:biz')
def _business(_asker: Asker, _node: Node, _first: Node) -> list[Node]:
    raise Refused(*NOT_FOUND)
