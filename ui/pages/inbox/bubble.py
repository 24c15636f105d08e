"""One message of a conversation."""

import json
from datetime import timedelta, tzinfo
from pathlib import Path

from nicegui import ui

from core.allowed import EDITABLE, FORWARDED, REVOCABLE
from core.world import Clock
from data.database import EPOCH

from ...pieces import STATES, TICKS, tint_of
from .said import NOTE, Said
from .wording import HAPPENINGS, hour, second, shown_as, waiting

AGAIN = {'failed', 'uncertain', 'cancelled', 'blocked'}
LONG = 1_500  # characters after which a message is folded
BROWSER = str(Path(__file__).parent / 'browser')


class Bubble(ui.element, component='bubble.js', esm={'dovecote-inbox': BROWSER}):
    """A single element however much there is to show: an element costs the server as much as a hundred words.

    `waits`: why a queued message has not left yet, '' when it is about to.
    """

    def __init__(self, said: Said, zone: tzinfo, clock: Clock, *, may_send: bool, waits: str) -> None:
        super().__init__()
        self.zone, self.clock, self.may_send = zone, clock, may_send
        self.show(said, waits)

    def show(self, said: Said, waits: str) -> None:
        """Only what differs is sent to the browser."""
        self.said = said
        for name, value in (('said', self._told(said)), ('state', self._state(said, waits))):
            text = json.dumps(value, ensure_ascii=False)
            if text != self.props.get(name):
                self.props[name] = text

    def pick(self, yes: bool) -> None:
        if yes != bool(self.props.get('picked')):
            self.props['picked'] = yes

    def _state(self, said: Said, waits: str) -> dict[str, str]:
        shown: dict[str, str] = {}
        if said.out and said.kind != NOTE:
            shown = tick_of(said.status) | {'times': _times(said, self.zone)}
        if said.status in AGAIN:
            worry = 'bad' if said.status in {'failed', 'blocked'} else 'wait'
            shown |= {'trouble': _sentence(said), 'worry': worry, 'does': 'again', 'act': 'Send again'}
            if said.status == 'uncertain':
                shown['settles'] = 'sent'
        elif said.status == 'queued' and (why := _why(said, waits, self.zone)):
            shown |= {'trouble': why, 'worry': 'wait', 'does': 'cancel', 'act': 'Do not send'}
        if not self.may_send:
            shown.pop('does', None)
        return shown

    def _told(self, said: Said) -> dict[str, object]:
        symbol, word = shown_as(said.kind) if said.kind != NOTE else ('', '')
        quote = said.quote and {
            'id': said.quote.id,
            'who': said.quote.who,
            'text': said.quote.text,
            'symbol': _symbol(shown_as(said.quote.kind)[0]),
        }
        return {
            'id': said.id,
            'out': said.out,
            'note': said.kind == NOTE,
            'label': f'{"Note by " if said.kind == NOTE else ""}{said.who}, {hour(said.at, self.zone)}',
            'happening': said.text if said.kind in HAPPENINGS else '',
            'symbol': _symbol(symbol),
            'instead': '' if said.brings else word,
            'sender': said.sender,
            'tint': tint_of(said.sender),
            'quote': quote,
            'pieces': [(piece.kind, piece.text) for piece in said.pieces],
            'brings': said.brings,
            'large': said.large,
            'long': len(said.text) > LONG,
            'forwarded': said.forwarded,
            'edited': said.edited and not said.gone,
            'gone': said.gone,
            'reactions': [{'emoji': each.emoji, 'who': each.who, 'mine': each.mine} for each in said.reactions],
            'foot': self._foot(said),
            'may': self.may_send,
            'can': self._can(said),
        }

    def _foot(self, said: Said) -> str:
        if said.kind == NOTE:
            return f'{hour(said.at, self.zone)} · Note by {said.author}, only your team sees it'
        return ' · '.join(filter(None, (hour(said.at, self.zone), said.author)))

    def _can(self, said: Said) -> dict[str, object]:
        """`edit`: until when, in milliseconds since 1970, 0 for never."""
        alive = self.may_send and said.reached and not said.gone
        text = said.out and said.kind == 'text'
        file = said.brings.get('file')
        here = not isinstance(file, dict) or (bool(file.get('id')) and not file.get('once'))
        waiting = self.may_send and text and said.status == 'queued'
        until = (said.at + EDITABLE - EPOCH) // timedelta(milliseconds=1)
        return {
            'react': alive,
            'vote': alive and said.kind == 'poll',
            'reply': alive,
            'forward': self.may_send and not said.gone and said.kind in FORWARDED and here,
            'edit': until if alive and text else (2**53 - 1 if waiting else 0),
            'delete': alive and said.out and self.clock() - said.at < REVOCABLE,
        }


def _why(said: Said, waits: str, zone: tzinfo) -> str:
    if waits or said.waits is None:
        return waits
    until, reason = said.waits
    return waiting(until, reason, said.at, zone)


def tick_of(status: str) -> dict[str, str]:
    """The tick for a status: its icon, its colour and its word."""
    tone = {'read': 'read', 'played': 'read', 'failed': 'failed'}.get(status, '')
    return {'tick': f'sym_o_{TICKS[status]}', 'tone': tone, 'word': STATES[status][1]}


def _symbol(name: str) -> str:
    return f'sym_o_{name}' if name else ''


def _times(said: Said, zone: tzinfo) -> str:
    """Sent 14:02:11 · Delivered 14:02:12 · Read 14:03:05 by 3."""
    told = []
    for status, at, count in said.steps:
        by = f' by {count}' if count > 1 else ''
        told.append(f'{STATES[status][1]} {second(at, said.at, zone)}{by}')
    if said.status in AGAIN:
        told.append(_sentence(said))
    return ' · '.join(told)


def _sentence(said: Said) -> str:
    match said.status:
        case 'uncertain':
            return f'{said.error or "Sent, but never confirmed."} Not sent again by itself.'
        case 'cancelled':
            return 'Cancelled before it left.'
        case _:
            return said.error if said.error.startswith('Not sent') else f'Not sent. {said.error}'.rstrip()
