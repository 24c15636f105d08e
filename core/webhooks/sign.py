"""How a receiver knows that a delivery is ours: Standard Webhooks 1.0, and Meta's header beside it."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime

PREFIX = 'whsec_'


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def webhook_id(delivery_id: str) -> str:
    """The same for every attempt and replay, so that a receiver can tell repetitions."""
    return f'msg_{delivery_id}'


def signed(body: bytes, *, id: str, at: datetime, secrets: Sequence[str]) -> dict[str, str]:
    """The headers of one attempt; each secret gives a signature, so that a rotation breaks nothing."""
    moment = str(int(at.timestamp()))
    text = f'{id}.{moment}.'.encode() + body
    marks = [base64.b64encode(hmac.digest(_key(each), text, 'sha256')).decode() for each in secrets]
    return {
        'webhook-id': id,
        'webhook-timestamp': moment,
        'webhook-signature': ' '.join(f'v1,{mark}' for mark in marks),
    }


def hub_signature(body: bytes, secret: str) -> str:
    """As Meta signs: the secret as it is written, over the body alone."""
    return f'sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}'


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(PREFIX))
