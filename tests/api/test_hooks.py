"""Hooks as other systems call them: proved, kept, done once, and shown."""

import base64
import hashlib
import hmac
import json
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
import standardwebhooks
import svix

from tests.core.files import picture
from tests.core.web import web

from .conftest import ANNA, BEN, Door, until

SECRET = 'it is nobody else’s business'
WHSEC = 'whsec_' + base64.b64encode(b'0123456789abcdef0123456789abcdef').decode()
MAP = {'session': 'shop', 'to': '{{ payload.phone }}', 'text': '{{ payload.text }}'}
JSON = 'application/json'
_places = count(1)
_lines: list[httpx.Client] = []


class Caller:
    """Another system that knows the address of one hook."""

    def __init__(self, door: Door, made: dict[str, Any]) -> None:
        self.door, self.id, self.url, self.made = door, made['id'], made['url'], made
        self.path = f'/hooks/{self.id}'

    def calls(self, payload: Any, **headers: str) -> httpx.Response:
        body = json.dumps(payload).encode() if not isinstance(payload, bytes) else payload
        return post(self.url, body, **headers)

    def event(self, id: str) -> dict[str, Any]:
        """Once it is settled."""
        found: dict[str, Any] = until(
            lambda: (event := self.door.api.get(f'{self.path}/events/{id}').json())['state'] != 'received' and event
        )
        return found

    def events(self, **params: str) -> list[dict[str, Any]]:
        answer = self.door.api.get(f'{self.path}/events', params=params)
        found: list[dict[str, Any]] = answer.raise_for_status().json()['items']
        return found


def post(url: str, body: bytes, *, ip: str = '', **headers: str) -> httpx.Response:
    """From an address of its own unless one is given, so that nobody pays for another's wrong tries."""
    named = {'content-type': JSON, 'x-forwarded-for': ip or f'198.51.100.{next(_places) % 250}'}
    named |= {name.replace('_', '-'): value for name, value in headers.items()}
    return _lines[0].post(url, content=body, headers=named)


def hook(door: Door, kind: str = 'key', *, map: dict[str, Any] | None = None, **more: Any) -> Caller:
    auth = {'kind': kind, **({} if kind in ('key', 'none') else {'secret': SECRET}), **more.pop('auth', {})}
    body = {'name': f'{kind} hook', 'auth': auth, 'map': MAP if map is None else map, 'per_minute': 0, **more}
    answer = door.api.post('/hooks', json=body)
    assert answer.status_code == 201, answer.text
    return Caller(door, answer.json())


def text_of(door: Door, event: dict[str, Any]) -> str:
    return str(door.message(event['results'][0]['message'])['text'])


def sent(door: Door, phone: str = ANNA) -> list[str]:
    return [each['text'] for each in door.api.get(f'/sandbox/phones/{phone}/inbox').json()['items']]


@pytest.fixture(scope='module', autouse=True)
def _one_line() -> Iterator[None]:
    """Making a client costs more than many calls."""
    with httpx.Client(trust_env=False, timeout=30) as line:
        _lines.append(line)
        yield
    _lines.clear()


@pytest.fixture(autouse=True)
def _no_hook_is_left(door: Door) -> Iterator[None]:
    yield
    for each in door.api.get('/hooks', params={'limit': 200}).json()['items']:
        door.api.delete(f'/hooks/{each["id"]}').raise_for_status()


# ---- from a call to a phone


def test_a_call_becomes_a_message_on_a_phone(door: Door) -> None:
    caller = hook(door, map={'session': 'shop', 'to': '{{ payload.customer.phone }}',
                             'text': 'Order {{ payload.order.no }} is on its way, {{ payload.customer.name }}.'},
                  )  # fmt: skip
    assert caller.made['url'] == f'{door.url}/hooks/{caller.made["key"]}'
    assert len(caller.made['key']) == 22  # 128 bits
    order = {'customer': {'phone': f'+{ANNA}', 'name': 'Anna'}, 'order': {'no': 4711}}
    answer = caller.calls(order, authorization='Bearer of a secret', x_shop='the bakery')
    assert answer.status_code == 202
    event = caller.event(answer.json()['id'])
    assert (event['state'], event['error'], event['origin']) == ('done', None, 'live')
    assert json.loads(event['body']) == order
    headers = {name: value for name, value in event['headers']}  # noqa: C416
    assert headers['x-shop'] == 'the bakery'
    assert 'secret' not in headers['authorization']
    message = until(lambda: door.message(event['results'][0]['message']))
    assert message['text'] == 'Order 4711 is on its way, Anna.'
    until(lambda: 'Order 4711 is on its way, Anna.' in sent(door))
    assert message['author'] == f'hook:{caller.id}'


