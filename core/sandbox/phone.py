"""A simulated phone: what a person with WhatsApp in the hand can do, without a Go library."""

import logging
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import Invalid, NotFound
from core.sandbox import presence, rows
from core.sandbox.mailbox import Letter, Mailbox, letter
from core.sandbox.message import SILENT, is_media, said, unwrapped
from core.sandbox.node import GROUP, LID, USER, Attrs, Jid, Node, Value
from core.sandbox.people import Account, Device, Group
from core.sandbox.protos import Message, e2e
from core.sandbox.ratchet import Repeated, Undecryptable
from core.sandbox.relay import receipt_ids
from core.sandbox.seals import Keys, Seals

if TYPE_CHECKING:
    from core.sandbox.relay import Relay

log = logging.getLogger(__name__)
RETRIES = 5
RETRIES_KEPT = 500
TICK_OF = {'': 'delivered', 'inactive': 'delivered', 'read': 'read', 'read-self': 'read', 'played': 'played'}


@dataclass(slots=True)
class PhoneState:
    keys: Keys
    offline: bool = False


class Phone:
    """Device 0 of an account. `state.offline`: switched off; its messages wait at the server."""

    def __init__(self, device: Device, relay: 'Relay', state: PhoneState | None = None) -> None:
        self.device, self.relay = device, relay
        self.account = device.account
        self.state = state or PhoneState(Keys())
        self.mailbox = Mailbox(relay.store, self.account.number)
        self.seals = Seals(me=self.account.identity, keys=self.state.keys, owner=self.account.number, store=relay.store)
        self._retries: dict[str, int] = {}
        device.phone = self
        device.bundle = device.bundle or self.seals.bundle()

    def mark(self) -> None:
        self.relay.store.mark('phone', self.account.number, lambda: rows.dump(self.state))

    # ---- sending

    def send(self, to: Account | Group, message: Message, ident: str = '') -> str:
        """Send *message* to every device of *to*; returns its id. Raises Undecryptable when nobody has keys."""
        ident = ident or '3A' + secrets.token_hex(9).upper()
        participants, content = self._sealed(to, message)
        head: dict[str, Value] = {'id': ident, 'to': to.jid if isinstance(to, Group) else to.jid(LID)}
        head['type'] = 'reaction' if message.HasField('reactionMessage') else 'media' if is_media(message) else 'text'
        code = self.relay.route_message(self.device, Node('message', head, [participants, *content]))
        chat = str(to.jid) if isinstance(to, Group) else to.number
        self._keep(message, ident, chat=chat, sender=self.account, from_jid=self.device.jid(USER), failed=bool(code))
        return ident

    def _sealed(self, to: Account | Group, message: Message) -> tuple[Node, list[Node]]:
        """(the <participants> with a ciphertext each, what all of them share)."""
        plain: bytes = message.SerializeToString()
        if isinstance(to, Group):
            key, shared = self.seals.encrypt_for(to.ident, plain)
            plain = _distribution(to, key).SerializeToString()
            return self._each((account, plain) for account in to.members), [shared]
        own = e2e.Message()
        own.deviceSentMessage.destinationJID = str(to.jid(LID))
        own.deviceSentMessage.message.CopyFrom(message)
        return self._each({to: plain, self.account: own.SerializeToString()}.items()), []

    def _each(self, plains: Iterable[tuple[Account, bytes]]) -> Node:
        entries = [
            Node('to', {'jid': device.jid(LID)}, [self.seals.encrypt(device, plain)])
            for account, plain in plains
            for device in account.devices.values()
            if device is not self.device and device.bundle
        ]
        return Node('participants', content=entries)

    def text(self, to: Account | Group, text: str, *, quote: str = '', mentions: Iterable[str] = ()) -> Message:
        """A text message, not yet sent. Raises NotFound when the quoted message is not in the phone."""
        message = e2e.Message()
        people = [self.relay.people.accounts.get(number) for number in mentions]
        if not quote and not people:
            message.conversation = text
            return message
        body = message.extendedTextMessage
        body.text = text
        server = to.server if isinstance(to, Group) else USER
        body.contextInfo.mentionedJID.extend(str(each.jid(server)) for each in people if each)
        if quote:
            quoted = self._letter(quote)
            body.contextInfo.stanzaID = quote
            body.contextInfo.participant = str(self.relay.people.accounts[quoted.sender].jid(server))
            body.contextInfo.quotedMessage.ParseFromString(quoted.raw)
        return message

    def react(self, ident: str, emoji: str) -> str:
        about = self._letter(ident)
        to = self.chat(about.chat)
        message = e2e.Message()
        key = message.reactionMessage.key
        key.ID, key.fromMe = ident, about.mine
        key.remoteJID = str(to.jid) if isinstance(to, Group) else str(to.jid(USER))
        if isinstance(to, Group) and not about.mine:
            key.participant = str(self.relay.people.accounts[about.sender].jid(to.server))
        message.reactionMessage.text = emoji
        message.reactionMessage.senderTimestampMS = int(time.time() * 1000)
        return self.send(to, message)

    def read(self, ids: Iterable[str] | None = None) -> int:
        """Send read receipts; for how many messages."""
        wanted = None if ids is None else set(ids)
        letters = self.mailbox.mark_seen(lambda each: wanted is None or each.id in wanted)
        together: dict[tuple[str, str], list[str]] = {}
        for each in letters:
            together.setdefault((each.chat, each.from_jid), []).append(each.id)
        for (chat, from_jid), idents in together.items():
            self._receipt(chat, Jid.parse(from_jid), idents, 'read')
        return len(letters)

    def typing(self, to: Account | Group, state: str) -> None:
        content = Node('composing', {'media': 'audio'}) if state == 'recording' else Node(state)
        target = to.jid if isinstance(to, Group) else to.jid(USER)
        presence.chatstate(self.relay, self.device, Node('chatstate', {'to': target}, [content]))

    def switch(self, *, off: bool) -> None:
        """Switch the phone off or on; on, it gets what waited."""
        self.state.offline = off
        self.mark()
        if not off:
            self.catch_up()

    def catch_up(self) -> None:
        """Take what waited at the server."""
        waiting, self.device.waiting = self.device.waiting, {}
        for key, node in waiting.items():
            self.relay.keep.not_waiting(self.device, key)
            self.receive(node)

    def chat(self, name: str) -> Account | Group:
        """The person or group called *name* in a letter. Raises NotFound."""
        jid = Jid.parse(name) if '@' in name else Jid(name.lstrip('+'))
        found = self.relay.people.group_of(jid) or self.relay.people.account(jid)
        if found is None:
            raise NotFound(f'Nobody in the sandbox has the number or address {name}.')
        if isinstance(found, Account) and found is self.account:
            raise Invalid('A phone of the sandbox cannot write to itself.', field='to')
        return found

    def _letter(self, ident: str) -> Letter:
        found = self.mailbox.get(ident)
        if found is None:
            raise NotFound('This phone has no such message.')
        return found

    def peer(self, device: Device, message: Message) -> None:
        """Send a message to one of the account's own devices (app-state keys and the like)."""
        head: Attrs = {'id': secrets.token_hex(8).upper(), 'to': device.jid(USER), 'type': 'text', 'category': 'peer'}
        sealed = self.seals.encrypt(device, message.SerializeToString())
        self.relay.route_message(self.device, Node('message', head, [sealed]))

    # ---- receiving

    def receive(self, node: Node) -> None:
        try:
            if node.tag == 'receipt':
                self._take_receipt(node)
            elif node.tag == 'message':
                self._take_message(node)
        except Exception:  # one odd stanza must not stop the phone
            log.exception('the phone %s cannot handle a <%s>', self.account.number, node.tag)
        self.relay.changed()

    def _take_message(self, node: Node) -> None:
        sender = self.relay.people.device(node.jid('participant') or node.jid('from'))
        if sender is None:
            return
        chat = node.jid('from') or Jid('')
        if chat.server != GROUP:
            chat = node.jid('recipient') or chat.bare
        try:
            for enc in node.all('enc'):
                self._take_content(node, sender, chat, self.seals.decrypt(sender, chat, enc))
        except Repeated:
            self._receipt(self._chat_name(chat), sender.jid(USER), [node.text('id')], '')
        except Undecryptable as problem:
            log.info('%s cannot decrypt %s: %s', self.account.number, node.text('id'), problem)
            self._ask_again(node, sender)

    def _take_content(self, node: Node, sender: Device, chat: Jid, plain: bytes) -> None:
        message = e2e.Message.FromString(plain)
        share = message.senderKeyDistributionMessage
        if share.axolotlSenderKeyDistributionMessage:
            group = Jid.parse(share.groupID).user
            self.seals.learn(sender, group, share.axolotlSenderKeyDistributionMessage)
            message.ClearField('senderKeyDistributionMessage')
            if said(message).kind == 'other':
                return
        if message.HasField('deviceSentMessage'):
            message = message.deviceSentMessage.message
        name = self._chat_name(chat)
        if said(message).kind != SILENT:
            self._keep(message, node.text('id'), chat=name, sender=sender.account, from_jid=sender.jid(USER))
        if sender.account is not self.account:
            self._receipt(name, sender.jid(USER), [node.text('id')], '')

    def _keep(
        self, message: Message, ident: str, *, chat: str, sender: Account, from_jid: Jid, failed: bool = False
    ) -> None:
        raw: bytes = message.SerializeToString()
        mine = sender is self.account
        new = letter(said(message), id=ident, chat=chat, sender=sender.number, mine=mine, at=time.time(), raw=raw)
        new.from_jid = str(from_jid)
        if failed:
            new.tick = 'failed'
        self.mailbox.add(new)
        self.relay.tell(self.account, 'reaction' if new.kind == 'reaction' else 'message')

    def _chat_name(self, chat: Jid) -> str:
        account = self.relay.people.account(chat)
        return account.number if account else str(chat)

    def _receipt(self, chat: str, author: Jid, ids: list[str], kind: str, content: list[Node] | None = None) -> None:
        """*author*: the device that wrote, by phone number."""
        head: dict[str, Value] = {'id': ids[0], 'type': kind, 't': int(time.time())}
        group = self.relay.people.group_of(Jid.parse(chat)) if '@' in chat else None
        device = self.relay.people.device(author)
        if group and device:
            head |= {'to': group.jid, 'participant': device.jid(group.server)}
        else:
            head['to'] = author
        more = [Node('list', content=[Node('item', {'id': each}) for each in ids[1:]])] if ids[1:] else []
        self.relay.route_receipt(self.device, Node('receipt', head, [*(content or []), *more] or None))

    def _take_receipt(self, node: Node) -> None:
        reader = self.relay.people.device(node.jid('participant') or node.jid('from'))
        if node.text('type') == 'retry':
            if reader:
                self._send_again(node, reader)
            return
        tick = TICK_OF.get(node.text('type'))
        for ident in receipt_ids(node) if tick else ():
            if tick and self.mailbox.ticked(ident, tick):
                self.relay.tell(self.account, 'receipt')

    # ---- retries

    def _ask_again(self, node: Node, sender: Device) -> None:
        """Tell the sender that its message cannot be read, with our keys for a new session."""
        ident = node.text('id')
        if not self._may_retry(f'{ident} {sender}'):
            return
        count = self._retries[f'{ident} {sender}']
        chat = node.jid('from') or Jid('')
        bundle = self.seals.bundle()
        registration, *keys = bundle.public()
        content = [
            Node('retry', {'count': count, 'id': ident, 't': node.get('t'), 'v': '1'}),
            registration,
            Node('keys', content=keys),
        ]
        self._receipt(self._chat_name(chat), sender.jid(USER), [ident], 'retry', content)

    def _send_again(self, node: Node, reader: Device) -> None:
        """A device cannot read what we sent: encrypt it for that device anew."""
        ident = node.text('id')
        sent = self.mailbox.get(ident)
        if sent is None or not sent.mine or not sent.raw or not self._may_retry(f'{ident} {reader}'):
            return
        message = e2e.Message.FromString(sent.raw)
        head: dict[str, Value] = {'id': ident, 'type': 'media' if is_media(unwrapped(message)) else 'text'}
        to = self.chat(sent.chat)
        if isinstance(to, Group):
            key, _ = self.seals.encrypt_for(to.ident, b'')
            message.MergeFrom(_distribution(to, key))
            head |= {'to': to.jid, 'participant': reader.jid(to.server)}
        else:
            head['to'] = reader.jid(LID)
            if reader.account is self.account:
                own = e2e.Message()
                own.deviceSentMessage.destinationJID = str(to.jid(LID))
                own.deviceSentMessage.message.CopyFrom(message)
                message = own
        sealed = self.seals.encrypt(reader, message.SerializeToString(), anew=True)
        self.relay.keep.device(reader)
        self.relay.route_message(self.device, Node('message', head, [sealed]))

    def _may_retry(self, name: str) -> bool:
        count = self._retries.get(name, 0) + 1
        self._retries[name] = count
        if len(self._retries) > RETRIES_KEPT:
            del self._retries[next(iter(self._retries))]
        return count <= RETRIES


def _distribution(group: Group, key: bytes) -> Message:
    share = e2e.Message()
    share.senderKeyDistributionMessage.groupID = str(group.jid)
    share.senderKeyDistributionMessage.axolotlSenderKeyDistributionMessage = key
    return share
