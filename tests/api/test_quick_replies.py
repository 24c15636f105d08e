"""Quick replies and notes over the API."""

from .conftest import Door, until
from .test_chats import chat_of, says


def test_a_quick_reply_is_made_found_changed_and_deleted(door: Door) -> None:
    new = {'key': 'hours', 'text': 'Hi {{ contact.name }}, from 7 to 18.'}
    headers = {'idempotency-key': 'hours'}
    made = door.api.post('/quick-replies', json=new, headers=headers)
    assert made.status_code == 201, made.text
    assert (made.json()['key'], made.json()['text']) == ('hours', new['text'])
    assert door.api.post('/quick-replies', json=new, headers=headers).json() == made.json()
    taken = door.api.post('/quick-replies', json=new)
    assert (taken.status_code, taken.json()['code']) == (409, 'already_exists')
    assert door.api.patch('/quick-replies/hours', json={'text': 'From 8.'}).json()['text'] == 'From 8.'
    assert door.api.get('/quick-replies/hours').json()['text'] == 'From 8.'
    door.api.post('/quick-replies', json={'key': 'about', 'text': 'us'}).raise_for_status()
    first = door.api.get('/quick-replies', params={'limit': 1}).json()
    second = door.api.get('/quick-replies', params={'limit': 1, 'cursor': first['next']}).json()
    assert [page['items'][0]['key'] for page in (first, second)] == ['about', 'hours']
    for key in ('about', 'hours'):
        assert door.api.delete(f'/quick-replies/{key}').status_code == 204
    assert door.api.get('/quick-replies/hours').status_code == 404
    assert door.api.delete('/quick-replies/hours').status_code == 404


def test_a_wrong_quick_reply_says_where(door: Door) -> None:
    wrong = door.api.post('/quick-replies', json={'key': 'a', 'text': '{{ contact.name'})
    assert wrong.status_code == 422
    assert wrong.json()['errors'][0]['field'] == 'text'


def test_only_who_answers_chats_may_write_them(door: Door) -> None:
    viewer, some = door.by(door.key('viewer')), door.by(door.key('agent', 'shop'))
    new = {'key': 'mine', 'text': 'x'}
    assert viewer.post('/quick-replies', json=new).status_code == 403
    assert viewer.get('/quick-replies').status_code == 200
    assert some.post('/quick-replies', json=new).status_code == 403


def test_a_note_is_kept_beside_the_chat_and_never_sent(door: Door) -> None:
    says(door, 'a chat with notes')
    chat = chat_of(door, 'a chat with notes')['id']
    until(lambda: door.api.get(f'/chats/{chat}').json()['unread'])
    for text in ('pays by invoice', 'likes rye'):
        made = door.api.post(f'/chats/{chat}/notes', json={'text': text})
        assert made.status_code == 201, made.text
    first = door.api.get(f'/chats/{chat}/notes', params={'limit': 1}).json()
    second = door.api.get(f'/chats/{chat}/notes', params={'limit': 1, 'cursor': first['next']}).json()
    assert [page['items'][0]['text'] for page in (first, second)] == ['likes rye', 'pays by invoice']
    assert first['items'][0]['author'].startswith('key:')
    assert door.api.get('/messages', params={'q': 'pays by invoice'}).json()['items'] == []
    assert door.api.post(f'/chats/{chat}/notes', json={'text': ' '}).status_code == 422
    assert door.api.post('/chats/nothing/notes', json={'text': 'x'}).status_code == 404
    assert door.by(door.key('viewer')).post(f'/chats/{chat}/notes', json={'text': 'x'}).status_code == 403
