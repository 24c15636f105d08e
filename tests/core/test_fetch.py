"""Addresses that others chose lead to the internet or nowhere, and end in time."""

import ipaddress
import socket
import time
from collections.abc import Iterator

import pytest

from core.errors import Invalid, TooLarge
from core.fetch import Guard, Unreachable
from core.preview import first_link, preview_of

from .files import picture
from .web import Line, Web, web

LOOPBACK = (ipaddress.ip_network('127.0.0.0/8'), ipaddress.ip_network('::1/128'))
METADATA = 'http://169.254.169.254/latest/meta-data/'


@pytest.fixture
def site() -> Iterator[Web]:
    with web() as running:
        yield running


def inside() -> Guard:
    """One that may reach the servers of these tests."""
    return Guard(LOOPBACK)


def body(guard: Guard, url: str, *, most: int = 10**6, total: float = 20) -> bytes:
    with guard.fetch(url, most=most, total=total) as fetched:
        return b''.join(fetched.chunks)


def refused(guard: Guard, url: str) -> str:
    with pytest.raises(Invalid) as problem:
        body(guard, url)
    assert str(problem.value).endswith('.')
    return problem.value.code


def test_what_is_on_an_allowed_network_is_fetched(site: Web) -> None:
    site.answers['/menu.pdf'] = lambda line: line.says(b'soup', 'application/pdf; x=y')
    with inside().fetch(site.url('/menu.pdf?token=1'), most=100) as fetched:
        assert (fetched.mime, fetched.filename, fetched.size) == ('application/pdf', 'menu.pdf', 4)
        assert b''.join(fetched.chunks) == b'soup'
    assert site.asked[0].headers['host'] == f'127.0.0.1:{site.port}'


@pytest.mark.parametrize(
    ('disposition', 'filename'),
    [
        ('attachment; filename="price list.pdf"', 'price list.pdf'),
        ("attachment; filename*=UTF-8''M%C3%BCsli.pdf", 'Müsli.pdf'),
        ('inline', 'file'),
    ],
)
def test_a_server_may_name_its_file(site: Web, disposition: str, filename: str) -> None:
    site.answers['/file'] = lambda line: line.says(b'x', content_disposition=disposition)
    with inside().fetch(site.url('/file'), most=100) as fetched:
        assert fetched.filename == filename


@pytest.mark.parametrize(
    'host',
    [
        '127.0.0.1', '127.1', '127.0.1', '2130706433', '0x7f000001', '0x7f.1', '0177.0.0.1', '017700000001',
        'localhost', 'LOCALHOST', '127.0.0.1.', '127.255.255.254', '0.0.0.0', '0', '[::1]', '[::]',
        '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::127.0.0.1]', '[64:ff9b::127.0.0.1]', '[2002:7f00:1::]',
        '１２７.０.０.１', '127。0。0。1',
    ],
)  # fmt: skip
def test_our_own_machine_is_not_reached_however_it_is_spelled(site: Web, host: str) -> None:
    site.answers['/'] = lambda line: line.says(b'secret')
    assert refused(Guard(), f'http://{host}:{site.port}/') in ('url_not_allowed', 'url_unreachable')
    assert not site.asked


@pytest.mark.parametrize(
    'address',
    [
        '10.0.0.1', '172.16.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '192.0.0.1', '198.18.0.1', '0.0.0.0',
        '240.0.0.1', '255.255.255.255', '224.0.0.1', '192.88.99.1', '::1', '::', 'fe80::1', 'fc00::1', 'fd00:ec2::254',
        'fec0::1', 'ff02::1', '::ffff:10.0.0.1', '64:ff9b::10.0.0.1', '64:ff9b:1::1', '2002:a00:1::', '2001::1',
        '2001:db8::1', '::ffff:0:10.0.0.1', '::10.0.0.1',
    ],
)  # fmt: skip
def test_no_private_address_is_of_the_internet(address: str) -> None:
    assert not Guard().may_reach(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    'address', ['1.1.1.1', '93.184.216.34', '2606:4700::1111', '::ffff:1.1.1.1', '64:ff9b::1.1.1.1']
)
def test_the_internet_is_reached(address: str) -> None:
    assert Guard().may_reach(ipaddress.ip_address(address))


def test_allowing_a_network_allows_nothing_else(site: Web) -> None:
    guard = Guard((ipaddress.ip_network('10.1.0.0/16'),))
    assert guard.may_reach(ipaddress.ip_address('10.1.2.3'))
    assert guard.may_reach(ipaddress.ip_address('::ffff:10.1.2.3'))
    assert not guard.may_reach(ipaddress.ip_address('10.2.0.1'))
    assert refused(guard, site.url()) == 'url_not_allowed'


