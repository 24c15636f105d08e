"""Templates over the API: kept, filled in, and sent."""

from typing import Any

from data.contacts import Contact
from data.database import write
from data.media import carried
from tests.core.files import picture

from .conftest import ANNA, BEN, SHOP, Door, until

HI = 'Hi {{ contact.first_name | default("there", true) }}, {{ order }} is ready.'


def add(door: Door, key: str, language: str, text: str, **more: Any) -> dict[str, Any]:
    answer = door.api.post('/templates', json={'key': key, 'language': language, 'text': text, **more})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def sent(door: Door, to: str = ANNA, **template: Any) -> str:
    answer = door.api.post('/messages', json={'session': 'shop', 'to': f'+{to}', 'template': template})
    assert answer.status_code == 202, answer.text
    return str(door.message(answer.json()['id'])['text'])


def refused(door: Door, method: str, path: str, body: dict[str, Any], field: str, status: int = 422) -> None:
    answer = door.api.request(method, path, json=body)
    assert answer.status_code == status, answer.text
    if field:
        assert answer.json()['errors'][0]['field'] == field, answer.text


def test_a_template_is_made_found_changed_renamed_and_deleted(door: Door) -> None:
    new = {'key': 'ready', 'language': 'en', 'text': HI, 'name': 'Order ready'}
    headers = {'idempotency-key': 'ready'}
    made = door.api.post('/templates', json=new, headers=headers)
    assert made.status_code == 201, made.text
    assert door.api.post('/templates', json=new, headers=headers).json() == made.json()
    assert made.json()['variables'] == ['contact', 'order']
    assert [each['path'] for each in made.json()['warnings']] == ['order']
    assert door.api.post('/templates', json={**new, 'language': 'EN'}).json()['code'] == 'already_exists'
    portuguese = add(door, 'ready', 'pt_br', 'Olá, {{ vars.order }}!')
    assert (portuguese['language'], portuguese['name']) == ('pt-BR', 'Order ready')
    add(door, 'away', 'en', 'Back at {{ contct.name }}')
    listed = door.api.get('/templates', params={'limit': 2}).json()
    rest = door.api.get('/templates', params={'limit': 2, 'cursor': listed['next']}).json()
    found = [(each['key'], each['language']) for each in (*listed['items'], *rest['items'])]
    assert found == [('away', 'en'), ('ready', 'en'), ('ready', 'pt-BR')]
    assert 'do you mean “contact”?' in listed['items'][0]['warnings'][0]['detail']

    one = {'texts': [{'language': 'pt-BR', 'text': 'Oi!'}], 'name': 'Ready'}
    put = door.api.put('/templates/ready', params={'language': 'pt-br'}, json=one)
    assert [each['text'] for each in put.json()['items']] == ['Oi!'], put.text
    both = door.api.get('/templates/ready').json()['items']
    assert [(each['language'], each['name']) for each in both] == [('en', 'Ready'), ('pt-BR', 'Ready')]
    whole = {'key': 'done', 'texts': [{'language': 'de', 'text': 'Fertig.'}]}
    assert [each['key'] for each in door.api.put('/templates/ready', json=whole).json()['items']] == ['done']
    assert door.api.get('/templates/ready').status_code == 404
    assert [each['language'] for each in door.api.get('/templates/done').json()['items']] == ['de']
    assert door.api.delete('/templates/done', params={'language': 'en'}).status_code == 404
    for key in ('done', 'away'):
        assert door.api.delete(f'/templates/{key}').status_code == 204
    assert door.api.get('/templates').json()['items'] == []


def test_it_is_sent_in_the_language_of_whom_it_goes_to(door: Door) -> None:
    for language, text in (('de', 'Hallo {{ order }}'), ('en', HI), ('pt', 'Olá {{ vars.order }}')):
        add(door, 'greet', language, text)
    order = {'order': 'A-17'}
    door.sends('so that there is a contact').raise_for_status()
    contact = door.api.get('/contacts', params={'q': ANNA}).json()['items'][0]['id']
    assert sent(door, key='greet', vars=order, language='pt-BR') == 'Olá A-17'
    assert sent(door, key='greet', vars=order, language='fr').endswith(', A-17 is ready.')
    write(lambda: Contact.update(language='pt-BR').where(Contact.id == contact).execute())
    try:
        assert sent(door, key='greet', vars=order) == 'Olá A-17'
        assert sent(door, key='greet', vars=order, language='de-AT') == 'Hallo A-17'
        preview = door.api.post('/templates/greet/preview', json={'contact': contact, 'vars': order}).json()
        assert preview == {'language': 'pt', 'text': 'Olá A-17', 'media': None, 'warnings': []}
    finally:
        write(lambda: Contact.update(language='').where(Contact.id == contact).execute())
    assert sent(door, '15559990077', key='greet', vars=order) == 'Hi there, A-17 is ready.'
    made_up = door.api.post('/templates/greet/preview', json={'vars': order}).json()
    assert made_up['text'] == 'Hi Anna, A-17 is ready.'
    missing = door.api.post('/templates/greet/preview', json={}).json()
    assert missing['text'] is None
    assert [each['kind'] for each in missing['warnings']] == ['mistake', 'unknown']
    assert door.api.post('/templates/greet/preview', json={'contact': 'nobody'}).status_code == 404
    door.api.delete('/templates/greet').raise_for_status()


