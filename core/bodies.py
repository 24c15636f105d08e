"""What REST, events and webhooks show of a row: the same words and shapes everywhere."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from data.chats import Chat
from data.contacts import contacts_by_ids
from data.marks import marks_on
from data.media import Download
from data.messages import Message, Receipt, been, been_before
from data.pacing import pace_of
from data.sessions import Session
from data.traffic import Line

from .addresses import Address
from .contents import shown
from .identities import person
from .media_policy import policy_of

Body = dict[str, Any]
CALLS: Body = {'reject': False, 'text': ''}  # how calls to a session are taken until somebody says so


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
        'history': row.extra.get('history'),
        'calls': {**CALLS, **row.extra.get('calls', {})},
        'presence': row.extra.get('presence', 'as_phone'),
        'media': policy_of(row.extra).as_json(),
        'link_previews': row.extra.get('link_previews') is True,
    }


def peer_of(chat: Chat) -> Body:
    """The other side of a chat: a person, or a group."""
    if chat.group:
        return {
            'id': chat.id,
            'phone': None,
            'lid': None,
            'name': chat.name or 'Group',
            'group': str(Address('group', chat.group)),
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
        'closed': closed_because(chat) or None,
    }


def closed_because(chat: Chat) -> str:
    """Why nobody can write into this chat now, '' when one can. Reads nothing but the row."""
    if not chat.group:
        return ''
    if chat.role == 'gone':
        return 'You are no longer in this group.'
    if chat.role == 'member' and (chat.facts or {}).get('announce'):
        return 'Only admins can write in this group.'
    return ''


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
    if message.forwarded:
        body['forwarded'] = True
    if message.target:
        body['about'] = message.target
    return {**body, **_content(message)}


def _content(message: Message | Line) -> Body:
    body = shown(message.kind, message.content)
    if 'media' in body:
        body['media']['id'] = message.media_id
    return body


def marked_bodies(messages: Sequence[Message]) -> list[Body]:
    """`joined_body` of each, with the reactions to it and, for a poll, the votes in it."""
    marks = marks_on(
        sorted({row.session_id for row in messages}), [row.whatsapp_id for row in messages if row.whatsapp_id]
    )
    people = {row.id: dict(person(row)) for row in contacts_by_ids({mark.who for mark in marks if mark.who})}
    told: dict[tuple[str, str, str], list[Body]] = {}
    for mark in marks:
        said = {('emoji' if mark.kind == 'reaction' else 'options'): mark.value}
        key = (mark.session_id, mark.whatsapp_id, mark.kind)
        told.setdefault(key, []).append({**said, 'by': people.get(mark.who), 'at': time_text(mark.at)})
    return [_marked(row, told) for row in messages]


def _marked(row: Message, told: dict[tuple[str, str, str], list[Body]]) -> Body:
    body = joined_body(row)
    reactions = told.get((row.session_id, row.whatsapp_id or '', 'reaction'))
    if reactions:
        body['reactions'] = reactions
    if row.kind == 'poll':
        body['poll'] = {**body['poll'], 'votes': told.get((row.session_id, row.whatsapp_id or '', 'vote'), [])}
    return body


def joined_body(message: Message) -> Body:
    """For a message read with its chat, contact, session and sender."""
    sender = person(message.sender) if message.sender_id and message.sender else None
    body = message_body(message, session=message.session.name, peer=peer_of(message.chat), sender=sender)
    if message.edited_at:
        body['edited_at'] = time_text(message.edited_at)
    if message.revoked_at:
        body['revoked_at'] = time_text(message.revoked_at)
    if (waits := waits_of(message)) is not None:
        body['waits'] = {'until': time_text(waits[0]), 'reason': waits[1]}
    return body


def waits_of(message: Message) -> tuple[datetime | None, str] | None:
    """Until when (None: nobody knows) and why a queued message waits; None when it is about to leave.

    For a message read with its chat and session.
    """
    if message.status != 'queued':
        return None
    chat, session = message.chat, message.session
    if session.state != 'working':
        return session.until, session.detail if session.state == 'banned' else f'{session.name} is not connected.'
    if message.not_before:
        return message.not_before, message.waits
    if chat.due:
        return chat.due, 'An earlier message of this chat waits as well.'
    return None if chat.urgency is None else pace_of(session.id).holds.get(chat.urgency)


def media_body(row: Download) -> Body:
    """The file that a message brought; `row` with its media joined. `id` is null until it is here."""
    media = row.media
    gone = media is not None and media.gone_at is not None
    here = media if not gone else None
    return {
        'id': here.id if here else None,
        'kind': row.kind,
        'mime': here.mime if here else row.mime,
        'size': here.size if here else row.size,
        'filename': row.filename,
        'width': row.width or (here.width if here else 0),
        'height': row.height or (here.height if here else 0),
        'seconds': row.seconds or (here.seconds if here else 0),
        'animated': row.animated,
        'view_once': row.view_once,
        'state': 'gone' if gone else row.state,
        'detail': 'This file was deleted here; ask for it again.' if gone else row.error,
    }


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
