"""What receipts show of the messages we sent."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from .database import as_number, as_time, statement
from .traffic import OPEN

# A receipt only ever lifts a message; a late 'delivered' does not undo 'read'.
LIFTS = {
    'delivered': "('sent', 'uncertain')",
    'read': "('sent', 'uncertain', 'delivered')",
    'played': "('sent', 'uncertain', 'delivered', 'read')",
}
ORDER = ('delivered', 'read', 'played')


def add_receipts(
    session_id: str, whatsapp_ids: Sequence[str], who: str, kind: str, at: datetime
) -> list[tuple[str, str, str | None]]:
    """Append receipts and lift the messages they are about; returns what `lift` returns, of all that moved."""
    moved: list[tuple[str, str, str | None]] = []
    for whatsapp_id in whatsapp_ids:
        statement(
            'INSERT INTO receipt (session_id, whatsapp_id, who, kind, at) VALUES (?, ?, ?, ?, ?)'
            ' ON CONFLICT DO NOTHING',
            session_id,
            whatsapp_id,
            who,
            kind,
            as_number(at),
        )
        moved += lift(session_id, whatsapp_id, kind)
    return moved


PROVES = timedelta(minutes=10)
OURS = '3EB0'  # how the library begins the ids that it gives


def prove(session_id: str, chat_id: str, whatsapp_id: str, at: datetime) -> str | None:
    """A receipt for an id nobody knows shows that the one uncertain message of its chat has arrived.

    Returns the id of that message, which has WhatsApp's id now. None when the id is known or not one of the library,
    when another message of the chat is on its way (it may be that one's), or when it could be about several.
    """
    if not whatsapp_id.startswith(OURS):
        return None
    if statement('SELECT 1 FROM message WHERE session_id = ? AND whatsapp_id = ?', session_id, whatsapp_id):
        return None
    rows = statement(
        f'SELECT id, status, sending_at FROM message WHERE session_id = ? AND chat_id = ? AND {OPEN}'
        " AND status IN ('sending', 'uncertain') LIMIT 2",
        session_id,
        chat_id,
    )
    if len(rows) != 1 or rows[0][1] != 'uncertain' or rows[0][2] is None:
        return None
    id, _, sending_at = rows[0]
    if not timedelta(seconds=-5) <= at - as_time(sending_at) <= PROVES:  # WhatsApp's clock is not ours
        return None
    proven = statement(
        "UPDATE message SET whatsapp_id = ?, sent_at = ?, error = '', error_code = ''"
        " WHERE id = ? AND status = 'uncertain' AND whatsapp_id IS NULL RETURNING id",
        whatsapp_id,
        as_number(at),
        id,
    )
    return str(id) if proven else None


def lift(session_id: str, whatsapp_id: str, kind: str) -> list[tuple[str, str, str | None]]:
    """Show `kind` on this message of ours unless it shows more already; (id, chat id, caused by) if it moved."""
    rows = statement(
        f'UPDATE message SET status = ? WHERE session_id = ? AND whatsapp_id = ? AND direction = ?'
        f' AND status IN {LIFTS[kind]} RETURNING id, chat_id, caused_by',
        kind,
        session_id,
        whatsapp_id,
        'out',
    )
    return [(str(id), str(chat_id), caused_by) for id, chat_id, caused_by in rows]


def highest_receipt(session_id: str, whatsapp_id: str) -> str:
    """'' when none came yet."""
    kinds = {
        row[0]
        for row in statement(
            'SELECT kind FROM receipt WHERE session_id = ? AND whatsapp_id = ?', session_id, whatsapp_id
        )
    }
    return next((kind for kind in reversed(ORDER) if kind in kinds), '')
