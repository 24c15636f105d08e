"""What a flow may know of the chat, the person and the message it is about, in one question each."""

import json
from datetime import datetime
from typing import Any

from .database import as_time, database, statement


def chat_scene(chat_id: str) -> dict[str, Any] | None:
    """{id, session_id, session, session_phone, contact_id, group, name, automation, assigned_to}."""
    return _one(
        'SELECT c.id, c.session_id, s.name AS session, s.phone AS session_phone, c.contact_id, c."group", c.name,'
        ' c.automation, c.assigned_to FROM chat c JOIN session s ON s.id = c.session_id WHERE c.id = ?',
        chat_id,
    )


def contact_scene(contact_id: str) -> dict[str, Any] | None:
    """{id, phone, lid, name, push_name, vars, language, zone, tags}."""
    found = _one(
        'SELECT p.id, p.phone, p.lid, p.name, p.push_name, p.vars, p.language, p.zone,'
        ' (SELECT group_concat(tag, char(31)) FROM contact_tag WHERE contact_id = p.id) AS tags'
        ' FROM contact p WHERE p.id = ?',
        contact_id,
    )
    if found is not None:
        found['vars'] = json.loads(found['vars'])
        found['tags'] = sorted(found['tags'].split('\x1f')) if found['tags'] else []
    return found


def message_scene(message_id: str) -> dict[str, Any] | None:
    """{id, text, kind, at (milliseconds), content, quote_text, sender_id}."""
    found = _one('SELECT id, text, kind, at, content, quote_text, sender_id FROM message WHERE id = ?', message_id)
    if found is not None:
        found['content'] = json.loads(found['content']) if found['content'] else None
    return found


LAST = (
    'SELECT max(at) FROM'
    ' (SELECT at FROM message WHERE chat_id = ? AND direction = ? AND id <> ? ORDER BY id DESC LIMIT 3)'
)


def times_scene(chat_id: str, contact_id: str | None, *, before: str | None) -> dict[str, datetime | None]:
    """{last_inbound, last_outbound, first_contact}; the message `before` does not count."""
    found = {
        'last_inbound': statement(LAST, chat_id, 'in', before or ''),
        'last_outbound': statement(LAST, chat_id, 'out', before or ''),
        'first_contact': statement('SELECT created_at FROM contact WHERE id = ?', contact_id or ''),
    }
    return {name: as_time(rows[0][0]) if rows and rows[0][0] is not None else None for name, rows in found.items()}


def _one(sql: str, id: str) -> dict[str, Any] | None:
    cursor = database.execute_sql(sql, (id,))
    row = cursor.fetchone()
    return dict(zip((column[0] for column in cursor.description), row, strict=True)) if row else None
