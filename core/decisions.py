"""What people decide about a message of ours that still waits, or that went wrong."""

import logging
from collections.abc import Callable

from data.database import after_commit, write
from data.departures import let_go
from data.messages import ABOUT, Message, claim, message_by_id, put_back

from .bodies import joined_body
from .errors import Conflict, NotFound
from .marks import Marks, line_of
from .news import NewsDesk
from .outcomes import whisper_queued
from .world import World

log = logging.getLogger(__name__)


class Decisions:
    """`by`: the id of the Author who decides. Raises NotFound, Conflict."""

    def __init__(self, world: World, desk: NewsDesk, marks: Marks, nudge: Callable[[str], None]) -> None:
        self.world, self.desk, self.marks, self.nudge = world, desk, marks, nudge

    def resend(self, id: str, by: str) -> Message:
        """Send a failed or uncertain message once more."""

        def again() -> Message:
            row = _row(id)
            again = {'whatsapp_id': None, 'attempts': 0}
            if not put_back(id, ('failed', 'uncertain', 'cancelled', 'blocked'), self.world.now(), **again):
                raise Conflict(f'This message is {row.status}: there is nothing to send again.', code='not_resendable')
            log.info('message %s is sent again, as %s asked', id, by)
            after_commit(lambda: whisper_queued(self.desk, row))
            after_commit(lambda: self.nudge(row.session_id))
            row.status = 'queued'
            return row

        return write(again)

    def mark_sent(self, id: str, by: str) -> Message:
        """Somebody knows that an uncertain message was sent."""

        def settle() -> Message:
            row = _row(id)
            settled = {'sent_at': self.world.now(), 'error': '', 'error_code': ''}
            if not claim(id, ('uncertain',), 'sent', **settled):
                raise Conflict(f'This message is {row.status}: nothing about it is uncertain.', code='not_uncertain')
            log.info('message %s was sent, as %s says', id, by)
            row.status, row.sent_at, row.error, row.error_code = 'sent', settled['sent_at'], '', ''
            if row.kind in ABOUT:
                self.marks.take(line_of(row))
            self.desk.tell('message.sent', joined_body(row), session=row.session_id, chat=row.chat_id)
            return row

        return write(settle)

    def cancel(self, id: str) -> Message:
        """Only what has not left yet."""

        def stop() -> Message:
            row = _row(id)
            if not claim(id, ('queued', 'scheduled'), 'cancelled', ended_at=self.world.now()):
                raise Conflict(
                    f'This message is {row.status}: it cannot be cancelled any more.', code='not_cancellable'
                )
            let_go(row.chat_id)  # those behind it need not wait for its moment
            row.status = 'cancelled'
            self.desk.tell('message.cancelled', joined_body(row), session=row.session_id, chat=row.chat_id)
            return row

        return write(stop)


def _row(id: str) -> Message:
    row = message_by_id(id)
    if row is None or row.direction == 'in':
        raise NotFound('There is no message of ours with this id.')
    return row
