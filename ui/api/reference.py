"""The OpenAPI document, made from the routes."""

from collections.abc import Iterable, Sequence
from typing import Any, get_args

from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from core.rights import Right

from .asking import PUBLIC, Route, roles_with
from .problems import MEDIA_TYPE, Problem, title

VERSION = '1'
ABOUT = """\
Send and receive WhatsApp messages with plain HTTP.

Every request brings a key: `Authorization: Bearer dvc_…` or `X-Api-Key: dvc_…`. Make one under *Keys*, or with
`dovecote key add NAME --role ROLE`. Bodies are JSON, but for files. Times are RFC 3339 in UTC, ids are ULIDs. Lists
take `limit` (1 to 200) and `cursor`, and answer `{"items": […], "next": …}`.

An error is `application/problem+json` (RFC 9457): `detail` is a sentence for a person, `code` never changes, `retry`
says whether trying the same again may help. A POST that sends or creates takes an `Idempotency-Key`: repeated with the
same body within 7 days it gets the first answer again, with the header `Idempotent-Replayed: true`.
"""
TAGS = {
    'messages': 'Say something, and see what became of it.',
    'media': 'Files: to send, and received.',
    'sessions': 'A session is one linked WhatsApp account.',
    'chats': 'Conversations with people and groups.',
    'groups': 'Groups of WhatsApp: who is in them, and what may be done in them.',
    'calls': 'Calls are shown and rejected; nobody here can take one.',
    'quick-replies': 'Texts that people here write again and again.',
    'templates': 'Texts in several languages, filled in for whom they are sent to.',
    'contacts': 'The people who wrote to you or were written to.',
    'events': 'Everything that happens, as it happens.',
    'flows': 'What answers by itself, and what it did.',
    'webhooks': 'Addresses of yours that are told what happens, and every attempt to tell them.',
    'hooks': 'Other systems call `/hooks/{key}`, and a message, a contact or a flow comes of it.',
    'keys': 'What programs ask with.',
    'protection': 'What keeps a number from being banned: limits, quiet hours, and who does not want to be written to.',
    'people': 'Who may sign in.',
    'hosts': 'The processes in which sessions live.',
    'sandbox': 'The simulated phones, only with `--sandbox`. A phone is named by its digits.',
    'health': 'For whatever watches over the program.',
}
WHY = {
    401: 'No key, or a wrong one.',
    403: 'The key may not do this.',
    404: 'There is no such thing, or the key may not see it.',
    409: 'Its state does not allow this now; `code` says which.',
    413: 'The request is too large.',
    415: 'The body is not of the kind that is taken here.',
    416: 'The file has no such part.',
    422: 'Something in the request makes no sense; `errors` says where.',
    429: 'Too many wrong keys; come back after `Retry-After` seconds.',
    502: 'WhatsApp refused.',
    503: 'Not now; try again.',
    504: 'WhatsApp, or the phone, did not answer in time.',
    507: 'It could not be stored.',
}
IDEMPOTENCY = {
    'name': 'Idempotency-Key',
    'in': 'header',
    'required': False,
    'description': 'Makes a repeated request harmless; any text of up to 255 characters, new for each new wish.',
    'schema': {'type': 'string', 'maxLength': 255},
}


def openapi_of(routes: Sequence[Route], server: str = '') -> dict[str, Any]:
    """The document about these routes, in the order in which a reader wants them."""
    document = get_openapi(
        title='Dovecote API', version=VERSION, openapi_version='3.1.0', description=ABOUT, routes=routes,
        tags=[{'name': name, 'description': text} for name, text in TAGS.items() if _has(routes, name)],
    )  # fmt: skip
    parts = document.setdefault('components', {})
    schemas = parts.setdefault('schemas', {})
    schemas.update(_schemas(route.said.takes for route in routes if route.said.takes))
    schemas.update(_schemas([Problem]))
    for unused in ('HTTPValidationError', 'ValidationError'):
        schemas.pop(unused, None)
    parts['securitySchemes'] = {
        'bearer': {'type': 'http', 'scheme': 'bearer', 'description': '`Authorization: Bearer dvc_…`'},
        'key': {'type': 'apiKey', 'in': 'header', 'name': 'X-Api-Key'},
    }
    document['security'] = [{'bearer': []}, {'key': []}]
    if server:
        document['servers'] = [{'url': server}]
    for route in routes:
        if route.include_in_schema:
            for method in route.methods or ():
                _complete(document['paths'][route.path_format][method.lower()], route)
    return document


def _complete(operation: dict[str, Any], route: Route) -> None:
    """What FastAPI cannot know: rights, problems, headers."""
    said, right = route.said, route.said.right
    operation['operationId'] = f'{route.tags[0]}.{route.endpoint.__name__}'
    if right in get_args(Right):
        roles = roles_with(right)
        needs = f'Needs the right `{right}` ({", ".join(roles)}).'
        operation['description'] = f'{operation.get("description", "")}\n\n{needs}'.strip()
    operation.get('responses', {}).pop('422', None)
    numbers = set(said.problems)
    if right != PUBLIC:
        numbers |= {401, 429} | ({403} if right != 'key' else set())
    if said.takes:
        numbers |= {415, 422}
    if operation.get('parameters'):
        numbers.add(422)
    for number in sorted(numbers):
        operation['responses'][str(number)] = _problem(number)
    if said.once:
        operation.setdefault('parameters', []).append(IDEMPOTENCY)


def _problem(status: int) -> dict[str, Any]:
    schema = {'$ref': '#/components/schemas/Problem'}
    return {'description': WHY.get(status, title(status)), 'content': {MEDIA_TYPE: {'schema': schema}}}


def _schemas(models: Iterable[type[BaseModel]]) -> dict[str, Any]:
    template = '#/components/schemas/{model}'
    _, found = models_json_schema([(model, 'validation') for model in models], ref_template=template)
    schemas: dict[str, Any] = found.get('$defs', {})
    return schemas


def _has(routes: Sequence[Route], tag: str) -> bool:
    return any(tag in route.tags for route in routes)
