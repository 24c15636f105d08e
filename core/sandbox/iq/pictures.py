"""Queries about the pictures of people and groups."""

import secrets

from core.sandbox.iq.table import NOT_FOUND, Asker, Refused, on
from core.sandbox.node import LID, USER, Jid, Node
from core.sandbox.people import Account, Group

JPEG = b'\xff\xd8\xff'
PICTURE_MAX = 1024 * 1024


@on('w:profile:picture')
def _picture(asker: Asker, node: Node, first: Node) -> list[Node]:
    """The answer to a question names where the media store has it."""
    owner = _owner(asker, node.jid('target'))
    if node.text('type') == 'set':
        return _set(asker, owner, first)
    ident = owner.picture
    if not ident:
        raise Refused(*NOT_FOUND)
    if first.text('id') == ident:
        return [Node('picture', {'status': 304})]
    path = _path(ident)
    url = f'https://{asker.relay.media.host}{path}'
    return [Node('picture', {'id': ident, 'type': first.text('type') or 'image', 'direct_path': path, 'url': url})]


def _set(asker: Asker, owner: Account | Group, picture: Node) -> list[Node]:
    """A new picture, or none any more. Raises Refused for who may not and for what is no JPEG."""
    _may_change(asker, owner)
    data = picture.data
    if data and (not data.startswith(JPEG) or len(data) > PICTURE_MAX):
        raise Refused(406, 'not-acceptable')
    owner.picture = str(secrets.randbelow(9 * 10**9) + 10**9) if data else ''
    if data:
        asker.relay.media.put(_path(owner.picture), data)
    _announce(asker, owner)
    return [Node('picture', {'id': owner.picture})] if data else []


def _announce(asker: Asker, owner: Account | Group) -> None:
    """Tell the group's members, or everybody who may know the person, and the owner's other devices."""
    relay, me = asker.relay, asker.known
    if isinstance(owner, Group):
        relay.keep.group(owner)
        address, author, told = owner.jid, me.jid(owner.server).bare, owner.people
    else:
        relay.keep.account(owner)
        address, author, told = owner.jid(USER), owner.jid(LID), tuple(relay.people.accounts.values())
    change = Node('set' if owner.picture else 'delete', {'jid': address, 'author': author, 'id': owner.picture})
    for account in told:
        for device in account.linked:
            if device is not me and (device.session or isinstance(owner, Group)):
                relay.notify(device, address, 'picture', change)
        if isinstance(owner, Group):
            relay.tell(account, 'group')


def _owner(asker: Asker, target: Jid | None) -> Account | Group:
    people = asker.relay.people
    owner = asker.known.account if target is None else people.group_of(target) or people.account(target)
    if owner is None:
        raise Refused(*NOT_FOUND)
    return owner


def _may_change(asker: Asker, owner: Account | Group) -> None:
    account = asker.known.account
    if isinstance(owner, Group):
        role = owner.members.get(account)
        if role is None or (owner.locked and not role):
            raise Refused(403, 'forbidden')
    elif owner is not account:
        raise Refused(403, 'forbidden')


def _path(ident: str) -> str:
    return f'/v/picture/{ident}'
