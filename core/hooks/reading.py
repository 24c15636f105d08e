"""What a call says once it is believed: its payload, what makes it the same call again, and what is kept of it."""

import hashlib
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pydantic_core import from_json

from ..errors import Invalid
from .call import FORM, Call, Pairs, form_of
from .verifying import AuthKind

MASK = '••••••••'
SECRET = re.compile(r'authorization|cookie|signature|hmac|secret|token|passw|api-?key', re.IGNORECASE)
KEPT_FOR = timedelta(days=7)
ALIKE_FOR = timedelta(minutes=10)  # two calls with the same body and nothing else to tell them apart
HEADERS, LONGEST_HEADER = 60, 2_000

# Where each kind says which call this is.
IDS: Mapping[AuthKind, tuple[str, ...]] = {
    'standard_webhooks': ('webhook-id', 'svix-id'),
    'github': ('x-github-delivery',),
    'shopify': ('x-shopify-webhook-id',),
    'woocommerce': ('x-wc-webhook-delivery-id',),
    'twilio': ('i-twilio-idempotency-token',),
}
ANYBODY = ('idempotency-key', 'webhook-id')
IN_BODY: Mapping[AuthKind, str] = {'stripe': 'id', 'slack': 'event_id'}


def is_taken(content_type: str) -> bool:
    """JSON, a form or text."""
    json = content_type == 'application/json' or (content_type.startswith('application/') and '+json' in content_type)
    return json or content_type == FORM or content_type.startswith('text/')


def payload_of(content_type: str, body: bytes) -> Any:
    """Plain values: of a form a dict, of text the text. Raises Invalid for what is not what it claims to be.

    A form whose field `payload` is JSON is that JSON: GitHub and Slack send theirs so, if told to.
    """
    if content_type == FORM:
        fields = _fields(form_of(body))
        inside = fields.get('payload')
        if isinstance(inside, str) and inside[:1] in ('{', '['):
            return _json(inside.encode())
        return fields
    if content_type.startswith('text/'):
        return body.decode('utf-8', 'replace')
    return _json(body) if body.strip() else {}


def once_key(call: Call, kind: AuthKind, payload: Any, told: str) -> tuple[str, timedelta]:
    """What is the same in two calls that mean the same, and for how long. `told`: what the hook's own template says."""
    if told:
        return _hash('template', told), KEPT_FOR
    inside = payload.get(IN_BODY.get(kind, '')) if isinstance(payload, Mapping) else None
    if isinstance(inside, str) and inside:
        return _hash('body', inside), KEPT_FOR
    for name in (*IDS.get(kind, ()), *ANYBODY):
        if said := call.header(name):
            return _hash(name, said), KEPT_FOR
    return _hash('sha256', hashlib.sha256(call.query.encode() + b'\n' + call.body).hexdigest()), ALIKE_FOR


def dedupe_key(text: str) -> str:
    return _hash('dedupe', text)


def masked(pairs: Pairs, *secret: str) -> list[tuple[str, str]]:
    """As it may be kept: without whatever proves anything. `secret`: names, in small letters, beside the usual."""
    return [
        (name[:200], MASK if SECRET.search(name) or name.lower() in secret else value[:LONGEST_HEADER])
        for name, value in pairs[:HEADERS]
    ]


def _fields(pairs: Pairs) -> dict[str, Any]:
    """A name that comes several times is a list."""
    found: dict[str, Any] = {}
    for written, value in pairs:
        name = written.removesuffix('[]')
        if name in found:
            before = found[name]
            found[name] = [*before, value] if isinstance(before, list) else [before, value]
        else:
            found[name] = value
    return found


def _json(body: bytes) -> Any:
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise Invalid(f'The body is not JSON: {error}.', code='bad_body') from None


def _hash(what: str, text: str) -> str:
    return hashlib.sha256(f'{what}\n{text}'.encode('utf-8', 'replace')).hexdigest()
