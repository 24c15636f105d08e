"""What a flow document may say, and whether it makes sense."""

import unicodedata
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from core.errors import Invalid
from core.fill import compiled

SCHEMA: Literal['dovecote.flow/1'] = 'dovecote.flow/1'


class _Part(BaseModel):
    model_config = ConfigDict(extra='forbid', frozen=True)


class Match(_Part):
    """How the text is compared. `fold`: capitals and accents do not matter."""

    op: Literal['any', 'equals', 'keyword', 'contains', 'starts_with'] = 'keyword'
    values: tuple[str, ...] = Field(default=(), max_length=50)
    fold: bool = True

    @field_validator('values')
    @classmethod
    def _no_empty_words(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        if any(not value.strip() or len(value) > 200 for value in values):
            raise ValueError('a word to look for has 1 to 200 characters')
        return values


class MessageTrigger(_Part):
    """Somebody wrote to us. Groups only where the flow asks for them."""

    id: str = 'message'
    type: Literal['message'] = 'message'
    session: tuple[str, ...] = ()
    chat: Literal['private', 'group', 'any'] = 'private'
    match: Match = Match()


class SendStep(_Part):
    """Answer with a text; `{{ contact.name }}` and friends are filled in. `reply`: quote what is answered."""

    id: str = 'send'
    do: Literal['send'] = 'send'
    text: str = Field(min_length=1, max_length=16_384)
    reply: bool = False

    @field_validator('text')
    @classmethod
    def _fillable(cls, text: str) -> str:
        try:
            compiled(text)
        except Invalid as error:
            raise ValueError(str(error)) from error
        return text


class Limits(_Part):
    """`stale_after`: seconds after which a message is too old to be answered; None: as the program is set."""

    stale_after: float | None = Field(default=None, ge=1, le=86_400)


class Document(_Part):
    schema_: Literal['dovecote.flow/1'] = Field(default=SCHEMA, alias='schema')
    key: str = Field(pattern=r'^[a-z0-9][a-z0-9-]{0,62}$')
    name: str = Field(min_length=1, max_length=100)
    description: str = Field(default='', max_length=2_000)
    enabled: bool = True
    priority: int = Field(default=100, ge=0, le=10_000)
    triggers: tuple[MessageTrigger, ...] = Field(min_length=1, max_length=20)
    limits: Limits = Limits()
    steps: tuple[SendStep, ...] = Field(min_length=1, max_length=20)


def read_document(document: dict[str, Any]) -> Document:
    """Raises Invalid with one sentence that names the place."""
    try:
        return Document.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        place = '.'.join(str(part) for part in first['loc']) or 'the document'
        raise Invalid(f'The flow is not right at {place}: {first["msg"]}.', field=place) from error


def matches(match: Match, text: str) -> str | None:
    """The word that was found ('' for op any), or None."""
    if match.op == 'any':
        return ''
    said = _folded(text) if match.fold else text
    for value in match.values:
        if _found(match.op, _folded(value) if match.fold else value, said):
            return value
    return None


def _found(op: str, value: str, said: str) -> bool:
    match op:
        case 'equals':
            return said.strip() == value.strip()
        case 'contains':
            return value in said
        case 'starts_with':
            return said.lstrip().startswith(value)
        case _:
            return f' {_words(value)} ' in f' {_words(said)} '


def _words(text: str) -> str:
    return ' '.join(''.join(c if c.isalnum() else ' ' for c in text).split())


def _folded(text: str) -> str:
    plain = unicodedata.normalize('NFKD', text.casefold())
    return ''.join(c for c in plain if not unicodedata.combining(c))
