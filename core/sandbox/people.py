"""Which accounts, linked devices and groups exist."""

import base64
import hashlib
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.sandbox.appstate import AppState
from core.sandbox.keys import DJB, KeyPair
from core.sandbox.limits import Limits
from core.sandbox.node import GROUP, LEGACY, LID, STATUS, USER, Jid, Node
from core.sandbox.ratchet import Invitation
from core.sandbox.rows import LIVE

if TYPE_CHECKING:
    from core.sandbox.phone import Phone
    from core.sandbox.session import Session

PRIVACY = {
    'readreceipts': 'all',
    'last': 'all',
    'online': 'all',
    'profile': 'all',
    'status': 'contacts',
    'groupadd': 'all',
    'calladd': 'all',
}


@dataclass(slots=True)
class SignedKey:
    id: bytes  # 3 bytes
    key: bytes
    signature: bytes


@dataclass(slots=True)
class Bundle:
    """The public Signal keys a device published; `once`: (id, key) of those for one use each."""

    registration: bytes
    identity: bytes
    signed: SignedKey
    once: list[tuple[bytes, bytes]] = field(default_factory=list)

    def invitation(self) -> Invitation:
        """What another device needs to open a session; uses up one one-time key."""
        once_id, once = self.once.pop(0) if self.once else (b'', b'')
        return Invitation(
            identity=self.identity,
            signed_id=int.from_bytes(self.signed.id, 'big'),
            signed=self.signed.key,
            once_id=int.from_bytes(once_id, 'big') if once_id else None,
            once=once,
        )

    def node(self, jid: Jid) -> Node:
        """The same as a `<user>` answer."""
        children = self.public()
        if self.once:
            key_id, key = self.once.pop(0)
            children.append(Node('key', content=[Node('id', content=key_id), Node('value', content=key)]))
        return Node('user', {'jid': jid}, children)

    def digest(self) -> Node:
        """What a client compares with its own keys."""
        hashed = self.identity + self.signed.key + self.signed.signature + b''.join(value for _, value in self.once)
        ids = [Node('id', content=ident) for ident, _ in self.once]
        # WhatsApp's clients compute SHA-1 here; nothing secret hangs on it.
        found = Node('hash', content=hashlib.sha1(hashed, usedforsecurity=False).digest())
        return Node('digest', content=[*self.public(), Node('list', content=ids), found])

    def public(self) -> list[Node]:
        signed = [
            Node('id', content=self.signed.id),
            Node('value', content=self.signed.key),
            Node('signature', content=self.signed.signature),
        ]
        return [
            Node('registration', content=self.registration),
            Node('type', content=DJB),
            Node('identity', content=self.identity),
            Node('skey', content=signed),
        ]


@dataclass(eq=False, slots=True)
class Account:
    """A WhatsApp account: a phone number, its LID, and its devices by number (0 is the phone itself).

    `blocked`: addresses (LIDs) of people it wants to hear nothing of; `aliases`: other spellings under which it is
    found; `contacts`: number -> name in its address book; `met`: numbers that wrote to it.
    """

    number: str
    lid: str
    name: str
    identity: KeyPair = field(default_factory=KeyPair.new)
    raw_id: int = field(default_factory=lambda: secrets.randbits(31))
    next_device: int = 1
    business: str = ''
    about: str = 'Hey there! I am using WhatsApp.'
    picture: str = ''
    blocked: set[str] = field(default_factory=set)
    aliases: set[str] = field(default_factory=set)
    contacts: dict[str, str] = field(default_factory=dict)
    met: set[str] = field(default_factory=set)
    limits: Limits = field(default_factory=Limits)
    privacy: dict[str, str] = field(default_factory=lambda: dict(PRIVACY))
    app_state: AppState = field(default_factory=AppState)
    devices: dict[int, 'Device'] = field(default_factory=dict, metadata=LIVE)
    watchers: 'set[Device]' = field(default_factory=set, metadata=LIVE)

    def jid(self, server: str = USER) -> Jid:
        return Jid(self.lid if server == LID else self.number, server)

    def names(self) -> tuple[Jid, Jid]:
        """Both addresses."""
        return self.jid(USER), self.jid(LID)

    def blocks(self, other: 'Account') -> bool:
        return str(other.jid(LID)) in self.blocked

    def hash(self, server: str) -> str:
        return participant_hash(each.jid(server) for each in self.devices.values())

    @property
    def linked(self) -> 'list[Device]':
        return [each for each in self.devices.values() if each.number]


@dataclass(eq=False, slots=True)
class Device:
    """One device of an account; number 0 is the phone itself.

    `waiting`: what it has not acknowledged yet, in order. `welcomed`: the phone has sent it the app-state key.
    """

    account: Account = field(metadata=LIVE)
    number: int
    noise: bytes = b''
    platform: str = ''
    bundle: Bundle | None = None
    linked_at: float = field(default_factory=time.time)
    welcomed: bool = False
    session: 'Session | None' = field(default=None, metadata=LIVE)
    phone: 'Phone | None' = field(default=None, metadata=LIVE)
    waiting: dict[tuple[str, ...], Node] = field(default_factory=dict, metadata=LIVE)
    online: bool = field(default=False, metadata=LIVE)

    def jid(self, server: str) -> Jid:
        return Jid(self.account.lid if server == LID else self.account.number, server, self.number)

    @property
    def key(self) -> str:
        return f'{self.account.number}:{self.number}'

    def __str__(self) -> str:
        return str(self.jid(USER))


