"""Whether the program is alive, and whether it can serve."""

import asyncio
from shutil import disk_usage

from fastapi import APIRouter, Request
from starlette.responses import Response

from data.database import is_writing, touch, write_soon

from ..compose import Gateway
from .aside import aside
from .asking import PUBLIC, Route, says
from .lists import json_answer
from .problems import problem
from .shapes import StatusOut

PATIENCE = 3.0
ROOM = 16 * 2**20  # bytes: with less a disk is full in a moment
TRY_EVERY = 1.0  # seconds: nobody needs a key to ask, so asking must not keep the disk busy


def routes(gateway: Gateway) -> APIRouter:
    api = APIRouter(route_class=Route, tags=['health'])
    world, root = gateway.world, gateway.state.root
    written_at = world.ticks() - TRY_EVERY

    async def room() -> int:
        """Bytes that are left, after something was written."""
        nonlocal written_at
        if world.ticks() - written_at >= TRY_EVERY:
            await asyncio.wrap_future(write_soon(touch))
            written_at = world.ticks()
        return (await aside(lambda: disk_usage(root))).free

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
        """200 when something could be written just now and the disk has room, else 503. Needs no key."""
        try:
            free = await asyncio.wait_for(room(), PATIENCE)
        except Exception as error:  # whatever keeps it from serving is the answer, not a failure of this question
            why = 'does not answer in time' if isinstance(error, TimeoutError) else 'cannot be written'
            return problem(503, 'not_ready', f'The database {why}.', retry=True)
        if free < ROOM:
            return problem(503, 'not_ready', f'The disk is full: {free // 2**20} MiB are left.', retry=True)
        return json_answer({'status': 'ready'})

    return api
