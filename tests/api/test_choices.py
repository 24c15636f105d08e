"""What a session does by itself: which files it downloads, and whether links are shown with what they lead to."""

import ipaddress
from collections.abc import Iterator
from typing import Any

import pytest

from tests.core.files import picture
from tests.core.web import Web, web

from .conftest import ANNA, Door, until
from .test_bad_input import problem
from .test_media import ended, sends

ALL = ['image', 'video', 'audio', 'voice', 'document', 'sticker']
PAGE = b'<title>Soup of the day</title>'


@pytest.fixture(autouse=True)
def _as_before(door: Door) -> Iterator[None]:
    yield
    chosen(door, media={'fetch': ALL, 'up_to_mb': 20}, link_previews=False)


@pytest.fixture
def site(door: Door) -> Iterator[Web]:
    """Other people's site, which this house may reach although it is so near."""
    before = door.gateway.guard.allow
    door.gateway.guard.allow = (ipaddress.ip_network('127.0.0.0/8'),)
    with web() as server:
        server.answers['/'] = lambda line: line.says(PAGE, 'text/html')
        yield server
    door.gateway.guard.allow = before


def chosen(door: Door, **what: object) -> dict[str, Any]:
    answer = door.api.patch('/sessions/shop', json=what)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_what_is_downloaded_is_chosen_in_parts_and_shown(door: Door) -> None:
    shop = door.api.get('/sessions/shop').json()
    assert (shop['media'], shop['link_previews']) == ({'fetch': ALL, 'up_to_mb': 20}, False)
    assert chosen(door, media={'up_to_mb': 5})['media'] == {'fetch': ALL, 'up_to_mb': 5}
    assert chosen(door, media={'fetch': ['voice', 'image']})['media'] == {'fetch': ['image', 'voice'], 'up_to_mb': 5}
    assert chosen(door, media={}, link_previews=True)['media']['up_to_mb'] == 5
    shop = door.api.get('/sessions/shop').json()
    assert (shop['media'], shop['link_previews']) == ({'fetch': ['image', 'voice'], 'up_to_mb': 5}, True)
    assert shop['protection']['preset'] == 'off'


@pytest.mark.parametrize(
    'wrong',
    [
        {'media': {'fetch': ['hologram']}}, {'media': {'fetch': 'image'}}, {'media': {'up_to_mb': -1}},
        {'media': {'up_to_mb': 4096}}, {'media': {'up_to_mb': True}}, {'media': {'up_to_mb': 1.5}},
        {'media': {'speed': 1}}, {'media': 7}, {'link_previews': 'yes'}, {'link_previews': 1},
    ],
)  # fmt: skip
def test_nonsense_is_refused_and_changes_nothing(door: Door, wrong: dict[str, object]) -> None:
    before = door.api.get('/sessions/shop').json()
    problem(door.api.patch('/sessions/shop', json=wrong), 422)
    assert door.api.get('/sessions/shop').json() == before


def test_only_who_manages_sessions_chooses(door: Door) -> None:
    agent = door.by(door.key('agent'))
    assert agent.patch('/sessions/shop', json={'media': {'up_to_mb': 1}}).status_code == 403


def test_what_a_session_does_not_download_waits_until_somebody_asks(door: Door) -> None:
    chosen(door, media={'fetch': ['voice', 'document']})
    data = picture('JPEG', (310, 205))
    message = sends(door, data, caption='skipped at first')
    media = ended(door, message['id'])
    assert (media['state'], media['id']) == ('skipped', None)
    assert media['detail'] == 'This session does not fetch files of this kind (image) by itself.'
    door.api.post(f'/messages/{message["id"]}/media').raise_for_status()
    media = until(lambda: (now := door.message(message['id'])['media'])['state'] == 'here' and now)
    assert door.api.get(f'/media/{media["id"]}').content == data
    chosen(door, media={'fetch': ['image'], 'up_to_mb': 0})
    too_large = ended(door, sends(door, picture('JPEG', (311, 206)), caption='larger than nothing')['id'])
    assert 'larger than the 0 MiB' in too_large['detail']


def test_links_are_shown_as_the_session_does_unless_a_text_says_otherwise(door: Door, site: Web) -> None:
    def shown(text: str, **more: Any) -> str | None:
        answer = door.sends(f'{text} {site.url()}', **more)
        assert answer.status_code == 202, answer.text
        return (door.message(answer.json()['id']).get('preview') or {}).get('title')

    assert shown('by itself nothing') is None
    assert shown('asked for', preview=True) == 'Soup of the day'
    chosen(door, link_previews=True)
    assert shown('by itself') == 'Soup of the day'
    assert shown('and not', preview=False) is None
    asked = len(site.asked)
    narrow = door.by(door.key('agent', 'shop'))
    body = {'session': 'shop', 'to': f'+{ANNA}', 'text': f'soup? {site.url()}'}
    answers = [narrow.post('/messages', json=body, headers={'idempotency-key': 'soup'}) for _ in range(2)]
    assert answers[0].text == answers[1].text
    assert len(site.asked) == asked + 1
    problem(narrow.post('/messages', json={**body, 'session': 'nothing'}), 404)
    assert door.sends('no link at all').status_code == 202
    assert len(site.asked) == asked + 1
