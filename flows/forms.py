"""Which fields the parts of a flow document have, so that a page can draw a form for each."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from .comparing import SAID
from .parts import UNITS, Kind, Part

Control = Literal[
    'line', 'text', 'template', 'expression', 'span', 'words', 'number', 'switch', 'choice', 'choices', 'session',
    'flow', 'flows', 'tag', 'step', 'zone', 'rows', 'hours', 'value', 'json', 'part', 'below',
]  # fmt: skip
HINTED: frozenset[str] = frozenset(get_args(Control)) - {'flows', 'value', 'json', 'part', 'below'}
BELOW = ('steps', 'branches', 'else', 'triggers', 'conditions', 'tests')
FIXED = ('type', 'do')  # which kind it is; chosen from the menu
LATER = ('message_types', 'id', 'on_error', 'session', 'retry', 'idempotency', 'accept', 'headers', 'timeout', 'fold',
         'ratio')  # fmt: skip
LATER_IN = {'SendStep': ('media', 'poll', 'location', 'contact', 'template', 'language', 'vars', 'to')}

# What a choice is called in a form, where its own word says too little.
CALLED: Mapping[str, str] = {
    **SAID, 'any': 'Anything', 'equals': 'Is exactly', 'keyword': 'Has the word', 'contains': 'Contains',
    'starts_with': 'Begins with', 'regex': 'A pattern (regular expression)', 'fuzzy': 'Is about', 'yes_no': 'Yes or no',
    'ours': 'What we wrote', 'theirs': 'What they wrote', 'agent': 'We', 'single': 'Leave it running',
    'restart': 'Start over', 'queued': 'Start afterwards', 'parallel': 'Run both', 'stop': 'Stops',
    'continue': 'Goes on', 'last_inbound': 'They last wrote', 'last_outbound': 'We last wrote',
    'first_contact': 'We first heard of them', 'trigger': 'It happened', 'oldest': 'End the oldest',
    'drop': 'Drop the new one',
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """`name` is as the document has it. `default` is as a document would write it, None for none. `choices` are value
    and words. `part`: the fields inside it, of a part that may be left out when it is `optional`. `many`: a list.
    `later`: seldom needed. `below`: steps or ways that stand under the card, not in its form.
    """

    name: str
    label: str
    hint: str
    control: Control
    default: Any = None
    required: bool = False
    optional: bool = False
    many: bool = False
    later: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    part: tuple['Field', ...] = ()


@lru_cache(maxsize=200)
def form_of(model: type[BaseModel]) -> tuple[Field, ...]:
    """In the order in which people read them. Raises TypeError for a field that no control fits."""
    return tuple(_fields(model))


def _fields(model: type[BaseModel]) -> Iterator[Field]:
    later = {*LATER, *LATER_IN.get(model.__name__, ())}
    for name, info in sorted(model.model_fields.items(), key=lambda each: each[0] in later):
        if not (name in FIXED and issubclass(model, Kind)):
            field = _field(info.alias or name, info, later=name in later)
            if len(field.choices) != 1:
                yield field


def _field(name: str, info: FieldInfo, *, later: bool) -> Field:
    kind, optional = _without_none(info.annotation)
    hint = _hint(info)
    part = _model(kind)
    control = 'part' if part else _control(name, kind, hint)
    return Field(
        name=name, label=info.title or name.replace('_', ' ').capitalize(), hint=info.description or '',
        control=control, default=_written(info), required=info.is_required(), optional=optional,
        many=_outer(kind) is tuple, later=later, choices=_choices(kind),
        part=form_of(part) if part else (),
    )  # fmt: skip


def _control(name: str, kind: Any, hint: str) -> Control:
    if name in BELOW or name == 'json':
        return 'json' if name == 'json' else 'below'
    if kind is Any:
        return 'template' if hint == 'template' else 'value'
    if hint == 'flow' and _outer(kind) is tuple:
        return 'flows'
    if hint:
        if hint not in HINTED:
            raise TypeError(f'{name}: there is no control “{hint}”')
        return hint  # type: ignore[return-value]
    found = next((control for fits, control in _PLAIN if fits(kind)), None)
    if found is None:
        raise TypeError(f'{name}: no control fits {kind}')
    return found


def _outer(kind: Any) -> Any:
    return get_origin(kind)


_PLAIN: tuple[tuple[Callable[[Any], bool], Control], ...] = (
    (lambda kind: _outer(kind) is Literal, 'choice'),
    (lambda kind: kind is bool, 'switch'),
    (lambda kind: kind in (int, float), 'number'),
    (lambda kind: kind is timedelta, 'span'),
    (lambda kind: kind is str, 'line'),
    (lambda kind: _outer(kind) in (dict, Mapping) or str(kind).startswith('collections.abc.Mapping'), 'rows'),
    (lambda kind: _outer(kind) is tuple and get_args(kind)[0] is str, 'words'),
)


def _without_none(kind: Any) -> tuple[Any, bool]:
    if _outer(kind) is Annotated:
        return _without_none(get_args(kind)[0])
    if _outer(kind) in (Union, UnionType):
        others = [each for each in get_args(kind) if each is not NoneType]
        first = get_args(others[0])[0] if _outer(others[0]) is Annotated else others[0]
        return first, len(others) < len(get_args(kind))
    return kind, False


def _model(kind: Any) -> type[Part] | None:
    return kind if isinstance(kind, type) and issubclass(kind, Part) else None


def _hint(info: FieldInfo) -> str:
    """Of the field itself, else of the type it is made of."""
    extra = info.json_schema_extra
    if isinstance(extra, dict) and extra.get('form'):
        return str(extra['form'])
    return next(filter(None, map(_hint_in, (*info.metadata, info.annotation))), '')


def _hint_in(part: Any) -> str:
    for extra in (getattr(part, 'json_schema_extra', None), getattr(part, 'json_schema', None)):
        if isinstance(extra, dict) and extra.get('form'):
            return str(extra['form'])
    if _outer(part) in (Annotated, Union, UnionType, tuple, dict):
        for each in (*get_args(part), *getattr(part, '__metadata__', ())):
            if found := _hint_in(each):
                return found
    return ''


def _choices(kind: Any) -> tuple[tuple[str, str], ...]:
    if _outer(kind) is tuple:
        kind = get_args(kind)[0]
    if _outer(kind) is not Literal:
        return ()
    return tuple((each, CALLED.get(each, _worded(each))) for each in get_args(kind))


def _worded(value: str) -> str:
    return value if value.isupper() else value.replace('_', ' ').capitalize()


def _written(info: FieldInfo) -> Any:
    """The default as a document would have it."""
    value = info.get_default(call_default_factory=True) if not info.is_required() else None
    if value is PydanticUndefined or isinstance(value, BaseModel):
        return None
    if isinstance(value, timedelta):
        return written_span(value)
    return list(value) if isinstance(value, tuple) else value


def written_span(value: timedelta) -> str:
    """90m"""
    seconds = value.total_seconds()
    unit = next((unit for unit in ('w', 'd', 'h', 'm') if seconds % UNITS[unit] == 0), 's')
    return f'{seconds / UNITS[unit]:g}{unit}'
