"""Groups, calls, the block list and presence over the API."""

import base64
import io
from typing import Any

import httpx
import pytest
from PIL import Image

from .conftest import ANNA, BEN, SHOP, Door, until

MIA = '15551230003'


def make(door: Door, name: str = 'Bakers', *members: str, **more: Any) -> dict[str, Any]:
    people = [f'+{each}' for each in members or (ANNA, BEN)]
    answer = door.api.post('/groups', json={'session': 'shop', 'name': name, 'members': people}, **more)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def theirs(door: Door, name: str) -> dict[str, Any]:
    """A group of Anna's, with Ben and us in it."""
    body = {'name': name, 'owner': ANNA, 'members': [BEN, SHOP]}
    address = door.api.post('/sandbox/groups', json=body).json()['id']
    return dict(until(lambda: known(door, address)))


def known(door: Door, address: str) -> dict[str, Any] | None:
    answer = door.api.get(f'/groups/{address}')
    return answer.json() if answer.status_code == 200 else None


def roles(group: dict[str, Any]) -> dict[str, str]:
    return {each['phone']: each['role'] for each in group['members']}


def said(door: Door, id: str) -> list[str]:
    items = door.api.get(f'/chats/{id}/messages').json()['items']
    return [each['text'] for each in items if each['kind'] == 'group_change'][::-1]


def picture(kind: str, side: int = 300) -> bytes:
    kept = io.BytesIO()
    Image.new('RGB', (side, side), 'green').save(kept, kind)
    return kept.getvalue()


def test_a_group_is_made_once_and_read(door: Door) -> None:
    headers = {'idempotency-key': 'the bakers'}
    made = make(door, 'Once', headers=headers)
    again = make(door, 'Once', headers=headers)
    assert again == made
    assert [each['done'] for each in made['outcomes']] == [True, True]
    assert roles(made) == {f'+{SHOP}': 'owner', f'+{ANNA}': 'member', f'+{BEN}': 'member'}
    assert (made['role'], made['size'], made['closed'], made['announce']) == ('owner', 3, None, False)
    for id in (made['id'], made['group']):
        assert door.api.get(f'/groups/{id}').json()['name'] == 'Once'
    listed = door.api.get('/groups', params={'session': 'shop'}).json()['items']
    assert [each['size'] for each in listed if each['id'] == made['id']] == [3]
    assert len([each for each in listed if each['name'] == 'Once']) == 1
    assert said(door, made['id']) == ['You created the group “Once”']
    other = {'session': 'shop', 'name': 'Twice', 'members': [f'+{ANNA}']}
    assert door.api.post('/groups', json=other, headers=headers).json()['code'] == 'idempotency_key_reused'


def test_lists_of_groups_come_page_by_page(door: Door) -> None:
    make(door, 'First')
    make(door, 'Second')
    one = door.api.get('/groups', params={'limit': 1}).json()
    two = door.api.get('/groups', params={'limit': 1, 'cursor': one['next']}).json()
    assert [one['items'][0]['name'], two['items'][0]['name']] == ['Second', 'First']


def test_a_group_is_renamed_described_and_closed(door: Door) -> None:
    id = make(door)['id']
    change = {'name': 'Early birds', 'description': 'We bake at four', 'announce': True, 'locked': True}
    changed = door.api.patch(f'/groups/{id}', json=change).json()
    assert {key: changed[key] for key in change} == change
    assert said(door, id)[1:] == [
        'You renamed the group to “Early birds”', 'You changed the description', 'You let only admins write',
        'You let only admins change name, photo and description',
    ]  # fmt: skip
    assert door.api.patch(f'/groups/{id}', json={'description': ''}).json()['description'] == ''
    for wrong in ({'name': ''}, {'name': 'x' * 101}, {'description': 'x' * 2049}, {'announce': 'maybe'}, {'x': 1}):
        assert door.api.patch(f'/groups/{id}', json=wrong).status_code == 422, wrong


