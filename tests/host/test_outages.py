"""Connections that break, servers that go, logins that are refused."""

import time

import pytest

from core.errors import CallFailed, NotConnected, SendUncertain
from core.events import (
    Banned,
    Closed,
    Connected,
    ConnectFailed,
    Disconnected,
    LoggedOut,
    LoginFailed,
    Replaced,
)
from core.sandbox.control import Fault
from tests.host.stage import Stage, eventually

SHOP = '15550000001'


def test_twenty_dropped_connections_come_back(stage: Stage) -> None:
    for _ in range(20):
        since = stage.mark()
        stage.sandbox.set_fault(Fault(kind='drop', phone=SHOP))
        stage.until(Disconnected, 'shop', since)
        stage.until(Connected, 'shop', since)
    stage.send('still here').result(10)
    eventually(lambda: 'still here' in stage.inbox())


def test_after_an_outage_we_are_back_long_before_the_library_would_be(stage: Stage) -> None:
    """It would try after 0, 2, 6 and 12 seconds."""
    since = stage.mark()
    stage.sandbox.set_fault(Fault(kind='outage', seconds=6.5))
    began = time.monotonic()
    stage.until(Disconnected, 'shop', since)
    with pytest.raises(NotConnected):
        stage.send('nobody hears this').result(10)
    stage.until(Connected, 'shop', since)
    assert time.monotonic() - began < 6.5 + 4.5  # the library alone needs 12
    stage.send('back').result(10)


def test_a_server_that_is_away_at_the_start_is_tried_until_it_is_there(stage: Stage) -> None:
    stage.hosts.close('shop')
    stage.until(Closed, 'shop')
    since = stage.mark()
    stage.sandbox.set_fault(Fault(kind='outage', seconds=2))
    stage.hosts.open('shop')
    first = stage.until(ConnectFailed, 'shop', since)
    assert first.attempt == 1
    assert first.because
    stage.until(Connected, 'shop', since)


def test_another_connection_of_the_same_device_wins_and_is_not_fought(stage: Stage) -> None:
    since = stage.mark()
    stage.sandbox.set_fault(Fault(kind='conflict', phone=SHOP))
    stage.until(Replaced, 'shop', since)
    time.sleep(0.5)
    assert not stage.of(Connected, 'shop', since)
    stage.hosts.open('shop')
    stage.until(Connected, 'shop', since)


@pytest.mark.parametrize('reason', [400, 405, 415, 418])
def test_a_login_refused_for_good_has_its_number_and_ends_the_client(stage: Stage, reason: int) -> None:
    since = stage.mark()
    stage.sandbox.set_fault(Fault(kind='fail_login', phone=SHOP, reason=reason))
    stage.hosts.reconnect('shop')
    failed = stage.until(LoginFailed, 'shop', since)
    assert (failed.reason, failed.again) == (reason, False)
    _comes_back(stage)


def test_a_login_refused_for_now_is_tried_again_by_itself(stage: Stage) -> None:
    since = stage.mark()
    stage.sandbox.set_fault(Fault(kind='fail_login', phone=SHOP, reason=503))
    stage.hosts.reconnect('shop')
    failed = stage.until(LoginFailed, 'shop', since)
    assert (failed.reason, failed.again) == (503, True)
    stage.until(Connected, 'shop', since)


@pytest.mark.parametrize(('code', 'expire'), [(101, 3600), (0, 0)])
def test_a_ban_says_why_and_until_when(stage: Stage, code: int, expire: int) -> None:
    since = stage.mark()
    stage.sandbox.set_fault(Fault(kind='fail_login', phone=SHOP, reason=402, code=code, expire=expire))
    stage.hosts.reconnect('shop')
    banned = stage.until(Banned, 'shop', since)
    assert banned.code == code
    assert (banned.until is not None) == bool(expire)
    _comes_back(stage)


@pytest.mark.parametrize('reason', [401, 403])
def test_a_login_that_logs_us_out_ends_the_link(stage: Stage, reason: int) -> None:
    since = stage.mark()
    stage.sandbox.set_fault(Fault(kind='fail_login', phone=SHOP, reason=reason))
    stage.hosts.reconnect('shop')
    assert stage.until(LoggedOut, 'shop', since).reason == reason
    eventually(lambda: not stage.hosts.is_linked('shop'))
    time.sleep(0.2)
    stage.linked('shop', SHOP)


def test_a_send_nobody_confirms_is_uncertain_once_the_connection_is_gone(stage: Stage) -> None:
    stage.send('its devices are known now').result(10)
    stage.sandbox.set_fault(Fault(kind='mute'))
    waiting = stage.send('into the silence')
    with pytest.raises(CallFailed):
        stage.hosts.check('shop', timeout=0.5).result(5)
    stage.hosts.close('shop')
    with pytest.raises(SendUncertain):
        waiting.result(20)
    stage.sandbox.clear_fault()
    since = stage.mark()
    stage.hosts.open('shop')
    stage.until(Connected, 'shop', since)


def _comes_back(stage: Stage) -> None:
    since = stage.mark()
    time.sleep(0.2)
    assert not stage.of(Connected, 'shop', since)
    stage.hosts.open('shop')
    stage.until(Connected, 'shop', since)
