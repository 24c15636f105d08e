"""What every single message needs of the database, in statements written out because they are the busiest."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .database import as_number, as_time, statement
from .urgency import HEARD_NOW, HEARD_ONCE, IN_LINE

# Says the same as a single one of these states does, but only then SQLite looks into the index message_open.
OPEN = "status IN ('queued', 'sending', 'uncertain')"


@dataclass(slots=True, kw_only=True)
class Line:
    """One message on its way in or out; the fields are those of Message."""

    id: str
    session_id: str
    chat_id: str
    direction: str
    text: str
    status: str
    at: datetime
    created_at: datetime
    kind: str = 'text'
    whatsapp_id: str | None = None
    sender_id: str | None = None
    heard_from: str | None = None
    quote_id: str | None = None
    quote_sender: str | None = None
    quote_text: str | None = None
    mentions: list[str] | None = None
    author: str = ''
    author_name: str = ''
    caused_by: str | None = None
    origin: str = 'live'
    routed: int | None = None
    attempts: int = 0
    sent_at: datetime | None = None
    proto: bytes | None = None
    content: dict[str, Any] | None = None
    media_id: str | None = None
    target: str | None = None
    forwarded: bool = False
    priority: int = 0
    error: str = ''
    error_code: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatCard:
    """Where a chat leads. `contact_id` None for a group; `group` '' for a private chat (digits, like phone and lid)."""

    id: str
    session_id: str
    session: str
    contact_id: str | None
    group: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What the router has to know of an incoming message and its chat."""

    id: str
    session_id: str
    chat_id: str
    sender_id: str | None
    kind: str
    text: str
    origin: str
    routed: int | None
    at: datetime
    automation: str
    human_until: datetime | None
    session: str
    session_phone: str
    group: str
    chat_name: str
    contact_id: str | None
    phone: str | None
    lid: str | None
    name: str
    blocked: bool = False


def chat_card(chat_id: str) -> ChatCard:
    """Raises LookupError for a chat that was deleted."""
    rows = statement(
        'SELECT c.id, c.session_id, s.name, c.contact_id, c."group", c.name'
        ' FROM chat c JOIN session s ON s.id = c.session_id WHERE c.id = ?',
        chat_id,
    )
    if not rows:
        raise LookupError(f'chat {chat_id} is gone')
    id, session_id, session, contact_id, group, name = rows[0]
    return ChatCard(id=id, session_id=session_id, session=session, contact_id=contact_id, group=group or '', name=name)


def closed(chat_id: str) -> tuple[str, bool]:
    """(our role in the group, whether the contact is blocked): what may keep a message from being written here."""
    rows = statement(
        'SELECT c.role, EXISTS (SELECT 1 FROM blocked b WHERE b.session_id = c.session_id'
        ' AND b.contact_id = c.contact_id) FROM chat c WHERE c.id = ?',
        chat_id,
    )
    return (rows[0][0] or '', bool(rows[0][1])) if rows else ('', False)


def session_facts(name: str) -> tuple[str, str, str, str, bool] | None:
    """(id, state, detail, country, whether it is linked) of the session with this name."""
    rows = statement('SELECT id, state, detail, country, linked_at FROM session WHERE name = ?', name)
    return (rows[0][0], rows[0][1], rows[0][2], rows[0][3], rows[0][4] is not None) if rows else None


def session_name(session_id: str) -> str | None:
    rows = statement('SELECT name FROM session WHERE id = ?', session_id)
    return str(rows[0][0]) if rows else None


COLUMNS = (
    'id, session_id, chat_id, direction, kind, text, status, whatsapp_id, sender_id, heard_from, quote_id,'
    ' quote_sender, quote_text, mentions, author, author_name, caused_by, origin, routed, attempts, error, error_code,'
    ' at, created_at, sent_at, proto, content, media_id, target, forwarded, priority'
)
ADD = f'INSERT INTO message ({COLUMNS}) VALUES ({", ".join("?" * 31)}) ON CONFLICT DO NOTHING RETURNING id'
TOP = 'last_message = ?, last_at = ?, unread = unread + ?'


def add_message(line: Line, *, unread: int = 0, on_top: bool = True) -> bool:
    """Keep a message and put its chat on top; False when it is there already."""
    added = statement(
        ADD, line.id, line.session_id, line.chat_id, line.direction, line.kind, line.text, line.status,
        line.whatsapp_id, line.sender_id, line.heard_from, line.quote_id, line.quote_sender, line.quote_text,
        json.dumps(line.mentions) if line.mentions else None, line.author, line.author_name, line.caused_by,
        line.origin, line.routed, 0, '', '', as_number(line.at), as_number(line.created_at),
        as_number(line.sent_at), line.proto, json.dumps(line.content) if line.content else None, line.media_id,
        line.target, int(line.forwarded), line.priority,
    )  # fmt: skip
    if added:
        _touch_chat(line, unread, on_top)
    return bool(added)


