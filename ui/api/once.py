"""A request repeated with its Idempotency-Key gets the first answer again and is not carried out twice."""

import base64
import hashlib
import hmac
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from fastapi import Request
from pydantic import BaseModel
from starlette.responses import Response

from core.errors import Conflict, Invalid
from core.world import World
from data.answers import Answer, answer_for, keep_answer
from data.database import write

from .aside import aside
from .asking import Answer as Asked
from .asking import Asking, Route, Said, asker_of

HEADER = 'Idempotency-Key'
LONGEST = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """`id` names the request, `request` is what it asked for, both hashed. `seal` helps to hide a secret answer."""

    id: str
    request: str
    seal: bytes


@dataclass(frozen=True, slots=True)
class Given:
    status: int
    body: bytes
    replayed: bool = False

    def answer(self) -> Response:
        headers = {'Idempotent-Replayed': 'true'} if self.replayed else None
        return Response(self.body, self.status, headers=headers, media_type='application/json')


class Nothing(BaseModel):
    """The body of a request that has none."""


def once_of(request: Request, asked: BaseModel) -> Once | None:
    """None without an Idempotency-Key. Bodies are compared as we understood them, not letter by letter."""
    return _named(request, asked.model_dump_json().encode())


def _named(request: Request, asked: bytes) -> Once | None:
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not 1 <= len(key) <= LONGEST or not key.isprintable():
        raise Invalid(f'An {HEADER} has 1 to {LONGEST} printable characters.', field=HEADER)
    asker = asker_of(request)
    whole = f'{asker.kind}:{asker.id}\n{request.method} {request.url.path}\n{key}'.encode('utf-8', 'replace')
    # With the program's secret: a plain hash of a body that holds a password could be guessed at.
    asking: Asking = request.app.state.asking
    body = hmac.new(asking.people.secret, asked, 'sha256').hexdigest()
    return Once(id=_hash(whole), request=body, seal=whole)


def carried_out(once: Once | None, world: World, work: Callable[[], tuple[int, bytes]]) -> Given:
    """Inside a write: what `work` answers, or answered the first time; kept in the same commit as what it does."""
    earlier = recalled(once)
    if earlier is not None:
        return earlier
    given = Given(*work())
    if once is not None:
        keep(once, world, given)
    return given


def carried_out_once(once: Once | None, world: World, work: Callable[[], tuple[int, bytes]]) -> Given:
    """The same for what asks WhatsApp and so cannot be one write. Raises Conflict while the first try is under way."""
    if once is None:
        return Given(*work())
    with _alone(once):
        earlier = recalled(once)
        if earlier is not None:
            return earlier
        given = Given(*work())
        write(lambda: keep(once, world, given))
        return given


class OnceRoute(Route):
    """Every POST takes an Idempotency-Key, as with `carried_out_once`. For what is done outside of the database."""

    def __init__(self, path: str, endpoint: Callable[..., Any], *, openapi_extra: dict[str, Any], **more: Any) -> None:
        said: Said = openapi_extra['said']
        extra = {**openapi_extra, 'said': replace(said, once='POST' in (more.get('methods') or ()))}
        super().__init__(path, endpoint, openapi_extra=extra, **more)

    def around(self, answer: Asked) -> Asked:
        async def answered(request: Request) -> Response:
            once = _named(request, await request.body())
            if once is None:
                return await answer(request)
            with _alone(once):
                earlier = await aside(lambda: recalled(once))
                return earlier.answer() if earlier is not None else await self._kept(once, request, answer)

        return answered if self.said.once else answer

    async def _kept(self, once: Once, request: Request, answer: Asked) -> Response:
        asking: Asking = request.app.state.asking
        made = await answer(request)
        given = Given(made.status_code, bytes(made.body))
        await aside(lambda: write(lambda: keep(once, asking.people.world, given)))
        return made


@contextmanager
def _alone(once: Once) -> Iterator[None]:
    with _turn:
        if once.id in _under_way:
            raise Conflict('The first request with this key is still being carried out.', code='idempotency_key_busy')
        _under_way.add(once.id)
    try:
        yield
    finally:
        with _turn:
            _under_way.discard(once.id)


_turn = threading.Lock()
_under_way: set[str] = set()


def keep(once: Once, world: World, given: Given) -> None:
    """Inside a write."""
    keep_answer(once.id, once.request, given.status, given.body.decode(), world.now())


def recalled(once: Once | None) -> Given | None:
    """The first answer, if there was one. Raises Conflict when the same key came with another body."""
    found = answer_for(once.id) if once is not None else None
    if once is None or found is None:
        return None
    return Given(found.status, _same(found, once).body.encode(), replayed=True)


def sealed(secret: bytes, once: Once, body: bytes) -> bytes:
    """The body as it may lie in the database: readable only with the program's secret and the caller's own key."""
    return _lock(secret, once).encrypt(body)


def opened(secret: bytes, once: Once, given: Given) -> Given:
    """Raises Conflict when the program's secret has changed since."""
    try:
        return Given(given.status, _lock(secret, once).decrypt(given.body), given.replayed)
    except InvalidToken:
        raise Conflict('The first answer can no longer be read.', code='idempotency_key_reused') from None


def _same(found: Answer, once: Once) -> Answer:
    if found.request != once.request:
        raise Conflict(f'This {HEADER} was used before with another body.', code='idempotency_key_reused')
    return found


def _lock(secret: bytes, once: Once) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(b'answers\n' + secret + b'\n' + once.seal).digest()))


def _hash(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()