def test_each_person_has_an_outcome(door: Door) -> None:
    door.api.post('/sandbox/phones', json={'phone': MIA, 'name': 'Mia'}).raise_for_status()
    id = make(door)['id']
    body = {'add': [f'+{MIA}', f'+{BEN}', '+15551239998'], 'promote': [f'+{ANNA}'], 'remove': [f'+{BEN}']}
    answer = door.api.post(f'/groups/{id}/members', json=body).json()
    outcomes = [(each['action'], each['person']['phone'], each['code']) for each in answer['outcomes']]
    assert outcomes == [
        ('add', f'+{MIA}', None), ('add', f'+{BEN}', '409'), ('add', '+15551239998', '404'),
        ('remove', f'+{BEN}', None), ('promote', f'+{ANNA}', None),
    ]  # fmt: skip
    assert answer['outcomes'][1]['detail'] == 'They are in this group already.'
    assert roles(answer['group']) == {f'+{SHOP}': 'owner', f'+{ANNA}': 'admin', f'+{MIA}': 'member'}
    down = door.api.post(f'/groups/{id}/members', json={'demote': [f'+{ANNA}']}).json()
    assert roles(down['group'])[f'+{ANNA}'] == 'member'
    nobody = door.api.post(f'/groups/{id}/members', json={})
    assert (nobody.status_code, nobody.json()['errors'][0]['field']) == (422, 'add')
    wrong = door.api.post(f'/groups/{id}/members', json={'add': ['x']})
    assert (wrong.status_code, wrong.json()['errors'][0]['field']) == (422, 'add.0')


@pytest.mark.parametrize('kind', ['JPEG', 'PNG'])
def test_a_photo_is_set_and_taken_away(door: Door, kind: str) -> None:
    id = make(door)['id']
    headers = {'content-type': f'image/{kind.lower()}'}
    assert door.api.put(f'/groups/{id}/photo', content=picture(kind), headers=headers).status_code == 200
    assert door.api.delete(f'/groups/{id}/photo').status_code == 200


def test_a_photo_is_named_as_in_a_message(door: Door) -> None:
    id = make(door, 'With a photo')['id']
    brought = door.api.post('/media', content=picture('PNG'), headers={'content-type': 'image/png'}).json()['id']
    given = base64.b64encode(picture('WEBP')).decode()
    for media in ({'id': brought}, {'data': given}):
        answer = door.api.put(f'/groups/{id}/photo', json={'media': media})
        assert answer.status_code == 200, answer.text
    text = door.api.post('/media', content=b'no picture', headers={'content-type': 'text/plain'}).json()['id']
    wrong: list[tuple[dict[str, str], int]] = [
        ({'id': text}, 422), ({'id': 'nothing'}, 404), ({}, 422), ({'id': brought, 'data': given}, 422),
        ({'data': '!'}, 422), ({'url': 'http://169.254.169.254/photo'}, 422), ({'data': given, 'as': 'image'}, 422),
    ]  # fmt: skip
    for media, status in wrong:
        answer = door.api.put(f'/groups/{id}/photo', json={'media': media})
        assert answer.status_code == status, (media, answer.text)
        assert answer.json()['detail']


@pytest.mark.parametrize(
    ('content', 'kind', 'status'),
    [
        (b'%PDF-1.4 no picture', 'image/jpeg', 422),
        (b'', 'image/jpeg', 422),
        (picture('JPEG', 50), 'image/jpeg', 422),
        (picture('GIF'), 'image/png', 422),
        (b'{}', 'application/json', 422),
        (b'GIF', 'image/gif', 415),
        (b'x' * (5 * 2**20 + 1), 'image/jpeg', 413),
    ],
)
def test_what_is_no_photo_is_refused(door: Door, content: bytes, kind: str, status: int) -> None:
    id = door.api.get('/groups').json()['items'][0]['id']
    answer = door.api.put(f'/groups/{id}/photo', content=content, headers={'content-type': kind})
    assert answer.status_code == status, answer.text


def test_a_link_is_shown_looked_behind_revoked_and_joined_by(door: Door) -> None:
    made = make(door, 'Open')
    old = door.api.get(f'/groups/{made["id"]}/invite').json()['link']
    behind = door.api.get('/groups/behind', params={'session': 'shop', 'link': old}).json()
    assert (behind['name'], behind['group']) == ('Open', made['group'])
    new = door.api.post(f'/groups/{made["id"]}/invite/revoke').json()['link']
    assert new != old
    gone = door.api.post('/groups/join', json={'session': 'shop', 'link': old})
    assert (gone.status_code, gone.json()['code'] in ('link_revoked', 'link_invalid')) == (409, True)
    left = door.api.post(f'/groups/{made["id"]}/leave').json()
    assert (left['role'], left['closed']) == ('gone', 'You are no longer in this group.')
    text = {'session': 'shop', 'to': made['group'], 'text': 'still there?'}
    refused = door.api.post('/messages', json=text)
    assert (refused.status_code, refused.json()['code']) == (409, 'not_in_group')
    assert door.api.get(f'/chats/{made["id"]}').json()['closed']
    joined = door.api.post('/groups/join', json={'session': 'shop', 'link': new})
    assert (joined.status_code, joined.json()['id'], joined.json()['closed']) == (201, made['id'], None)
    assert door.api.post('/messages', json=text).status_code == 202
    nonsense = door.api.post('/groups/join', json={'session': 'shop', 'link': 'https://example.org/x'})
    assert (nonsense.status_code, nonsense.json()['errors'][0]['field']) == (422, 'link')


