"""What the pages of webhooks show, as plain values."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.rights import Asker
from core.webhooks.bodies import ERRORS, how_it_is
from core.webhooks.book import Book
from core.webhooks.circuit import DISABLE_AFTER
from core.webhooks.kinds import KINDS, hears
from core.webhooks.wire import phrase
from data.deliveries import GROUPS, Attempt, Delivery, attempts_of, counts_of, deliveries, delivery_by_id
from data.sessions import all_sessions
from data.webhooks import Webhook, webhook_by_id, webhooks

from ...pieces import Knot, Tone
from ...written import counted

PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class HookView:
    """`tone` and `word` are its badge, `trouble` what is wrong or ''; `share` of what arrived, None without any."""

    id: str
    name: str
    url: str
    sentence: str
    session: str
    on: bool
    tone: Tone
    word: str
    trouble: str
    waiting: int
    paused: int
    dead: int
    share: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A delivery in the log."""

    id: str
    kind: str
    about: str
    tries: str
    next_at: datetime | None
    tone: str
    answer: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    n: int
    request: str
    answer: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """One delivery in full; `tries` newest first."""

    id: str
    kind: str
    state: str
    body: str
    knots: tuple[Knot, ...]
    tries: tuple[Try, ...]


def all_hooks(asker: Asker, now: datetime) -> tuple[HookView, ...]:
    rows = webhooks(session_ids=None if asker.sessions is None else sorted(asker.sessions))
    names = session_names()
    return tuple(_hook(row, names, now) for row in rows)


def one_hook(book: Book, asker: Asker, id: str, now: datetime) -> HookView | None:
    row = webhook_by_id(id)
    return _hook(row, session_names(), now) if row is not None and book.may(asker, row) else None


def session_names() -> dict[str, str]:
    return {str(row.id): str(row.name) for row in all_sessions()}


def log_of(webhook_id: str, show: str, before: str) -> tuple[Line, ...]:
    """One more than a page, when there is more."""
    states = GROUPS.get(show, ())
    return tuple(_line(row) for row in deliveries(webhook_id, states=states, before=before, limit=PAGE + 1))


def whole(webhook_id: str, id: str, now: datetime) -> Whole | None:
    row = delivery_by_id(id)
    if row is None or row.webhook_id != webhook_id:
        return None
    attempts = attempts_of(id)
    return Whole(
        id=row.id, kind=row.kind, state=STATES[row.state], body=_pretty(bytes(row.body)),
        knots=tuple(_knots(row, attempts, now)), tries=tuple(_try(row, each) for each in attempts),
    )  # fmt: skip


# what a badge says of a delivery
STATES = {'pending': 'queued', 'leased': 'sending', 'retrying': 'retrying', 'paused': 'paused',
          'delivered': 'delivered', 'dead': 'dead'}  # fmt: skip
TONES = {'pending': 'idle', 'leased': 'wait', 'retrying': 'wait', 'paused': 'wait', 'delivered': 'done', 'dead': 'bad'}


def _hook(row: Webhook, names: Mapping[str, str], now: datetime) -> HookView:
    counts = counts_of(row.id)
    over = counts.get('delivered', 0) + counts.get('dead', 0)
    tone, word = _badge(row)
    session = names.get(row.session_id or '', '')
    return HookView(
        id=row.id, name=row.name, url=row.url, session=session, on=row.state == 'on', tone=tone, word=word,
        sentence=f'{row.url} gets {_kinds(row.events)} from {session or "every session"}.',
        trouble=_trouble(row, now), waiting=sum(counts.get(each, 0) for each in GROUPS['waiting']),
        paused=counts.get('paused', 0), dead=counts.get('dead', 0),
        share=counts.get('delivered', 0) / over if over else None,
    )  # fmt: skip


def _badge(row: Webhook) -> tuple[Tone, str]:
    if row.state == 'disabled':
        return 'bad', 'Switched off by itself'
    if row.state == 'off':
        return 'wait', 'Paused'
    if row.opened_at is not None:
        return 'bad', 'Out of reach'
    return ('wait', 'Failing') if row.failures else ('good', 'Working')


def _trouble(row: Webhook, now: datetime) -> str:
    said = how_it_is(row, now)
    if row.state == 'on' and row.failing_since is not None and said:
        ends = row.failing_since + DISABLE_AFTER - now
        return (
            f'This webhook has failed for {_span(now - row.failing_since)}. {said} '
            f'It is switched off in {_span(ends)} if nothing arrives.'
        )
    return said


def _span(span: timedelta) -> str:
    minutes = max(0, int(span.total_seconds() // 60))
    if minutes >= 60 * 48:
        return counted(minutes // 1440, 'day')
    return f'{minutes // 60} h {minutes % 60} min' if minutes >= 60 else f'{minutes} min'


def _kinds(events: list[str]) -> str:
    if '*' in events:
        return 'everything'
    count = sum(hears(events, kind) for kind in KINDS)
    return next(iter(events)) if len(events) == 1 and count == 1 else f'{count} kinds of event'


def _line(row: Delivery) -> Line:
    tries = counted(row.attempts, 'try').replace('trys', 'tries')
    said = {
        'pending': 'waits', 'leased': f'{tries}, being sent', 'paused': 'waits, the webhook is off',
        'delivered': f'{tries}, {row.ms} ms', 'dead': f'gave up after {tries}' if row.attempts else 'given up',
    }.get(row.state, tries)  # fmt: skip
    return Line(
        id=row.id, kind=row.kind, about=row.about, tries=said, tone=TONES[row.state], at=row.created_at,
        answer=str(row.status) if row.status else (row.error or '…'),
        next_at=row.due if row.state == 'retrying' else None,
    )  # fmt: skip


def _knots(row: Delivery, attempts: list[Attempt], now: datetime) -> list[Knot]:
    knots: list[Knot] = []
    if row.state == 'retrying' or (row.state == 'pending' and row.due > now):
        knots.append(Knot(text=f'Try {row.attempts + 1}', at=row.due, tone='skip', detail='comes next'))
    elif row.state == 'paused':
        knots.append(Knot(text='Waits until the webhook is on again', tone='wait'))
    elif row.error == 'discarded':
        knots.append(Knot(text=ERRORS['discarded'], at=row.ended_at or '', tone='bad'))
    for each in attempts:
        good = 200 <= each.status < 300
        text = phrase(each.status) if each.status else each.detail or ERRORS.get(each.error, each.error)
        why = {'manual': 'told again by hand', 'probe': 'asked whether it is back', 'test': 'a test'}.get(each.trigger)
        detail = ' · '.join(filter(None, [f'{each.ms} ms', each.address, why]))
        knots.append(Knot(text=text, at=each.at, tone='done' if good else 'bad', detail=detail))
    knots.append(Knot(text='It happened', at=row.created_at, tone='done'))
    return knots


def _try(row: Delivery, each: Attempt) -> Try:
    answer = f'HTTP/1.1 {phrase(each.status)}\n{_headers(each.answer_headers)}' if each.status else each.detail
    path = '/' + str(row.webhook.url).partition('://')[2].partition('/')[2]
    return Try(n=each.n, request=f'POST {path} HTTP/1.1\n{_headers(each.headers)}', answer=answer, body=each.answer)


def _headers(pairs: list[list[str]]) -> str:
    return '\n'.join(f'{name}: {value}' for name, value in pairs)


def _pretty(body: bytes) -> str:
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        return body.decode('utf-8', 'replace')
