"""What a link shows of itself before it is opened: title, description, a small picture."""

import logging
import re
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from html.parser import HTMLParser
from pathlib import Path

import httpx

from .errors import Invalid
from .events import Preview
from .fetch import Fetched, Guard
from .pictures import describe

log = logging.getLogger(__name__)

LINK = re.compile(r'https?://[^\s<>"“”«»]+', re.IGNORECASE)
PAGE_MAX = 512 * 1024
PICTURE_MAX = 5 * 2**20
SECONDS = 10.0
TITLE_MAX, DESCRIPTION_MAX = 200, 500
THUMBNAIL_MAX = 64 * 1024


def first_link(text: str) -> str:
    """The first address in a text, '' without one; what ends a sentence is none of its."""
    found = LINK.search(text)
    if not found:
        return ''
    link = found[0].rstrip('.,;:!?\'"*_~')
    while link.endswith(')') and link.count(')') > link.count('('):
        link = link[:-1]
    return link


def preview_of(guard: Guard, url: str, *, seconds: float = SECONDS) -> Preview | None:
    """None when the page has no title, or cannot or may not be reached: a message goes without its preview then.

    `seconds`: for the page, and again for its picture.
    """
    try:
        with guard.fetch(url, most=2**40, total=seconds, headers={'accept': 'text/html'}) as page:
            if page.mime not in ('text/html', 'application/xhtml+xml'):
                return None
            base, said = page.url, _head(page)
    except Invalid as problem:
        log.info('no preview: %s', problem)
        return None
    title = said.get('og:title') or said.get('title', '')
    if not title:
        return None
    description = said.get('og:description') or said.get('description', '')
    return Preview(
        url=url, title=_short(title, TITLE_MAX), description=_short(description, DESCRIPTION_MAX),
        thumbnail=_thumbnail(guard, base, said.get('og:image', ''), seconds),
    )  # fmt: skip


def _head(page: Fetched) -> Mapping[str, str]:
    """What the first 512 kB say; a page may be longer than that."""
    text = bytearray()
    for chunk in page.chunks:
        text += chunk[: PAGE_MAX - len(text)]
        if len(text) >= PAGE_MAX:
            break
    reader = _Reader()
    with suppress(AssertionError):  # its way to give up on a page; what it has read by then counts
        reader.feed(_decoded(text))
    return reader.said


def _decoded(text: bytearray) -> str:
    found = re.search(rb'<meta[^>]+charset\s*=\s*["\']?\s*([A-Za-z0-9_.:-]{1,40})', text[:4096], re.IGNORECASE)
    try:
        return text.decode(found[1].decode('ascii') if found else 'utf-8', 'replace')
    except (LookupError, ValueError):  # unknown, or one that is not for text
        return text.decode('utf-8', 'replace')


class _Reader(HTMLParser):
    """Collects the title and the metas of a page; the first of each counts."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: dict[str, str] = {}
        self._title: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == 'title' and 'title' not in self.said:
            self._title = []
        elif tag == 'meta':
            values = {name: value or '' for name, value in attrs}
            name = (values.get('property') or values.get('name') or '').lower()
            if name in ('og:title', 'og:description', 'og:image', 'description') and values.get('content', '').strip():
                self.said.setdefault(name, values['content'])

    def handle_data(self, data: str) -> None:
        if self._title is not None:
            self._title.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == 'title' and self._title is not None:
            self.said.setdefault('title', ''.join(self._title))
            self._title = None


def _thumbnail(guard: Guard, base: str, link: str, seconds: float) -> bytes:
    """b'' when there is none, or it is not to be had."""
    if not link:
        return b''
    try:
        url = str(httpx.URL(base).join(link))
        with (
            guard.fetch(url, most=PICTURE_MAX, total=seconds) as fetched,
            tempfile.NamedTemporaryFile(prefix='dovecote-') as file,
        ):
            for chunk in fetched.chunks:
                file.write(chunk)
            file.flush()
            picture = describe(Path(file.name))
    except (Invalid, httpx.InvalidURL, OSError, ValueError) as problem:
        log.info('a preview without its picture: %s', problem)
        return b''
    fits = picture is not None and len(picture.thumbnail) <= THUMBNAIL_MAX
    return picture.thumbnail if picture is not None and fits else b''


def _short(text: str, most: int) -> str:
    words = ' '.join(text.split())
    return words if len(words) <= most else words[: most - 1].rstrip() + '…'
