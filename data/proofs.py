"""What shows that a message of ours left although nobody confirmed it."""

from datetime import datetime, timedelta

from peewee import CharField, CompositeKey, ForeignKeyField

from .chats import Chat
from .database import Table, TimeField, as_number, as_time, statement
from .receipts import OURS, PROVES, prove
from .sessions import Session
from .traffic import OPEN

EARLIER = timedelta(seconds=5)  # how far WhatsApp's clock may be behind ours


class Stray(Table):
    """A receipt for an id that nobody knew, while a message of its chat was on its way. Kept for some minutes."""

    session = ForeignKeyField(Session, on_delete='CASCADE', index=False)
    chat = ForeignKeyField(Chat, on_delete='CASCADE')
    whatsapp_id = CharField()
    at = TimeField()

    class Meta:
        primary_key = CompositeKey('session', 'chat', 'whatsapp_id')


def is_strange(session_id: str, whatsapp_id: str) -> bool:
    """Whether this is an id as the library gives them, and no message of the session has it."""
    if not whatsapp_id.startswith(OURS):
        return False
    return not statement('SELECT 1 FROM message WHERE session_id = ? AND whatsapp_id = ?', session_id, whatsapp_id)


def keep_stray(session_id: str, chat_id: str, whatsapp_id: str, at: datetime) -> None:
    """Only while something of the chat is on its way; what is too old to prove anything goes."""
    statement('DELETE FROM stray WHERE session_id = ? AND at < ?', session_id, as_number(at - 2 * PROVES))
    statement(
        'INSERT INTO stray (session_id, chat_id, whatsapp_id, at) SELECT ?, ?, ?, ? WHERE EXISTS'
        f" (SELECT 1 FROM message WHERE session_id = ? AND chat_id = ? AND {OPEN} AND status = 'sending')"
        ' ON CONFLICT DO NOTHING',
        session_id,
        chat_id,
        whatsapp_id,
        as_number(at),
        session_id,
        chat_id,
    )


def prove_by_stray(session_id: str, chat_id: str) -> tuple[str, str] | None:
    """The one uncertain message of a chat is what the one stray receipt of its time was about: `prove`, afterwards.

    Returns (its id, WhatsApp's id, which it has now). None where that could be about something else.
    """
    strays = statement('SELECT whatsapp_id, at FROM stray WHERE session_id = ? AND chat_id = ?', session_id, chat_id)
    if not strays:
        return None
    rows = statement(
        f"SELECT sending_at FROM message WHERE session_id = ? AND chat_id = ? AND {OPEN} AND status = 'uncertain'",
        session_id,
        chat_id,
    )
    if len(rows) != 1 or rows[0][0] is None:
        return None
    of_its_time = [
        (str(whatsapp_id), as_time(at))
        for whatsapp_id, at in strays
        if -EARLIER <= as_time(at) - as_time(rows[0][0]) <= PROVES and is_strange(session_id, whatsapp_id)
    ]
    if len(of_its_time) != 1:
        return None
    (whatsapp_id, at) = of_its_time[0]
    id = prove(session_id, chat_id, whatsapp_id, at)
    return None if id is None else (id, whatsapp_id)


def prove_by_history(
    session_id: str, chat_id: str, *, kind: str, text: str, whatsapp_id: str, at: datetime, status: str
) -> str | None:
    """The phone tells of a message of ours: it is the uncertain one of the chat with the same words and time.

    Returns the id of that message, which has WhatsApp's id and this status now. None as with `prove`; here only
    another message with the same words stands in the way.
    """
    if not text or not is_strange(session_id, whatsapp_id):
        return None
    rows = statement(
        f'SELECT id, status, sending_at FROM message WHERE session_id = ? AND chat_id = ? AND {OPEN}'
        " AND status IN ('sending', 'uncertain') AND kind = ? AND text = ? LIMIT 2",
        session_id,
        chat_id,
        kind,
        text,
    )
    if len(rows) != 1 or rows[0][1] != 'uncertain' or rows[0][2] is None:
        return None
    if not -EARLIER <= at - as_time(rows[0][2]) <= PROVES:
        return None
    proven = statement(
        "UPDATE message SET whatsapp_id = ?, sent_at = ?, status = ?, error = '', error_code = ''"
        " WHERE id = ? AND status = 'uncertain' AND whatsapp_id IS NULL RETURNING id",
        whatsapp_id,
        as_number(at),
        status,
        rows[0][0],
    )
    return str(rows[0][0]) if proven else None
