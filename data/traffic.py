"""What every single message needs of the database, in statements written out because they are the busiest."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .database import as_number, as_time, statement

# A receipt only ever lifts a message; a late 'delivered' does not undo 'read'.
LIFTS = {
    'delivered': "('sent', 'uncertain')",
    'read': "('sent', 'uncertain', 'delivered')",
    'played': "('sent', 'uncertain', 'delivered', 'read')",
}
ORDER = ('delivered', 'read', 'played')
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
# How much the messages that wait in a chat matter, lower goes first. A reply: they wrote within the last day.
REPLY, KNOWN, FIRST, BULK, BULK_FIRST = range(5)
URGENCIES = (REPLY, KNOWN, FIRST, BULK, BULK_FIRST)
DAY = 86_400_000
# A note to oneself opens no conversation.
STRANGER = (
    '(heard_at IS NULL AND "group" IS NULL AND contact_id IS NOT (SELECT p.id FROM session s'
    ' JOIN contact p ON p.phone = s.phone WHERE s.id = chat.session_id))'
)
URGENCY = (
    f'CASE WHEN {{priority}} > 0 THEN {BULK} + {STRANGER} WHEN "group" IS NOT NULL THEN {KNOWN}'
    f' WHEN {STRANGER} THEN {FIRST} WHEN heard_at IS NULL THEN {KNOWN}'
    f' WHEN heard_at > {{at}} - {DAY} THEN {REPLY} ELSE {KNOWN} END'
)
TOP = 'last_message = ?, last_at = ?, unread = unread + ?'
# A chat with something to send takes a place in line, unless it has one.
IN_LINE = f'turn = coalesce(turn, ?), urgency = min(coalesce(urgency, 9), {URGENCY.format(priority="?", at="?")})'
HEARD = (
    f'heard_at = max(coalesce(heard_at, 0), ?), urgency = CASE urgency WHEN {FIRST} THEN {{known}}'
    f' WHEN {KNOWN} THEN {{known}} WHEN {BULK_FIRST} THEN {BULK} ELSE urgency END'
)
# Whoever writes is answered at once: what waited for a better moment is looked at again.
HEARD_NOW = f'{HEARD.format(known=REPLY)}, due = NULL'
HEARD_ONCE = HEARD.format(known=KNOWN)


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


def line_up(message_id: str) -> None:
    """The chat of a message that is queued again takes a place in line."""
    statement(
        f'UPDATE chat SET turn = coalesce(turn, m.id), urgency = min(coalesce(chat.urgency, 9),'
        f' {URGENCY.format(priority="m.priority", at="m.at")}) FROM message m WHERE m.id = ? AND chat.id = m.chat_id',
        message_id,
    )


def line_up_all() -> None:
    """After a start: no queued message may be in a chat that is not in line."""
    statement(
        f'UPDATE chat SET turn = m.id, urgency = {URGENCY.format(priority="m.priority", at="m.at")}'
        ' FROM (SELECT chat_id, min(id) AS id, min(priority) AS priority, max(at) AS at FROM message'
        f" WHERE {OPEN} AND status = 'queued' GROUP BY session_id, chat_id) m"
        ' WHERE chat.id = m.chat_id AND chat.turn IS NULL'
    )


def lift_chat(chat_id: str, message_id: str, at: datetime) -> None:
    """Put the chat where this message belongs, unless a newer one is in it."""
    statement(
        'UPDATE chat SET last_message = ?, last_at = ? WHERE id = ? AND (last_at IS NULL OR last_at < ?)',
        message_id,
        as_number(at),
        chat_id,
        as_number(at),
    )


DEPARTING = (
    'id, chat_id, kind, text, quote_id, quote_sender, quote_text, mentions, author, author_name, caused_by, content,'
    ' media_id, target, forwarded, at, created_at, attempts, priority'
)
QUEUED = f"session_id = ? AND chat_id = ? AND {OPEN} AND status = 'queued'"
OLDEST = f'SELECT id FROM (SELECT id FROM message WHERE {QUEUED} ORDER BY id LIMIT ?)'
TAKE = "UPDATE message SET status = 'sending', sending_at = ?, attempts = attempts + 1, not_before = NULL, waits = ''"
NEXT = 'SELECT id FROM chat WHERE session_id = ? AND turn IS NOT NULL AND due IS NULL'


def claim_next(session_id: str, count: int, at: datetime, *, turn: str, urgency: int | None = None) -> list[Line]:
    """Queued messages of a session, moved to 'sending': at most `count`, in the order in which they should leave.

    Each chat gives its oldest ones, at most as many as every other; afterwards those with more stand at the end of the
    line, at `turn`, an id newer than every other. `urgency`: only from chats of this one.
    """
    if urgency is None:
        rows = statement(f'{NEXT} ORDER BY urgency, turn LIMIT ?', session_id, count)
    else:
        rows = statement(f'{NEXT} AND urgency = ? ORDER BY turn LIMIT ?', session_id, urgency, count)
    chats = [str(chat_id) for (chat_id,) in rows]
    if not chats:
        return []
    each = count // len(chats)
    taken = statement(
        f'{TAKE} WHERE id IN ({" UNION ALL ".join([OLDEST] * len(chats))}) RETURNING {DEPARTING}',
        as_number(at),
        *(value for chat_id in chats for value in (session_id, chat_id, each)),
    )
    _step_back(session_id, chats, turn)
    return _in_turn([_departing(session_id, row) for row in sorted(taken)], chats)


def _in_turn(lines: list[Line], chats: list[str]) -> list[Line]:
    """One of each chat, then the next of each; `lines` in the order of their ids."""
    place, given = {chat_id: place for place, chat_id in enumerate(chats)}, dict.fromkeys(chats, 0)
    rounds: list[tuple[int, int, Line]] = []
    for line in lines:
        rounds.append((given[line.chat_id], place[line.chat_id], line))
        given[line.chat_id] += 1
    return [line for _, _, line in sorted(rounds, key=lambda each: each[:2])]


def _step_back(session_id: str, chats: Sequence[str], turn: str) -> None:
    """To the end of the line, in the same order, or out of it when nothing more waits."""
    statement(
        "UPDATE chat SET (turn, urgency) = (SELECT ? || printf('%05d', instr(?, chat.id)), chat.urgency FROM message"
        f" WHERE session_id = ? AND chat_id = chat.id AND {OPEN} AND status = 'queued' LIMIT 1)"
        f' WHERE id IN ({", ".join("?" * len(chats))})',
        turn,
        ' '.join(chats),
        session_id,
        *chats,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The oldest message that waits in a chat; `phone` and `lid` of the other side, '' for a group."""

    line: Line
    urgency: int
    phone: str
    lid: str


