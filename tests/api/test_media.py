"""Files come in and go out whole, in parts, and only to those who may see them."""

import base64
import hashlib
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.core.files import PDF, SHAPES, bomb, made, picture

from .conftest import ANNA, SHOP, Door, until
from .test_bad_input import problem

HTML = b'<!doctype html><html><script>alert(document.cookie)</script></html>'
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


def brings(by: httpx.Client, data: bytes, filename: str = '', kind: str = 'application/octet-stream') -> dict[str, Any]:
    headers = {'content-type': kind}
    if filename:
        headers['content-disposition'] = f'attachment; filename="{filename}"'
    answer = by.post('/media', content=data, headers=headers)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_file_is_brought_and_fetched(door: Door) -> None:
    data = picture('JPEG')
    brought = brings(door.api, data, 'menu.png', 'image/png')
    sha256 = hashlib.sha256(data).hexdigest()
    assert brought == {
        'id': brought['id'], 'mime': 'image/jpeg', 'size': len(data), 'sha256': sha256, 'filename': 'menu.jpg',
        'width': 640, 'height': 480, 'seconds': 0, 'animated': False,
    }  # fmt: skip
    answer = door.api.get(f'/media/{brought["id"]}')
    assert (answer.status_code, answer.content) == (200, data)
    assert answer.headers['content-type'] == 'image/jpeg'
    assert answer.headers['content-length'] == str(len(data))
    assert answer.headers['etag'] == f'"{sha256}"'
    assert answer.headers['content-disposition'] == "inline; filename*=UTF-8''menu.jpg"
    assert answer.headers['x-content-type-options'] == 'nosniff'
    assert 'sandbox' in answer.headers['content-security-policy']
    assert 'private' in answer.headers['cache-control']
    small = door.api.get(f'/media/{brought["id"]}/thumbnail')
    assert (small.headers['content-type'], small.content[:2]) == ('image/jpeg', b'\xff\xd8')


def test_a_form_brings_the_same_file(door: Door) -> None:
    data = os.urandom(700_000)
    form = {'note': ('x.txt', b'a' * 5_000, 'text/plain'), 'file': ('Übersicht.bin', data, 'video/mp4')}
    answer = door.api.post('/media', files=form, data={'caption': 'hello'})
    assert answer.status_code == 201, answer.text
    brought = answer.json()
    assert (brought['filename'], brought['mime']) == ('Übersicht.bin', 'application/octet-stream')
    assert brings(door.api, data)['id'] == brought['id']
    assert door.api.get(f'/media/{brought["id"]}').content == data


@pytest.mark.parametrize(
    ('said', 'filename'),
    [
        ('attachment; filename="Menü.pdf"', 'Menü.pdf'),
        ("attachment; filename*=UTF-8''Men%C3%BC.pdf", 'Menü.pdf'),
        ('attachment', ''),
        ('attachment; filename="../../etc/passwd"', 'passwd.pdf'),
        (';;;="', ''),
    ],
)
def test_a_body_may_say_how_it_is_called(door: Door, said: str, filename: str) -> None:
    headers = [(b'content-disposition', said.encode()), (b'authorization', door.api.headers['authorization'].encode())]
    answer = httpx.post(f'{door.url}/api/v1/media', content=PDF, headers=headers, trust_env=False, verify=False)
    assert answer.json()['filename'] == filename


def test_a_browser_keeps_what_has_not_changed(door: Door) -> None:
    id = brings(door.api, picture())['id']
    for path in (f'/media/{id}', f'/media/{id}/thumbnail'):
        tag = door.api.get(path).headers['etag']
        for said in (tag, f'W/{tag}', f'"other", {tag}', '*'):
            again = door.api.get(path, headers={'if-none-match': said})
            assert (again.status_code, again.content, again.headers['etag']) == (304, b'', tag)
        assert door.api.get(path, headers={'if-none-match': '"other"'}).status_code == 200


@pytest.mark.parametrize(
    ('asked', 'begin', 'end'),
    [
        ('bytes=0-0', 0, 1), ('bytes=0-', 0, 1000), ('bytes=10-19', 10, 20), ('bytes=990-5000', 990, 1000),
        ('bytes=-10', 990, 1000), ('bytes=-5000', 0, 1000), ('bytes=999-', 999, 1000), ('bytes= 5-6', 5, 7),
    ],
)  # fmt: skip
def test_a_part_can_be_asked_for(door: Door, asked: str, begin: int, end: int) -> None:
    data = bytes(n % 251 for n in range(1000))
    id = brings(door.api, data)['id']
    answer = door.api.get(f'/media/{id}', headers={'range': asked})
    assert answer.content == data[begin:end]
    assert answer.headers['content-length'] == str(end - begin)
    assert answer.headers['accept-ranges'] == 'bytes'
    if end - begin < 1000:
        assert answer.status_code == 206
        assert answer.headers['content-range'] == f'bytes {begin}-{end - 1}/1000'


