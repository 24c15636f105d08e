"""Who is let in, and what they may see and do."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest

from core.rights import RIGHTS, Role
from ui.api.asking import PUBLIC
from ui.guard import COOKIE

from .conftest import ANNA, PASSWORD, Door, until


def test_without_a_key_nothing_is_told(door: Door) -> None:
    stranger = door.client()
    answer = stranger.get('/sessions')
    assert answer.status_code == 401
    assert answer.headers['www-authenticate'] == 'Bearer realm="Dovecote"'
    assert answer.json()['code'] == 'unauthorized'
    assert stranger.post('/messages', content=b'nonsense').status_code == 401


@pytest.mark.parametrize('said', ['Bearer', 'Bearer x', 'Basic dXNlcjpwYXNz', 'Bearer dvc_00000000_' + '0' * 48, 'ü'])
def test_a_wrong_key_is_refused(door: Door, said: str) -> None:
    answer = httpx.get(
        f'{door.url}/api/v1/me', headers=[(b'authorization', said.encode())], trust_env=False, timeout=30
    )
    assert answer.status_code == 401


def test_a_key_is_taken_from_either_header(door: Door) -> None:
    key = door.key('viewer')
    assert door.client(authorization=f'bearer {key}').get('/me').json()['role'] == 'viewer'
    assert door.client(**{'x-api-key': key}).get('/me').json()['name'] == 'viewer key'
    behind_a_proxy = door.client(**{'x-api-key': key, 'authorization': 'Basic dXNlcjpwYXNz'})
    assert behind_a_proxy.get('/me').status_code == 200


def test_a_revoked_or_expired_key_is_refused_at_once(door: Door) -> None:
    made = door.api.post('/keys', json={'name': 'short', 'role': 'viewer'}).json()
    short = door.by(made['key'])
    assert short.get('/me').status_code == 200
    assert door.api.delete(f'/keys/{made["id"]}').status_code == 204
    assert short.get('/me').status_code == 401
    now = door.gateway.world.now()
    old = {'name': 'old', 'role': 'viewer', 'expires_at': (now - timedelta(days=1)).isoformat()}
    assert door.api.post('/keys', json=old).status_code == 422


def test_a_key_is_shown_once_and_kept_as_a_hash(door: Door) -> None:
    headers = {'idempotency-key': 'a key for the CRM'}
    body = {'name': 'CRM', 'role': 'agent', 'sessions': ['shop']}
    first = door.api.post('/keys', json=body, headers=headers)
    assert first.status_code == 201
    assert first.json()['sessions'] == ['shop']
    assert 'idempotent-replayed' not in first.headers
    again = door.api.post('/keys', json=body, headers=headers)
    assert again.json() == first.json()
    assert again.headers['idempotent-replayed'] == 'true'
    secret = first.json()['key']
    shown = door.api.get(f'/keys/{first.json()["id"]}')
    assert 'key' not in shown.json()
    files = b''.join(path.read_bytes() for path in door.gateway.state.db.parent.glob('dovecote.db*'))
    assert secret.rpartition('_')[2].encode() not in files


def test_nobody_hands_out_more_than_they_have(door: Door) -> None:
    admin = door.by(door.key('admin'))
    assert admin.post('/keys', json={'name': 'too much', 'role': 'owner'}).status_code == 403
    limited = door.by(door.key('admin', 'shop'))
    assert limited.post('/keys', json={'name': 'for all', 'role': 'viewer'}).status_code == 403
    assert limited.post('/sessions', json={'name': 'mine'}).status_code == 403
    assert limited.get('/users').status_code == 403


def routes(door: Door) -> list[tuple[str, str, str]]:
    """(method, path, right) of everything there is."""
    document = door.api.get('/openapi.json').json()
    assert len(document['paths']) > 30
    found = []
    for route in door.reference:
        path = route.path_format.replace('{', '').replace('}', '')
        found += [(method, path, route.said.right) for method in route.methods or ()]
    return found


@pytest.mark.parametrize('role', ['viewer', 'agent', 'admin'])
def test_a_role_is_refused_exactly_what_it_has_no_right_to(door: Door, role: Role) -> None:
    asks = httpx.Client(base_url=door.url, headers={'authorization': f'Bearer {door.key(role, "shop")}'},
                        trust_env=False, timeout=20)  # fmt: skip
    with asks:
        for method, path, right in routes(door):
            if right in (PUBLIC, 'key') or path == '/api/v1/events':
                continue
            answer = asks.request(method, path)
            if right not in RIGHTS[role]:
                assert answer.status_code == 403, (method, path, answer.text)
                assert f'The role {role} may not' in answer.json()['detail']
            assert answer.status_code < 500, (method, path, answer.text)


def test_everything_but_health_needs_a_key(door: Door) -> None:
    with httpx.Client(base_url=door.url, trust_env=False, verify=False, timeout=30) as stranger:
        for method, path, right in routes(door):
            status = stranger.request(method, path).status_code
            assert (status == 401) == (right != PUBLIC), (method, path)


def test_a_key_for_one_session_does_not_know_the_others(door: Door) -> None:
    door.api.post('/sessions', json={'name': 'other', 'start': False}).raise_for_status()
    id = door.sends('for the shop only').json()['id']
    message = until(lambda: door.message(id))
    stranger = door.by(door.key('admin', 'other'))
    assert [each['name'] for each in stranger.get('/sessions').json()['items']] == ['other']
    assert stranger.get('/me').json()['sessions'] == ['other']
    for path in ('/messages', '/chats', '/contacts', '/runs'):
        assert stranger.get(path).json()['items'] == [], path
    assert [host['sessions'] for host in stranger.get('/hosts').json()] == [[]]
    for path in (f'/messages/{id}', f'/chats/{message["chat"]}', f'/chats/{message["chat"]}/messages',
                 f'/contacts/{message["to"]["id"]}', '/sessions/shop', '/sessions/shop/qr', '/messages?session=shop',
                 '/chats?session=shop', '/events?session=shop'):  # fmt: skip
        assert stranger.get(path).status_code == 404, path
    text = {'session': 'shop', 'to': ANNA, 'text': 'hi'}
    assert stranger.post('/messages', json=text).status_code == 404
    for method, path in (('POST', f'/messages/{id}/resend'), ('DELETE', f'/messages/{id}'),
                         ('POST', f'/chats/{message["chat"]}/read'), ('POST', '/sessions/shop/stop'),
                         ('DELETE', '/sessions/shop')):  # fmt: skip
        assert stranger.request(method, path).status_code == 404, path
    phones = {'session': 'shop', 'phones': [ANNA]}
    assert stranger.post('/contacts/check', json=phones).status_code == 404


def test_the_sign_in_of_our_own_pages_opens_the_api_too(door: Door) -> None:
    person = door.person('viewer')
    token = door.gateway.people.sign_in(person.email, PASSWORD, '127.0.0.1', 'a browser')
    page = door.client(cookie=f'{COOKIE}={token}', origin=door.url)
    assert page.get('/me').json() == {**page.get('/me').json(), 'kind': 'user', 'name': 'Mia'}
    assert page.post('/messages', json={}).status_code == 403  # a viewer sends nothing
    foreign = door.client(cookie=f'{COOKIE}={token}', origin='https://evil.example')
    assert foreign.post('/messages', json={}).json()['code'] == 'foreign_origin'
    door.gateway.people.sign_out(token)
    assert page.get('/me').status_code == 401


def test_people_are_added_changed_and_shut_out(door: Door) -> None:
    body = {'email': 'ben@example.org', 'name': 'Ben', 'role': 'agent', 'password': PASSWORD}
    made = door.api.post('/users', json=body, headers={'idempotency-key': 'ben'})
    assert made.status_code == 201
    assert 'password' not in made.text
    assert door.api.post('/users', json=body, headers={'idempotency-key': 'ben'}).text == made.text
    assert door.api.post('/users', json=body).json()['code'] == 'email_taken'
    path = f'/users/{made.json()["id"]}'
    assert door.api.patch(path, json={'role': 'viewer'}).json()['role'] == 'viewer'
    assert door.api.patch(path, json={'role': 'king'}).status_code == 422
    assert door.api.delete(path).status_code == 204
    assert door.api.get(path).json()['active'] is False
    assert door.api.patch(path, json={'active': True}).json()['active'] is True
    assert 'ben@example.org' in [each['email'] for each in door.api.get('/users').json()['items']]


def test_a_change_of_somebody_is_made_whole_or_not_at_all(door: Door) -> None:
    person = door.person('agent')
    path = f'/users/{person.id}'
    for wrong in ({'role': 'viewer', 'password': 'short'}, {'active': False, 'password': person.email}):
        assert door.api.patch(path, json=wrong).status_code == 422
        found = door.api.get(path).json()
        assert (found['role'], found['active']) == ('agent', True)
    token = door.gateway.people.sign_in(person.email, PASSWORD, '127.0.0.1', 'a browser')
    whole = door.api.patch(path, json={'role': 'viewer', 'password': 'another horse', 'active': True})
    assert (whole.status_code, whole.json()['role']) == (200, 'viewer')
    assert door.gateway.people.asker_of(token) is None
    assert door.gateway.people.sign_in(person.email, 'another horse', '127.0.0.1', 'a browser')
    assert door.api.patch(path, json={}).json()['role'] == 'viewer'


def test_somebody_is_added_once_however_many_ask_at_the_same_time(door: Door) -> None:
    body = {'email': 'dora@example.org', 'role': 'agent', 'password': PASSWORD}
    with ThreadPoolExecutor(6) as many:
        asked = [many.submit(door.api.post, '/users', json=body, headers={'idempotency-key': 'dora'}) for _ in range(6)]
        answers = [each.result() for each in asked]
    assert {(answer.status_code, answer.text) for answer in answers} == {(201, answers[0].text)}
    assert sum('idempotent-replayed' not in answer.headers for answer in answers) == 1


def test_many_wrong_keys_have_to_wait_but_a_right_one_never(door: Door) -> None:
    wrong = door.by('dvc_00000000_' + '1' * 48)
    answer = next(answer for _ in range(60) if (answer := wrong.get('/me')).status_code == 429)
    assert int(answer.headers['retry-after']) >= 1
    assert answer.json()['retry'] is True
    assert door.api.get('/me').status_code == 200