def test_the_address_of_the_cloud_is_refused_without_a_word_to_it() -> None:
    began = time.monotonic()
    assert refused(Guard(), METADATA) == 'url_not_allowed'
    assert refused(inside(), METADATA) == 'url_not_allowed'
    assert time.monotonic() - began < 10  # nothing was waited for


@pytest.mark.parametrize('status', ['301 Moved', '302 Found', '303 See Other', '307 Temporary', '308 Permanent'])
def test_nor_by_way_of_another_site(site: Web, status: str) -> None:
    site.answers['/photo.jpg'] = lambda line: line.leads_to(METADATA, status)
    assert refused(inside(), site.url('/photo.jpg')) == 'url_not_allowed'
    assert len(site.asked) == 1


def test_a_redirect_is_followed_a_few_times(site: Web) -> None:
    site.answers['/a/1'] = lambda line: line.leads_to('2')
    site.answers['/a/2'] = lambda line: line.leads_to(site.url('/3', 'localhost'))
    site.answers['/3'] = lambda line: line.says(b'there')
    with inside().fetch(site.url('/a/1'), most=100) as fetched:
        assert (b''.join(fetched.chunks), fetched.url) == (b'there', site.url('/3', 'localhost'))
    site.answers['/round'] = lambda line: line.leads_to('/round')
    site.asked.clear()
    assert refused(inside(), site.url('/round')) == 'url_unreachable'
    assert len(site.asked) == 6


@pytest.mark.parametrize(
    'url',
    [
        '', 'photo.jpg', 'ftp://example.org/a', 'file:///etc/passwd', 'gopher://127.0.0.1:6379/_x', 'http://',
        'http:///a', 'http://mia:secret@example.org/', 'http://example.org@127.0.0.1/', 'javascript:alert(1)',
        'http://[::1', 'data:,x', 'http://example.org/' + 'x' * 2100, 'http://exa\nmple.org/',
        'http://example.org:99999/', 'http://a b/', 'http://[fe80::1%25eth0]/',
    ],
)  # fmt: skip
def test_only_addresses_of_the_web_are_tried(url: str) -> None:
    assert refused(Guard(), url) == 'url_not_allowed'


def test_a_redirect_to_something_else_is_not_followed(site: Web) -> None:
    for target in ('file:///etc/passwd', f'http://mia:secret@127.0.0.1:{site.port}/x', 'http://[::1'):
        site.answers['/'] = lambda line, target=target: line.leads_to(target)  # type: ignore[misc]
        assert refused(inside(), site.url()) in ('url_not_allowed', 'url_unreachable')


def test_ports_of_other_services_are_left_alone() -> None:
    assert refused(Guard(), 'http://1.1.1.1:25/') == 'url_not_allowed'


def test_who_answers_one_byte_a_second_is_cut_off(site: Web) -> None:
    def drips(line: Line) -> None:
        line.send(b'HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n')
        while not line.over.wait(1):
            line.send(b'.')

    def drips_from_the_start(line: Line) -> None:
        while not line.over.wait(1):
            line.send(b'H')

    site.answers['/body'], site.answers['/head'] = drips, drips_from_the_start
    for path in ('/body', '/head'):
        began = time.monotonic()
        with pytest.raises(Invalid, match='too slow') as problem:
            body(inside(), site.url(path), total=2.5)
        assert problem.value.code == 'url_too_slow'
        assert time.monotonic() - began < 60  # it would be a quarter of an hour


def test_who_never_answers_is_given_up(site: Web) -> None:
    with socket.create_server(('127.0.0.1', 0)) as silent, pytest.raises(Invalid) as problem:
        body(inside(), f'http://127.0.0.1:{silent.getsockname()[1]}/', total=1)
    assert problem.value.code == 'url_too_slow'


def test_too_much_is_cut_off_whatever_was_said(site: Web) -> None:
    def endless(line: Line) -> None:
        line.send(b'HTTP/1.1 200 OK\r\n\r\n')
        while not line.over.is_set():
            line.send(bytes(10_000))

    site.answers['/endless'] = endless
    site.answers['/honest'] = lambda line: line.says(bytes(200_000))
    for path in ('/endless', '/honest'):
        with pytest.raises(TooLarge, match='larger than 100000 bytes') as problem:
            body(inside(), site.url(path), most=100_000)
        assert problem.value.code == 'media_too_large'
    assert len(body(inside(), site.url('/honest'), most=200_000)) == 200_000


