"""What happened to one message, as a trace."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.bodies import history_of, waits_of
from core.rights import Asker
from data.flows import flows_in_order
from data.messages import Message, answers_to, message_by_id, receipts_of
from data.runs import Run, runs_of_message
from flows.state import OPEN

from ...pieces import STATES, Knot
from ...traces import QUIET, ending, judged, missed, way_to
from .said import names_in
from .wording import HAPPENINGS, shown_as, with_names

OWN = ('triggers', 'conditions', 'steps', 'run')  # parts of a flow's trace; the others are flows that did not fit
STARTED = (*OPEN, 'finished', 'stopped', 'error', 'timeout', 'cancelled')


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """`waits`: the router has not looked at it yet; `runs`: where everything that was started, or not, is told."""

    title: str
    knots: tuple[Knot, ...]
    waits: bool = False
    runs: str = ''


NOTHING = Story(title='', knots=())


def story_of(message_id: str, asker: Asker) -> Story:
    """Reads the database; NOTHING for a message this asker may not see."""
    row = message_by_id(message_id)
    if row is None or not asker.may_session(row.session_id):
        return NOTHING
    knots = _of_ours(row) if row.direction == 'out' else _of_theirs(row)
    runs = f'/runs?message={message_id}' if row.direction == 'in' and row.routed else ''
    return Story(title=_title(row), knots=tuple(knots), waits=row.routed == 0, runs=runs)


def _title(row: Message) -> str:
    told = with_names(str(row.text), names_in([row])) if row.mentions else str(row.text)
    said = ' '.join(told.split())[:120]
    return f'“{said}”' if said and row.kind not in HAPPENINGS else said or shown_as(str(row.kind))[1]


def _of_ours(row: Message) -> list[Knot]:
    knots = [Knot(text=f'Written by {row.author_name or row.author}', tone='done', at=row.created_at)]
    if row.caused_by:
        cause = message_by_id(str(row.caused_by))
        if cause is not None:
            knots.append(Knot(text='Because of', tone='accent', detail=f'“{str(cause.text)[:120]}”'))
    for step in history_of(row, receipts_of(row))[1:] if row.author != 'phone' else []:
        status = str(step['status'])
        tone, word = STATES.get(status, ('idle', status.capitalize()))
        wrong = status in {'failed', 'uncertain', 'blocked'}
        knots.append(Knot(text=word, tone=tone if wrong or status == 'read' else 'done',
                          detail=str(step['detail'] or ''), at=_time(step['at'])))  # fmt: skip
    if row.status == 'queued':
        until, why = waits_of(row) or (None, '')
        text = 'Waits to be sent, not before' if until else 'Waits to be sent'
        knots.append(Knot(text=text, tone='wait', detail=why, at=until or ''))
    return knots


def _of_theirs(row: Message) -> list[Knot]:
    knots = [Knot(text='Received', tone='done', at=row.created_at, detail=f'On {row.session.name}')]
    if row.origin != 'live':
        knots.append(Knot(text='It had waited at WhatsApp', tone='skip', at=row.at))
    if row.routed is None:
        return [*knots, Knot(text='Starts nothing', tone='skip', detail='Flows do not look at this kind of message.')]
    runs = runs_of_message(str(row.id))
    names = {str(flow.key): str(flow.name) for flow in flows_in_order()} if runs else {}
    for number, run in enumerate(runs):
        knots += _of_run(run, names, first=number == 0)
    for answer in answers_to(row):
        _, word = STATES.get(str(answer.status), ('idle', str(answer.status)))
        knots.append(Knot(text=f'“{" ".join(str(answer.text).split())[:120]}”', tone='done',
                          detail=f'{answer.author_name}: {word.lower()}', at=answer.created_at))  # fmt: skip
    if row.routed == 0:
        knots.append(Knot(text='About to be looked at', tone='wait'))
    return knots


def _of_run(run: Run, flows: dict[str, str], *, first: bool) -> list[Knot]:
    """What a flow said is not told here: the answers themselves follow. What was asked before is told once."""
    knots = way_to(run) if first else []
    parts = [(str(step['path']).split('/')[0], step) for step in run.steps]
    if first:
        knots += [missed(step, flows) for part, step in parts if part not in OWN]
    if run.flow:
        knots.append(_of_flow(run, flows.get(str(run.flow), str(run.flow)), dict(parts)))
    for part, step in parts:
        if part == 'conditions' and run.state == 'failed_conditions':
            tree = '\n'.join(judged(step['result'])) if isinstance(step.get('result'), dict) else ''
            knots.append(Knot(text='A condition is not true', tone='skip', data=tree))
        elif part == 'steps' and 'error' in step:
            knots.append(Knot(text=str(step['text']), tone='bad', detail=str(step['error'])))
    return knots if run.state == 'finished' else [*knots, ending(run)]


def _of_flow(run: Run, name: str, parts: dict[str, dict[str, Any]]) -> Knot:
    because = parts['triggers']['text'] if 'triggers' in parts else ''
    detail = f'{because}. Version {run.version}.' if because else ''
    if run.state in ('resumed', *QUIET):
        return Knot(text=f'Flow “{name}” waited for an answer', tone='done', link=_address(run))
    ran = str(run.state) in STARTED
    text = f'Flow “{name}” ran' if ran else f'Flow “{name}” fitted'
    return Knot(text=text, tone='accent' if ran else 'done', detail=detail, link=_address(run))


def _address(run: Run) -> str:
    return f'/runs/{run.trigger.get("run") or run.id}'


def _time(text: str | None) -> datetime | str:
    return datetime.fromisoformat(text) if text else ''
