"""What a new trigger, condition or step is to begin with, and how they are offered."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

from .changes import at
from .conditions import CONDITIONS
from .parts import Kind
from .steps import STEPS
from .triggers import TRIGGERS

Group = tuple[str, tuple[tuple[str, type[Kind]], ...]]  # its name, and the kinds in it by their word

_USES: Mapping[str, Mapping[str, Sequence[str]]] = {
    'trigger': {
        'Messages': ('message', 'answer', 'reaction', 'unanswered', 'inactivity', 'status'), 'Time': ('schedule',),
        'Other systems': ('webhook', 'api'),
    },
    'condition': {'About them': ('contact', 'chat'), 'Time': ('business_hours', 'window')},
    'step': {
        'Talk': ('send', 'ask', 'react', 'mark_read', 'ai_reply'),
        'Decide': ('choose', 'wait', 'random', 'foreach', 'stop'), 'Remember': ('set', 'tag', 'group'),
        'Colleagues': ('handoff', 'assign'), 'Other systems': ('http', 'webhook', 'call_flow'),
    },
}  # fmt: skip
_BEGIN: Mapping[str, Mapping[str, Any]] = {
    'trigger/message': {'match': {'op': 'keyword', 'values': []}}, 'trigger/inactivity': {'after': '1h'},
    'trigger/schedule': {'cron': '0 9 * * *'}, 'trigger/webhook': {'endpoint': ''},
    'trigger/status': {'status': 'failed'},
    'condition/contact': {'field': 'name', 'op': 'eq', 'value': ''},
    'condition/var': {'ref': 'message.text', 'op': 'eq', 'value': ''},
    'condition/window': {'since': 'last_inbound', 'gt': '1d'}, 'condition/chat': {'kind': 'private'},
    'condition/business_hours': {'hours': {'mon-fri': '09:00-18:00'}, 'is': 'open'},
    'condition/template': {'value': ''},
    'step/send': {'text': ''}, 'step/ask': {'text': ''}, 'step/choose': {'branches': []}, 'step/wait': {'for': '10m'},
    'step/set': {'name': 'run.value', 'to': ''}, 'step/tag': {'add': []}, 'step/group': {'name': ''},
    'step/http': {'method': 'GET', 'url': ''}, 'step/webhook': {'name': ''}, 'step/call_flow': {'flow': ''},
    'step/foreach': {'items': '', 'steps': []},
    'step/random': {'branches': [{'weight': 1, 'steps': []}, {'weight': 1, 'steps': []}]}, 'step/log': {'text': ''},
}  # fmt: skip


def kinds_of(part: str) -> dict[str, type[Kind]]:
    """By their word in a document, in the order in which people are offered them; `part`: trigger, condition, step."""
    kinds = {'trigger': TRIGGERS, 'condition': CONDITIONS, 'step': STEPS}[part]
    name = 'do' if part == 'step' else 'type'
    return {str(kind.model_fields[name].default): kind for kind in kinds}


def offered(part: str) -> tuple[Group, ...]:
    """All kinds, grouped by what they are for."""
    kinds = kinds_of(part)
    named = {use: tuple((word, kinds[word]) for word in words if word in kinds) for use, words in _USES[part].items()}
    used = {word for group in named.values() for word, _ in group}
    others = tuple((word, kind) for word, kind in kinds.items() if word not in used)
    return (*named.items(), ('More', others))


def beginning(document: Any, part: str, word: str, place: str) -> dict[str, Any]:
    """A new one of this kind for `place`, with a name of its own."""
    made = deepcopy(dict(_BEGIN.get(f'{part}/{word}', {})))
    if part == 'condition':
        return {'type': word, **made}
    if word == 'choose':
        made['branches'] = [new_way(document, place)]
    return {'id': free_name(document, word), 'do' if part == 'step' else 'type': word, **made}


def new_way(document: Any, place: str) -> dict[str, Any]:
    """Of a choice at `place`: about the last answer where there was a question."""
    asked = any(step.get('do') == 'ask' for step in steps_in(document, before=place))
    ref = 'run.answer' if asked else 'message.text'
    return {'if': [{'type': 'var', 'ref': ref, 'op': 'eq', 'value': ''}], 'steps': []}


def twin(document: Any, place: str) -> Any:
    """A copy of what is there, with names of its own."""
    made = deepcopy(at(document, place))
    taken = set(_names(document))
    for part in _mappings(made):
        if isinstance(part.get('id'), str):
            part['id'] = _free(part['id'].rstrip('0123456789') or 'step', taken)
            taken.add(part['id'])
    return made


def free_name(document: Any, word: str) -> str:
    return _free(word, set(_names(document)))


def steps_in(document: Any, *, before: str = '') -> Iterator[dict[str, Any]]:
    """All steps in reading order, those in branches too, up to the one at `before`."""
    for place, step in walk(document.get('steps') if isinstance(document, dict) else None, 'steps'):
        if before and not _is_before(place, before):
            return
        yield step


def walk(steps: Any, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, step in enumerate(steps if isinstance(steps, list) else ()):
        if not isinstance(step, dict):
            continue
        here = f'{place}/{number}'
        yield here, step
        branches = step.get('branches')
        for index, branch in enumerate(branches if isinstance(branches, list) else ()):
            if isinstance(branch, dict):
                yield from walk(branch.get('steps'), f'{here}/branches/{index}/steps')
        yield from walk(step.get('else'), f'{here}/else')
        yield from walk(step.get('steps'), f'{here}/steps')


def _is_before(place: str, other: str) -> bool:
    """A step around the other one counts too."""
    if other.startswith(f'{place}/'):
        return True
    return [_rank(part) for part in place.split('/')] < [_rank(part) for part in other.split('/')]


def _rank(part: str) -> tuple[int, int | str]:
    order = {'branches': 0, 'else': 1, 'steps': 2}
    return (0, int(part)) if part.isdecimal() else (1, order.get(part, 3))


def _free(word: str, taken: set[str]) -> str:
    return next(name for name in (word, *(f'{word}{number}' for number in range(2, 10_000))) if name not in taken)


def _names(document: Any) -> Iterator[str]:
    for part in _mappings(document):
        if isinstance(part.get('id'), str):
            yield part['id']


def _mappings(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        yield part
    for below in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _mappings(below)
