"""The newcomer's walk with nothing but HTTP."""

import threading
from typing import Any

from .product import ANNA, SHOP, Product, until


def test_link_receive_answer_send_and_see_the_ticks(shared: Product) -> None:
    seen: list[tuple[str, dict[str, Any]]] = []

    def watch() -> None:
        for event in shared.events():
            seen.append(event)
            if event[0] == 'message.read':
                return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()

    made = shared.post('/sessions', {'name': 'bakery'})
    assert made['state'] in {'new', 'starting', 'pairing'}
    shared.post('/sessions/bakery/start')
    until(lambda: shared.ask('GET', '/sessions/bakery/qr').status_code == 200, 30, what='a code is on offer')
    code = shared.get('/sessions/bakery/qr')
    assert code['code'].startswith('https://wa.me/')
    picture = shared.ask('GET', '/sessions/bakery/qr', headers={'Accept': 'image/png'})
    assert (picture.headers['content-type'], picture.content[:4]) == ('image/png', b'\x89PNG')

    shared.post('/sandbox/phones', {'phone': '15550000077', 'name': 'Bakery'})
    shared.post('/sandbox/phones/15550000077/scan', {'session': 'bakery'})
    shared.wait_state('working', 'bakery')
    assert shared.get('/sessions/bakery')['phone'] == '+15550000077'
    assert shared.ask('GET', '/sessions/bakery/qr').json()['code'] == 'not_pairing'

    shared.post('/sandbox/phones', {'phone': '15551230099', 'name': 'Carla'})
    shared.say('Hi, are you open?', phone='15551230099', to='15550000077')
    until(lambda: any('Hi Carla!' in text for text in shared.inbox('15551230099')), 30, what='the flow answers')
    chat = shared.get('/chats', params={'session': 'bakery'})['items'][0]
    assert chat['with']['name'] == 'Carla'
    said = [(m['direction'], m['text']) for m in shared.get(f'/chats/{chat["id"]}/messages')['items']]
    assert ('in', 'Hi, are you open?') in said

    id = shared.send('We kept a rye loaf for you.', '15551230099', 'bakery')
    until(lambda: 'We kept a rye loaf for you.' in shared.inbox('15551230099'), 30)
    until(lambda: shared.get(f'/messages/{id}')['status'] == 'delivered', 30)
    shared.post('/sandbox/phones/15551230099/read')
    until(lambda: shared.get(f'/messages/{id}')['status'] == 'read', 30, what='the tick turns')
    history = [step['status'] for step in shared.get(f'/messages/{id}')['history']]
    assert history == ['queued', 'sending', 'sent', 'delivered', 'read']
    kinds = {'session.state', 'message.received', 'message.sent', 'message.delivered', 'message.read'}
    until(lambda: kinds <= {kind for kind, _ in seen}, 30, what='the stream told all of it')

    assert shared.ask('DELETE', '/sessions/bakery').status_code == 204
    assert shared.ask('GET', '/sessions/bakery').status_code == 404


def test_the_first_start_brings_people_a_session_and_flows(shared: Product) -> None:
    names = {phone['name'] for phone in shared.get('/sandbox/phones')['items']}
    assert {'Anna', 'Ben'} <= names
    assert shared.get('/sessions/shop')['phone'] == f'+{SHOP}'
    live = {flow['key']: flow['enabled'] for flow in shared.get('/flows')['items']}
    assert live == {'welcome': True, 'menu': True, 'feedback': True}


def test_the_same_key_sends_once(shared: Product) -> None:
    body = {'session': 'shop', 'to': f'+{ANNA}', 'text': 'only once'}
    first, again = (shared.ask('POST', '/messages', body, headers={'Idempotency-Key': 'k1'}) for _ in range(2))
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    other = shared.ask('POST', '/messages', {**body, 'text': 'other'}, headers={'Idempotency-Key': 'k1'})
    assert other.status_code == 409
    until(lambda: shared.inbox().count('only once') == 1, 30)


def test_a_nack_of_whatsapp_is_told_in_plain_words(shared: Product) -> None:
    shared.post('/sandbox/faults', {'kind': 'nack', 'code': 463, 'times': 1})
    id = shared.send('to somebody who never wrote')
    until(lambda: shared.get(f'/messages/{id}')['status'] == 'failed', 30)
    error = shared.get(f'/messages/{id}')['error']
    assert (error['code'], error['detail']) == (
        '463',
        'Not sent: this number has never written to you (463). Ask them to write first.',
    )
    (limit,) = shared.get('/sessions/shop')['limits']
    assert limit['stops'] == 'new_conversations'
    waits = shared.get(f'/messages/{shared.send("to the next")}')['id']
    until(lambda: shared.get(f'/messages/{waits}').get('waits') == {'until': limit['until'], 'reason': limit['detail']},
          10)  # fmt: skip
    assert shared.ask('DELETE', '/sessions/shop/limits/reach_out').status_code == 200
    until(lambda: shared.get(f'/messages/{waits}')['status'] == 'delivered', 30)


def test_a_nack_that_may_pass_is_tried_again_a_few_times(shared: Product) -> None:
    shared.post('/sandbox/faults', {'kind': 'nack', 'code': 479, 'times': 1})
    id = shared.send('once refused')
    until(lambda: shared.get(f'/messages/{id}')['status'] == 'delivered', 30)
    shared.post('/sandbox/faults', {'kind': 'nack', 'code': 479, 'times': 20})
    id = shared.send('always refused')
    until(lambda: shared.get(f'/messages/{id}')['status'] == 'failed', 60)
    assert shared.get(f'/messages/{id}')['error']['code'] == '479'
    assert shared.ask('DELETE', '/sessions/shop/limits/refused').status_code == 200
    shared.ask('DELETE', '/sandbox/faults')
    assert 'always refused' not in shared.inbox()


def test_a_message_to_oneself_arrives_or_is_refused_with_a_sentence(shared: Product) -> None:
    answer = shared.ask('POST', '/messages', {'session': 'shop', 'to': f'+{SHOP}', 'text': 'note to self'})
    if answer.status_code == 422:
        assert answer.json()['detail']
        return
    until(lambda: shared.get(f'/messages/{answer.json()["id"]}')['status'] in {'sent', 'delivered', 'read'}, 30)
