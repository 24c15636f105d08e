"""What somebody wants a webhook to be, and whether that can be."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from ..errors import Invalid
from .endpoints import Ordering
from .filters import read_filters
from .kinds import checked_events
from .written import Format

TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
OURS = frozenset({
    'host', 'content-length', 'content-type', 'transfer-encoding', 'connection', 'keep-alive', 'te', 'trailer',
    'upgrade', 'expect', 'accept-encoding', 'idempotency-key', 'x-hub-signature-256', 'proxy-authorization',
    'proxy-connection', 'proxy-authenticate',
})  # fmt: skip
HEADERS_MOST = 20
SECONDS, AT_A_TIME, A_SECOND = (1, 30), (1, 20), (0.1, 1000.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """`session` is a row id, None for all. `hub_secret` '' takes the webhook's own secret."""

    url: str
    events: Sequence[str]
    name: str = ''
    session: str | None = None
    filters: Sequence[Mapping[str, Any]] = ()
    headers: Mapping[str, str] | None = None
    format: str = 'standard'
    ordering: str = 'none'
    timeout: int = 15
    concurrency: int = 5
    rate: float = 20.0
    hub: bool = False
    hub_secret: str = ''


def check(wish: Wish) -> None:
    """Everything but the address. Raises Invalid with the field that is wrong."""
    checked_events(wish.events)
    read_filters(wish.filters)
    _headers(wish.headers or {})
    if len(wish.name.strip()) > 80:
        raise Invalid('A name has at most 80 characters.', field='name')
    if wish.format not in get_args(Format):
        raise Invalid(f'A format is one of {", ".join(get_args(Format))}.', field='format')
    if wish.ordering not in get_args(Ordering):
        raise Invalid(f'An ordering is one of {", ".join(get_args(Ordering))}.', field='ordering')
    for field, value, (low, high) in (
        ('timeout', wish.timeout, SECONDS), ('concurrency', wish.concurrency, AT_A_TIME), ('rate', wish.rate, A_SECOND),
    ):  # fmt: skip
        if not low <= value <= high:
            raise Invalid(f'“{field}” goes from {low:g} to {high:g}.', field=field)
    if len(wish.hub_secret) > 200 or not wish.hub_secret.isprintable():
        raise Invalid('A secret for X-Hub-Signature-256 has up to 200 printable characters.', field='hub_secret')


def _headers(headers: Mapping[str, str]) -> None:
    if len(headers) > HEADERS_MOST:
        raise Invalid(f'{HEADERS_MOST} headers are enough.', field='headers')
    for name, value in headers.items():
        if not TOKEN.fullmatch(name):
            raise Invalid(f'“{name[:40]}” is no name for a header.', field='headers')
        if name.lower() in OURS or name.lower().startswith('webhook-'):
            raise Invalid(f'The header {name} is set by Dovecote itself.', field='headers')
        if len(value) > 2_000 or not value.isprintable() or not value.isascii():
            raise Invalid(f'The header {name} has up to 2000 plain characters.', field='headers')


def host_of(url: str) -> str:
    return url.partition('://')[2].partition('/')[0].partition('?')[0][:80]
