"""What users may write instead of a WhatsApp address."""

import pytest

from core.addresses import parse_recipient, shown_phone
from core.errors import Invalid


@pytest.mark.parametrize(
    ('text', 'country', 'address'),
    [
        ('+15551230001', '', '15551230001@s.whatsapp.net'), ('15551230001', '', '15551230001@s.whatsapp.net'),
        ('+1 (555) 123-0001', '', '15551230001@s.whatsapp.net'),
        ('0812-3456-7890', 'ID', '6281234567890@s.whatsapp.net'),
        ('0151 23456789', 'DE', '4915123456789@s.whatsapp.net'),
        ('4915123456789', 'US', '4915123456789@s.whatsapp.net'),
        ('15551230001@s.whatsapp.net', '', '15551230001@s.whatsapp.net'),
        ('15551230001@c.us', '', '15551230001@s.whatsapp.net'),
        ('123456@lid', '', '123456@lid'), ('120363012345678901@g.us', '', '120363012345678901@g.us'),
        ('49123456-1600000000@g.us', '', '49123456-1600000000@g.us'),
    ],
)  # fmt: skip
def test_numbers_and_addresses_are_understood(text: str, country: str, address: str) -> None:
    assert str(parse_recipient(text, country)) == address


@pytest.mark.parametrize(
    'text',
    ['', '   ', 'anna', '12', '+', '1555123000a', '0151 23456789', '123@example.org', '@s.whatsapp.net', 'x@g.us',
     'news@broadcast', '1' * 40, '15551230001:3@s.whatsapp.net', '+15551230001; rm -rf'],
)  # fmt: skip
def test_anything_else_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_recipient(text)
    assert refusal.value.field == 'to'
    assert str(refusal.value)


def test_numbers_are_shown_as_people_write_them() -> None:
    assert shown_phone('4915123456789') == '+49 1512 3456789'
    assert shown_phone('999') == '+999'
