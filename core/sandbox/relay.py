"""How messages, receipts and notices travel between devices."""

import asyncio
import logging
import secrets
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, TypeVar

from core.sandbox import limits
from core.sandbox.control import Change, ChangeKind
from core.sandbox.faults import Faults, damaged
from core.sandbox.greeting import greet
from core.sandbox.keep import Keep
from core.sandbox.media import MediaStore
from core.sandbox.node import BROADCAST, GROUP, LID, SERVER, STATUS, USER, Attrs, Jid, Node, Value
from core.sandbox.noise import Authority
from core.sandbox.people import Account, Device, Group, People, participant_hash
from core.sandbox.records import KEPT, Record
from core.sandbox.store import Store
from core.sandbox.wire import Codec

if TYPE_CHECKING:
    from core.sandbox.calls import Call
    from core.sandbox.phone import Phone
    from core.sandbox.session import Session

log = logging.getLogger(__name__)
LOW_ON_KEYS = 5
WAITING = 5000
TOGETHER = (GROUP, BROADCAST)  # one ciphertext for all
ADMINS_ONLY = 420
NOT_PASSED_ON = ('participants', 'enc', 'tctoken', 'cstoken')

T = TypeVar('T')


class Relay:
    """All connections and the rules by which stanzas travel. Everything runs in one event loop."""

    def __init__(self, *, codec: Codec, authority: Authority, people: People, store: Store) -> None:
        self.codec, self.authority, self.people, self.store = codec, authority, people, store
        self.keep = Keep(store, codec)
        self.faults = Faults()
        self.media: MediaStore
        self.addressing = USER  # how senders of direct messages are named: USER or LID
        self.group_mode = 'lid'
        self.sessions: set[Session] = set()
        self.unpaired: list[Session] = []
        self.records: dict[str, Record] = {}
        self.calls: dict[str, Call] = {}
        self.unknown: deque[str] = deque(maxlen=200)
        self.news: set[Change] = set()
        self._waiters: list[tuple[Callable[[], object], asyncio.Future[None]]] = []
        self._for_phones: deque[tuple[Phone, Node]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()

    # ---- messages

    def route_message(self, sender: Device, node: Node) -> int:
        """Acknowledge and deliver; the error code the sender is told, or 0."""
        to = node.jid('to') or SERVER
        group = self.people.group_of(to)
        code = self._refusal(sender, to, group)
        targets = [] if code else self._fan_out(sender, node, to, group)
        self._record(sender, node, to, targets, code)
        if sender.session and not self.faults.take('lose_acks'):
            self._soon(sender.session.send, self._ack(sender, node, to, group, code))
        for device, stanza in targets:
            self.push(device, stanza)
        return code

    def _refusal(self, sender: Device, to: Jid, group: Group | None) -> int:
        fault = self.faults.take('nack', phone=sender.account.number) if sender.number else None
        if fault:
            return fault.code
        account = self.people.account(to)
        if to == STATUS:
            return 0
        if group:
            return 403 if sender.account not in group.members else _announced(group, sender)
        if account is None:
            return 404
        return self._between(sender, account)

    def _between(self, sender: Device, account: Account) -> int:
        """May this device write to *account*? Those who write are no strangers any more."""
        if account is sender.account:
            return 0
        code = limits.refusal(sender.account, account) if sender.number else 0
        if sender.account.limits.strangers >= 0:
            self.keep.account(sender.account)
        if not code and sender.account.number not in account.met:
            account.met.add(sender.account.number)
            self.keep.account(account)
        return code

    def _record(self, sender: Device, node: Node, to: Jid, targets: list[tuple[Device, Node]], code: int) -> None:
        ident = node.text('id')
        if ident in self.records:
            return  # a retry
        names = [str(device) for device, _ in targets]
        self.records[ident] = Record(time.time(), str(sender), str(to), ident, node.text('type'), names, code)
        if len(self.records) > KEPT:
            del self.records[next(iter(self.records))]

    def _ack(self, sender: Device, node: Node, to: Jid, group: Group | None, code: int) -> Node:
        ack: dict[str, Value | None] = {'class': 'message', 'id': node.text('id'), 'from': to, 't': int(time.time())}
        ack['error'] = code or None
        account = self.people.account(to)
        if not code and not group and account and not to.device and node.find('participants'):
            both = {sender.account: None, account: None}
            ack['phash'] = participant_hash(each.jid(to.server) for a in both for each in a.devices.values())
        return Node('ack', ack)

    def _fan_out(self, sender: Device, node: Node, to: Jid, group: Group | None) -> list[tuple[Device, Node]]:
        """The stanza for each device the message goes to."""
        common = node.all('enc')
        each: dict[Device, list[Node]] = {}
        for item in node.child('participants'):
            device = self.people.device(item.jid('jid'))
            if device:
                each[device] = item.all('enc')
        if to.server in TOGETHER and node.get('participant') is None:
            members = [device for account in group.members for device in account.devices.values()] if group else [*each]
            for device in members:
                each[device] = each.get(device, []) + common
        elif common:  # a retry, or a message to an own device
            device = self.people.device(node.jid('participant') or to)
            if device:
                each[device] = common
        each.pop(sender, None)
        if group is None:
            each = {device: encs for device, encs in each.items() if not device.account.blocks(sender.account)}
        shared = [item for item in node if item.tag not in NOT_PASSED_ON]
        common_attrs = self._attrs(sender, node)
        return [
            (device, Node('message', {**common_attrs, **self._addresses(sender, device, to, group)}, encs + shared))
            for device, encs in each.items()
        ]

    def _attrs(self, sender: Device, node: Node) -> dict[str, Value | None]:
        kept = {name: node.get(name) for name in ('id', 'type', 'edit', 'category')}
        return {**kept, 't': int(time.time()), 'notify': sender.account.name}

    def _addresses(self, sender: Device, target: Device, to: Jid, group: Group | None) -> dict[str, Value | None]:
        """How the message names its sender: by phone number or LID, and the other one beside it."""
        if group:
            other = 'participant_pn' if group.server == LID else 'participant_lid'
            named: Attrs = {'from': group.jid, 'participant': sender.jid(group.server), 'addressing_mode': group.mode}
            return {**named, other: sender.account.jid(group.other_server)}
        mine, others = (USER, LID) if self.addressing == USER else (LID, USER)
        beside = 'lid' if others == LID else 'pn'
        if to == STATUS:
            named = {
                'from': STATUS,
                'participant': sender.jid(mine),
                'addressing_mode': 'pn' if mine == USER else 'lid',
            }
            return {**named, f'participant_{beside}': sender.account.jid(others)}
        peer = self.people.account(to)
        if target.account is sender.account and peer:
            head = {'from': sender.jid(mine), 'recipient': peer.jid(mine)}
            return {**head, f'peer_recipient_{beside}': peer.jid(others)}
        return {'from': sender.jid(mine), f'sender_{beside}': sender.account.jid(others)}

    # ---- receipts

    def route_receipt(self, reader: Device, node: Node) -> None:
        to, kind, participant = node.jid('to') or SERVER, node.text('type'), node.jid('participant')
        self._received(reader, ('message', node.text('id'), '', str(participant or '')))
        if reader.session:
            ack: Attrs = {
                'class': 'receipt',
                'id': node.text('id'),
                'from': to,
                'type': kind,
                'participant': participant,
            }
            reader.session.send(Node('ack', ack))
        for ident in receipt_ids(node):
            if ident in self.records:
                self.records[ident].receipts.append((kind or 'delivery', str(reader)))
        author = participant if to.server in TOGETHER else to
        account = self.people.account(author)
        if author and account and account is not reader.account:
            self._pass_on(reader, node, to, author, account)

    def _pass_on(self, reader: Device, node: Node, to: Jid, author: Jid, account: Account) -> None:
        kind = node.text('type')
        attrs: dict[str, Value | None] = {'id': node.get('id'), 'type': kind, 't': node.get('t') or int(time.time())}
        if to.server in TOGETHER:
            attrs |= {'from': to, 'participant': reader.jid(author.server)}
        else:
            beside = ('sender_lid', LID) if to.server == USER else ('sender_pn', USER)
            attrs |= {'from': reader.jid(to.server), beside[0]: reader.account.jid(beside[1])}
        for device in account.devices.values():
            # A retry is for the device that sent the message; ticks are for the phone too.
            wanted = device.number == author.device if kind == 'retry' else device.number in (author.device, 0)
            if wanted or (not author.device and kind != 'retry'):
                self.push(device, Node('receipt', attrs, node.content))

    def acknowledged(self, device: Device, node: Node) -> None:
        """A client's <ack>: it has the stanza."""
        kind = '' if node.text('class') == 'message' else node.text('type')
        self._received(device, (node.text('class'), node.text('id'), kind, node.text('participant')))

    def _received(self, device: Device, key: tuple[str, ...]) -> None:
        if device.waiting.pop(key, None):
            self.keep.not_waiting(device, key)

    # ---- delivery

    def push(self, device: Device, node: Node) -> None:
        """Send now if possible, else when the device comes back; repeated until acknowledged."""
        if node.tag == 'message' and self.faults.corrupts(device.account.number, linked=device.number > 0):
            broken = damaged(node)
        else:
            broken = node
        if device.phone and not device.phone.state.offline:
            self._soon(self._to_phone, device.phone, broken)
            return
        key = _key(node)
        device.waiting[key] = node
        self.keep.waiting(device, key, node)
        if len(device.waiting) > WAITING:
            self._received(device, next(iter(device.waiting)))  # whoever is away for so long misses the oldest
        if device.session and device.session.active:
            self._soon(device.session.send, broken)

    def _to_phone(self, phone: 'Phone', node: Node) -> None:
        # Decrypting is work that the sender's ack must not wait for.
        if not self._for_phones:
            asyncio.get_running_loop().call_soon(self._feed_phones)
        self._for_phones.append((phone, node))

    def _feed_phones(self) -> None:
        if not self._for_phones:
            return  # settled meanwhile
        phone, node = self._for_phones.popleft()
        if self._for_phones:
            asyncio.get_running_loop().call_soon(self._feed_phones)
        phone.receive(node)

    def settle(self) -> None:
        """Let the phones take everything that is on its way to them."""
        while self._for_phones:
            phone, node = self._for_phones.popleft()
            phone.receive(node)

    def _soon(self, deliver: Callable[..., None], *args: object) -> None:
        if self.faults.latency:
            asyncio.get_running_loop().call_later(self.faults.latency, deliver, *args)
        else:
            deliver(*args)

    def notify(self, device: Device, sender: Jid, kind: str, content: Node, **attrs: Value | None) -> None:
        head: Attrs = {'id': secrets.token_hex(8), 'from': sender, 'type': kind, 't': int(time.time())}
        self.push(device, Node('notification', {**head, **attrs}, [content]))

    def notify_group(
        self, group: Group, change: Node, actor: Device, *, gone: Sequence[Account] = (), joined: Sequence[Account] = ()
    ) -> None:
        """Tell the members, and those *gone*, of a change; who just *joined* is shown the group instead."""
        self.keep.group(group)
        whole = Node('create', {'reason': change.get('reason')}, [group.node()])
        for account in dict.fromkeys([*group.members, *gone]):
            for device in account.devices.values():
                self.notify(
                    device,
                    group.jid,
                    'w:gp2',
                    whole if account in joined else change,
                    participant=actor.jid(group.server).bare,
                    participant_pn=actor.account.jid(USER) if group.server == LID else None,
                    notify=actor.account.name,
                    addressing_mode=group.mode,
                )
            self.tell(account, 'group')

    def state_changed(self, device: Device, collection: Node) -> None:
        """*device* wrote to its account's app state: the other devices shall fetch it."""
        news = Node('collection', {'name': collection.get('name'), 'version': collection.get('version')})
        for other in device.account.linked:
            if other is not device:
                self.notify(other, device.account.jid(USER), 'server_sync', news)

    def check_key_supply(self, device: Device) -> None:
        left = len(device.bundle.once) if device.bundle else 0
        if device.session and left == LOW_ON_KEYS - 1:
            head: Attrs = {'from': SERVER, 'type': 'encrypt', 'id': secrets.token_hex(8), 't': int(time.time())}
            device.session.send(Node('notification', head, [Node('count', {'value': left})]))

    # ---- devices

    def welcome(self, device: Device) -> None:
        """Let the phone greet a newly linked device."""
        phone = device.account.devices[0].phone
        if phone and not device.welcomed:
            device.welcomed = True
            self.keep.device(device)
            greet(phone, device)

    def forget(self, session: 'Session') -> None:
        """The connection is gone."""
        self.sessions.discard(session)
        if session in self.unpaired:
            self.unpaired.remove(session)

    # ---- news

    def tell(self, account: Account, kind: ChangeKind) -> None:
        self.news.add(Change(phone=account.number, kind=kind))

    def note_unknown(self, node: Node) -> None:
        log.info('unhandled <%s> of namespace %s', node.tag, node.text('xmlns'))
        self.unknown.append(str(node))

    def later(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def changed(self) -> None:
        for condition, future in self._waiters:
            if not future.done() and condition():
                future.set_result(None)

    async def until(self, condition: Callable[[], T | None], timeout: float) -> T:
        """Wait until *condition* gives something. Raises TimeoutError."""
        found = condition()
        if found is None:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            waiter = (condition, future)
            self._waiters.append(waiter)
            try:
                await asyncio.wait_for(future, timeout)
            finally:
                self._waiters.remove(waiter)
            found = condition()
        if found is None:
            raise TimeoutError
        return found


def _announced(group: Group, sender: Device) -> int:
    """The error for a member who may only read here, or 0."""
    return ADMINS_ONLY if group.announce and not group.members[sender.account] else 0


def receipt_ids(node: Node) -> list[str]:
    return [node.text('id'), *(item.text('id') for item in node.child('list'))]


def _key(node: Node) -> tuple[str, ...]:
    kind = '' if node.tag == 'message' else node.text('type')
    return node.tag, node.text('id'), kind, node.text('participant')
