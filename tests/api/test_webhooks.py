"""Webhooks from outside: added, told, looked into, told again, and for whom."""

import ipaddress
from collections.abc import Iterator
from typing import Any

import pytest
from standardwebhooks import Webhook as Standard

from tests.core.receiver import Receiver, receiver

from .conftest import ANNA, SHOP, Door, until


@pytest.fixture
def to(door: Door) -> Iterator[Receiver]:
    """The only test that may be told something inside; nobody listens any more when it is over."""
    guard = door.gateway.guard
    allowed, guard.allow = guard.allow, (ipaddress.ip_network('127.0.0.0/8'),)
    with receiver() as running:
        yield running
        for row in door.api.get('/webhooks').json()['items']:
            door.api.delete(f'/webhooks/{row["id"]}')
    guard.allow = allowed


def add(door: Door, to: Receiver, **more: Any) -> dict[str, Any]:
    answer = door.api.post('/webhooks', json={'url': to.url(), 'events': ['message.received'], **more})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def says(door: Door, text: str) -> None:
    door.api.post(f'/sandbox/phones/{ANNA}/say', json={'to': SHOP, 'text': text}).raise_for_status()


def delivery(door: Door, made: dict[str, Any], state: str) -> dict[str, Any]:
    """The newest one, once it is so."""
    path = f'/webhooks/{made["id"]}/deliveries'
    found: dict[str, Any] = until(
        lambda: next((each for each in door.api.get(path).json()['items'][:1] if each['state'] == state), None)
    )
    return found


def test_a_webhook_hears_what_a_customer_writes(door: Door, to: Receiver) -> None:
    made = add(door, to, name='ERP', session='shop', headers={'X-Token': 'open sesame'})
    assert (made['state'], made['headers'], made['session']) == ('on', ['x-token'], 'shop')
    says(door, 'two sourdoughs for the webhook')
    row = delivery(door, made, 'delivered')
    (call,) = to.got
    said = Standard(made['secret']).verify(call.body, call.headers)
    assert (said['type'], said['data']['text']) == ('message.received', 'two sourdoughs for the webhook')
    assert said['meta']['session'] == 'shop'
    assert (call.headers['webhook-id'], call.headers['x-token']) == (row['webhook_id'], 'open sesame')
    whole = door.api.get(f'/deliveries/{row["id"]}').json()
    assert whole['body'].encode() == call.body
    (attempt,) = whole['history']
    assert (attempt['status'], attempt['trigger'], attempt['response_body']) == (200, 'event', 'ok')
    assert ['x-token', '••••••••'] in attempt['request_headers']
    shown = door.api.get(f'/webhooks/{made["id"]}').text
    assert made['secret'] not in shown
    assert 'open sesame' not in shown + str(whole)


def test_a_test_tells_what_came_back_and_a_failed_one_can_be_told_again(door: Door, to: Receiver) -> None:
    made = add(door, to)
    tested = door.api.post(f'/webhooks/{made["id"]}/test').json()
    assert tested == {**tested, 'ok': True, 'status': 200, 'error': None, 'response_body': 'ok'}
    to.answer = lambda call: call.says(422, b'no such customer')
    tested = door.api.post(f'/webhooks/{made["id"]}/test').json()
    assert (tested['ok'], tested['status'], tested['error']) == (False, 422, 'http_4xx')
    says(door, 'this one fails at first')
    row = delivery(door, made, 'retrying')
    assert (row['status'], row['attempts']) == (422, 1)
    assert row['next_at'] is not None
    to.answer = lambda call: call.says(200)
    assert door.api.post(f'/deliveries/{row["id"]}/replay').json() == {'count': 1}
    delivery(door, made, 'delivered')
    history = door.api.get(f'/deliveries/{row["id"]}').json()['history']
    assert [each['trigger'] for each in history] == ['manual', 'event']
    path = f'/webhooks/{made["id"]}'
    assert door.api.post(f'{path}/replay', json={'only': 'ids', 'ids': [row['id']]}).json() == {'count': 1}
    assert door.api.post(f'{path}/replay', json={'since': '2026-01-01T00:00:00Z'}).json() == {'count': 1}  # the test
    assert door.api.post(f'{path}/replay', json={'only': 'failed'}).status_code == 422
    assert door.api.post(f'{path}/replay', json={'only': 'some'}).status_code == 422
    tests = {'state': 'delivered', 'type': 'webhook.test'}
    until(lambda: len(door.api.get(f'{path}/deliveries', params=tests).json()['items']) == 2)
    for filters, count in (
        ({'state': 'dead', 'type': 'webhook.test'}, 0), ({'type': 'message.received'}, 1),
        ({'since': '2100-01-01T00:00:00Z'}, 0), ({'limit': '1'}, 1),
    ):  # fmt: skip
        assert len(door.api.get(f'{path}/deliveries', params=filters).json()['items']) == count, filters
    assert door.api.get(f'{path}/deliveries', params={'state': 'lost'}).status_code == 422


