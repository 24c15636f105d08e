"""Queries about groups: who is in them, and who may change what."""

import secrets
import time

from core.sandbox.iq.table import NOT_FOUND, Asker, Refused, on
from core.sandbox.node import USER, Attrs, Jid, Node
from core.sandbox.people import Account, Group

OPEN_TO_MEMBERS = ('subject', 'description', 'ephemeral', 'not_ephemeral')
SUBJECT_MAX = 100
INVITE_REVOKED = (410, 'gone')


@on('w:g2', 'create')
def _create(asker: Asker, _node: Node, first: Node) -> list[Node]:
    relay, device = asker.relay, asker.known
    members = [relay.people.account(item.jid('jid')) for item in first.all('participant')]
    found = [each for each in members if each]
    group = relay.people.new_group(device.account, first.text('subject'), found, relay.group_mode)
    relay.notify_group(group, Node('create', {'type': 'new', 'reason': 'invite'}, [group.node()]), device)
    return [group.node()]


@on('w:g2', 'participating')
def _participating(asker: Asker, _node: Node, _first: Node) -> list[Node]:
    mine = [each for each in asker.relay.people.groups.values() if asker.known.account in each.members]
    return [Node('groups', content=[each.node() for each in mine])]


@on('w:g2', 'query')
def _info(asker: Asker, node: Node, _first: Node) -> list[Node]:
    return [_group(asker, node.jid('to')).node()]


# ---- invite links


@on('w:g2', 'invite')
def _invite(asker: Asker, node: Node, first: Node) -> list[Node]:
    to = node.jid('to')
    if to and to.user:
        group = _group(asker, to, admin=node.text('type') == 'set')
        if node.text('type') == 'set':
            group.old_invites.append(group.invite)
            group.invite = secrets.token_urlsafe(16)
            asker.relay.notify_group(group, Node('invite', {'code': group.invite}), asker.known)
        return [Node('invite', {'code': group.invite})]
    return _use_invite(asker, first.text('code'), join=node.text('type') == 'set')


def _use_invite(asker: Asker, code: str, *, join: bool) -> list[Node]:
    relay, account = asker.relay, asker.known.account
    group = next((each for each in relay.people.groups.values() if each.invite == code), None)
    if group is None:
        revoked = any(code in each.old_invites for each in relay.people.groups.values())
        raise Refused(*(INVITE_REVOKED if revoked else (406, 'not-acceptable')))
    if not join:
        return [group.node()]
    if account not in group.members and group.approval:
        group.asking[account.number] = int(time.time())
        relay.keep.group(group)
        return [Node('membership_approval_request', {'jid': group.jid})]
    if account not in group.members:
        _join(asker, group, [account], 'invite')
    return [Node('group', {'jid': group.jid})]


@on('w:g2', 'membership_approval_requests')
def _requests(asker: Asker, node: Node, _first: Node) -> list[Node]:
    group, people = _group(asker, node.jid('to'), admin=True), asker.relay.people
    asking = [(people.accounts[number], at) for number, at in group.asking.items()]
    rows = [
        Node('membership_approval_request', {'jid': who.jid(group.server), 'request_time': at}) for who, at in asking
    ]
    return [Node('membership_approval_requests', content=rows)]


@on('w:g2', 'membership_requests_action')
def _answer_requests(asker: Asker, node: Node, first: Node) -> list[Node]:
    group, action = _group(asker, node.jid('to'), admin=True), first.first or Node('')
    rows: list[Node] = []
    welcome: list[Account] = []
    for item in action:
        account = asker.relay.people.account(item.jid('jid'))
        if account is None or group.asking.pop(account.number, None) is None:
            rows.append(Node('participant', {'jid': item.get('jid'), 'error': 404}))
            continue
        rows.append(group.participant(account))
        if action.tag == 'approve':
            welcome.append(account)
    if welcome:
        _join(asker, group, welcome, 'linked_group_join')
    asker.relay.keep.group(group)
    return [Node('membership_requests_action', content=[Node(action.tag, content=rows)])]


def _join(asker: Asker, group: Group, accounts: list[Account], reason: str) -> None:
    for account in accounts:
        group.members[account] = ''
    change = Node('add', {'reason': reason}, [group.participant(account) for account in accounts])
    asker.relay.notify_group(group, change, asker.known, joined=accounts)


# ---- members