def test_what_others_do_is_told_and_only_admins_may(door: Door) -> None:
    door.api.post(f'/sandbox/phones/{ANNA}/say', json={'to': SHOP, 'text': 'it is Anna'}).raise_for_status()
    until(lambda: door.api.get('/messages', params={'q': 'it is Anna'}).json()['items'])  # so that we know her name
    group = theirs(door, 'Regulars')
    door.sandbox.group_change(ANNA, group['group'], 'subject', text='Evening')
    until(lambda: door.api.get(f'/groups/{group["id"]}').json()['name'] == 'Evening')
    assert said(door, group['id'])[-1] == 'Anna renamed the group to “Evening”'
    refused = door.api.patch(f'/groups/{group["id"]}', json={'announce': True})
    assert (refused.status_code, refused.json()['code']) == (409, 'not_admin')
    assert 'only admins' in refused.json()['detail']
    change = next(
        each for each in door.api.get(f'/chats/{group["id"]}/messages').json()['items'] if 'group_change' in each
    )['group_change']
    assert (change['action'], change['people'], change['name']) == ('renamed', [], 'Evening')


def test_what_is_no_group_of_ours_is_not_found(door: Door) -> None:
    group = make(door)
    door.sends('a private chat')
    private = next(
        each for each in door.api.get('/chats').json()['items'] if each['kind'] == 'private'
    )['id']  # fmt: skip
    for id in (private, 'nothing', '1203630000@g.us', f'{ANNA}@s.whatsapp.net'):
        assert door.api.get(f'/groups/{id}').status_code == 404, id
    assert door.api.get('/groups/no@where').status_code == 422
    door.api.post('/sessions', json={'name': 'elsewhere', 'start': False})
    stranger = door.by(door.key('admin', 'elsewhere'))
    assert stranger.get('/groups').json()['items'] == []
    for id in (group['id'], group['group']):
        assert stranger.get(f'/groups/{id}').status_code == 404
        assert stranger.post(f'/groups/{id}/leave').status_code == 404
    viewer = door.by(door.key('viewer'))
    assert viewer.get(f'/groups/{group["id"]}').status_code == 200
    assert viewer.post(f'/groups/{group["id"]}/leave').status_code == 403
    resting = door.api.post('/groups', json={'session': 'elsewhere', 'name': 'x', 'members': [f'+{ANNA}']})
    assert (resting.status_code, resting.json()['code']) == (409, 'not_connected')


def test_a_contact_is_blocked_and_unblocked(door: Door) -> None:
    door.api.post('/sandbox/phones', json={'phone': MIA, 'name': 'Mia'}).raise_for_status()
    blocked = door.api.post('/sessions/shop/blocked', json={'contact': f'+{MIA}'})
    assert [each['phone'] for each in blocked.json()['items']] == [f'+{MIA}']
    assert door.sandbox.blocked(SHOP) == (MIA,)
    id = blocked.json()['items'][0]['id']
    assert door.api.get(f'/contacts/{id}').json()['blocked'] == ['shop']
    assert [each['id'] for each in door.api.get('/sessions/shop/blocked').json()['items']] == [id]
    refused = door.sends('hi', to=f'+{MIA}')
    assert (refused.status_code, refused.json()['code']) == (409, 'contact_blocked')
    free = door.api.delete('/sessions/shop/blocked', params={'contact': id})
    assert free.json()['items'] == []
    assert door.api.get(f'/contacts/{id}').json()['blocked'] == []
    door.sandbox.block(SHOP, MIA)  # on the phone
    until(lambda: door.api.get(f'/contacts/{id}').json()['blocked'] == ['shop'])
    door.sandbox.block(SHOP, MIA, False)
    until(lambda: not door.api.get(f'/contacts/{id}').json()['blocked'])
    for wrong in ('x', '120363@g.us'):
        assert door.api.post('/sessions/shop/blocked', json={'contact': wrong}).status_code == 422


