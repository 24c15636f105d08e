"""How people and groups are addressed: WhatsApp's JIDs, and what users type instead of them."""

import re
from dataclasses import dataclass
from typing import Literal

import phonenumbers

from .errors import Invalid

PHONE, LID, GROUP = 's.whatsapp.net', 'lid', 'g.us'
STATUS, STATUS_GROUP = 'status@broadcast', 'status'
SERVERS: dict[str, Literal['phone', 'lid', 'group']] = {PHONE: 'phone', 'c.us': 'phone', LID: 'lid', GROUP: 'group'}
ULID_TEXT = re.compile(r'[0-9A-HJKMNP-TV-Z]{26}\Z')
JID = re.compile(r'(\d{3,20}(?:-\d{5,20})?)@([a-z.]+)\Z')
OLD_MEXICAN = re.compile(r'521[2-9]\d{9}\Z')  # no number any more, but WhatsApp has accounts under it
LOOKS_LIKE_NUMBER = re.compile(r'\+?[\d\s().\-/]+\Z')


@dataclass(frozen=True, slots=True)
class Address:
    """`digits` before the @; a group's may hold a dash. What is told to everybody is in the group called 'status'."""

    kind: Literal['phone', 'lid', 'group', 'contact']
    digits: str

    def __str__(self) -> str:
        if self.kind == 'group' and self.digits == STATUS_GROUP:
            return STATUS
        server = {'phone': PHONE, 'lid': LID, 'group': GROUP}.get(self.kind, '')
        return f'{self.digits}@{server}' if server else self.digits


def parse_recipient(text: str, country: str = '', *, field: str = 'to') -> Address:
    """What `to` may be: +E.164, digits, a JID or a contact's id.

    Numbers without a plus are read as international first, then as national ones of `country` (ISO code).
    Raises Invalid with the reason.
    """
    text = text.strip()
    if ULID_TEXT.match(text):
        return Address('contact', text)
    if text == STATUS:
        return Address('group', STATUS_GROUP)
    if '@' in text:
        return parse_jid(text, field=field)
    if not LOOKS_LIKE_NUMBER.match(text):
        raise Invalid(f'“{text[:40]}” is neither a phone number nor a WhatsApp address.', field=field)
    return Address('phone', _number(text, country, field))


def parse_jid(text: str, *, field: str = 'to') -> Address:
    """A JID as WhatsApp writes it, without a device. Raises Invalid."""
    match = JID.match(text)
    kind = SERVERS.get(match[2]) if match else None
    if match is None or kind is None:
        raise Invalid(f'“{text[:60]}” is not a WhatsApp address that can be written to.', field=field)
    return Address(kind, match[1])


def _number(text: str, country: str, field: str) -> str:
    digits = re.sub(r'\D', '', text)
    candidates = [(text, None)] if text.startswith('+') else [(f'+{digits}', None), (digits, country or None)]
    if not text.startswith('+') and digits.startswith('0'):
        candidates = [(digits, country or None)]  # nothing international starts with a zero
    for written, region in candidates:
        try:
            number = phonenumbers.parse(written, region)
        except phonenumbers.NumberParseException:
            continue
        # Possible, not valid: number plans change faster than their tables, and WhatsApp has the last word.
        if phonenumbers.is_possible_number(number):
            return f'{number.country_code}{phonenumbers.national_significant_number(number)}'
    if OLD_MEXICAN.match(digits):
        return digits
    hint = '' if country else ' Write it with a plus and the country code, like +15551230001.'
    raise Invalid(f'“{text[:40]}” is not a phone number.{hint}', field=field)


def shown_phone(digits: str) -> str:
    """For people: +1 555-123-0001, or the digits with a plus where the number plan is unknown."""
    try:
        number = phonenumbers.parse(f'+{digits}')
    except phonenumbers.NumberParseException:
        return f'+{digits}'
    if not phonenumbers.is_possible_number(number):
        return f'+{digits}'
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
