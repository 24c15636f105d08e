"""What a receiver gets: everything it asked for, signed, once, in bytes that never change."""

import hashlib
import hmac
import json

import pytest
from standardwebhooks import Webhook as Standard
from standardwebhooks import WebhookVerificationError
from svix.webhooks import Webhook as Svix

from core.errors import Invalid
from core.webhooks.wish import Wish
from data.database import database, write
from tests.core.house import until

from .conftest import Post


def test_an_event_reaches_its_receiver_signed(post: Post) -> None:
    made = post.add(name='ERP', headers={'Authorization': 'Bearer s3cret'})
    post.tell('two loaves')
    (row,) = post.settled(made, 'delivered')
    (call,) = post.to.got
    assert Standard(made.secret).verify(call.body, call.headers) == call.json
    Svix(made.secret).verify(call.body, call.headers)
    assert call.headers['webhook-id'] == f'msg_{row.id}' == call.headers['idempotency-key']
    assert call.headers['authorization'] == 'Bearer s3cret'
    assert call.headers['content-type'] == 'application/json'
    assert call.headers['user-agent'].startswith('Dovecote/')
    said = call.json
    assert (said['type'], said['data']['text'], said['data']['sequence']) == ('message.received', 'two loaves', 1)
    assert said['meta'] == {**said['meta'], 'session': 'shop', 'account': '+15550000001', 'chat': 'C1',
                            'api_version': '2026-01', 'caused_by': None}  # fmt: skip
    (attempt,) = post.tries(row)
    assert (attempt.n, attempt.trigger, attempt.status, attempt.address, attempt.answer) == (
        1, 'event', 200, '127.0.0.1', 'ok',
    )  # fmt: skip
    assert (row.about, row.status, row.kind) == ('Anna', 200, 'message.received')


def test_no_secret_lies_in_the_database_or_its_log(post: Post) -> None:
    made = post.add(headers={'X-Token': 'open-sesame'}, hub=True, hub_secret='meta-secret')
    post.tell()
    (row,) = post.settled(made, 'delivered')
    assert ['x-token', '••••••••'] in post.tries(row)[0].headers
    whole = '\n'.join(str(line) for line in database.connection().iterdump())
    marks = [mark.partition(',')[2] for mark in post.to.got[0].headers['webhook-signature'].split()]
    for secret in (made.secret, made.secret.removeprefix('whsec_'), 'open-sesame', 'meta-secret', *marks):
        assert secret not in whole


def test_only_what_was_asked_for_is_told(post: Post) -> None:
    made = post.add('message.*', session='S1', filters=[
        {'path': '$.data.from.phone', 'op': 'equals', 'value': '+15551230001'},
        {'path': '$.data.text', 'op': 'contains', 'value': 'ORDER'},
        {'path': '$.data.tags[*]', 'op': 'missing'},
    ])  # fmt: skip
    everything = post.add('*')
    post.tell('my order')
    post.tell('my order', kind='contact.created')
    post.tell('hello')
    post.tell('an order', session='S2')
    post.tell('an order', tags=['spam'])
    post.settled(everything, *['delivered'] * 5)
    post.settled(made, 'delivered')


