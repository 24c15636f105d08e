"""What REST and events show of webhooks, deliveries and attempts; no secret is among it."""

from datetime import datetime, timedelta

from data.deliveries import Attempt, Delivery
from data.webhooks import Webhook

from ..bodies import Body, time_text
from .circuit import DISABLE_AFTER
from .sign import webhook_id

ERRORS = {
    'timeout': 'No answer in time.', 'dns': 'There is no such host.', 'tls': 'No secure connection.',
    'refused': 'The connection was refused.', 'broken': 'The connection broke off.',
    'ssrf_blocked': 'The address may not be reached.', 'too_large': 'The event is too large.',
    'discarded': 'Given up by whoever switched the webhook on again.',
}  # fmt: skip


def webhook_body(row: Webhook, *, session: str | None, headers: list[str]) -> Body:
    """`session` is a name, None for all; of the headers only the names."""
    return {
        'id': row.id,
        'name': row.name,
        'url': row.url,
        'session': session,
        'events': row.events,
        'filters': row.filters,
        'headers': headers,
        'format': row.format,
        'ordering': row.ordering,
        'timeout': row.timeout,
        'concurrency': row.concurrency,
        'rate': row.rate,
        'hub_signature': row.hub,
        'enabled': row.state == 'on',
        'state': row.state,
        'reason': row.reason,
        'since': time_text(row.since),
        'failures': row.failures,
        'failing_since': time_text(row.failing_since),
        'circuit': 'closed' if row.opened_at is None else 'open',
        'next_probe_at': time_text(row.probe_at),
        'disabled_at': time_text(row.failing_since + DISABLE_AFTER)
        if row.failing_since and row.state == 'on'
        else None,
        'previous_secret_until': time_text(row.previous_until),
        'created_by': row.created_by,
        'created_at': time_text(row.created_at),
        'changed_at': time_text(row.changed_at),
    }


def event_body(row: Webhook) -> Body:
    """For webhook.failing and webhook.disabled."""
    return {
        'id': row.id, 'name': row.name, 'url': row.url, 'state': row.state, 'reason': row.reason,
        'failing_since': time_text(row.failing_since),
    }  # fmt: skip


def delivery_body(row: Delivery) -> Body:
    return {
        'id': row.id,
        'webhook_id': webhook_id(row.id),
        'webhook': row.webhook_id,
        'event': row.event_id,
        'type': row.kind,
        'about': row.about,
        'chat': row.chat or None,
        'sequence': row.sequence or None,
        'state': row.state,
        'attempts': row.attempts,
        'status': row.status or None,
        'error': row.error or None,
        'ms': row.ms,
        'next_at': time_text(row.due) if row.state in ('pending', 'retrying') else None,
        'created_at': time_text(row.created_at),
        'ended_at': time_text(row.ended_at),
    }


def attempt_body(row: Attempt) -> Body:
    return {
        'n': row.n,
        'trigger': row.trigger,
        'at': time_text(row.at),
        'ms': row.ms,
        'address': row.address or None,
        'status': row.status or None,
        'error': row.error or None,
        'detail': row.detail,
        'request_headers': row.headers,
        'response_headers': row.answer_headers,
        'response_body': row.answer,
    }


def how_it_is(row: Webhook, now: datetime) -> str:
    """The state of a webhook in a sentence."""
    if row.state == 'off':
        return 'Switched off. What happens meanwhile waits.'
    if row.state == 'disabled':
        return f'Switched off by itself. {row.reason} What happens meanwhile waits.'
    if row.opened_at is not None:
        return 'It fails again and again, so it is only asked every 5 minutes whether it is back. Nothing is lost.'
    if row.failing_since is not None and now - row.failing_since > timedelta(minutes=1):
        return 'The last deliveries failed. They are tried again.'
    return ''
