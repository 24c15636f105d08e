"""What somebody said to a hook, as it arrived: nothing in it has been believed or read yet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl

from ..errors import Invalid

Pairs = Sequence[tuple[str, str]]
FIELDS = 2_000
FORM = 'application/x-www-form-urlencoded'


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """`headers` by their small names; `query` as it stood behind the question mark; `ip` of whoever really asks.

    `urls`: the address that was called, in the ways in which the caller may have written it.
    """

    urls: Sequence[str]
    headers: Mapping[str, str]
    query: str
    body: bytes
    ip: str
    at: datetime

    def header(self, name: str) -> str:
        return self.headers.get(name.lower(), '')

    @property
    def content_type(self) -> str:
        return self.header('content-type').partition(';')[0].strip().lower()

    @property
    def asked(self) -> Pairs:
        """The query in pairs."""
        return parse_qsl(self.query, keep_blank_values=True, errors='replace')

    @property
    def form(self) -> Pairs:
        """The fields of a form, [] for any other body."""
        return form_of(self.body) if self.content_type == FORM else []


def form_of(body: bytes) -> Pairs:
    """Raises Invalid for far too many fields."""
    text = body.decode('utf-8', 'replace')
    try:
        return parse_qsl(text, keep_blank_values=True, errors='replace', max_num_fields=FIELDS)
    except ValueError:
        raise Invalid(f'A form may have {FIELDS} fields.', code='bad_body') from None
