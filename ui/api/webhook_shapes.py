"""The shapes of what the API takes and answers about webhooks."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.webhooks.kinds import KINDS

from .shapes import TIME

ULID = '01KB3M5V6J8QW2H4E9T7XZ1C0A'
EVENTS = f'Kinds of event; `message.*` for all that begin so, `*` for all. There are {", ".join(KINDS)}.'
FILTERS = 'Only events that fit all of them.'
HEADERS = 'Sent along with every delivery, at most 20. They are kept sealed and never shown again.'
HUB = 'Whether `X-Hub-Signature-256` is sent too, as Meta does.'
HUB_SECRET = 'What signs it; left out: the whole secret of the webhook, `whsec_` included.'
FORMAT = '`standard`: the envelope of /events; `waha`: as WAHA writes it.'
ORDERING = '`per_chat`: one at a time of each chat, in order; a failing one holds up its chat for at most ten minutes.'

Url = Annotated[str, Field(description='http or https.', examples=['https://erp.example/dovecote'])]
Events = Annotated[list[str], Field(description=EVENTS, examples=[['message.received']])]
Headers = Annotated[dict[str, str], Field(description=HEADERS, examples=[{'Authorization': 'Bearer s3cret'}])]
Timeout = Annotated[int, Field(description='Seconds until an answer must be there, 1 to 30.', examples=[15])]
AtATime = Annotated[int, Field(description='How many deliveries at a time, 1 to 20.', examples=[5])]
Rate = Annotated[float, Field(description='How many a second, 0.1 to 1000.', examples=[20.0])]


class FilterIn(BaseModel):
    model_config = ConfigDict(extra='forbid')

    path: Annotated[str, Field(description='A JSON path (RFC 9535) into the envelope, with names, numbers, `*` and '
                                           'at most one `..`.', examples=['$.data.from.phone'])]  # fmt: skip
    op: Literal['equals', 'not_equals', 'contains', 'starts_with', 'in', 'exists', 'missing'] = 'equals'
    value: Annotated[Any, Field(description='What to compare with; a list for `in`.', examples=['+15551230001'])] = None


class NewWebhook(BaseModel):
    model_config = ConfigDict(extra='forbid')

    url: Url
    events: Events
    name: Annotated[str, Field(description='Left out: the host of the address.', examples=['ERP'])] = ''
    session: Annotated[str | None, Field(description='Only what happens in this session.', examples=['shop'])] = None
    filters: Annotated[list[FilterIn], Field(description=FILTERS)] = []
    headers: Headers = {}
    format: Annotated[Literal['standard', 'waha'], Field(description=FORMAT)] = 'standard'
    ordering: Annotated[Literal['none', 'per_chat'], Field(description=ORDERING)] = 'none'
    timeout: Timeout = 15
    concurrency: AtATime = 5
    rate: Rate = 20.0
    hub_signature: Annotated[bool, Field(description=HUB)] = False
    hub_secret: Annotated[str, Field(description=HUB_SECRET)] = ''


class WebhookChanges(BaseModel):
    """Whatever is left out stays as it is."""

    model_config = ConfigDict(extra='forbid')

    url: Url | None = None
    events: Events | None = None
    name: str | None = None
    session: Annotated[str | None, Field(description='null for every session.', examples=['shop'])] = None
    filters: Annotated[list[FilterIn] | None, Field(description=FILTERS)] = None
    headers: Annotated[dict[str, str] | None, Field(description='Instead of all there are.')] = None
    format: Annotated[Literal['standard', 'waha'] | None, Field(description=FORMAT)] = None
    ordering: Annotated[Literal['none', 'per_chat'] | None, Field(description=ORDERING)] = None
    timeout: Timeout | None = None
    concurrency: AtATime | None = None
    rate: Rate | None = None
    hub_signature: Annotated[bool | None, Field(description=HUB)] = None
    hub_secret: Annotated[str | None, Field(description=HUB_SECRET)] = None
    enabled: Annotated[bool | None, Field(description='Off: what happens waits, nothing is sent.')] = None
    backlog: Annotated[Literal['resume', 'discard', 'last_day'] | None, Field(
        description='With `enabled: true`, when something waits: tell it, give it up, or tell only the last 24 hours.',
    )] = None  # fmt: skip


class ReplayOrder(BaseModel):
    model_config = ConfigDict(extra='forbid')

    only: Annotated[Literal['failed', 'missing', 'ids'], Field(
        description='`failed`: what gave up or waits for another try. `missing`: that, and events of the log this '
                    'webhook has no delivery of. `ids`: those named.',
    )] = 'failed'  # fmt: skip
    since: Annotated[datetime | None, Field(description='Not needed with `ids`.',
                                            examples=['2026-11-22T10:00:00Z'])] = None  # fmt: skip
    ids: Annotated[list[str], Field(max_length=1000, description='Deliveries, for `ids`.', examples=[[ULID]])] = []


class WebhookOut(BaseModel):
    id: str = Field(examples=[ULID])
    name: str = Field(examples=['ERP'])
    url: str = Field(examples=['https://erp.example/dovecote'])
    session: str | None = Field(description='null: every session.', examples=['shop'])
    events: list[str] = Field(examples=[['message.received']])
    filters: list[FilterIn] = Field(examples=[[]])
    headers: list[str] = Field(description='Only their names.', examples=[['authorization']])
    format: Literal['standard', 'waha']
    ordering: Literal['none', 'per_chat']
    timeout: int = Field(examples=[15])
    concurrency: int = Field(examples=[5])
    rate: float = Field(examples=[20.0])
    hub_signature: bool
    enabled: bool
    state: Literal['on', 'off', 'disabled'] = Field(description='disabled: switched off by itself.')
    reason: str = Field(description='Why it was.', examples=[''])
    since: str = TIME
    failures: int = Field(description='In a row.', examples=[0])
    failing_since: str | None = Field(examples=[None])
    circuit: Literal['closed', 'open'] = Field(
        description='open: after ten failures in a row it is only asked every 5 minutes whether it is back.'
    )
    next_probe_at: str | None = Field(examples=[None])
    disabled_at: str | None = Field(description='When it will be switched off if nothing changes.', examples=[None])
    previous_secret_until: str | None = Field(description='So long two secrets sign.', examples=[None])
    created_by: str = Field(examples=['Mia Brandt'])
    created_at: str = TIME
    changed_at: str = TIME


class NewWebhookOut(WebhookOut):
    secret: str = Field(description='It is shown only here.', examples=['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'])


class AttemptOut(BaseModel):
    n: int = Field(examples=[1])
    trigger: str = Field(description='event, retry, probe, manual or test.', examples=['event'])
    at: str = TIME
    ms: int = Field(examples=[84])
    address: str | None = Field(description='Whom it was connected to.', examples=['203.0.113.7'])
    status: int | None = Field(description='null: no answer came.', examples=[200])
    error: str | None = Field(
        description='timeout, dns, tls, refused, broken, ssrf_blocked, too_large, http_3xx, http_4xx or http_5xx.',
        examples=[None],
    )
    detail: str = Field(examples=[''])
    request_headers: list[list[str]] = Field(description='Secrets are masked.', examples=[[['webhook-id', 'msg_01K…']]])
    response_headers: list[list[str]] = Field(examples=[[['content-type', 'text/plain']]])
    response_body: str = Field(description='At most the first 4 KiB.', examples=['ok'])


class DeliveryOut(BaseModel):
    id: str = Field(examples=[ULID])
    webhook_id: str = Field(description='What the receiver sees, the same at every attempt.', examples=[f'msg_{ULID}'])
    webhook: str = Field(description='The webhook it is for.', examples=[ULID])
    event: str = Field(description='`meta.id` of the event.', examples=[ULID])
    type: str = Field(examples=['message.received'])
    about: str = Field(examples=['Anna'])
    chat: str | None = Field(examples=[ULID])
    sequence: int | None = Field(description='Counts what this webhook was told about the chat.', examples=[1])
    state: Literal['pending', 'leased', 'retrying', 'paused', 'delivered', 'dead'] = Field(
        description='leased: it is being sent; paused: the webhook is off; dead: it gave up.', examples=['delivered']
    )
    attempts: int = Field(examples=[1])
    status: int | None = Field(description='Of the last attempt.', examples=[200])
    error: str | None = Field(examples=[None])
    ms: int = Field(examples=[84])
    next_at: str | None = Field(examples=[None])
    created_at: str = TIME
    ended_at: str | None = TIME


class OneDeliveryOut(DeliveryOut):
    body: str = Field(description='What is sent, to the byte.', examples=['{"type":"message.received",…}'])
    history: list[AttemptOut] = Field(description='Every attempt, the newest first.')


class ReplayedOut(BaseModel):
    count: int = Field(description='How many are told again, ten a second.', examples=[12])


class TestedOut(BaseModel):
    delivery: str = Field(examples=[ULID])
    ok: bool
    status: int | None = Field(examples=[200])
    error: str | None = Field(examples=[None])
    detail: str = Field(examples=[''])
    ms: int = Field(examples=[84])
    response_body: str = Field(examples=['ok'])
