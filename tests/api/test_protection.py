"""How a number is protected, chosen, shown, and felt by its messages."""

from collections.abc import Iterator

import httpx
import pytest

from .conftest import ANNA, SHOP, Door, until

KARL = '4915112345678'


@pytest.fixture(autouse=True)
def _as_before(door: Door) -> Iterator[None]:
    yield
    door.api.patch('/sessions/shop', json={'protection': None}).raise_for_status()


def protect(door: Door, **given: object) -> httpx.Response:
    return door.api.patch('/sessions/shop', json={'protection': {'preset': 'off', **given}})


def is_now(door: Door, id: str, *states: str) -> None:
    until(lambda: status(door, id) in states, 20)


def waits_of(door: Door, id: str) -> dict[str, str]:
    found: dict[str, str] = until(lambda: door.message(id).get('waits'))
    return found


def status(door: Door, id: str) -> str:
    return str(door.message(id)['status'])


def test_the_presets_are_listed_with_their_numbers_in_words(door: Door) -> None:
    presets = {each['preset']: each for each in door.api.get('/protection/presets').json()}
    assert list(presets) == ['careful', 'standard', 'off']
    assert presets['careful']['new_per_day'] < presets['standard']['new_per_day']
    assert f'{presets["careful"]["per_day"]} a day' in ' '.join(presets['careful']['words'])


def test_a_session_of_the_sandbox_is_not_slowed_and_can_be(door: Door) -> None:
    shop = door.api.get('/sessions/shop').json()
    assert (shop['protection']['preset'], shop['limits']) == ('off', [])
    changed = door.api.patch('/sessions/shop', json={'protection': {'preset': 'careful', 'per_day': 7}}).json()
    assert (changed['protection']['preset'], changed['protection']['per_day']) == ('careful', 7)
    assert changed['protection']['per_hour'] == 60
    assert changed['country'] == shop['country']
    assert door.api.patch('/sessions/shop', json={'country': ''}).json()['protection']['per_day'] == 7
    assert door.api.patch('/sessions/shop', json={'protection': None}).json()['protection']['preset'] == 'off'


@pytest.mark.parametrize(
    ('given', 'field'),
    [({'preset': 'wild'}, 'preset'), ({'per_day': -1}, 'per_day'), ({'gap': [5]}, 'gap'), ({'speed': 1}, 'speed')],
)
def test_nonsense_is_refused_with_its_field_and_changes_nothing(
    door: Door, given: dict[str, object], field: str
) -> None:
    answer = protect(door, **given)
    assert answer.status_code == 422
    assert answer.json()['errors'][0]['field'] == f'protection.{field}'
    assert door.api.get('/sessions/shop').json()['protection']['preset'] == 'off'


def test_only_who_manages_sessions_chooses(door: Door) -> None:
    agent = door.by(door.key('agent'))
    assert agent.patch('/sessions/shop', json={'protection': {'preset': 'off'}}).status_code == 403
    assert agent.delete('/sessions/shop/limits/reach_out').status_code == 403
    assert agent.get('/protection/presets').status_code == 200


def test_a_message_that_waits_says_why_and_until_when(door: Door) -> None:
    protect(door, gap=[3_000, 3_000]).raise_for_status()
    first = door.sends('first').json()['id']
    until(lambda: status(door, first) in {'sent', 'delivered'})
    second = door.sends('second').json()['id']
    waits = until(lambda: door.message(second).get('waits'))
    assert waits['reason'] in {
        'Messages of this session leave 50 minutes apart.',
        'Messages of this session leave one after the other, with a little time between.',  # Anna wrote lately
    }
    assert waits['until'].endswith('Z')
    protect(door).raise_for_status()
    until(lambda: status(door, second) in {'sent', 'delivered'})
    assert 'waits' not in door.message(second)


def test_a_number_that_is_not_on_whatsapp_is_never_written_to(door: Door) -> None:
    protect(door, check_numbers=True, typing=True).raise_for_status()
    id = door.sends('hello?', to=f'+{KARL}').json()['id']
    until(lambda: status(door, id) == 'failed')
    assert door.message(id)['error'] == {'code': 'not_on_whatsapp', 'detail': 'This number is not on WhatsApp.'}
    door.api.post('/sandbox/phones', json={'phone': '15551239001', 'name': 'Lena'}).raise_for_status()
    there = door.sends('hello', to='+15551239001').json()['id']
    until(lambda: status(door, there) == 'delivered')


