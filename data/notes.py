"""What the team writes to each other beside a conversation."""

from datetime import datetime

from peewee import CharField, ForeignKeyField, TextField

from .chats import Chat
from .database import Table, TimeField


class Note(Table):
    """Never sent. `author` is 'user:<id>' or 'key:<id>'; ids grow with those of messages, so they stand among them."""

    chat_id: str

    id = CharField(primary_key=True)
    chat = ForeignKeyField(Chat, on_delete='CASCADE', index=False)
    author = CharField()
    author_name = CharField()
    text = TextField()
    at = TimeField()

    class Meta:
        indexes = ((('chat', 'id'), False),)


def add_note(id: str, chat_id: str, *, author: str, author_name: str, text: str, at: datetime) -> Note:
    made: Note = Note.create(id=id, chat=chat_id, author=author, author_name=author_name, text=text, at=at)
    return made


def notes_of(chat_id: str, *, since: str = '', before: str = '', limit: int = 50) -> list[Note]:
    """The newest notes of a chat, oldest of them first: from the id `since` on, up to but without `before`."""
    query = Note.select().where(Note.chat == chat_id).order_by(Note.id.desc()).limit(limit)
    if since:
        query = query.where(Note.id >= since)
    if before:
        query = query.where(Note.id < before)
    return list(query)[::-1]


def note_by_id(id: str) -> Note | None:
    found: Note | None = Note.get_or_none(Note.id == id)
    return found


def same_notes(*, keep: str, gone: str) -> None:
    """Two chats were one."""
    Note.update(chat=keep).where(Note.chat == gone).execute()
