"""What stands in a message: plain words, links, names; and what stands for a message without text."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

LINK = re.compile(r'https?://[^\s<>"]+', re.IGNORECASE)
MENTION = re.compile(r'@(\d{5,20})')
# What WhatsApp's apps make of *bold*, _italic_, ~struck out~ and `typed`: tight around the words, never inside one.
STYLES = ('code', 'code', 'bold', 'italic', 'strike')
STYLED = re.compile(
    r'```(?P<a>.+?)```|`(?P<b>[^`\n]+)`'
    r'|(?<![\w*])\*(?P<c>[^\s*](?:[^*\n]*[^\s*])?)\*(?![\w*])'
    r'|(?<![\w_])_(?P<d>[^\s_](?:[^_\n]*[^\s_])?)_(?![\w_])'
    r'|(?<![\w~])~(?P<e>[^\s~](?:[^~\n]*[^\s~])?)~(?![\w~])',
    re.DOTALL,
)
# Characters a picture of the keyboard is made of, with what joins and colours them.
EMOJI = re.compile(
    '[\U0001f000-\U0001faff\u2190-\u21ff\u2300-\u27bf\u2934-\u2935\u2b00-\u2bff\u3030\u303d\u3297\u3299'
    '\u200d\ufe0f\u20e3\U000e0020-\U000e007f]+'
)
FEW = 12  # code points of an emoji-only message that is shown large

# kind -> icon, what to call it. Text has none.
KINDS: Mapping[str, tuple[str, str]] = {
    'image': ('image', 'Photo'), 'video': ('videocam', 'Video'), 'audio': ('music_note', 'Audio'),
    'voice': ('mic', 'Voice message'), 'document': ('description', 'Document'), 'sticker': ('note', 'Sticker'),
    'location': ('location_on', 'Location'), 'contact': ('person', 'Contact'), 'poll': ('ballot', 'Poll'),
    'album': ('photo_library', 'Album'), 'group_invite': ('group_add', 'Invitation to a group'),
    'product': ('sell', 'Product'), 'order': ('shopping_bag', 'Order'), 'event': ('event', 'Event'),
    'call': ('call', 'Call'), 'reaction': ('add_reaction', 'Reaction'), 'edit': ('edit', 'Edited'),
    'revoke': ('block', 'Deleted'), 'pin': ('push_pin', 'Pinned'), 'poll_vote': ('how_to_vote', 'Vote'),
    'group_change': ('group', 'Group'),
}  # fmt: skip
OTHER = ('chat_info', 'A message this version cannot show')
HAPPENINGS = {'reaction', 'edit', 'revoke', 'pin', 'poll_vote', 'call', 'group_change'}  # lines between the bubbles


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text. `kind`: text, link (`text` is its address), name, bold, italic, strike or code."""

    kind: str
    text: str


def pieces_of(text: str, names: Mapping[str, str]) -> tuple[Piece, ...]:
    """`names`: digits of a mention -> how that person is called."""
    found: list[Piece] = []
    end = 0
    for match in LINK.finditer(text):
        link = _without_stop(match.group())
        found += _styled(text[end : match.start()], names)
        found.append(Piece('link', link))
        end = match.start() + len(link)
    return tuple(found + _styled(text[end:], names))


def with_names(text: str, names: Mapping[str, str]) -> str:
    """The same in plain words, for where a message is told in one line."""
    return MENTION.sub(lambda match: f'@{names.get(match.group(1), match.group(1))}', text)


def only_emoji(text: str) -> bool:
    plain = ''.join(text.split())
    return 0 < len(plain) <= FEW and EMOJI.fullmatch(plain) is not None


def shown_as(kind: str) -> tuple[str, str]:
    """Icon and word for a message that is not text; ('', '') for text."""
    return ('', '') if kind == 'text' else KINDS.get(kind, OTHER)


def happening(kind: str, text: str, who: str, content: Mapping[str, object] | None = None) -> str:  # noqa: PLR0911 - one for each kind
    """A sentence for what happened to another message, or between them. `content` tells more of a call."""
    match kind:
        case 'reaction':
            return f'{who} reacted with {text}' if text else f'{who} took a reaction back'
        case 'edit':
            return f'{who} changed a message to: “{text}”' if text else f'{who} changed a message'
        case 'revoke':
            return f'{who} deleted a message'
        case 'pin':
            return f'{who} pinned a message'
        case 'poll_vote':
            return f'{who} voted'
        case 'group_change':
            return text
        case _:
            return f'{who} called{_how(content or {})}'


def _how(call: Mapping[str, object]) -> str:
    return f'{" by video" if call.get("video") else ""}{", rejected" if call.get("state") == "rejected" else ""}'


def brief(at: datetime, now: datetime, zone: tzinfo) -> str:
    """For the list of chats: 14:02, Yesterday, 19 Nov, 19 Nov 2025."""
    here, today = at.astimezone(zone), now.astimezone(zone)
    if here.date() == today.date():
        return f'{here:%H:%M}'
    return day(at, now, zone) if (today.date() - here.date()).days == 1 else _date(here, today)


def day(at: datetime, now: datetime, zone: tzinfo) -> str:
    """For the line between two days: Today, Yesterday, Thursday 19 Nov."""
    here, today = at.astimezone(zone), now.astimezone(zone)
    days = (today.date() - here.date()).days
    if days in (0, 1):
        return ('Today', 'Yesterday')[days]
    return f'{here:%A} {_date(here, today)}'


def hour(at: datetime, zone: tzinfo) -> str:
    return f'{at.astimezone(zone):%H:%M}'


def second(at: datetime, since: datetime, zone: tzinfo) -> str:
    """14:02:11, with the date when that is another day than `since`."""
    here, there = at.astimezone(zone), since.astimezone(zone)
    clock = f'{here:%H:%M:%S}'
    return clock if here.date() == there.date() else f'{here.day} {here:%b} {clock}'


def waiting(until: datetime | None, reason: str, since: datetime, zone: tzinfo) -> str:
    """Why a message that was written at `since` has not left, and when it may."""
    if until is None:
        return reason
    here = until.astimezone(zone)
    other_day = here.date() != since.astimezone(zone).date()
    return f'{reason} It goes at {hour(until, zone)}{f" on {here.day} {here:%b}" if other_day else ""} at the earliest.'


def _date(here: datetime, today: datetime) -> str:
    return f'{here.day} {here:%b}' if here.year == today.year else f'{here.day} {here:%b %Y}'


def _styled(text: str, names: Mapping[str, str]) -> list[Piece]:
    found: list[Piece] = []
    end = 0
    for match in STYLED.finditer(text):
        style, inside = next(pair for pair in zip(STYLES, match.groups(), strict=True) if pair[1] is not None)
        found += [*_names(text[end : match.start()], names), Piece(style, inside)]
        end = match.end()
    return found + _names(text[end:], names)


def _names(text: str, names: Mapping[str, str]) -> list[Piece]:
    found: list[Piece] = []
    end = 0
    for match in MENTION.finditer(text):
        name = names.get(match.group(1))
        if name is not None:
            found += [Piece('text', text[end : match.start()]), Piece('name', f'@{name}')]
            end = match.end()
    return [piece for piece in (*found, Piece('text', text[end:])) if piece.text]


def _without_stop(link: str) -> str:
    """The full stop after a link, or the bracket around it, does not belong to it."""
    link = link.rstrip(".,;:!?…'*_~")
    while link.endswith((')', ']', '}')) and link.count(link[-1]) > link.count('([{'[')]}'.index(link[-1])]):
        link = link[:-1].rstrip('.,;:!?')
    return link
