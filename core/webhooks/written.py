"""The bytes a webhook gets for an event."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from ..bodies import Body

Format = Literal['standard', 'waha']
FORMATS: Mapping[Format, str] = {
    'standard': 'Dovecote’s own: type, timestamp, data, meta',
    'waha': 'As WAHA writes it: event, session, payload',
}
MOST = 256 * 1024  # bytes of a body

# Our kinds -> WAHA's event and, for ticks, its number and word.
WAHA_EVENTS = {
    'message.received': 'message', 'message.sent': 'message.any', 'message.reaction': 'message.reaction',
    'message.edited': 'message.edited', 'message.revoked': 'message.revoked', 'session.state': 'session.status',
    'poll.vote': 'poll.vote', 'call.received': 'call.received', 'group.updated': 'group.v2.update',
}  # fmt: skip
WAHA_ACKS = {'message.failed': (-1, 'ERROR'), 'message.delivered': (2, 'DEVICE'), 'message.read': (3, 'READ'),
             'message.played': (4, 'PLAYED')}  # fmt: skip
WAHA_STATES = {'new': 'STOPPED', 'starting': 'STARTING', 'pairing': 'SCAN_QR_CODE', 'passkey': 'PASSKEY_REQUIRED',
               'working': 'WORKING', 'reconnecting': 'STARTING', 'resting': 'STOPPED', 'logged_out': 'FAILED',
               'banned': 'FAILED', 'failed': 'FAILED'}  # fmt: skip


def written(envelope: Body, format: Format, *, sequence: int = 0, gap: bool = False) -> bytes:
    """`sequence` counts what this webhook was told about a chat, 0: not about a chat; `gap`: an earlier one is late."""
    data = dict(envelope['data'])
    if sequence:
        data['sequence'] = sequence
    if gap:
        data['gap'] = True
    whole = {**envelope, 'data': data}
    return _json(_waha(whole) if format == 'waha' else whole)


def with_gap(body: bytes) -> bytes:
    """The same body, saying that an earlier one about its chat has not arrived."""
    whole = json.loads(body)
    whole['data' if 'data' in whole else 'payload']['gap'] = True
    return _json(whole)


def about(data: Mapping[str, Any]) -> str:
    """Who or what an event is about, for lists."""
    for key in ('group', 'from', 'to', 'contact', 'with'):
        said = data.get(key)
        if isinstance(said, Mapping) and (said.get('name') or said.get('phone')):
            return str(said.get('name') or said['phone'])[:100]
    return str(data.get('name') or data.get('key') or '')[:100]


def _json(body: object) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(',', ':')).encode('utf-8', 'replace')


# ---- as WAHA writes it


def _waha(said: Body) -> Body:
    kind, data, meta = said['type'], said['data'], said['meta']
    acked = kind in WAHA_ACKS
    return {
        'id': f'evt_{str(meta["id"]).lower()}',
        'timestamp': _milliseconds(said['timestamp']),
        'event': 'message.ack' if acked else WAHA_EVENTS.get(kind, kind),
        'session': meta['session'],
        'metadata': {},
        'me': {'id': _digits_at(meta['account'])} if meta['account'] else None,
        'payload': _payload(kind, data),
        'engine': 'DOVECOTE',
        'environment': {'version': meta['api_version'], 'engine': 'DOVECOTE', 'tier': 'CORE'},
    }


def _payload(kind: str, data: Body) -> Body:
    """What WAHA calls its own; `_data` is our body, for what it has no word for."""
    extra: Body = {key: data[key] for key in ('sequence', 'gap') if key in data}
    if kind == 'session.state':
        return {'name': data.get('name'), 'status': WAHA_STATES.get(str(data.get('state')), 'FAILED'), '_data': data}
    if not kind.startswith('message.') or 'direction' not in data:
        return {**data, '_data': data}
    mine = data['direction'] == 'out'
    peer = _address(data.get('group') or (data.get('to') if mine else data.get('from')) or {})
    payload: Body = {
        'id': f'{str(mine).lower()}_{peer}_{data.get("whatsapp_id") or data["id"]}',
        'timestamp': (_milliseconds(data.get('at')) or 0) // 1000,
        'from': None if mine else peer,
        'to': peer if mine else None,
        'participant': _address(data['from']) if data.get('group') and data.get('from') else None,
        'fromMe': mine,
        'source': 'api' if data.get('author') else 'app',
        'body': data.get('text', ''),
        'hasMedia': 'media' in data,
        'replyTo': _quoted(data.get('reply_to')),
        **extra,
        '_data': data,
    }
    if kind in WAHA_ACKS:
        payload['ack'], payload['ackName'] = WAHA_ACKS[kind]
    elif mine:
        payload['ack'], payload['ackName'] = 1, 'SERVER'
    return payload


def _quoted(said: Body | None) -> Body | None:
    if not said:
        return None
    return {'id': said.get('whatsapp_id'), 'participant': said.get('from'), 'body': said.get('text')}


def _address(person: Mapping[str, Any]) -> str | None:
    """A person as WAHA writes them: digits@c.us, or their LID, or the address of the group."""
    if person.get('group'):
        return str(person['group'])
    if person.get('phone'):
        return _digits_at(str(person['phone']))
    return f'{person["lid"]}@lid' if person.get('lid') else None


def _digits_at(phone: str) -> str:
    return f'{phone.lstrip("+")}@c.us'


def _milliseconds(text: str | None) -> int | None:
    return None if not text else int(datetime.fromisoformat(text).timestamp() * 1000)
