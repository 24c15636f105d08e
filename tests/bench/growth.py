"""What ten times as many stored messages cost."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .delivery import Street, street
from .figures import Figure, middle, ms
from .replies import ping_in_turn

FEW, MANY = 10_000, 100_000
PINGS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    ratio: float
    accepted: float
    delivered: float  # p50 in milliseconds, at a quiet 50 a second
    reply: float  # p50 in milliseconds


def measure(count: int, rounds: int) -> list[Figure]:
    with street() as here:
        few, many = [_pace_with(here, stored, count, rounds) for stored in (FEW, MANY)]
    return [
        Figure(
            name=f'with {MANY:,} stored messages instead of {FEW:,}',
            measured=f'of the raw rate {few.ratio:.2f} → {many.ratio:.2f}, accepted {few.accepted:.0f} → '
            f'{many.accepted:.0f}/s, in the inbox after {few.delivered:.1f} → {many.delivered:.1f} ms, '
            f'reply after {few.reply:.1f} → {many.reply:.1f} ms',
            raw={'few': str(few), 'many': str(many)},
        )
    ]


def _pace_with(here: Street, stored: int, count: int, rounds: int) -> Pace:
    product = here.house.product
    product.stop()
    _fill(product.state / 'dovecote.db', stored)
    product.working(['shop'], since=product.start())
    here.rounds(80, 1)
    numbers = here.rounds(count, rounds)
    took, _ = here.send_evenly(100, 50)
    replies, _ = ping_in_turn(here, PINGS)
    return Pace(ratio=numbers.ratio, accepted=middle(numbers.accepted), delivered=ms(took, 0.5), reply=ms(replies, 0.5))


def _fill(file: Path, total: int) -> None:
    """Older messages, half of them ours and read, in the chats that are there."""
    with sqlite3.connect(file) as database:
        (there,) = database.execute('SELECT count(*) FROM message').fetchone()
        chats = database.execute('SELECT id, session_id FROM chat').fetchall()
        database.executemany(
            'INSERT INTO message (id, session_id, chat_id, direction, kind, text, status, whatsapp_id, author,'
            ' author_name, origin, attempts, error, error_code, forwarded, at, created_at) VALUES'
            " (?, ?, ?, ?, 'text', ?, ?, ?, '', '', 'live', 0, '', '', 0, ?, ?)",
            _rows(chats, there, total),
        )
        database.execute(
            "INSERT INTO receipt (session_id, whatsapp_id, who, kind, at) SELECT session_id, whatsapp_id, 'x', 'read',"
            " at FROM message WHERE direction = 'out' AND id LIKE '00%' ON CONFLICT DO NOTHING"
        )
    database.close()


def _rows(chats: list[tuple[str, str]], there: int, total: int) -> Iterator[tuple[object, ...]]:
    at = 1_600_000_000_000
    for number in range(there, total):
        chat, session = chats[number % len(chats)]
        direction, status = ('out', 'read') if number % 2 else ('in', 'received')
        text = f'an older message, number {number}, of the usual length of such messages'
        yield f'00{number:024d}', session, chat, direction, text, status, f'OLD{number}', at + number, at + number
