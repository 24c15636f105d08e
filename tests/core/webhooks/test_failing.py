"""Receivers that fail, each in its own way, and what becomes of what they were to get."""

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from core.fetch import Guard
from core.sandbox.certificates import ensure
from core.webhooks.retry import SCHEDULE, next_wait, retry_after
from core.webhooks.wire import READ_MOST, Wire
from tests.core.house import until
from tests.core.receiver import Call, Receiver, late, receiver

from .conftest import LOOPBACK, Post


def middle(low: float, high: float) -> float:
    return (low + high) / 2


def waits(status: int, asked: float | None = None) -> list[float]:
    found: list[float] = []
    while (wait := next_wait(len(found), status=status, retry_after=asked, chance=middle)) is not None:
        found.append(wait)
    return found


def test_there_are_eleven_attempts_in_three_days() -> None:
    assert waits(500) == list(SCHEDULE[1:]) == waits(0) == waits(301)
    assert 3.1 < sum(SCHEDULE) / 86_400 < 3.2
    assert waits(404) == [5, 60, 300, 1800]
    assert waits(429) == [60, 60, 300, *SCHEDULE[4:]]
    assert waits(503, asked=3_600)[:3] == [3_600] * 3
    assert max(waits(429, asked=10**9)) == 86_400


def test_tries_are_spread_a_little() -> None:
    assert next_wait(4, status=500, retry_after=None, chance=lambda low, high: low) == pytest.approx(7_200 * 0.8)
    assert next_wait(4, status=500, retry_after=None, chance=lambda low, high: high) == pytest.approx(7_200 * 1.2)


def test_a_receiver_may_say_when_in_seconds_or_as_a_date() -> None:
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert retry_after('120', now) == 120
    assert retry_after(format_datetime(now + timedelta(minutes=3), usegmt=True), now) == 180
    assert retry_after(format_datetime(now - timedelta(minutes=3), usegmt=True), now) == 0
    assert [retry_after(text, now) for text in ('', 'soon', '-1', '1' * 20, 'Sun, 22 Nov 2026 12:00:00')] == [None] * 5


@pytest.mark.parametrize(
    ('status', 'error', 'wait'),
    [(301, 'http_3xx', 5), (400, 'http_4xx', 5), (500, 'http_5xx', 5), (429, 'http_4xx', 240), (503, 'http_5xx', 240)],
)
def test_what_a_receiver_refuses_is_tried_again(post: Post, status: int, error: str, wait: float) -> None:
    made = post.add()
    elsewhere = post.to.url('/elsewhere')
    post.to.answer = lambda call: call.says(status, b'no', location=elsewhere, retry_after='240')
    post.tell()
    (row,) = post.settled(made, 'retrying')
    assert (row.status, row.error) == (status, error)
    assert (row.due - post.clock.at).total_seconds() == pytest.approx(wait, abs=0.01)
    assert [call.path for call in post.to.got] == ['/in']
    (attempt,) = post.tries(row)
    assert (attempt.status, attempt.answer) == (status, 'no')
    assert str(status) in attempt.detail


def test_a_mistake_is_tried_five_times(post: Post) -> None:
    made = post.add()
    post.to.answer = lambda call: call.says(404)
    post.tell()
    for n in range(1, 5):
        assert post.settled(made, 'retrying')[0].attempts == n
        post.later(hours=1)
        until(lambda n=n: len(post.to.got) == n + 1)  # type: ignore[misc]
    (row,) = post.settled(made, 'dead')
    assert row.attempts == 5
    assert row.ended_at == post.clock.at


def test_after_three_days_it_gives_up(post: Post) -> None:
    made = post.add()
    post.to.answer = lambda call: call.says(500 if '"first"' in call.body.decode() else 200)
    post.tell('first')
    for n in range(1, 11):
        assert post.settled(made, 'retrying', *['delivered'] * (n - 1))[0].attempts == n
        post.tell(f'between {n}')  # so that not everything fails
        post.settled(made, 'retrying', *['delivered'] * n)
        post.later(days=1)
        until(lambda n=n: post.log(made)[0].attempts == n + 1)  # type: ignore[misc]
    post.settled(made, 'dead', *['delivered'] * 10)


def test_gone_switches_it_off_at_once(post: Post) -> None:
    made = post.add(name='ERP')
    post.to.answer = lambda call: call.says(410)
    post.tell()
    (row,) = post.settled(made, 'paused')
    assert row.attempts == 1
    found = post.row(made)
    assert (found.state, found.reason) == ('disabled', 'The receiver said that it is gone (410).')
    until(lambda: 'webhook.disabled' in post.kinds())
    said = next(each for each in post.news if each.kind == 'webhook.disabled').body
    assert (said['name'], said['state']) == ('ERP', 'disabled')
    post.tell()
    post.later(days=1)
    assert post.states(made) == ['paused', 'paused']
    assert len(post.to.got) == 1


# ---- the wire itself


def sent(to: str, *, total: float = 10, guard: Guard | None = None) -> tuple[str, float, int]:
    """(class of the problem, seconds it took, status)"""
    wire = Wire(guard or Guard(LOOPBACK), connections=2)
    began = time.monotonic()
    try:
        answer = wire.post(to, b'{}', {}, total=total)
    finally:
        wire.close()
    assert bool(answer.detail) == (not answer.is_good)
    return answer.problem, time.monotonic() - began, answer.status


@pytest.fixture
def to() -> Iterator[Receiver]:
    with receiver() as running:
        yield running


