"""What happened to one message, as a trace."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.bodies import history_of, waits_of
from core.rights import Asker
from data.flows import flows_in_order
from data.messages import Message, answers_to, message_by_id, receipts_of
from data.runs import Run, runs_of_message

from ...pieces import STATES, Knot
from .said import names_in
from .wording import HAPPENINGS, shown_as, with_names

SUPPRESSED = {
    'suppressed_blocked': 'Blocked, so nothing looked at it',
    'suppressed_human': 'The bot stayed quiet',
    'suppressed_stale': 'Too old to be answered',
    'suppressed_loop': 'Kept from answering',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """`waits`: the router has not looked at it yet."""

    title: str
    knots: tuple[Knot, ...]
    waits: bool = False


NOTHING = Story(title='', knots=())


def story_of(message_id: str, asker: Asker) -> Story:
    """Reads the database; NOTHING for a message this asker may not see."""
    row = message_by_id(message_id)
    if row is None or not asker.may_session(row.session_id):
        return NOTHING
    knots = _of_ours(row) if row.direction == 'out' else _of_theirs(row)
    return Story(title=_title(row), knots=tuple(knots), waits=row.routed == 0)


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
    for run in runs:
        knots += _of_run(run, names.get(str(run.flow), str(run.flow)))
    for answer in answers_to(row):
        _, word = STATES.get(str(answer.status), ('idle', str(answer.status)))
        knots.append(Knot(text=f'“{" ".join(str(answer.text).split())[:120]}”', tone='done',
                          detail=f'{answer.author_name}: {word.lower()}', at=answer.created_at))  # fmt: skip
    if row.routed == 0:
        knots.append(Knot(text='About to be looked at', tone='wait'))
    return knots


def _of_run(run: Run, flow: str) -> list[Knot]:
    if run.state == 'suppressed_human':
        return [Knot(text=SUPPRESSED[run.state], tone='accent', detail=run.detail)]
    knots = [Knot(text='The bot is in charge of this chat', tone='done')]
    if run.state == 'suppressed_stale' and not run.flow:
        return [Knot(text=SUPPRESSED[run.state], tone='wait', detail=run.detail)]
    took = next((str(step['result']) for step in run.steps if step['path'] == 'run'), '')
    for step in run.steps:
        knots += _of_step(run, flow, step, took)
    if run.state in SUPPRESSED:
        return [*knots, Knot(text=SUPPRESSED[run.state], tone='wait', detail=run.detail)]
    if run.state == 'error':
        return [*knots, Knot(text='The flow failed', tone='bad', detail=run.detail)]
    if run.state == 'not_triggered':
        return [*knots, Knot(text='Nothing was started', tone='skip', detail=run.detail, at=took)]
    return knots


def _of_step(run: Run, flow: str, step: dict[str, Any], took: str) -> list[Knot]:
    """What a flow said is not told here: the answers themselves follow."""
    path, text, result = str(step['path']), str(step['text']), step.get('result')
    if path == 'run' or (path.startswith('steps') and isinstance(result, dict)):
        return []
    if path.startswith('triggers/'):
        return [Knot(text=f'Flow “{flow}” ran', tone='accent', detail=f'{text}. Version {run.version}.', at=took)]
    reason = str(result)[:1].upper() + str(result)[1:]
    return [Knot(text=text, tone='bad' if path.startswith('steps') else 'skip', detail=reason)]


def _time(text: str | None) -> datetime | str:
    return datetime.fromisoformat(text) if text else ''
