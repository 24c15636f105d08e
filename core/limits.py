"""What WhatsApp itself limits a session in: what that stops, until when, and the sentence for it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from data.database import write
from data.pacing import SessionLimit, keep_limit, limits_of
from data.sessions import Session

from .bodies import Body, time_text
from .news import NewsDesk
from .world import World

log = logging.getLogger(__name__)

Kind = Literal['reach_out', 'refused', 'too_fast', 'banned']
Scope = Literal['new', 'all']


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """`code`: WhatsApp's number. `scope`: 'new' stops what goes to people who never wrote, 'all' stops everything.

    It lasts `first`, twice as long each time in a row, at most `longest`; when nothing came for `forgotten` after its
    end, it counts as the first again. WhatsApp tells the library no end of any of them, so these are ours.
    """

    kind: Kind
    code: int
    scope: Scope
    first: timedelta
    longest: timedelta
    forgotten: timedelta
    sentence: str


REASONS = {
    each.code: each
    for each in (
        Reason(
            kind='reach_out', code=463, scope='new', first=timedelta(hours=24), longest=timedelta(days=7),
            forgotten=timedelta(days=7),
            sentence='WhatsApp does not let this number open conversations for now (463). Replies go on.',
        ),
        Reason(
            kind='refused', code=479, scope='new', first=timedelta(minutes=15), longest=timedelta(hours=24),
            forgotten=timedelta(days=1),
            sentence='WhatsApp keeps refusing messages of this number (479), so it opens no conversations for now. '
            'Replies go on.',
        ),
        Reason(
            kind='too_fast', code=429, scope='all', first=timedelta(minutes=1), longest=timedelta(hours=1),
            forgotten=timedelta(hours=6),
            sentence='WhatsApp says this number sends too much (429). It rests for a while.',
        ),
    )
}  # fmt: skip
SCOPES: dict[str, Scope] = {each.kind: each.scope for each in REASONS.values()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One that holds now. `until` None: nobody knows; `times`: how often in a row."""

    kind: str
    scope: Scope
    until: datetime | None
    since: datetime
    sentence: str
    times: int = 1

    @property
    def body(self) -> Body:
        return {
            'kind': self.kind,
            'stops': 'everything' if self.scope == 'all' else 'new_conversations',
            'until': time_text(self.until),
            'since': time_text(self.since),
            'detail': self.sentence,
            'times': self.times,
        }


class Limits:
    """`changed(session id)` is told inside the write in which they change."""

    def __init__(self, world: World, desk: NewsDesk, changed: Callable[[str], object]) -> None:
        self.world, self.desk, self.changed = world, desk, changed

    def of(self, session_id: str) -> list[Limit]:
        """Those that hold now, without a ban."""
        now = self.world.now()
        return [_limit(row) for row in limits_of(session_id) if row.until > now]

    def refused(self, session_id: str, code: int) -> None:
        """Inside a write: WhatsApp said no with this number; some of them limit the whole session."""
        reason = REASONS.get(code)
        if reason is None:
            return
        now = self.world.now()
        last = next((row for row in limits_of(session_id) if row.kind == reason.kind), None)
        if last is not None and last.until > now:  # several were on their way: that is one time, not many
            return
        until, times = next_end(reason, now, times=last.times if last else 0, before=last.until if last else None)
        keep_limit(session_id, reason.kind, until=until, since=now, sentence=reason.sentence, times=times)
        log.warning('session %s is limited until %s: %s', session_id, time_text(until), reason.sentence)
        self._changed(session_id)

    def lift(self, session_id: str, kind: str) -> bool:
        """A person says it is over; False when it does not hold. The next of its kind lasts longer all the same."""

        def end() -> bool:
            row = next((each for each in limits_of(session_id) if each.kind == kind), None)
            now = self.world.now()
            if row is None or row.until <= now:
                return False
            keep_limit(session_id, kind, until=now, since=row.since, sentence=row.sentence, times=row.times)
            self._changed(session_id)
            return True

        return write(end)

    def _changed(self, session_id: str) -> None:
        self.changed(session_id)
        tell(self.desk, Session.get_by_id(session_id), self.of(session_id))


def tell(desk: NewsDesk, row: Session, limits: list[Limit]) -> None:
    """Inside a write: what WhatsApp limits this session in is different now."""
    desk.tell('session.limited', {'name': row.name, 'limits': [limit.body for limit in limits]}, session=row.id)


def ban_of(row: Session) -> Limit | None:
    """A ban is a state of the session; shown as what it is, a limit with an end."""
    if row.state != 'banned':
        return None
    return Limit(kind='banned', scope='all', until=row.until, since=row.since, sentence=row.detail)


def _limit(row: SessionLimit) -> Limit:
    return Limit(
        kind=row.kind, scope=SCOPES.get(row.kind, 'new'), until=row.until, since=row.since, sentence=row.sentence,
        times=row.times,
    )  # fmt: skip


def next_end(reason: Reason, now: datetime, *, times: int, before: datetime | None) -> tuple[datetime, int]:
    """Until when this one lasts, and the how manyth in a row it is; `times` and `before` (its end) of the last one."""
    if before is None or now > before + reason.forgotten:
        times = 0
    lasts = min(reason.longest, reason.first * 2 ** min(times, 20))
    return now + lasts, times + 1
