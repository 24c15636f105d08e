"""Queries about the account itself: media upload, app state, settings, odds and ends."""

import json
from typing import TYPE_CHECKING

from core.sandbox.iq.table import NOT_FOUND, Refused, nothing, on
from core.sandbox.node import Attrs, Node

if TYPE_CHECKING:
    from core.sandbox.session import Session

for _xmlns in ('w:p', 'urn:xmpp:ping', 'urn:xmpp:whatsapp:dirty', 'tos', 'w:stats'):
    on(_xmlns)(nothing)


@on('w:m')
def _media_conn(session: 'Session', _node: Node, _first: Node) -> list[Node]:
    head: Attrs = {'auth': 'loopback', 'ttl': 300, 'auth_ttl': 21600, 'max_buckets': 12}
    return [Node('media_conn', head, [Node('host', {'hostname': session.relay.media_host})])]


@on('w:sync:app:state')
def _app_state(session: 'Session', _node: Node, first: Node) -> list[Node]:
    state, answers = session.known.account.app_state, []
    for item in first:
        answers.append(state.exchange(item))
        if item.find('patch') and answers[-1].text('type') != 'error':
            session.relay.state_changed(session.known, answers[-1])
    return [Node('sync', content=answers)]


@on('w')
def _props(_session: 'Session', _node: Node, _first: Node) -> list[Node]:
    return [Node('props', {'hash': '0'})]


@on('abt')
def _abprops(_session: 'Session', _node: Node, _first: Node) -> list[Node]:
    return [Node('props', {'protocol': '1', 'hash': '0', 'refresh': 86400})]


@on('w:mex')
def _mex(_session: 'Session', _node: Node, _first: Node) -> list[Node]:
    return [Node('result', content=json.dumps({'data': {}}).encode())]


@on('w:qr')
def _contact_link(session: 'Session', node: Node, _first: Node) -> list[Node]:
    if node.text('type') != 'set':
        raise Refused(*NOT_FOUND)
    return [Node('qr', {'code': f'LOOPBACK{session.known.account.number}', 'type': 'contact'})]


@on('w:biz')
def _business(_session: 'Session', _node: Node, _first: Node) -> list[Node]:
    raise Refused(*NOT_FOUND)