def head(session_id: str, urgency: int) -> Head | None:
    """The next message of this urgency; nothing is changed, but chats in which nothing waits leave the line."""
    while True:
        rows = statement(
            'SELECT c.id, p.phone, p.lid FROM chat c LEFT JOIN contact p ON p.id = c.contact_id'
            ' WHERE c.session_id = ? AND c.turn IS NOT NULL AND c.due IS NULL AND c.urgency = ?'
            ' ORDER BY c.turn LIMIT 1',
            session_id,
            urgency,
        )
        if not rows:
            return None
        chat_id, phone, lid = rows[0]
        found = statement(f'SELECT {DEPARTING} FROM message WHERE {QUEUED} ORDER BY id LIMIT 1', session_id, chat_id)
        if found:
            return Head(line=_departing(session_id, found[0]), urgency=urgency, phone=phone or '', lid=lid or '')
        statement('UPDATE chat SET turn = NULL, urgency = NULL WHERE id = ?', chat_id)


def take(line: Line, at: datetime, *, turn: str) -> None:
    """Move this one, the head of its chat, to 'sending'."""
    statement(f'{TAKE} WHERE id = ?', as_number(at), line.id)
    _step_back(line.session_id, [line.chat_id], turn)


def put_off(line: Line, until: datetime, why: str) -> None:
    """Nothing of this chat leaves before `until`."""
    statement('UPDATE message SET not_before = ?, waits = ? WHERE id = ?', as_number(until), why, line.id)
    statement('UPDATE chat SET due = ? WHERE id = ?', as_number(until), line.chat_id)