@dataclass(eq=False, slots=True)
class Group:
    """A group; `members` gives each account's role: '', 'admin' or 'superadmin'.

    `locked`: only admins change its subject, topic and picture; `announce`: only admins write; `open_door`: every
    member may add people; `approval`: who joins by link must be let in; `asking`: the numbers that wait for that, and
    since when. Times are Unix seconds.
    """

    ident: str
    subject: str
    mode: str = 'lid'  # how participants are addressed
    topic: str = ''
    topic_id: str = ''
    topic_at: int = 0
    subject_at: int = 0
    picture: str = ''
    locked: bool = False
    announce: bool = False
    open_door: bool = False
    approval: bool = False
    asking: dict[str, int] = field(default_factory=dict)
    expiration: int = 0  # of disappearing messages, in seconds
    invite: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    old_invites: list[str] = field(default_factory=list)
    created: int = field(default_factory=lambda: int(time.time()))
    owner_number: str = ''
    roles: dict[str, str] = field(default_factory=dict)
    members: dict[Account, str] = field(default_factory=dict, metadata=LIVE)
    owner: Account | None = field(default=None, metadata=LIVE)

    @property
    def jid(self) -> Jid:
        return Jid(self.ident, GROUP)

    @property
    def server(self) -> str:
        return LID if self.mode == 'lid' else USER

    @property
    def other_server(self) -> str:
        return USER if self.mode == 'lid' else LID

    @property
    def people(self) -> tuple[Account, ...]:
        return tuple(self.members)

    def note_members(self) -> None:
        """Write the members down as numbers, which is what is kept."""
        self.roles = {account.number: role for account, role in self.members.items()}

    def participant(self, account: Account, role: str | None = None) -> Node:
        other = 'phone_number' if self.mode == 'lid' else 'lid'
        return Node(
            'participant', {'jid': account.jid(self.server), 'type': role, other: account.jid(self.other_server)}
        )

    def node(self) -> Node:
        owner = self.owner.jid(self.server) if self.owner else None
        number = self.owner.jid(USER) if self.owner else None
        children = [self.participant(account, role) for account, role in self.members.items()]
        if self.topic:
            head = {'id': self.topic_id, 'participant': owner, 't': self.topic_at or self.created}
            children.append(Node('description', head, [Node('body', content=self.topic.encode())]))
        children += [Node(tag) for tag, on in (('locked', self.locked), ('announcement', self.announce)) if on]
        if self.expiration:
            children.append(Node('ephemeral', {'expiration': self.expiration}))
        if self.approval:
            children.append(Node('membership_approval_mode', content=[Node('group_join', {'state': 'on'})]))
        children.append(Node('member_add_mode', content=b'all_member_add' if self.open_door else b'admin_add'))
        subject_at = self.subject_at or self.created
        head = {'id': self.ident, 'subject': self.subject, 's_t': subject_at, 's_o': owner, 's_o_pn': number}
        made = {'creation': self.created, 'creator': owner, 'creator_pn': number}
        return Node('group', {**head, **made, 'addressing_mode': self.mode, 'size': len(self.members)}, children)


@dataclass(frozen=True, slots=True)
class Status:
    """Where an account shows something to its contacts for a day, and who they are."""

    audience: tuple[Account, ...]

    ident = STATUS.user
    jid = STATUS
    server = LID

    @property
    def people(self) -> tuple[Account, ...]:
        return self.audience


Peer = Account | Group | Status  # whom a message can be for


class People:
    """All accounts and groups of one server."""

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.by_lid: dict[str, Account] = {}
        self.groups: dict[str, Group] = {}

    def add(self, number: str, name: str = '') -> Account:
        account = Account(number, str(10**14 + secrets.randbelow(9 * 10**14)), name or f'User {number[-4:]}')
        self.put(account)
        account.devices[0] = Device(account, 0, platform='phone')
        return account

    def put(self, account: Account) -> None:
        self.accounts[account.number] = self.by_lid[account.lid] = account

    def account(self, jid: Jid | None) -> Account | None:
        if jid is None:
            return None
        if jid.server in (LID, 'hosted.lid'):
            return self.by_lid.get(jid.user)
        if jid.server in (USER, LEGACY, 'hosted'):
            return self.accounts.get(jid.user.lstrip('+'))
        return None

    def found_by(self, jid: Jid) -> Account | None:
        """The account that a search for a number finds, also under another spelling."""
        account = self.account(jid)
        if account is not None or jid.server not in (USER, LEGACY):
            return account
        number = jid.user.lstrip('+')
        return next((each for each in self.accounts.values() if number in each.aliases), None)

    def device(self, jid: Jid | None) -> Device | None:
        account = self.account(jid)
        return account.devices.get(jid.device) if account and jid else None

    def group_of(self, jid: Jid | None) -> Group | None:
        return self.groups.get(jid.user) if jid and jid.server == GROUP else None

    def link(self, account: Account, noise: bytes) -> Device:
        device = Device(account, account.next_device, noise, 'companion')
        account.next_device += 1
        account.devices[device.number] = device
        return device

    def new_group(self, owner: Account, subject: str, members: Iterable[Account], mode: str) -> Group:
        group = Group(f'120363{secrets.randbelow(10**12):012d}', subject, mode, owner_number=owner.number, owner=owner)
        group.members = {owner: 'superadmin', **{each: '' for each in members if each is not owner}}
        self.groups[group.ident] = group
        return group


def participant_hash(jids: Iterable[Jid]) -> str:
    """The hash by which clients and server compare device lists."""
    text = ''.join(sorted(f'{each.user}.0:{each.device}@{each.server}' for each in jids))
    return '2:' + base64.b64encode(hashlib.sha256(text.encode()).digest()[:6]).decode().rstrip('=')
