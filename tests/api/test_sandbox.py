"""The simulated phones by REST: what a script can have a person do."""

import base64
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from ui.api.lists import Page
from ui.api.sandbox_talk import ItemOut

from .conftest import ANNA, BEN, SHOP, Door, until

PICTURE = Path(__file__).parent.parent / 'sandbox' / 'picture.jpg'
BASE64 = base64.b64encode(PICTURE.read_bytes()).decode()


def does(door: Door, phone: str, act: str, /, **body: Any) -> Any:
    answer = door.api.post(f'/sandbox/phones/{phone}/{act}', json=body)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def says(door: Door, phone: str, **body: Any) -> str:
    return str(does(door, phone, 'say', **body)['id'])


def shown(door: Door, phone: str, message: str) -> Any:
    """The message as that phone shows it, once it is there."""

    def look() -> Any:
        items = door.api.get(f'/sandbox/phones/{phone}/conversation').json()['items']
        return next((each for each in items if each['id'] == message), None)

    return until(look)


def test_a_phone_says_everything_that_people_say(door: Door) -> None:
    place = says(door, ANNA, to=BEN, location={'latitude': 52.5, 'longitude': 13.25, 'name': 'Here'})
    assert shown(door, BEN, place)['location'] == {'latitude': 52.5, 'longitude': 13.25, 'name': 'Here', 'address': ''}
    card = says(door, ANNA, to=BEN, contact={'name': 'Cleo', 'phones': ['+15551230009']})
    assert shown(door, BEN, card)['phones'] == ['+15551230009']
    media = {'data': BASE64, 'mime': 'image/jpeg', 'caption': 'look', 'view_once': True}
    picture = says(door, ANNA, to=BEN, media=media)
    found = shown(door, BEN, picture)
    assert (found['kind'], found['text'], found['view_once']) == ('image', 'look', True)
    answer = says(door, BEN, to=ANNA, text='nice', quote=picture, mentions=[ANNA])
    assert shown(door, ANNA, answer)['quotes'] == picture
    forwarded = does(door, BEN, 'forward', message=card, to=ANNA)['id']
    assert shown(door, ANNA, forwarded)['forwarded'] is True


def test_a_poll_is_voted_in_and_counted(door: Door) -> None:
    poll = says(door, ANNA, to=BEN, poll={'name': 'Tea?', 'options': ['Yes', 'No']})
    shown(door, BEN, poll)
    vote = does(door, BEN, 'vote', message=poll, options=['Yes'])['id']
    assert shown(door, ANNA, vote)['voted'] == ['Yes']
    assert shown(door, ANNA, poll)['options'] == [
        {'option': 'Yes', 'votes': 1, 'chosen': False},
        {'option': 'No', 'votes': 0, 'chosen': False},
    ]
    assert shown(door, BEN, poll)['options'][0]['chosen'] is True


def test_messages_are_edited_deleted_and_reacted_to(door: Door) -> None:
    text = says(door, ANNA, to=BEN, text='one')
    does(door, ANNA, 'edit', message=text, text='two')
    until(lambda: shown(door, BEN, text)['text'] == 'two')
    does(door, BEN, 'react', message=text, emoji='👍')
    until(lambda: shown(door, ANNA, text)['reactions'] == [{'from': BEN, 'emoji': '👍'}])
    does(door, ANNA, 'revoke', message=text)
    until(lambda: shown(door, BEN, text).get('revoked'))
    assert door.api.post(f'/sandbox/phones/{BEN}/revoke', json={'message': text}).json()['code'] == 'not_yours'


def test_a_file_comes_back_and_never_as_a_page(door: Door) -> None:
    picture = says(door, ANNA, to=BEN, media={'data': BASE64, 'mime': 'image/jpeg'})
    shown(door, BEN, picture)
    answer = door.api.get(f'/sandbox/phones/{BEN}/media/{picture}')
    assert (answer.content, answer.headers['content-type']) == (PICTURE.read_bytes(), 'image/jpeg')
    page = base64.b64encode(b'<script>alert(1)</script>').decode()
    evil = says(door, ANNA, to=BEN, media={'data': page, 'mime': 'text/html', 'filename': 'evil.html'})
    shown(door, BEN, evil)
    answer = door.api.get(f'/sandbox/phones/{BEN}/media/{evil}')
    assert answer.headers['content-type'] == 'application/octet-stream'
    assert answer.headers['content-disposition'] == 'attachment'
    text = says(door, ANNA, to=BEN, text='no file')
    shown(door, BEN, text)
    assert door.api.get(f'/sandbox/phones/{BEN}/media/{text}').status_code == 404
    assert door.api.get(f'/sandbox/phones/{BEN}/media/nonsense').status_code == 404