def test_what_would_unfold_is_not_unfolded(site: Web) -> None:
    site.answers['/'] = lambda line: line.says(b'x', content_encoding='gzip')
    assert refused(inside(), site.url()) == 'url_unreachable'
    assert site.asked[0].headers['accept-encoding'] == 'identity'


def test_a_broken_or_missing_answer_is_said_in_a_sentence(site: Web) -> None:
    site.answers['/404'] = lambda line: line.says(b'', status='404 Not Found')
    site.answers['/cut'] = lambda line: line.send(b'HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nhalf')
    site.answers['/noise'] = lambda line: line.send(b'SSH-2.0-OpenSSH\r\n')
    with pytest.raises(Unreachable, match=r'127\.0\.0\.1 answered 404') as missing:
        body(inside(), site.url('/404'))
    assert missing.value.status == 404
    for path in ('/cut', '/noise'):
        assert refused(inside(), site.url(path)) == 'url_unreachable'
    with socket.create_server(('127.0.0.1', 0)) as gone:
        port = gone.getsockname()[1]
    assert refused(inside(), f'http://127.0.0.1:{port}/') == 'url_unreachable'
    assert refused(inside(), 'http://nobody.invalid/') == 'url_unreachable'


def test_no_proxy_of_the_environment_is_asked(site: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('http_proxy', 'http://127.0.0.1:1')
    site.answers['/'] = lambda line: line.says(b'direct')
    assert body(inside(), site.url()) == b'direct'


def test_the_client_for_other_questions_is_guarded_as_well(site: Web) -> None:
    site.answers['/hook'] = lambda line: line.says(line.headers['content-length'].encode())
    with inside().client() as client:
        assert client.post(site.url('/hook'), content=b'hello').text == '5'
    with Guard().client() as client, pytest.raises(Invalid) as problem:
        client.post(site.url('/hook'), content=b'hello')
    assert problem.value.code == 'url_not_allowed'


# ---- previews

PAGE = """<!doctype html><html><head><meta charset="utf-8"><title>Plain &amp; simple</title>
<meta property="og:title" content="Soup  of the day"><meta name="description" content="Hot.">
<meta property="og:image" content="/soup.png"></head><body><title>Not this</title></body></html>"""


def test_a_link_shows_title_description_and_picture(site: Web) -> None:
    site.answers['/'] = lambda line: line.says(PAGE.encode(), 'text/html')
    site.answers['/soup.png'] = lambda line: line.says(picture(), 'image/png')
    shown = preview_of(inside(), site.url())
    assert shown is not None
    assert (shown.url, shown.title, shown.description) == (site.url(), 'Soup of the day', 'Hot.')
    assert shown.thumbnail[:2] == b'\xff\xd8'


def test_only_the_beginning_of_a_page_is_read(site: Web) -> None:
    page = b'<title>Long \xfcber alles</title><meta charset=latin-1>' + b'<p>' * 2_000_000
    site.answers['/'] = lambda line: line.says(page, 'text/html')
    shown = preview_of(inside(), site.url())
    assert shown is not None
    assert (shown.title, shown.thumbnail) == ('Long über alles', b'')


@pytest.mark.parametrize(
    'page',
    [b'', b'<title></title>', b'<![<![<![', b'<title>never closed', b'\x00\xff' * 1000, b'<meta charset=rot13><title>'],
)
def test_a_page_without_a_title_has_no_preview(site: Web, page: bytes) -> None:
    site.answers['/'] = lambda line: line.says(page, 'text/html')
    assert preview_of(inside(), site.url()) is None


def test_a_preview_never_leads_inside(site: Web) -> None:
    site.answers['/'] = lambda line: line.says(PAGE.replace('/soup.png', METADATA).encode(), 'text/html')
    shown = preview_of(inside(), site.url())
    assert shown is not None
    assert shown.thumbnail == b''
    assert preview_of(Guard(), site.url()) is None
    site.answers['/photo'] = lambda line: line.says(picture(), 'image/png')
    assert preview_of(inside(), site.url('/photo')) is None


@pytest.mark.parametrize(
    ('text', 'link'),
    [
        ('see https://example.org/a?b=c.', 'https://example.org/a?b=c'),
        ('(http://example.org/wiki/Dove_(bird))', 'http://example.org/wiki/Dove_(bird)'),
        ('HTTPS://EXAMPLE.ORG', 'HTTPS://EXAMPLE.ORG'),
        ('two: http://a.example http://b.example', 'http://a.example'),
        ('example.org is no link', ''),
    ],
)
def test_the_first_link_of_a_text_is_found(text: str, link: str) -> None:
    assert first_link(text) == link
