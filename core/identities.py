"""Whom an address belongs to: one contact and one chat, whether a phone number or a LID arrives."""

from typing import TypeVar

from data.chats import Chat, chat_with, create_chat
from data.contacts import Contact, contact_by, create_contact
from data.database import after_commit
from data.pacing import doubt_numbers, known_number
from data.traffic import ChatCard, chat_card

from .addresses import Address, parse_jid
from .errors import Invalid, NotFound
from .merging import merge
from .news import NewsDesk
from .world import World

K = TypeVar('K')
V = TypeVar('V')
CACHED = 20_000


class Identities:
    """Everything here that finds or makes rows belongs inside a write."""

    def __init__(self, world: World, desk: NewsDesk) -> None:
        self.world, self.desk = world, desk
        self._contacts: dict[str, str] = {}  # address -> contact id
        self._chats: dict[tuple[str, str], str] = {}  # session id, contact id or group -> chat id
        self._names: dict[str, str] = {}  # contact id -> the push name we have stored
        self._people: dict[str, dict[str, str | None]] = {}  # contact id -> its body
        self._cards: dict[str, ChatCard] = {}

    def contact(self, address: str, alt: str = '', push_name: str = '') -> str:
        """The id of the contact at `address`; `alt` is the same person's other address, if the event told it."""
        known = self._contacts.get(address)
        if known is None or (alt and self._contacts.get(alt) != known):
            known = self._resolve(address, alt, push_name)
        if push_name and self._names.get(known) != push_name:
            self._rename(known, push_name)
            _remember(self._names, known, push_name)
        return known

    def call(self, contact_id: str, name: str) -> None:
        """What we call somebody from now on, whatever they call themselves."""
        theirs = Contact.id == contact_id
        if Contact.update(name=name).where(theirs, Contact.name != name).execute():
            after_commit(lambda: self._people.pop(contact_id, None))
            found = Contact.get(theirs)
            self.desk.tell('contact.updated', {'contact': person(found), 'push_name': found.push_name})

    def same_person(self, phone: str, lid: str) -> None:
        """Digits of both, from whatever source offers the link."""
        if phone and lid:
            self.contact(str(Address('phone', phone)), str(Address('lid', lid)))

    def chat(self, session_id: str, *, contact_id: str = '', group: str = '', name: str = '') -> str:
        """The id of the session's chat with that contact or group (digits), made if need be."""
        key = (session_id, contact_id or group)
        if known := self._chats.get(key):
            return known
        row = chat_with(session_id, contact_id=contact_id, group=group) or create_chat(
            self.world.new_id(), session_id, contact_id=contact_id, group=group, name=name, at=self.world.now()
        )
        _remember(self._chats, key, str(row.id))
        return str(row.id)

    def chat_for(self, session_id: str, to: Address) -> str:
        """The chat a message to `to` goes into. Raises NotFound for a contact id nobody has."""
        if to.kind == 'group':
            return self.chat(session_id, group=to.digits)
        return self.chat(session_id, contact_id=self.someone(to))

    def someone(self, to: Address) -> str:
        """The contact that an address, which is no group's, leads to. Raises NotFound for an id nobody has."""
        if to.kind != 'contact':
            return self.contact(str(self._as_known(to)))
        if Contact.get_or_none(Contact.id == to.digits) is None:
            raise NotFound('There is no contact with this id.')
        return to.digits

    def known(self, to: Address) -> str | None:
        """The same, None for somebody we have no contact of; nothing is made."""
        if to.kind == 'contact':
            return self.someone(to)
        there = self._as_known(to)
        found = contact_by(lid=there.digits) if there.kind == 'lid' else contact_by(phone=there.digits)
        return str(found.id) if found is not None else None

    def _as_known(self, to: Address) -> Address:
        """A number as WhatsApp writes it, if it was asked about this one: people write some in two ways."""
        if to.kind != 'phone' or str(to) in self._contacts or contact_by(phone=to.digits) is not None:
            return to
        row = known_number(to.digits)
        return parse_jid(row.address) if row is not None and row.address else to

    def respell(self, phone: str, address: str) -> None:
        """WhatsApp says that the number (digits) leads to `address`: from now on its contact is known by that."""
        there, contact = parse_jid(address), contact_by(phone=phone)
        if contact is None or there.digits == phone:
            return
        by_lid = there.kind == 'lid'
        known = contact_by(lid=there.digits) if by_lid else contact_by(phone=there.digits)
        if known is None:
            self._complete(contact, '' if by_lid else there.digits, there.digits if by_lid else '')
        elif known.id != contact.id and contact.lid in (None, known.lid):  # else WhatsApp has told them apart
            self._merge(keep=known, gone=contact)

    def rename_group(self, session_id: str, group: str, name: str) -> None:
        chat_id = self.chat(session_id, group=group, name=name)
        if name:
            Chat.update(name=name).where(Chat.id == chat_id, Chat.name != name).execute()
            after_commit(lambda: self._cards.pop(chat_id, None))

    def forget_cached(self) -> None:
        """After rows were deleted."""
        for cache in (self._contacts, self._chats, self._names, self._people, self._cards):
            cache.clear()

    def _forget_twice(self) -> None:
        """Who has which address changed: what was remembered earlier in this commit is outdated too."""
        self.forget_cached()
        after_commit(self.forget_cached)

    def card(self, chat_id: str) -> ChatCard:
        """Where a chat leads. Raises NotFound when it was deleted."""
        card = self._cards.get(chat_id)
        if card is None:
            try:
                card = chat_card(chat_id)
            except LookupError as error:
                raise NotFound('This chat was deleted.') from error
            _remember(self._cards, chat_id, card)
        return card

    def peer(self, chat_id: str) -> dict[str, str | None]:
        """The other side of a chat, as every body shows it."""
        card = self.card(chat_id)
        if card.contact_id:
            return self.person(card.contact_id)
        name, group = card.name or 'Group', str(Address('group', card.group))
        return {'id': card.id, 'phone': None, 'lid': None, 'name': name, 'group': group}

    def address(self, chat_id: str) -> str:
        """Where messages of this chat are sent to."""
        card = self.card(chat_id)
        return self.address_of(card.contact_id) if card.contact_id else str(Address('group', card.group))

    def address_of(self, contact_id: str) -> str:
        """The phone number where it is known, else the LID."""
        who = self.person(contact_id)
        return str(Address('phone', str(who['phone'])[1:]) if who['phone'] else Address('lid', str(who['lid'])))

    def person(self, contact_id: str) -> dict[str, str | None]:
        """The contact as every body shows people."""
        body = self._people.get(contact_id)
        if body is None:
            body = person(Contact.get_by_id(contact_id))
            _remember(self._people, contact_id, body)
        return body

    def _rename(self, contact_id: str, push_name: str) -> None:
        """What somebody calls themselves."""
        theirs = Contact.id == contact_id
        if Contact.update(push_name=push_name).where(theirs, Contact.push_name != push_name).execute():
            after_commit(lambda: self._people.pop(contact_id, None))
            self.desk.tell('contact.updated', {'contact': person(Contact.get(theirs)), 'push_name': push_name})

    def _resolve(self, address: str, alt: str, push_name: str) -> str:
        phone, lid = _digits(address, alt)
        by_phone = contact_by(phone=phone) if phone else None
        by_lid = contact_by(lid=lid) if lid else None
        if by_phone and by_phone.lid and lid and by_phone.lid != lid:
            self._give_up_number(by_phone)
            by_phone = None
        found = by_phone or by_lid
        if found is None:
            found = create_contact(self.world.new_id(), phone=phone, lid=lid, push_name=push_name, at=self.world.now())
            self.desk.tell('contact.created', {'contact': person(found)})
        elif by_phone and by_lid and by_phone.id != by_lid.id:
            self._merge(keep=by_phone, gone=by_lid)
        else:
            self._complete(found, phone, lid)
        for each in (address, alt):
            if each:
                _remember(self._contacts, each, found.id)
        return str(found.id)

    def _give_up_number(self, contact: Contact) -> None:
        """Numbers are handed out again, LIDs never: whoever has another LID now is somebody else."""
        Contact.update(phone=None).where(Contact.id == contact.id).execute()
        contact.phone = None
        self._forget_twice()
        self.desk.tell('contact.updated', {'contact': person(contact), 'push_name': contact.push_name})

    def _complete(self, contact: Contact, phone: str, lid: str) -> None:
        if (phone and contact.phone != phone) or (lid and contact.lid != lid):
            if phone and contact.phone:
                self._forget_twice()  # the old number may soon be somebody else's
                doubt_numbers(str(contact.phone), phone)
            contact.phone, contact.lid = phone or contact.phone, lid or contact.lid
            Contact.update(phone=contact.phone, lid=contact.lid).where(Contact.id == contact.id).execute()
            after_commit(lambda: self._people.pop(str(contact.id), None))
            self.desk.tell('contact.resolved', {'contact': person(contact)})

    def _merge(self, *, keep: Contact, gone: Contact) -> None:
        """Two contacts were one person all along."""
        chats = merge(keep=keep, gone=gone)
        self._forget_twice()
        self.desk.tell('contact.resolved', {'contact': person(keep), 'merged': gone.id, 'chats': chats})


def _remember(cache: dict[K, V], key: K, value: V) -> None:
    """Only what is committed: a row that was undone must not live on in a cache."""

    def keep() -> None:
        if len(cache) >= CACHED:
            cache.clear()
        cache[key] = value

    after_commit(keep)


def _digits(address: str, alt: str) -> tuple[str, str]:
    phone = lid = ''
    for each in (address, alt):
        if each:
            parsed = parse_jid(each)
            if parsed.kind == 'phone':
                phone = phone or parsed.digits
            elif parsed.kind == 'lid':
                lid = lid or parsed.digits
    if not (phone or lid):
        raise Invalid(f'{address} is not a person.')
    return phone, lid


def person(contact: Contact) -> dict[str, str | None]:
    """A person as every body shows them."""
    return {
        'id': str(contact.id),
        'phone': f'+{contact.phone}' if contact.phone else None,
        'lid': contact.lid,
        'name': contact.shown_name,
    }
