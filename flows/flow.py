"""What a flow document may say, and whether it makes sense."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from pydantic import Field, ValidationError

from core.errors import Invalid

from .conditions import Condition
from .flow_tests import FlowTest
from .parts import Key, Name, Part, Span
from .program import Program
from .steps import Step
from .triggers import Trigger

SCHEMA: Literal['dovecote.flow/1'] = 'dovecote.flow/1'

Scope = Literal['contact', 'chat', 'session', 'flow']


class Mode(Part):
    """What happens when the flow is started while it still runs, counted per `scope`."""

    type: Literal['single', 'restart', 'queued', 'parallel'] = Field(default='restart', title='If it still runs')
    scope: Scope = Field(default='contact', title='Counted per')
    max: int = Field(default=10, ge=1, le=100, title='At most', description='Runs at a time, or in the queue.')
    overflow: Literal['drop', 'oldest'] = Field(default='drop', title='Beyond that', description='Drop the new one, or end the oldest.')  # fmt: skip  # noqa: E501


class Cooldown(Part):
    per: Scope = Field(default='contact', title='Per')
    every: Span = Field(title='Once every')


class MaxRuns(Part):
    per: Scope = Field(default='contact', title='Per')
    count: int = Field(ge=1, le=10_000, title='At most')
    window: Span = Field(title='Within')


class Limits(Part):
    """`stale_after`: how old a message may be to be answered; None: as the program is set."""

    cooldown: Cooldown | None = Field(default=None, title='Pause between runs')
    max_runs: MaxRuns | None = Field(default=None, title='At most so often')
    max_steps: int = Field(default=200, ge=1, le=1_000, title='Steps in one run, at most')
    timeout: Span = Field(default='72h', validate_default=True, title='A run lasts at most')
    stale_after: Span | None = Field(default=None, title='Leave messages alone that are older than')


class OnError(Part):
    """`flow` is started with the error as its trigger; `policy` says what becomes of the run itself."""

    flow: str = Field(default='', max_length=63, title='Start this flow', json_schema_extra={'form': 'flow'})
    policy: Literal['stop', 'continue'] = Field(default='stop', title='The run')


class Document(Part):
    schema_: Literal['dovecote.flow/1'] = Field(default=SCHEMA, alias='schema')
    key: Key = Field(title='Key')
    name: str = Field(min_length=1, max_length=100, title='Name')
    description: str = Field(default='', max_length=2_000, title='What it is for')
    enabled: bool = Field(default=True, title='On')
    shadow: bool = Field(default=False, title='Only trace', description='It decides and writes down, but does nothing.')
    priority: int = Field(default=100, ge=0, le=10_000, title='Priority', description='Lower is asked first.')
    on_match: Literal['stop', 'continue'] = Field(default='stop', title='After it matched')
    mode: Mode = Field(default=Mode(), title='Mode')
    triggers: tuple[Trigger, ...] = Field(min_length=1, max_length=20, title='When')
    conditions: Condition | tuple[Condition, ...] = Field(default=(), title='Only if')
    limits: Limits = Field(default=Limits(), title='Limits')
    variables: Mapping[Name, Any] = Field(default_factory=dict, title='Variables')
    steps: tuple[Step, ...] = Field(min_length=1, max_length=100, title='Then')
    on_error: OnError = Field(default=OnError(), title='If a step fails')
    tests: tuple[FlowTest, ...] = Field(default=(), max_length=50, title='Tests')


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """`place` is where in the document, `steps/2/text`; '' for the whole of it."""

    place: str
    sentence: str


def read_document(document: Mapping[str, Any]) -> Document:
    """Raises Invalid with one sentence that names the place."""
    made, problems = examine(document)
    if made is None:
        first = problems[0]
        where = f' at {first.place}' if first.place else ''
        raise Invalid(f'The flow is not right{where}: {first.sentence}.', field=first.place)
    return made


def examine(document: Mapping[str, Any]) -> tuple[Document | None, list[Problem]]:
    """The document, or None with everything that is wrong with it."""
    try:
        made = Document.model_validate(document)
        Program(made.steps)
    except ValidationError as error:
        return None, [Problem(place=_place(one), sentence=_sentence(one)) for one in _told(error.errors())[:50]]
    except Invalid as error:
        return None, [Problem(place=error.field, sentence=str(error).rstrip('.'))]
    return made, []


@lru_cache(maxsize=1)
def schema() -> dict[str, Any]:
    """The JSON Schema of a document."""
    return {
        '$schema': 'https://json-schema.org/draft/2020-12/schema',
        **Document.model_json_schema(by_alias=True),
        'title': 'A flow of Dovecote',
    }


def _told(errors: list[Any]) -> list[Any]:
    """Without lists that are only too short because what is in them is wrong."""
    places = [one['loc'] for one in errors]
    return [
        one
        for one in errors
        if one['type'] != 'too_short' or not any(each[: len(one['loc'])] == one['loc'] != each for each in places)
    ]


def _place(error: Any) -> str:
    """Without the names that only the models know: kinds of a union, and what pydantic calls them."""
    *above, last = error['loc'] or ('',)
    said = [part for part in above if isinstance(part, int) or part in _FIELDS]
    if isinstance(last, int) or last in _FIELDS or error['type'] == 'extra_forbidden':
        said.append(last)
    return '/'.join(map(str, said))


def _sentence(error: Any) -> str:
    said = str(error['msg'])
    for opening in ('Value error, ', 'Assertion failed, '):
        said = said.removeprefix(opening)
    if error['type'] == 'extra_forbidden':
        said = 'there is no such setting'
    if error['type'] == 'missing':
        said = 'it is missing'
    if error['type'] in ('union_tag_invalid', 'union_tag_not_found'):
        said = f'there is no such kind; kinds are {error["ctx"].get("expected_tags", "told by the reference")}'
    return said.rstrip('.')


def _names(model: Any, found: set[str]) -> set[str]:
    for part in (model.get('$defs') or {}).values():
        found |= set(part.get('properties') or {})
    return found | set(model.get('properties') or {})


_FIELDS: set[str] = _names(Document.model_json_schema(by_alias=True), set()) | {'all', 'any', 'not', 'if', 'else'}
