"""What an event looks like wherever it is told: in streams, in webhooks."""

from dataclasses import dataclass

from .bodies import Body

API_VERSION = '2026-01'  # of what events look like; it changes when something is taken away


@dataclass(frozen=True, slots=True)
class Named:
    """A session as events show it; `account` is the number linked to it now, if one is."""

    name: str
    account: str | None


def envelope(kind: str, *, id: str, at: str | None, data: Body, session: Named | None, chat: str) -> Body:
    """`{"type", "timestamp", "data", "meta"}`; `meta` says what it belongs to and what it came from."""
    caused_by = data.get('message' if kind.startswith('flow.run.') else 'caused_by')
    meta = {
        'id': id,
        'session': session.name if session else None,
        'account': session.account if session else None,
        'chat': chat or None,
        'api_version': API_VERSION,
        'correlation_id': caused_by or (data.get('id') if kind.startswith('message.') else None) or id,
        'caused_by': caused_by,
    }
    return {'type': kind, 'timestamp': at, 'data': data, 'meta': meta}
