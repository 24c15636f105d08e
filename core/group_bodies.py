"""What REST and pages show of a group."""

from collections.abc import Sequence

from data.chats import Chat
from data.members import members_of, sizes_of

from .bodies import Body, closed_because, peer_of
from .identities import person

RANK = {'owner': 0, 'admin': 1, 'member': 2}


def group_bodies(chats: Sequence[Chat]) -> list[Body]:
    """Chats with their session joined, as REST shows groups in a list."""
    sizes = sizes_of([str(chat.id) for chat in chats])
    return [_group_body(chat, sizes.get(str(chat.id))) for chat in chats]


def group_body(chat: Chat) -> Body:
    """One group with everybody in it: who made it first, then admins, then by name."""
    members = sorted(members_of(str(chat.id)), key=lambda each: (RANK[each.role], each.contact.shown_name.lower()))
    body = _group_body(chat, len(members) or None)
    body['members'] = [{**person(each.contact), 'role': each.role} for each in members]
    return body


def _group_body(chat: Chat, size: int | None) -> Body:
    facts = chat.facts or {}
    return {
        'id': chat.id,
        'session': chat.session.name,
        'group': peer_of(chat)['group'],
        'name': chat.name or 'Group',
        'description': facts.get('description') or '',
        'announce': bool(facts.get('announce')),
        'locked': bool(facts.get('locked')),
        'owner': facts.get('owner') or None,
        'role': chat.role,
        'size': size,
        'made_at': facts.get('made_at'),
        'closed': closed_because(chat) or None,
    }
