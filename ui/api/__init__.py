"""The REST API: which resources there are."""

from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.routing import Route as Plain
from starlette.types import Scope

from ..compose import Gateway
from . import (
    blocked,
    blueprints,
    calls,
    chats,
    contacts,
    deliveries,
    events,
    flow_secrets,
    flows,
    groups,
    health,
    hooks,
    hosts,
    keys,
    media,
    messages,
    metrics,
    people,
    protection,
    quick_replies,
    runs,
    sandbox,
    sessions,
    templates,
    trying,
    webhooks,
)
from .asking import Asking, Route
from .hook_door import HookDoor
from .lists import json_answer
from .media import body_limits
from .problems import problem
from .reference import openapi_of

RESOURCES = (
    messages, media, sessions, blocked, chats, groups, calls, contacts, quick_replies, templates, events, blueprints,
    trying, flow_secrets, flows, runs, webhooks, deliveries, hooks, keys, people, protection, hosts, sandbox, health,
    metrics,
)  # fmt: skip
PAGES = {'/api/docs'}

__all__ = ['body_limits', 'count', 'mount', 'origin_of', 'reference_of']


def mount(app: FastAPI, gateway: Gateway) -> None:
    """Add the API to `app`. What `/api` does not know is answered here too, so nothing below it is ever a page."""
    app.state.asking = Asking(gateway.people, gateway.world)
    app.state.reference = routes = _routes(gateway)
    # One flat list, not included routers: finding the way through those costs more than a short answer does.
    app.router.routes.extend(routes)
    app.router.routes.append(_openapi(routes))
    HookDoor(gateway).open(app)
    app.router.routes.append(_Elsewhere(routes))


def count(app: FastAPI, gateway: Gateway) -> None:
    """Count every answer of `app`, if somebody wants to know; call it last, so that nothing is answered before."""
    if gateway.meter is not None:
        app.add_middleware(metrics.Counting, meter=gateway.meter)


def reference_of(gateway: Gateway) -> Mapping[str, Any]:
    """The OpenAPI document, without the address of the server."""
    return openapi_of(_routes(gateway))


def origin_of(request: Request) -> str:
    """The address by which the asker reaches us."""
    parts = urlsplit(str(request.base_url))
    return f'{parts.scheme}://{parts.netloc}'


def _routes(gateway: Gateway) -> list[Route]:
    every = (route for resource in RESOURCES for route in resource.routes(gateway).routes)
    return [route for route in every if isinstance(route, Route)]


def _openapi(routes: list[Route]) -> Plain:
    document = cache(lambda: openapi_of(routes))

    async def openapi(request: Request) -> Response:
        return json_answer({**document(), 'servers': [{'url': origin_of(request)}]})

    return Plain('/api/v1/openapi.json', openapi, methods=['GET'])


class _Elsewhere(Plain):
    """Everything below /api that no route above has taken."""

    def __init__(self, routes: list[Route]) -> None:
        super().__init__('/api/{rest:path}', self._answer, include_in_schema=False)
        self.methods = None  # every method
        self.known = routes

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope['type'] != 'http' or scope['path'] in PAGES:
            return Match.NONE, {}
        return super().matches(scope)

    async def _answer(self, request: Request) -> Response:
        allowed = {
            method for route in self.known if route.matches(request.scope)[0] == Match.PARTIAL
            for method in route.methods or ()
        }  # fmt: skip
        if allowed:
            said = ', '.join(sorted(allowed))
            detail = f'{request.method} is not possible here, only {said}.'
            return problem(405, 'method_not_allowed', detail, headers={'allow': said})
        detail = f'There is nothing at {request.url.path[:100]}. The reference is at /api/docs.'
        return problem(404, 'not_found', detail)
