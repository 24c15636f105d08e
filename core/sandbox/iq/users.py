"""Queries about people: who is on WhatsApp, with which devices, and what they show."""

import hashlib

from core.sandbox.iq.table import Asker, Refused, nothing, on
from core.sandbox.node import LID, USER, Jid, Node
from core.sandbox.people import Account

on('privacy', 'tokens')(nothing)
on('disappearing_mode')(nothing)


@on('usync', 'usync')
def _usync(asker: Asker, _node: Node, first: Node) -> list[Node]:
    wanted = [item.tag for item in first.child('query')]
    by_lid = first.child('query').child('contact').text('addressing_mode') == 'lid'
    users = [_user(asker, item, wanted, by_lid) for item in first.child('list')]
    head = {key: first.get(key) for key in ('sid', 'index', 'last', 'mode', 'context')}
    result = Node('result', content=[Node(tag) for tag in wanted])
    return [Node('usync', head, [result, Node('list', content=users)])]


def _user(asker: Asker, item: Node, wanted: list[str], by_lid: bool) -> Node:
    contact = item.find('contact')
    jid = item.jid('jid') or _number(item.child('contact'))
    people = asker.relay.people
    account = people.account(jid) if contact is None else people.found_by(jid)
    shown, children = jid, []
    if contact is not None:
        children.append(Node('contact', {'type': 'in' if account else 'out'}, contact.data))
        shown = account.jid(LID if by_lid else USER) if account else Jid(jid.user.lstrip('+'), USER)
    if account is None:
        return Node('user', {'jid': shown}, children)
    children += _facts(account, shown, wanted)
    return Node('user', {'jid': shown, 'pn_jid': account.jid(USER) if shown.server == LID else None}, children)


def _facts(account: Account, shown: Jid, wanted: list[str]) -> list[Node]:
    facts = []
    if 'devices' in wanted:
        listed = [Node('device', {'id': n, 'key-index': n or None}) for n in sorted(account.devices)]
        device_list = Node('device-list', {'hash': account.hash(shown.server)}, listed)
        facts.append(Node('devices', content=[device_list]))
    if 'lid' in wanted and shown.server != LID:
        facts.append(Node('lid', {'val': account.jid(LID)}))
    if 'status' in wanted:
        facts.append(Node('status', {'t': 0}, account.about.encode()))
    if 'picture' in wanted and account.picture:
        facts.append(Node('picture', {'id': account.picture}))
    if 'disappearing_mode' in wanted:
        facts.append(Node('disappearing_mode', {'duration': 0, 't': 0}))
    return facts


def _number(contact: Node) -> Jid:
    """The phone number asked for: "+15550000001", with or without a server."""
    text = contact.data.decode()
    return Jid.parse(text) if '@' in text else Jid(text, USER)


@on('blocklist')
def _blocklist(asker: Asker, node: Node, first: Node) -> list[Node]:
    account = asker.known.account
    if node.text('type') == 'set':
        _change_blocklist(asker, account, first)
    listed = [Node('item', {'jid': Jid.parse(each)}) for each in sorted(account.blocked)]
    return [Node('list', {'dhash': _hash(account), 'addressing_mode': 'lid'}, listed)]


def _change_blocklist(asker: Asker, account: Account, item: Node) -> None:
    """Block somebody or let them in again, and tell the account's other devices."""
    other, action, before = asker.relay.people.account(item.jid('jid')), item.text('action'), _hash(account)
    if other is None or action not in ('block', 'unblock'):
        raise Refused(400, 'bad-request')
    change = account.blocked.add if action == 'block' else account.blocked.discard
    change(str(other.jid(LID)))
    head = {'dhash': _hash(account), 'prev_dhash': before, 'action': 'modify'}
    news = Node('blocklist', head, [Node('item', {'jid': other.jid(LID), 'action': action})])
    for device in account.linked:
        if device is not asker.known:
            asker.relay.notify(device, account.jid(USER), 'account_sync', news)
    asker.relay.tell(account, 'contact')


def _hash(account: Account) -> str:
    return hashlib.sha256(' '.join(sorted(account.blocked)).encode()).hexdigest()[:16]


@on('privacy', 'privacy')
def _privacy(asker: Asker, node: Node, first: Node) -> list[Node]:
    privacy = asker.known.account.privacy
    if node.text('type') == 'set':
        privacy.update({item.text('name'): item.text('value') for item in first})
    listed = [Node('category', {'name': name, 'value': value}) for name, value in privacy.items()]
    return [Node('privacy', content=listed)]


@on('status')
def _status(asker: Asker, node: Node, first: Node) -> list[Node]:
    if first.tag == 'privacy':
        return [Node('privacy', content=[Node('list', {'type': 'contacts', 'default': 'true'})])]
    if node.text('type') == 'set':
        asker.known.account.about = first.data.decode()
    return []
