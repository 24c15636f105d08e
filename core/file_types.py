"""What a file is: by what is in it, never by what it is called or said to be."""

import mimetypes
import re
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from .tools import load_libmagic

NAME_MAX = 200

# libmagic has names of its own for some.
USUAL = {
    'application/ogg': 'audio/ogg',
    'application/x-gzip': 'application/gzip',
    'application/x-zip-compressed': 'application/zip',
    'audio/mp3': 'audio/mpeg',
    'audio/vnd.wave': 'audio/wav',
    'audio/x-aiff': 'audio/aiff',
    'audio/x-flac': 'audio/flac',
    'audio/x-hx-aac-adts': 'audio/aac',
    'audio/x-m4a': 'audio/mp4',
    'audio/x-wav': 'audio/wav',
    'image/x-ms-bmp': 'image/bmp',
    'text/xml': 'application/xml',
    'video/x-m4v': 'video/mp4',
}
# What is inside these looks the same from outside; only among them the name decides.
ALIKE = {
    'application/zip': frozenset({
        'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
        'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
        'application/vnd.openxmlformats-officedocument.presentationml.presentation',
        'application/vnd.oasis.opendocument.text', 'application/vnd.oasis.opendocument.spreadsheet',
        'application/vnd.oasis.opendocument.presentation', 'application/epub+zip', 'application/java-archive',
        'application/vnd.android.package-archive',
    }),
    'application/x-ole-storage': frozenset({
        'application/msword', 'application/vnd.ms-excel', 'application/vnd.ms-powerpoint',
    }),
    'application/octet-stream': frozenset({
        'application/zip', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
        'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
        'application/vnd.openxmlformats-officedocument.presentationml.presentation',
    }),
    'text/plain': frozenset({
        'text/csv', 'text/markdown', 'text/calendar', 'text/vcard', 'application/json', 'application/yaml',
        'text/tab-separated-values',
    }),
}  # fmt: skip
ENDINGS = {
    'application/gzip': '.gz',
    'application/pdf': '.pdf',
    'application/vnd.openxmlformats-officedocument.presentationml.presentation': '.pptx',
    'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': '.xlsx',
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document': '.docx',
    'application/yaml': '.yaml',
    'audio/aac': '.aac',
    'audio/amr': '.amr',
    'audio/flac': '.flac',
    'audio/mp4': '.m4a',
    'audio/mpeg': '.mp3',
    'audio/ogg': '.ogg',
    'audio/wav': '.wav',
    'audio/webm': '.webm',
    'image/avif': '.avif',
    'image/bmp': '.bmp',
    'image/heic': '.heic',
    'image/jpeg': '.jpg',
    'image/webp': '.webp',
    'text/calendar': '.ics',
    'text/csv': '.csv',
    'text/markdown': '.md',
    'text/plain': '.txt',
    'text/vcard': '.vcf',
    'video/3gpp': '.3gp',
    'video/mp4': '.mp4',
    'video/quicktime': '.mov',
    'video/webm': '.webm',
    'video/x-matroska': '.mkv',
}
ALSO = {
    '.jpeg': 'image/jpeg', '.jpe': 'image/jpeg', '.oga': 'audio/ogg', '.opus': 'audio/ogg', '.mp4a': 'audio/mp4',
    '.m4v': 'video/mp4', '.htm': 'text/html', '.yml': 'application/yaml', '.doc': 'application/msword',
    '.xls': 'application/vnd.ms-excel', '.ppt': 'application/vnd.ms-powerpoint', '.heif': 'image/heic',
    '.log': 'text/plain', '.text': 'text/plain',
}  # fmt: skip
KNOWN = {**{ending: mime for mime, ending in ENDINGS.items()}, **ALSO}


def mime_of(path: Path, *, filename: str = '', said: str = '') -> str:
    """The type of the file at `path`; `application/octet-stream` when nothing is recognized."""
    found = str(_recognizer().from_file(str(path))).lower()
    found = USUAL.get(found, found)
    if '/' not in found or not re.fullmatch(r'[a-z0-9.+-]+/[a-z0-9.+-]+', found) or found.startswith('inode/'):
        found = 'application/octet-stream'
    alike = ALIKE.get(found, frozenset())
    named = (_by_ending(filename), said.partition(';')[0].strip().lower())
    return next((each for each in named if each in alike), found)


def honest_name(filename: str, mime: str) -> str:
    """The last part of a path, without what could mislead, and with the ending that its type has. '' stays ''."""
    name = re.sub(r'[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]', '', filename.replace('\\', '/'))
    name = PurePosixPath(name.strip()).name.strip('. ')
    if not name:
        return ''
    stem, ending = PurePosixPath(name).stem, PurePosixPath(name).suffix
    known, right = _by_ending(name), ending_of(mime)
    if right and known != mime and (known or not ending) and not _may_be(mime, known):
        ending = right
    return f'{stem[: NAME_MAX - len(ending)]}{ending}'


def ending_of(mime: str) -> str:
    """Like `.jpg`; '' when a type has none that we know."""
    return ENDINGS.get(mime) or _table().guess_extension(mime) or ''


def _may_be(mime: str, known: str) -> bool:
    """Whether a name that says `known` can be right for a content of which no more than `mime` is recognized."""
    if mime == 'application/octet-stream':  # pictures, sound, video and PDF would have been recognized
        return not known.startswith(('image/', 'audio/', 'video/', 'application/pdf'))
    if mime == 'text/plain':
        return known.startswith('text/') or known in ALIKE['text/plain']
    return {mime[:6], known[:6]} == {'audio/', 'video/'} and mime[6:] == known[6:]


def _by_ending(filename: str) -> str:
    ending = PurePosixPath(filename.replace('\\', '/')).suffix.lower()
    if not ending:
        return ''
    return KNOWN.get(ending) or USUAL.get(found := _table().guess_type(f'x{ending}')[0] or '', found)


@cache
def _recognizer() -> Any:
    database = load_libmagic()
    import magic  # noqa: PLC0415  (finds its library only after the line above)

    return magic.Magic(mime=True, magic_file=database)


@cache
def _table() -> mimetypes.MimeTypes:
    """Python's own list, whatever this machine may have in its files."""
    return mimetypes.MimeTypes()
