"""Chats, contacts and flows over the API."""

from typing import Any

from ui.sample import sample_flow

from .conftest import ANNA, BEN, SHOP, Door, until


def says(door: Door, text: str, phone: str = ANNA) -> None:
    door.api.post(f'/sandbox/phones/{phone}/say', json={'to': SHOP, 'text': text}).raise_for_status()


def chat_of(door: Door, text: str) -> dict[str, Any]:
    found = until(lambda: door.api.get('/messages', params={'q': text, 'direction': 'in'}).json()['items'])
    chat: dict[str, Any] = door.api.get(f'/chats/{found[0]["chat"]}').json()
    return chat


def test_a_chat_is_read(door: Door) -> None:
    says(door, 'Somebody at home?')
    door.api.post(
        f'/chats/{chat_of(door, "Somebody at home?")["id"]}/read'
    ).raise_for_status()  # whatever else waited in it
    says(door, 'Is it open on Sunday?')
    chat = chat_of(door, 'Is it open on Sunday?')
    assert (chat['name'], chat['unread']) == ('Anna', 1)
    assert chat['id'] in [each['id'] for each in door.api.get('/chats', params={'unread': True}).json()['items']]
    assert door.api.get(f'/chats/{chat["id"]}/messages').json()['items'][0]['text'] == 'Is it open on Sunday?'
    read = door.api.post(f'/chats/{chat["id"]}/read').json()
    assert read == {'chat': chat['id'], 'unread': 0, 'receipts': 1}
    assert door.api.get(f'/chats/{chat["id"]}').json()['unread'] == 0
    assert door.api.post(f'/chats/{chat["id"]}/typing').status_code == 204
    assert door.api.post(f'/chats/{chat["id"]}/typing', json={'state': 'dancing'}).status_code == 422


def test_chats_are_listed_newest_first_page_by_page(door: Door) -> None:
    says(door, 'first of two')
    chat_of(door, 'first of two')
    says(door, 'second of two', BEN)
    chat_of(door, 'second of two')
    first = door.api.get('/chats', params={'limit': 1}).json()
    second = door.api.get('/chats', params={'limit': 1, 'cursor': first['next']}).json()
    assert [first['items'][0]['name'], second['items'][0]['name']] == ['Ben', 'Anna']
    assert [each['name'] for each in door.api.get('/chats', params={'q': 'ann'}).json()['items']] == ['Anna']


def test_a_person_takes_over_and_hands_back(door: Door) -> None:
    says(door, 'I want a person')
    id = chat_of(door, 'I want a person')['id']
    colleague = door.person('agent')
    change = {'automation': 'human', 'until': '2090-01-01T00:00:00Z', 'assigned_to': colleague.id}
    taken = door.api.patch(f'/chats/{id}', json=change).json()
    assert (taken['automation'], taken['human_until'], taken['assigned_to']) == (
        'human', '2090-01-01T00:00:00.000Z', colleague.id,
    )  # fmt: skip
    assert door.api.patch(f'/chats/{id}', json={'assigned_to': None}).json()['assigned_to'] is None
    back = door.api.patch(f'/chats/{id}', json={'automation': 'bot'}).json()
    assert (back['automation'], back['human_until']) == ('bot', None)
    for wrong in ({'until': '2090-01-01T00:00:00Z'}, {'automation': 'human', 'until': '2020-01-01T00:00:00Z'},
                  {'automation': 'cat'}, {'assigned_to': 'nobody'}):  # fmt: skip
        assert door.api.patch(f'/chats/{id}', json=wrong).status_code == 422, wrong


def test_contacts_are_found_and_numbers_looked_up(door: Door) -> None:
    says(door, 'hello from Anna')
    chat_of(door, 'hello from Anna')
    found = door.api.get('/contacts', params={'q': 'anna'}).json()['items']
    assert [each['phone'] for each in found] == [f'+{ANNA}']
    assert door.api.get(f'/contacts/{found[0]["id"]}').json()['name'] == 'Anna'
    asked = door.api.post('/contacts/check', json={'session': 'shop', 'phones': [f'+{ANNA}', '+15551239999']})
    assert [each['on_whatsapp'] for each in asked.json()['items']] == [True, False], asked.text
    wrong = door.api.post('/contacts/check', json={'session': 'shop', 'phones': [ANNA, 'x']})
    assert wrong.json()['errors'][0]['field'] == 'phones.1'


def test_a_flow_answers_until_it_is_switched_off(door: Door) -> None:
    door.gateway.library.save(sample_flow('welcome'))
    assert door.api.get('/flows/welcome').json()['enabled'] is True
    says(door, 'hello, opening hours please', BEN)
    run = until(lambda: door.api.get('/runs', params={'flow': 'welcome'}).json()['items'])[0]
    whole = door.api.get(f'/runs/{run["id"]}').json()
    assert whole['state'] == 'finished'
    assert whole['steps']
    off = door.api.patch('/flows/welcome', json={'enabled': False})
    assert off.json()['enabled'] is False
    flows = {each['key']: each['enabled'] for each in door.api.get('/flows').json()['items']}
    assert flows['welcome'] is False
    assert door.api.patch('/flows/welcome', json={'enabled': 'maybe'}).status_code == 422
    assert door.api.patch('/flows/none', json={'enabled': True}).status_code == 404


def test_the_sandbox_does_as_it_is_told(door: Door) -> None:
    group = door.api.post('/sandbox/groups', json={'name': 'Regulars', 'owner': ANNA, 'members': [BEN, SHOP]})
    assert group.status_code == 201, group.text
    address = group.json()['id']
    said = door.api.post(f'/sandbox/phones/{ANNA}/say', json={'to': address, 'text': 'hi all'})
    assert said.json()['id']
    message = until(lambda: door.api.get('/messages', params={'q': 'hi all'}).json()['items'])[0]
    assert message['group']['group'] == address
    assert message['from']['name'] == 'Anna'
    sent = door.sends('hi group', to=address)
    until(lambda: door.message(sent.json()['id'])['status'] in ('sent', 'delivered'))
    assert door.api.patch(f'/sandbox/phones/{BEN}', json={'offline': True}).json()['offline'] is True
    assert door.api.post(f'/sandbox/phones/{BEN}/say', json={'to': SHOP, 'text': 'x'}).json()['code'] == 'phone_off'
    assert door.api.patch(f'/sandbox/phones/{BEN}', json={'offline': False}).json()['offline'] is False
    fault = {'kind': 'latency', 'ms': 5}
    assert door.api.post('/sandbox/faults', json=fault).status_code == 201
    assert [each['kind'] for each in door.api.get('/sandbox/faults').json()['items']] == ['latency']
    assert door.api.delete('/sandbox/faults').status_code == 200
    assert door.api.get('/sandbox/faults').json()['items'] == []
    for wrong in ({'kind': 'rain'}, {'kind': 'drop'}, {'kind': 'nack', 'code': 'x'}, {'kind': 'latency', 'ms': 1e300}):
        assert door.api.post('/sandbox/faults', json=wrong).status_code == 422, wrong
    assert door.api.post('/sandbox/phones', json={'phone': '12', 'name': 'x'}).status_code == 422
    nothing = door.api.post(f'/sandbox/phones/{ANNA}/say', json={'to': SHOP})
    assert nothing.status_code == 422
