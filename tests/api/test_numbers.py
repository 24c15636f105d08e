"""Numbers that are written in two ways, on the real library: WhatsApp has each under one of them."""

from typing import Any

import pytest

from .conftest import SHOP, Door, until


def phone(door: Door, number: str, name: str, **more: object) -> None:
    door.api.post('/sandbox/phones', json={'phone': number, 'name': name, **more}).raise_for_status()


def sent(door: Door, to: str, text: str) -> dict[str, Any]:
    id = door.sends(text, to=f'+{to}').json()['id']
    until(lambda: door.message(id)['status'] in ('delivered', 'failed'), 30)
    return door.message(id)


def inbox(door: Door, number: str) -> list[str]:
    return [each['text'] for each in door.api.get(f'/sandbox/phones/{number}/inbox').json()['items']]


@pytest.mark.parametrize(
    ('there', 'typed'),
    [('551187650001', '5511987650001'), ('5521987650002', '552187650002'), ('5215512340003', '525512340003'),
     ('5491123450004', '541123450004')],
)  # fmt: skip
def test_a_first_message_arrives_however_the_number_is_written(door: Door, there: str, typed: str) -> None:
    phone(door, there, f'Rita {there[-1]}')
    first = sent(door, typed, f'one for {there}')
    assert (first['status'], first['to']['phone']) == ('delivered', f'+{there}')
    second = sent(door, there, f'two for {there}')
    third = sent(door, typed, f'three for {there}')
    assert {each['to']['id'] for each in (first, second, third)} == {first['to']['id']}
    assert first['chat'] == second['chat'] == third['chat']
    assert inbox(door, there) == [f'{count} for {there}' for count in ('one', 'two', 'three')]


def test_who_wrote_under_the_one_is_answered_in_the_same_chat_under_the_other(door: Door) -> None:
    phone(door, '551187650005', 'Bia', aliases=['5511987650005'])
    told: list[dict[str, Any]] = []
    stop = door.gateway.bus.watch(lambda news: told.append(news.body) if news.kind == 'contact.resolved' else None)
    say = {'to': SHOP, 'text': 'quanto custa?'}
    door.api.post('/sandbox/phones/551187650005/say', json=say).raise_for_status()
    asked = until(lambda: door.api.get('/messages', params={'q': 'quanto custa'}).json()['items'])[0]
    answer = door.sends('cinco', to='+5511987650005').json()
    until(lambda: door.message(answer['id'])['status'] == 'delivered', 30)
    stop()
    whole = door.message(answer['id'])
    assert (whole['chat'], whole['to']['id'], whole['to']['phone']) == (
        asked['chat'], asked['from']['id'], '+551187650005'
    )  # fmt: skip
    if answer['chat'] != asked['chat']:  # it was another one when the answer was posted
        assert door.api.get(f'/chats/{answer["chat"]}').status_code == 404
        assert {answer['chat']: asked['chat']} in [each.get('chats') for each in told]
    assert 'cinco' in inbox(door, '551187650005')
    found = door.api.get('/contacts', params={'q': '87650005'}).json()['items']
    assert [each['phone'] for each in found] == ['+551187650005']


def test_a_check_gives_the_number_that_is_there(door: Door) -> None:
    phone(door, '551187650006', 'Caio')
    body = {'session': 'shop', 'phones': ['+5511987650006', '+551187650006', '+5511987650007']}
    items = door.api.post('/contacts/check', json=body).json()['items']
    there = {'on_whatsapp': True, 'number': '+551187650006', 'address': '551187650006@s.whatsapp.net'}
    assert items == [
        {'phone': '+5511987650006', **there}, {'phone': '+551187650006', **there},
        {'phone': '+5511987650007', 'on_whatsapp': False, 'number': None, 'address': None},
    ]  # fmt: skip
    nobody = sent(door, '5511987650007', 'anybody there?')
    assert (nobody['status'], nobody['error']['code']) == ('failed', 'not_on_whatsapp')
    assert sent(door, '5511987650006', 'oi')['to']['phone'] == '+551187650006'
