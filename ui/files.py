"""A file of ours as an answer: whole, a part of it, or its small view, and in a way that can harm no browser."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

from fastapi import Request
from starlette.responses import Response, StreamingResponse

from core.errors import NotFound
from core.media import Media, MediaStore

from .api.problems import problem

PIECE = 256 * 1024
# Whoever wrote it, it is opened as a thing of its own: no scripts, no forms, nothing of our cookies.
SEALED = "default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'; sandbox"


def file_answer(request: Request, store: MediaStore, media: Media) -> Response:
    """Whole, or the one part that `Range` asks for; 304 and 416 where they are right. Raises NotFound."""
    path = store.path_of(media)
    headers = {**_always(media.sha256), 'accept-ranges': 'bytes', 'content-disposition': _disposition(media)}
    if media.mime != 'application/pdf':  # a sealed page cannot show one, and a PDF runs in a box of its own
        headers['content-security-policy'] = SEALED
    if _is_known(request, media.sha256):
        return Response(status_code=304, headers=headers)
    part = _part(request, media)
    if part is None:
        detail = f'This file has {media.size} bytes, and none of those that were asked for.'
        return problem(416, 'range_not_satisfiable', detail, headers={'content-range': f'bytes */{media.size}'})
    begin, end = part
    status = 200 if end - begin == media.size else 206
    headers |= {'content-type': media.mime, 'content-length': str(end - begin)}
    if status == 206:
        headers['content-range'] = f'bytes {begin}-{end - 1}/{media.size}'
    if request.method == 'HEAD':
        return Response(status_code=status, headers=headers)
    return StreamingResponse(_pieces(path, begin, end), status, headers)


def thumbnail_answer(request: Request, media: Media) -> Response:
    """A small JPEG. Raises NotFound when there is none."""
    if not media.thumbnail:
        raise NotFound('There is no small view of this file.')
    tag = f'{media.sha256}-small'
    headers = {**_always(tag), 'content-security-policy': SEALED}
    if _is_known(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(media.thumbnail, headers=headers, media_type='image/jpeg')


def is_shown(mime: str) -> bool:
    """Whether a browser shows it, rather than saving it. An SVG is a program."""
    return mime == 'application/pdf' or (mime.startswith(('image/', 'audio/', 'video/')) and 'svg' not in mime)


async def _pieces(path: Path, begin: int, end: int) -> AsyncIterator[bytes]:
    file = await asyncio.to_thread(path.open, 'rb')
    try:
        file.seek(begin)
        while begin < end:
            piece = await asyncio.to_thread(file.read, min(PIECE, end - begin))
            if not piece:
                raise OSError(f'{path.name} is shorter than it was')
            begin += len(piece)
            yield piece
    finally:
        file.close()


def _always(tag: str) -> dict[str, str]:
    # A browser keeps it but asks each time: rights can be taken away.
    return {'etag': f'"{tag}"', 'cache-control': 'private, no-cache', 'cross-origin-resource-policy': 'same-origin'}


def _is_known(request: Request, tag: str) -> bool:
    said = [each.strip().removeprefix('W/') for each in request.headers.get('if-none-match', '').split(',')]
    return f'"{tag}"' in said or '*' in said


def _part(request: Request, media: Media) -> tuple[int, int] | None:
    """Where it begins and ends; the whole where there is no (single, well-formed) range. None: nothing of it is there.

    RFC 9110, 14: what is not understood, or has several parts, may be answered with the whole.
    """
    whole = (0, media.size)
    said = re.fullmatch(r'bytes=\s*([0-9]{0,18})\s*-\s*([0-9]{0,18})\s*', request.headers.get('range', ''))
    same = request.headers.get('if-range', f'"{media.sha256}"') == f'"{media.sha256}"'
    if request.method != 'GET' or said is None or not same or not (said[1] or said[2]):
        return whole
    if not said[1]:
        return (max(0, media.size - int(said[2])), media.size) if int(said[2]) else None
    begin, end = int(said[1]), min(int(said[2] or media.size), media.size - 1) + 1
    if said[2] and int(said[2]) < begin:
        return whole
    return (begin, end) if begin < media.size else None


def _disposition(media: Media) -> str:
    how = 'inline' if is_shown(media.mime) else 'attachment'
    return f"{how}; filename*=UTF-8''{quote(media.filename, safe='')}" if media.filename else how
