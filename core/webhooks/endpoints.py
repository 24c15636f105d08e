"""The webhooks as those who deliver see them: live in memory, secrets open, filters ready."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, cast

from data.database import read
from data.webhooks import Webhook, WebhookState, webhooks

from ..bodies import Body
from ..errors import DovecoteError
from ..seal import Seal
from .filters import Filter, all_fit, read_filters
from .kinds import hears
from .sign import hub_signature, signed
from .written import Format

Ordering = Literal['none', 'per_chat']
MASK = '••••••••'


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """`session` is an id, '' for all. `open`: its circuit is, only probes are sent."""

    id: str
    name: str
    url: str
    session: str
    events: tuple[str, ...]
    filters: tuple[Filter, ...]
    format: Format
    ordering: Ordering
    timeout: float
    concurrency: int
    rate: float
    state: WebhookState
    open: bool
    headers: Mapping[str, str] = field(repr=False)
    secret: str = field(repr=False)
    previous: str = field(repr=False)
    previous_until: datetime | None
    hub_secret: str = field(repr=False)

    @property
    def on(self) -> bool:
        return self.state == 'on'

    @property
    def per_chat(self) -> bool:
        return self.ordering == 'per_chat'

    def hears(self, kind: str, session: str) -> bool:
        return (not self.session or self.session == session) and hears(self.events, kind)

    def wants(self, envelope: Body) -> bool:
        return all_fit(self.filters, envelope)

    def headers_for(self, body: bytes, id: str, at: datetime) -> dict[str, str]:
        """Of one attempt: signed anew at its own time."""
        rotated = self.previous and self.previous_until is not None and at < self.previous_until
        secrets = [self.secret, *([self.previous] if rotated else ())]
        headers = {**self.headers, **signed(body, id=id, at=at, secrets=secrets), 'idempotency-key': id}
        if self.hub_secret:
            headers['x-hub-signature-256'] = hub_signature(body, self.hub_secret)
        return headers

    def shown(self, headers: Mapping[str, str]) -> list[list[str]]:
        """Headers as the log keeps them: whoever reads it must not be able to sign, or to sign in, as we do."""
        hidden = {*self.headers, 'x-hub-signature-256'}
        marks = {'webhook-signature': ' '.join(f'v1,{MASK}' for _ in headers['webhook-signature'].split(' '))}
        return [[name, marks.get(name, MASK if name in hidden else value)] for name, value in headers.items()]


class Endpoints:
    """Kept in memory; every change to a row drops that copy. Without a webhook, asking costs two comparisons."""

    def __init__(self, seal: Seal) -> None:
        self.seal = seal
        self._live: tuple[int, Mapping[str, Endpoint]] = (-1, {})  # as of which change
        self._changes = 0
        self._lock = threading.Lock()

    def changed(self) -> None:
        """After the commit of a change, on the writer's thread."""
        self._changes += 1

    def all(self) -> Mapping[str, Endpoint]:
        """By id, those that are switched off too: what happens meanwhile waits for them."""
        read_at, known = self._live
        return known if read_at == self._changes else self._read()

    def get(self, id: str) -> Endpoint | None:
        return self.all().get(id)

    def _read(self) -> Mapping[str, Endpoint]:
        with self._lock, read():
            changes = self._changes  # what changes while we read makes this copy an old one at once
            known = {str(row.id): self.opened(row) for row in webhooks()}
            self._live = (changes, known)
        return known

    def opened(self, row: Webhook) -> Endpoint:
        secret = self.unsealed(row.secret)
        return Endpoint(
            id=row.id, name=row.name, url=row.url, session=row.session_id or '', events=tuple(row.events),
            filters=read_filters(row.filters), format=cast(Format, row.format),
            ordering=cast(Ordering, row.ordering), timeout=row.timeout, concurrency=row.concurrency, rate=row.rate,
            state=cast(WebhookState, row.state) if secret else 'disabled', open=row.opened_at is not None,
            headers=self.headers_of(row), secret=secret, previous=self.unsealed(row.previous),
            previous_until=row.previous_until,
            hub_secret=(self.unsealed(row.hub_secret) or secret) if row.hub else '',
        )  # fmt: skip

    def headers_of(self, row: Webhook) -> dict[str, str]:
        text = self.unsealed(row.headers)
        return dict(json.loads(text)) if text else {}

    def unsealed(self, text: str) -> str:
        """'' also for what was sealed with a key that is gone: the webhook waits until somebody rotates its secret."""
        try:
            return self.seal.open(text) if text else ''
        except DovecoteError:
            return ''