def test_a_secret_is_shown_once_also_to_who_asks_twice(door: Door, to: Receiver) -> None:
    headers = {'idempotency-key': 'one webhook'}
    body = {'url': to.url('/once'), 'events': ['*']}
    first = door.api.post('/webhooks', json=body, headers=headers)
    again = door.api.post('/webhooks', json=body, headers=headers)
    assert (first.status_code, again.json()) == (201, first.json())
    assert again.headers['idempotent-replayed'] == 'true'
    assert [row['url'] for row in door.api.get('/webhooks').json()['items']].count(to.url('/once')) == 1
    path = f'/webhooks/{first.json()["id"]}'
    rotated = door.api.post(f'{path}/rotate').json()
    assert rotated['secret'] != first.json()['secret']
    assert rotated['previous_secret_until'] is not None
    door.api.post(f'{path}/test').raise_for_status()
    for secret in (rotated['secret'], first.json()['secret']):
        Standard(secret).verify(to.got[-1].body, to.got[-1].headers)


def test_it_is_changed_in_part_switched_off_and_on(door: Door, to: Receiver) -> None:
    made = add(door, to, headers={'X-Token': 'stays'}, hub_signature=True, hub_secret='meta')
    path = f'/webhooks/{made["id"]}'
    changed = door.api.patch(path, json={'events': ['message.*'], 'timeout': 5, 'session': 'shop'}).json()
    assert (changed['events'], changed['timeout'], changed['session']) == (['message.*'], 5, 'shop')
    assert (changed['headers'], changed['hub_signature']) == (['x-token'], True)
    assert door.api.patch(path, json={'session': None}).json()['session'] is None
    assert door.api.patch(path, json={'events': None}).status_code == 422
    assert door.api.patch(path, json={'events': ['message.recieved']}).json()['errors'][0]['field'] == 'events.0'
    assert door.api.patch(path, json={'enabled': False}).json()['state'] == 'off'
    says(door, 'while nobody is told')
    row = delivery(door, made, 'paused')
    assert door.api.post(f'/deliveries/{row["id"]}/replay').json()['code'] == 'webhook_off'
    undecided = door.api.patch(path, json={'enabled': True})
    assert (undecided.status_code, undecided.json()['code']) == (409, 'backlog_undecided')
    assert door.api.patch(path, json={'enabled': True, 'backlog': 'resume'}).json()['enabled'] is True
    delivery(door, made, 'delivered')
    assert to.got[-1].json['data']['text'] == 'while nobody is told'
    assert to.got[-1].headers['x-token'] == 'stays'
    assert to.got[-1].headers['x-hub-signature-256'].startswith('sha256=')
    assert door.api.delete(path).status_code == 204
    assert door.api.get(path).status_code == 404


def test_nothing_inside_may_be_told_unless_the_owner_allows_it(door: Door) -> None:
    for url in ('http://127.0.0.1:9/', 'http://[::ffff:10.0.0.1]/', 'http://169.254.169.254/', 'file:///etc/passwd'):
        answer = door.api.post('/webhooks', json={'url': url, 'events': ['*']})
        assert (answer.status_code, answer.json()['code']) == (422, 'url_not_allowed'), url
        assert answer.json()['errors'][0]['field'] == 'url'


def test_a_key_for_some_sessions_has_only_their_webhooks(door: Door, to: Receiver) -> None:
    door.api.post('/sessions', json={'name': 'hooked', 'start': False}).raise_for_status()
    for_all, shop = add(door, to), add(door, to, session='shop')
    says(door, 'who may see this delivery')
    seen = delivery(door, shop, 'delivered')['id']
    by = {name: door.by(door.key('admin', name)) for name in ('shop', 'hooked')}
    assert [row['id'] for row in by['shop'].get('/webhooks').json()['items']] == [shop['id']]
    assert by['hooked'].get('/webhooks').json()['items'] == []
    assert by['shop'].get(f'/deliveries/{seen}').status_code == 200
    for client, path in (
        (by['hooked'], f'/webhooks/{shop["id"]}'), (by['hooked'], f'/deliveries/{seen}'),
        (by['shop'], f'/webhooks/{for_all["id"]}'), (by['hooked'], f'/webhooks/{shop["id"]}/deliveries'),
    ):  # fmt: skip
        assert client.get(path).status_code == 404, path
    for act in ('test', 'rotate', 'replay'):
        assert by['hooked'].post(f'/webhooks/{shop["id"]}/{act}').status_code == 404, act
    assert by['hooked'].delete(f'/webhooks/{shop["id"]}').status_code == 404
    body = {'url': to.url(), 'events': ['*']}
    assert by['shop'].post('/webhooks', json=body).status_code == 403
    assert by['shop'].post('/webhooks', json={**body, 'session': 'hooked'}).status_code == 404
    assert by['shop'].post('/webhooks', json={**body, 'session': 'shop'}).status_code == 201
    assert by['shop'].patch(f'/webhooks/{shop["id"]}', json={'session': None}).status_code == 403
    assert door.by(door.key('agent')).get('/webhooks').status_code == 403
    door.api.delete('/sessions/hooked').raise_for_status()
