"""What becomes of everything two contacts have when they turn out to be one person."""

from data.blocked import same_blocked
from data.chats import Chat, chat_with
from data.contacts import Contact
from data.marks import same_marks
from data.members import same_members
from data.messages import Message
from data.notes import same_notes
from data.opt_outs import same_opt_outs
from data.runs import same_runs
from data.tags import same_tags
from data.urgency import BULK, BULK_FIRST, FIRST, KNOWN

# A chat in which they have written opens no conversation.
ONCE_HEARD = {FIRST: KNOWN, BULK_FIRST: BULK}


def merge(*, keep: Contact, gone: Contact) -> dict[str, str]:
    """Inside a write: `keep` has it all from now on, also what is known of the person only there.

    Returns the chats that ended and the ones in which they go on.
    """
    moved: dict[str, str] = {}
    for chat in list(Chat.select().where(Chat.contact == gone.id)):
        kept = chat_with(chat.session_id, contact_id=str(keep.id))
        if kept is None:
            Chat.update(contact=keep.id).where(Chat.id == chat.id).execute()
        else:
            _move(chat, kept)
            moved[str(chat.id)] = str(kept.id)
    Message.update(sender=keep.id).where(Message.sender == gone.id).execute()
    for same in (same_marks, same_members, same_blocked, same_opt_outs, same_runs, same_tags):
        same(keep=str(keep.id), gone=str(gone.id))
    Contact.delete().where(Contact.id == gone.id).execute()
    known = {
        'phone': keep.phone or gone.phone, 'lid': gone.lid or keep.lid, 'name': keep.name or gone.name,
        'push_name': keep.push_name or gone.push_name, 'vars': {**gone.vars, **keep.vars},
        'language': keep.language or gone.language, 'zone': keep.zone or gone.zone,
    }  # fmt: skip
    Contact.update(**known).where(Contact.id == keep.id).execute()
    for name, value in known.items():
        setattr(keep, name, value)
    return moved


def _move(chat: Chat, kept: Chat) -> None:
    twins = Message.select(Message.whatsapp_id).where(Message.chat == kept.id, Message.whatsapp_id.is_null(False))
    Message.delete().where(Message.chat == chat.id, Message.whatsapp_id << twins).execute()
    Message.update(chat=kept.id).where(Message.chat == chat.id).execute()
    for same in (same_notes, same_runs):
        same(keep=str(kept.id), gone=str(chat.id))
    newest = max(filter(None, (chat.last_message, kept.last_message)), default=None)
    last_at = max(filter(None, (chat.last_at, kept.last_at)), default=None)
    heard_at = max(filter(None, (chat.heard_at, kept.heard_at)), default=None)
    urgency = min((each.urgency for each in (chat, kept) if each.urgency is not None), default=None)
    line = {
        'turn': min(filter(None, (chat.turn, kept.turn)), default=None),
        'urgency': urgency if heard_at is None or urgency is None else ONCE_HEARD.get(urgency, urgency),
        'due': None,
    }
    Chat.update(
        last_message=newest, last_at=last_at, heard_at=heard_at, unread=Chat.unread + chat.unread, **line
    ).where(Chat.id == kept.id).execute()
    Chat.delete().where(Chat.id == chat.id).execute()
