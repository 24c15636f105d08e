"""Where what was before the link is kept: as history, never as something that just happened."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from ulid import ULID

from data.database import EPOCH, MILLISECOND, after_commit
from data.messages import ABOUT
from data.sessions import Session
from data.traffic import Line, add_message, lift_chat

from .addresses import parse_jid
from .bodies import Body
from .events import HistoryReceived, MessageReceived, Standing
from .identities import Identities
from .news import NewsDesk
from .proofs import Proofs

log = logging.getLogger(__name__)

MakeLine = Callable[[MessageReceived, str, str | None], Line]
Whose = Callable[[MessageReceived], tuple[str, str | None]]
Mark = Callable[[Line], object]


class File(Protocol):
    def __call__(self, line: Line, event: MessageReceived, *, history: bool) -> object: ...


class History:
    """`take` belongs inside a write. `make`, `whose`, `mark` and `file` are the inbox's ways with any message."""

    def __init__(
        self,
        identities: Identities,
        desk: NewsDesk,
        *,
        make: MakeLine,
        whose: Whose,
        mark: Mark,
        file: File,
        proofs: Proofs,
    ) -> None:
        self.identities, self.desk = identities, desk
        self.make, self.whose, self.mark, self.file, self.proofs = make, whose, mark, file, proofs

    def take(self, part: HistoryReceived) -> None:
        for lid, phone in part.people:
            self.identities.same_person(phone, lid)
        for address, name in part.names:
            if _is_person(address):
                self.identities.contact(address, '', name)
        for address, name in part.groups:
            self.identities.rename_group(part.session, parse_jid(address).digits, name)
        kept = sum(self._keep(message, standing, place) for place, (message, standing) in enumerate(part.messages))
        if part.messages or part.progress >= 0:
            self._tell(part, kept)

    def _keep(self, message: MessageReceived, standing: Standing, place: int) -> bool:
        chat_id, sender_id = self.whose(message)
        line = self.make(message, chat_id, sender_id)
        line.id, line.created_at = id_at(line.at, place, line.id), line.at
        line.status, line.routed = standing, None
        if self.proofs.told(line, standing) or not add_message(line, on_top=False):
            return False  # it came while we were linked before, or is told twice
        if line.kind in ABOUT:
            self.mark(line)
        else:
            lift_chat(chat_id, line.id, line.at)
            self.file(line, message, history=True)
        return True

    def _tell(self, part: HistoryReceived, kept: int) -> None:
        row: Session = Session.get_by_id(part.session)
        before: Body = row.extra.get('history', {'progress': 0, 'messages': 0})
        progress = before['progress'] if part.progress < 0 else min(100, part.progress)
        now: Body = {'progress': progress, 'messages': before['messages'] + kept}
        Session.update(extra={**row.extra, 'history': now}).where(Session.id == part.session).execute()
        body = {'session': row.name, **now}
        after_commit(lambda: self.desk.whisper('session.history', body, session=part.session))
        if part.progress >= 0:
            log.info('session %s: the phone told its history, %d %%, %d messages', row.name, progress, now['messages'])


def id_at(at: datetime, place: int, fresh: str) -> str:
    """An id as one made at that time would be, so that old messages stand where they belong; `place` orders those of
    the same second, the end of the `fresh` id makes it the only one.
    """
    moment = (at - EPOCH) // MILLISECOND
    return str(
        ULID.from_bytes(
            moment.to_bytes(6, 'big') + (place & 0xFFFF).to_bytes(2, 'big') + ULID.from_str(fresh).bytes[8:]
        )
    )


def _is_person(address: str) -> bool:
    return address.endswith(('@s.whatsapp.net', '@lid'))
