"""The stream of events."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from ui.api import events
from ui.api.events import Stream, Wanted
from ui.guard import COOKIE

from .conftest import ANNA, PASSWORD, SHOP, Door, until


class Listener:
    def __init__(self, answer: httpx.Response) -> None:
        self.lines = answer.iter_lines()
        self.last = ''

    def next(self) -> dict[str, Any]:
        """The next event, with its name and number."""
        event: dict[str, Any] = {}
        end = time.monotonic() + 60
        for line in self.lines:
            assert time.monotonic() < end, 'nothing but heartbeats for a minute'
            name, _, value = line.partition(': ')
            if not line and 'data' in event:
                return event
            if name == 'id':
                self.last = value
            if name in ('id', 'event'):
                event[name] = value
            elif name == 'data':
                event['data'] = json.loads(value)
        raise EOFError

    def until(self, kind: str) -> dict[str, Any]:
        while (event := self.next())['event'] != kind:
            pass
        return event


@contextmanager
def listening(door: Door, client: httpx.Client | None = None, last: str = '', **params: str) -> Iterator[Listener]:
    headers = {'last-event-id': last} if last else {}
    with (client or door.api).stream('GET', '/events', params=params, headers=headers) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers['content-type'].startswith('text/event-stream')
        yield Listener(answer)


def says(door: Door, text: str) -> None:
    door.api.post(f'/sandbox/phones/{ANNA}/say', json={'to': SHOP, 'text': text}).raise_for_status()


def test_what_happens_is_told_as_it_happens(door: Door) -> None:
    with listening(door, types='message.received') as stream:
        says(door, 'live')
        event = stream.next()
    assert event['event'] == event['data']['type'] == 'message.received'
    assert event['data']['data']['text'] == 'live'
    assert event['data']['meta']['session'] == 'shop'
    assert event['data']['timestamp'].endswith('Z')
    assert int(event['id']) > 0


def test_every_event_says_whose_it_is_and_what_it_belongs_to(door: Door) -> None:
    door.gateway.library.save({
        'schema': 'dovecote.flow/1', 'key': 'echo', 'name': 'Echo', 'priority': 1,
        'triggers': [{'type': 'message', 'match': {'op': 'equals', 'values': ['who causes what?']}}],
        'steps': [{'do': 'send', 'text': 'you do'}],
    })  # fmt: skip
    try:
        with listening(door, session='shop', types='message.*,flow.*') as stream:
            says(door, 'who causes what?')
            heard = [stream.until('message.received')]
            asked = heard[0]['data']['data']['id']
            while heard[-1]['event'] != 'message.delivered':
                event = stream.next()
                if event['data']['meta']['correlation_id'] == asked:
                    heard.append(event)
            last = int(stream.last)
    finally:
        door.gateway.library.switch('echo', on=False)
    kinds = ['message.received', 'message.queued', 'flow.run.finished', 'message.sent', 'message.delivered']
    assert sorted(event['event'] for event in heard) == sorted(kinds)
    for event in heard:
        meta = event['data']['meta']
        assert (meta['account'], meta['api_version'], meta['session']) == (f'+{SHOP}', '2026-01', 'shop')
        assert meta['caused_by'] == (None if event is heard[0] else asked)
    with listening(door, last=str(last - 1), session='shop', types='message.*') as again:
        assert again.next() == heard[-1]


def test_what_nothing_caused_belongs_to_itself(door: Door) -> None:
    with listening(door, types='message.sent') as stream:
        id = door.sends('out of the blue').json()['id']
        event = stream.next()
    assert event['data']['data']['id'] == id
    assert (event['data']['meta']['correlation_id'], event['data']['meta']['caused_by']) == (id, None)
    with listening(door, types='session.state') as stream:
        door.api.post('/sessions', json={'name': 'quiet2', 'start': False}).raise_for_status()
        meta = stream.next()['data']['meta']
    expected = ('quiet2', None, meta['id'], None)
    assert (meta['session'], meta['account'], meta['correlation_id'], meta['caused_by']) == expected
    door.api.delete('/sessions/quiet2').raise_for_status()


async def test_what_happens_while_a_stream_begins_is_told_too(door: Door) -> None:
    pieces: list[bytes] = []

    async def send(message: dict[str, Any]) -> None:
        if message['type'] == 'http.response.start':  # the client knows that it listens from now on
            await asyncio.to_thread(says, door, 'at the very start')
            await asyncio.to_thread(
                until, lambda: door.api.get('/messages', params={'q': 'very start'}).json()['items']
            )
        pieces.append(message.get('body', b''))
        if b'at the very start' in pieces[-1]:
            door.gateway.desk.whisper('dovecote.stopping', {})

    wanted = Wanted(sessions=None, kinds=('message.received',))
    stream = Stream(door.gateway, wanted, None, still=lambda: True, ended=lambda _: None)
    scope = {'type': 'http', 'asgi': {'version': '3.0', 'spec_version': '2.4'}}
    await asyncio.wait_for(stream(scope, asyncio.Event().wait, send), 60)  # type: ignore[arg-type]
    assert b'at the very start' in b''.join(pieces)


def test_a_stream_resumes_without_gap_or_repetition(door: Door) -> None:
    with listening(door, types='message.*') as stream:
        says(door, 'before the break')
        stream.until('message.received')
    for n in range(20):
        says(door, f'meanwhile {n}')
    until(lambda: door.api.get('/messages', params={'q': 'meanwhile 19'}).json()['items'])
    with listening(door, last=stream.last, types='message.received') as resumed:
        for n in range(20, 30):
            says(door, f'meanwhile {n}')
        heard = [resumed.next() for _ in range(30)]
    assert [event['data']['data']['text'] for event in heard] == [f'meanwhile {n}' for n in range(30)]
    numbers = [int(event['id']) for event in heard]
    assert numbers == sorted(set(numbers))


def test_a_stream_that_saw_nothing_can_resume_too(door: Door) -> None:
    with listening(door) as stream:
        for line in stream.lines:
            if line.startswith('id: '):
                last = line[4:]
                break
    says(door, 'while nobody listened')
    with listening(door, last_event_id=last, types='message.received') as resumed:
        assert resumed.next()['data']['data']['text'] == 'while nobody listened'


def test_an_id_that_the_log_does_not_know_is_a_gap(door: Door) -> None:
    with listening(door, last='999999999') as stream:
        assert stream.next()['event'] == 'stream.gap'
        says(door, 'after the gap')
        assert stream.until('message.received')['data']['data']['text'] == 'after the gap'
    assert door.api.get('/events', headers={'last-event-id': 'x'}).status_code == 422


def test_a_key_hears_only_of_its_sessions(door: Door) -> None:
    door.api.post('/sessions', json={'name': 'quiet', 'start': False}).raise_for_status()
    limited = door.by(door.key('viewer', 'quiet'))
    with listening(door, limited) as stream:
        says(door, 'not for quiet ears')
        until(lambda: door.api.get('/messages', params={'q': 'quiet ears'}).json()['items'])
        door.api.post('/sessions/quiet/start').raise_for_status()
        assert stream.next()['data']['meta']['session'] == 'quiet'
    door.api.delete('/sessions/quiet').raise_for_status()


def test_a_client_that_cannot_follow_is_cut_off_and_told_so(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, 'HELD', 0)
    with listening(door) as stream:
        assert next(stream.lines) == 'retry: 2000'
        door.gateway.desk.whisper('chat.typing', {'chat': 'x'})
        said = [line for line in stream.lines if line.startswith(':')]
    assert said == [': too slow, too much was waiting; resume with Last-Event-ID']


def test_a_stream_ends_as_soon_as_its_key_is_revoked(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, 'HEARTBEAT', 600.0)
    made = door.api.post('/keys', json={'name': 'short', 'role': 'viewer'}).json()
    with listening(door, door.by(made['key'])) as stream:
        assert next(stream.lines) == 'retry: 2000'
        door.api.delete(f'/keys/{made["id"]}').raise_for_status()
        assert ': this key or sign-in is no longer good' in list(stream.lines)


def test_a_stream_ends_as_soon_as_its_person_is_shut_out(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, 'HEARTBEAT', 600.0)
    person = door.person('viewer')
    token = door.gateway.people.sign_in(person.email, PASSWORD, '127.0.0.1', 'a browser')
    with listening(door, door.client(cookie=f'{COOKIE}={token}', origin=door.url)) as stream:
        assert next(stream.lines) == 'retry: 2000'
        says(door, 'heard by both')
        assert stream.until('message.received')['data']['data']['text'] == 'heard by both'
        door.api.delete(f'/users/{person.id}').raise_for_status()
        assert ': this key or sign-in is no longer good' in list(stream.lines)


def test_streams_end_at_once_when_the_program_stops(door: Door) -> None:
    with listening(door) as stream:
        assert next(stream.lines) == 'retry: 2000'
        door.gateway.desk.whisper('dovecote.stopping', {})
        list(stream.lines)
