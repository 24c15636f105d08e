"""One chat in the list."""

import json
from datetime import datetime, tzinfo

from nicegui import ui

from ...pieces import letters_of, tint_of
from .bubble import tick_of
from .views import Line
from .wording import brief


class Row(ui.element, component='row.js'):
    """A single element, as a Bubble is."""

    def show(self, line: Line, now: datetime, zone: tzinfo) -> None:
        self.props['line'] = json.dumps(_told(line) | {'when': brief(line.at, now, zone)})

    def choose(self, yes: bool) -> None:
        self.props['chosen'] = yes


def _told(line: Line) -> dict[str, object]:
    return {
        'id': line.id,
        'name': line.name,
        'letters': letters_of(line.name),
        'tint': tint_of(line.name),
        'last': line.last,
        'symbol': f'sym_o_{line.symbol}' if line.symbol else '',
        'unread': line.unread,
        'keeper': line.keeper
        and {'name': line.keeper, 'letters': letters_of(line.keeper), 'tint': tint_of(line.keeper)},
        **(tick_of(line.tick) if line.tick else {}),
    }