def test_a_call_that_came_before_is_answered_as_before_and_done_once(door: Door) -> None:
    caller = hook(door, 'github')
    body = json.dumps({'phone': ANNA, 'text': 'once and not twice'}).encode()
    signed = github(body)
    first = post(caller.url, body, **signed, x_github_delivery='d1')
    assert first.status_code == 202
    caller.event(first.json()['id'])
    again = post(caller.url, body, **signed, x_github_delivery='d1')
    assert (again.status_code, again.json()) == (200, {'duplicate': True, 'id': first.json()['id']})
    assert caller.event(first.json()['id'])['repeats'] == 1
    other = post(caller.url, body, **signed, x_github_delivery='d2')
    assert other.status_code == 202
    caller.event(other.json()['id'])
    assert len(caller.events()) == 2
    # Without anything that tells two calls apart, the same body is the same call for ten minutes.
    plain = hook(door)
    assert [post(plain.url, body).status_code for _ in range(3)] == [202, 200, 200]


def test_many_at_the_same_time_with_one_key_are_one(door: Door) -> None:
    caller = hook(door)
    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(caller.calls, {'phone': ANNA, 'text': f'race {n}'}, idempotency_key='race')
                 for n in range(16)]  # fmt: skip
    answers = [each.result() for each in calls]
    assert sorted(each.status_code for each in answers) == [200] * 15 + [202]
    assert len({each.json()['id'] for each in answers}) == 1
    assert len(caller.event(answers[0].json()['id'])['results']) == 1


def test_a_template_says_what_makes_two_calls_the_same(door: Door) -> None:
    caller = hook(door, once='{{ payload.order }}')
    first = caller.calls({'phone': ANNA, 'text': 'paid', 'order': 7, 'try': 1})
    again = caller.calls({'phone': ANNA, 'text': 'paid', 'order': 7, 'try': 2})
    assert (first.status_code, again.status_code) == (202, 200)
    assert again.json()['id'] == first.json()['id']
    assert caller.calls({'phone': ANNA, 'text': 'no order here'}).status_code == 422


# ---- who is believed


def hexed(body: bytes, secret: str = SECRET, how: Any = hashlib.sha256) -> str:
    return hmac.new(secret.encode(), body, how).hexdigest()


def b64(body: bytes, secret: str = SECRET, how: Any = hashlib.sha256) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, how).digest()).decode()


def stamp(seconds: float = 0) -> str:
    return str(int(time.time() + seconds))


def github(body: bytes, late: float = 0) -> dict[str, str]:
    return {'x_hub_signature_256': f'sha256={hexed(body)}'}


def stripe(body: bytes, late: float = 0) -> dict[str, str]:
    at = stamp(-late)
    return {'stripe_signature': f't={at},v1={"0" * 64},v0=abc,v1={hexed(f"{at}.".encode() + body)}'}


def slack(body: bytes, late: float = 0) -> dict[str, str]:
    at = stamp(-late)
    mark = f'v0={hexed(b"v0:" + at.encode() + b":" + body)}'
    return {'x_slack_request_timestamp': at, 'x_slack_signature': mark}


def grafana(body: bytes, late: float = 0) -> dict[str, str]:
    at = stamp(-late)
    mark = hexed(at.encode() + b':' + body)
    return {'x_grafana_alerting_timestamp': at, 'x_grafana_alerting_signature': mark}


def generic(body: bytes, late: float = 0) -> dict[str, str]:
    at = stamp(-late)
    return {'x_time': at, 'x_mark': 'v1:' + b64(at.encode() + b'.' + body, how=hashlib.sha512)}


def standard(body: bytes, late: float = 0) -> dict[str, str]:
    """By the reference library; svix has another one of its own."""
    at = datetime.now(UTC) - timedelta(seconds=late)
    mark = standardwebhooks.Webhook(WHSEC).sign('msg_1', at, body.decode())
    return {
        'webhook_id': 'msg_1', 'webhook_timestamp': str(int(at.timestamp())), 'webhook_signature': f'v1,AAAA {mark}',
    }  # fmt: skip


