"""What a message brings beside its text, as it is kept in its row and shown to programs.

File kinds: {mime, size, filename, width, height, seconds, animated, view_once, waveform?} · location: {latitude,
longitude, name, address, live} · contact: {cards: [{name, phones}]} · poll: {name, options, multiple} · poll_vote:
{options} · text with a preview: {preview: {url, title, description}} · call: {video, state} ·
group_change: {action, by, people, name}
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, cast, get_args

from .errors import Invalid
from .events import Card, Choice, Content, FileKind, LocalFile, Place, Poll, Preview, RemoteFile

Kept = dict[str, Any]
FILES: frozenset[str] = frozenset(get_args(FileKind))
OF_FILES = ('mime', 'size', 'filename', 'width', 'height', 'seconds', 'animated')
OPTIONS, OPTION_LENGTH, NAME_LENGTH = (2, 12), 100, 255  # what the apps let people write
CARDS = 100


def kept(content: Content | LocalFile | Preview | Choice | None) -> Kept | None:
    """How it is kept in the row. A vote of others is kept by what it chose, which only its poll can tell."""
    match content:
        case RemoteFile() | LocalFile():
            file = {name: getattr(content, name) for name in OF_FILES}
            waves = {'waveform': list(content.waveform)} if content.waveform else {}
            return {**file, **waves, 'view_once': isinstance(content, RemoteFile) and content.view_once}
        case Place():
            return asdict(content)
        case Poll() | Choice():
            return {**asdict(content), 'options': list(content.options)}
        case tuple():
            return {'cards': [{'name': card.name, 'phones': list(card.phones)} for card in content]}
        case Preview():
            thumbnail = base64.b64encode(content.thumbnail).decode()
            return {'preview': {**asdict(content), 'thumbnail': thumbnail}}
        case _:
            return None


def as_said(kind: str, row: Mapping[str, Any]) -> Place | Poll | Choice | tuple[Card, ...] | Preview | None:
    """From the row what is sent; a file is none of it."""
    if kind == 'location':
        return Place(**row)
    if kind == 'poll':
        return Poll(name=row['name'], options=tuple(row['options']), multiple=row['multiple'])
    if kind == 'poll_vote':
        return Choice(options=tuple(row['options']))
    if kind == 'contact':
        return tuple(Card(name=card['name'], phones=tuple(card['phones'])) for card in row['cards'])
    if kind == 'text' and 'preview' in row:
        preview = row['preview']
        return Preview(**{**preview, 'thumbnail': base64.b64decode(preview['thumbnail'])})
    return None


def shown(kind: str, row: Mapping[str, Any] | None) -> Kept:
    """Under the name by which REST, events and webhooks show it."""
    if not row:
        return {}
    if kind in FILES:
        return {'media': {name: value for name, value in row.items() if name != 'waveform'}}
    if kind == 'contact':
        return {'contacts': row['cards']}
    if kind == 'poll_vote':
        return {'vote': dict(row)}
    if kind == 'text':
        return {'preview': {name: value for name, value in row['preview'].items() if name != 'thumbnail'}}
    return {kind: dict(row)} if kind in ('location', 'poll', 'call', 'group_change') else {}


def chosen(hashes: Sequence[str], options: Sequence[str]) -> list[str]:
    """Which options these SHA-256 sums in hex mean, in the order of the poll."""
    wanted = set(hashes)
    return [option for option in options if hashlib.sha256(option.encode()).hexdigest() in wanted]


def checked_poll(poll: Poll) -> Poll:
    """Raises Invalid for what the apps would not let a person make."""
    name, options = poll.name.strip(), tuple(each.strip() for each in poll.options)
    if not name or len(name) > NAME_LENGTH:
        raise Invalid(f'A poll has a question of at most {NAME_LENGTH} characters.', field='poll.name')
    if not OPTIONS[0] <= len(options) <= OPTIONS[1]:
        raise Invalid(f'A poll has {OPTIONS[0]} to {OPTIONS[1]} options.', field='poll.options')
    if any(not each or len(each) > OPTION_LENGTH for each in options):
        raise Invalid(f'An option has 1 to {OPTION_LENGTH} characters.', field='poll.options')
    if len(set(options)) < len(options):
        raise Invalid('No two options of a poll may be the same.', field='poll.options')
    return Poll(name=name, options=options, multiple=poll.multiple)


def checked_choice(chosen: Sequence[str], options: Sequence[str], *, multiple: bool) -> None:
    """Raises Invalid for what cannot be chosen among these options of a poll."""
    if strange := [each for each in chosen if each not in options]:
        named = ', '.join(f'“{each}”' for each in options)
        raise Invalid(
            f'“{strange[0][:OPTION_LENGTH]}” is no option of this poll; it has {named}.', field='vote.options'
        )
    if len(set(chosen)) < len(chosen):
        raise Invalid('No option can be chosen twice.', field='vote.options')
    if len(chosen) > 1 and not multiple:
        raise Invalid('Only one option of this poll may be chosen.', field='vote.options')


def checked_place(place: Place) -> Place:
    """Raises Invalid."""
    if not -90 <= place.latitude <= 90:
        raise Invalid('A latitude is from -90 to 90 degrees.', field='location.latitude')
    if not -180 <= place.longitude <= 180:
        raise Invalid('A longitude is from -180 to 180 degrees.', field='location.longitude')
    return place


def checked_cards(cards: tuple[Card, ...]) -> tuple[Card, ...]:
    """Raises Invalid."""
    if not 1 <= len(cards) <= CARDS:
        raise Invalid(f'At least one contact and at most {CARDS} are sent at once.', field='contact')
    for card in cards:
        if not card.name.strip() or not any(each.strip() for each in card.phones):
            raise Invalid('A contact needs a name and a phone number.', field='contact')
    return cards


def file_kind(kind: str) -> FileKind:
    return cast(FileKind, kind)
