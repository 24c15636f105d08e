"""A run as a story: what set it off, what was compared with what, each step, and how it ended."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from data.runs import Run
from flows.parts import lasting
from flows.state import OPEN
from flows.steps import STEPS

from .outcomes import outcome_of
from .pieces import Knot

LABELS = {kind.model_fields['do'].default: kind.LABEL for kind in STEPS}
SHORT = 2_000  # characters of one value
QUIET = {'suppressed_human', 'suppressed_blocked', 'resumed', 'stop_obeyed', 'start_obeyed', 'help_obeyed'}
FREE = 'Not blocked, not old, no request such as STOP, and no flow waited for an answer.'
Json = dict[str, Any]


def knots_of(run: Run, flows: Mapping[str, str]) -> list[Knot]:
    """Everything that was written down of it. `flows`: key -> name."""
    knots = way_to(run)
    for step in run.steps:
        knots.append(_knot(run, step, flows))
    return [*knots, ending(run)]


def way_to(run: Run) -> list[Knot]:
    """What was asked before any flow was, in its fixed order, as far as a message got."""
    if run.message is None or run.trigger.get('type', 'message') not in ('message', 'unanswered'):
        return []
    if run.state in QUIET or (run.state == 'suppressed_stale' and not run.flow) or 'run' in run.trigger:
        return []
    return [Knot(text='The bot is in charge of this chat', tone='done', detail=FREE)]


def ending(run: Run) -> Knot:
    """How it stands or ended. What the detail does not tell, the outcome's own sentence does."""
    outcome = outcome_of(str(run.state))
    detail = str(run.detail) or outcome.sentence
    if run.state == 'waiting':
        return Knot(text=f'{detail.rstrip(".")}, at the latest until', tone='wait', at=run.resume_at or '')
    tone = 'done' if run.state in ('finished', 'stopped') else 'skip' if outcome.tone == 'idle' else outcome.tone
    if run.state in ('finished', 'not_triggered') and detail in ('Done.', 'No flow matched.'):
        detail = outcome.sentence
    link = f'/runs/{run.trigger["run"]}' if 'run' in run.trigger else ''
    return Knot(text=outcome.word, tone=tone, detail=detail, at=run.finished_at or '', link=link)


def missed(step: Json, flows: Mapping[str, str]) -> Knot:
    """A flow that was asked and did not fit, or how many were not asked."""
    path, why = str(step['path']), str(step.get('result') or '')
    link = f'/flows/{path}' if path in flows else ''
    return Knot(text=str(step['text']), tone='skip', detail=f'{why[:1].upper()}{why[1:]}', link=link)


def judged(told: Json, depth: int = 0) -> Iterator[str]:
    """A tree of conditions, a line each, with the values that were compared."""
    yield f'{"  " * depth}{"✓" if told.get("true") else "✗"} {told.get("text", "")}'
    for part in told.get('parts') or ():
        yield from judged(part, depth + 1)


def _knot(run: Run, step: Json, flows: Mapping[str, str]) -> Knot:
    path, text, at = str(step['path']), str(step['text']), _time(step.get('at'))
    result = step.get('result')
    if path.startswith('triggers/'):
        return Knot(text=text, tone='accent', at=at, detail=_trigger(run, path), data=_values('', result))
    if path == 'conditions':
        tree = '\n'.join(judged(result)) if isinstance(result, dict) else ''
        wrong = 'error' in step
        tone = 'bad' if wrong else 'done' if isinstance(result, dict) and result.get('true') else 'accent'
        return Knot(text=text, tone=tone, at=at, data=tree,
                    detail=str(step.get('error', '')))  # fmt: skip
    if path.startswith('steps') or path == 'run':
        return _step(step, path, text, at)
    return missed(step, flows)


def _step(step: Json, path: str, text: str, at: datetime | str) -> Knot:
    result = step.get('result')
    told = dict(result) if isinstance(result, dict) else {}
    if step.get('do') == 'set' and step.get('changed'):
        told = {}  # the same value
    link = f'/runs/{told.pop("run")}' if step.get('do') == 'call_flow' and 'run' in told else ''
    lines = [_values('', told), _values('run.', step.get('changed'))]
    tone = 'bad' if 'error' in step else 'wait' if text.startswith('Waits') else 'done'
    return Knot(
        text=f'{number_of(path)} {text}'.strip(), tone=tone, at=at, link=link,
        detail=' '.join(filter(None, (str(step.get('error', '')), _which(step)))),
        data='\n'.join(filter(None, lines)),
    )  # fmt: skip


def number_of(path: str) -> str:
    """'steps/2/branches/0/steps/1' is 3.1.2, as the flow's page counts."""
    return '.'.join(str(int(part) + 1) for part in path.split('/') if part.isdecimal())


def _which(step: Json) -> str:
    """HTTP request “look”, 312 ms."""
    kind = LABELS.get(step.get('do', ''), '')
    named = f'{kind} “{step["id"]}”' if step.get('id') else kind
    took = f'{step["ms"]:g} ms' if step.get('ms', 0) >= 1 else ''
    told = ', '.join(filter(None, (named, took)))
    return f'{told}.' if told else ''


def _trigger(run: Run, path: str) -> str:
    return f'What set it off: “{path.removeprefix("triggers/")}”, version {run.version} of the flow.'


def _values(prefix: str, values: object) -> str:
    """run.order = "48213", a line each."""
    if not isinstance(values, dict):
        return ''
    return '\n'.join(f'{prefix}{name} = {_short(value)}' for name, value in values.items())


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHORT else f'{text[:SHORT]}…'


def _time(text: object) -> datetime | str:
    return datetime.fromisoformat(text) if isinstance(text, str) and text else ''


def took(run: Run) -> str:
    """From beginning to end, '' while it is under way."""
    if run.state in OPEN or run.finished_at is None:
        return ''
    span = run.finished_at - run.started_at
    return lasting(span) if span.total_seconds() >= 1 else 'less than a second'