def of_svix(body: bytes, late: float = 0) -> dict[str, str]:
    at = datetime.now(UTC) - timedelta(seconds=late)
    mark = svix.Webhook(WHSEC).sign('msg_2', at, body.decode())
    return {'svix_id': 'msg_2', 'svix_timestamp': str(int(at.timestamp())), 'svix_signature': mark}


Sign = Callable[..., dict[str, str]]
GENERIC = {'header': 'X-Mark', 'algorithm': 'sha512', 'encoding': 'base64', 'prefix': 'v1:', 'signed': '{ts}.{body}',
           'ts_header': 'X-Time'}  # fmt: skip
SIGNERS: list[tuple[str, Sign, dict[str, Any]]] = [
    ('standard_webhooks', standard, {'secret': WHSEC}),
    ('standard_webhooks', of_svix, {'secret': WHSEC}),
    ('github', github, {}),
    ('meta', github, {'verify_token': 'asked first'}),
    ('stripe', stripe, {}),
    ('slack', slack, {}),
    ('grafana', grafana, {}),
    ('hmac', generic, GENERIC),
    ('shopify', lambda body, late=0: {'x_shopify_hmac_sha256': b64(body)}, {}),
    ('woocommerce', lambda body, late=0: {'x_wc_webhook_signature': b64(body)}, {}),
]
TIMED = (standard, of_svix, stripe, slack, grafana, generic)


@pytest.mark.parametrize(('kind', 'sign', 'auth'), SIGNERS, ids=[f'{k}-{n}' for n, (k, *_) in enumerate(SIGNERS)])
def test_every_signature_is_checked_before_anything_is_read(
    door: Door, kind: str, sign: Sign, auth: dict[str, Any]
) -> None:
    caller = hook(door, kind, auth=auth)
    body = json.dumps({'phone': ANNA, 'text': f'signed {kind} {sign.__name__}'}).encode()
    right = sign(body)
    assert post(caller.url, body, **right).status_code == 202
    assert post(caller.url, body + b' ', **right).status_code == 401
    assert post(caller.url, b'not even JSON', **right).status_code == 401
    wrong = {name: value[:-2] + ('AA' if value[-2:] != 'AA' else 'BB') for name, value in right.items()}
    refused = post(caller.url, body, **wrong)
    assert refused.status_code == 401
    assert refused.json()['code'] == 'unauthorized'
    assert refused.json()['detail'] == 'This was not accepted.'
    assert post(caller.url, body).status_code == 401
    if sign in TIMED:
        assert post(caller.url, body, **sign(body, late=290)).status_code in (200, 202)
        assert post(caller.url, body, **sign(body, late=310)).status_code == 401
        assert post(caller.url, body, **sign(body, late=-310)).status_code == 401
    assert door.gateway.reception.turned_away(caller.id)


def test_tokens_and_passwords_are_checked(door: Door) -> None:
    body = json.dumps({'phone': ANNA, 'text': 'by token'}).encode()
    token = hook(door, 'header', auth={'header': 'X-Token', 'secret': 'tok'})
    assert post(token.url, body, x_token='tok').status_code == 202
    assert post(token.url, body, x_token='Bearer tok').status_code == 200
    assert post(token.url, body, x_token='tak').status_code == 401
    basic = hook(door, 'basic', auth={'user': 'shop', 'secret': 'pä:ss'})
    for who, status in (('shop:pä:ss', 202), ('shop:pass', 401), ('ben:pä:ss', 401), ('shop', 401)):
        told = base64.b64encode(who.encode()).decode()
        assert post(basic.url, body, authorization=f'Basic {told}').status_code == status, who
    query = hook(door, 'query', auth={'secret': 'in-the-address'})
    accepted = post(f'{query.url}?token=in-the-address', body)
    assert accepted.status_code == 202
    assert 'in-the-address' not in json.dumps(query.event(accepted.json()['id']))
    assert post(f'{query.url}?token=other', body).status_code == 401
    old = hook(door, 'grafana', auth={'secret': 'bearer-of-it'})
    assert post(old.url, body, authorization='Bearer bearer-of-it').status_code == 202
    assert post(old.url, body, authorization='Bearer bearer-of-its').status_code == 401