def _touch_chat(line: Line, unread: int, on_top: bool) -> None:
    at = as_number(line.at)
    changes, values = ([TOP], [line.id, at, unread]) if on_top else ([], [])
    if line.direction == 'in':
        changes.append(HEARD_ONCE if line.origin == 'history' else HEARD_NOW)
        values.append(at)
    elif line.status == 'queued':
        changes.append(IN_LINE)
        values += [line.id, line.priority, at]
    if changes:
        statement(f'UPDATE chat SET {", ".join(changes)} WHERE id = ?', *values, line.chat_id)


def lift_chat(chat_id: str, message_id: str, at: datetime) -> None:
    """Put the chat where this message belongs, unless a newer one is in it."""
    statement(
        'UPDATE chat SET last_message = ?, last_at = ? WHERE id = ? AND (last_at IS NULL OR last_at < ?)',
        message_id,
        as_number(at),
        chat_id,
        as_number(at),
    )


def chat_of(message_id: str) -> str:
    """'' for a message that was deleted."""
    rows = statement('SELECT chat_id FROM message WHERE id = ?', message_id)
    return str(rows[0][0]) if rows else ''


def never_heard(chat_id: str) -> bool:
    """Whether the other side has never written in this chat."""
    return bool(statement('SELECT 1 FROM chat WHERE id = ? AND heard_at IS NULL', chat_id))


HEARD_MESSAGE = (
    'SELECT m.id, m.session_id, m.chat_id, m.sender_id, m.kind, m.text, m.origin, m.routed, m.at, c.automation,'
    ' c.human_until, s.name, s.phone, c."group", c.name, p.id, p.phone, p.lid, p.name, p.push_name,'
    ' EXISTS (SELECT 1 FROM blocked b WHERE b.session_id = m.session_id AND b.contact_id = p.id)'
    ' FROM message m JOIN chat c ON c.id = m.chat_id JOIN session s ON s.id = m.session_id'
    ' LEFT JOIN contact p ON p.id = coalesce(m.sender_id, c.contact_id) WHERE m.id = ?'
)


def heard(message_id: str) -> Heard | None:
    """A message with its chat and who wrote it; `name` is what we call them, or how they call themselves."""
    rows = statement(HEARD_MESSAGE, message_id)
    if not rows:
        return None
    id, session_id, chat_id, sender_id, kind, text, origin, routed, at, automation, human_until, *rest = rows[0]
    session, session_phone, group, chat_name, contact_id, phone, lid, name, push_name, blocked = rest
    return Heard(
        id=id,
        session_id=session_id,
        chat_id=chat_id,
        sender_id=sender_id,
        kind=kind,
        text=text,
        origin=origin,
        routed=routed,
        at=as_time(at),
        automation=automation,
        human_until=None if human_until is None else as_time(human_until),
        session=session,
        session_phone=session_phone,
        group=group or '',
        chat_name=chat_name,
        contact_id=contact_id,
        phone=phone,
        lid=lid,
        name=name or push_name or (f'+{phone}' if phone else ''),
        blocked=bool(blocked),
    )


def said_by_own_flow(phone: str, text: str) -> bool:
    """Whether the number `phone` is a session of ours, and a flow has just said exactly this on it."""
    # In two steps: joined, SQLite looks through every message there is, for every message that comes.
    sessions = statement('SELECT id FROM session WHERE phone = ?', phone)
    return any(_lately_said(session_id, text) for (session_id,) in sessions)


def _lately_said(session_id: str, text: str) -> bool:
    return bool(
        statement(
            "SELECT 1 FROM (SELECT text, author FROM message WHERE session_id = ? AND direction = 'out'"
            " ORDER BY id DESC LIMIT 50) WHERE text = ? AND author LIKE 'flow:%' LIMIT 1",
            session_id,
            text,
        )
    )


def mark_routed(message_id: str) -> bool:
    """False when the router has seen it already."""
    return bool(statement('UPDATE message SET routed = 1 WHERE id = ? AND routed = 0 RETURNING id', message_id))


def add_run(
    id: str, *, flow: str | None, version: int, message: Heard, state: str, detail: str, steps: list[dict[str, Any]],
    at: datetime,
) -> None:  # fmt: skip
    """The trace of one decision; see data/flows.py."""
    statement(
        'INSERT INTO run (id, flow, version, message, chat, state, detail, steps, started_at, finished_at)'
        ' VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
        id,
        flow,
        version,
        message.id,
        message.chat_id,
        state,
        detail,
        json.dumps(steps),
        as_number(at),
        as_number(at),
    )


def add_event(id: str, kind: str, session: str, chat: str, body: str, at: datetime) -> int:
    """Append to the log of events; returns its place."""
    rows = statement(
        'INSERT INTO logged_event (id, kind, session, chat, body, at) VALUES (?, ?, ?, ?, ?, ?) RETURNING seq',
        id,
        kind,
        session,
        chat,
        body,
        as_number(at),
    )
    return int(rows[0][0])
