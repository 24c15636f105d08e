"""Files: bringing one that is to be sent, looking at one, asking WhatsApp for one again."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from core.bodies import Body, media_body
from core.errors import Invalid
from core.media import MIB, Incoming, Media, MediaStore
from core.settings import Settings
from data.database import write_soon

from ..compose import Gateway
from ..files import file_answer, thumbnail_answer
from .aside import aside, aside_slowly
from .asking import Route, asker_of, says
from .lists import json_bytes
from .messages import visible_message
from .multipart import FilePart
from .once import carried_out, once_of
from .problems import WrongType
from .shapes.media import FileOut, WantedOut

AT_A_TIME = 512 * 1024  # bytes, for each turn of a thread that writes
AROUND = 64 * 1024  # bytes that a form may have around its file
FORM = 'multipart/form-data'

UPLOAD = {
    FORM: {
        'schema': {
            'type': 'object',
            'required': ['file'],
            'properties': {'file': {'type': 'string', 'format': 'binary', 'description': 'The file.'}},
        },
    },
    '*/*': {'schema': {'type': 'string', 'format': 'binary'}},
}
BINARY = {'*/*': {'schema': {'type': 'string', 'format': 'binary'}}}
SMALL = {'image/jpeg': {'schema': {'type': 'string', 'format': 'binary'}}}


class _Brought(BaseModel):
    """What an Idempotency-Key stands for."""

    sha256: str
    filename: str


def body_limits(settings: Settings) -> dict[str, int]:
    """Bytes by the beginning of a path, where a body may be larger than usual."""
    return {'/api/v1/media': settings.media_max_mb * MIB + AROUND}


def routes(gateway: Gateway) -> APIRouter:
    api = APIRouter(route_class=Route, prefix='/api/v1', tags=['media'])
    store, downloads, world = gateway.media, gateway.downloads, gateway.world

    @api.post('/media', **says('Bring a file', 'messages.send', status=201, gives=FileOut, accepts=UPLOAD,
                               problems=(409, 413, 415, 422, 507), once=True))  # fmt: skip
    async def bring(request: Request) -> Response:
        """The field `file` of a form, or the body itself, then best with
        `Content-Disposition: attachment; filename="menu.pdf"`. Its type is found out from its content; a wrong ending
        of its name is put right. The same content is kept once and has the same id.

        A file that no message carries and nobody used for a week is deleted.
        """
        asker = asker_of(request)
        media = await _brought(request, store)
        once = once_of(request, _Brought(sha256=media.sha256, filename=media.filename))

        def note() -> tuple[int, bytes]:
            store.brought(asker, media.id)
            return 201, json_bytes(_file_body(media))

        given = await asyncio.wrap_future(write_soon(lambda: carried_out(once, world, note)))
        return given.answer()

    async def file(request: Request, id: str) -> Response:
        """As it is, or the part that `Range` asks for. Its `ETag` is the SHA-256 of its content.

        A key for some sessions sees what it brought itself, and what messages of its sessions carry.
        """
        asker = asker_of(request)
        media = await aside(lambda: store.visible(asker, id))
        return file_answer(request, store, media)

    opened = says('Get a file', 'messages.see', media=BINARY, problems=(404, 416))
    api.add_api_route('/media/{id}', file, methods=['GET'], **opened)
    api.add_api_route('/media/{id}', file, methods=['HEAD'], include_in_schema=False, **opened)

    @api.get('/media/{id}/thumbnail', **says('Get a small view of a file', 'messages.see', media=SMALL,
                                             problems=(404,)))  # fmt: skip
    async def thumbnail(request: Request, id: str) -> Response:
        """A JPEG of at most 320 pixels. Only pictures and videos have one."""
        asker = asker_of(request)
        return thumbnail_answer(request, await aside(lambda: store.visible(asker, id)))

    @api.post('/messages/{id}/media', **says('Fetch the file of a message', 'messages.send', status=202,
                                             gives=WantedOut, problems=(404, 409)))  # fmt: skip
    async def fetch(request: Request, id: str) -> Response:
        """For one that was not fetched by itself, could not be, or was deleted here. The event `message.media` says how
        it ended.

        409 `media_here` when it is here already, 409 `media_not_for_us` when WhatsApp gives it only to the phone.
        """
        asker = asker_of(request)

        def ask() -> Body:
            visible_message(asker, id)
            return {'id': id, 'media': media_body(downloads.again(id))}

        return Response(json_bytes(await aside(ask)), 202, media_type='application/json')

    return api


async def _brought(request: Request, store: MediaStore) -> Media:
    kind, _, rest = request.headers.get('content-type', '').partition(';')
    kind = kind.strip().lower()
    if kind == 'application/x-www-form-urlencoded':
        raise WrongType('A file comes as a form of the type multipart/form-data, or as the body itself.')
    part = FilePart(kind + ';' + rest) if kind == FORM else None
    named = FilePart.named(request.headers.get('content-disposition', ''))
    with store.begin(filename=named, said_mime=kind) as incoming:
        try:
            await _taken(request, incoming, part)
        except ClientDisconnect:
            raise Invalid('The request broke off before its end.', code='bad_body') from None
        if part is not None:
            part.finish()
            incoming.filename, incoming.said_mime = part.filename, part.mime
        return await aside_slowly(incoming.finish)


async def _taken(request: Request, incoming: Incoming, part: FilePart | None) -> None:
    """Gathered before it is written, so that a thread has something to do."""
    gathered = bytearray()
    async for chunk in request.stream():
        gathered += part.content_of(chunk) if part is not None else chunk
        if len(gathered) >= AT_A_TIME:
            await _written(incoming, gathered)
            gathered = bytearray()
    await _written(incoming, gathered)


async def _written(incoming: Incoming, gathered: bytearray) -> None:
    await aside(lambda: incoming.write(gathered))


def _file_body(media: Media) -> dict[str, Any]:
    return {
        'id': media.id, 'mime': media.mime, 'size': media.size, 'sha256': media.sha256, 'filename': media.filename,
        'width': media.width, 'height': media.height, 'seconds': media.seconds, 'animated': media.animated,
    }  # fmt: skip
