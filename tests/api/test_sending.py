"""Saying something through the API."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from data.database import write
from data.messages import Message

from .conftest import ANNA, BEN, SHOP, Door, until


def inbox(door: Door, phone: str = ANNA) -> list[str]:
    items = door.api.get(f'/sandbox/phones/{phone}/inbox').json()['items']
    return [item['text'] for item in items]


def test_a_text_reaches_the_phone_and_its_history_tells_how(door: Door) -> None:
    made = door.sends('Good morning')
    assert made.status_code == 202
    id = made.json()['id']
    assert made.json()['status'] == 'queued'
    until(lambda: 'Good morning' in inbox(door))
    until(lambda: door.message(id)['status'] == 'delivered')
    door.api.post(f'/sandbox/phones/{ANNA}/read').raise_for_status()
    seen = until(lambda: door.message(id)['status'] == 'read' and door.message(id))
    assert [step['status'] for step in seen['history']] == ['queued', 'sending', 'sent', 'delivered', 'read']
    assert seen['to']['phone'] == f'+{ANNA}'
    assert seen['error'] is None


def test_an_answer_can_quote_and_mention(door: Door) -> None:
    door.api.post(f'/sandbox/phones/{BEN}/say', json={'to': SHOP, 'text': 'Is there rye bread?'}).raise_for_status()
    asked = until(lambda: door.api.get('/messages', params={'q': 'rye bread'}).json()['items'])[0]
    assert asked['from']['phone'] == f'+{BEN}'
    made = door.sends('Yes', to=asked['from']['id'], reply_to=asked['id'], mentions=[f'+{BEN}'])
    shown = door.message(made.json()['id'])
    assert shown['reply_to']['text'] == 'Is there rye bread?'
    until(lambda: 'Yes' in inbox(door, BEN))


def test_the_same_request_with_the_same_key_is_sent_once(door: Door) -> None:
    body = {'session': 'shop', 'to': ANNA, 'text': 'only once'}
    headers = {'idempotency-key': 'order 17'}

    def ask(_: int) -> httpx.Response:
        return door.api.post('/messages', json=body, headers=headers)

    with ThreadPoolExecutor(6) as many:
        answers = list(many.map(ask, range(12)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.text for answer in answers}) == 1
    assert sum('idempotent-replayed' not in answer.headers for answer in answers) == 1
    until(lambda: 'only once' in inbox(door))
    assert len(door.api.get('/messages', params={'q': 'only once'}).json()['items']) == 1


def test_the_same_key_for_another_message_is_refused(door: Door) -> None:
    headers = {'idempotency-key': 'order 18'}
    body = {'session': 'shop', 'to': ANNA, 'text': 'first'}
    assert door.api.post('/messages', json=body, headers=headers).status_code == 202
    refused = door.api.post('/messages', json={**body, 'text': 'second'}, headers=headers)
    assert refused.status_code == 409
    assert refused.json()['code'] == 'idempotency_key_reused'
    somebody_else = door.by(door.key('agent'))
    assert somebody_else.post('/messages', json={**body, 'text': 'third'}, headers=headers).status_code == 202


def test_a_request_that_failed_may_be_repeated_with_its_key(door: Door) -> None:
    headers = {'idempotency-key': 'order 19'}
    body = {'session': 'nowhere', 'to': ANNA, 'text': 'hi'}
    assert door.api.post('/messages', json=body, headers=headers).status_code == 404
    assert door.api.post('/messages', json={**body, 'session': 'shop'}, headers=headers).status_code == 202


@pytest.mark.parametrize('key', ['', 'x' * 256])
def test_an_idempotency_key_has_a_sensible_length(door: Door, key: str) -> None:
    answer = door.api.post('/messages', json={'session': 'shop', 'to': ANNA, 'text': 'hi'},
                           headers={'idempotency-key': key})  # fmt: skip
    assert answer.status_code == 422
    assert answer.json()['errors'][0]['field'] == 'Idempotency-Key'


def test_what_was_sent_cannot_be_sent_again(door: Door) -> None:
    id = door.sends('gone already').json()['id']
    until(lambda: door.message(id)['status'] in ('sent', 'delivered'))
    again = door.api.post(f'/messages/{id}/resend')
    assert (again.status_code, again.json()['code']) == (409, 'not_resendable')


def test_what_waits_can_be_cancelled_and_then_sent_again(door: Door) -> None:
    door.api.post('/sandbox/faults', json={'kind': 'http_status', 'code': 503}).raise_for_status()
    try:
        door.api.post('/sandbox/faults', json={'kind': 'drop', 'phone': SHOP}).raise_for_status()
        until(lambda: door.api.get('/sessions/shop').json()['state'] == 'reconnecting')
        id = door.sends('wait for it').json()['id']
        until(lambda: door.message(id)['status'] == 'queued')
        assert door.api.delete(f'/messages/{id}').json()['status'] == 'cancelled'
        assert door.message(id)['history'][-1]['status'] == 'cancelled'
        assert door.api.post(f'/messages/{id}/resend').json()['status'] == 'queued'
    finally:
        door.api.delete('/sandbox/faults').raise_for_status()
    until(lambda: 'wait for it' in inbox(door), 60)


def test_a_refusal_by_whatsapp_is_told_with_its_number(door: Door) -> None:
    door.api.post('/sandbox/faults', json={'kind': 'nack', 'code': 463, 'times': 1}).raise_for_status()
    id = door.sends('to a stranger').json()['id']
    failed = until(lambda: door.message(id)['status'] == 'failed' and door.message(id))
    assert failed['error']['code'] == '463'
    assert failed['error']['detail']
    door.api.delete('/sessions/shop/limits/reach_out').raise_for_status()  # it stops more than this one message


def test_sending_again_is_done_once_for_one_key(door: Door) -> None:
    door.api.post('/sandbox/faults', json={'kind': 'nack', 'code': 463, 'times': 1}).raise_for_status()
    id = door.sends('once more').json()['id']
    until(lambda: door.message(id)['status'] == 'failed')
    headers = {'idempotency-key': 'again 1'}
    first = door.api.post(f'/messages/{id}/resend', headers=headers)
    assert (first.status_code, first.json()['status']) == (202, 'queued')
    until(lambda: door.message(id)['status'] == 'delivered')
    second = door.api.post(f'/messages/{id}/resend', headers=headers)
    assert (second.status_code, second.text) == (202, first.text)
    assert second.headers['idempotent-replayed'] == 'true'
    assert inbox(door).count('once more') == 1
    history = [step['status'] for step in door.message(id)['history']]
    assert history == ['queued', 'sending', 'failed', 'queued', 'sending', 'sent', 'delivered']


def test_a_phone_of_the_sandbox_does_once_what_is_asked_twice_with_one_key(door: Door) -> None:
    body = {'to': SHOP, 'text': 'said once'}

    def say(_: int) -> httpx.Response:
        return door.api.post(f'/sandbox/phones/{ANNA}/say', json=body, headers={'idempotency-key': 'say 1'})

    with ThreadPoolExecutor(6) as many:
        answers = list(many.map(say, range(6)))
    made = next(answer for answer in answers if answer.status_code == 201)
    for answer in answers:
        busy = answer.status_code == 409 and answer.json()['code'] == 'idempotency_key_busy'
        assert busy or (answer.status_code, answer.text) == (201, made.text)
    again = say(0)
    assert (again.status_code, again.text, again.headers['idempotent-replayed']) == (201, made.text, 'true')
    until(lambda: door.api.get('/messages', params={'q': 'said once'}).json()['items'])
    assert len(door.api.get('/messages', params={'q': 'said once'}).json()['items']) == 1
    other = door.api.post(
        f'/sandbox/phones/{ANNA}/say', json={**body, 'text': 'x'}, headers={'idempotency-key': 'say 1'}
    )
    assert (other.status_code, other.json()['code']) == (409, 'idempotency_key_reused')


def test_an_uncertain_message_is_marked_as_sent_by_who_knows(door: Door) -> None:
    id = door.sends('they told me it came').json()['id']
    until(lambda: door.message(id)['status'] == 'delivered')
    assert door.api.post(f'/messages/{id}/mark-sent', json={}).json()['code'] == 'not_uncertain'
    doubt = {'status': 'uncertain', 'error': 'The host ended in the middle.', 'ended_at': door.gateway.world.now()}
    write(lambda: Message.update(**doubt).where(Message.id == id).execute())
    marked = door.api.post(f'/messages/{id}/mark-sent')
    assert (marked.status_code, marked.json()['status']) == (200, 'sent')
    seen = door.message(id)
    assert (seen['status'], seen['error']) == ('sent', None)
    assert door.api.post('/messages/nothing/mark-sent').status_code == 404


def test_a_stopped_session_sends_nothing_and_says_so(door: Door) -> None:
    door.api.post('/sessions', json={'name': 'asleep', 'start': False}).raise_for_status()
    answer = door.sends('hello?', session='asleep')
    assert (answer.status_code, answer.json()['code']) == (409, 'session_not_working')
    assert 'asleep cannot send' in answer.json()['detail']


def test_a_message_to_oneself_is_kept_like_any_other(door: Door) -> None:
    answer = door.sends('note to self', to=f'+{SHOP}')
    assert answer.status_code == 202
    until(lambda: door.message(answer.json()['id'])['status'] not in ('queued', 'sending'))
    assert door.message(answer.json()['id'])['status'] in ('sent', 'delivered', 'read')


def test_lists_are_read_page_by_page_without_loss(door: Door) -> None:
    sent = [door.sends(f'page {n}').json()['id'] for n in range(7)]
    found: list[str] = []
    cursor = ''
    while True:
        page = door.api.get('/messages', params={'q': 'page ', 'limit': 3, 'cursor': cursor}).json()
        found += [item['id'] for item in page['items']]
        cursor = page['next']
        if not cursor:
            break
    assert found == sent[::-1]


def test_messages_are_found_by_what_they_are(door: Door) -> None:
    id = door.sends('needle').json()['id']
    chat = door.message(id)['chat']
    until(lambda: door.message(id)['status'] == 'delivered')
    found = {'session': 'shop', 'chat': chat, 'status': 'delivered', 'direction': 'out', 'q': 'NEEDLE'}
    assert [item['id'] for item in door.api.get('/messages', params=found).json()['items']] == [id]
    for name, other in (('status', 'failed'), ('direction', 'in'), ('q', 'haystack'), ('chat', 'x')):
        assert door.api.get('/messages', params={**found, name: other}).json()['items'] == []
    since = door.message(id)['at']
    assert door.api.get('/messages', params={**found, 'since': since}).json()['items']
    assert door.api.get('/messages', params={**found, 'since': '2090-01-01T00:00:00'}).json()['items'] == []
