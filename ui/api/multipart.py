"""The one file in a form, taken out while the form comes in."""

from typing import TYPE_CHECKING, cast

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from core.errors import Invalid
from core.fetch import named_in

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

HEADERS_MAX = 20


class FilePart:
    """Feed it the body with `content_of`; `filename` and `mime` are what the form says, '' when it says nothing.

    Raises Invalid for what is no such form, or has no field `file`, or several.
    """

    def __init__(self, content_type: str) -> None:
        _, options = parse_options_header(content_type)
        boundary = options.get(b'boundary', b'')
        if not boundary:
            raise _no_form()
        self.filename = self.mime = ''
        self._found = self._inside = self._whole = False
        self._content = bytearray()
        self._name, self._value = bytearray(), bytearray()
        self._headers: dict[str, str] = {}
        callbacks = {
            'on_part_begin': self._headers.clear,
            'on_header_begin': self._header_begins,
            'on_header_field': lambda data, begin, end: self._name.extend(data[begin:end]),
            'on_header_value': lambda data, begin, end: self._value.extend(data[begin:end]),
            'on_header_end': self._header_ends,
            'on_headers_finished': self._part_begins,
            'on_part_data': self._part_goes_on,
            'on_part_end': self._part_ends,
            'on_end': self._ends,
        }
        try:
            self._parser = MultipartParser(
                boundary, cast('MultipartCallbacks', callbacks), max_header_count=HEADERS_MAX
            )  # fmt: skip
        except FormParserError:
            raise _no_form() from None

    @staticmethod
    def named(disposition: str) -> str:
        """The filename in a `Content-Disposition`, or ''."""
        _, options = parse_options_header(disposition)
        plain = options.get(b'filename', b'')
        return plain.decode('utf-8', 'replace') if plain else named_in(disposition)

    def content_of(self, chunk: bytes) -> bytes:
        """What of this piece of the body belongs to the file."""
        try:
            self._parser.write(chunk)
        except FormParserError:
            raise _no_form() from None
        content = bytes(self._content)
        self._content.clear()
        return content

    def finish(self) -> None:
        """It was the last piece."""
        if not self._whole:
            raise _no_form()
        if not self._found:
            raise Invalid('The form has no field “file”.', field='file')

    def _header_begins(self) -> None:
        self._name, self._value = bytearray(), bytearray()

    def _header_ends(self) -> None:
        self._headers[self._name.decode('latin-1').lower()] = self._value.decode('latin-1')

    def _part_begins(self) -> None:
        disposition = self._headers.get('content-disposition', '')
        _, options = parse_options_header(disposition)
        self._inside = options.get(b'name') == b'file'
        if self._inside and self._found:
            raise Invalid('Bring one file at a time: the form has several fields “file”.', field='file')
        if self._inside:
            self._found = True
            self.filename, self.mime = self.named(disposition), self._headers.get('content-type', '')

    def _part_goes_on(self, data: bytes, begin: int, end: int) -> None:
        if self._inside:
            self._content += data[begin:end]

    def _part_ends(self) -> None:
        self._inside = False

    def _ends(self) -> None:
        self._whole = True


def _no_form() -> Invalid:
    return Invalid('The body is not the form that its Content-Type promises.', code='bad_body')
