"""Everything the dashboard shows, read at once."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from core.addresses import shown_phone
from core.rights import Asker
from data.chats import Chat, latest_chats
from data.flows import flows_in_order
from data.messages import Tally, Unsettled, tally, unsettled
from data.runs import Run, latest_runs
from data.sessions import Session, SessionChange, all_sessions, latest_changes
from flows.guards import PAUSE
from flows.state import OPEN

from .outcomes import outcome_of
from .pieces import STATES, Knot, Tone
from .written import counted, midnight

SENT = {'sent', 'delivered', 'read', 'played'}
ARRIVED = {'delivered', 'read', 'played'}
STUCK = timedelta(minutes=5)  # a session that reconnects for so long needs somebody
LATELY = 8
PAUSED = timedelta(seconds=PAUSE)
NEEDS: dict[str, tuple[Tone, str, str]] = {
    'logged_out': ('bad', 'is logged out.', 'Link again'),
    'banned': ('bad', 'is blocked by WhatsApp.', 'Look'),
    'failed': ('bad', 'has failed.', 'Look'),
    'passkey': ('wait', 'waits for a passkey.', 'Look'),
    'reconnecting': ('wait', 'has no connection.', 'Look'),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One session today."""

    name: str
    phone: str
    state: str
    sentence: str
    came: int = 0
    went: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Something only a person can settle; `path` is where, `act` the word on its button; `since` None is today."""

    tone: Tone
    text: str
    since: datetime | None
    act: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Messages in each hour of the reader's day so far, from midnight."""

    came: tuple[int, ...]
    went: tuple[int, ...]
    arrived: tuple[int, ...]
    failed: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """`queue`: (session, how many wait, why it is not moving or '')."""

    cards: tuple[Card, ...]
    hours: Hours
    uncertain: int
    needs: tuple[Need, ...]
    queue: tuple[tuple[str, int, str], ...]
    lately: tuple[Knot, ...]