@pytest.mark.parametrize('asked', ['bytes=1000-', 'bytes=5000-6000', 'bytes=-0', f'bytes={"9" * 18}-'])
def test_a_part_that_is_not_there_is_refused(door: Door, asked: str) -> None:
    id = brings(door.api, bytes(n % 251 for n in range(1000)))['id']
    answer = door.api.get(f'/media/{id}', headers={'range': asked})
    problem(answer, 416, 'range_not_satisfiable')
    assert answer.headers['content-range'] == 'bytes */1000'


@pytest.mark.parametrize(
    'asked', ['bytes=', 'bytes=-', 'bytes=5-2', 'bytes=a-b', 'items=0-1', 'bytes=0-1,5-6', f'bytes=0-{"9" * 30}', 'ü']
)
def test_what_is_no_single_range_gets_the_whole(door: Door, asked: str) -> None:
    data = bytes(n % 251 for n in range(1000))
    id = brings(door.api, data)['id']
    headers = [(b'range', asked.encode()), (b'authorization', door.api.headers['authorization'].encode())]
    answer = httpx.get(f'{door.url}/api/v1/media/{id}', headers=headers, trust_env=False, verify=False)
    assert (answer.status_code, answer.content) == (200, data)


def test_a_part_of_another_version_is_not_mixed_in(door: Door) -> None:
    data = bytes(n % 251 for n in range(1000))
    brought = brings(door.api, data)
    for tag, status in (('"other"', 200), (f'"{brought["sha256"]}"', 206)):
        headers = {'range': 'bytes=0-9', 'if-range': tag}
        assert door.api.get(f'/media/{brought["id"]}', headers=headers).status_code == status


def test_its_head_can_be_asked_for(door: Door) -> None:
    data = picture()
    id = brings(door.api, data)['id']
    answer = door.api.head(f'/media/{id}')
    assert (answer.status_code, answer.content) == (200, b'')
    assert (answer.headers['content-length'], answer.headers['content-type']) == (str(len(data)), 'image/png')
    assert door.api.head('/media/nothing').status_code == 404


@pytest.mark.parametrize(('data', 'name'), [(HTML, 'page.jpg'), (SVG, 'logo.svg'), (b'MZ' + bytes(200), 'a.exe')])
def test_what_could_do_something_is_saved_and_never_shown(door: Door, data: bytes, name: str) -> None:
    answer = door.api.get(f'/media/{brings(door.api, data, name)["id"]}')
    assert answer.headers['content-disposition'].startswith('attachment')
    assert 'sandbox' in answer.headers['content-security-policy']
    assert answer.headers['x-content-type-options'] == 'nosniff'


def test_a_video_has_a_length_and_a_small_view(door: Door, tmp_path: Path) -> None:
    brought = brings(door.api, made(tmp_path, 'v.mp4', *SHAPES, '-pix_fmt', 'yuv420p'))
    assert (brought['mime'], brought['width'], brought['height'], brought['seconds']) == ('video/mp4', 320, 240, 2)
    assert door.api.get(f'/media/{brought["id"]}/thumbnail').status_code == 200
    problem(door.api.get(f'/media/{brings(door.api, PDF)["id"]}/thumbnail'), 404)


# ---- what is refused


def test_an_empty_file_is_refused(door: Door) -> None:
    body = problem(door.api.post('/media', content=b'', headers={'content-type': 'image/png'}), 422, 'media_empty')
    assert body['errors'][0]['field'] == 'file'
    problem(door.api.post('/media', files={'file': ('a.txt', b'')}), 422, 'media_empty')


def test_a_picture_that_would_fill_the_memory_is_refused(door: Door) -> None:
    headers = {'content-type': 'image/png'}
    problem(door.api.post('/media', content=bomb(), headers=headers), 422, 'media_too_many_pixels')


def test_too_large_a_file_is_refused_while_it_comes(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door.gateway.media, 'most', 2**20)

    def pieces() -> Iterator[bytes]:
        for _ in range(40):
            yield bytes(2**16)

    for answer in (
        door.api.post('/media', content=pieces(), headers={'content-type': 'video/mp4'}),
        door.api.post('/media', content=bytes(2**20 + 1), headers={'content-type': 'video/mp4'}),
        door.api.post('/media', files={'file': ('a.bin', bytes(2**20 + 1))}),
    ):
        body = problem(answer, 413, 'media_too_large')
        assert '1 MiB' in body['detail']
    assert brings(door.api, bytes(2**20))['size'] == 2**20
    assert not list((door.gateway.state.media / 'tmp').iterdir())


