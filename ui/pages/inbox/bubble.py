"""One message of a conversation."""

import json
from datetime import tzinfo

from nicegui import ui

from ...pieces import STATES, TICKS, tint_of
from .views import Said
from .wording import HAPPENINGS, hour, shown_as

AGAIN = {'failed', 'uncertain', 'cancelled', 'blocked'}
LONG = 1_500  # characters after which a message is folded


class Bubble(ui.element, component='bubble.js'):
    """A single element however much there is to show: an element costs the server as much as a hundred words.

    `waits`: why a queued message has not left yet, '' when it is about to.
    """

    def __init__(self, said: Said, zone: tzinfo, *, may_send: bool, waits: str) -> None:
        super().__init__()
        self.said, self.may_send = said, may_send
        self.props['said'] = json.dumps(_told(said, zone, may_send))
        self.props['state'] = self._state(said, waits)

    def show(self, said: Said, waits: str) -> None:
        """Only what is below the bubble changes."""
        self.said = said
        state = self._state(said, waits)
        if state != self.props['state']:
            self.props['state'] = state

    def pick(self, yes: bool) -> None:
        if yes != bool(self.props.get('picked')):
            self.props['picked'] = yes

    def _state(self, said: Said, waits: str) -> str:
        shown: dict[str, str] = {}
        if said.out:
            shown = tick_of(said.status)
        if said.status in AGAIN:
            worry = 'bad' if said.status in {'failed', 'blocked'} else 'wait'
            shown |= {'trouble': _sentence(said), 'worry': worry, 'does': 'again', 'act': 'Send again'}
            if said.status == 'uncertain':
                shown['settles'] = 'sent'
        elif said.status == 'queued' and waits:
            shown |= {'trouble': waits, 'worry': 'wait', 'does': 'cancel', 'act': 'Do not send'}
        if not self.may_send:
            shown.pop('does', None)
        return json.dumps(shown)


def tick_of(status: str) -> dict[str, str]:
    """The tick for a status: its icon, its colour and its word."""
    tone = {'read': 'read', 'played': 'read', 'failed': 'failed'}.get(status, '')
    return {'tick': f'sym_o_{TICKS[status]}', 'tone': tone, 'word': STATES[status][1]}


def _told(said: Said, zone: tzinfo, may_send: bool) -> dict[str, object]:
    symbol, word = shown_as(said.kind)
    return {
        'id': said.id,
        'out': said.out,
        'happening': said.text if said.kind in HAPPENINGS else '',
        'symbol': f'sym_o_{symbol}',
        'instead': word,
        'sender': said.sender,
        'tint': tint_of(said.sender),
        'quote': said.quote and (said.quote[0], said.quote[1][:300]),
        'pieces': [(piece.kind, piece.text) for piece in said.pieces],
        'large': said.large,
        'long': len(said.text) > LONG,
        'foot': ' · '.join(filter(None, (hour(said.at, zone), said.author))),
        'replies': may_send,
    }


def _sentence(said: Said) -> str:
    match said.status:
        case 'uncertain':
            return f'{said.error or "Sent, but never confirmed."} Not sent again by itself.'
        case 'cancelled':
            return 'Cancelled before it left.'
        case _:
            return said.error if said.error.startswith('Not sent') else f'Not sent. {said.error}'.rstrip()
