"""What may be said, changed and passed on, here and by the rules of WhatsApp."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from data.members import ADMINS
from data.messages import Message
from data.traffic import closed

from .contents import FILES, checked_choice
from .errors import Conflict
from .group_facts import GONE

EDITABLE, REVOCABLE = timedelta(minutes=15), timedelta(hours=60)
FORWARDED = FILES | {'text', 'location', 'contact'}
SENDABLE = {'working', 'reconnecting', 'starting'}


def can_send(state: str, *, linked: bool) -> bool:
    """Whether a session takes messages. One that was never linked does not: nobody knows yet who would send them."""
    return state == 'working' or (linked and state in SENDABLE)


def check_open(chat_id: str) -> None:
    """Raises Conflict where WhatsApp would surely refuse."""
    role, blocked = closed(chat_id)
    if role == GONE:
        raise Conflict('You are no longer in this group.', code='not_in_group')
    if blocked:
        raise Conflict('You have blocked this contact. Unblock them to write to them.', code='contact_blocked')


def check_forwardable(row: Message) -> None:
    """Raises Conflict."""
    if row.revoked_at:
        raise Conflict('That message was deleted.', code='message_deleted')
    if row.kind not in FORWARDED:
        raise Conflict(f'A {row.kind.replace("_", " ")} cannot be forwarded.', code='not_forwardable')
    if row.kind in FILES and (row.content or {}).get('view_once'):
        raise Conflict('What may be viewed once cannot be forwarded.', code='not_forwardable')
    if row.kind in FILES and not row.media_id:
        raise Conflict('The file of that message is not here, so it cannot be sent on.', code='not_forwardable')


def check_changeable(row: Message, kind: str, now: datetime) -> None:
    """Raises Conflict when nobody can edit or delete this message (`kind`), react to it or vote in it any more."""
    if not row.whatsapp_id:
        raise Conflict(f'That message is {row.status}: WhatsApp does not have it.', code='not_sent')
    if row.revoked_at:
        raise Conflict('That message was deleted.', code='message_deleted')
    if kind not in ('reaction', 'poll_vote') and not (
        kind == 'revoke' and row.direction == 'in' and _rules(row.chat_id)
    ):
        _check_own(row, kind, now)


def check_vote(row: Message, options: Sequence[str]) -> None:
    """Raises Conflict when this is no poll, Invalid for what cannot be chosen in it."""
    if row.kind != 'poll' or not row.content:
        raise Conflict('That message is not a poll.', code='not_a_poll')
    checked_choice(options, row.content['options'], multiple=row.content['multiple'])


def _check_own(row: Message, kind: str, now: datetime) -> None:
    if row.direction == 'in':
        raise Conflict('Only your own messages can be changed.', code='not_yours')
    if kind == 'edit' and row.kind != 'text':
        raise Conflict(f'Only a text can be edited, this is a {row.kind}.', code='not_editable')
    written = row.sent_at or row.at
    if kind == 'edit' and now - written > EDITABLE:
        raise Conflict('WhatsApp lets a message be edited for 15 minutes; this one is older.', code='too_late')
    if kind == 'revoke' and now - written > REVOCABLE:
        raise Conflict(
            'WhatsApp lets a message be deleted for everybody for 60 hours; this one is older.', code='too_late'
        )


def _rules(chat_id: str) -> bool:
    """Admins of a group may delete what others wrote."""
    return closed(chat_id)[0] in ADMINS