def test_two_hundred_megabytes_are_refused_by_their_announcement(door: Door) -> None:
    where = urlsplit(door.url)
    head = (
        f'POST /api/v1/media HTTP/1.1\r\nHost: {where.netloc}\r\nAuthorization: {door.api.headers["authorization"]}\r\n'
        f'Content-Type: video/mp4\r\nContent-Length: {200 * 2**20}\r\n\r\n'
    )
    with socket.create_connection((str(where.hostname), int(where.port or 0)), 30) as line:
        line.sendall(head.encode())
        assert line.recv(4096).startswith(b'HTTP/1.1 413')


def test_other_routes_take_no_more_than_before(door: Door) -> None:
    problem(door.api.post('/messages', json={'session': 'shop', 'to': f'+{ANNA}', 'text': 'x' * 2**21}), 413)


@pytest.mark.parametrize(
    ('kind', 'body', 'status'),
    [
        ('application/x-www-form-urlencoded', b'file=@photo.jpg', 415),
        ('multipart/form-data', b'hello', 422),
        ('multipart/form-data; boundary=x', b'hello', 422),
        ('multipart/form-data; boundary=x', b'', 422),
        ('multipart/form-data; boundary=x', b'--x--\r\n', 422),
        ('multipart/form-data; boundary=x', b'--x\r\ncontent-disposition: form-data; name="file"\r\n\r\nhalf', 422),
        (
            'multipart/form-data; boundary=x',
            b'--x\r\ncontent-disposition: form-data; name="other"\r\n\r\na\r\n--x--',
            422,
        ),
        ('multipart/form-data; boundary=x', b'--x\r\nno header at all\r\n\r\na\r\n--x--', 422),
        ('multipart/form-data; boundary=' + 'x' * 500, b'hello', 422),
        (
            'multipart/form-data; boundary=x',
            b'--x\r\ncontent-disposition: form-data; name="file"\r\n\r\na\r\n' * 2 + b'--x--\r\n',
            422,
        ),
    ],
)
def test_what_is_no_file_is_refused(door: Door, kind: str, body: bytes, status: int) -> None:
    problem(door.api.post('/media', content=body, headers={'content-type': kind}), status)


def test_who_breaks_off_leaves_nothing(door: Door) -> None:
    where = urlsplit(door.url)
    head = (
        f'POST /api/v1/media HTTP/1.1\r\nHost: {where.netloc}\r\nAuthorization: {door.api.headers["authorization"]}\r\n'
        'Content-Type: video/mp4\r\nContent-Length: 1000000\r\n\r\nhalf'
    )
    folder = door.gateway.state.media / 'tmp'
    with socket.create_connection((str(where.hostname), int(where.port or 0)), 30) as line:
        line.sendall(head.encode())
        until(lambda: list(folder.iterdir()))
    until(lambda: not list(folder.iterdir()))


