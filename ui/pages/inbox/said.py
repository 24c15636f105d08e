"""What was said in a chat, as plain values: messages with what they bring and what was made of them, and notes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.bodies import waits_of
from data.chats import Chat
from data.contacts import contacts_at, contacts_by_ids
from data.marks import Mark, marks_on
from data.media import media_by_ids
from data.messages import ABOUT, Message, first_receipts, messages_by_ids, messages_called, messages_of
from data.notes import Note, note_by_id, notes_of

from .brings import Brings, Voice, brings_of
from .wording import HAPPENINGS, Piece, happening, only_emoji, pieces_of, shown_as

PAGE = 40
NOTE = 'note'


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """Whom and what a message answers. `id`: the message itself, '' when it is not here."""

    id: str
    who: str
    text: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """One emoji on a message. `who`: names, in the order of reacting; `mine`: this account did it too."""

    emoji: str
    who: tuple[str, ...]
    mine: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One message, or a note of the team (kind 'note').

    `who` wrote it, as lists and sentences name them; `sender` the same where it must be told, in a group. `steps`: when
    it was sent, delivered, read and played, the first of many. `gone`: who deleted it, '' while it stands.
    `reached`: WhatsApp knows it, so it can be reacted to.
    """

    id: str
    out: bool
    kind: str
    text: str
    pieces: tuple[Piece, ...]
    at: datetime
    who: str
    author: str
    status: str = ''
    error: str = ''
    waits: tuple[datetime | None, str] | None = None  # until when, and why it has not left yet
    large: bool = False
    sender: str = ''
    quote: Quoted | None = None
    brings: Brings = field(default_factory=dict)
    reactions: tuple[Reaction, ...] = ()
    steps: tuple[tuple[str, datetime, int], ...] = ()
    forwarded: bool = False
    edited: bool = False
    gone: str = ''
    reached: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What was said one after the other. `above`, `below`: there is more."""

    said: list[Said]
    above: bool
    below: bool


def newest_in(chat: str, me: str, limit: int = PAGE) -> Stretch:
    """`me` is the user's id."""
    return before_in(chat, me, '', limit)


def before_in(chat: str, me: str, id: str, limit: int = PAGE) -> Stretch:
    """What was said before the message or note with this id, '' for the end."""
    rows = messages_of(chat, before=id, limit=limit + 1)
    above, rows = len(rows) > limit, rows[-limit:]
    notes = notes_of(chat, since=str(rows[0].id) if above else '', before=id, limit=10 * limit)
    return Stretch(said=_said(rows, notes, me), above=above, below=bool(id))


def after_in(chat: str, me: str, id: str, limit: int = PAGE) -> Stretch:
    rows = messages_of(chat, after=id, limit=limit + 1)
    below, rows = len(rows) > limit, rows[:limit]
    notes = notes_of(chat, since=_next(id), before=_next(str(rows[-1].id)) if below else '', limit=10 * limit)
    return Stretch(said=_said(rows, notes, me), above=True, below=below)


