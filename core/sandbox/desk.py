"""How the calls of `control` are answered, inside the server's process."""

import inspect
import secrets
from datetime import UTC, datetime
from typing import get_args

from core.errors import Conflict, Invalid, NotFound
from core.sandbox import afterwards, attachments, calls, groups, limits, linking, polls, presence, writing
from core.sandbox.appstate import CONTACTS, PUSH_NAME
from core.sandbox.control import (
    CALLS,
    Addressing,
    DeviceOut,
    Fault,
    FaultKind,
    GroupAction,
    GroupOut,
    Item,
    PersonOut,
    Place,
    Presence,
    Seen,
)
from core.sandbox.faults import COUNTED, LIMITS, STANDING, checked
from core.sandbox.mailbox import Letter
from core.sandbox.node import LID, USER, Attrs, Jid, Node
from core.sandbox.people import Account, Device, Group, Peer
from core.sandbox.phone import Phone
from core.sandbox.protos import DecodeError, Message, e2e
from core.sandbox.server import Server
from core.sandbox.session import Session


class Desk:
    """The same names as `control.Calls`; some are coroutines."""

    def __init__(self, server: Server) -> None:
        self._server, self._relay = server, server.relay

    async def answer(self, name: str, arguments: dict[str, object]) -> object:
        """Raises NotFound, Invalid or Conflict."""
        if name not in CALLS:
            raise NotFound(f'The sandbox has no call {name}.')
        try:
            inspect.signature(getattr(self, name)).bind(**arguments)
        except TypeError as error:
            raise Invalid(f'{name}: {error}.') from error
        found = getattr(self, name)(**arguments)
        return await found if inspect.isawaitable(found) else found

    # ---- people

    def phones(self) -> tuple[PersonOut, ...]:
        return tuple(_person(account) for account in self._relay.people.accounts.values())

    def add_phone(self, phone: str, name: str = '', aliases: tuple[str, ...] = ()) -> PersonOut:
        number, others = _number(phone), tuple(map(_number, aliases))
        account = self._relay.people.accounts.get(number)
        if account is None:
            account = self._server.add_account(number, name, others)
        elif name and name != account.name:
            self._rename(account, name)
        if not account.aliases.issuperset(others):
            account.aliases.update(others)
            self._relay.keep.account(account)
        return _person(account)

    def _rename(self, account: Account, name: str) -> None:
        account.name = name
        account.app_state.set_push_name(name)
        self._state_changed(account, PUSH_NAME)

    def save_contact(self, phone: str, other: str, name: str) -> None:
        account, contact = self._account(phone), self._account(other)
        account.contacts[contact.number] = name
        account.app_state.set_contact(str(contact.jid(USER)), str(contact.jid(LID)), name)
        self._state_changed(account, CONTACTS)

    def _state_changed(self, account: Account, collection: str) -> None:
        self._relay.keep.account(account)
        news: Attrs = {'name': collection, 'version': account.app_state.collection(collection).version}
        self._relay.state_changed(account.devices[0], Node('collection', news))

    def picture(self, phone: str, data: bytes) -> str:
        content = [Node('picture', {'type': 'image'}, data)] if data else None
        self._phone(phone).ask(Node('iq', {'xmlns': 'w:profile:picture', 'type': 'set'}, content))
        return self._account(phone).picture

    def block(self, phone: str, other: str, on: bool = True) -> None:
        item = Node('item', {'jid': self._account(other).jid(LID), 'action': 'block' if on else 'unblock'})
        self._phone(phone).ask(Node('iq', {'xmlns': 'blocklist', 'type': 'set'}, [item]))

    def blocked(self, phone: str) -> tuple[str, ...]:
        found = map(self._relay.people.account, map(Jid.parse, sorted(self._account(phone).blocked)))
        return tuple(each.number for each in found if each)

    async def scan(self, phone: str, qr: str) -> int:
        device = await linking.scan(self._relay, self._account(phone), qr)
        return device.number if device else 0

    async def enter_code(self, phone: str, code: str) -> int:
        device = await linking.enter_code(self._relay, self._account(phone), code)
        return device.number if device else 0

    def offline(self, phone: str, off: bool) -> None:
        self._phone(phone).switch(off=off)

    # ---- talking

    def say(
        self, phone: str, to: str, text: str, *, quote: str = '', mentions: tuple[str, ...] = (), id: str = ''
    ) -> str:
        speaker = self._phone(phone)
        target = self._reachable(speaker, to)
        return speaker.send(target, speaker.text(target, text, quote=quote, mentions=mentions), id)

    def send(self, phone: str, to: str, message: bytes, *, id: str = '') -> str:
        speaker = self._phone(phone)
        try:
            parsed = e2e.Message.FromString(message)
        except (ValueError, DecodeError) as error:
            raise Invalid('These bytes are not a WhatsApp message.', field='message') from error
        return speaker.send(self._reachable(speaker, to), parsed, id)

    def attach(
        self,
        phone: str,
        to: str,
        data: bytes,
        *,
        mime: str,
        caption: str = '',
        filename: str = '',
        voice: bool = False,
        view_once: bool = False,
        quote: str = '',
    ) -> str:
        speaker = self._phone(phone)
        target = self._reachable(speaker, to)
        what = attachments.Attachment(data=data, mime=mime, caption=caption, filename=filename, voice=voice)
        message = attachments.upload(self._server.media, what)
        if quote:
            message = writing.with_context(message, speaker.answering(target, quote))
        return speaker.send(target, writing.once(message) if view_once else message)

    def locate(
        self,
        phone: str,
        to: str,
        latitude: float,
        longitude: float,
        *,
        name: str = '',
        address: str = '',
        quote: str = '',
    ) -> str:
        place = Place(latitude=latitude, longitude=longitude, name=name, address=address)
        return self._write(phone, to, writing.place_message(place), quote)

    def card(self, phone: str, to: str, name: str, phones: tuple[str, ...], *, quote: str = '') -> str:
        return self._write(phone, to, writing.card_message(name, phones), quote)

    def poll(
        self, phone: str, to: str, name: str, options: tuple[str, ...], *, multiple: bool = False, quote: str = ''
    ) -> str:
        return self._write(
            phone, to, polls.poll_message(name, writing.checked_options(options), multiple=multiple), quote
        )

    def _write(self, phone: str, to: str, message: Message, quote: str) -> str:
        speaker = self._phone(phone)
        target = self._reachable(speaker, to)
        if quote:
            message = writing.with_context(message, speaker.answering(target, quote))
        return speaker.send(target, message)

    def vote(self, phone: str, message: str, options: tuple[str, ...]) -> str:
        return afterwards.vote(self._switched_on(phone), message, options)

    def react(self, phone: str, message: str, emoji: str) -> str:
        return afterwards.react(self._switched_on(phone), message, emoji)

    def edit(self, phone: str, message: str, text: str) -> str:
        return afterwards.edit(self._switched_on(phone), message, text)

    def revoke(self, phone: str, message: str) -> str:
        return afterwards.revoke(self._switched_on(phone), message)

    def forward(self, phone: str, message: str, to: str) -> str:
        speaker = self._phone(phone)
        return afterwards.forward(speaker, message, self._reachable(speaker, to))

    def status(self, phone: str, text: str = '', *, data: bytes = b'', mime: str = '') -> str:
        speaker = self._switched_on(phone)
        if data:
            what = attachments.Attachment(data=data, mime=mime, caption=text)
            return speaker.send(speaker.status(), attachments.upload(self._server.media, what))
        return speaker.send(speaker.status(), writing.text_message(text, e2e.ContextInfo()))

    def call(self, phone: str, to: str, *, video: bool = False) -> str:
        speaker = self._phone(phone)
        callee = self._reachable(speaker, to)
        if not isinstance(callee, Account):
            raise Invalid('A phone of the sandbox can call one person only.', field='to')
        return calls.begin(speaker, callee, video=video)

    def hang_up(self, phone: str) -> int:
        return calls.hang_up(self._phone(phone))

    def presence(self, phone: str, state: Presence) -> None:
        if state not in get_args(Presence):
            raise Invalid('The state is available or unavailable.', field='state')
        presence.set_online(self._relay, self._switched_on(phone).device, state == 'available')

    def read(self, phone: str, ids: tuple[str, ...] | None = None) -> int:
        return self._phone(phone).read(ids)

    def typing(self, phone: str, to: str, state: str = 'composing') -> None:
        if state not in ('composing', 'paused', 'recording'):
            raise Invalid('The state is composing, paused or recording.', field='state')
        speaker = self._phone(phone)
        speaker.typing(self._reachable(speaker, to), state)

    # ---- the past

    def remember(self, phone: str, chat: str, text: str, *, at: datetime, mine: bool = False) -> str:
        owner = self._phone(phone)
        other = owner.chat(chat)
        name = other.number if isinstance(other, Account) else str(other.jid)
        people = [other] if isinstance(other, Account) else [each for each in other.people if each is not owner.account]
        author = owner.account if mine or not people else people[0]
        raw: bytes = writing.text_message(text).SerializeToString()
        kept = Letter(
            '3A' + secrets.token_hex(9).upper(), name, author.number, mine, at.timestamp(), 'text', text, raw=raw
        )
        kept.tick, kept.seen = 'read' if mine else '', True
        owner.mailbox.add(kept)
        self._relay.tell(owner.account, 'message')
        return kept.id

    def history(self, phone: str, chats: int, messages: int) -> None:
        if chats < 0 or messages < 0:
            raise Invalid('A history has no fewer than 0 chats and messages.', field='chats')
        owner = self._phone(phone)
        owner.state.history_chats, owner.state.history_messages = chats, messages
        owner.mark()

    # ---- looking

    def inbox(self, phone: str) -> tuple[Item, ...]:
        owner = self._phone(phone)
        return tuple(each.item(owner.account.number) for each in owner.mailbox if not each.mine)

    def conversation(self, phone: str, chat: str = '', latest: int = 0) -> tuple[Item, ...]:
        owner = self._phone(phone)
        letters = sorted((each for each in owner.mailbox if chat in ('', each.chat)), key=lambda each: each.at)
        return tuple(each.item(owner.account.number) for each in letters[-latest:])

    def media(self, phone: str, message: str) -> bytes:
        found = self._phone(phone).mailbox.get(message)
        if found is None:
            raise NotFound('This phone has no such message.')
        return attachments.download(self._server.media, e2e.Message.FromString(found.raw))

    def sessions(self) -> tuple[DeviceOut, ...]:
        return tuple(_device(each) for each in self._relay.sessions)

    def records(self) -> tuple[Seen, ...]:
        return tuple(each.seen() for each in self._relay.records.values())

    def unknown(self) -> tuple[str, ...]:
        return tuple(self._relay.unknown)

    def set_addressing(self, direct: Addressing = 'pn', groups: Addressing = 'lid') -> None:
        if direct not in ('pn', 'lid') or groups not in ('pn', 'lid'):
            raise Invalid('People are addressed by pn or lid.', field='direct')
        self._relay.addressing = LID if direct == 'lid' else USER
        self._relay.group_mode = groups

    # ---- groups

    def groups(self) -> tuple[GroupOut, ...]:
        return tuple(_group(each) for each in self._relay.people.groups.values())

    def add_group(self, name: str, owner: str, members: tuple[str, ...]) -> GroupOut:
        boss = self._account(owner)
        group = self._relay.people.new_group(boss, name, map(self._account, members), self._relay.group_mode)
        change = Node('create', {'type': 'new', 'reason': 'invite'}, [group.node()])
        self._relay.notify_group(group, change, boss.devices[0])
        self._server.store.flush()
        return _group(group)

    def group_change(
        self,
        phone: str,
        group: str,
        action: GroupAction,
        members: tuple[str, ...] = (),
        *,
        text: str = '',
        data: bytes = b'',
    ) -> GroupOut:
        actor, found = self._switched_on(phone), self._relay.people.group_of(Jid.parse(group))
        if found is None:
            raise NotFound(f'There is no group {group} in the sandbox.')
        groups.change(actor, found, action, map(self._account, members), text=text, data=data)
        self._server.store.flush()
        return _group(found)

    # ---- faults

    def faults(self) -> tuple[Fault, ...]:
        held = [each for account in self._relay.people.accounts.values() for each in limits.held_back(account)]
        return (*self._relay.faults.all(), *held)

    def set_fault(self, fault: Fault) -> None:
        if checked(fault).phone:
            self._account(fault.phone)
        if fault.kind in STANDING | COUNTED:
            self._relay.faults.set(fault)
        elif fault.kind in LIMITS:
            self._hold_back(self._account(fault.phone), fault)
        elif fault.kind == 'outage':
            self._server.outage(fault.seconds)
        elif fault.kind == 'expire_qr':
            for session in list(self._relay.unpaired):
                session.end(0)
        elif fault.kind == 'logout':
            for device in self._linked(fault.phone):
                linking.remove_device(self._relay, device)
        else:
            for session in self._connected(fault.phone):
                _hurt(session, fault)

    def _hold_back(self, account: Account, fault: Fault) -> None:
        limits.hold_back(account, fault)
        self._relay.keep.account(account)
        for device in account.linked if fault.kind == 'ban' else ():
            if device.session:
                device.session.drop()

    def clear_fault(self, kind: FaultKind | None = None) -> None:
        self._relay.faults.clear(kind)
        for account in self._relay.people.accounts.values():
            if limits.let_go(account, kind):
                self._relay.keep.account(account)

    # ---- finding

    def _account(self, phone: str) -> Account:
        account = self._relay.people.accounts.get(phone.lstrip('+'))
        if account is None:
            raise NotFound(f'There is no phone with the number {phone} in the sandbox.')
        return account

    def _phone(self, phone: str) -> Phone:
        found = self._account(phone).devices[0].phone
        if found is None:
            raise NotFound(f'The account {phone} has no phone.')
        return found

    def _switched_on(self, phone: str) -> Phone:
        found = self._phone(phone)
        if found.state.offline:
            raise Conflict(f'The phone {found.account.number} is switched off.', code='phone_off')
        return found

    def _reachable(self, speaker: Phone, to: str) -> Peer:
        return self._switched_on(speaker.account.number).chat(to)

    def _linked(self, phone: str) -> list[Device]:
        devices = self._account(phone).linked
        if not devices:
            raise Conflict(f'No device is linked to {phone}.', code='not_linked')
        return devices

    def _connected(self, phone: str) -> list[Session]:
        found = [device.session for device in self._linked(phone) if device.session]
        if not found:
            raise Conflict(f'No device of {phone} is connected.', code='not_connected')
        return found


