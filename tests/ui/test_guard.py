"""What every request meets first."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest
import websockets

from tests.ui.conftest import PASSWORD, House
from ui.api.problems import Problem

FORM = {'email': 'mia@example.org', 'password': PASSWORD}
SOCKET = '/_nicegui_ws/socket.io/?EIO=4&transport=websocket'


@pytest.mark.parametrize('path', ['/sign-in', '/'])
def test_pages_say_what_a_browser_may_not_do_with_them(house: House, path: str) -> None:
    visitor = house.signed_in('mia@example.org')
    stranger = house.visitor()
    headers = (stranger if path == '/sign-in' else visitor).get(path).headers
    host = house.url.removeprefix('http://')
    policy = dict(part.strip().split(' ', 1) for part in headers['content-security-policy'].split(';'))
    assert policy['default-src'] == "'self'"
    assert policy['frame-ancestors'] == policy['object-src'] == "'none'"
    assert policy['connect-src'] == f"'self' ws://{host}"
    assert headers['x-content-type-options'] == 'nosniff'
    assert headers['x-frame-options'] == 'DENY'
    assert headers['referrer-policy'] == 'same-origin'
    assert 'camera=()' in headers['permissions-policy']
    assert headers['cache-control'] == 'no-store'
    assert 'strict-transport-security' not in headers


@pytest.mark.parametrize(
    'headers',
    [{'origin': 'https://evil.example'}, {'origin': 'null'}, {'origin': ''}, {'referer': 'https://evil.example/'}],
)
def test_a_form_from_another_site_is_refused(house: House, headers: dict[str, str]) -> None:
    answer = httpx.post(f'{house.url}/sign-in', data=FORM, headers=headers, timeout=30)
    assert (answer.status_code, answer.json()['code']) == (403, 'foreign_origin')
    assert answer.headers['content-type'] == 'application/problem+json'
    assert Problem.model_validate_json(answer.content, strict=True).errors == []
    assert 'errors' in answer.json()


def test_a_form_from_our_own_page_may_say_so_by_referer_alone(house: House) -> None:
    answer = httpx.post(f'{house.url}/sign-in', data=FORM, headers={'referer': f'{house.url}/sign-in'}, timeout=30)
    assert answer.status_code == 303


def test_another_site_cannot_use_our_cookie_on_the_api(house: House) -> None:
    visitor = house.signed_in('mia@example.org')
    assert visitor.post('/api/small', headers={'origin': 'https://evil.example'}).status_code == 403
    assert httpx.post(f'{house.url}/api/small', content=b'by key', timeout=30).json() == {'size': 6}


def in_pieces(size: int) -> Iterator[bytes]:
    for _ in range(size // 50_000):
        yield bytes(50_000)


def test_a_body_may_be_one_mebibyte_or_what_its_path_allows(house: House) -> None:
    with httpx.Client(base_url=house.url, timeout=30) as program:
        assert program.post('/api/small', content=bytes(2**20)).json() == {'size': 2**20}
        assert program.post('/api/small', content=in_pieces(1_000_000)).json() == {'size': 1_000_000}
        assert program.post('/api/large', content=in_pieces(2_000_000)).json() == {'size': 2_000_000}
        answer = program.post('/api/small', content=bytes(2**20 + 1))
        assert (answer.status_code, answer.json()['code']) == (413, 'too_large')
        assert answer.json()['detail'] == 'The request is larger than 1 MiB.'
    for path, size in (('/api/small', 2_000_000), ('/api/large', 4_000_000)):
        answer = httpx.post(f'{house.url}{path}', content=in_pieces(size), timeout=30)
        assert (answer.status_code, answer.headers['content-type']) == (413, 'application/problem+json')


def test_a_proxy_of_ours_says_who_asks_and_how(house: House) -> None:
    told = {'x-forwarded-for': '198.51.100.7, 203.0.113.9, 127.0.0.5', 'x-forwarded-proto': 'https'}
    answer = httpx.get(f'{house.url}/api/where', headers={**told, 'x-forwarded-prefix': '/"><script>'}, timeout=30)
    assert answer.json() == {'ip': '203.0.113.9', 'scheme': 'https', 'prefix': ''}
    assert answer.headers['strict-transport-security']
    assert httpx.get(f'{house.url}/api/where', timeout=30).json() == {'ip': '127.0.0.1', 'scheme': 'http', 'prefix': ''}


@pytest.mark.parametrize(
    'path', ['/nothing', '/wp-login.php', '/api/v1/nothing', '/_nicegui/client/x/upload/1', '/docs']
)
def test_what_is_not_there_costs_no_page(house: House, path: str) -> None:
    visitor = house.visitor()
    answer = visitor.get(path)
    assert answer.status_code in (401, 404)
    assert 'x-nicegui-content' not in answer.headers


def test_what_is_not_there_is_said_on_a_page_of_our_own(house: House) -> None:
    visitor = house.signed_in('mia@example.org')
    answer = visitor.get('/nothing')
    assert (answer.status_code, 'There is nothing here' in answer.text) == (404, True)


@pytest.mark.parametrize(
    ('cookie', 'origin', 'admitted'),
    [(True, 'own', True), (True, 'https://evil.example', False), (True, '', False), (False, 'own', False)],
)
async def test_a_live_page_needs_our_origin_and_a_login(
    house: House, cookie: bool, origin: str, admitted: bool
) -> None:
    visitor = await asyncio.to_thread(house.signed_in, 'mia@example.org')
    headers = {'cookie': f'dovecote_login={visitor.cookies["dovecote_login"]}'} if cookie else {}
    own = house.url if origin == 'own' else origin
    connecting = websockets.connect(
        house.url.replace('http', 'ws') + SOCKET, origin=websockets.Origin(own) if own else None,
        additional_headers=headers, proxy=None,
    )  # fmt: skip
    if not admitted:
        with pytest.raises(websockets.InvalidStatus) as refused:
            await connecting
        assert refused.value.response.status_code == 403
        return
    async with connecting as socket:
        assert str(await socket.recv()).startswith('0{"sid"')
