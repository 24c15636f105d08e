"""A simulated phone: what a person with WhatsApp in the hand can do, without a Go library."""

import logging
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import Conflict, Invalid, NotFound
from core.sandbox import afterwards, calls, history, presence, rows, writing
from core.sandbox.iq import Refused, answer
from core.sandbox.mailbox import Letter, Mailbox, letter
from core.sandbox.message import SILENT, edit_mark, said, stanza_type
from core.sandbox.node import BROADCAST, GROUP, LID, STATUS, USER, Attrs, Jid, Node, Value
from core.sandbox.people import Account, Device, Group, Peer, Status
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
    """`history_chats` and `history_messages`: how much of each a newly linked device is told."""

    keys: Keys
    offline: bool = False
    history_chats: int = 0
    history_messages: int = 0


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

    def send(self, to: Peer, message: Message, ident: str = '') -> str:
        """Send *message* to every device of *to*; returns its id. Raises Undecryptable when nobody has keys."""
        ident = ident or '3A' + secrets.token_hex(9).upper()
        participants, content = self._sealed(to, message)
        head: Attrs = {'id': ident, 'to': to.jid(LID) if isinstance(to, Account) else to.jid}
        head = {**head, 'type': stanza_type(message), 'edit': edit_mark(message)}
        code = self.relay.route_message(self.device, Node('message', head, [participants, *content]))
        chat = to.number if isinstance(to, Account) else str(to.jid)
        self._keep(message, ident, chat=chat, sender=self.account, from_jid=self.device.jid(USER), failed=bool(code))
        return ident

    def _sealed(self, to: Peer, message: Message) -> tuple[Node, list[Node]]:
        """(the <participants> with a ciphertext each, what all of them share)."""
        plain: bytes = message.SerializeToString()
        if not isinstance(to, Account):
            key, shared = self.seals.encrypt_for(to.ident, plain)
            plain = _distribution(to, key).SerializeToString()
            return self._each((account, plain) for account in dict.fromkeys([*to.people, self.account])), [shared]
        own = _for_own_devices(to, message)
        return self._each({to: plain, self.account: own.SerializeToString()}.items()), []

    def _each(self, plains: Iterable[tuple[Account, bytes]]) -> Node:
        entries = [
            Node('to', {'jid': device.jid(LID)}, [self.seals.encrypt(device, plain)])
            for account, plain in plains
            for device in account.devices.values()
            if device is not self.device and device.bundle
        ]
        return Node('participants', content=entries)

    def text(self, to: Peer, text: str, *, quote: str = '', mentions: Iterable[str] = ()) -> Message:
        """A text message, not yet sent. Raises NotFound when the quoted message is not in the phone."""
        people = [self.relay.people.accounts.get(number) for number in mentions]
        for each in filter(None, people):  # the apps write what stands in the address: in most groups the LID
            text = text.replace(f'@{each.number}', f'@{each.jid(self.server(to)).user}')
        if not quote and not people:
            return writing.text_message(text)
        context = self.answering(to, quote) if quote else e2e.ContextInfo()
        context.mentionedJID.extend(str(each.jid(self.server(to))) for each in people if each)
        return writing.text_message(text, context)

    def answering(self, to: Peer, quote: str) -> Message:
        """The ContextInfo of what answers the message *quote*. Raises NotFound when it is not in the phone."""
        quoted = self.letter(quote)
        context = e2e.ContextInfo(stanzaID=quote)
        context.participant = str(self.relay.people.accounts[quoted.sender].jid(self.server(to)))
        context.quotedMessage.ParseFromString(quoted.raw)
        return context

    def key(self, about: Letter) -> Message:
        """The MessageKey by which others know *about*."""
        to = self.chat(about.chat)
        key = e2e.Message().reactionMessage.key
        key.ID, key.fromMe = about.id, about.mine
        key.remoteJID = str(to.jid(self.server(to))) if isinstance(to, Account) else str(to.jid)
        if not isinstance(to, Account) and not about.mine:
            key.participant = str(self.relay.people.accounts[about.sender].jid(to.server))
        return key

    def server(self, to: Peer) -> str:
        """How people are named in this chat: USER or LID."""
        return self.relay.addressing if isinstance(to, Account) else to.server

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

    def typing(self, to: Peer, state: str) -> None:
        content = Node('composing', {'media': 'audio'}) if state == 'recording' else Node(state)
        target = to.jid(USER) if isinstance(to, Account) else to.jid
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

    def chat(self, name: str) -> Peer:
        """The person or group called *name* in a letter. Raises NotFound."""
        jid = Jid.parse(name) if '@' in name else Jid(name.lstrip('+'))
        if jid == STATUS:
            return self.status()
        found = self.relay.people.group_of(jid) or self.relay.people.account(jid)
        if found is None:
            raise NotFound(f'Nobody in the sandbox has the number or address {name}.')
        if isinstance(found, Account) and found is self.account:
            raise Invalid('A phone of the sandbox cannot write to itself.', field='to')
        return found

    def status(self) -> Status:
        """What it shows goes to the people of its address book and of its chats."""
        talked = {each.chat for each in self.mailbox if each.chat.isdigit()}
        numbers = {**self.account.contacts, **dict.fromkeys(talked)}
        found = [self.relay.people.accounts.get(number) for number in numbers]
        return Status(tuple(each for each in found if each and each is not self.account))

    def ask(self, query: Node) -> list[Node]:
        """Ask the server something, as a linked client does. Raises Conflict with its refusal."""
        try:
            return answer(self, query)
        except Refused as refused:
            raise Conflict(f'WhatsApp refuses this ({refused}).', code='refused') from refused

    @property
    def known(self) -> Device:
        return self.device

    def letter(self, ident: str) -> Letter:
        """Raises NotFound."""
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
            elif node.tag == 'call':
                calls.taken(self, node)
        except Exception:  # one odd stanza must not stop the phone
            log.exception('the phone %s cannot handle a <%s>', self.account.number, node.tag)
        self.relay.changed()

    def _take_message(self, node: Node) -> None:
        sender = self.relay.people.device(node.jid('participant') or node.jid('from'))
        if sender is None:
            return
        chat = node.jid('from') or Jid('')
        if chat.server not in (GROUP, BROADCAST):
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
            around, message = message, message.deviceSentMessage.message
            message.messageContextInfo.MergeFrom(around.messageContextInfo)
        name = self._chat_name(chat)
        history.asked(self, sender, node.text('id'), message)
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
        else:
            afterwards.apply(self, new, message)
        self.mailbox.add(new)
        self.relay.tell(self.account, 'reaction' if new.kind == 'reaction' else 'message')

    def _chat_name(self, chat: Jid) -> str:
        account = self.relay.people.account(chat)
        return account.number if account else str(chat)

    def _receipt(self, chat: str, author: Jid, ids: list[str], kind: str, content: list[Node] | None = None) -> None:
        """*author*: the device that wrote, by phone number."""
        head: dict[str, Value] = {'id': ids[0], 'type': kind, 't': int(time.time())}
        together = Jid.parse(chat) if '@' in chat else None
        device = self.relay.people.device(author)
        if together and device:
            group = self.relay.people.group_of(together)
            head |= {'to': together, 'participant': device.jid(group.server if group else LID)}
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
        head: dict[str, Value] = {'id': ident, 'type': stanza_type(message), 'edit': edit_mark(message)}
        to = self.chat(sent.chat)
        if not isinstance(to, Account):
            key, _ = self.seals.encrypt_for(to.ident, b'')
            message.MergeFrom(_distribution(to, key))
            head |= {'to': to.jid, 'participant': reader.jid(to.server)}
        else:
            head['to'] = reader.jid(LID)
            if reader.account is self.account:
                message = _for_own_devices(to, message)
        sealed = self.seals.encrypt(reader, message.SerializeToString(), anew=True)
        self.relay.keep.device(reader)
        self.relay.route_message(self.device, Node('message', head, [sealed]))

    def _may_retry(self, name: str) -> bool:
        count = self._retries.get(name, 0) + 1
        self._retries[name] = count
        if len(self._retries) > RETRIES_KEPT:
            del self._retries[next(iter(self._retries))]
        return count <= RETRIES


def _distribution(to: Group | Status, key: bytes) -> Message:
    share = e2e.Message()
    share.senderKeyDistributionMessage.groupID = str(to.jid)
    share.senderKeyDistributionMessage.axolotlSenderKeyDistributionMessage = key
    return share


def _for_own_devices(to: Account, message: Message) -> Message:
    """What the sender's other devices get. A secret stands outside: that is where they look for it."""
    own = e2e.Message()
    own.deviceSentMessage.destinationJID = str(to.jid(LID))
    own.deviceSentMessage.message.CopyFrom(message)
    if message.HasField('messageContextInfo'):
        own.messageContextInfo.CopyFrom(message.messageContextInfo)
    return own
