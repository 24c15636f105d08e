"""What became of a message on its way out."""

import logging
from dataclasses import replace
from datetime import timedelta
from typing import cast

from data.database import after_commit
from data.departures import found_sending, let_go, mark_sent
from data.messages import ABOUT, Message, Status, claim, put_back, waiting_of
from data.receipts import highest_receipt, lift
from data.traffic import Line

from .bodies import Body, joined_body, message_body
from .errors import SendRefused
from .events import Sent
from .group_facts import GroupFacts
from .identities import Identities
from .marks import Marks
from .news import NewsDesk
from .pacing import Pacing
from .proofs import Proofs
from .world import World

log = logging.getLogger(__name__)

TRIES = (1, 3, 9)  # seconds before the tries that follow when WhatsApp refuses with a reason that may pass
TOO_FAST = 429
OTHER_ACCOUNT = 'Not sent: another WhatsApp account was linked before it could leave.'


class Outcomes:
    """Everything here belongs inside a write."""

    def __init__(
        self, world: World, identities: Identities, desk: NewsDesk, pacing: Pacing, marks: Marks, facts: GroupFacts
    ) -> None:
        self.world, self.identities, self.desk = world, identities, desk
        self.pacing, self.marks, self.facts = pacing, marks, facts
        self.proofs = Proofs(desk, marks)

    def sent(self, row: Line, sent: Sent) -> None:
        self.pacing.settled(row, left=True)
        now = self.world.now()  # WhatsApp's own time is whole seconds, often before we posted it
        if not mark_sent(row.id, sent.whatsapp_id, now):
            return
        row.status, row.whatsapp_id, row.sent_at = 'sent', sent.whatsapp_id, now
        log.debug('message %s: sent', row.id)
        if row.kind in ABOUT:
            self.marks.take(replace(row, at=now))
        self._tell(row, 'message.sent')
        early = highest_receipt(row.session_id, sent.whatsapp_id)  # a receipt may come before we know the id
        if early:
            lift(row.session_id, sent.whatsapp_id, early)
            body: Body = {'id': row.id, 'chat': row.chat_id, 'status': early, 'caused_by': row.caused_by}
            self.desk.tell(f'message.{early}', body, session=row.session_id, chat=row.chat_id)
        self.proofs.settle(row.session_id, row.chat_id)

    def back_in_line(self, row: Line) -> None:
        """Nothing of it left: that was no try."""
        self.pacing.settled(row, left=False)
        if put_back(row.id, ('sending',), self.world.now(), attempts=row.attempts - 1):
            self.says_queued(row)

    def try_later(self, row: Line, problem: SendRefused) -> None:
        self.pacing.settled(row, left=False)
        if put_back(row.id, ('sending',), self.world.now()):
            wait = timedelta(seconds=TRIES[row.attempts - 1])
            self.pacing.put_off(row, self.world.now() + wait, f'{problem} It is tried again.')
            self.says_queued(row)
        if problem.reason == TOO_FAST:
            self.pacing.limits.refused(row.session_id, problem.reason)

    def stopped(self) -> int:
        """After a start: a crash left these in 'sending'. They were handed over, and nobody knows whether they left."""
        rows = found_sending()
        for row in rows:
            self.over(row, 'uncertain', 'Dovecote was stopped while this was being sent. It may have left.', 'stopped')
        return len(rows)

    def refused(self, row: Line, problem: SendRefused) -> None:
        self.over(row, 'failed', str(problem), str(problem.reason or problem.code))
        self.pacing.limits.refused(row.session_id, problem.reason)

    def over(self, row: Line, status: str, sentence: str, code: str) -> None:
        """It ended without being sent ('failed', or 'blocked' before it was tried), or nobody knows ('uncertain')."""
        self.pacing.settled(row, left=True)
        ended = {'error': sentence, 'error_code': code, 'ended_at': self.world.now()}
        if claim(row.id, ('sending',), cast(Status, status), **ended):
            row.status, row.error, row.error_code = status, sentence, code
            after_commit(lambda: log.warning('message %s: %s (%s)', row.id, status, code))
            self._tell(row, f'message.{status}')
            if code == 'not_in_group':
                self.facts.gone(row.chat_id)
            self.proofs.settle(row.session_id, row.chat_id)

    def other_account(self, session_id: str) -> None:
        """Another account is linked now, so what still waits was meant to leave from an earlier one."""
        ended = {'error': OTHER_ACCOUNT, 'error_code': 'other_account', 'ended_at': self.world.now()}
        for row in waiting_of(session_id):
            if claim(str(row.id), ('queued', 'scheduled'), 'failed', **ended):
                let_go(row.chat_id)
                row.status, row.error, row.error_code = 'failed', OTHER_ACCOUNT, 'other_account'
                self.desk.tell('message.failed', joined_body(row), session=session_id, chat=row.chat_id)

    def says_queued(self, row: Line) -> None:
        after_commit(lambda: whisper_queued(self.desk, row))

    def _tell(self, row: Line, kind: str) -> None:
        card, peer = self.identities.card(row.chat_id), self.identities.peer(row.chat_id)
        body = message_body(row, session=card.session, peer=dict(peer))
        self.desk.tell(kind, body, session=row.session_id, chat=row.chat_id)


def whisper_queued(desk: NewsDesk, row: Line | Message) -> None:
    body = {'id': row.id, 'chat': row.chat_id, 'status': 'queued', 'caused_by': row.caused_by}
    desk.whisper('message.queued', body, session=row.session_id, chat=row.chat_id)