def drips(first: bytes) -> Callable[[Call], None]:
    def answer(call: Call) -> None:
        call.line.wfile.write(first)
        while not call.over.wait(1):
            call.line.wfile.write(b'H')

    return answer


def test_who_answers_a_byte_a_second_is_cut_off(to: Receiver) -> None:
    to.answer = drips(b'HTTP/1.1 20')
    problem, took, status = sent(to.url(), total=2.5)
    assert (problem, status) == ('timeout', 0)
    assert 2 < took < 10
    to.answer = drips(b'HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n')
    problem, took, status = sent(to.url(), total=30)
    assert (problem, status) == ('', 200)  # it has accepted; nobody waits for the rest
    assert took < 10


def test_who_never_answers_is_given_up(to: Receiver) -> None:
    to.answer = lambda call: call.over.wait(20)
    assert sent(to.url(), total=1)[0] == 'timeout'
    with socket.create_server(('127.0.0.1', 0)) as silent:
        assert sent(f'http://127.0.0.1:{silent.getsockname()[1]}/', total=1)[0] == 'timeout'
        assert sent(f'https://127.0.0.1:{silent.getsockname()[1]}/', total=1)[0] == 'timeout'


def test_a_slow_answer_is_an_answer(to: Receiver) -> None:
    def slowly(call: Call) -> None:
        call.over.wait(0.5)
        call.says(204, b'')

    to.answer = slowly
    assert sent(to.url())[::2] == ('', 204)


def test_of_a_gigabyte_only_the_beginning_is_read(to: Receiver) -> None:
    written = 0

    def endless(call: Call) -> None:
        nonlocal written
        call.line.wfile.write(b'HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n')
        for _ in range(1000):
            call.line.wfile.write(bytes(1_000_000))
            written += 1_000_000

    to.answer = endless
    problem, took, status = sent(to.url())
    assert (problem, status) == ('', 200)
    assert took < 5
    assert written < READ_MOST + 20_000_000  # what the system itself had taken by then


def test_noise_is_told_from_silence(to: Receiver) -> None:
    to.answer = lambda call: call.line.wfile.write(b'SSH-2.0-OpenSSH\r\n\r\n')
    assert sent(to.url())[0] == 'broken'
    assert sent(to.url(scheme='https'))[0] == 'tls'
    with socket.create_server(('127.0.0.1', 0)) as gone:
        port = gone.getsockname()[1]
    assert sent(f'http://127.0.0.1:{port}/')[0] == 'refused'
    assert sent('http://nobody.invalid/')[0] == 'dns'


def test_a_certificate_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    ca, own = tmp_path / 'ca.pem', tmp_path / 'own.pem'
    ensure(ca, own)
    with receiver(own) as secure:
        assert sent(secure.url(scheme='https', host='localhost'))[0] == 'tls'
        tls = ssl.create_default_context(cafile=str(ca))
        assert sent(secure.url(scheme='https'), guard=Guard(LOOPBACK, tls=tls))[::2] == ('', 200)


@pytest.mark.parametrize('host', ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]', '[64:ff9b::7f00:1]', '2130706433'])
def test_nothing_private_is_reached_under_any_name(to: Receiver, host: str) -> None:
    assert sent(to.url(host=host), guard=Guard())[0] in ('ssrf_blocked', 'dns')
    assert to.lines == 0


def test_a_name_that_turns_inwards_is_not_followed(to: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: the address that was looked at is the one that is connected to, each time anew."""
    answers = iter(['127.0.0.1', '169.254.169.254', '127.0.0.1'])
    asked: list[str] = []

    def resolve(host: str, port: int, *more: object, **named: object) -> list[object]:
        if host != 'turning.example':  # an address, asked for by whoever connects to it
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, '', (host, port))]
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, '', (next(answers), port))]

    guard = Guard((ipaddress.ip_network('127.0.0.0/8'),))
    wire = Wire(guard, connections=2)
    with monkeypatch.context() as rim:
        rim.setattr('core.fetch.socket.getaddrinfo', resolve)
        first = wire.post(to.url(host='turning.example'), b'{}', {}, total=5)
        again = wire.post(to.url(host='turning.example'), b'{}', {}, total=5)  # over the line that is still open
        wire.close()
        blocked = wire.post(to.url(host='turning.example'), b'{}', {}, total=5)
        back = wire.post(to.url(host='turning.example'), b'{}', {}, total=5)
    wire.close()
    assert [(each.status, each.address) for each in (first, again, back)] == [(200, '127.0.0.1')] * 3
    assert (blocked.problem, blocked.status) == ('ssrf_blocked', 0)
    assert asked == ['turning.example'] * 3
    assert [call.headers['host'] for call in to.got] == [f'turning.example:{to.port}'] * 3


def test_a_proxy_of_the_environment_is_not_asked(to: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('http_proxy', 'http://127.0.0.1:1')
    assert sent(to.url())[::2] == ('', 200)


def test_one_slow_receiver_does_not_hold_up_another(post: Post) -> None:
    hold = threading.Event()
    with receiver() as other:
        slow, quick = post.add(), post.add(url=other.url())
        post.to.answer = late(hold, 200)
        for number in range(30):
            post.tell(f'{number}')
        post.settled(quick, *['delivered'] * 30)
        assert 'delivered' not in post.states(slow)
        hold.set()
        post.later(seconds=1)
        until(lambda: set(post.states(slow)) == {'delivered'})
