"""How the calls of `control` are answered, inside the server's process."""

import inspect
from datetime import UTC, datetime

from core.errors import Conflict, Invalid, NotFound
from core.sandbox import attachments, linking
from core.sandbox.appstate import PUSH_NAME
from core.sandbox.control import (
    CALLS,
    Addressing,
    DeviceOut,
    Fault,
    FaultKind,
    GroupOut,
    Item,
    PersonOut,
    Seen,
)
from core.sandbox.faults import COUNTED, STANDING, checked
from core.sandbox.node import LID, USER, Attrs, Node
from core.sandbox.people import Account, Device, Group
from core.sandbox.phone import Phone
from core.sandbox.protos import e2e
from core.sandbox.server import Server
from core.sandbox.session import Session


class Desk:
    """The same names as `control.Calls`; some are coroutines."""

    def __init__(self, server: Server) -> None:
        self._server, self._relay = server, server.relay

    async def call(self, name: str, arguments: dict[str, object]) -> object:
        """Raises NotFound, Invalid or Conflict."""
        if name not in CALLS:
            raise NotFound(f'The sandbox has no call {name}.')
        try:
            inspect.signature(getattr(self, name)).bind(**arguments)
        except TypeError as error:
            raise Invalid(f'{name}: {error}.') from error
        answer = getattr(self, name)(**arguments)
        return await answer if inspect.isawaitable(answer) else answer

    # ---- people

    def phones(self) -> tuple[PersonOut, ...]:
        return tuple(_person(account) for account in self._relay.people.accounts.values())

    def add_phone(self, phone: str, name: str = '') -> PersonOut:
        number = phone.lstrip('+')
        if not (number.isascii() and number.isdigit() and 7 <= len(number) <= 15):
            raise Invalid('A phone number is 7 to 15 digits, with its country code.', field='phone')
        account = self._relay.people.accounts.get(number)
        if account is None:
            account = self._server.add_account(number, name)
        elif name and name != account.name:
            self._rename(account, name)
        return _person(account)

    def _rename(self, account: Account, name: str) -> None:
        account.name = name
        account.app_state.set_push_name(name)
        self._relay.keep.account(account)
        news: Attrs = {'name': PUSH_NAME, 'version': account.app_state.collection(PUSH_NAME).version}
        self._relay.state_changed(account.devices[0], Node('collection', news))

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
        except ValueError as error:
            raise Invalid('These bytes are not a WhatsApp message.', field='message') from error
        return speaker.send(self._reachable(speaker, to), parsed, id)

    def attach(
        self, phone: str, to: str, data: bytes, *, mime: str, caption: str = '', filename: str = '', voice: bool = False
    ) -> str:
        speaker = self._phone(phone)
        what = attachments.Attachment(data=data, mime=mime, caption=caption, filename=filename, voice=voice)
        return speaker.send(self._reachable(speaker, to), attachments.upload(self._server.media, what))

    def read(self, phone: str, ids: tuple[str, ...] | None = None) -> int:
        return self._phone(phone).read(ids)

    def typing(self, phone: str, to: str, state: str = 'composing') -> None:
        if state not in ('composing', 'paused', 'recording'):
            raise Invalid('The state is composing, paused or recording.', field='state')
        speaker = self._phone(phone)
        speaker.typing(self._reachable(speaker, to), state)

    def react(self, phone: str, message: str, emoji: str) -> str:
        return self._phone(phone).react(message, emoji)

    # ---- looking

    def inbox(self, phone: str) -> tuple[Item, ...]:
        return tuple(each.item() for each in self._phone(phone).mailbox if not each.mine)

    def conversation(self, phone: str, chat: str = '', latest: int = 0) -> tuple[Item, ...]:
        letters = [each for each in self._phone(phone).mailbox if chat in ('', each.chat)]
        return tuple(each.item() for each in letters[-latest:])

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

    # ---- faults

    def faults(self) -> tuple[Fault, ...]:
        return self._relay.faults.all()

    def set_fault(self, fault: Fault) -> None:
        if checked(fault).phone:
            self._account(fault.phone)
        if fault.kind in STANDING | COUNTED:
            self._relay.faults.set(fault)
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

    def clear_fault(self, kind: FaultKind | None = None) -> None:
        self._relay.faults.clear(kind)

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

    def _reachable(self, speaker: Phone, to: str) -> Account | Group:
        if speaker.state.offline:
            raise Conflict(f'The phone {speaker.account.number} is switched off.', code='phone_off')
        return speaker.chat(to)

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


def _group(group: Group) -> GroupOut:
    members = tuple(each.number for each in group.members)
    return GroupOut(jid=str(group.jid), name=group.subject, owner=group.owner_number, members=members)


def _device(session: Session) -> DeviceOut:
    device = session.device
    since = datetime.fromtimestamp(session.since, UTC)
    return DeviceOut(phone=device.account.number if device else '', device=device.number if device else 0, since=since)
