"""What a caller is told when something cannot be done (RFC 9457)."""

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from core.errors import (
    CallDenied,
    CallFailed,
    Conflict,
    DovecoteError,
    Forbidden,
    Invalid,
    NoFiller,
    NotConnected,
    NotFound,
    SendRefused,
    SendUncertain,
    TooLarge,
    TooMany,
)
from core.hooks.reception import NotBelieved, NotTaken
from data.database import StorageFailed

log = logging.getLogger(__name__)

MEDIA_TYPE = 'application/problem+json'
CHALLENGE = 'Bearer realm="Dovecote"'


class Unauthorized(DovecoteError):
    """Nobody we know asks; `challenge` is the WWW-Authenticate header."""

    code = 'unauthorized'

    def __init__(self, sentence: str, *, challenge: str = CHALLENGE) -> None:
        super().__init__(sentence)
        self.challenge = challenge


class WrongType(DovecoteError):
    """The body is of a kind that is not taken here."""

    code = 'unsupported_media_type'


class NotJson(WrongType):
    pass


class FieldProblem(BaseModel):
    field: str = Field(description='Where in the request, like `to` or `mentions.0`.', examples=['to'])
    detail: str = Field(description='What is wrong there.', examples=['“12” is not a phone number.'])


class Problem(BaseModel):
    """Every error looks like this, with the media type `application/problem+json` (RFC 9457)."""

    type: str = Field(description='`about:blank`: the status says it all.', examples=['about:blank'])
    title: str = Field(description='The name of the status.', examples=['Unprocessable Content'])
    status: int = Field(examples=[422])
    detail: str = Field(description='One sentence for a person.', examples=['“12” is not a phone number.'])
    code: str = Field(description='For programs; never changes.', examples=['invalid'])
    retry: bool = Field(description='Whether trying the same again may help.')
    errors: list[FieldProblem] = Field(default=[], description='What is wrong with which field.')


class InvalidFields(Invalid):
    """Several fields are wrong at once: (field, sentence) each."""

    def __init__(self, fields: Sequence[tuple[str, str]], *, code: str = '') -> None:
        first, sentence = fields[0]
        more = len(fields) - 1
        rest = f' {more} more {"field is" if more == 1 else "fields are"} wrong.' if more else ''
        super().__init__(f'{sentence}{rest}', field=first, code=code)
        self.fields = tuple(fields)


STATUS: tuple[tuple[type[Exception], int], ...] = (
    (Unauthorized, 401),
    (NotBelieved, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (Conflict, 409),
    (NotConnected, 409),
    (CallDenied, 409),
    (WrongType, 415),
    (NotTaken, 415),
    (TooLarge, 413),
    (Invalid, 422),
    (TooMany, 429),
    (SendRefused, 502),
    (SendUncertain, 502),
    (NoFiller, 503),
    (CallFailed, 504),
)


def problem(
    status: int, code: str, detail: str, *, retry: bool = False, errors: Iterable[tuple[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:  # fmt: skip
    body: dict[str, Any] = {
        'type': 'about:blank', 'title': title(status), 'status': status, 'detail': detail, 'code': code,
        'retry': retry, 'errors': [{'field': field, 'detail': sentence} for field, sentence in errors],
    }  # fmt: skip
    text = json.dumps(body, ensure_ascii=False).encode('utf-8', 'replace')
    return Response(text, status, headers=headers, media_type=MEDIA_TYPE)


def title(status: int) -> str:
    """The phrase of the newest HTTP standard, whichever Python knows."""
    newer = {413: 'Content Too Large', 422: 'Unprocessable Content'}
    return newer.get(status) or HTTPStatus(status).phrase


def problem_of(error: Exception, place: str) -> Response:
    """The answer to whatever came up while `place` (method and path) was being answered."""
    if isinstance(error, DovecoteError):
        return _of_ours(error, place)
    if isinstance(error, StorageFailed):
        log.error('%s: nothing could be stored', place, exc_info=error)
        return problem(507, 'storage_failed', 'It could not be stored, so nothing was changed.', retry=True)
    if isinstance(error, HTTPException):
        code = title(error.status_code).lower().replace(' ', '_')
        return problem(error.status_code, code, str(error.detail), headers=error.headers)
    log.error('%s broke', place, exc_info=error)
    return problem(500, 'broken', 'Something broke inside Dovecote; its log says what.')


def _of_ours(error: DovecoteError, place: str) -> Response:
    status = next((number for kind, number in STATUS if isinstance(error, kind)), 500)
    if status == 500:
        log.error('%s broke', place, exc_info=error)
    headers = {}
    if isinstance(error, TooMany):
        headers['retry-after'] = str(int(error.after) + 1)
    elif isinstance(error, Unauthorized):
        headers['www-authenticate'] = error.challenge
    fields: Sequence[tuple[str, str]] = ()
    if isinstance(error, InvalidFields):
        fields = error.fields
    elif isinstance(error, Invalid) and error.field:
        fields = [(error.field, str(error))]
    return problem(status, error.code, str(error), retry=error.retry, errors=fields, headers=headers)


def invalid_fields(errors: Sequence[Any], *, skip: int = 0) -> InvalidFields:
    """pydantic's list of errors in our words; `skip`: how much of each place is not the caller's (body, query)."""
    if errors[0]['type'] in ('json_invalid', 'model_type', 'model_attributes_type'):
        why = 'a JSON object' if errors[0]['type'] != 'json_invalid' else 'JSON'
        return InvalidFields([('', f'The body is not {why}.')], code='bad_body')
    return InvalidFields([_wrong(error, skip) for error in errors[:20]])


def wrong_body(error: ValidationError) -> InvalidFields:
    return invalid_fields(error.errors(include_url=False, include_context=False, include_input=False))


def _wrong(error: Any, skip: int) -> tuple[str, str]:
    field = '.'.join(str(part) for part in error['loc'][skip:])[:100]
    kind, said = error['type'], str(error['msg'])
    if kind == 'missing':
        return field, f'“{field}” is missing.'
    if kind == 'extra_forbidden':
        return field, f'There is no field “{field}” here.'
    if kind == 'value_error':
        return field, said.removeprefix('Value error, ')
    return field, f'“{field}” is not right: {said[:1].lower()}{said[1:]}.'
