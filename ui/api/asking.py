"""Who asks, and whether they may: the door every request to the API goes through."""

import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast, get_args

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.responses import Response

from core.errors import Forbidden, NotFound
from core.people import People
from core.rights import RIGHTS, Asker, Right
from core.tries import Tries, network_of
from core.world import World
from data.sessions import Session, session_by_name

from ..guard import COOKIE
from .problems import CHALLENGE, NotJson, Unauthorized, invalid_fields, problem_of, wrong_body

log = logging.getLogger(__name__)

B = TypeVar('B', bound=BaseModel)
Answer = Callable[[Request], Coroutine[Any, Any, Response]]
PUBLIC = 'public'


class Asking:
    """Finds the asker of a request: by its key, or by the sign-in of our own pages."""

    def __init__(self, people: People, world: World) -> None:
        self.people = people
        self._wrong = Tries(world.ticks, most=30, every=2)

    def asker(self, request: Request) -> Asker:
        """Raises Unauthorized, or TooMany after many wrong keys from one place. A right key always works."""
        key = _key(request)
        if key is None:
            return self._signed_in(request)
        asker = self.people.asker_of_key(key)
        if asker is None:
            place = request.client.host if request.client else ''
            self._wrong.take(network_of(place))
            log.info('a wrong key from %s', place)
            sentence = 'There is no such key, or it was revoked or has expired.'
            raise Unauthorized(sentence, challenge=f'{CHALLENGE}, error="invalid_token"')
        return asker

    def _signed_in(self, request: Request) -> Asker:
        token = request.cookies.get(COOKIE, '')
        asker = self.people.asker_of(token) if token else None
        if asker is None:
            raise Unauthorized('A key is needed, as `Authorization: Bearer dvc_…` or `X-Api-Key: dvc_…`.')
        return asker


def _key(request: Request) -> str | None:
    """The key of a request; None when it brings none, '' when what it brings is no key."""
    said = request.headers.get('authorization')
    scheme, _, key = (said or '').partition(' ')
    if scheme.lower() == 'bearer':
        return key.strip()
    # The other header may be meant for a proxy in front of us, which lets it through.
    return request.headers.get('x-api-key', None if said is None else '')


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a route was declared with. `problems`: statuses beside the usual ones; `once`: takes an Idempotency-Key."""

    right: str
    takes: type[BaseModel] | None
    problems: tuple[int, ...]
    once: bool


class Route(APIRoute):
    """Answers every error with a problem, and nobody without the right that the route was declared with.

    An endpoint that asks for nothing but the request is called directly: FastAPI has nothing to find out for it.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], *, openapi_extra: dict[str, Any], **more: Any) -> None:
        self.said: Said = openapi_extra['said']
        shown = {name: value for name, value in openapi_extra.items() if name != 'said'}
        super().__init__(path, endpoint, openapi_extra=shown, **more)

    def get_route_handler(self) -> Answer:
        needed = self.said.right
        right = cast(Right, needed) if needed in get_args(Right) else None
        wanted = self.dependant
        plain = not (wanted.path_params or wanted.query_params or wanted.header_params or wanted.dependencies)
        answer = self.around(cast(Answer, self.endpoint) if plain else super().get_route_handler())

        async def checked(request: Request) -> Response:
            try:
                if needed != PUBLIC:
                    asking: Asking = request.app.state.asking
                    asker = request.state.asker = asking.asker(request)
                    if right:
                        asker.must(right)
                return await answer(request)
            except RequestValidationError as error:
                return problem_of(invalid_fields(error.errors(), skip=1), _place(request))
            except Exception as error:  # whatever it is, the caller gets a problem and never a stack trace
                return problem_of(error, _place(request))

        return checked

    def around(self, answer: Answer) -> Answer:
        """What is done with a request whose asker may do it."""
        return answer


def _place(request: Request) -> str:
    return f'{request.method} {request.url.path}'


def asker_of(request: Request) -> Asker:
    asker: Asker = request.state.asker
    return asker


async def body_of(request: Request, model: type[B]) -> B:
    """What the request brings. Raises NotJson for another content type, Invalid for what is wrong in it."""
    kind = request.headers.get('content-type', '').partition(';')[0].strip().lower()
    if kind != 'application/json' and not (kind.startswith('application/') and kind.endswith('+json')):
        said = f'“{kind[:60]}”' if kind else 'nothing'
        raise NotJson(f'The body must be JSON with `Content-Type: application/json`; this one says {said}.')
    return parse(await request.body(), model)


async def body_or_default(request: Request, model: type[B]) -> B:
    """The same where a body may be left out."""
    return await body_of(request, model) if await request.body() else model()


def parse(body: bytes, model: type[B]) -> B:
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise wrong_body(error) from error


def visible_session(asker: Asker, name: str) -> Session:
    """The session called `name`; what the asker may not see does not exist for them. Reads the database."""
    row = session_by_name(name)
    if row is None or not asker.may_session(row.id):
        raise NotFound(f'There is no session called “{name[:48]}”.')
    return row


def must_have_all(asker: Asker, what: str) -> None:
    """Raise Forbidden for a key that is limited to some sessions."""
    if asker.sessions is not None:
        raise Forbidden(f'A key for some sessions may not {what}.')


def visible_ids(asker: Asker, session: str = '') -> list[str] | None:
    """The ids to which a list is limited: the one session asked for, those of the asker, or None for all."""
    if session:
        return [visible_session(asker, session).id]
    return None if asker.sessions is None else sorted(asker.sessions)


def says(
    summary: str, right: Right | str, *, status: int = 200, gives: Any = None, takes: type[BaseModel] | None = None,
    example: object = None, problems: tuple[int, ...] = (),
    once: bool = False, optional: bool = False, media: Mapping[str, Any] | None = None,
    accepts: Mapping[str, Any] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What a route is declared with: for the reference, and (`right`) for the door.

    `right`: the one that is needed, 'key' for any key or sign-in, 'public' for everybody. `media` is what comes back,
    `accepts` what is brought, by content type, where it is not JSON.
    """
    extra: dict[str, Any] = {'said': Said(right=right, takes=takes, problems=problems, once=once)}
    if takes is not None:
        schema = {'$ref': f'#/components/schemas/{takes.__name__}'}
        content = {'schema': schema} if example is None else {'schema': schema, 'example': example}
        extra['requestBody'] = {'required': not optional, 'content': {'application/json': content}}
    if accepts is not None:
        extra['requestBody'] = {'required': True, 'content': accepts}
    if right == PUBLIC:
        extra['security'] = []
    given: dict[int | str, dict[str, Any]] = {status: {'content': media}} if media else {}
    return {
        'summary': summary, 'status_code': status, 'response_model': gives, 'openapi_extra': extra, 'responses': given,
    }  # fmt: skip


def roles_with(right: str) -> list[str]:
    return [role for role, rights in RIGHTS.items() if right in rights]
