"""Whether the program is alive, and whether it can serve."""

import asyncio

from fastapi import APIRouter, Request
from starlette.responses import Response

from data.database import is_writing, write_soon
from data.people import anybody

from ..compose import Gateway
from .asking import PUBLIC, Route, says
from .lists import json_answer
from .problems import problem
from .shapes import StatusOut

PATIENCE = 3.0


def routes(gateway: Gateway) -> APIRouter:
    api = APIRouter(route_class=Route, tags=['health'])

    @api.head('/health', **says('Is it alive?', PUBLIC), include_in_schema=False)
    @api.get('/health', **says('Is it alive?', PUBLIC, gives=StatusOut, problems=(503,)))
    async def health(request: Request) -> Response:
        """200 as long as the program runs and a new start would not help it; else 503. Needs no key."""
        if not is_writing():
            return problem(503, 'not_healthy', 'Nothing can be stored any more. Start Dovecote again.')
        return json_answer({'status': 'ok'})

    @api.head('/ready', **says('Can it serve?', PUBLIC), include_in_schema=False)
    @api.get('/ready', **says('Can it serve?', PUBLIC, gives=StatusOut, problems=(503,)))
    async def ready(request: Request) -> Response:
        """200 when the database can be read and written, else 503. Needs no key."""
        try:
            await asyncio.wait_for(asyncio.wrap_future(write_soon(anybody)), PATIENCE)
        except Exception as error:  # whatever keeps it from serving is the answer, not a failure of this question
            why = 'in time' if isinstance(error, TimeoutError) else 'now'
            return problem(503, 'not_ready', f'The database does not answer {why}.', retry=True)
        return json_answer({'status': 'ready'})

    return api