def overview(asker: Asker, now: datetime, zone: tzinfo, paused: Mapping[str, datetime]) -> Overview:
    """Reads the database. Today is the day of `zone`; `paused` are chats that are left alone until then."""
    since = midnight(now, zone)
    sessions = [row for row in all_sessions() if asker.may_session(row.id)]
    seen = {row.id for row in sessions}
    counts = [each for each in tally(since) if each.session in seen]
    waits = [each for each in unsettled() if each.session in seen]
    queued = {each.session: each.count for each in waits if each.status == 'queued'}
    hours = hours_of(counts, int((now - since).total_seconds() // 3600) + 1)
    return Overview(
        cards=tuple(_card(row, counts, queued.get(row.id, 0)) for row in sessions),
        hours=hours,
        uncertain=sum(each.count for each in waits if each.status == 'uncertain'),
        needs=(*_machines(seen, paused), *_needs(sessions, waits, sum(hours.failed), now)),
        queue=tuple(
            (row.name, queued[row.id], '' if row.state == 'working' else f'waits: {STATES[row.state][1].lower()}')
            for row in sessions
            if row.id in queued
        ),
        lately=_lately(seen),
    )


def _card(row: Session, counts: Sequence[Tally], waiting: int) -> Card:
    own = [each for each in counts if each.session == row.id]
    return Card(
        name=row.name,
        phone=shown_phone(row.phone) if row.phone else '',
        state=row.state,
        sentence=row.detail,
        came=sum(each.count for each in own if each.direction == 'in'),
        went=sum(each.count for each in own if each.direction == 'out' and each.status in SENT),
        waiting=waiting,
    )


def hours_of(counts: Sequence[Tally], length: int) -> Hours:
    """The same counts by what they are about, for the first `length` hours."""

    def by_hour(direction: str, statuses: set[str] | None) -> tuple[int, ...]:
        hours: Counter[int] = Counter()
        for each in counts:
            if each.direction == direction and (statuses is None or each.status in statuses):
                hours[min(each.hour, length - 1)] += each.count
        return tuple(hours[hour] for hour in range(length))

    return Hours(
        came=by_hour('in', None),
        went=by_hour('out', SENT),
        arrived=by_hour('out', ARRIVED),
        failed=by_hour('out', {'failed'}),
    )


def _needs(sessions: Iterable[Session], waits: Iterable[Unsettled], failed: int, now: datetime) -> Iterator[Need]:
    for row in sessions:
        if row.state not in NEEDS or (row.state == 'reconnecting' and now - row.since < STUCK):
            continue
        tone, text, act = NEEDS[row.state]
        yield Need(tone=tone, text=f'{row.name} {text}', since=row.since, act=act, path=f'/sessions/{row.name}')
    uncertain = [each for each in waits if each.status == 'uncertain']
    if uncertain:
        count = sum(each.count for each in uncertain)
        text = f'{counted(count, "message")} {"is" if count == 1 else "are"} uncertain: sent, but never confirmed.'
        since = min(each.since for each in uncertain)
        yield Need(tone='wait', text=text, since=since, act='Decide', path='/messages?status=uncertain')
    if failed:
        text = f'{counted(failed, "message")} could not be sent.'
        yield Need(tone='bad', text=text, since=None, act='Look', path='/messages?status=failed')


def _machines(sessions: Collection[str], paused: Mapping[str, datetime]) -> Iterator[Need]:
    """Chats in which two machines seem to talk."""
    for chat in latest_chats(session_ids=[*sessions], ids=[*paused], limit=LATELY) if paused else []:
        text = f'{_called(chat)} answers like a machine. Nothing automatic answers there for an hour.'
        since = paused[str(chat.id)] - PAUSED
        yield Need(tone='wait', text=text, since=since, act='Look', path=f'/runs?chat={chat.id}')


def _lately(sessions: Collection[str]) -> tuple[Knot, ...]:
    """Changes of sessions and runs of flows, mixed, newest first."""
    knots = [(each.at, _change_knot(each)) for each in latest_changes(LATELY * 2) if each.session.id in sessions]
    runs = [each for each in latest_runs(limit=LATELY * 4) if each.flow]
    ids = [str(each.chat) for each in runs if each.chat]
    chats = {chat.id: _called(chat) for chat in latest_chats(session_ids=[*sessions], ids=ids, limit=len(ids))}
    flows = {flow.key: flow.name for flow in flows_in_order()} if runs else {}
    knots += [(each.started_at, _run_knot(each, flows, chats[each.chat])) for each in runs if each.chat in chats]
    knots.sort(key=lambda pair: pair[0], reverse=True)
    return tuple(knot for _, knot in knots[:LATELY])


def _called(chat: Chat) -> str:
    return chat.name or (chat.contact.shown_name if chat.contact else 'a group')


def _change_knot(change: SessionChange) -> Knot:
    tone, word = STATES[change.state]
    return Knot(text=f'{change.session.name}: {word.lower()}', at=change.at, tone=tone, detail=change.detail)


def _run_knot(run: Run, flows: dict[str, str], who: str) -> Knot:
    flow, link = flows.get(run.flow or '', run.flow or ''), f'/runs/{run.id}'
    if run.state in OPEN:
        return Knot(text=f'{flow} is at work for {who}.', at=run.started_at, tone='done', detail=run.detail, link=link)
    if run.state == 'finished':
        return Knot(text=f'{flow} answered {who}.', at=run.finished_at, tone='done', link=link)
    if run.state in ('error', 'timeout'):
        text = f'{flow} could not answer {who}.'
        return Knot(text=text, at=run.finished_at, tone='bad', detail=run.detail, link=link)
    outcome = outcome_of(str(run.state))
    tone = outcome.tone if outcome.tone in ('accent', 'wait') else 'skip'
    text = f'{flow} for {who}: {outcome.word.lower()}.'
    return Knot(text=text, at=run.finished_at, tone=tone, detail=run.detail or outcome.sentence, link=link)
