"""Whatever comes in, a caller is told what is wrong in one form, and nothing breaks."""

import json
import socket
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from .conftest import ANNA, Door

TEXT = {'session': 'shop', 'to': f'+{ANNA}', 'text': 'hi'}


def problem(answer: httpx.Response, status: int, code: str = '') -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers['content-type'] == 'application/problem+json'
    body: dict[str, Any] = answer.json()
    assert body['status'] == status
    assert body['detail'].endswith('.')
    assert isinstance(body['retry'], bool)
    assert not code or body['code'] == code
    assert 'Traceback' not in answer.text
    return body


@pytest.mark.parametrize(
    'body', [b'', b'{', b'hello', b'\xff\xfe', b'{"session": "shop",}', b'[' * 20_000, b'{"text": "\\ud800"}', b'NaN']
)
def test_a_body_that_is_not_json_is_refused(door: Door, body: bytes) -> None:
    answer = door.api.post('/messages', content=body, headers={'content-type': 'application/json'})
    problem(answer, 422, 'bad_body')


@pytest.mark.parametrize('body', ['[]', '"hi"', '5', 'null'])
def test_json_that_is_no_object_is_refused(door: Door, body: str) -> None:
    answer = door.api.post('/messages', content=body, headers={'content-type': 'application/json'})
    problem(answer, 422, 'bad_body')


@pytest.mark.parametrize('kind', ['text/plain', 'application/x-www-form-urlencoded', ''])
def test_a_body_must_say_that_it_is_json(door: Door, kind: str) -> None:
    headers = {'content-type': kind} if kind else {}
    problem(door.api.post('/messages', content=json.dumps(TEXT).encode(), headers=headers), 415)


@pytest.mark.parametrize(
    ('change', 'field'),
    [
        ({'to': '12'}, 'to'),
        ({'to': '+1555CALLNOW'}, 'to'),
        ({'to': ''}, 'to'),
        ({'to': 'anna@example.org'}, 'to'),
        ({'to': None}, 'to'),
        ({'to': 15551230001}, 'to'),
        ({'text': '   '}, 'text'),
        ({'text': None}, 'text'),
        ({'text': 5}, 'text'),
        ({'text': 'x' * 65_537}, 'text'),
        ({'txt': 'hi'}, 'txt'),
        ({'mentions': ['nobody']}, 'mentions'),
        ({'mentions': 'anna'}, 'mentions'),
        ({'reply_to': 'nothing'}, 'reply_to'),
        ({'poll': {'name': 'x', 'options': []}}, 'poll'),
    ],
)
def test_a_wrong_field_is_named_with_the_reason(door: Door, change: dict[str, Any], field: str) -> None:
    body = problem(door.api.post('/messages', json={**TEXT, **change}), 422)
    assert body['errors'][0]['field'] == field
    assert body['errors'][0]['detail']


def test_what_cannot_be_sent_yet_is_said_honestly(door: Door) -> None:
    problem(door.sends('later', send_at='2027-01-01T09:00:00Z'), 422, 'kind_not_supported_yet')


def test_every_missing_field_is_named(door: Door) -> None:
    body = problem(door.api.post('/messages', json={}), 422, 'invalid')
    assert [each['field'] for each in body['errors']] == ['session', 'to']


def test_two_megabytes_of_text_are_too_much(door: Door) -> None:
    problem(door.api.post('/messages', json={**TEXT, 'text': 'x' * 2_000_000}), 413, 'too_large')


def test_strange_characters_are_only_text(door: Door) -> None:
    text = 'nul \x00, rtl \u202e, smile 😀, \u2028, <script>, {{ contact.name }}'
    id = door.sends(text).json()['id']
    assert door.message(id)['text'] == text


def test_a_session_or_message_that_nobody_has_is_not_found(door: Door) -> None:
    problem(door.sends('hi', session='nowhere'), 404, 'not_found')
    problem(door.sends('hi', to='01ARZ3NDEKTSV4RRFFQ69G5FAV'), 404, 'not_found')
    for path in ('/messages/x', '/sessions/x', '/chats/x', '/chats/x/messages', '/contacts/x', '/keys/x', '/users/x',
                 '/flows/x', '/runs/x', '/sessions/x/qr', '/sessions/x/history', '/sandbox/phones/999/inbox',
                 '/messages?session=x', '/events?session=x', '/nothing', '/sessions/%00'):  # fmt: skip
        problem(door.api.get(path), 404)


def test_a_method_that_is_not_there_is_told_which_are(door: Door) -> None:
    answer = door.api.put('/sessions/shop')
    problem(answer, 405)
    assert answer.headers['allow'] == 'DELETE, GET, PATCH'


@pytest.mark.parametrize(
    'query',
    ['limit=0', 'limit=201', 'limit=many', 'cursor=x', 'cursor=%ff', 'cursor=' + 'x' * 400, 'status=nice',
     'since=yesterday', 'direction=up', 'q=' + 'x' * 300],
)  # fmt: skip
def test_a_list_refuses_what_it_does_not_know(door: Door, query: str) -> None:
    body = problem(door.api.get(f'/messages?{query}'), 422)
    assert body['errors'][0]['field'] == query.partition('=')[0]


@pytest.mark.parametrize('cursor', ['MTIz', 'OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5CjAx', 'CjAx'])
def test_a_cursor_of_another_list_is_refused(door: Door, cursor: str) -> None:
    assert problem(door.api.get('/chats', params={'cursor': cursor}), 422)['errors'][0]['field'] == 'cursor'


@pytest.mark.parametrize('name', ['', 'Shop', 'a b', '../x', 'ü', 'x' * 49, '-x'])
def test_a_session_is_called_something_simple(door: Door, name: str) -> None:
    problem(door.api.post('/sessions', json={'name': name}), 422)


def test_a_name_that_is_taken_is_refused(door: Door) -> None:
    problem(door.api.post('/sessions', json={'name': 'shop'}), 409, 'name_taken')


def test_something_that_breaks_is_no_secret_and_no_story(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door.gateway.people, 'users', lambda: 1 / 0)
    body = problem(door.api.get('/users'), 500, 'broken')
    assert 'zero' not in json.dumps(body)


def test_a_request_that_stops_in_the_middle_harms_nobody(door: Door) -> None:
    where = urlsplit(door.url)
    with socket.create_connection((str(where.hostname), int(where.port or 0))) as line:
        line.sendall(b'POST /api/v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"sess')
    assert door.api.get('/me').status_code == 200
