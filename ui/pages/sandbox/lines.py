"""What a phone's screen shows of a conversation."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from core.sandbox.control import Item, Place, Tick

SHOWN = 60
ABOUT_ANOTHER = {'reaction', 'edit', 'revoke', 'vote'}
NAMED = {'image': 'Picture', 'video': 'Video', 'audio': 'Sound', 'voice': 'Voice message', 'document': 'Document',
         'sticker': 'Sticker', 'contact': 'Contact', 'location': 'Place', 'poll': 'Poll'}  # fmt: skip
FILES = {'image', 'video', 'audio', 'voice', 'document', 'sticker'}


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """Of a poll. `chosen`: by the owner of this phone."""

    name: str
    votes: int
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One bubble. `quote`: the words it answers, '' for none; `what`: of anything but text, its kind in a word.

    `file`: it has one, of `mime` and `size` bytes; `seconds` of sound and video. `call`: ringing, rejected, missed or
    ended, '' for what is no call.
    """

    id: str
    mine: bool
    sender: str
    text: str
    at: datetime
    tick: Tick
    kind: str = 'text'
    what: str = ''
    quote: str = ''
    reactions: tuple[str, ...] = ()
    edited: bool = False
    deleted: bool = False
    forwarded: bool = False
    view_once: bool = False
    file: bool = False
    mime: str = ''
    size: int = 0
    filename: str = ''
    seconds: int = 0
    place: Place | None = None
    phones: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    multiple: bool = False
    call: str = ''
    video: bool = False


def lines_of(items: Iterable[Item]) -> tuple[Line, ...]:
    """The last bubbles of one chat, with what was later done to them: reactions, edits, deletions."""
    items = list(items)
    texts = {each.id: each.text or NAMED.get(each.kind, '') for each in items}
    reactions: dict[str, dict[str, str]] = {}
    edits: dict[str, str] = {}
    gone: set[str] = set()
    for each in items:
        if each.kind == 'reaction':
            reactions.setdefault(each.about, {})[each.sender] = each.text
        elif each.kind == 'edit':
            edits[each.about] = each.text
        elif each.kind == 'revoke':
            gone.add(each.about)
    said = [each for each in items if each.kind not in ABOUT_ANOTHER and each.kind != 'other']
    return tuple(
        replace(
            _line(each),
            text=edits.get(each.id, each.text) if each.kind != 'call' else '',
            quote=texts.get(each.quotes, 'An earlier message') if each.quotes else '',
            reactions=tuple(dict.fromkeys(emoji for emoji in reactions.get(each.id, {}).values() if emoji)),
            edited=each.edited or each.id in edits,
            deleted=each.revoked or each.id in gone,
        )
        for each in said[-SHOWN:]
    )


def _line(item: Item) -> Line:
    votes = item.votes or (0,) * len(item.options)
    options = zip(item.options, votes, strict=True) if item.kind == 'poll' else ()
    return Line(
        id=item.id,
        mine=item.mine,
        sender=item.sender,
        text=item.text,
        at=item.at,
        tick=item.tick,
        kind=item.kind,
        what=NAMED.get(item.kind, ''),
        forwarded=item.forwarded,
        view_once=item.view_once,
        file=item.kind in FILES and bool(item.mime),
        mime=item.mime,
        size=item.size,
        filename=item.filename,
        seconds=item.seconds,
        place=item.place,
        phones=item.phones,
        options=tuple(Option(name=name, votes=count, chosen=name in item.chosen) for name, count in options),
        multiple=item.multiple,
        call=item.text if item.kind == 'call' else '',
        video=item.video,
    )