@on('w:g2', 'add', 'remove', 'promote', 'demote')
def _members(asker: Asker, node: Node, first: Node) -> list[Node]:
    group = _group(asker, node.jid('to'))
    _group(asker, node.jid('to'), admin=not (first.tag == 'add' and group.open_door))
    done: list[Node] = []
    rows: list[Node] = []
    changed: list[Account] = []
    for item in first.all('participant'):
        account = asker.relay.people.account(item.jid('jid'))
        code = _problem(group, account, first.tag)
        if account is None or code:
            rows.append(Node('participant', {'jid': item.get('jid'), 'error': code}))
            continue
        done.append(group.participant(account))
        rows.append(done[-1])
        changed.append(account)
        _change(group, account, first.tag)
    if done:
        joined, gone = (changed if first.tag == tag else [] for tag in ('add', 'remove'))
        asker.relay.notify_group(group, Node(first.tag, content=done), asker.known, gone=gone, joined=joined)
    return [Node(first.tag, content=rows)]


def _problem(group: Group, account: Account | None, action: str) -> int:
    """Why this cannot be done to *account*, or 0."""
    if account is None:
        return 404
    if action == 'add':
        return 409 if account in group.members else 0
    return 0 if account in group.members else 404


def _change(group: Group, account: Account, action: str) -> None:
    if action == 'remove':
        del group.members[account]
    else:
        group.members[account] = 'admin' if action == 'promote' else ''


@on('w:g2', 'leave')
def _leave(asker: Asker, _node: Node, first: Node) -> list[Node]:
    account = asker.known.account
    for item in first:
        group = asker.relay.people.groups.get(item.text('id').partition('@')[0])
        if group and account in group.members:
            entry = group.participant(account)
            del group.members[account]
            if group.members and not any(group.members.values()):  # somebody must lead it
                group.members[next(iter(group.members))] = 'admin'
            asker.relay.notify_group(group, Node('remove', content=[entry]), asker.known, gone=[account])
    return [Node('leave', content=[Node('group', {'id': item.get('id')}) for item in first])]


# ---- settings


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
def _settings(asker: Asker, node: Node, first: Node) -> list[Node]:
    group = _group(asker, node.jid('to'))
    if group.locked or first.tag not in OPEN_TO_MEMBERS:
        _group(asker, node.jid('to'), admin=True)
    asker.relay.notify_group(group, _set(group, first, asker.known.account), asker.known)
    return []


def _set(group: Group, first: Node, actor: Account) -> Node:
    """Change the group; returns what the members are told."""
    if first.tag == 'subject':
        return _rename(group, first.data.decode(), actor)
    if first.tag == 'description':
        return _describe(group, first)
    if first.tag in ('locked', 'unlocked'):
        group.locked = first.tag == 'locked'
    elif first.tag in ('announcement', 'not_announcement'):
        group.announce = first.tag == 'announcement'
        return Node(first.tag, {'v_id': int(time.time())})
    elif first.tag in ('ephemeral', 'not_ephemeral'):
        group.expiration = first.number('expiration')
    elif first.tag == 'member_add_mode':
        group.open_door = first.data == b'all_member_add'
    elif first.tag == 'membership_approval_mode':
        group.approval = first.child('group_join').text('state') == 'on'
    return first


def _rename(group: Group, subject: str, actor: Account) -> Node:
    if not subject or len(subject) > SUBJECT_MAX:
        raise Refused(406, 'not-acceptable')
    group.subject, group.subject_at = subject, int(time.time())
    head: Attrs = {'subject': subject, 's_t': group.subject_at, 's_o': actor.jid(group.server)}
    return Node('subject', {**head, 's_o_pn': actor.jid(USER)})


def _describe(group: Group, first: Node) -> Node:
    """Raises Refused when the description was changed meanwhile."""
    if first.text('prev') != group.topic_id:
        raise Refused(409, 'conflict')
    group.topic, group.topic_id = first.child('body').data.decode(), first.text('id')
    group.topic_at = int(time.time())
    if group.topic:
        return first
    group.topic_id = ''
    return Node('description', {'id': first.text('id')}, [Node('delete')])


def _group(asker: Asker, jid: Jid | None, *, admin: bool = False) -> Group:
    """The group if the asker is a member of it (and its admin). Raises Refused."""
    group = asker.relay.people.group_of(jid)
    if group is None:
        raise Refused(*NOT_FOUND)
    role = group.members.get(asker.known.account)
    if role is None or (admin and not role):
        raise Refused(403, 'forbidden')
    return group
