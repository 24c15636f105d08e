"""Files sent through the API: by id, by address and in the body, each as what it is shown as."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.core.files import PDF, SHAPES, TONE, made, moving_picture, picture
from tests.core.web import Web, web

from .conftest import ANNA, Door, until
from .test_bad_input import problem
from .test_media import brings


def post(door: Door, media: dict[str, Any], **more: Any) -> httpx.Response:
    return door.api.post('/messages', json={'session': 'shop', 'to': f'+{ANNA}', 'media': media, **more}, timeout=120)


def arrived(door: Door, answer: httpx.Response) -> dict[str, Any]:
    """What Anna's phone has of it."""
    assert answer.status_code == 202, answer.text
    id = answer.json()['id']
    sent = until(lambda: (found := door.message(id))['whatsapp_id'] and found, 60)

    def find() -> Any:
        items = door.api.get(f'/sandbox/phones/{ANNA}/inbox').json()['items']
        return next((item for item in items if item['id'] == sent['whatsapp_id']), None)

    return dict(until(find, 60))


def bytes_of(door: Door, item: dict[str, Any]) -> bytes:
    return door.sandbox.media(ANNA, item['id'])


def test_a_picture_arrives_byte_for_byte_with_its_caption(door: Door) -> None:
    data = picture('JPEG')
    brought = brings(door.api, data, 'menu.jpg', 'image/jpeg')
    answer = post(door, {'id': brought['id'], 'caption': 'Menu'})
    item = arrived(door, answer)
    assert (item['kind'], item['text'], bytes_of(door, item)) == ('image', 'Menu', data)
    media = door.message(answer.json()['id'])['media']
    assert (media['id'], media['mime'], media['width']) == (brought['id'], 'image/jpeg', 640)


def test_a_document_keeps_the_name_it_is_sent_under(door: Door) -> None:
    data = base64.b64encode(PDF).decode()
    first = arrived(door, post(door, {'data': data, 'filename': 'menu.pdf'}))
    second = arrived(door, post(door, {'data': data, 'filename': 'other name.pdf'}))
    names = [(item['kind'], item['media']['filename']) for item in (first, second)]
    assert names == [('document', 'menu.pdf'), ('document', 'other name.pdf')]


@pytest.mark.parametrize(
    ('ending', 'asked', 'as_', 'kind', 'mime'),
    [
        ('wav', TONE, 'voice', 'voice', 'audio/ogg; codecs=opus'),
        ('mp3', TONE, None, 'audio', 'audio/mpeg'),
        ('webm', SHAPES, None, 'video', 'video/mp4'),
        ('png', (*SHAPES, '-frames:v', '1'), 'sticker', 'sticker', 'image/webp'),
        ('png', (*SHAPES, '-frames:v', '1'), 'document', 'document', 'image/png'),
    ],
)
def test_a_file_is_converted_to_what_it_is_shown_as(
    door: Door, tmp_path: Path, ending: str, asked: tuple[str, ...], as_: str | None, kind: str, mime: str
) -> None:
    data = made(tmp_path, f'file.{ending}', *asked)
    brought = brings(door.api, data, f'file.{ending}')
    item = arrived(door, post(door, {'id': brought['id'], **({'as': as_} if as_ else {})}))
    assert (item['kind'], item['media']['mime']) == (kind, mime)
    assert bytes_of(door, item)


def test_a_moving_picture_becomes_a_moving_sticker(door: Door) -> None:
    data = base64.b64encode(moving_picture()).decode()
    item = arrived(door, post(door, {'data': data, 'as': 'sticker'}))
    assert (item['kind'], item['media']['mime']) == ('sticker', 'image/webp')
    assert b'ANIM' in bytes_of(door, item)


@pytest.fixture
def elsewhere() -> Iterator[Web]:
    with web() as server:
        server.answers['/photo'] = lambda line: line.says(picture('JPEG'), 'image/jpeg')
        yield server


def test_an_address_inside_our_own_network_is_never_fetched(door: Door, elsewhere: Web) -> None:
    for url in (elsewhere.url('/photo'), 'http://169.254.169.254/latest/meta-data', 'file:///etc/passwd'):
        body = problem(post(door, {'url': url}), 422)
        assert body['code'] in ('url_not_allowed', 'invalid'), body
    assert elsewhere.asked == []


@pytest.mark.parametrize(
    ('media', 'status', 'code'),
    [
        ({}, 422, 'invalid'),
        ({'id': 'nothing'}, 404, 'not_found'),
        ({'id': 'x', 'url': 'https://example.org'}, 422, 'invalid'),
        ({'data': 'not base64!'}, 422, 'invalid'),
        ({'data': base64.b64encode(PDF).decode(), 'as': 'sticker'}, 422, None),
        ({'data': base64.b64encode(PDF).decode(), 'as': 'hologram'}, 422, 'invalid'),
        ({'data': base64.b64encode(b'x').decode(), 'as': 'voice'}, 422, None),
    ],
)
def test_what_cannot_be_sent_is_refused_with_the_reason(
    door: Door, media: dict[str, str], status: int, code: str | None
) -> None:
    body = problem(post(door, media), status)
    assert body['detail']
    assert code in (None, body['code'])


def test_a_sticker_has_no_caption(door: Door) -> None:
    media = {'data': base64.b64encode(picture('PNG')).decode(), 'as': 'sticker', 'caption': 'ha'}
    assert problem(post(door, media), 422)['errors'][0]['field'] == 'media.caption'


def test_a_repeated_request_sends_the_file_once(door: Door) -> None:
    data = base64.b64encode(picture('PNG', colour='orange')).decode()
    body = {'session': 'shop', 'to': f'+{ANNA}', 'media': {'data': data, 'caption': 'orange photo once'}}
    answers = [door.api.post('/messages', json=body, headers={'idempotency-key': 'photo 1'}) for _ in range(2)]
    assert [each.status_code for each in answers] == [202, 202]
    assert answers[0].text == answers[1].text
    arrived(door, answers[0])
    assert len(door.api.get('/messages', params={'q': 'orange photo once'}).json()['items']) == 1


def test_a_key_for_one_session_sends_only_files_it_may_see(door: Door) -> None:
    brought = brings(door.api, picture('PNG', colour='plum'), 'secret.png')
    narrow = door.by(door.key('agent', 'shop'))
    body = {'session': 'shop', 'to': f'+{ANNA}', 'media': {'id': brought['id']}}
    problem(narrow.post('/messages', json=body), 404, 'not_found')


def test_only_a_text_has_a_preview_and_one_that_cannot_be_had_is_left_out(door: Door, elsewhere: Web) -> None:
    body = {'session': 'shop', 'to': f'+{ANNA}', 'text': f'see {elsewhere.url("/photo")}', 'preview': True}
    answer = door.api.post('/messages', json=body)
    assert answer.status_code == 202
    assert 'preview' not in door.message(answer.json()['id'])
    no_text = {'session': 'shop', 'to': f'+{ANNA}', 'location': {'latitude': 1, 'longitude': 1}, 'preview': True}
    problem(door.api.post('/messages', json=no_text), 422)
