"""Filters for what people read in WhatsApp: phone numbers, money, moments, bold and shortened text."""

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers
from jinja2.exceptions import FilterArgumentError

TEXT_MOST, CAPTION_MOST = 4_096, 1_024  # characters
STYLE = re.compile(r'1(?P<thousands>[.,\'’  ]?)234(?:(?P<point>[.,])(?P<decimals>0+|5\d*))?\Z')
WITHOUT_CENTS = {
    'BIF',
    'CLP',
    'DJF',
    'GNF',
    'ISK',
    'JPY',
    'KMF',
    'KRW',
    'PYG',
    'RWF',
    'UGX',
    'VND',
    'XAF',
    'XOF',
    'XPF',
}
WITH_THREE = {'BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'}
MONEY_MOST = 10**15
MILLISECONDS = 10**11  # as seconds this would be the year 5138
FORMAT_MOST = 100
JOINERS = '\u200d\ufe0e\ufe0f\u20e3'


def phone(value: Any, country: str = '') -> str:
    """`+15551230001` as +1 555-123-0001; what is none stays as it is. `country` (DE): of numbers without its code."""
    written = str(value).strip()[:40]
    international = written if written.startswith('+') or country else f'+{written}'
    try:
        number = phonenumbers.parse(international, country.upper() or None)
    except phonenumbers.NumberParseException:
        return str(value)
    if not phonenumbers.is_possible_number(number):
        return str(value)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def money(value: Any, currency: str = '', style: str = '1,234.50') -> str:
    """1234.5 as 1,234.50. `currency`: a code goes behind (EUR), a sign before ($). `style`: how 1234.50 is written."""
    pattern = STYLE.match(style)
    if pattern is None:
        raise FilterArgumentError('money: the style is the number 1234.50 as you write it, like “1.234,50”')
    amount = _amount(value)
    cents = 0 if currency in WITHOUT_CENTS or pattern['point'] is None else 3 if currency in WITH_THREE else 2
    whole, _, rest = f'{abs(amount.quantize(Decimal(1).scaleb(-cents), ROUND_HALF_UP)):,f}'.partition('.')
    written = whole.replace(',', pattern['thousands']) + (f'{pattern["point"]}{rest}' if rest else '')
    minus = '-' if amount < 0 and any(digit in '123456789' for digit in written) else ''
    if currency.isalpha() and currency.isascii():
        return f'{minus}{written} {currency}'
    return f'{minus}{currency}{written}'


def dt(value: Any, tz: str = 'UTC', format: str = '%Y-%m-%d %H:%M') -> str:
    """A moment as the clocks of `tz` (Europe/Berlin) show it. `value`: a time, ISO 8601 or Unix seconds; else UTC."""
    if len(format) > FORMAT_MOST:
        raise FilterArgumentError(f'dt: a format may have {FORMAT_MOST} characters')
    return _moment(value).astimezone(_zone(tz)).strftime(format)


def wa_bold(value: Any) -> str:
    """Each line in bold. WhatsApp wants the stars at the words, and none between them."""
    return '\n'.join(_bold_line(line) for line in str(value).split('\n'))


def truncate_wa(value: Any, length: int = TEXT_MOST) -> str:
    """At most `length` characters, ended by “…”; no word, emoji or *bold* is left half if that can be helped."""
    text = str(value)
    if len(text) <= length:
        return text
    end = max(int(length), 1) - 1
    while end > 0 and _sticks(text, end):
        end -= 1
    space = max(text.rfind(' ', 0, end + 1), text.rfind('\n', 0, end + 1))
    cut = text[: space if space > end * 0.6 else end].rstrip()
    for mark in '*_~':
        if cut.count(mark) % 2 and not text.count(mark) % 2:
            at = cut.rindex(mark)
            cut = cut[:at] + cut[at + 1 :]
    return f'{cut.rstrip()}…'


def mask(value: Any, keep: int = 4) -> str:
    """•••• for all letters and digits but the last `keep`; for all of them if there are not more than that."""
    text = str(value)
    left = sum(letter.isalnum() for letter in text)
    shown = max(int(keep), 0) if left > keep else 0
    masked = []
    for letter in text:
        hidden = letter.isalnum() and left > shown
        left -= letter.isalnum()
        masked.append('•' if hidden else letter)
    return ''.join(masked)


FILTERS: dict[str, Callable[..., str]] = {
    'phone': phone, 'money': money, 'dt': dt, 'wa_bold': wa_bold, 'truncate_wa': truncate_wa, 'mask': mask,
}  # fmt: skip


def _amount(value: Any) -> Decimal:
    try:
        amount = Decimal(str(value)[:40].strip())
    except InvalidOperation:
        raise FilterArgumentError(f'money: “{str(value)[:40]}” is not an amount') from None
    if not amount.is_finite() or abs(amount) > MONEY_MOST:
        raise FilterArgumentError('money: this amount is too big')
    return amount


def _moment(value: Any) -> datetime:
    try:
        if isinstance(value, datetime):
            moment = value
        elif isinstance(value, int | float) or str(value).strip().isdigit():
            seconds = float(value)
            moment = datetime.fromtimestamp(seconds / 1000 if abs(seconds) > MILLISECONDS else seconds, UTC)
        else:
            moment = datetime.fromisoformat(str(value).strip()[:40])
    except (ValueError, OverflowError, OSError):
        raise FilterArgumentError(f'dt: “{str(value)[:40]}” is not a time') from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, LookupError, OSError):
        raise FilterArgumentError(f'dt: there is no time zone “{name[:40]}”') from None


def _bold_line(line: str) -> str:
    words = line.replace('*', '').strip()
    if not words:
        return line
    start = len(line) - len(line.lstrip())
    return f'{line[:start]}*{words}*{line[len(line.rstrip()) :]}'


def _sticks(text: str, at: int) -> bool:
    """A cut before text[at] would tear something apart that is one sign to the reader."""
    here, before = text[at], text[at - 1]
    if here in JOINERS or before == '\u200d' or unicodedata.combining(here) or '\U0001f3fb' <= here <= '\U0001f3ff':
        return True
    flags = 0
    while flags < at and '\U0001f1e6' <= text[at - 1 - flags] <= '\U0001f1ff':
        flags += 1
    return '\U0001f1e6' <= here <= '\U0001f1ff' and flags % 2 == 1
