"""The file of a message: one that was brought before, one at an address, or in the body itself."""

import base64
import binascii
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from core.attaching import as_message, from_web
from core.errors import Invalid
from core.events import FileKind
from core.media import Media
from core.outbox import Saying
from core.rights import Asker

from ..compose import Gateway


class FilePart(BaseModel):
    """One of the three."""

    model_config = ConfigDict(extra='forbid')

    id: Annotated[str, Field(max_length=40, description='Of a file from `POST /media` or of another message.')] = ''
    url: Annotated[str, Field(
        max_length=2048, description='Where the file is on the web. Private networks are not reached unless allowed.',
    )] = ''  # fmt: skip
    data: Annotated[str, Field(description='A small file in base64; larger ones go through `POST /media`.')] = ''


class MediaPart(FilePart):
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
    file = brought(gateway, asker, part, part.filename)
    return as_message(gateway.media, file, part.as_, caption=part.caption, filename=part.filename)


def brought(gateway: Gateway, asker: Asker, part: FilePart, filename: str = '') -> Media:
    """The file itself, whatever it is. Raises Invalid, TooLarge, NotFound and StorageFailed."""
    ways = [name for name in ('id', 'url', 'data') if getattr(part, name)]
    if len(ways) != 1:
        raise Invalid('A file is named by one of id, url and data.', field='media')
    store = gateway.media
    if part.id:
        return store.visible(asker, part.id)
    if part.url:
        return from_web(store, gateway.guard, part.url, filename=filename)
    try:
        data = base64.b64decode(part.data, validate=True)
    except binascii.Error:
        raise Invalid('This is not base64.', field='media.data') from None
    return store.keep([data], filename=filename)
