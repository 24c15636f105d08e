"""Places, cards, polls, reactions, edits and deletions through the API."""

from typing import Any

import pytest

from .conftest import ANNA, BEN, SHOP, Door, until

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
        ({'vote': {'message': 'nothing', 'options': ['Rye']}}, 404, ''),
        ({'vote': {'message': 'nothing', 'options': ['Rye'] * 13}}, 422, 'vote.options'),
        ({'vote': {'options': ['Rye']}}, 422, 'vote.message'),
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


def asked(door: Door, name: str, *, multiple: bool = False, to: str = SHOP) -> dict[str, Any]:
    """A poll of Anna's, as we have it."""
    poll = {**POLL, 'name': name, 'multiple': multiple}
    door.api.post(f'/sandbox/phones/{ANNA}/say', json={'to': to, 'poll': poll}).raise_for_status()
    return dict(until(lambda: door.api.get('/messages', params={'q': name}).json()['items'])[0])


def counted(door: Door, poll: dict[str, Any]) -> dict[str, int]:
    """The votes as Anna's phone counts them."""
    item = next(each for each in door.sandbox.conversation(ANNA) if each.id == poll['whatsapp_id'])
    return dict(zip(item.options, item.votes, strict=True))


def votes_in(door: Door, poll: dict[str, Any]) -> list[tuple[list[str], Any]]:
    return [(each['options'], each['by']) for each in door.message(poll['id'])['poll']['votes']]


def test_a_vote_is_cast_changed_and_taken_back(door: Door) -> None:
    poll = asked(door, 'Which one of these?')
    before = door.api.get(f'/chats/{poll["chat"]}').json()['last_message']
    made = {}
    for chosen, count in ((['Rye'], (1, 0)), (['Fennel'], (0, 1)), ([], (0, 0))):
        made = post(door, vote={'message': poll['id'], 'options': chosen}).json()
        until(lambda count=count: tuple(counted(door, poll).values()) == count)  # type: ignore[misc]
        shown = [(chosen, None)] if chosen else []
        until(lambda shown=shown: votes_in(door, poll) == shown)  # type: ignore[misc]
    vote = door.message(made['id'])
    assert (vote['kind'], vote['vote'], vote['about']) == ('poll_vote', {'options': []}, poll['whatsapp_id'])
    assert door.api.get(f'/chats/{poll["chat"]}').json()['last_message'] == before


def test_our_own_poll_and_one_of_a_group_can_be_voted_in(door: Door) -> None:
    own = post(door, poll={**POLL, 'name': 'Ours to vote in?', 'multiple': True}).json()['id']
    arrived(door, own)
    post(door, vote={'message': own, 'options': ['Rye', 'Fennel']})
    until(lambda: counted(door, door.message(own)) == {'Rye': 1, 'Fennel': 1})

    body = {'name': 'Voters', 'owner': ANNA, 'members': [SHOP]}
    group = door.api.post('/sandbox/groups', json=body).json()['id']
    poll = asked(door, 'And in the group?', to=group)
    made = door.api.post(
        '/messages', json={'session': 'shop', 'to': group, 'vote': {'message': poll['id'], 'options': ['Rye']}}
    )
    assert made.status_code == 202, made.text
    until(lambda: counted(door, poll) == {'Rye': 1, 'Fennel': 0})
    ours = door.api.post(
        '/messages', json={'session': 'shop', 'to': group, 'poll': {**POLL, 'name': 'Ours in the group'}}
    ).json()['id']
    arrived(door, ours)
    door.api.post('/messages', json={'session': 'shop', 'to': group, 'vote': {'message': ours, 'options': ['Fennel']}})
    until(lambda: counted(door, door.message(ours)) == {'Rye': 0, 'Fennel': 1})


def test_a_vote_that_does_not_fit_its_poll_is_refused(door: Door) -> None:
    poll = asked(door, 'Choose with care')
    for options in (['Rye', 'Fennel'], ['Rye', 'Rye'], ['Oat']):
        answer = post(door, vote={'message': poll['id'], 'options': options})
        assert (answer.status_code, answer.json()['errors'][0]['field']) == (422, 'vote.options'), answer.text
    text = post(door, text='this is no poll').json()['id']
    arrived(door, text)
    answer = post(door, vote={'message': text, 'options': ['Rye']})
    assert (answer.status_code, answer.json()['code']) == (409, 'not_a_poll')


def test_a_message_is_forwarded_to_several_or_to_nobody(door: Door) -> None:
    made = post(door, text='pass this on').json()['id']
    arrived(door, made)
    headers = {'idempotency-key': 'forward 1'}
    body = {'to': [f'+{BEN}', f'+{ANNA}', BEN]}
    answer, again = (door.api.post(f'/messages/{made}/forward', json=body, headers=headers) for _ in range(2))
    assert answer.status_code == 202, answer.text
    assert again.json() == answer.json()
    ben, anna = answer.json()['items']
    for item in (ben, anna):
        until(lambda item=item: door.message(item['id'])['whatsapp_id'])  # type: ignore[misc]
    copy = door.message(ben['id'])
    assert (copy['text'], copy['forwarded'], copy['to']['phone']) == ('pass this on', True, f'+{BEN}')
    at_ben = door.api.get(f'/sandbox/phones/{BEN}/inbox').json()['items']
    assert [each['text'] for each in at_ben if each['id'] == copy['whatsapp_id']] == ['pass this on']
    wrong = door.api.post(f'/messages/{made}/forward', json={'to': [f'+{BEN}', 'nonsense']})
    assert (wrong.status_code, wrong.json()['errors'][0]['field']) == (422, 'to.1')
    one = door.api.post(f'/messages/{made}/forward', json={'to': f'+{ANNA}', 'session': 'shop'})
    assert len(one.json()['items']) == 1


def test_what_cannot_be_forwarded_says_why(door: Door) -> None:
    poll = post(door, poll={**POLL, 'name': 'Not to be forwarded'}).json()['id']
    answer = door.api.post(f'/messages/{poll}/forward', json={'to': f'+{BEN}'})
    assert (answer.status_code, answer.json()['code']) == (409, 'not_forwardable')
    for body, status in (
        ({'to': []}, 422),
        ({}, 422),
        ({'to': ['+15551230009'] * 21}, 422),
        ({'to': f'+{BEN}', 'session': 'none'}, 404),
    ):
        assert door.api.post(f'/messages/{poll}/forward', json=body).status_code == status
    assert door.api.post('/messages/nothing/forward', json={'to': f'+{BEN}'}).status_code == 404
