"""The files we hold: each once, by what is in it."""

import hashlib
import logging
import os
import secrets
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from data import media as rows
from data.database import StorageFailed, read, write

from .errors import Invalid, NotFound, TooLarge
from .events import FileKind, LocalFile
from .file_types import ending_of, honest_name, mime_of
from .moving import Moving, Seen
from .pictures import (
    MOVING_STICKER_MAX,
    STICKER,
    STICKER_MAX,
    as_jpeg,
    as_moving_sticker,
    as_sticker,
    describe,
)
from .rights import Asker
from .state_dir import disk_problem
from .world import World

log = logging.getLogger(__name__)

MIB = 2**20
UNUSED_KEPT = timedelta(days=7)
Carried = Callable[[Sequence[str]], Collection[str]]

SOUNDS = {'audio/mpeg': ('mp3',), 'audio/mp4': ('aac', 'mp3', 'alac'), 'audio/ogg': ('opus',), 'audio/aac': ('aac',)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """One file that we hold. `sha256` in hex, sizes in bytes and pixels, 0 or b'' for what is unknown.

    `filename`: how this one was called when it was brought, with the ending that its content has, or ''.
    """

    id: str
    sha256: str
    mime: str
    size: int
    filename: str = ''
    width: int = 0
    height: int = 0
    seconds: int = 0
    animated: bool = False
    thumbnail: bytes = b''
    waveform: bytes = b''
    gone: bool = False


class MediaStore:
    """Files in `folder`, rows in the database. Every call may be made from any thread, but none inside a write."""

    def __init__(self, folder: Path, world: World, *, max_mb: int, moving: Moving | None = None) -> None:
        self.folder, self.world, self.most = folder, world, max_mb * MIB
        self.moving = moving or Moving()
        self._fresh = folder / 'tmp'
        self._placing = threading.Lock()  # no file is deleted while it is brought again
        self._looked: tuple[datetime, str] | None = None

    def start(self) -> None:
        """Before anything is kept: throw away what was half written, or has no row, when the program ended."""
        self._fresh.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in self._fresh.iterdir():
            path.unlink()
        with read():
            known = rows.held_hashes()
        for path in self.folder.glob('[0-9a-f][0-9a-f]/*'):
            if path.parent.name + path.name not in known:
                path.unlink()

    def close(self) -> None:
        self.moving.close()

    # ---- bringing files

    def keep(self, chunks: Iterable[bytes], *, filename: str = '', said_mime: str = '', sha256: str = '') -> Media:
        """Stream a file to the disk. What it is, is found out from its content.

        Raises TooLarge, Invalid (empty, a picture of too many pixels, or not the content that `sha256` promises) and
        StorageFailed; then nothing of it is left.
        """
        with self.begin(filename=filename, said_mime=said_mime) as incoming:
            for chunk in chunks:
                incoming.write(chunk)
            return incoming.finish(sha256)

    def begin(self, *, filename: str = '', said_mime: str = '') -> 'Incoming':
        """The same for whoever has its pieces one by one; use it as a context manager."""
        return Incoming(self, filename, said_mime)

    # ---- having files

    def media(self, id: str) -> Media:
        """Raises NotFound."""
        with read():
            row = rows.media_by_id(id)
        if row is None:
            raise NotFound('There is no file with this id.')
        return _media(row)

    def visible(self, asker: Asker, id: str) -> Media:
        """A file that the asker may see: a key for some sessions only what it brought itself, and what their messages
        carry. Raises NotFound for all others.
        """
        found = self.media(id)
        if asker.sessions is not None:
            with read():
                theirs = rows.was_uploaded_by(id, _name_of(asker)) or rows.carried_in(id, asker.sessions)
            if not theirs:
                raise NotFound('There is no file with this id.')
        return found

    def brought(self, asker: Asker, id: str) -> None:
        """Inside a write: remember who uploaded it."""
        rows.keep_upload(id, _name_of(asker))

    def path_of(self, media: Media) -> Path:
        """Where its bytes are. Raises NotFound when they were deleted."""
        path = self._place_of(media.sha256)
        if media.gone or not path.is_file():
            raise NotFound('This file was deleted here.')
        return path

    # ---- sending files

    def local_file(self, media: Media, kind: FileKind) -> LocalFile:
        """What the host is given to send a file, as adapt() has made it, as `kind`. Raises NotFound."""
        mime = 'audio/ogg; codecs=opus' if kind == 'voice' else media.mime
        return LocalFile(
            kind=kind, path=str(self.path_of(media)), sha256=media.sha256, mime=mime, size=media.size,
            filename=media.filename, width=media.width, height=media.height, seconds=media.seconds,
            animated=media.animated, thumbnail=media.thumbnail, waveform=media.waveform,
        )  # fmt: skip

    def file_for(self, id: str, kind: FileKind) -> LocalFile:
        """The same by its id, as the outbox asks for it; this one may be asked for inside a write."""
        return self.local_file(self.media(id), kind)

    def adapt(self, media: Media, kind: FileKind) -> Media:
        """The same file as WhatsApp takes it for `kind`, converted once; it may be the same one. May take minutes.

        Raises Invalid when it can never be that, Conflict (`ffmpeg_missing`) when it cannot be converted here,
        NotFound when it was deleted.
        """
        path = self.path_of(media)
        with read():
            done = rows.conversion_of(media.id, kind)
        if done is not None and self._place_of(done.sha256).is_file():
            write(lambda: [rows.touch(id, self.world.now()) for id in (media.id, done.id)])
            return replace(_media(done), filename=_renamed(media.filename, done.mime))
        write(lambda: rows.touch(media.id, self.world.now()))
        fits = self._fitted(media, path, kind)
        if kind == 'voice' and not fits.waveform and self.moving.ffmpeg():  # a phone shows one without as well
            waveform = self.moving.waveform(self.path_of(fits))
            write(lambda: rows.set_waveform(fits.id, waveform))
            fits = replace(fits, waveform=waveform)
        return fits

    def _fitted(self, media: Media, path: Path, kind: FileKind) -> Media:
        fresh = self._fresh / secrets.token_hex(16)
        try:
            if not _convert(self.moving, media, path, kind, fresh):
                return media
            made = self._adopt(fresh, _stem(media.filename))
        except OSError as error:
            raise _no_room(error) from error
        finally:
            fresh.unlink(missing_ok=True)
        write(lambda: rows.keep_conversion(media.id, kind, made.id))
        return made

    def _adopt(self, made: Path, filename: str) -> Media:
        made.chmod(0o600)
        with made.open('rb') as file:
            size, sha256 = os.fstat(file.fileno()).st_size, hashlib.file_digest(file, 'sha256').hexdigest()
            os.fsync(file.fileno())
        if size > self.most:
            raise too_large(self.most)
        return self.place(made, sha256, size, filename=filename, said_mime='')

    # ---- letting go of files

    def forget(self, ids: Collection[str]) -> int:
        """Delete these files; their rows stay and say so. Returns how many were still here."""
        with self._placing:
            hashes = write(lambda: rows.mark_gone(ids, self.world.now()))
            for sha256 in hashes:
                self._place_of(sha256).unlink(missing_ok=True)
        return len(hashes)

    def clean(self) -> None:
        """Every minute: what nobody used for a week and no message carries."""
        gone = self.forget_old(self.world.now() - UNUSED_KEPT)
        if gone:
            log.info('%d unused files were deleted', gone)

    def forget_old(self, before: datetime, carried: Carried = rows.carried) -> int:
        """Delete files that nobody used since then and no message carries; `carried` tells, of some ids, which are.

        Looks at a few hundred at a time and goes on there with the next call.
        """
        with read():
            page = rows.unused_media(before, after=self._looked)
            kept = set(carried([row.id for row in page])) if page else set()
        self._looked = (page[-1].used_at, str(page[-1].id)) if page else None
        old = [str(row.id) for row in page if row.id not in kept]
        if not old:
            return 0
        with self._placing:
            gone = write(lambda: self._drop(old, before, carried))
            for sha256 in gone:
                self._place_of(sha256).unlink(missing_ok=True)
        return len(gone)

    def _drop(self, ids: Sequence[str], before: datetime, carried: Carried) -> list[str]:
        """Inside a write: looked at again, as somebody may have used one since."""
        kept = set(carried(ids))
        old = [id for id in ids if id not in kept and (row := rows.media_by_id(id)) and row.used_at < before]
        gone = rows.mark_gone(old, self.world.now())
        rows.delete_media(old)
        return gone

    # ---- inside

    def place(self, fresh: Path, sha256: str, size: int, *, filename: str, said_mime: str) -> Media:
        """Make a whole file under `tmp` one of ours, or find that it was there already."""
        with read():
            known = rows.media_by_sha256(sha256)
        facts = {} if known and not known.gone_at else self._facts(fresh, filename, said_mime)
        mime = str(facts['mime'] if facts else known and known.mime)
        name = honest_name(filename, mime)
        with self._placing:
            here = write(lambda: rows.touch(known.id, self.world.now(), filename=name)) if known else None
            if here is None or not self._place_of(sha256).is_file():
                facts = facts or self._facts(fresh, filename, said_mime)
                self._move(fresh, self._place_of(sha256))
                now = self.world.now()
                values = {'sha256': sha256, 'size': size, 'filename': name, 'created_at': now, 'used_at': now, **facts}
                here = write(lambda: rows.add_media(id=self.world.new_id(), **values))
        return replace(_media(here), filename=name)

    def _facts(self, path: Path, filename: str, said_mime: str) -> dict[str, object]:
        """Raises Invalid for a picture of too many pixels."""
        mime = mime_of(path, filename=filename, said=said_mime)
        if mime.startswith('image/') and mime != 'image/svg+xml':
            picture = describe(path)
            if picture is None:
                return {'mime': mime}
            return {
                'mime': mime, 'width': picture.width, 'height': picture.height, 'animated': picture.animated,
                'thumbnail': picture.thumbnail,
            }  # fmt: skip
        if mime.startswith(('audio/', 'video/')):
            return self._moving_facts(path, mime)
        return {'mime': mime}

    def _moving_facts(self, path: Path, mime: str) -> dict[str, object]:
        seen = self.moving.look(path)
        if seen is None:
            return {'mime': mime}
        family = 'video' if seen.video else 'audio'
        mime = f'{family}/{mime.partition("/")[2]}'  # the same container holds both
        facts: dict[str, object] = {'mime': mime, 'seconds': seen.seconds}
        if seen.video:
            facts |= {'width': seen.width, 'height': seen.height, 'thumbnail': self.moving.thumbnail(path) or None}
        return facts

    def fresh_file(self) -> tuple[Path, BinaryIO]:
        self._fresh.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._fresh / secrets.token_hex(16)
        return path, os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), 'wb')

    def _place_of(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256[2:]

    def _move(self, fresh: Path, place: Path) -> None:
        """The file is on the disk before its name is, and its name before its row."""
        if not place.parent.is_dir():
            place.parent.mkdir(mode=0o700)
            _sync(self.folder)
        fresh.replace(place)
        _sync(place.parent)


class Incoming:
    """One file on its way in, piece by piece. What is not finished when the context ends is thrown away."""

    def __init__(self, store: MediaStore, filename: str, said_mime: str) -> None:
        self.store, self.filename, self.said_mime = store, filename, said_mime
        self.size = 0
        self._hash = hashlib.sha256()
        try:
            self._path, self._file = store.fresh_file()
        except OSError as error:
            raise _no_room(error) from error

    def write(self, chunk: bytes | bytearray) -> None:
        """Raises TooLarge as soon as there is too much."""
        self.size += len(chunk)
        if self.size > self.store.most:
            raise too_large(self.store.most)
        self._hash.update(chunk)
        try:
            self._file.write(chunk)
        except OSError as error:
            raise _no_room(error) from error

    def finish(self, sha256: str = '') -> Media:
        """It was the last piece. `sha256` in hex: what the whole must be. Raises what keep() raises."""
        if not self.size:
            raise Invalid('The file is empty.', field='file', code='media_empty')
        found = self._hash.hexdigest()
        if sha256 and found != sha256:
            raise Invalid('The file is damaged: it is not what its sender described.', code='media_damaged')
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            return self.store.place(self._path, found, self.size, filename=self.filename, said_mime=self.said_mime)
        except OSError as error:
            raise _no_room(error) from error

    def __enter__(self) -> 'Incoming':
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # the disk is full: what could not be flushed is thrown away
            self._file.close()
        self._path.unlink(missing_ok=True)


def too_large(most: int) -> TooLarge:
    return TooLarge(f'The file is larger than {most // MIB} MiB, the most that is taken here.', field='file')


def _convert(moving: Moving, media: Media, source: Path, kind: FileKind, target: Path) -> bool:
    """Write what WhatsApp takes for `kind` to `target`; False when `source` is that already."""
    match kind:
        case 'image':
            return _to_image(media, source, target)
        case 'sticker':
            return _to_sticker(moving, media, source, target)
        case 'video':
            return _to_video(moving, media, source, target)
        case 'audio' | 'voice':
            return _to_sound(moving, media, source, kind, target)
        case 'document':
            return False


def _to_image(media: Media, source: Path, target: Path) -> bool:
    if media.mime in ('image/jpeg', 'image/png') and media.width:
        return False
    _must_be(media, 'a picture', 'image/')
    as_jpeg(source, target)
    return True


def _to_sticker(moving: Moving, media: Media, source: Path, target: Path) -> bool:
    _must_be(media, 'a sticker, which is made from a picture or a short video', 'image/', 'video/')
    most = MOVING_STICKER_MAX if media.animated else STICKER_MAX
    if media.mime == 'image/webp' and media.width == media.height == STICKER and media.size <= most:
        return False
    if media.mime.startswith('video/') or (media.animated and media.mime == 'image/gif'):
        moving.sticker(source, target)
    elif media.animated:  # ffmpeg cannot read a moving WebP
        as_moving_sticker(source, target)
    else:
        as_sticker(source, target)
    return True


def _to_video(moving: Moving, media: Media, source: Path, target: Path) -> bool:
    if not (media.animated and media.mime == 'image/gif'):
        _must_be(media, 'a video', 'video/')
    seen = moving.look(source)
    if media.mime == 'video/mp4' and (seen is None or _plays(seen)):
        return False
    moving.video(source, target, seen or Seen())
    return True


def _plays(seen: Seen) -> bool:
    return seen.video == 'h264' and seen.colours in ('yuv420p', 'yuvj420p') and seen.sound in ('', 'aac')


def _to_sound(moving: Moving, media: Media, source: Path, kind: FileKind, target: Path) -> bool:
    _must_be(media, 'a voice note' if kind == 'voice' else 'sound', 'audio/', 'video/')
    seen = moving.look(source)
    if seen is not None and not seen.sound:
        raise Invalid('There is no sound in this file.', field='media', code='media_not_fitting')
    if kind == 'voice':
        if seen is not None and (media.mime, seen.sound, seen.channels) == ('audio/ogg', 'opus', 1):
            return False
        moving.voice(source, target)
        return True
    if media.mime in SOUNDS and (seen is None or seen.sound in SOUNDS[media.mime]):
        return False
    moving.audio(source, target)
    return True


def _must_be(media: Media, what: str, *families: str) -> None:
    if not media.mime.startswith(families) or media.mime == 'image/svg+xml':
        known = ending_of(media.mime).lstrip('.').upper() or media.mime
        raise Invalid(f'This file ({known}) cannot be sent as {what}.', field='media', code='media_not_fitting')


def _media(row: rows.Media) -> Media:
    return Media(
        id=row.id, sha256=row.sha256, mime=row.mime, size=row.size, filename=row.filename, width=row.width,
        height=row.height, seconds=row.seconds, animated=row.animated, thumbnail=bytes(row.thumbnail or b''),
        waveform=bytes(row.waveform or b''), gone=row.gone_at is not None,
    )  # fmt: skip


def _name_of(asker: Asker) -> str:
    return f'{asker.kind}:{asker.id}'


def _stem(filename: str) -> str:
    return Path(filename).stem


def _renamed(filename: str, mime: str) -> str:
    return honest_name(_stem(filename), mime)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _no_room(error: OSError) -> StorageFailed:
    return StorageFailed(f'The file could not be kept: {disk_problem(error)}.')
