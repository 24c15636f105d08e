"""How a picture becomes the photo of a group."""

import io
import warnings

from PIL import Image, ImageOps

from .errors import Invalid

SIDE = 640  # pixels: what WhatsApp keeps
SMALLEST = 192  # and what it takes
MOST_PIXELS = 50_000_000
FORMATS = ('JPEG', 'PNG')  # by what is inside, not by any name


def as_photo(data: bytes) -> bytes:
    """The middle of a JPEG or PNG as a square JPEG. Raises Invalid."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # a damaged EXIF part is no reason to refuse a picture
            with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
                return _square(picture)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise Invalid('This is no JPEG or PNG that can be read.', code='photo_invalid') from error


def _square(picture: Image.Image) -> bytes:
    width, height = picture.size
    if width * height > MOST_PIXELS:
        raise Invalid('This picture has too many pixels.', code='photo_invalid')
    if min(width, height) < SMALLEST:
        raise Invalid(f'A photo needs at least {SMALLEST} pixels on each side.', code='photo_invalid')
    upright = ImageOps.exif_transpose(picture)
    side = min(SIDE, *upright.size)
    plain = Image.new('RGB', upright.size, 'white')
    plain.paste(upright.convert('RGB'), mask=upright.convert('RGBA').getchannel('A'))
    kept = io.BytesIO()
    ImageOps.fit(plain, (side, side)).save(kept, 'JPEG', quality=88)
    return kept.getvalue()