@pytest.mark.parametrize(
    'wrong',
    [
        {'events': ()}, {'events': ('message.recieved',)}, {'events': ('message',)}, {'timeout': 31}, {'rate': 0},
        {'filters': [{'path': 'data.text', 'value': 1}]}, {'filters': [{'path': '$..[?@.a == 1]', 'value': 1}]},
        {'filters': [{'path': "$[?match(@.a, '(a+)+b')]", 'value': 1}]}, {'filters': [{'path': '$.a..b..c'}]},
        {'filters': [{'path': '$.a | $.b', 'value': 1}]}, {'filters': [{'path': '$.a', 'op': 'like', 'value': 1}]},
        {'filters': [{'path': '$.a', 'op': 'in', 'value': 'b'}]}, {'filters': [{'path': '$.a[', 'value': 1}]},
        {'filters': [{'path': '$' + '.a' * 150}]}, {'headers': {'Host': 'x'}}, {'headers': {'webhook-id': 'x'}},
        {'headers': {'a b': 'x'}}, {'headers': {'a': 'b\r\nc: d'}}, {'format': 'xml'}, {'ordering': 'all'},
        {'concurrency': 0}, {'name': 'x' * 81},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_with_its_place(post: Post, wrong: dict[str, object]) -> None:
    wish = Wish(**{'url': post.to.url(), 'events': ('message.received',), **wrong})  # type: ignore[arg-type]
    with pytest.raises(Invalid) as problem:
        post.webhooks.book.check(wish)
    assert problem.value.field.partition('.')[0] == next(iter(wrong))
    assert str(problem.value).endswith('.')


@pytest.mark.parametrize(
    'url',
    ['http://10.0.0.1/', 'http://[::ffff:192.168.1.1]/', 'http://[64:ff9b::a00:1]/', 'http://169.254.169.254/latest',
     'http://100.64.0.1/', 'ftp://example.org/', 'http://mia:secret@example.org/', 'http://1.1.1.1:25/'],
)  # fmt: skip
def test_an_address_inside_is_refused_when_it_is_given(post: Post, url: str) -> None:
    with pytest.raises(Invalid) as problem:
        post.add(url=url)
    assert (problem.value.code, problem.value.field) == ('url_not_allowed', 'url')


def test_two_secrets_sign_for_a_day_after_a_rotation(post: Post) -> None:
    made = post.add()
    fresh = post.webhooks.book.rotate(made.row.id)
    post.tell()
    post.settled(made, 'delivered')
    for secret in (made.secret, fresh.secret):
        Standard(secret).verify(post.to.got[0].body, post.to.got[0].headers)
    post.clock.later(hours=24, seconds=1)
    post.tell()
    post.settled(made, 'delivered', 'delivered')
    headers = {**post.to.got[1].headers, 'webhook-timestamp': post.to.got[0].headers['webhook-timestamp']}
    assert len(post.to.got[1].headers['webhook-signature'].split(' ')) == 1
    with pytest.raises(WebhookVerificationError):
        Standard(made.secret).verify(post.to.got[1].body, headers)


def test_metas_header_stands_beside_ours(post: Post) -> None:
    own, same = post.add(hub=True, hub_secret='app secret'), post.add(hub=True)
    post.tell()
    for made in (own, same):
        post.settled(made, 'delivered')
    secrets = {'app secret', same.secret}
    for call in post.to.got:
        marks = {f'sha256={hmac.new(s.encode(), call.body, hashlib.sha256).hexdigest()}' for s in secrets}
        assert call.headers['x-hub-signature-256'] in marks
        assert call.headers['webhook-signature'].startswith('v1,')


def test_the_body_may_look_as_waha_writes_it(post: Post) -> None:
    made = post.add('*', format='waha')
    more = {'whatsapp_id': '3EB0', 'at': '2026-11-22T12:00:00.000Z'}
    post.tell('bread?', **more, direction='in')
    post.tell('', 'message.delivered', **more, direction='out', to={'phone': '+15551230001'})
    post.tell('', 'session.state', name='shop', state='pairing')
    post.settled(made, *['delivered'] * 3)
    message, ack, state = sorted((call.json for call in post.to.got), key=lambda said: said['id'])
    assert (message['event'], message['session'], message['me']) == ('message', 'shop', {'id': '15550000001@c.us'})
    assert message['payload'] == {
        **message['payload'], 'id': 'false_15551230001@c.us_3EB0', 'from': '15551230001@c.us', 'fromMe': False,
        'body': 'bread?', 'hasMedia': False, 'timestamp': 1795348800, 'sequence': 1,
    }  # fmt: skip
    assert (ack['event'], ack['payload']['ack'], ack['payload']['ackName']) == ('message.ack', 2, 'DEVICE')
    assert (state['event'], state['payload']['status']) == ('session.status', 'SCAN_QR_CODE')
    Standard(made.secret).verify(post.to.got[0].body, post.to.got[0].headers)


def test_nothing_is_told_of_what_was_undone(post: Post) -> None:
    made = post.add()

    def half() -> None:
        post.desk.tell('message.received', {'text': 'never'}, session='S1', chat='C1')
        raise ValueError('no')

    with pytest.raises(ValueError, match='no'):
        write(half)
    post.tell('really')
    post.settled(made, 'delivered')
    assert post.to.texts() == ['really']


def test_lines_stay_open_between_deliveries(post: Post) -> None:
    made = post.add(concurrency=1)
    for number in range(10):
        post.tell(f'{number}')
    post.settled(made, *['delivered'] * 10)
    assert post.to.lines == 1
    assert post.to.texts() == [str(number) for number in range(10)]


def test_no_more_leave_at_a_time_than_allowed(post: Post) -> None:
    made = post.add(concurrency=3, rate=1000)
    at_once = most = 0

    def slowly(call: object) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        call.over.wait(0.02)  # type: ignore[attr-defined]
        at_once -= 1
        call.says(200)  # type: ignore[attr-defined]

    post.to.answer = slowly
    for number in range(60):  # more than fit into the line in memory
        post.tell(f'{number}')
    post.webhooks.courier.sweep()
    post.settled(made, *['delivered'] * 60)
    assert 2 <= most <= 3
    assert sorted(map(int, post.to.texts())) == list(range(60))


def test_a_second_brings_no_more_than_its_rate(post: Post) -> None:
    made = post.add(rate=10, concurrency=5)
    began = post.world.ticks()
    for number in range(15):
        post.tell(f'{number}')
    post.settled(made, *['delivered'] * 15)
    assert post.world.ticks() - began >= 0.4  # ten at once, five more at ten a second


def test_to_a_slow_one_no_more_stand_in_line_than_leave_before_their_leases_end(post: Post) -> None:
    made = post.add(rate=0.1, concurrency=20)
    for number in range(30):
        post.tell(f'{number}')
    until(lambda: 'delivered' in post.states(made))
    assert post.states(made).count('leased') <= 8


def test_an_event_that_is_too_large_is_kept_and_said(post: Post) -> None:
    made = post.add()
    post.tell('x' * 300_000)
    (row,) = post.settled(made, 'dead')
    assert (row.error, post.to.got) == ('too_large', [])


def test_bodies_are_the_same_bytes_at_every_attempt(post: Post) -> None:
    made = post.add()
    post.to.answer = lambda call: call.says(500 if len(post.to.got) < 3 else 200)
    post.tell('Grüße \N{BREAD}')
    post.settled(made, 'retrying')
    post.later(seconds=6)
    until(lambda: len(post.to.got) == 2)
    post.settled(made, 'retrying')
    post.later(seconds=61)
    (row,) = post.settled(made, 'delivered')
    assert len({call.body for call in post.to.got}) == 1
    assert len({call.headers['webhook-id'] for call in post.to.got}) == 1
    assert len({call.headers['webhook-timestamp'] for call in post.to.got}) == 3
    assert len({call.headers['webhook-signature'] for call in post.to.got}) == 3
    assert json.loads(post.to.got[0].body)['data']['text'] == 'Grüße \N{BREAD}'
    assert [(each.n, each.trigger, each.status) for each in post.tries(row)] == [
        (1, 'event', 500), (2, 'retry', 500), (3, 'retry', 200),
    ]  # fmt: skip
