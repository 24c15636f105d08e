"""What a file makes of a message: its kind, its caption, and the file as WhatsApp takes it."""

from dataclasses import replace

from .contents import kept
from .errors import Invalid
from .events import FileKind
from .fetch import TOTAL, Guard
from .media import Media, MediaStore
from .outbox import Saying

# What WhatsApp shows as a picture or plays; anything else goes as a document unless the caller says how.
PICTURES = {'image/jpeg', 'image/png', 'image/webp', 'image/gif', 'image/bmp', 'image/tiff', 'image/avif'}
CAPTIONED = {'image', 'video', 'document'}


def as_message(
    store: MediaStore, media: Media, kind: FileKind | None, *, caption: str = '', filename: str = ''
) -> Saying:
    """Only what the file makes of a message; `kind` None: by what is in it. May take minutes.

    Raises Invalid, TooLarge, NotFound, Conflict (`ffmpeg_missing`) and StorageFailed.
    """
    kind = kind or kind_of(media)
    if caption and kind not in CAPTIONED:
        raise Invalid(f'A {kind} has no caption.', field='media.caption')
    fits = store.adapt(media, kind)
    file = store.local_file(fits, kind)
    named = replace(file, filename=filename or media.filename or file.filename)
    return Saying(kind=kind, text=caption, content=kept(named), media_id=fits.id)


def from_web(store: MediaStore, guard: Guard, url: str, *, filename: str = '', total: float = TOTAL) -> Media:
    """The file at an address that somebody else chose. Raises what the guard raises, TooLarge and StorageFailed."""
    with guard.fetch(url, most=store.most, total=total) as found:
        return store.keep(found.chunks, filename=filename or found.filename, said_mime=found.mime)


def kind_of(media: Media) -> FileKind:
    if media.mime in PICTURES:
        return 'image'
    if media.mime.startswith('video/'):
        return 'video'
    return 'audio' if media.mime.startswith('audio/') else 'document'
