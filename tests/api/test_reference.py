"""The reference says what is there, and what it says works when it is typed."""

import json
import os
import shutil
import subprocess
from typing import Any

from pydantic import TypeAdapter

from tests.needs import lacks
from ui.api.asking import PUBLIC, Route
from ui.api.manual import Operation, manual_of

from .conftest import ANNA, SHOP, Door, until


def document(door: Door) -> dict[str, Any]:
    answer = door.client().get('/openapi.json')  # nobody needs a key to read it
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def operations(door: Door) -> dict[str, Operation]:
    sections = manual_of(document(door), door.url)
    return {each.id: each for section in sections for each in section.operations}


def test_every_request_is_described(door: Door) -> None:
    whole = document(door)
    assert whole['openapi'].startswith('3.1')
    assert whole['servers'] == [{'url': door.url}]
    assert set(whole['components']['securitySchemes']) == {'bearer', 'key'}
    text = json.dumps(whole)
    for name in {part.split('"')[0] for part in text.split('#/components/schemas/')[1:]}:
        assert name in whole['components']['schemas'], name
    for path, methods in whole['paths'].items():
        for method, said in methods.items():
            assert said['summary'], path
            assert all(each.get('description') for each in said['responses'].values()), path
            if said.get('security') != []:
                problem = said['responses']['401']['content']
                assert problem == {'application/problem+json': {'schema': {'$ref': '#/components/schemas/Problem'}}}
            assert method in ('post', 'patch', 'put') or 'requestBody' not in said, path
    ids = [said['operationId'] for methods in whole['paths'].values() for said in methods.values()]
    assert len(ids) == len(set(ids))


def test_the_examples_are_right(door: Door) -> None:
    whole = document(door)
    for route in door.reference:
        for method in route.methods or ():
            if route.said.takes and route.include_in_schema:
                said = whole['paths'][route.path_format][method.lower()]['requestBody']['content']['application/json']
                route.said.takes.model_validate_json(json.dumps(said['example']))


def test_what_is_answered_is_what_was_described(door: Door) -> None:
    door.api.post(f'/sandbox/phones/{ANNA}/say', json={'to': SHOP, 'text': 'look at me'}).raise_for_status()
    door.sends('look at us')
    message = until(lambda: door.api.get('/messages', params={'q': 'look at me'}).json()['items'])[0]
    key = door.api.get('/keys').json()['items'][0]['id']
    user = door.person('viewer').id
    group = door.api.post('/groups', json={'session': 'shop', 'name': 'Bakers', 'members': [f'+{ANNA}']}).json()['id']
    ids = {'sessions': 'shop', 'messages': message['id'], 'chats': message['chat'], 'keys': key, 'users': user,
           'contacts': message['from']['id'], 'phones': ANNA, 'groups': group}  # fmt: skip
    checked = 0
    for route in door.reference:
        if 'GET' not in (route.methods or ()) or route.response_model is None or route.said.right == PUBLIC:
            continue
        path = _filled(route, ids)
        answer = door.api.get(path.removeprefix('/api/v1')) if path else None
        if answer is not None and answer.status_code == 200:
            TypeAdapter(route.response_model).validate_json(answer.content, strict=True)
            checked += 1
    assert checked >= 20


def _filled(route: Route, ids: dict[str, str]) -> str:
    """The path with something real in it, '' when there is nothing."""
    parts = route.path_format.split('/')
    return '/'.join(ids.get(parts[n - 1], '') if part.startswith('{') else part for n, part in enumerate(parts))


def test_a_newcomer_with_nothing_but_curl_sends_and_sees_it_arrive(door: Door) -> None:
    if shutil.which('curl') is None:
        lacks('there is no curl here (Debian package curl)')
    pages = operations(door)
    env = {**os.environ, 'KEY': door.key('agent'), 'no_proxy': '*'}

    def typed(id: str) -> Any:
        command = f'{pages[id].curl} -s'
        done = subprocess.run(['bash', '-c', command], env=env, capture_output=True, timeout=30, check=True)
        return json.loads(done.stdout)

    assert typed('people.me')['role'] == 'agent'
    made = typed('messages.send')
    assert made['status'] == 'queued'
    until(lambda: door.message(made['id'])['status'] == 'delivered')
    assert 'hello' in [each['text'] for each in typed('sandbox.inbox')['items']]
    assert typed('sandbox.say')['id']
    until(lambda: [each for each in typed('messages.find')['items'] if each['direction'] == 'in'])
    assert typed('sessions.one')['state'] == 'working'
    assert typed('keys.list_keys')['code'] == 'forbidden'