def test_twilio_signs_the_address_and_the_fields_of_its_form(door: Door) -> None:
    caller = hook(door, 'twilio', map={'session': 'shop', 'to': '{{ payload.From }}', 'text': '{{ payload.Body }}'})
    fields = {'From': f'+{ANNA}', 'Body': 'from Twilio & on', 'MessageSid': 'SM1', 'Empty': ''}
    url = f'{caller.url}?zone=1'
    mark = b64((url + ''.join(f'{name}{fields[name]}' for name in sorted(fields))).encode(), how=hashlib.sha1)
    form = urlencode(fields).encode()
    kind = 'application/x-www-form-urlencoded'
    answer = post(url, form, content_type=kind, x_twilio_signature=mark)
    assert answer.status_code == 202
    assert text_of(door, caller.event(answer.json()['id'])) == 'from Twilio & on'
    assert post(caller.url, form, content_type=kind, x_twilio_signature=mark).status_code == 401
    assert post(url, form + b'&more=1', content_type=kind, x_twilio_signature=mark).status_code == 401
    body = json.dumps({'From': ANNA, 'Body': 'JSON from Twilio'}).encode()
    url = f'{caller.url}?bodySHA256={hashlib.sha256(body).hexdigest()}'
    mark = b64(url.encode(), how=hashlib.sha1)
    assert post(url, body, x_twilio_signature=mark).status_code == 202
    assert post(url, body + b' ', x_twilio_signature=mark).status_code == 401


def test_meta_and_slack_ask_whether_we_are_there(door: Door) -> None:
    meta = hook(door, 'meta', auth={'verify_token': 'asked first'})

    def asks(url: str, token: str) -> httpx.Response:
        params = {'hub.mode': 'subscribe', 'hub.verify_token': token, 'hub.challenge': '1158201444'}
        return httpx.get(url, params=params, trust_env=False)

    assert (asks(meta.url, 'asked first').status_code, asks(meta.url, 'asked first').text) == (200, '1158201444')
    assert asks(meta.url, 'guessed').status_code == 401
    assert httpx.get(meta.url, trust_env=False).status_code == 404
    assert asks(hook(door, 'github').url, 'asked first').status_code == 404
    talk = hook(door, 'slack')
    body = json.dumps({'type': 'url_verification', 'challenge': 'abc'}).encode()
    assert post(talk.url, body, **slack(body)).json() == {'challenge': 'abc'}
    assert post(talk.url, body).status_code == 401
    assert talk.events() == []


def test_two_secrets_are_good_while_the_other_side_changes_over(door: Door) -> None:
    caller = hook(door, 'shopify')

    def by(secret: str, n: int) -> int:
        body = json.dumps({'phone': ANNA, 'text': f'rotation {n}'}).encode()
        return post(caller.url, body, x_shopify_hmac_sha256=b64(body, secret)).status_code

    fresh = door.api.post(f'{caller.path}/rotate').json()['secret']
    assert fresh not in json.dumps(door.api.get(caller.path).json())
    assert door.api.get(caller.path).json()['previous_until']
    assert [by(SECRET, 1), by(fresh, 2), by('neither', 3)] == [202, 202, 401]
    third = {'kind': 'shopify', 'secret': 'the third of them'}
    door.api.patch(caller.path, json={'auth': third}).raise_for_status()
    assert [by(SECRET, 4), by(fresh, 5), by(third['secret'], 6)] == [401, 202, 202]
    files = b''.join(path.read_bytes() for path in door.gateway.state.db.parent.glob('dovecote.db*'))
    for secret in (SECRET, fresh, third['secret'], caller.made['key']):
        assert secret.encode() not in files
    door.api.patch(caller.path, json={'auth': {'kind': 'key'}}).raise_for_status()
    assert door.api.post(f'{caller.path}/rotate').status_code == 422


def test_only_its_networks_may_call(door: Door) -> None:
    body = json.dumps({'phone': ANNA, 'text': 'from somewhere'}).encode()
    caller = hook(door, allow_from=['203.0.113.0/24', '2001:db8::/32'])
    for ip, status in (('203.0.113.7', 202), ('2001:db8::1', 200), ('203.0.114.7', 401), ('::ffff:203.0.113.7', 200)):
        assert post(caller.url, body, ip=ip).status_code == status, ip
    assert post(caller.url, body, ip='203.0.113.7, 198.51.100.1').status_code == 401  # what others say does not count
    assert door.api.post('/hooks', json={'name': 'x', 'map': MAP, 'allow_from': ['next door']}).status_code == 422


