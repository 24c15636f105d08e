"""What a message brings beside its words, as bubble.js draws it: plain values that become JSON."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from core.addresses import shown_phone
from core.calls import RINGS
from core.contents import FILES
from data.database import EPOCH, MILLISECOND
from data.media import Media
from data.messages import Message

from ...pieces import letters_of, tint_of

Brings = Mapping[str, object]
Voice = tuple[str, tuple[str, ...], bool]  # who voted, for what, and whether that was this account

UNITS = ('B', 'kB', 'MB', 'GB')


def brings_of(row: Message, votes: Sequence[Voice], media: Media | None) -> Brings:  # noqa: PLR0911 - one for each
    """{} for plain words; else one of file, place, cards, poll, call and preview under its name. `media`: its file."""
    content = row.content or {}
    match row.kind:
        case kind if kind in FILES:
            return {'file': _file(row, content, media)}
        case 'location' if content:
            return {'place': _place(content)}
        case 'contact' if content:
            return {'cards': [_card(card) for card in content.get('cards', ())]}
        case 'poll' if content:
            return {'poll': _poll(content, votes)}
        case 'call' if content:
            return {'call': _call(row, content)}
        case 'text' if 'preview' in content:
            return {'preview': _preview(content['preview'])}
    return {}


def size_of(size: int) -> str:
    """84 kB; '' when unknown."""
    if size <= 0:
        return ''
    value, unit = float(size), 0
    while value >= 1000 and unit < len(UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f'{value:.0f} {UNITS[unit]}' if unit < 2 or value >= 100 else f'{value:.1f} {UNITS[unit]}'


def length_of(seconds: int) -> str:
    """0:24, 1:02:03; '' when unknown."""
    if seconds <= 0:
        return ''
    hours, rest = divmod(seconds, 3600)
    return f'{hours}:{rest // 60:02}:{rest % 60:02}' if hours else f'{rest // 60}:{rest % 60:02}'


def _file(row: Message, content: Mapping[str, object], media: Media | None) -> dict[str, object]:
    """`state` as in data/media.py, 'here' once it can be shown; `why` says what is with one that is not."""
    name, once = str(content.get('filename') or ''), bool(content.get('view_once'))
    here = media is not None and media.gone_at is None
    state = 'here' if here else 'gone' if media is not None else str(content.get('state') or '')
    return {
        'kind': row.kind,
        'id': row.media_id if here else '',
        'name': name,
        'ending': _ending(name, str(content.get('mime') or '')),
        'size': size_of(_number(content, 'size')),
        'length': length_of(_number(content, 'seconds')),
        'seconds': _number(content, 'seconds'),
        'width': _number(content, 'width'),
        'height': _number(content, 'height'),
        'animated': bool(content.get('animated')),
        'once': once,
        'small': bool(media is not None and media.thumbnail),
        'waves': list(bytes(media.waveform)) if media is not None and media.waveform else content.get('waveform') or [],
        'state': state,
        'why': str(content.get('detail') or ''),
        'fetchable': row.direction == 'in' and state in ('failed', 'gone', 'skipped') and not once,
    }


def _number(content: Mapping[str, object], name: str) -> int:
    value = content.get(name)
    return value if isinstance(value, int) else 0


def _ending(name: str, mime: str) -> str:
    """PDF, for the picture of a document."""
    ending = name.rpartition('.')[2] if '.' in name else mime.partition(';')[0].rpartition('/')[2]
    return ending[:4].upper() if ending.isalnum() else ''


def _place(content: Mapping[str, object]) -> dict[str, object]:
    latitude, longitude = float(str(content['latitude'])), float(str(content['longitude']))
    at = f'{latitude:.5f}', f'{longitude:.5f}'
    return {
        'name': content.get('name') or '',
        'address': content.get('address') or '',
        'at': f'{abs(latitude):.4f}° {"N" if latitude >= 0 else "S"}, {abs(longitude):.4f}° '
              f'{"E" if longitude >= 0 else "W"}',
        'live': bool(content.get('live')),
        'link': f'https://www.openstreetmap.org/?mlat={at[0]}&mlon={at[1]}#map=16/{at[0]}/{at[1]}',
    }  # fmt: skip


def _card(card: Mapping[str, object]) -> dict[str, object]:
    name, phones = str(card.get('name') or ''), card.get('phones')
    return {
        'name': name,
        'phones': [[str(phone), _number_of(str(phone))] for phone in phones] if isinstance(phones, list) else [],
        'letters': letters_of(name),
        'tint': tint_of(name),
    }


def _number_of(phone: str) -> str:
    """As people write it, where it can be told."""
    digits = ''.join(filter(str.isdigit, phone))
    return shown_phone(digits) if digits and phone.strip().startswith('+') else phone


def _poll(content: Mapping[str, object], votes: Sequence[Voice]) -> dict[str, object]:
    options = content.get('options')
    names = [str(option) for option in options] if isinstance(options, list) else []
    return {
        'name': content.get('name') or '',
        'multiple': bool(content.get('multiple')),
        'options': [
            {'name': name, 'who': [who for who, chosen, _ in votes if name in chosen]} for name in names
        ],
        'voters': sum(bool(chosen) for _, chosen, _ in votes),
        'mine': [name for _, chosen, mine in votes if mine for name in names if name in chosen],
    }  # fmt: skip


def _call(row: Message, content: Mapping[str, object]) -> dict[str, object]:
    """`rings`: until when, in milliseconds since 1970, 0 for one that is over."""
    ringing = content.get('state') == 'ringing'
    return {'rings': (row.at + RINGS - EPOCH) // MILLISECOND if ringing else 0, 'group': bool(row.chat.group)}


def _preview(preview: Mapping[str, object]) -> dict[str, object]:
    url = str(preview.get('url') or '')
    thumbnail = str(preview.get('thumbnail') or '')
    return {
        'link': url if urlsplit(url).scheme in ('http', 'https') else '',
        'host': urlsplit(url).hostname or '',
        'title': preview.get('title') or '',
        'description': preview.get('description') or '',
        'picture': f'data:image/jpeg;base64,{thumbnail}' if thumbnail else '',
    }
