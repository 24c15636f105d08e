"""A session, from its creation to its end."""

import resource
import struct
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest

from data.database import StorageFailed
from data.sessions import Session
from ui.api import health

from .conftest import Door, until

CAFE = '15550000002'


def pairing(door: Door, name: str) -> httpx.Response:
    return until(lambda: (found := door.api.get(f'/sessions/{name}/qr')).status_code == 200 and found)  # type: ignore[no-any-return]


@contextmanager
def no_room_in_any_file() -> Iterator[None]:
    """The disk takes not one byte more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_session_is_made_linked_stopped_and_deleted(door: Door) -> None:
    made = door.api.post('/sessions', json={'name': 'cafe', 'country': 'de'}, headers={'idempotency-key': 'cafe'})
    assert made.status_code == 201
    assert made.json()['country'] == 'DE'
    assert made.json()['state'] in ('starting', 'pairing')
    again = door.api.post('/sessions', json={'name': 'cafe', 'country': 'de'}, headers={'idempotency-key': 'cafe'})
    assert (again.status_code, again.text) == (201, made.text)
    door.api.post('/sandbox/phones', json={'phone': CAFE, 'name': 'Cafe'}).raise_for_status()
    linked = door.api.post(f'/sandbox/phones/{CAFE}/scan', json={'session': 'cafe'})
    assert linked.json()['linked'] is True
    until(lambda: door.api.get('/sessions/cafe').json()['state'] == 'working')
    assert door.api.get('/sessions/cafe').json()['phone'] == f'+{CAFE}'
    assert door.api.get('/sessions/cafe').json()['next_step'] == 'Nothing to do.'

    assert door.api.post('/sessions/cafe/stop').json()['state'] == 'resting'
    assert door.api.post(f'/sandbox/phones/{CAFE}/scan', json={'session': 'cafe'}).status_code == 409
    door.api.post('/sessions/cafe/start').raise_for_status()
    until(lambda: door.api.get('/sessions/cafe').json()['state'] == 'working')
    door.api.post('/sessions/cafe/restart').raise_for_status()
    until(lambda: door.api.get('/sessions/cafe').json()['state'] == 'working')
    assert door.api.patch('/sessions/cafe', json={'country': 'br'}).json()['country'] == 'BR'
    assert door.api.patch('/sessions/cafe', json={'country': 'Brazil'}).status_code == 422

    assert door.api.post('/sessions/cafe/logout').json()['state'] == 'logged_out'
    assert door.api.post('/sessions/cafe/logout').json()['code'] == 'not_linked'
    states = [step['state'] for step in door.api.get('/sessions/cafe/history').json()['items']]
    assert states[0] == 'logged_out'
    assert {'working', 'resting', 'starting'} <= set(states)
    assert door.api.delete('/sessions/cafe').status_code == 204
    assert door.api.get('/sessions/cafe').status_code == 404


def test_a_code_comes_as_text_and_as_pictures(door: Door) -> None:
    door.api.post('/sessions', json={'name': 'kiosk'}).raise_for_status()
    code = pairing(door, 'kiosk')
    assert code.json()['code'].startswith('https://wa.me/')
    assert code.json()['expires_at'].endswith('Z')
    assert code.headers['cache-control'] == 'no-store'
    svg = door.api.get('/sessions/kiosk/qr', headers={'accept': 'image/svg+xml'})
    assert svg.headers['content-type'] == 'image/svg+xml'
    assert svg.text.startswith('<svg')
    png = door.api.get('/sessions/kiosk/qr', headers={'accept': 'image/png'}).content
    assert png.startswith(b'\x89PNG')
    width, height = struct.unpack('>II', png[16:24])
    data = zlib.decompress(png[41 : 41 + struct.unpack('>I', png[33:37])[0]])
    assert len(data) == height * (1 + (width + 7) // 8)
    door.api.delete('/sessions/kiosk').raise_for_status()


def test_a_phone_is_linked_by_a_code_it_types(door: Door) -> None:
    door.api.post('/sessions', json={'name': 'bar'}).raise_for_status()
    pairing(door, 'bar')
    door.api.post('/sandbox/phones', json={'phone': '15550000003', 'name': 'Bar'}).raise_for_status()
    code = door.api.post('/sessions/bar/pairing-code', json={'phone': '+15550000003'})
    assert code.status_code == 200, code.text
    typed = door.api.post('/sandbox/phones/15550000003/enter-code', json={'code': code.json()['code']})
    assert typed.json()['linked'] is True
    until(lambda: door.api.get('/sessions/bar').json()['state'] == 'working')
    assert door.api.get('/sessions/bar/qr').json()['code'] == 'not_pairing'
    assert door.api.post('/sessions/bar/pairing-code', json={'phone': '12'}).status_code == 422
    door.api.delete('/sessions/bar').raise_for_status()


def test_a_session_that_could_not_be_started_at_once_is_started_by_the_repeated_request(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(name: str) -> Session:
        raise StorageFailed('The disk is full.')

    ask = {'url': '/sessions', 'json': {'name': 'stand'}, 'headers': {'idempotency-key': 'stand'}}
    with monkeypatch.context() as disk:
        disk.setattr(door.gateway.sessions, 'start', full)
        assert door.api.post(**ask).status_code == 507  # type: ignore[arg-type]
    kept = door.api.get('/sessions/stand').json()
    assert (kept['state'], kept['wanted']) == ('new', True)  # so a start of the program would open it as well
    again = door.api.post(**ask)  # type: ignore[arg-type]
    assert (again.status_code, again.json()['state']) == (201, 'starting')
    assert door.api.post(**ask).text == again.text  # type: ignore[arg-type]
    pairing(door, 'stand')
    door.api.delete('/sessions/stand').raise_for_status()
    assert door.api.post(**ask).text == again.text  # type: ignore[arg-type]


def test_a_program_that_cannot_write_is_not_ready(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    with httpx.Client(base_url=door.url, trust_env=False, verify=False) as monitor:
        with no_room_in_any_file():
            until(lambda: monitor.get('/ready').status_code == 503)
        until(lambda: monitor.get('/ready').status_code == 200)
        monkeypatch.setattr(health, 'ROOM', 2**60)
        refused: httpx.Response = until(lambda: (found := monitor.get('/ready')).status_code == 503 and found)
        assert 'disk' in refused.json()['detail']
        monkeypatch.undo()
        until(lambda: monitor.get('/ready').status_code == 200)


def test_the_program_says_that_it_lives(door: Door) -> None:
    with httpx.Client(base_url=door.url, trust_env=False, verify=False, timeout=30) as monitor:
        assert monitor.get('/health').json() == {'status': 'ok'}
        assert monitor.get('/ready').json() == {'status': 'ready'}
        assert monitor.head('/health').status_code == 200
    hosts = door.api.get('/hosts').json()
    assert hosts[0]['pid'] > 0
    assert 'shop' in hosts[0]['sessions']
    assert door.api.post('/hosts/h99/restart').status_code == 404


def test_a_host_that_is_just_starting_keeps_nobody_waiting_but_who_asks_for_it(door: Door) -> None:
    with ThreadPoolExecutor(1) as caller:
        with door.gateway.hosts.processes.lock:  # as while one is started
            asked = caller.submit(door.api.post, '/hosts/h99/restart')
            end = time.monotonic() + 1
            while time.monotonic() < end:
                assert httpx.get(f'{door.url}/health', timeout=10, trust_env=False, verify=False).status_code == 200
            assert not asked.done()
        assert asked.result(10).status_code == 404


def test_a_restarted_host_brings_its_sessions_back(door: Door) -> None:
    host = next(each for each in door.api.get('/hosts').json() if 'shop' in each['sessions'])
    assert door.api.post(f'/hosts/{host["id"]}/restart').status_code == 202
    until(lambda: door.api.get('/hosts').json()[0]['pid'] not in (host['pid'], 0))
    until(lambda: door.api.get('/sessions/shop').json()['state'] == 'working')
