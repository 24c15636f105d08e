"""What the server answers to a client's queries.

A handler is chosen by namespace and first child, then by namespace alone. It returns the children of the result or
raises Refused. A query that nobody handles gets an empty result and is kept in `relay.unknown`.
"""

from core.sandbox.iq import account, groups, keys, pictures, users
from core.sandbox.iq.table import HANDLERS, Asker, Refused
from core.sandbox.node import Node

__all__ = ['Refused', 'account', 'answer', 'groups', 'keys', 'pictures', 'users']


def answer(asker: Asker, node: Node) -> list[Node]:
    """Raises Refused."""
    xmlns, first = node.text('xmlns'), node.first
    handler = HANDLERS.get((xmlns, first.tag if first else '')) or HANDLERS.get((xmlns, ''))
    if handler is None:
        asker.relay.note_unknown(node)
        return []
    children = handler(asker, node, first or Node(''))
    if node.text('type') == 'set' and asker.device:
        asker.relay.keep.whole(asker.device)
    return children
