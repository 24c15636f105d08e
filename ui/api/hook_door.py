"""The door for other systems: `/hooks/{key}`, outside of the API, where a signature or the key itself is the proof."""

import asyncio
from collections.abc import Sequence
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route as Plain

from core.errors import Invalid
from core.hooks.call import Call
from core.hooks.errands import Settled, messages_in
from core.hooks.hooks import Known
from core.hooks.reception import Taken

from ..compose import Gateway
from .aside import aside
from .lists import json_answer
from .problems import problem, problem_of

BODY_WITHIN = 10.0  # seconds
ANSWER_WITHIN = 10.0  # of a hook that waits for what comes of it
LARGE = 64 * 1024  # bytes that are too many to be looked through between two other requests
PORTS = {'https': 443, 'http': 80}


class HookDoor:
    def __init__(self, gateway: Gateway) -> None:
        self.gateway, self.reception, self.errands = gateway, gateway.reception, gateway.errands

    def open(self, app: FastAPI) -> None:
        for path, answer in (('/hooks/{key}', self._live), ('/hooks/{key}/test', self._test)):
            route = Plain(path, answer, include_in_schema=False)
            route.methods = None  # every method: what is refused here is refused with a problem too
            app.router.routes.append(route)

    async def _live(self, request: Request) -> Response:
        return await self._answered(request, test=False)

    async def _test(self, request: Request) -> Response:
        return await self._answered(request, test=True)

    async def _answered(self, request: Request, *, test: bool) -> Response:
        try:
            hook = self.reception.hook(request.path_params['key'], _ip(request))
            if request.method == 'GET':
                return PlainTextResponse(self.reception.answers(hook, self._call(request)))
            if request.method != 'POST':
                return problem(405, 'method_not_allowed', 'A hook is called with POST.', headers={'allow': 'POST'})
            self.reception.check_type(self._call(request))
            async with asyncio.timeout(BODY_WITHIN):
                body = await request.body()
            return await self._taken(hook, self._call(request, body), test=test)
        except TimeoutError:
            return problem(408, 'too_slow', f'The body did not come within {BODY_WITHIN:.0f} seconds.', retry=True)
        except ClientDisconnect:
            return problem_of(Invalid('The request broke off before its end.', code='bad_body'), 'a hook')
        except Exception as error:  # whatever it is, the caller gets a problem; the key is not to be in the log
            return problem_of(error, f'{request.method} of a hook')

    async def _taken(self, hook: Known, call: Call, *, test: bool) -> Response:
        if hook.settings.once or len(call.body) > LARGE:
            keeping = await aside(lambda: self.reception.take(hook, call, test=test))
        else:
            keeping = self.reception.take(hook, call, test=test)
        taken = await asyncio.wrap_future(keeping)
        if taken.says:
            return json_answer({'challenge': taken.says})
        if test:
            return json_answer({'id': taken.id, 'test': True}, 202)
        if hook.settings.respond == 'wait':
            return await self._waited(taken)
        return json_answer({'duplicate': True, 'id': taken.id}) if taken.duplicate else _accepted(taken)

    async def _waited(self, taken: Taken) -> Response:
        outcome = await aside(lambda: self.errands.outcome(taken.id))
        try:
            settled = await asyncio.wait_for(asyncio.wrap_future(outcome), ANSWER_WITHIN)
        except TimeoutError:  # it goes on all the same
            return _accepted(taken)
        finally:
            self.errands.give_up(taken.id, outcome)
        return json_answer(_told(taken, settled))

    def _call(self, request: Request, body: bytes = b'') -> Call:
        headers = dict(reversed(request.headers.items()))  # the first of a name counts
        return Call(
            urls=self._urls(request), headers=headers, query=request.url.query, body=body, ip=_ip(request),
            at=self.gateway.world.now(),
        )  # fmt: skip

    def _urls(self, request: Request) -> Sequence[str]:
        """As the caller may have written it, who may have named the port or not."""
        base = self.gateway.settings.public_url or f'{request.url.scheme}://{request.url.netloc}'
        rest = request.url.path + (f'?{request.url.query}' if request.url.query else '')
        parts = urlsplit(base)
        if parts.port is None:
            return f'{base}{rest}', f'{parts.scheme}://{parts.netloc}:{PORTS[parts.scheme]}{parts.path}{rest}'
        return f'{base}{rest}', f'{parts.scheme}://{parts.hostname}{parts.path}{rest}'


def _ip(request: Request) -> str:
    return request.client.host if request.client else ''


def _accepted(taken: Taken) -> Response:
    return json_answer({'id': taken.id}, 202)


def _told(taken: Taken, settled: Settled) -> dict[str, object]:
    told: dict[str, object] = {'id': taken.id, 'state': settled.state, 'messages': messages_in(settled.results)}
    if settled.error:
        told['error'] = settled.error
    return {'duplicate': True, **told} if taken.duplicate else told