def call_of(door: Door, id: str) -> dict[str, Any]:
    found = until(
        lambda: [
            each
            for each in door.api.get('/messages', params={'direction': 'in', 'limit': 50}).json()['items']
            if each['whatsapp_id'] == id
        ]
    )
    call: dict[str, Any] = found[0]
    return call


def test_a_call_is_shown_and_rejected_by_a_person(door: Door) -> None:
    call = call_of(door, door.sandbox.call(ANNA, SHOP, video=True))
    assert (call['kind'], call['call'], call['from']['phone']) == (
        'call', {'video': True, 'state': 'ringing'}, f'+{ANNA}',
    )  # fmt: skip
    rejected = door.api.post(f'/calls/{call["id"]}/reject')
    assert rejected.json()['call']['state'] == 'rejected', rejected.text
    over = door.api.post(f'/calls/{call["id"]}/reject')
    assert (over.status_code, over.json()['code']) == (409, 'call_over')
    assert door.api.post('/calls/nothing/reject').status_code == 404


def test_a_call_is_rejected_with_a_text_of_whoever_does_it(door: Door) -> None:
    call = call_of(door, door.sandbox.call(ANNA, SHOP))
    too_long = door.api.post(f'/calls/{call["id"]}/reject', json={'text': 'x' * 1001})
    assert (too_long.status_code, too_long.json()['errors'][0]['field']) == (422, 'text')
    rejected = door.api.post(f'/calls/{call["id"]}/reject', json={'text': 'In a meeting, please write.'})
    assert rejected.json()['call']['state'] == 'rejected', rejected.text
    until(lambda: 'In a meeting, please write.' in [each.text for each in door.sandbox.inbox(ANNA)])
    said = door.api.get('/messages', params={'q': 'In a meeting, please'}).json()['items'][0]
    assert said['author'].startswith('key:')


def test_calls_are_rejected_by_themselves_with_a_text(door: Door) -> None:
    rules = {'calls': {'reject': True, 'text': 'We cannot take calls. Please write.'}}
    assert door.api.patch('/sessions/shop', json=rules).json()['calls'] == rules['calls']
    assert door.api.get('/sessions/shop').json()['country'] is None  # what was not named stays
    try:
        id = door.sandbox.call(BEN, SHOP)
        until(lambda: call_of(door, id)['call']['state'] == 'rejected')
        until(lambda: 'We cannot take calls. Please write.' in [each.text for each in door.sandbox.inbox(BEN)])
    finally:
        off = door.api.patch('/sessions/shop', json={'calls': {'reject': False}}).json()
    assert off['calls'] == {'reject': False, 'text': 'We cannot take calls. Please write.'}
    assert door.api.patch('/sessions/shop', json={'calls': {'text': 'x' * 1001}}).status_code == 422
    assert door.api.patch('/sessions/shop', json={'presence': 'sometimes'}).status_code == 422


def test_who_is_there_is_seen(door: Door) -> None:
    assert door.api.patch('/sessions/shop', json={'presence': 'online'}).json()['presence'] == 'online'
    door.sandbox.say(ANNA, SHOP, 'is anybody there?')
    found = until(lambda: door.api.get('/messages', params={'q': 'is anybody there?'}).json()['items'])[0]
    path = f'/contacts/{found["from"]["id"]}/presence'
    door.sandbox.presence(ANNA, 'available')
    until(lambda: door.api.get(path).json()['online'] is True)
    door.sandbox.typing(ANNA, SHOP)
    until(lambda: door.api.get(path).json()['typing'] == 'typing')
    door.sandbox.presence(ANNA, 'unavailable')
    gone = until(lambda: (now := door.api.get(path).json())['online'] is False and now)
    assert gone['session'] == 'shop'
    assert gone['last_seen'].endswith('Z')
    assert door.api.get('/contacts/nothing/presence').status_code == 404
    assert door.api.patch('/sessions/shop', json={'presence': 'as_phone'}).json()['presence'] == 'as_phone'


def test_a_status_is_sent_to_the_people_of_the_address_book(door: Door) -> None:
    door.sandbox.save_contact(SHOP, ANNA, 'Anna')

    def seen() -> bool:
        answer: httpx.Response = door.sends('Fresh bread at four', to='status@broadcast')
        assert answer.status_code == 202, answer.text
        until(lambda: door.message(answer.json()['id'])['status'] in ('sent', 'delivered', 'read'))
        return 'Fresh bread at four' in [each.text for each in door.sandbox.inbox(ANNA)]

    until(seen)