def test_a_full_disk_is_said(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = door.gateway.media.folder / 'a file' / 'tmp'
    lost.parent.write_bytes(b'')
    monkeypatch.setattr(door.gateway.media, '_fresh', lost)
    problem(door.api.post('/media', content=b'x', headers={'content-type': 'text/plain'}), 507, 'storage_failed')
    lost.parent.unlink()


# ---- who may


def test_a_repeated_request_gets_the_first_answer(door: Door) -> None:
    headers = {'idempotency-key': 'the menu of today', 'content-type': 'application/pdf'}
    first = door.api.post('/media', content=PDF, headers=headers)
    again = door.api.post('/media', content=PDF, headers=headers)
    assert again.json() == first.json()
    assert again.headers['idempotent-replayed'] == 'true'
    other = door.api.post('/media', content=PDF + b' ', headers=headers)
    problem(other, 409, 'idempotency_key_reused')


def test_a_key_for_some_sessions_sees_only_its_own(door: Door) -> None:
    if door.api.get('/sessions/annex').status_code == 404:
        door.api.post('/sessions', json={'name': 'annex', 'start': False}).raise_for_status()
    limited, stranger = door.by(door.key('agent', 'annex')), door.by(door.key('agent', 'annex'))
    data = os.urandom(500)
    id = brings(limited, data)['id']
    assert limited.get(f'/media/{id}').content == data
    problem(stranger.get(f'/media/{id}'), 404)
    problem(stranger.get(f'/media/{id}/thumbnail'), 404)
    assert door.by(door.key('viewer')).get(f'/media/{id}').content == data
    assert brings(stranger, data)['id'] == id  # who has it may say so
    assert stranger.get(f'/media/{id}').status_code == 200


def test_a_viewer_brings_nothing(door: Door) -> None:
    viewer = door.by(door.key('viewer'))
    problem(viewer.post('/media', content=PDF, headers={'content-type': 'application/pdf'}), 403)


def test_a_forgotten_file_is_not_found(door: Door) -> None:
    id = brings(door.api, os.urandom(100))['id']
    door.gateway.media.forget([id])
    assert 'was deleted' in problem(door.api.get(f'/media/{id}'), 404)['detail']
    problem(door.api.get('/media/01KB3M5V6J8QW2H4E9T7XZ1C0A'), 404)
    problem(door.api.get('/media/..%2f..%2fsecret.key'), 404)


# ---- what people send


def sends(door: Door, data: bytes, *, caption: str, mime: str = 'image/jpeg') -> dict[str, Any]:
    """Anna sends it to the shop; gives the message as it was when it came."""
    media = {'data': base64.b64encode(data).decode(), 'mime': mime, 'caption': caption}
    door.api.post(f'/sandbox/phones/{ANNA}/say', json={'to': SHOP, 'media': media}).raise_for_status()
    found = until(lambda: door.api.get('/messages', params={'q': caption}).json()['items'], 20)
    message: dict[str, Any] = found[0]
    return message


def ended(door: Door, id: str) -> dict[str, Any]:
    """The file of this message once nothing more happens to it by itself."""
    media = until(lambda: (now := door.message(id)['media']).get('state') not in (None, 'wanted') and now, 30)
    assert isinstance(media, dict)
    return media


def test_a_photo_that_somebody_sends_can_be_fetched(door: Door) -> None:
    data = picture('JPEG', colour='gold')
    message = sends(door, data, caption='our table')
    media = ended(door, message['id'])
    assert (media['state'], media['mime'], media['size'], media['width']) == ('here', 'image/jpeg', len(data), 640)
    assert door.api.get(f'/media/{media["id"]}').content == data
    assert door.by(door.key('viewer', 'shop')).get(f'/media/{media["id"]}').content == data
    problem(door.api.post(f'/messages/{message["id"]}/media'), 409, 'media_here')
    if door.api.get('/sessions/annex').status_code == 404:
        door.api.post('/sessions', json={'name': 'annex', 'start': False}).raise_for_status()
    problem(door.by(door.key('agent', 'annex')).get(f'/media/{media["id"]}'), 404)
    problem(door.by(door.key('agent', 'annex')).post(f'/messages/{message["id"]}/media'), 404)


@pytest.mark.parametrize('code', [403, 404])
def test_a_photo_that_whatsapp_has_lost_can_be_asked_for_again(door: Door, code: int) -> None:
    told: list[dict[str, Any]] = []
    stop = door.gateway.bus.watch(lambda news: told.append(news.body) if news.kind == 'message.media' else None)
    try:
        door.api.post('/sandbox/faults', json={'kind': 'media', 'code': code, 'times': 1}).raise_for_status()
        data = picture('JPEG', (300 + code, 200))
        message = sends(door, data, caption=f'lost {code}')
        media = ended(door, message['id'])
        assert (media['state'], media['id']) == ('gone', None)
        assert 'ask the sender' in media['detail']
        wanted = door.api.post(f'/messages/{message["id"]}/media')
        assert wanted.status_code == 202, wanted.text
        assert wanted.json()['id'] == message['id']
        media = ended(door, message['id'])
        assert door.api.get(f'/media/{media["id"]}').content == data
        until(lambda: len(told) == 2)
        assert [(each['id'], each['media']['state']) for each in told] == [(message['id'], s) for s in ('gone', 'here')]
    finally:
        stop()


def test_a_server_in_trouble_is_asked_again(door: Door) -> None:
    door.api.post('/sandbox/faults', json={'kind': 'media', 'code': 500, 'times': 1}).raise_for_status()
    data = picture('JPEG', (333, 222))
    message = sends(door, data, caption='in trouble')
    assert door.api.get(f'/media/{ended(door, message["id"])["id"]}').content == data


def test_a_message_without_a_file_has_none_to_fetch(door: Door) -> None:
    sent = door.sends('only words').json()
    assert 'no file' in problem(door.api.post(f'/messages/{sent["id"]}/media'), 404)['detail']


def test_many_read_and_write_at_once(door: Door) -> None:
    files = [os.urandom(300_000) for _ in range(8)]
    right: list[bool] = []

    def one(data: bytes) -> None:
        client = door.client(authorization=door.api.headers['authorization'])
        id = brings(client, data)['id']
        right.append(all(client.get(f'/media/{id}').content == data for _ in range(3)))

    threads = [threading.Thread(target=one, args=(data,)) for data in files]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert right == [True] * 8
