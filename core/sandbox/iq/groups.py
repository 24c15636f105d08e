"""Queries about groups: who is in them, and who may change what."""

import secrets
import time
from typing import TYPE_CHECKING

from core.sandbox.iq.table import NOT_FOUND, Refused, on
from core.sandbox.node import Attrs, Jid, Node
from core.sandbox.people import Account, Group

if TYPE_CHECKING:
    from core.sandbox.session import Session

OPEN_TO_MEMBERS = ('subject', 'description', 'ephemeral', 'not_ephemeral')


@on('w:g2', 'create')
def _create(session: 'Session', _node: Node, first: Node) -> list[Node]:
    relay, device = session.relay, session.known
    members = [relay.people.account(item.jid('jid')) for item in first.all('participant')]
    found = [each for each in members if each]
    group = relay.people.new_group(device.account, first.text('subject'), found, relay.group_mode)
    relay.notify_group(group, Node('create', {'type': 'new', 'reason': 'invite'}, [group.node()]), device)
    return [group.node()]


@on('w:g2', 'participating')
def _participating(session: 'Session', _node: Node, _first: Node) -> list[Node]:
    mine = [each for each in session.relay.people.groups.values() if session.known.account in each.members]
    return [Node('groups', content=[each.node() for each in mine])]


@on('w:g2', 'query')
def _info(session: 'Session', node: Node, _first: Node) -> list[Node]:
    return [_group(session, node.jid('to')).node()]


@on('w:g2', 'invite')
def _invite(session: 'Session', node: Node, first: Node) -> list[Node]:
    to = node.jid('to')
    if to and to.user:
        group = _group(session, to)
        if node.text('type') == 'set':
            group.invite = secrets.token_urlsafe(16)
            session.relay.keep.group(group)
        return [Node('invite', {'code': group.invite})]
    return _use_invite(session, first.text('code'), join=node.text('type') == 'set')


def _use_invite(session: 'Session', code: str, *, join: bool) -> list[Node]:
    relay, device = session.relay, session.known
    group = next((each for each in relay.people.groups.values() if each.invite == code), None)
    if group is None:
        raise Refused(406, 'not-acceptable')
    if not join:
        return [group.node()]
    if device.account not in group.members:
        group.members[device.account] = ''
        change = Node('add', {'reason': 'invite'}, [group.participant(device.account)])
        relay.notify_group(group, change, device, joined=[device.account])
    return [Node('group', {'jid': group.jid})]


@on('w:g2', 'add', 'remove', 'promote', 'demote')
def _members(session: 'Session', node: Node, first: Node) -> list[Node]:
    group = _group(session, node.jid('to'), admin=True)
    done: list[Node] = []
    rows: list[Node] = []
    changed: list[Account] = []
    for item in first.all('participant'):
        account = session.relay.people.account(item.jid('jid'))
        if account is None or (account in group.members) == (first.tag == 'add'):
            code = 409 if account in group.members else 404
            rows.append(Node('participant', {'jid': item.get('jid'), 'error': code}))
            continue
        done.append(group.participant(account))
        rows.append(done[-1])
        changed.append(account)
        _change(group, account, first.tag)
    if done:
        joined, gone = (changed if first.tag == tag else [] for tag in ('add', 'remove'))
        session.relay.notify_group(group, Node(first.tag, content=done), session.known, gone=gone, joined=joined)
    return [Node(first.tag, content=rows)]


def _change(group: Group, account: Account, action: str) -> None:
    if action == 'remove':
        del group.members[account]
    else:
        group.members[account] = 'admin' if action == 'promote' else ''


@on('w:g2', 'leave')
def _leave(session: 'Session', _node: Node, first: Node) -> list[Node]:
    account = session.known.account
    for item in first:
        group = session.relay.people.groups.get(item.text('id').partition('@')[0])
        if group and account in group.members:
            entry = group.participant(account)
            del group.members[account]
            session.relay.notify_group(group, Node('remove', content=[entry]), session.known)
    return [Node('leave', content=[Node('group', {'id': item.get('id')}) for item in first])]


@on(
    'w:g2',
    *OPEN_TO_MEMBERS,
    'locked',
    'unlocked',
    'announcement',
    'not_announcement',
    'member_add_mode',
    'membership_approval_mode',
)
def _settings(session: 'Session', node: Node, first: Node) -> list[Node]:
    group = _group(session, node.jid('to'))
    if group.locked or first.tag not in OPEN_TO_MEMBERS:
        _group(session, node.jid('to'), admin=True)
    session.relay.notify_group(group, _set(group, first, session.known.account), session.known)
    return []


def _set(group: Group, first: Node, actor: Account) -> Node:
    """Change the group; returns what the members are told."""
    if first.tag == 'subject':
        group.subject = first.data.decode()
        head: Attrs = {'subject': group.subject, 's_t': int(time.time()), 's_o': actor.jid(group.server)}
        return Node('subject', head)
    if first.tag == 'description':
        group.topic, group.topic_id = first.child('body').data.decode(), first.text('id')
    elif first.tag in ('locked', 'unlocked'):
        group.locked = first.tag == 'locked'
    elif first.tag in ('announcement', 'not_announcement'):
        group.announce = first.tag == 'announcement'
        return Node(first.tag, {'v_id': int(time.time())})
    elif first.tag in ('ephemeral', 'not_ephemeral'):
        group.expiration = first.number('expiration')
    return first


def _group(session: 'Session', jid: Jid | None, *, admin: bool = False) -> Group:
    """The group if the asker is a member of it (and its admin). Raises Refused."""
    group = session.relay.people.group_of(jid)
    if group is None:
        raise Refused(*NOT_FOUND)
    role = group.members.get(session.known.account)
    if role is None or (admin and not role):
        raise Refused(403, 'forbidden')
    return group