def test_a_hook_that_is_off_or_unknown_is_not_there(door: Door) -> None:
    caller = hook(door)
    door.api.patch(caller.path, json={'enabled': False}).raise_for_status()
    assert caller.calls({}).status_code == 404
    door.api.patch(caller.path, json={'enabled': True}).raise_for_status()
    assert caller.calls({'phone': ANNA, 'text': 'on again'}).status_code == 202
    door.api.delete(caller.path).raise_for_status()
    for answer in (caller.calls({}), httpx.get(caller.url, trust_env=False), httpx.get(f'{door.url}/hooks/x/test')):
        assert answer.status_code == 404
        assert answer.headers['content-type'] == 'application/problem+json'
    assert httpx.put(hook(door).url, trust_env=False).status_code == 405


def test_whoever_guesses_keys_is_slowed_down_and_nobody_else(door: Door) -> None:
    caller = hook(door)
    answers = [post(f'{door.url}/hooks/guess{n}', b'{}', ip='203.0.113.9') for n in range(60)]
    assert {each.status_code for each in answers} == {404, 429}
    assert int(answers[-1].headers['retry-after']) >= 1
    body = json.dumps({'phone': ANNA, 'text': 'who knows it still may'}).encode()
    assert post(caller.url, body, ip='203.0.113.9').status_code == 202
    assert post(f'{door.url}/hooks/guess', b'{}', ip='203.0.113.10').status_code == 404


# ---- what is taken


def test_what_is_too_much_or_not_taken_is_refused_early(door: Door) -> None:
    caller = hook(door, map={'session': 'shop', 'to': ANNA, 'text': 'size {{ payload.a | length }}'})
    most = json.dumps({'a': 'x' * (2**20 - 9)}).encode()
    assert len(most) == 2**20
    assert post(caller.url, most).status_code == 202
    assert post(caller.url, most + b' ').status_code == 413
    pieces = (b'x' * 65_536 for _ in range(17))
    chunked = httpx.post(caller.url, content=pieces, headers={'content-type': JSON}, trust_env=False)
    assert chunked.status_code == 413
    for kind in ('image/png', 'multipart/form-data; boundary=x', ''):
        assert post(caller.url, b'{}', content_type=kind).status_code == 415, kind
    assert post(caller.url, b'{}', content_encoding='gzip').status_code == 415
    for wrong in (b'{', b'\xff\xfe', b'"\\ud800"', b'[' * 100_000, b'NaN'):
        answer = post(caller.url, wrong)
        assert (answer.status_code, answer.json()['code']) == (422, 'bad_body'), wrong[:20]
    many = '&'.join(f'a{n}=1' for n in range(3_000)).encode()
    assert post(caller.url, many, content_type='application/x-www-form-urlencoded').status_code == 422


def test_forms_and_texts_are_read_too(door: Door) -> None:
    told = "{{ payload.name }}/{{ payload.loaf | join(' and ') if 0 else payload.loaf[1] }}"
    caller = hook(door, map={'session': 'shop', 'to': ANNA, 'text': told})
    form = 'application/x-www-form-urlencoded'
    id = post(caller.url, b'name=Anna+K&loaf[]=rye&loaf[]=fennel', content_type=form).json()['id']
    assert text_of(door, caller.event(id)) == 'Anna K/fennel'
    wrapped = urlencode({'payload': json.dumps({'name': 'Ben', 'loaf': ['a', 'b']})}).encode()
    id = post(caller.url, wrapped, content_type=form).json()['id']
    assert text_of(door, caller.event(id)) == 'Ben/b'
    told = '{{ headers["x-who"] }}, {{ query.n }}: {{ payload }}'
    plain = hook(door, map={'session': 'shop', 'to': ANNA, 'text': told})
    text = 'text/plain; charset=utf-8'
    id = post(f'{plain.url}?n=7', 'Brötchen'.encode(), content_type=text, x_who='me').json()['id']
    assert text_of(door, plain.event(id)) == 'me, 7: Brötchen'


