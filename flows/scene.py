"""What templates and conditions see of a run's surroundings: plain values, read afresh each time it goes on."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core.hours import zones_of
from core.opt_outs import opted_out
from core.whom import person_values
from data.database import as_time, read
from data.scenes import chat_scene, contact_scene, message_scene, times_scene

from .state import RunState


def scene(run: RunState, now: datetime) -> dict[str, Any]:
    """contact, chat, session, message, trigger, flow, times, now; an empty one where there is no such thing."""
    with read():
        chat = chat_scene(run.chat_id) if run.chat_id else None
        contact = contact_scene(run.contact_id) if run.contact_id else None
        message = message_scene(run.message_id) if run.message_id else None
        times = times_scene(run.chat_id, run.contact_id, before=run.message_id) if run.chat_id else {}
        person = _person(contact) if contact else {}
    return {
        'contact': person,
        'chat': _chat(chat, person) if chat else {},
        'session': {
            'name': chat['session'] if chat else run.session,
            'phone': f'+{chat["session_phone"]}' if chat else '',
        },
        'message': _message(message) if message else {},
        'trigger': run.trigger,
        'payload': run.trigger.get('payload', {}),
        'flow': {'key': run.flow, 'version': run.version},
        'times': times,
        'now': now,
    }


def _person(row: Mapping[str, Any]) -> dict[str, Any]:
    phone = row['phone']
    zones = zones_of(phone) if phone else ()
    return {
        **person_values(row),
        # a number that may be in several zones is taken for one in none
        'zone': row['zone'] or (zones[0] if len(zones) == 1 else ''),
        'opted_out': opted_out(row['id'], phone, row['lid']),
    }


def _chat(row: Mapping[str, Any], person: Mapping[str, Any]) -> dict[str, Any]:
    return {
        'id': row['id'],
        'kind': 'group' if row['group'] else 'private',
        'name': row['name'] or person.get('name', ''),
        'automation': row['automation'],
        'assigned_to': row['assigned_to'],
    }


def _message(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        'id': row['id'],
        'text': row['text'],
        'kind': row['kind'],
        'at': as_time(row['at']),
        'content': row['content'] or {},
        'quoted': row['quote_text'] or '',
    }
