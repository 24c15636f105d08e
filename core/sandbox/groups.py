"""What a person does to a group with a phone: the phone asks the server, like any client."""

import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING, get_args

from core.errors import Conflict, Invalid
from core.sandbox.control import GroupAction
from core.sandbox.node import GROUP, Attrs, Jid, Node
from core.sandbox.people import Account, Group

if TYPE_CHECKING:
    from core.sandbox.phone import Phone

ON_MEMBERS = ('add', 'remove', 'promote', 'demote')


def change(
    phone: 'Phone', group: Group, action: GroupAction, members: Iterable[Account], *, text: str, data: bytes
) -> None:
    """Raises Conflict when the server refuses it, Invalid when there is no such action."""
    if action not in get_args(GroupAction):
        raise Invalid(f'The actions are {", ".join(get_args(GroupAction))}.', field='action')
    if action == 'picture':
        content = [Node('picture', {'type': 'image'}, data)] if data else None
        phone.ask(Node('iq', {'xmlns': 'w:profile:picture', 'type': 'set', 'target': group.jid}, content))
        return
    to = Jid('', GROUP) if action in ('leave', 'join') else group.jid
    wish = _wish(group, action, members, text)
    for answer in phone.ask(Node('iq', {'xmlns': 'w:g2', 'type': 'set', 'to': to}, [wish])):
        errors = [item.text('error') for item in answer.all('participant') if item.get('error')]
        if errors:
            raise Conflict(f'WhatsApp refuses this for one of them ({errors[0]}).', code='refused')


def _wish(group: Group, action: GroupAction, members: Iterable[Account], text: str) -> Node:
    if action in ON_MEMBERS:
        return Node(action, content=[Node('participant', {'jid': each.jid(group.server)}) for each in members])
    if action == 'leave':
        return Node('leave', content=[Node('group', {'id': group.jid})])
    if action == 'join':
        return Node('invite', {'code': text})
    if action == 'subject':
        return Node('subject', content=text.encode())
    if action == 'description':
        head: Attrs = {'id': secrets.token_hex(8).upper(), 'prev': group.topic_id}
        return Node('description', head, [Node('body', content=text.encode())] if text else None)
    return Node('invite' if action == 'revoke_invite' else action)
