"""Pictures that stand still: how large they are, a small view of them, and the shapes WhatsApp takes."""

import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

from .errors import Invalid

MOST_PIXELS = 50_000_000  # the largest photo that phones make by themselves; decoded it takes 200 MB
THUMBNAIL = 320  # pixels of the longer side
STICKER = 512  # pixels of both sides
STICKER_MAX = 100_000  # bytes of one that stands still
MOVING_STICKER_MAX = 500_000
MOST_FRAMES = 300  # that are looked at
KEPT_FRAMES = 60  # each takes 1 MB while a sticker is made

# Only what is read by Pillow itself: others start programs, or hand on to whatever is inside.
FORMATS = ('JPEG', 'PNG', 'WEBP', 'GIF', 'BMP', 'TIFF', 'AVIF')
SWAPPED = (5, 6, 7, 8)  # EXIF orientations of a camera held upright

_one_at_a_time = threading.Lock()  # several large ones at once would need too much memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """`width` and `height` in pixels as it is shown, `thumbnail` a small JPEG."""

    width: int
    height: int
    animated: bool
    thumbnail: bytes


def describe(path: Path) -> Picture | None:
    """None when it cannot be read as a picture. Raises Invalid for one that would need too much memory."""
    try:
        with _opened(path) as picture:
            width, height = picture.size
            if picture.getexif().get(0x0112) in SWAPPED:
                width, height = height, width
            animated = bool(getattr(picture, 'is_animated', False))
            return Picture(width=width, height=height, animated=animated, thumbnail=_thumbnail(picture))
    except Unreadable:
        return None


def as_jpeg(source: Path, target: Path) -> None:
    """Raises Invalid when it cannot be read."""
    with _readable(source) as picture:
        _on_white(ImageOps.exif_transpose(picture)).save(target, 'JPEG', quality=88)


def as_sticker(source: Path, target: Path) -> None:
    """A WebP of 512 by 512 pixels and at most 100 kB; what is missing of the square is transparent."""
    with _readable(source) as picture:
        whole = _square(ImageOps.exif_transpose(picture))
    for quality in (90, 75, 50, 25, 5):
        whole.save(target, 'WEBP', quality=quality, method=4)
        if target.stat().st_size <= STICKER_MAX:
            return
    raise Invalid('This picture cannot be made small enough for a sticker.', code='media_not_fitting')


def as_moving_sticker(source: Path, target: Path) -> None:
    """The same for a moving WebP, GIF or PNG, with at most 500 kB."""
    with _readable(source) as picture:
        frames, times = _frames(picture)
    for quality, every in ((70, 1), (40, 1), (40, 2), (20, 3), (5, 5)):
        kept = frames[::every]
        held = [sum(times[n : n + every]) for n in range(0, len(times), every)]
        kept[0].save(
            target, 'WEBP', save_all=True, append_images=kept[1:], duration=held, loop=0, quality=quality, method=0
        )
        if target.stat().st_size <= MOVING_STICKER_MAX:
            return
    raise Invalid('This picture cannot be made small enough for a moving sticker.', code='media_not_fitting')


class Unreadable(Exception):
    """Pillow knows no way to read it."""


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """Looked at before it is decoded: a few kB can say that they are a picture of many gigabytes."""
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter('error', Image.DecompressionBombWarning)
        try:
            with Image.open(path, formats=FORMATS) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    raise _too_many(picture.width, picture.height)
                yield picture
        except Invalid:
            raise
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise _too_many(0, 0) from None
        except Exception as error:  # what is damaged makes its many decoders raise nearly anything
            raise Unreadable(str(error)) from error


@contextmanager
def _readable(path: Path) -> Iterator[Image.Image]:
    try:
        with _opened(path) as picture:
            yield picture
    except Unreadable as error:
        raise Invalid('This file cannot be read as a picture.', code='media_not_fitting') from error


def _too_many(width: int, height: int) -> Invalid:
    size = f'{width} by {height} pixels' if width else 'far too many pixels'
    most = MOST_PIXELS // 1_000_000
    return Invalid(f'This picture has {size}; at most {most} million are looked at.', code='media_too_many_pixels')


def _thumbnail(picture: Image.Image) -> bytes:
    picture.draft('RGB', (THUMBNAIL, THUMBNAIL))  # a JPEG is then decoded small at once
    picture.thumbnail((THUMBNAIL, THUMBNAIL))
    small = io.BytesIO()
    _on_white(ImageOps.exif_transpose(picture)).save(small, 'JPEG', quality=70)
    return small.getvalue()


def _on_white(picture: Image.Image) -> Image.Image:
    """Without transparency, which a JPEG cannot have."""
    if picture.has_transparency_data:
        seen = picture.convert('RGBA')
        ground = Image.new('RGB', seen.size, 'white')
        ground.paste(seen, mask=seen.getchannel('A'))
        return ground
    return picture.convert('RGB')


def _square(picture: Image.Image) -> Image.Image:
    seen = ImageOps.contain(picture.convert('RGBA'), (STICKER, STICKER))
    whole = Image.new('RGBA', (STICKER, STICKER))
    whole.paste(seen, ((STICKER - seen.width) // 2, (STICKER - seen.height) // 2))
    return whole


def _frames(picture: Image.Image) -> tuple[list[Image.Image], list[int]]:
    """Its frames as squares, not more than can be held, and for how many milliseconds each is shown."""
    count = min(int(getattr(picture, 'n_frames', 1)), MOST_FRAMES)
    every = -(-count // KEPT_FRAMES)
    frames: list[Image.Image] = []
    times: list[int] = []
    for number in range(count):
        picture.seek(number)
        lasts = max(20, int(picture.info.get('duration') or 100))
        if number % every:
            times[-1] += lasts
        else:
            frames.append(_square(picture))
            times.append(lasts)
    return frames, times