def test_who_opted_out_gets_nothing_automatic(door: Door) -> None:
    opted = door.api.post('/opt-outs', json={'to': f'+{ANNA}', 'source': 'Wrote STOP'})
    said = opted.json()
    assert (said['to'], said['opted_out'], said['source']) == (f'+{ANNA}', True, 'Wrote STOP')
    assert door.api.post('/opt-outs', json={'to': f'+{ANNA}', 'source': 'again'}).json() == said
    assert door.api.get(f'/opt-outs/+{ANNA}').json() == said
    anna = door.api.get('/contacts', params={'q': ANNA}).json()['items'][0]
    assert anna['opted_out'] == {'since': said['since'], 'source': 'Wrote STOP'}
    id = door.sends('an offer').json()['id']
    until(lambda: status(door, id) == 'blocked')
    assert door.message(id)['error']['code'] == 'opted_out'
    assert door.api.delete(f'/opt-outs/+{ANNA}').status_code == 204
    assert door.api.delete(f'/opt-outs/+{ANNA}').status_code == 404
    assert door.api.get(f'/opt-outs/+{ANNA}').json()['opted_out'] is False
    assert door.api.get('/opt-outs/+15559998877').json()['opted_out'] is False
    assert door.api.post('/opt-outs', json={'to': '120363@g.us'}).status_code == 422
    door.api.post(f'/messages/{id}/resend').raise_for_status()
    until(lambda: status(door, id) in {'sent', 'delivered', 'read'})


def test_who_opted_out_is_listed_page_by_page_with_their_names(door: Door) -> None:
    told: list[object] = []
    stop = door.gateway.bus.watch(lambda news: told.append(news.body) if news.kind == 'contact.updated' else None)
    numbers = [f'+1555125{n:04}' for n in range(3)]
    for number in numbers:
        door.api.post('/opt-outs', json={'to': number, 'source': 'A list of theirs'}).raise_for_status()
    stop()
    assert [body['opted_out']['source'] for body in told if 'opted_out' in body] == ['A list of theirs'] * 3  # type: ignore[operator, index]
    seen, cursor = [], ''
    while True:
        page = door.api.get('/opt-outs', params={'limit': 2, 'q': 'list of theirs', 'cursor': cursor}).json()
        seen += [each['contact']['phone'] for each in page['items']]
        if (cursor := page['next']) is None:
            break
    assert seen == numbers[::-1]
    assert [each['contact']['phone'] for each in door.api.get('/opt-outs?q=1250001').json()['items']] == [numbers[1]]
    assert door.api.get('/opt-outs', params={'cursor': 'nonsense'}).status_code == 422
    narrow = door.by(door.key('agent', 'shop'))
    assert narrow.get('/opt-outs', params={'q': 'list of theirs'}).json()['items'] == []  # the shop knows none of them
    assert narrow.post('/opt-outs', json={'to': numbers[0]}).status_code == 403
    for number in numbers:
        assert door.api.delete(f'/opt-outs/{number}').status_code == 204
    assert door.api.get('/opt-outs', params={'q': 'list of theirs'}).json()['items'] == []


def test_the_third_of_ten_new_conversations_is_refused_and_seven_wait_while_replies_go(door: Door) -> None:
    door.api.post(f'/sandbox/phones/{ANNA}/say', json={'to': SHOP, 'text': 'are you there?'}).raise_for_status()
    strangers = [f'1555124{n:04}' for n in range(10)]
    for phone in strangers:
        door.api.post('/sandbox/phones', json={'phone': phone, 'name': f'Stranger {phone[-1]}'}).raise_for_status()
    ids = [door.sends('news', to=f'+{phone}').json()['id'] for phone in strangers[:2]]
    for id in ids:
        is_now(door, id, 'sent', 'delivered')
    fault = {'kind': 'nack', 'code': 463, 'times': 1, 'phone': SHOP}
    door.api.post('/sandbox/faults', json=fault).raise_for_status()
    ids += [door.sends('news', to=f'+{phone}').json()['id'] for phone in strangers[2:]]
    until(lambda: status(door, ids[2]) == 'failed')
    assert door.message(ids[2])['error']['code'] == '463'
    (limit,) = until(lambda: door.api.get('/sessions/shop').json()['limits'])
    assert (limit['kind'], limit['stops']) == ('reach_out', 'new_conversations')

    reply = door.sends('yes, we are').json()['id']
    until(lambda: status(door, reply) == 'delivered')
    waiting = [waits_of(door, id) for id in ids[3:]]
    assert {(each['until'], each['reason']) for each in waiting} == {(limit['until'], limit['detail'])}
    assert [status(door, id) for id in ids[3:]] == ['queued'] * 7

    lifted = door.api.delete('/sessions/shop/limits/reach_out')
    assert lifted.json()['limits'] == []
    assert door.api.delete('/sessions/shop/limits/reach_out').status_code == 404
    for id in ids[3:]:
        is_now(door, id, 'delivered')
    told = door.api.get('/messages', params={'status': 'failed', 'session': 'shop'}).json()['items']
    assert ids[2] in {each['id'] for each in told}