def let_go(chat_id: str) -> None:
    """What waits in this chat need not wait any longer."""
    statement('UPDATE chat SET due = NULL WHERE id = ?', chat_id)


def chat_of(message_id: str) -> str:
    """'' for a message that was deleted."""
    rows = statement('SELECT chat_id FROM message WHERE id = ?', message_id)
    return str(rows[0][0]) if rows else ''


def never_heard(chat_id: str) -> bool:
    """Whether the other side has never written in this chat."""
    return bool(statement('SELECT 1 FROM chat WHERE id = ? AND heard_at IS NULL', chat_id))


MANY_DUE = 200


def let_due_go(session_id: str, now: datetime) -> datetime | None:
    """Chats whose moment has come may send again, a few at a time; returns when the next one's comes."""
    statement(
        'UPDATE chat SET due = NULL WHERE id IN ('
        ' SELECT id FROM chat WHERE session_id = ? AND due IS NOT NULL AND due <= ? ORDER BY due LIMIT ?)',
        session_id,
        as_number(now),
        MANY_DUE,
    )
    rows = statement('SELECT min(due) FROM chat WHERE session_id = ? AND due IS NOT NULL', session_id)
    return None if rows[0][0] is None else as_time(rows[0][0])


def sessions_waiting() -> list[str]:
    """Ids of the sessions that have something to send."""
    rows = statement(
        'SELECT id FROM session s WHERE EXISTS (SELECT 1 FROM chat WHERE session_id = s.id AND turn IS NOT NULL'
        ' AND due IS NULL) OR EXISTS (SELECT 1 FROM chat WHERE session_id = s.id AND due IS NOT NULL)'
    )
    return [str(id) for (id,) in rows]


def _departing(session_id: str, row: tuple[Any, ...]) -> Line:
    id, chat_id, kind, text, quote_id, quote_sender, quote_text, mentions, author, author_name, caused_by, *rest = row
    content, media_id, target, forwarded, at, made, attempts, priority = rest
    return Line(
        id=id,
        session_id=session_id,
        chat_id=chat_id,
        direction='out',
        kind=kind,
        text=text,
        status='sending',
        quote_id=quote_id,
        quote_sender=quote_sender,
        quote_text=quote_text,
        mentions=json.loads(mentions) if mentions else None,
        author=author,
        author_name=author_name,
        caused_by=caused_by,
        content=json.loads(content) if content else None,
        media_id=media_id,
        target=target,
        forwarded=bool(forwarded),
        at=as_time(at),
        created_at=as_time(made),
        attempts=attempts,
        priority=priority,
    )


def found_sending() -> list[Line]:
    """What a crash left in 'sending': handed over, outcome unknown."""
    rows = statement(f"SELECT session_id, {DEPARTING} FROM message WHERE {OPEN} AND status = 'sending' ORDER BY +id")
    return [_departing(row[0], row[1:]) for row in rows]


def mark_sent(id: str, whatsapp_id: str, at: datetime) -> bool:
    """False when it is not being sent any more."""
    return bool(
        statement(
            "UPDATE message SET status = 'sent', whatsapp_id = ?, sent_at = ?, error = '', error_code = ''"
            " WHERE id = ? AND status IN ('sending', 'uncertain') RETURNING id",
            whatsapp_id,
            as_number(at),
            id,
        )
    )


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
