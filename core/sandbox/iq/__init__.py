"""What the server answers to a client's queries.

A handler is chosen by namespace and first child, then by namespace alone. It returns the children of the result or
raises Refused. A query that nobody handles gets an empty result and is kept in `relay.unknown`.
"""

from typing import TYPE_CHECKING

from core.sandbox.iq import account, groups, keys, users
from core.sandbox.iq.table import HANDLERS, Refused
from core.sandbox.node import Node

if TYPE_CHECKING:
    from core.sandbox.session import Session

__all__ = ['Refused', 'account', 'answer', 'groups', 'keys', 'users']


def answer(session: 'Session', node: Node) -> list[Node]:
    xmlns, first = node.text('xmlns'), node.first
    handler = HANDLERS.get((xmlns, first.tag if first else '')) or HANDLERS.get((xmlns, ''))
    if handler is None:
        session.relay.note_unknown(node)
        return []
    children = handler(session, node, first or Node(''))
    if node.text('type') == 'set':
        session.relay.keep.session(session)
    return children
