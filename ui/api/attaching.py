"""The file of a message: one that was brought before, one at an address, or in the body itself."""

import base64
import binascii
from dataclasses import replace
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from core.contents import kept
from core.errors import Invalid
from core.events import FileKind
from core.media import Media
from core.outbox import Saying
from core.rights import Asker

from ..compose import Gateway

# What WhatsApp shows as a picture or plays; anything else goes as a document unless the caller says how.
PICTURES = {'image/jpeg', 'image/png', 'image/webp', 'image/gif', 'image/bmp', 'image/tiff', 'image/avif'}
CAPTIONED = {'image', 'video', 'document'}


class MediaPart(BaseModel):
    model_config = ConfigDict(extra='forbid')

    id: Annotated[str, Field(max_length=40, description='Of a file from `POST /media` or of another message.')] = ''
    url: Annotated[str, Field(
        max_length=2048, description='Where the file is on the web. Private networks are not reached unless allowed.',
    )] = ''  # fmt: skip
    data: Annotated[str, Field(description='A small file in base64; larger ones go through `POST /media`.')] = ''
    caption: Annotated[str, Field(examples=['Menu'])] = ''
    filename: Annotated[str, Field(max_length=200, description='What a document is called.')] = ''
    as_: Annotated[FileKind | None, Field(
        alias='as', description='How it is shown; left out: by what is in it. `voice` is converted to Opus, `sticker` '
                                'to WebP.',
    )] = None  # fmt: skip


def attached(gateway: Gateway, asker: Asker, part: MediaPart) -> Saying:
    """Only what the file makes of a message: kind, content, file and caption. May take minutes.

    Raises Invalid, TooLarge, NotFound, Conflict (`ffmpeg_missing`) and StorageFailed.
    """
    media = _brought(gateway, asker, part)
    kind = part.as_ or kind_of(media)
    if part.caption and kind not in CAPTIONED:
        raise Invalid(f'A {kind} has no caption.', field='media.caption')
    fits = gateway.media.adapt(media, kind)
    file = gateway.media.local_file(fits, kind)
    named = replace(file, filename=part.filename or media.filename or file.filename)
    return Saying(kind=kind, text=part.caption, content=kept(named), media_id=fits.id)


def kind_of(media: Media) -> FileKind:
    if media.mime in PICTURES:
        return 'image'
    if media.mime.startswith('video/'):
        return 'video'
    return 'audio' if media.mime.startswith('audio/') else 'document'


def _brought(gateway: Gateway, asker: Asker, part: MediaPart) -> Media:
    ways = [name for name in ('id', 'url', 'data') if getattr(part, name)]
    if len(ways) != 1:
        raise Invalid('A file is named by one of id, url and data.', field='media')
    store = gateway.media
    if part.id:
        return store.visible(asker, part.id)
    if part.url:
        with gateway.guard.fetch(part.url, most=store.most) as found:
            return store.keep(found.chunks, filename=part.filename or found.filename, said_mime=found.mime)
    try:
        data = base64.b64decode(part.data, validate=True)
    except binascii.Error:
        raise Invalid('This is not base64.', field='media.data') from None
    return store.keep([data], filename=part.filename)