def _hurt(session: Session, fault: Fault) -> None:
    if fault.kind == 'drop':
        session.drop()
    elif fault.kind == 'conflict':
        linking.replaced(session)
    else:
        content = [Node('conflict', {'type': fault.conflict})] if fault.conflict else None
        session.send(Node('stream:error', {'code': str(fault.code)}, content))
        session.end()


def _person(account: Account) -> PersonOut:
    phone = account.devices[0].phone
    return PersonOut(
        phone=account.number,
        name=account.name,
        lid=account.lid,
        devices=tuple(each.number for each in account.linked),
        offline=bool(phone and phone.state.offline),
        unread=phone.mailbox.unread if phone else 0,
    )


def _number(phone: str) -> str:
    number = phone.lstrip('+')
    if not (number.isascii() and number.isdigit() and 7 <= len(number) <= 15):
        raise Invalid('A phone number is 7 to 15 digits, with its country code.', field='phone')
    return number


def _group(group: Group) -> GroupOut:
    return GroupOut(
        jid=str(group.jid),
        name=group.subject,
        owner=group.owner_number,
        members=tuple(each.number for each in group.members),
        admins=tuple(each.number for each, role in group.members.items() if role),
        description=group.topic,
        picture=group.picture,
        invite=group.invite,
        locked=group.locked,
        announce=group.announce,
        approval=group.approval,
    )


def _device(session: Session) -> DeviceOut:
    device = session.device
    since = datetime.fromtimestamp(session.since, UTC)
    return DeviceOut(phone=device.account.number if device else '', device=device.number if device else 0, since=since)
