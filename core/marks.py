"""What a reaction, an edit, a revocation or a vote does to the message it is about."""

import logging
from typing import Any

from data.marks import put_mark
from data.members import ADMINS, is_admin
from data.messages import Message, change_text, mark_revoked, message_at
from data.traffic import Line, closed

from .bodies import Body, time_text
from .identities import Identities
from .news import NewsDesk

log = logging.getLogger(__name__)


class Marks:
    """`take` belongs inside the write that keeps the line, or that learns that WhatsApp took it."""

    def __init__(self, identities: Identities, desk: NewsDesk) -> None:
        self.identities, self.desk = identities, desk

    def take(self, line: Line) -> None:
        """`line` is a message ABOUT another one: somebody else's, our own from the phone, or one of ours just sent."""
        row = message_at(line.session_id, line.chat_id, line.target or '')
        match line.kind:
            case 'reaction':
                self._reaction(line, row)
            case 'poll_vote':
                self._vote(line, row)
            case 'edit' if row is not None and _same_author(row, line):
                self._edit(line, row)
            case 'revoke' if row is not None and (_same_author(row, line) or _by_admin(line)):
                self._revoke(line, row)
            case _:
                log.info('session %s: a %s of a message that is not here', line.session_id, line.kind)

    def _reaction(self, line: Line, row: Message | None) -> None:
        put_mark(line.session_id, line.target or '', line.sender_id or '', 'reaction', line.text, line.at)
        self._tell('message.reaction', line, row, {'emoji': line.text})

    def _vote(self, line: Line, row: Message | None) -> None:
        if line.content is None:
            log.info('session %s: a vote that could not be read', line.session_id)
            return
        options = line.content['options']
        put_mark(line.session_id, line.target or '', line.sender_id or '', 'vote', options, line.at)
        self._tell('poll.vote', line, row, {'options': options})

    def _edit(self, line: Line, row: Message) -> None:
        before = row.text
        if change_text(row.id, line.text, line.at):
            self._tell('message.edited', line, row, {'text': line.text, 'before': before})

    def _revoke(self, line: Line, row: Message) -> None:
        if mark_revoked(row.id, line.at):
            self._tell('message.revoked', line, row, {})

    def _tell(self, kind: str, line: Line, row: Message | None, more: dict[str, Any]) -> None:
        """`id` is the message it is about, null when we do not have it; `by` who did it, null for us."""
        body: Body = {
            'id': row.id if row is not None else None,
            'whatsapp_id': line.target,
            'chat': line.chat_id,
            'by': dict(self.identities.person(line.sender_id)) if line.sender_id else None,
            'at': time_text(line.at),
            **more,
        }
        self.desk.tell(kind, body, session=line.session_id, chat=line.chat_id)


def line_of(row: Message) -> Line:
    """As far as marks ask for it."""
    return Line(
        id=row.id, session_id=row.session_id, chat_id=row.chat_id, direction=row.direction, kind=row.kind,
        text=row.text, status=row.status, at=row.sent_at or row.at, created_at=row.created_at, content=row.content,
        sender_id=row.sender_id, target=row.target, author=row.author, author_name=row.author_name,
    )  # fmt: skip


def _same_author(row: Message, line: Line) -> bool:
    """Nobody changes what somebody else wrote."""
    return row.direction == line.direction and row.sender_id == line.sender_id


def _by_admin(line: Line) -> bool:
    """In a group its admins may delete what anybody wrote; that includes us."""
    if line.direction == 'out':
        return closed(line.chat_id)[0] in ADMINS
    return line.sender_id is not None and is_admin(line.chat_id, line.sender_id)
