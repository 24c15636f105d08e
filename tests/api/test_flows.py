"""Flows over the API: written, published, started, looked at."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from typing import Any

import pytest

from .conftest import ANNA, Door, until
from .test_chats import chat_of, says

YAML = {'content-type': 'application/yaml'}


def flow(key: str, word: str = 'never said', *steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        'key': key, 'name': key.title(), 'triggers': [{'type': 'message', 'match': {'values': [word]}}],
        'steps': list(steps) or [{'do': 'send', 'text': f'{key} answers'}], **more,
    }  # fmt: skip


def live(door: Door, document: dict[str, Any]) -> str:
    key = str(document['key'])
    door.api.put(f'/flows/{key}', json=document).raise_for_status()
    door.api.post(f'/flows/{key}/publish').raise_for_status()
    return key


def run_of(door: Door, id: str) -> dict[str, Any]:
    found: dict[str, Any] = door.api.get(f'/runs/{id}').json()
    return found


def test_a_flow_is_written_in_yaml_published_changed_and_restored(door: Door) -> None:
    text = '# Ours.\nkey: bread\nname: Bread\ntriggers:\n  - {type: message, match: {values: [rye]}}\nsteps:\n  - {do: send, text: Rye}\n'  # noqa: E501
    headers = {**YAML, 'idempotency-key': 'bread'}
    made = door.api.post('/flows', content=text, headers=headers)
    assert (made.status_code, made.json()) == (201, {'key': 'bread', 'draft': 1, 'version': None, 'problems': []})
    again = door.api.post('/flows', content=text, headers=headers)
    assert (again.json(), again.headers['idempotent-replayed']) == (made.json(), 'true')
    taken = door.api.post('/flows', content=text, headers=YAML)
    assert (taken.status_code, taken.json()['code']) == (409, 'already_exists')
    assert door.api.patch('/flows/bread', json={'enabled': True}).status_code == 409

    assert door.api.post('/flows/bread/publish').json() == {'key': 'bread', 'version': 1}
    one = door.api.get('/flows/bread').json()
    assert (one['version'], one['draft'], one['changed'], one['enabled'], one['source']) == (1, 1, False, True, text)
    assert one['document']['steps'] == [{'do': 'send', 'text': 'Rye'}]
    export = door.api.get('/flows/bread', headers={'accept': 'application/yaml'})
    assert (export.text, export.headers['content-type']) == (text, 'application/yaml')
    assert 'bread.yaml' in export.headers['content-disposition']

    replaced = door.api.post('/flows?replace=true', content=text.replace('Rye', 'Wheat'), headers=YAML)
    assert (replaced.status_code, replaced.json()['draft'], replaced.json()['version']) == (200, 2, 1)
    assert door.api.get('/flows/bread').json()['changed'] is True
    assert door.api.post('/flows/bread/publish').json()['version'] == 2
    versions = door.api.get('/flows/bread/versions').json()['items']
    assert [(each['version'], each['current']) for each in versions] == [(2, True), (1, False)]
    assert versions[0]['published_by'] == 'owner key'
    assert door.api.post('/flows/bread/restore', json={'version': 1}).json()['draft'] == 3
    assert door.api.get('/flows/bread').json()['source'] == text
    assert door.api.post('/flows/bread/restore', json={'version': 9}).status_code == 404

    copy = door.api.post('/flows/bread/copy', json={'key': 'bread-2'})
    assert (copy.status_code, copy.json()['version']) == (201, None)
    assert door.api.get('/flows/bread-2').json()['name'] == 'Bread (copy)'
    assert door.api.get('/flows/bread-2').json()['source'].startswith('# Ours.')
    assert door.api.post('/flows/bread/copy', json={'key': 'bread-2'}).status_code == 409
    assert door.api.post('/flows/bread/copy', json={'key': 'schema'}).status_code == 422
    listed = [each['key'] for each in door.api.get('/flows', params={'limit': 200}).json()['items']]
    assert {'bread', 'bread-2'} <= set(listed)
    assert listed == sorted(listed)
    for key in ('bread', 'bread-2'):
        assert door.api.delete(f'/flows/{key}').status_code == 204
        assert door.api.get(f'/flows/{key}').status_code == 404
    assert door.api.delete('/flows/bread').status_code == 404


def test_a_draft_that_cannot_run_is_kept_with_everything_that_is_wrong(door: Door) -> None:
    wrong = {**flow('wrong'), 'steps': [{'do': 'ask'}, {'do': 'fly'}, {'do': 'send', 'text': '{{ x'}], 'colour': 1}
    made = door.api.put('/flows/wrong', json=wrong)
    assert made.status_code == 201
    places = [each['place'] for each in made.json()['problems']]
    assert places == ['steps/0/text', 'steps/1', 'steps/2/text', 'colour']
    assert door.api.get('/flows/wrong').json()['problems'] == made.json()['problems']
    refused = door.api.post('/flows/wrong/publish')
    assert (refused.status_code, refused.json()['code']) == (422, 'flow_cannot_run')
    assert [each['field'] for each in refused.json()['errors']] == places
    right = door.api.put('/flows/wrong', json=flow('wrong'))
    assert (right.status_code, right.json()['problems']) == (200, [])
    assert door.api.put('/flows/wrong', json=flow('other')).status_code == 422
    door.api.delete('/flows/wrong').raise_for_status()


def test_a_draft_whose_own_tests_fail_is_published_only_on_purpose(door: Door) -> None:
    promise = {'name': 'greets', 'given': {'message': {'text': 'ahoy'}}, 'expect': {'sent': [{'contains': 'Ahoy'}]}}
    door.api.put('/flows/tested', json={**flow('tested', 'ahoy'), 'tests': [promise]}).raise_for_status()
    refused = door.api.post('/flows/tested/publish')
    assert (refused.status_code, refused.json()['code']) == (409, 'tests_failed')
    assert door.api.post('/flows/tested/publish', json={'despite_tests': True}).json()['version'] == 1
    door.api.delete('/flows/tested').raise_for_status()


@pytest.mark.parametrize(
    ('text', 'status', 'said'),
    [
        ('key: [', 422, 'line 1'),
        ('key: a\nname: *x', 422, 'line 2'),
        ('key: a\nb: &x 1', 422, 'line 2'),
        ('name: Nobody', 422, 'needs a key'),
        ('key: schema', 422, 'cannot be called'),
        ('key: a/b', 422, 'no key'),
        ('- key', 422, 'names and values'),
        ('', 422, 'names and values'),
        ('key: a\nx: ' + 'y' * 300_000, 413, '256 kB'),
        ('key: a\nx: ' + 'y' * 5_000_000, 413, ''),
        ('key: a\nx: ' + '[' * 10_000, 422, ''),
        (b'key: \xff', 422, 'UTF-8'),
    ],
)
def test_what_is_no_document_is_refused_with_its_line(door: Door, text: str | bytes, status: int, said: str) -> None:
    for answer in (
        door.api.post('/flows', content=text, headers=YAML),
        door.api.put('/flows/a', content=text, headers=YAML),
    ):
        assert (answer.status_code, said in answer.json()['detail']) == (status, True), answer.text


@pytest.mark.parametrize('text', ['{', '[]', '{"key": NaN}', '[' * 100_000, '{"key": "\\ud800"}', '{"key": 1}', '1'])
def test_what_is_no_json_document_is_refused(door: Door, text: str) -> None:
    answer = door.api.post('/flows', content=text, headers={'content-type': 'application/json'})
    assert answer.status_code == 422, answer.text
    assert door.api.post('/flows', content='key: a', headers={'content-type': 'text/plain'}).status_code == 415


def test_the_schema_and_the_rights(door: Door) -> None:
    schema = door.api.get('/flows/schema').json()
    assert schema['$schema'].startswith('https://json-schema.org/')
    assert {'triggers', 'steps', 'on_match'} <= set(schema['properties'])
    door.api.put('/flows/rights', json=flow('rights')).raise_for_status()
    viewer, some = door.by(door.key('viewer')), door.by(door.key('admin', 'shop'))
    for asks in (viewer, some):
        assert asks.get('/flows/rights').status_code == 200
        for method, path in (
            ('POST', '/flows'), ('PUT', '/flows/rights'), ('DELETE', '/flows/rights'),
            ('POST', '/flows/rights/publish'), ('POST', '/flows/rights/copy'), ('POST', '/flows/rights/restore'),
            ('POST', '/flows/blueprints/menu'),
            ('PUT', '/flows/secrets/x'), ('DELETE', '/flows/secrets/x'), ('PATCH', '/flows/rights'),
        ):  # fmt: skip
            assert asks.request(method, path, json={}).status_code == 403, (method, path)
    door.api.delete('/flows/rights').raise_for_status()


def test_a_blueprint_becomes_a_draft_of_its_own(door: Door) -> None:
    listed = {each['key']: each for each in door.api.get('/flows/blueprints').json()['items']}
    assert len(listed) >= 10
    asked = {each['name']: each for each in listed['forward']['inputs']}
    assert (asked['url']['type'], asked['url']['required'], asked['chat']['options'][0]['value']) == (
        'url', True, 'private',
    )  # fmt: skip
    wrong = door.api.post('/flows/blueprints/forward', json={'inputs': {'url': 'nowhere'}})
    assert wrong.json()['errors'][0]['field'] == 'inputs.url'
    headers = {'idempotency-key': 'a menu'}
    new = {'inputs': {'words': ['karte']}, 'name': 'Karte'}
    made = door.api.post('/flows/blueprints/menu', json=new, headers=headers)
    assert (made.status_code, made.json()) == (201, {'key': 'menu', 'draft': 1, 'version': None, 'problems': []})
    assert door.api.post('/flows/blueprints/menu', json=new, headers=headers).json() == made.json()
    assert door.api.post('/flows/blueprints/menu', json=new).json()['key'] == 'menu-2'
    assert door.api.post('/flows/blueprints/menu', json={'key': 'menu'}).json()['code'] == 'already_exists'
    assert door.api.post('/flows/blueprints/none', json={}).status_code == 404
    whole = door.api.get('/flows/menu').json()
    assert (whole['name'], whole['document']['triggers'][0]['match']['values']) == ('Karte', ['karte'])
    for key in ('menu', 'menu-2'):
        door.api.delete(f'/flows/{key}').raise_for_status()


def test_a_program_starts_a_flow_and_sees_what_it_does(door: Door) -> None:
    ask = {'id': 'ask', 'do': 'ask', 'text': 'Is order {{ run.order }} well?', 'save_as': 'run.answer'}
    inner = flow('inner-one', 'never said', {'do': 'set', 'name': 'run.inner', 'to': 'yes'})
    live(door, inner)
    call = {'id': 'call', 'do': 'call_flow', 'flow': 'inner-one', 'save_as': 'run.got'}
    tell = {'id': 'tell', 'do': 'send', 'text': 'You said {{ run.answer }}.'}
    live(door, flow('how-was-it', 'never said', ask, call, tell, triggers=[{'type': 'api', 'id': 'shop'}]))
    live(door, flow('another', 'never said', triggers=[{'type': 'api'}]))
    new = {'session': 'shop', 'to': f'+{ANNA}', 'values': {'order': '4711'}}
    headers = {'idempotency-key': 'how was it'}
    agent = door.by(door.key('agent', 'shop'))
    first = agent.post('/flows/how-was-it/start', json=new, headers=headers)
    assert first.status_code == 202, first.text
    assert agent.post('/flows/how-was-it/start', json=new, headers=headers).json() == first.json()
    (id,) = first.json()['runs']
    waiting = until(lambda: run_of(door, id) if run_of(door, id)['state'] == 'waiting' else None)
    assert (waiting['trigger'], waiting['session'], waiting['waits']['for']) == ('api', 'shop', 'answer')
    assert waiting['facts']['by'] == 'agent key'
    until(lambda: 'Is order 4711 well?' in inbox(door, ANNA))
    says(door, 'the 4711 was fine', ANNA)
    until(lambda: 'You said the 4711 was fine.' in inbox(door, ANNA))
    done = until(lambda: run_of(door, id) if run_of(door, id)['state'] == 'finished' else None)
    assert done['variables']['answer'] == 'the 4711 was fine'
    assert [each['flow'] for each in done['children']] == ['inner-one']
    assert [step['id'] for step in done['steps'] if 'id' in step] == ['ask', 'ask', 'call', 'call', 'tell']

    message = chat_of(door, 'the 4711 was fine')
    by_chat = door.api.get('/runs', params={'flow': 'how-was-it', 'state': 'finished', 'chat': done['chat']}).json()
    assert [each['id'] for each in by_chat['items']] == [id]
    resumed = door.api.get('/runs', params={'state': 'resumed', 'chat': done['chat']}).json()['items'][0]
    by_message = door.api.get('/runs', params={'message': resumed['message']}).json()['items']
    assert [each['id'] for each in by_message] == [resumed['id']]
    assert message['id'] == done['chat']


def inbox(door: Door, phone: str) -> list[str]:
    return [each['text'] for each in door.api.get(f'/sandbox/phones/{phone}/inbox').json()['items']]


def test_what_cannot_be_started_says_why(door: Door) -> None:
    live(door, flow('by-word'))
    live(door, flow('elsewhere', triggers=[{'type': 'api', 'session': ['other']}]))
    live(door, flow('off-one', triggers=[{'type': 'api'}]))
    door.api.patch('/flows/off-one', json={'enabled': False}).raise_for_status()
    to = {'session': 'shop', 'to': f'+{ANNA}'}
    for key, status, code in (
        ('by-word', 409, 'no_api_trigger'), ('elsewhere', 409, 'no_api_trigger'), ('off-one', 409, 'flow_off'),
        ('no-such-flow', 404, 'not_found'),
    ):  # fmt: skip
        answer = door.api.post(f'/flows/{key}/start', json=to)
        assert (answer.status_code, answer.json()['code']) == (status, code), answer.text
    live(door, flow('any', triggers=[{'type': 'api'}]))
    for body, status in (
        ({}, 422), ({**to, 'chat': 'x'}, 422), ({'session': 'shop', 'to': 'nonsense'}, 422), ({'chat': 'x'}, 404),
        ({'session': 'nowhere', 'to': f'+{ANNA}'}, 404), ({**to, 'values': {'a b': 1}}, 422),
        ({**to, 'values': {f'v{n}': 1 for n in range(51)}}, 422),
    ):  # fmt: skip
        assert door.api.post('/flows/any/start', json=body).status_code == status, body
    assert door.by(door.key('viewer')).post('/flows/any/start', json=to).status_code == 403
    nobody = door.api.post('/flows/any/start', json={'session': 'shop'})
    run = until(lambda: run_of(door, nobody.json()['runs'][0]))
    assert (run['state'], run['chat'], run['session']) == ('error', None, 'shop')


def test_a_key_for_one_session_neither_sees_nor_starts_what_is_not_its_own(door: Door) -> None:
    wait = {'do': 'wait', 'for': '1h'}
    live(door, flow('patient', 'never said', wait, triggers=[{'type': 'api'}]))
    names = [each['name'] for each in door.api.get('/sessions').json()['items']]
    if 'aside' not in names:
        door.api.post('/sessions', json={'name': 'aside', 'start': False}).raise_for_status()
    stranger = door.by(door.key('admin', 'aside'))
    new = {'session': 'shop', 'to': f'+{ANNA}'}
    assert stranger.post('/flows/patient/start', json=new).status_code == 404
    (id,) = door.api.post('/flows/patient/start', json=new).json()['runs']
    chat = run_of(door, id)['chat']
    (alone,) = door.api.post('/flows/patient/start', json={'session': 'shop'}).json()['runs']
    assert stranger.post('/flows/patient/start', json={'chat': chat}).status_code == 404
    for each in (id, alone):
        assert stranger.get(f'/runs/{each}').status_code == 404
        assert stranger.post(f'/runs/{each}/cancel').status_code == 404
    assert stranger.get('/runs', params={'flow': 'patient'}).json()['items'] == []
    own = door.by(door.key('admin', 'shop'))
    assert {each['id'] for each in own.get('/runs', params={'flow': 'patient'}).json()['items']} == {id, alone}
    cancelled = own.post(f'/runs/{id}/cancel')
    assert (cancelled.status_code, cancelled.json()['state']) == (200, 'cancelled')
    assert cancelled.json()['detail'] == 'Cancelled by admin key.'
    assert own.post(f'/runs/{id}/cancel').json()['code'] == 'run_is_over'
    assert door.api.post('/runs/none/cancel').status_code == 404


def test_a_key_for_one_session_starts_nothing_that_writes_from_another(door: Door) -> None:
    names = [each['name'] for each in door.api.get('/sessions').json()['items']]
    if 'aside' not in names:
        door.api.post('/sessions', json={'name': 'aside', 'start': False}).raise_for_status()
    tell = {'do': 'send', 'text': 'told aside', 'session': 'shop', 'to': f'+{ANNA}'}
    live(door, flow('tells-aside', 'never said', tell, triggers=[{'type': 'manual'}]))
    call = {'do': 'call_flow', 'flow': 'tells-aside', 'wait': False}
    live(door, flow('calls-one', 'never said', call, triggers=[{'type': 'api'}]))
    key = door.by(door.key('agent', 'aside'))
    refused = key.post('/flows/calls-one/start', json={'session': 'aside'})
    assert (refused.status_code, refused.json()['code']) == (403, 'forbidden'), refused.text
    assert door.by(door.key('agent', 'shop')).post('/flows/calls-one/start', json={'session': 'shop'}).is_success


@pytest.mark.parametrize(
    ('more', 'status'),
    [
        ({'advance': '9' * 400 + 'd'}, 422),
        ({'now': '9999-12-31T23:59:59Z'}, 422),
        ({'mocks': {'ask': {'status': 'many'}}}, 200),
        ({'mocks': {'ask': {'status': 10**30, 'json': 1}}}, 200),
    ],
)
def test_odd_trials_are_answered(door: Door, more: dict[str, Any], status: int) -> None:
    ask = {'id': 'ask', 'do': 'http', 'url': 'https://erp.example/'}
    answer = door.api.post('/flows/test', json={'flow': flow('odd', 'odd', ask), 'message': {'text': 'odd'}, **more})
    assert answer.status_code == status, answer.text
    assert status != 200 or answer.json()['outcome'] == 'error'
    odd = flow('odd', 'odd', triggers=[{'type': 'answer'}, {'type': 'unanswered'}])
    odd_facts: list[dict[str, Any]] = [{'options': 5}, {'misses': {}}, {'misses': 'order'}]
    for facts in odd_facts:
        for kind in ('answer', 'unanswered'):
            answer = door.api.post('/flows/test', json={'flow': odd, 'occasion': kind, 'facts': facts})
            assert answer.status_code == 200, answer.text


class _Echo(BaseHTTPRequestHandler):
    asked: list[str] = []  # noqa: RUF012

    def do_GET(self) -> None:
        self.asked.append(str(self.headers['authorization']))
        body = json.dumps({'with': self.headers['authorization']}).encode()
        self.send_response(200)
        self.send_header('content-type', 'application/json')
        self.send_header('content-length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def echo() -> Iterator[str]:
    with ThreadingHTTPServer(('127.0.0.1', 0), _Echo) as server:
        running = threading.Thread(target=server.serve_forever, kwargs={'poll_interval': 0.05})
        running.start()
        yield f'http://127.0.0.1:{server.server_address[1]}/'
        server.shutdown()
        running.join(10)


def test_a_secret_is_shown_to_the_other_system_alone(door: Door, echo: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door.gateway.guard, 'allow', (ip_network('127.0.0.0/8'),))
    assert door.api.put('/flows/secrets/shop', json={'value': 'open-sesame'}).status_code == 204
    listed = door.api.get('/flows/secrets')
    assert [each['name'] for each in listed.json()['items']] == ['shop']
    assert 'sesame' not in listed.text
    step = {'do': 'http', 'url': echo, 'headers': {'Authorization': 'Bearer {{ secret.shop }}'}, 'save_as': 'run.got'}
    live(door, flow('with-secret', 'never said', step, triggers=[{'type': 'api'}]))
    (id,) = door.api.post('/flows/with-secret/start', json={'session': 'shop'}).json()['runs']
    run = until(lambda: run_of(door, id) if run_of(door, id)['state'] not in ('running', 'waiting') else None)
    assert (run['state'], run['variables']['got']) == ('finished', {'with': 'Bearer ••••'}), run
    assert _Echo.asked == ['Bearer open-sesame']
    assert 'sesame' not in door.api.get(f'/runs/{id}').text
    assert 'sesame' not in door.api.get('/flows/with-secret', headers={'accept': 'application/yaml'}).text
    files = b''.join(path.read_bytes() for path in door.gateway.state.db.parent.glob('dovecote.db*'))
    assert b'sesame' not in files
    for body in ({}, {'value': ''}, {'value': 'a\nb'}):
        assert door.api.put('/flows/secrets/shop', json=body).status_code == 422
    assert door.api.put('/flows/secrets/a-b', json={'value': 'x'}).status_code == 422
    assert door.api.delete('/flows/secrets/shop').status_code == 204
    assert door.api.delete('/flows/secrets/shop').status_code == 404


def test_a_flow_is_tried_out_and_nobody_notices(door: Door) -> None:
    ask = {'id': 'q', 'do': 'ask', 'text': 'How many, {{ contact.first_name }}?', 'expect': {'type': 'number'},
           'save_as': 'run.n', 'timeout': '1h'}  # fmt: skip
    tell = {'id': 'tell', 'do': 'send', 'text': '{{ run.n }} it is'}
    document = flow('tried', 'loaves', ask, tell, tests=[
        {'name': 'red', 'given': {'message': {'text': 'loaves'}}, 'expect': {'outcome': 'finished'}}])  # fmt: skip
    before = len(door.api.get('/messages').json()['items'])
    tried = door.api.post('/flows/test', json={
        'flow': document, 'message': {'text': 'loaves please'}, 'contact': {'first_name': 'Ben'},
        'then': [{'say': 'some'}, {'say': '3'}],
    }).json()  # fmt: skip
    assert [each['text'] for each in tried['sent']][::2] == ['How many, Ben?', '3 it is']
    assert (tried['outcome'], tried['variables']['n'], tried['flow']) == ('finished', 3, 'tried')
    assert tried['tests'] == [{'name': 'red', 'wrong': 'it came to waiting (Waits for an answer), not finished'}]
    late = door.api.post('/flows/test', json={'flow': document, 'message': {'text': 'loaves'}, 'advance': '2h'}).json()
    assert (late['outcome'], late['detail']) == ('stopped', 'Nobody answered in time.')
    assert len(door.api.get('/messages').json()['items']) == before


def test_a_stored_message_shows_which_flow_would_answer_it(door: Door) -> None:
    live(door, flow('zebra', 'zebracake'))
    says(door, 'one zebracake')
    until(lambda: door.api.get('/messages', params={'q': 'zebra answers'}).json()['items'])
    message = door.api.get('/messages', params={'q': 'one zebracake'}).json()['items'][0]['id']
    tried = door.api.post('/flows/test', json={'message': message}).json()
    assert (tried['flow'], tried['sent'][0]['text']) == ('zebra', 'zebra answers')
    assert {each['flow']: each['fits'] for each in tried['flows']}['zebra'] is True
    nobody = door.api.post('/flows/test', json={'message': {'text': 'nothing of the kind'}}).json()
    assert nobody['outcome'] in ('not_triggered', 'finished')


@pytest.mark.parametrize(
    ('body', 'status', 'where'),
    [
        ({'flow': 'no-such'}, 404, ''),
        ({'message': '01KNOSUCHMESSAGE'}, 404, ''),
        ({'event': 'no such'}, 404, ''),
        ({'flow': {'key': 'x'}, 'message': {'text': 'x'}}, 422, ''),
        ({'advance': 'soon'}, 422, 'advance'),
        ({'then': [{'say': 'a', 'advance': '1h'}]}, 422, 'then'),
        ({'now': '2026-11-22T12:00:00'}, 422, 'now'),
    ],
)
def test_what_cannot_be_tried_is_refused(door: Door, body: dict[str, Any], status: int, where: str) -> None:
    refused = door.api.post('/flows/test', json=body)
    assert refused.status_code == status, refused.text
    assert where in str(refused.json().get('errors', ''))
