"""Which messages wait to leave: chats stand in line, and each gives its oldest ones."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .database import as_number, as_time, statement
from .traffic import OPEN, Line
from .urgency import URGENCY

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