def around_in(chat: str, me: str, id: str, limit: int = PAGE) -> Stretch:
    """Some of what was said before and after this message, and itself."""
    upper, lower = before_in(chat, me, _next(id), limit // 2), after_in(chat, me, id, limit // 2)
    return Stretch(said=upper.said + lower.said, above=upper.above, below=lower.below)


def said_with(ids: Sequence[str], me: str) -> list[Said]:
    """Without those about other messages."""
    rows = [row for row in messages_by_ids(ids) if row.kind not in ABOUT]
    notes = [note for id in ids if (note := note_by_id(id)) is not None]
    return _said(rows, notes, me)


def refused_of(ids: Sequence[str], me: str) -> list[str]:
    """Why a reaction, an edit or a deletion of this user came to nothing."""
    return [
        str(row.error)
        for row in messages_by_ids(ids)
        if row.kind in ABOUT and row.status == 'failed' and row.author == f'user:{me}'
    ]


def who_wrote(chat: Chat, message: Message) -> str:
    if message.direction == 'out':
        return 'You'
    sender = message.sender if message.sender_id else chat.contact
    return str(sender.shown_name) if sender else 'Somebody'


def _next(id: str) -> str:
    """What comes right after this id in the order of ids."""
    return f'{id}0'


def _said(rows: Sequence[Message], notes: Iterable[Note], me: str) -> list[Said]:
    around = _Around(rows, me)
    said = [around.message(row) for row in rows] + [_note(note, me) for note in notes]
    return sorted(said, key=lambda each: each.id)


def _note(note: Note, me: str) -> Said:
    author = 'you' if note.author == f'user:{me}' else str(note.author_name)
    return Said(
        id=str(note.id), out=True, kind=NOTE, text=str(note.text), pieces=pieces_of(str(note.text), {}), at=note.at,
        who=str(note.author_name), author=author,
    )  # fmt: skip


class _Around:
    """What has to be asked about many messages at once: names, marks, receipts, what they answer."""

    def __init__(self, rows: Sequence[Message], me: str) -> None:
        self.me = me
        self.names = names_in(rows)
        sessions = sorted({row.session_id for row in rows})
        reached = [str(row.whatsapp_id) for row in rows if row.whatsapp_id]
        self.marks: dict[tuple[str, str], list[Mark]] = {}
        for mark in marks_on(sessions, reached):
            self.marks.setdefault((mark.session_id, str(mark.whatsapp_id)), []).append(mark)
        people = {str(mark.who) for marks in self.marks.values() for mark in marks if mark.who}
        self.people = {str(row.id): str(row.shown_name) for row in contacts_by_ids(people)}
        own = [str(row.whatsapp_id) for row in rows if row.whatsapp_id and row.direction == 'out']
        self.steps = first_receipts(sessions, own)
        self.quoted = _quoted(rows)
        self.media = {str(each.id): each for each in media_by_ids({str(row.media_id) for row in rows if row.media_id})}

    def message(self, row: Message) -> Said:
        who, out = who_wrote(row.chat, row), row.direction == 'out'
        happened = row.kind in HAPPENINGS
        marks = self.marks.get((row.session_id, str(row.whatsapp_id)), [])
        return Said(
            id=str(row.id),
            out=out,
            kind=str(row.kind),
            text=happening(str(row.kind), str(row.text), who, row.content) if happened else str(row.text),
            pieces=pieces_of(_words(row), self.names if row.mentions else {}),
            large=row.kind == 'text' and only_emoji(str(row.text)),
            at=row.at,
            who=who,
            author='You' if row.author == f'user:{self.me}' else str(row.author_name),
            sender=who if row.chat.group and not out else '',
            status=str(row.status),
            error=str(row.error),
            waits=waits_of(row),
            quote=self._quote(row),
            brings=brings_of(row, self._votes(marks) if row.kind == 'poll' else [], self.media.get(str(row.media_id))),
            reactions=self._reactions(marks),
            steps=self._steps(row) if out else (),
            forwarded=bool(row.forwarded),
            edited=row.edited_at is not None,
            gone=who if row.revoked_at else '',
            reached=bool(row.whatsapp_id) and not happened,
        )

    def _steps(self, row: Message) -> tuple[tuple[str, datetime, int], ...]:
        sent = [('sent', row.sent_at, 1)] if row.sent_at else []
        return (*sent, *self.steps.get((row.session_id, str(row.whatsapp_id)), ()))

    def _name(self, mark: Mark) -> str:
        return self.people.get(str(mark.who), 'Somebody') if mark.who else 'You'

    def _reactions(self, marks: Iterable[Mark]) -> tuple[Reaction, ...]:
        by_emoji: dict[str, list[Mark]] = {}
        for mark in marks:
            if mark.kind == 'reaction':
                by_emoji.setdefault(str(mark.value), []).append(mark)
        return tuple(
            Reaction(emoji=emoji, who=tuple(map(self._name, made)), mine=any(not mark.who for mark in made))
            for emoji, made in by_emoji.items()
        )

    def _votes(self, marks: Iterable[Mark]) -> list[Voice]:
        return [(self._name(mark), tuple(map(str, mark.value)), not mark.who) for mark in marks if mark.kind == 'vote']

    def _quote(self, row: Message) -> Quoted | None:
        if not row.quote_id:
            return None
        found = self.quoted.get((row.chat_id, str(row.quote_id)))
        kind = str(found.kind) if found is not None else 'text'
        text = str(row.quote_text or '') or (_words(found) if found is not None else '')
        return Quoted(
            id=str(found.id) if found is not None else '',
            who=self.names.get(_digits(row.quote_sender or ''), ''),
            text=text[:300] or shown_as(kind)[1] or 'A message',
            kind=kind,
        )


def _words(row: Message) -> str:
    """The text, unless what it brings says the same."""
    return '' if row.kind in ('location', 'contact', 'poll') else str(row.text)


def _quoted(rows: Sequence[Message]) -> dict[tuple[str, str], Message]:
    wanted: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        if row.quote_id:
            wanted.setdefault((row.chat_id, row.session_id), set()).add(str(row.quote_id))
    return {
        (chat, str(found.whatsapp_id)): found
        for (chat, session), ids in wanted.items()
        for found in messages_called(chat, session, sorted(ids))
    }


def names_in(rows: Sequence[Message]) -> dict[str, str]:
    """Digits of everybody who is mentioned or quoted -> name."""
    digits = {_digits(each) for row in rows for each in (*(row.mentions or ()), row.quote_sender or '') if each}
    names: dict[str, str] = {}
    for contact in contacts_at(digits):
        names |= {str(each): contact.shown_name for each in (contact.phone, contact.lid) if each}
    for row in rows:
        names |= {str(each): 'You' for each in (row.session.phone, row.session.lid) if each}
    return names


def _digits(address: str) -> str:
    return address.partition('@')[0].partition(':')[0]