def test_a_body_that_does_not_come_is_not_waited_for(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('ui.api.hook_door.BODY_WITHIN', 0.5)
    caller = hook(door)
    host, port = door.url.removeprefix('http://').split(':')
    began = time.monotonic()
    with socket.create_connection((host, int(port)), timeout=20) as pipe:
        head = f'POST /hooks/{caller.made["key"]} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {JSON}\r\n'
        pipe.sendall(f'{head}Content-Length: 100\r\n\r\n{{'.encode())
        assert pipe.recv(1_000).startswith(b'HTTP/1.1 408')
    assert time.monotonic() - began < 8
    assert caller.events() == []


def test_a_minute_has_so_many_calls(door: Door) -> None:
    caller = hook(door, per_minute=5)
    answers = [caller.calls({'phone': ANNA, 'text': f'minute {n}'}) for n in range(8)]
    assert [each.status_code for each in answers] == [202] * 5 + [429] * 3
    assert 1 <= int(answers[-1].headers['retry-after']) <= 61
    assert answers[-1].json()['retry'] is True
    assert hook(door, per_minute=5).calls({'phone': ANNA, 'text': 'another hook'}).status_code == 202


# ---- what is done


def test_what_cannot_be_done_says_so_and_is_done_again_when_asked(door: Door) -> None:
    caller = hook(door)
    cases = {
        'nonsense': ({'phone': 'nonsense', 'text': 'x'}, 'map.to'),
        'missing': ({'text': 'x'}, 'map.to'),
        'empty': ({'phone': ANNA, 'text': ' '}, 'text'),
    }
    for name, (payload, field) in cases.items():
        event = caller.event(caller.calls(payload).json()['id'])
        assert event['state'] == 'failed', name
        assert event['error'], name
        assert event['results'][0]['field'] == field, name
    failed = caller.events(state='failed')
    assert len(failed) == 3
    missing = next(each for each in failed if each['results'][0]['text'] == '')
    door.api.patch(caller.path, json={'map': {**MAP, 'to': BEN, 'text': 'done again'}}).raise_for_status()
    path = f'{caller.path}/events/{missing["id"]}/replay'
    again = door.api.post(path, headers={'idempotency-key': 'again'})
    assert again.status_code == 202
    assert door.api.post(path, headers={'idempotency-key': 'again'}).json() == again.json()
    event = caller.event(again.json()['id'])
    assert (event['state'], event['origin'], event['replay_of']) == ('done', 'replay', missing['id'])
    assert text_of(door, event) == 'done again'
    assert door.api.post(f'{caller.path}/events/nothing/replay').status_code == 404


def test_for_each_line_something_is_said_and_a_replay_says_only_what_was_not(door: Door) -> None:
    caller = hook(door, map={'session': 'shop', 'to': '{{ item.to }}', 'text': 'line {{ number }}: {{ item.what }}',
                             'for_each': '{{ payload.lines }}', 'when': '{{ item.what != "water" }}',
                             'dedupe_key': '{{ item.what }}'})  # fmt: skip
    lines = [{'to': ANNA, 'what': 'rye'}, {'to': 'nobody', 'what': 'fennel'}, {'to': ANNA, 'what': 'water'},
             {'to': BEN, 'what': 'oat'}, {'to': BEN, 'what': 'rye'}]  # fmt: skip
    event = caller.event(caller.calls({'lines': lines}).json()['id'])
    assert [(each['number'], each['state']) for each in event['results']] == [
        (0, 'done'), (1, 'failed'), (3, 'done'), (4, 'duplicate'),
    ]  # fmt: skip
    assert event['state'] == 'failed'
    id = door.api.post(f'{caller.path}/events/{event["id"]}/replay').json()['id']
    again = [(each['number'], each['state']) for each in caller.event(id)['results']]
    assert again == [(1, 'failed'), (4, 'duplicate')]
    too_many = caller.event(caller.calls({'lines': [{}] * 101}).json()['id'])
    assert (too_many['state'], too_many['results']) == ('failed', [])
    assert '101' in too_many['error']
    assert caller.event(caller.calls({'lines': []}).json()['id'])['state'] == 'skipped'
    assert caller.event(caller.calls({'lines': 7}).json()['id'])['state'] == 'failed'


def test_strangers_become_contacts_or_are_left_alone_or_refused(door: Door) -> None:
    def tells(unknown: str, phone: str) -> dict[str, Any]:
        made = hook(door, map={'action': 'contact', 'to': '{{ payload.p }}', 'name': 'Cara {{ payload.p[-2:] }}',
                               'unknown': unknown, 'country': 'DE'})  # fmt: skip
        return made.event(made.calls({'p': phone}).json()['id'])

    ignored = tells('ignore', '0151 23456701')
    assert (ignored['state'], ignored['results'][0]['state']) == ('skipped', 'ignored')
    assert tells('error', '0151 23456701')['state'] == 'failed'
    created = tells('create', '0151 23456701')
    assert created['state'] == 'done'
    contact = door.api.get(f'/contacts/{created["results"][0]["contact"]}').json()
    assert (contact['phone'], contact['name']) == ('+4915123456701', 'Cara 01')
    assert tells('error', '+4915123456701')['state'] == 'done'


def test_a_delay_waits_in_its_row(door: Door) -> None:
    caller = hook(door, map={**MAP, 'delay': '{{ payload.wait }}', 'for_each': '{{ [1, 2] }}',
                             'dedupe_key': '{{ item }}'})  # fmt: skip
    id = caller.calls({'phone': ANNA, 'text': 'later', 'wait': '1h'}).json()['id']
    event = until(lambda: (found := caller.events()[0])['due_at'] != found['at'] and found)
    assert (event['state'], event['results']) == ('received', [])
    assert door.api.post(f'{caller.path}/events/{id}/replay').json()['code'] == 'not_settled'
    soon = caller.calls({'phone': ANNA, 'text': 'in a second', 'wait': 1}).json()['id']
    settled = caller.event(soon)
    assert [each['state'] for each in settled['results']] == ['done', 'done']
    assert settled['settled_at'] > settled['at']
    assert caller.event(caller.calls({'phone': ANNA, 'text': 'x', 'wait': 'some time'}).json()['id'])['error']


def test_a_file_is_fetched_through_the_guard(door: Door) -> None:
    with web() as shop:
        shop.answers['/loaf.png'] = lambda line: line.says(picture(), 'image/png')
        caller = hook(door, map={'session': 'shop', 'to': ANNA,
                                 'media': {'url': '{{ payload.url }}', 'caption': 'The {{ payload.what }}'}},
                      )  # fmt: skip
        event = caller.event(caller.calls({'url': shop.url('/loaf.png'), 'what': 'loaf'}).json()['id'])
        assert (event['state'], event['results'][0]['code']) == ('failed', 'url_not_allowed')
        assert shop.asked == []


def test_one_that_waits_answers_with_what_came_of_it(door: Door) -> None:
    caller = hook(door, respond='wait')
    answer = caller.calls({'phone': ANNA, 'text': 'and then?'}, idempotency_key='w1')
    assert answer.status_code == 200
    assert answer.json()['state'] == 'done'
    (message,) = answer.json()['messages']
    assert door.message(message)['text'] == 'and then?'
    again = caller.calls({'phone': ANNA, 'text': 'and then?'}, idempotency_key='w1')
    assert again.json() == {'duplicate': True, **answer.json()}
    failed = caller.calls({'phone': 'nobody', 'text': 'x'}).json()
    assert (failed['state'], failed['messages']) == ('failed', [])
    assert 'nobody' in failed['error']


# ---- the builder’s side


def test_a_test_call_is_shown_and_does_nothing(door: Door) -> None:
    caller = hook(door, 'github')
    body = json.dumps({'phone': ANNA, 'text': 'only looking'}).encode()
    assert post(f'{caller.url}/test', body).status_code == 401
    answer = post(f'{caller.url}/test', body, **github(body))
    assert (answer.status_code, answer.json()['test']) == (202, True)
    (event,) = caller.events()
    assert (event['state'], event['origin'], event['results']) == ('tested', 'test', [])
    found = door.api.post(f'{caller.path}/test', json={'event': event['id']}).json()
    assert (found['items'][0]['to'], found['items'][0]['text']) == (f'+{ANNA}', 'only looking')
    assert post(caller.url, body, **github(body)).status_code == 202  # it was not taken for the call itself


def test_a_rehearsal_says_what_would_be_sent_and_what_would_go_wrong(door: Door) -> None:
    caller = hook(door)
    path = f'{caller.path}/test'
    found = door.api.post(path, json={'payload': {'phone': '+1 555 123 0001', 'text': 'hi'}}).json()
    assert found['skipped'] is False
    assert {name: found['items'][0][name] for name in ('session', 'to', 'text', 'problem')} == {
        'session': 'shop', 'to': f'+{ANNA}', 'text': 'hi', 'problem': None,
    }  # fmt: skip
    wrong = door.api.post(path, json={'payload': {'phone': 'x', 'text': 'hi'}}).json()['items'][0]
    assert (wrong['field'], wrong['text']) == ('map.to', 'hi')
    map = {'session': 'nowhere', 'to': ANNA, 'text': '{{ payload.a.b }}', 'when': '{{ payload.go }}'}
    assert door.api.post(path, json={'payload': {'go': 'no'}, 'map': map}).json() == {'skipped': True, 'items': []}
    item = door.api.post(path, json={'payload': {'go': 1, 'a': {'b': 1}}, 'map': map}).json()['items'][0]
    assert 'nowhere' in item['problem']
    item = door.api.post(path, json={'payload': {'go': 1}, 'map': map}).json()['items'][0]
    assert item['field'] == 'map.text'
    assert caller.events() == []


def test_a_hook_that_makes_no_sense_is_not_made(door: Door) -> None:
    def refused(field: str, **more: Any) -> None:
        body = {'name': 'wrong', 'map': MAP, **more}
        answer = door.api.post('/hooks', json=body)
        assert answer.status_code == 422, body
        assert answer.json()['errors'][0]['field'] == field, answer.text

    refused('name', name=' ')
    refused('auth.kind', auth={'kind': 'magic'})
    refused('auth.header', auth={'kind': 'github', 'header': 'x'})
    refused('auth.secret', auth={'kind': 'standard_webhooks', 'secret': 'whsec_!'})
    refused('auth.secret', auth={'kind': 'standard_webhooks', 'secret': 'whsec_'})
    refused('auth.secret', auth={'kind': 'key', 'secret': 'of nothing'})
    refused('auth.ts_header', auth={'kind': 'hmac', 'signed': '{ts}.{body}'})
    refused('auth.signed', auth={'kind': 'hmac', 'signed': 'nothing'})
    refused('map.text', map={'session': 'shop', 'to': ANNA})
    refused('map.text', map={**MAP, 'text': '{{ payload.'})
    refused('map.to', map={'session': 'shop', 'text': 'x'})
    refused('map.for_each', map={**MAP, 'for_each': 'lines'})
    refused('map.flow', map={'action': 'flow', 'session': 'shop', 'to': ANNA})
    refused('map.template', map={**MAP, 'template': 'hello'})
    refused('per_minute', per_minute=-1)
    refused('once', once='{{')
    assert door.api.patch('/hooks/nothing', json={'name': 'x'}).status_code == 404


def test_a_secret_that_is_made_here_is_told_once(door: Door) -> None:
    body = {'name': 'made', 'auth': {'kind': 'standard_webhooks'}, 'map': MAP}
    made = door.api.post('/hooks', json=body, headers={'idempotency-key': 'a hook'})
    assert made.json()['secret'].startswith('whsec_')
    assert door.api.post('/hooks', json=body, headers={'idempotency-key': 'a hook'}).json() == made.json()
    caller = Caller(door, made.json())
    text = json.dumps({'phone': ANNA, 'text': 'by a made secret'})
    at = datetime.now(UTC)
    mark = standardwebhooks.Webhook(made.json()['secret']).sign('msg_9', at, text)
    signed = {'webhook_id': 'msg_9', 'webhook_timestamp': str(int(at.timestamp())), 'webhook_signature': mark}
    assert post(caller.url, text.encode(), **signed).status_code == 202
    assert 'secret' not in door.api.get(caller.path).json()


def test_who_may_see_and_change_hooks(door: Door) -> None:
    caller = hook(door)
    viewer, limited = door.by(door.key('viewer')), door.by(door.key('admin', 'shop'))
    assert viewer.get('/hooks').json()['items'][0]['url'] is None
    assert caller.made['key'] not in viewer.get(caller.path).text
    assert viewer.post('/hooks', json={'name': 'x', 'map': MAP}).status_code == 403
    assert limited.get('/hooks').status_code == 403
    assert limited.get(f'{caller.path}/events').status_code == 403
