"""What REST, events and webhooks show of a row: the same words and shapes everywhere."""

from datetime import datetime
from typing import Any

from data.chats import Chat
from data.messages import Message, Receipt, been, been_before
from data.sessions import Session
from data.traffic import Line

from .addresses import GROUP
from .identities import person

Body = dict[str, Any]


def time_text(at: datetime | None) -> str | None:
    """RFC 3339 in UTC with milliseconds."""
    return None if at is None else at.isoformat(timespec='milliseconds').replace('+00:00', 'Z')


def session_body(row: Session) -> Body:
    return {
        'name': row.name,
        'id': row.id,
        'state': row.state,
        'detail': row.detail,
        'since': time_text(row.since),
        'until': time_text(row.until),
        'wanted': row.wanted,
        'phone': f'+{row.phone}' if row.phone else None,
        'lid': row.lid or None,
        'push_name': row.push_name or None,
        'country': row.country or None,
        'linked_at': time_text(row.linked_at),
        'created_at': time_text(row.created_at),
    }


def peer_of(chat: Chat) -> Body:
    """The other side of a chat: a person, or a group."""
    if chat.group:
        return {
            'id': chat.id,
            'phone': None,
            'lid': None,
            'name': chat.name or 'Group',
            'group': f'{chat.group}@{GROUP}',
        }
    return dict(person(chat.contact)) if chat.contact else {'id': None, 'phone': None, 'lid': None, 'name': 'Nobody'}


def chat_body(chat: Chat) -> Body:
    """`chat` with contact and session joined."""
    return {
        'id': chat.id,
        'session': chat.session.name,
        'kind': 'group' if chat.group else 'private',
        'name': chat.name or peer_of(chat)['name'],
        'with': peer_of(chat),
        'unread': chat.unread,
        'automation': chat.automation,
        'human_until': time_text(chat.human_until),
        'assigned_to': chat.assigned_to,
        'last_message': chat.last_message,
        'last_at': time_text(chat.last_at),
    }


def message_body(message: Message | Line, *, session: str, peer: Body, sender: Body | None = None) -> Body:
    """`session` is its name, `peer` the other side of the chat, `sender` who wrote an incoming one."""
    body: Body = {
        'id': message.id,
        'session': session,
        'chat': message.chat_id,
        'direction': message.direction,
        'kind': message.kind,
        'text': message.text,
        'status': message.status,
        'whatsapp_id': message.whatsapp_id,
        'created_at': time_text(message.created_at),
        'at': time_text(message.at),
        'origin': message.origin,
        'error': {'code': message.error_code, 'detail': message.error} if message.error else None,
    }
    if message.direction == 'in':
        body['from'] = sender or peer
        if peer.get('group'):
            body['group'] = peer
    else:
        body['to'] = peer
        body['author'] = message.author
        body['caused_by'] = message.caused_by
    if message.quote_id:
        body['reply_to'] = {'whatsapp_id': message.quote_id, 'from': message.quote_sender, 'text': message.quote_text}
    if message.mentions:
        body['mentions'] = message.mentions
    return body


def joined_body(message: Message) -> Body:
    """For a message read with its chat, contact, session and sender."""
    sender = person(message.sender) if message.sender_id and message.sender else None
    return message_body(message, session=message.session.name, peer=peer_of(message.chat), sender=sender)


def history_of(message: Message, receipts: list[Receipt]) -> list[Body]:
    """Every status a message had, oldest first; receipts of several people count once, the first."""
    if message.direction == 'in':
        return [{'status': 'received', 'at': time_text(message.created_at), 'detail': None}]
    stages = [('queued', message.created_at, ''), *been_before(message), *been(message)]
    first = {receipt.kind: receipt.at for receipt in reversed(receipts)}
    stages += [(kind, first[kind], '') for kind in dict.fromkeys(receipt.kind for receipt in receipts)]
    told: list[Body] = []
    latest = message.created_at
    for status, at, why in stages:
        latest = max(latest, at)  # WhatsApp counts in whole seconds: nothing may seem to happen before what it follows
        told.append({'status': status, 'at': time_text(latest), 'detail': why or None})
    return told
