"""Places, cards, polls, reactions, edits and deletions through the API."""

from typing import Any

import pytest

from .conftest import ANNA, SHOP, Door, until

PLACE = {'latitude': 52.52, 'longitude': 13.405, 'name': 'The bakery', 'address': 'Market street 1'}
CARD = {'name': 'Ben Baker', 'phones': ['+15551230002']}
POLL = {'name': 'Which loaf?', 'options': ['Rye', 'Fennel']}


def post(door: Door, **what: Any) -> Any:
    return door.api.post('/messages', json={'session': 'shop', 'to': f'+{ANNA}', **what})


def arrived(door: Door, id: str) -> dict[str, Any]:
    """What Anna's phone has of it."""
    sent = until(lambda: (found := door.message(id))['whatsapp_id'] and found)

    def find() -> Any:
        items = door.api.get(f'/sandbox/phones/{ANNA}/inbox').json()['items']
        return next((item for item in items if item['id'] == sent['whatsapp_id']), None)

    return dict(until(find))


@pytest.mark.parametrize(
    ('what', 'kind', 'shown'),
    [
        ({'location': PLACE}, 'location', {'location': {**PLACE, 'live': False}}),
        ({'contact': CARD}, 'contact', {'contacts': [CARD]}),
        ({'contact': [CARD, {**CARD, 'name': 'Mia'}]}, 'contact', {'contacts': [CARD, {**CARD, 'name': 'Mia'}]}),
        ({'poll': POLL}, 'poll', {'poll': {**POLL, 'multiple': False, 'votes': []}}),
    ],
)
def test_it_reaches_the_phone_and_is_shown_as_it_was_said(
    door: Door, what: dict[str, Any], kind: str, shown: dict[str, Any]
) -> None:
    made = post(door, **what)
    assert made.status_code == 202, made.text
    assert arrived(door, made.json()['id'])['kind'] == kind
    message = door.message(made.json()['id'])
    assert {name: message[name] for name in shown} == shown
    assert message['kind'] == kind


def test_a_reaction_is_taken_back_again(door: Door) -> None:
    door.api.post(f'/sandbox/phones/{ANNA}/say', json={'to': SHOP, 'text': 'react to me'}).raise_for_status()
    asked = until(lambda: door.api.get('/messages', params={'q': 'react to me'}).json()['items'])[0]
    made = post(door, reaction={'message': asked['id'], 'emoji': '👍'})
    item = arrived(door, made.json()['id'])
    assert (item['kind'], item['text'], item['about']) == ('reaction', '👍', asked['whatsapp_id'])
    reactions = until(lambda: door.message(asked['id']).get('reactions'))
    assert [(each['emoji'], each['by']) for each in reactions] == [('👍', None)]
    post(door, reaction={'message': asked['id'], 'emoji': ''})
    until(lambda: 'reactions' not in door.message(asked['id']))
    chat = door.api.get(f'/chats/{asked["chat"]}/messages').json()['items']
    assert all(each['kind'] != 'reaction' for each in chat)


def test_a_text_is_edited_and_deleted_on_the_phone_too(door: Door) -> None:
    made = post(door, text='tomrorow').json()['id']
    arrived(door, made)
    edited = door.api.patch(f'/messages/{made}', json={'text': 'tomorrow'})
    assert edited.status_code == 202
    assert arrived(door, edited.json()['by'])['text'] == 'tomorrow'
    until(lambda: door.message(made)['text'] == 'tomorrow' and door.message(made)['edited_at'])
    deleted = door.api.delete(f'/messages/{made}')
    assert deleted.status_code == 200
    assert arrived(door, deleted.json()['by'])['kind'] == 'revoke'
    until(lambda: door.message(made).get('revoked_at'))
    again = door.api.delete(f'/messages/{made}')
    assert (again.status_code, again.json()['code']) == (409, 'message_deleted')


@pytest.mark.parametrize(
    ('what', 'status', 'field'),
    [
        ({'poll': {'name': 'One?', 'options': ['only']}}, 422, 'poll.options'),
        ({'poll': {'name': 'Same?', 'options': ['a', ' a ']}}, 422, 'poll.options'),
        ({'poll': {'name': ' ', 'options': ['a', 'b']}}, 422, 'poll.name'),
        ({'location': {'latitude': 91, 'longitude': 0}}, 422, 'location.latitude'),
        ({'location': {'latitude': 'north', 'longitude': 0}}, 422, 'location.latitude'),
        ({'contact': {'name': 'Nobody', 'phones': []}}, 422, 'contact'),
        ({'contact': []}, 422, 'contact'),
        ({'reaction': {'message': 'nothing', 'emoji': '👍'}}, 404, ''),
        ({'reaction': {'message': 'nothing', 'emoji': 'x' * 41}}, 422, 'reaction.emoji'),
        ({'text': 'a', 'poll': POLL}, 422, 'poll'),
    ],
)
def test_nonsense_is_refused_with_the_reason(door: Door, what: dict[str, Any], status: int, field: str) -> None:
    answer = post(door, **what)
    assert answer.status_code == status, answer.text
    if field:
        assert answer.json()['errors'][0]['field'].startswith(field.partition('.')[0])
    assert answer.json()['detail']


def test_what_somebody_else_wrote_cannot_be_changed(door: Door) -> None:
    door.api.post(f'/sandbox/phones/{ANNA}/say', json={'to': SHOP, 'text': 'my own words'}).raise_for_status()
    theirs = until(lambda: door.api.get('/messages', params={'q': 'my own words'}).json()['items'])[0]
    answer = door.api.patch(f'/messages/{theirs["id"]}', json={'text': 'yours'})
    assert (answer.status_code, answer.json()['code']) == (409, 'not_yours')
    assert door.api.patch(f'/messages/{theirs["id"]}', json={'text': ' '}).status_code == 422
