"""How a message that may have left is found to have arrived: by receipts, and by what the phone tells later."""

import logging

from data.messages import ABOUT, message_by_id
from data.proofs import is_strange, keep_stray, prove_by_history, prove_by_stray
from data.receipts import highest_receipt, lift, prove
from data.traffic import Line

from .bodies import Body, joined_body
from .contents import FILES
from .events import ReceiptReceived, Standing
from .marks import Marks, line_of
from .news import NewsDesk

log = logging.getLogger(__name__)


class Proofs:
    """Everything here belongs inside a write."""

    def __init__(self, desk: NewsDesk, marks: Marks) -> None:
        self.desk, self.marks = desk, marks

    def receipt(self, event: ReceiptReceived, chat_id: str) -> None:
        """A receipt for what we did not know to have left; only one id at a time can tell of one message."""
        for whatsapp_id in event.whatsapp_ids:
            if not is_strange(event.session, whatsapp_id):
                continue
            id = prove(event.session, chat_id, whatsapp_id, event.at)
            if id is not None:
                self._proven(id, 'a receipt came for it')
            else:
                keep_stray(event.session, chat_id, whatsapp_id, event.at)

    def settle(self, session_id: str, chat_id: str) -> None:
        """A message of this chat is not on its way any more: a stray receipt may be about one that is uncertain."""
        found = prove_by_stray(session_id, chat_id)
        if found is None:
            return
        id, whatsapp_id = found
        self._proven(id, 'a receipt had come for it')
        kind = highest_receipt(session_id, whatsapp_id)
        for moved, _, caused_by in lift(session_id, whatsapp_id, kind) if kind else ():
            self._tell(kind, moved, session_id, chat_id, caused_by)

    def told(self, line: Line, standing: Standing) -> bool:
        """Whether this message of the phone's history is one that we did not know to have left."""
        if line.direction != 'out' or line.kind in ABOUT or line.kind in FILES:
            return False
        id = prove_by_history(
            line.session_id, line.chat_id, kind=line.kind, text=line.text, whatsapp_id=line.whatsapp_id or '',
            at=line.at, status=standing,
        )  # fmt: skip
        if id is None:
            return False
        self._proven(id, 'the phone has it')
        row = message_by_id(id)
        if row is not None:
            self.desk.tell('message.sent', joined_body(row), session=line.session_id, chat=line.chat_id)
            if standing != 'sent':
                self._tell(standing, id, line.session_id, line.chat_id, row.caused_by)
        return True

    def _proven(self, id: str, how: str) -> None:
        log.info('message %s did arrive: %s', id, how)
        row = message_by_id(id)
        if row is not None and row.kind in ABOUT:
            self.marks.take(line_of(row))

    def _tell(self, kind: str, id: str, session_id: str, chat_id: str, caused_by: str | None) -> None:
        body: Body = {'id': id, 'chat': chat_id, 'status': kind, 'caused_by': caused_by}
        self.desk.tell(f'message.{kind}', body, session=session_id, chat=chat_id)