def test_people_call_block_show_a_status_and_come_and_go(door: Door) -> None:
    call = does(door, ANNA, 'call', to=BEN, video=True)['id']
    assert (shown(door, BEN, call)['kind'], shown(door, BEN, call)['video']) == ('call', True)
    assert does(door, ANNA, 'hang-up') == {'ended': 1}
    assert shown(door, BEN, call)['text'] == 'missed'
    assert does(door, BEN, 'block', phone=ANNA) == {'items': [ANNA]}
    assert door.api.get(f'/sandbox/phones/{BEN}/block').json() == {'items': [ANNA]}
    assert does(door, BEN, 'block', phone=ANNA, blocked=False) == {'items': []}
    status = does(door, ANNA, 'status', text='Gone fishing')['id']
    assert shown(door, BEN, status)['chat'] == 'status@broadcast'
    assert does(door, ANNA, 'status', media={'data': BASE64, 'mime': 'image/jpeg', 'caption': 'My boat'})['id']
    does(door, ANNA, 'presence', state='available')
    does(door, ANNA, 'presence', state='composing', to=SHOP)
    does(door, ANNA, 'contacts', phone=SHOP, name='The bakery')
    assert does(door, ANNA, 'picture', data=BASE64)['picture']
    does(door, ANNA, 'history', chats=5, messages=50)
    old = does(door, ANNA, 'remember', chat=SHOP, text='long ago', at='2026-01-01T12:00:00Z')['id']
    assert shown(door, ANNA, old)['at'].startswith('2026-01-01T12:00:00')


def test_a_group_is_changed_by_its_members(door: Door) -> None:
    made = door.api.post('/sandbox/groups', json={'name': 'Tea', 'owner': ANNA, 'members': [BEN]}).json()

    def change(phone: str, action: str, **more: Any) -> Any:
        return door.api.post(f'/sandbox/groups/{made["id"]}/change', json={'phone': phone, 'action': action, **more})

    assert change(ANNA, 'announcement').json()['announce'] is True
    assert change(ANNA, 'add', members=[SHOP]).json()['members'] == [ANNA, BEN, SHOP]
    assert change(ANNA, 'picture', data=BASE64).json()['picture']
    assert change(BEN, 'subject', text='Coffee').json()['name'] == 'Coffee'
    refused = change(BEN, 'announcement')
    assert (refused.status_code, refused.json()['code']) == (409, 'refused')
    assert change(ANNA, 'explode').status_code == 422
    assert [each for each in door.api.get('/sandbox/groups').json()['items'] if each['id'] == made['id']]


@pytest.mark.parametrize(
    ('act', 'body'),
    [
        ('say', {'to': BEN}),
        ('say', {'to': BEN, 'text': 'a', 'poll': {'name': 'b', 'options': ['c', 'd']}}),
        ('say', {'to': BEN, 'poll': {'name': 'one', 'options': ['only']}}),
        ('say', {'to': BEN, 'location': {'latitude': 200, 'longitude': 0}}),
        ('say', {'to': BEN, 'media': {'data': '!', 'mime': 'image/png'}}),
        ('status', {}),
        ('presence', {'state': 'asleep'}),
        ('remember', {'chat': BEN, 'text': 'x', 'at': 'yesterday'}),
        ('history', {'chats': -1, 'messages': 0}),
        ('edit', {'message': 'x', 'text': ''}),
    ],
)
def test_nonsense_is_told_to_be_nonsense(door: Door, act: str, body: dict[str, Any]) -> None:
    answer = door.api.post(f'/sandbox/phones/{ANNA}/{act}', json=body)
    assert answer.status_code == 422, answer.text
    assert answer.headers['content-type'] == 'application/problem+json'


def test_what_a_phone_shows_is_as_described(door: Door) -> None:
    answer = door.api.get(f'/sandbox/phones/{ANNA}/conversation')
    TypeAdapter(Page[ItemOut]).validate_json(answer.content, strict=True)
    latest = door.api.get(f'/sandbox/phones/{ANNA}/conversation', params={'chat': BEN, 'latest': 2}).json()['items']
    assert len(latest) == 2
    assert {each['chat'] for each in latest} == {BEN}
