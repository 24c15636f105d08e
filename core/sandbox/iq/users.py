"""Queries about people: who is on WhatsApp, with which devices, and what they show."""

import hashlib
import secrets
from typing import TYPE_CHECKING

from core.sandbox.iq.table import NOT_FOUND, Refused, nothing, on
from core.sandbox.node import LID, USER, Jid, Node
from core.sandbox.people import Account

if TYPE_CHECKING:
    from core.sandbox.session import Session

on('privacy', 'tokens')(nothing)
on('disappearing_mode')(nothing)


@on('usync', 'usync')
def _usync(session: 'Session', _node: Node, first: Node) -> list[Node]:
    wanted = [item.tag for item in first.child('query')]
    by_lid = first.child('query').child('contact').text('addressing_mode') == 'lid'
    users = [_user(session, item, wanted, by_lid) for item in first.child('list')]
    head = {key: first.get(key) for key in ('sid', 'index', 'last', 'mode', 'context')}
    result = Node('result', content=[Node(tag) for tag in wanted])
    return [Node('usync', head, [result, Node('list', content=users)])]


def _user(session: 'Session', item: Node, wanted: list[str], by_lid: bool) -> Node:
    contact = item.find('contact')
    jid = item.jid('jid') or _number(item.child('contact'))
    account = session.relay.people.account(jid)
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
def _blocklist(session: 'Session', node: Node, first: Node) -> list[Node]:
    blocked = session.known.account.blocked
    jid = first.jid('jid')
    if node.text('type') == 'set' and jid:
        change = blocked.add if first.text('action') == 'block' else blocked.discard
        change(str(jid.bare))
    listed = sorted(blocked)
    digest = hashlib.sha256(' '.join(listed).encode()).hexdigest()[:16]
    return [Node('list', {'dhash': digest}, [Node('item', {'jid': Jid.parse(each)}) for each in listed])]


@on('privacy', 'privacy')
def _privacy(session: 'Session', node: Node, first: Node) -> list[Node]:
    privacy = session.known.account.privacy
    if node.text('type') == 'set':
        privacy.update({item.text('name'): item.text('value') for item in first})
    listed = [Node('category', {'name': name, 'value': value}) for name, value in privacy.items()]
    return [Node('privacy', content=listed)]


@on('status')
def _status(session: 'Session', node: Node, first: Node) -> list[Node]:
    if first.tag == 'privacy':
        return [Node('privacy', content=[Node('list', {'type': 'contacts', 'default': 'true'})])]
    if node.text('type') == 'set':
        session.known.account.about = first.data.decode()
    return []


@on('w:profile:picture')
def _picture(session: 'Session', node: Node, first: Node) -> list[Node]:
    jid = node.jid('target')
    account = session.known.account if jid is None else session.relay.people.account(jid)
    if node.text('type') == 'set':
        ident = str(secrets.randbits(40)) if first.tag else ''
        if account:
            account.picture = ident
        return [Node('picture', {'id': ident})]
    if account is None or not account.picture:
        raise Refused(*NOT_FOUND)
    path = f'/v/picture/{account.picture}'
    url = f'https://{session.relay.media_host}{path}'
    return [Node('picture', {'id': account.picture, 'type': first.get('type'), 'direct_path': path, 'url': url})]
