"""Flows to begin with: each asks for a few inputs and becomes a draft like any other.

A blueprint is a file of blueprints/: a flow document that also has `inputs`. Wherever its document holds
`{$input: name}`, the input is put in, as the value it is; a text never becomes a part of another text, nor of the YAML.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, TypeAdapter, ValidationError

from core.errors import Invalid, NotFound

from .conditions.business_hours import BusinessHoursCondition
from .parts import Confidential, Part, Span, Tag, Words
from .steps.ask import EMAIL
from .written import parse

FOLDER = Path(__file__).parent / 'blueprints'
PLACE = '$input'

InputType = Literal['text', 'words', 'span', 'number', 'choice', 'switch', 'hours', 'zone', 'url', 'tag', 'email']


class Input(Part):
    """`default` None: it must be given; else what is left empty is the default.

    A text may be a template; `options` are of a choice, each with its words.
    """

    title: str
    about: str = ''
    type: InputType = 'text'
    default: Any = None
    options: dict[str, str] = Field(default_factory=dict)
    min: float | None = None
    max: float | None = None


class Blueprint(Part):
    """`document` is a flow whose `key`, `name` and `description` are those of the blueprint."""

    key: str
    name: str
    description: str
    inputs: dict[str, Input]
    document: dict[str, Any]

    def flow(self, inputs: Mapping[str, Any], *, key: str = '', name: str = '') -> dict[str, Any]:
        """The document with `inputs` put in. Raises Invalid whose field is `inputs.<name>`."""
        unknown = next((each for each in inputs if each not in self.inputs), None)
        if unknown is not None:
            raise Invalid(f'There is no input “{unknown[:40]}” here.', field=f'inputs.{unknown[:40]}')
        given = {each: checked(each, asked, inputs.get(each)) for each, asked in self.inputs.items()}
        made: dict[str, Any] = _put_in(self.document, given)
        return {**made, 'key': key or self.key, 'name': name or self.name}


@lru_cache(maxsize=1)
def blueprints() -> tuple[Blueprint, ...]:
    """By name."""
    found = (_read(path) for path in FOLDER.glob('*.yaml'))
    return tuple(sorted(found, key=lambda each: each.name))


def blueprint(key: str) -> Blueprint:
    """Raises NotFound."""
    found = next((each for each in blueprints() if each.key == key), None)
    if found is None:
        raise NotFound(f'There is no blueprint “{key[:64]}”.')
    return found


def _read(path: Path) -> Blueprint:
    document = parse(path.read_text('utf-8'))
    inputs = document.pop('inputs')
    about = {name: document[name] for name in ('key', 'name', 'description')}
    return Blueprint(**about, inputs=inputs, document=document)


def _put_in(part: Any, given: Mapping[str, Any]) -> Any:
    if isinstance(part, dict):
        if set(part) == {PLACE}:
            return given[part[PLACE]]
        return {name: _put_in(each, given) for name, each in part.items()}
    return [_put_in(each, given) for each in part] if isinstance(part, list) else part


def checked(name: str, asked: Input, said: Any) -> Any:
    """The plain value for a document, as it was said. Raises Invalid for one that does not fit."""
    said = asked.default if said is None or said == '' else said
    if said is None:
        raise Invalid(f'“{asked.title}” is needed.', field=f'inputs.{name}')
    if said == '':
        return said
    try:
        _fits(asked, said)
    except ValidationError as error:
        why = WANTED.get(asked.type) or str(error.errors()[0]['msg']).removeprefix('Value error, ')
        raise Invalid(f'“{asked.title}” is not right: {why}.', field=f'inputs.{name}') from error
    except ValueError as error:
        raise Invalid(f'“{asked.title}” is not right: {error}.', field=f'inputs.{name}') from error
    return said


def _fits(asked: Input, said: Any) -> None:
    """Raises ValueError, of which a ValidationError is one."""
    match asked.type:
        case 'hours':
            BusinessHoursCondition(hours=said)
        case 'number':
            _number(asked, said)
        case 'choice' if said not in asked.options:
            raise ValueError(f'it is one of {", ".join(asked.options)}')
        case 'zone':
            _zone(said)
        case 'email':
            if not isinstance(said, str) or not re.fullmatch(EMAIL, said):
                raise ValueError('that is no e-mail address')
        case 'url':
            url = TypeAdapter(Confidential).validate_python(said, strict=True)
            if not url.startswith(('http://', 'https://')):
                raise ValueError('an address begins with https:// or http://')
        case 'text' | 'words' | 'span' | 'switch' | 'tag':
            KINDS[asked.type].validate_python(said)


def _number(asked: Input, said: Any) -> None:
    if isinstance(said, bool) or not isinstance(said, int | float):
        raise ValueError('that is no number')
    if (asked.min is not None and said < asked.min) or (asked.max is not None and said > asked.max):
        raise ValueError(f'it is from {asked.min:g} to {asked.max:g}')


def _zone(said: Any) -> None:
    try:
        ZoneInfo(str(said))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f'there is no time zone “{str(said)[:40]}”') from None


WANTED = {
    'words': 'it is a list of words of 1 to 200 characters', 'switch': 'it is true or false',
    'tag': 'a tag has 1 to 64 characters',
}  # fmt: skip
KINDS: Mapping[str, TypeAdapter[Any]] = {
    # where a text is put decides whether a secret may be in it
    'text': TypeAdapter(Confidential), 'words': TypeAdapter(Words), 'span': TypeAdapter(Span), 'tag': TypeAdapter(Tag),
    'switch': TypeAdapter(bool),
}  # fmt: skip
