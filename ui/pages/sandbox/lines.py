"""What a phone's screen shows of a conversation."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from core.sandbox.control import Item, Tick

SHOWN = 60
ABOUT_ANOTHER = {'reaction', 'edit', 'revoke'}
NAMED = {'image': 'Picture', 'video': 'Video', 'audio': 'Sound', 'voice': 'Voice message', 'document': 'Document',
         'sticker': 'Sticker', 'contact': 'Contact', 'location': 'Place', 'poll': 'Poll'}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One bubble. `quote`: the words it answers, '' for none; `what`: of anything but text, its kind in a word."""

    id: str
    mine: bool
    sender: str
    text: str
    at: datetime
    tick: Tick
    what: str = ''
    quote: str = ''
    reactions: tuple[str, ...] = ()
    edited: bool = False
    deleted: bool = False


def lines_of(items: Iterable[Item]) -> tuple[Line, ...]:
    """The last bubbles of one chat, with what was later done to them: reactions, edits, deletions."""
    items = list(items)
    texts = {each.id: each.text for each in items}
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
        Line(
            id=each.id,
            mine=each.mine,
            sender=each.sender,
            text=edits.get(each.id, each.text),
            at=each.at,
            tick=each.tick,
            what=NAMED.get(each.kind, ''),
            quote=texts.get(each.quotes, 'An earlier message') if each.quotes else '',
            reactions=tuple(dict.fromkeys(emoji for emoji in reactions.get(each.id, {}).values() if emoji)),
            edited=each.id in edits,
            deleted=each.id in gone,
        )
        for each in said[-SHOWN:]
    )