def test_flows_and_hooks_say_it_too(door: Door) -> None:
    add(door, 'by-others', 'en', '{{ vars.what }} from {{ session.name }}')
    door.gateway.library.save({
        'schema': 'dovecote.flow/1', 'key': 'asked', 'name': 'Asked',
        'triggers': [{'type': 'message', 'match': {'op': 'equals', 'values': ['template please']}}],
        'steps': [{'do': 'send', 'template': 'by-others', 'vars': {'what': 'A flow'}}],
    })  # fmt: skip
    hook = door.api.post('/hooks', json={'name': 'others', 'auth': {'kind': 'key'}, 'map': {
        'session': 'shop', 'to': ANNA, 'template': 'by-others', 'vars': {'what': '{{ payload.what }}'},
    }}).json()  # fmt: skip
    door.api.post(f'/sandbox/phones/{ANNA}/say', json={'to': SHOP, 'text': 'template please'}).raise_for_status()
    assert door.client().post(hook['url'], json={'what': 'A hook'}).status_code == 202
    inbox = f'/sandbox/phones/{ANNA}/inbox'

    def came() -> bool:
        texts = {each['text'] for each in door.api.get(inbox).json()['items']}
        return texts >= {'A flow from shop', 'A hook from shop'}

    until(came)
    door.gateway.library.delete('asked')
    for path in (f'/hooks/{hook["id"]}', '/templates/by-others'):
        door.api.delete(path).raise_for_status()


def test_one_with_a_file_brings_it_and_keeps_it_here(door: Door) -> None:
    media = door.api.post('/media', content=picture(), headers={'content-type': 'image/png'}).json()['id']
    made = add(door, 'loaf', 'en', 'A {{ kind }}', media=media)
    assert made['media'] == media
    door.api.post('/messages', json={
        'session': 'shop', 'to': f'+{BEN}', 'template': {'key': 'loaf', 'vars': {'kind': 'rye loaf'}},
    }).raise_for_status()  # fmt: skip
    inbox = f'/sandbox/phones/{BEN}/inbox'
    until(lambda: any(each['text'] == 'A rye loaf' for each in door.api.get(inbox).json()['items']))
    assert carried([media]) == {media}
    refused(door, 'POST', '/templates', {'key': 'x', 'language': 'en', 'text': 'y', 'media': 'nothing'}, 'media')
    long = add(door, 'long', 'en', 'x' * 1_025, media=media)
    assert [each['kind'] for each in long['warnings']] == ['too_long']
    for key in ('loaf', 'long'):
        door.api.delete(f'/templates/{key}').raise_for_status()


def test_what_makes_no_sense_is_refused(door: Door) -> None:
    new = {'key': 'sense', 'language': 'en', 'text': 'Hi {{ vars.name }}'}
    for change, field in (({'key': 'No Key'}, 'key'), ({'language': 'english'}, 'language'), ({'text': ' '}, 'text'),
                          ({'text': '{{ vars.'}, 'text'), ({'name': 'x' * 81}, 'name')):  # fmt: skip
        refused(door, 'POST', '/templates', {**new, **change}, field)
    add(door, 'sense', 'en', 'Hi {{ vars.name }}')
    add(door, 'taken', 'en', '{{ vars.name }}')
    text = {'language': 'en', 'text': 'x'}
    refused(door, 'PUT', '/templates/sense', {'texts': [text, text]}, 'texts')
    refused(door, 'PUT', '/templates/sense', {'texts': [text, {**text, 'language': '?'}]}, 'texts.1.language')
    refused(door, 'PUT', '/templates/sense', {'key': 'taken', 'texts': [text]}, 'key')
    refused(door, 'PUT', '/templates/sense?language=de', {'texts': [text]}, 'texts')
    refused(door, 'PUT', '/templates/nothing', {'texts': [text]}, '', 404)
    message = {'session': 'shop', 'to': f'+{ANNA}', 'template': {'key': 'sense'}}
    refused(door, 'POST', '/messages', message, 'template')
    refused(door, 'POST', '/messages', {**message, 'text': 'and this'}, 'template')
    refused(door, 'POST', '/messages', {**message, 'template': {'key': 'taken', 'vars': {'name': ' '}}}, 'template')
    refused(door, 'POST', '/messages', {**message, 'template': {'key': 'nothing'}}, '', 404)
    assert door.by(door.key('viewer')).get('/templates/sense').status_code == 200
    assert door.by(door.key('agent', 'shop')).delete('/templates/sense').status_code == 403
    for key in ('sense', 'taken'):
        door.api.delete(f'/templates/{key}').raise_for_status()
