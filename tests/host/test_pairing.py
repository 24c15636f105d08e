"""Linking a phone: by QR, by code, too late, not at all."""

import os
import signal
import stat
from datetime import UTC, datetime

import pytest

from core.errors import CallFailed
from core.events import Closed, Connected, LoggedOut, Paired, PairingCodeShown, PairingEnded
from core.sandbox.control import Fault
from tests.host.stage import Stage, eventually


def test_a_scanned_qr_links_and_connects(empty_stage: Stage) -> None:
    stage = empty_stage
    stage.linked('first', '15550001001')
    assert stage.until(Paired).phone == '15550001001'
    assert stage.until(Connected).phone == '15550001001'
    assert stage.until(Connected).lid
    assert stage.hosts.is_linked('first')
    eventually(lambda: any(each.push_name == 'First' for each in stage.of(Connected)))


def test_the_store_is_private(empty_stage: Stage) -> None:
    empty_stage.linked('private', '15550001002')
    files = [each for each in empty_stage.folder.iterdir() if each.name.startswith('private')]
    assert len(files) >= 3
    assert {stat.S_IMODE(each.stat().st_mode) for each in files} == {0o600}


def test_a_code_typed_on_the_phone_links(empty_stage: Stage) -> None:
    stage = empty_stage
    stage.sandbox.add_phone('15550001003', 'Coded')
    stage.hosts.open('coded')
    code, until = stage.hosts.pairing_code('coded', '15550001003')
    eventually(lambda: any(each.phone for each in stage.of(PairingCodeShown)))
    shown = next(each for each in stage.of(PairingCodeShown) if each.phone)
    assert (shown.code, shown.expires_at) == (code, until)
    assert until > datetime.now(UTC)
    stage.sandbox.enter_code('15550001003', code)
    stage.until(Connected, 'coded')


def test_each_qr_says_until_when_it_holds(empty_stage: Stage) -> None:
    empty_stage.hosts.open('slow')
    shown = empty_stage.until(PairingCodeShown, 'slow')
    assert 55 < (shown.expires_at - datetime.now(UTC)).total_seconds() <= 60


def test_a_pairing_the_server_hangs_up_on_ends_and_can_start_again_at_once(empty_stage: Stage) -> None:
    stage = empty_stage
    stage.hosts.open('hung')
    stage.until(PairingCodeShown, 'hung')
    stage.sandbox.set_fault(Fault(kind='expire_qr'))
    assert stage.until(PairingEnded, 'hung').because == 'closed'
    assert not stage.hosts.is_linked('hung')
    stage.linked('hung', '15550001004')


def test_an_open_of_a_session_that_pairs_changes_nothing(empty_stage: Stage) -> None:
    stage = empty_stage
    stage.hosts.open('twice')
    stage.until(PairingCodeShown, 'twice')
    stage.hosts.open('twice')
    stage.linked('other', '15550001005')
    assert len(stage.of(PairingCodeShown, 'twice')) == 1
    stage.hosts.close('twice')
    stage.until(Closed, 'twice')


def test_logging_out_unlinks_the_phone_and_deletes_the_store(empty_stage: Stage) -> None:
    stage = empty_stage
    stage.linked('leaver', '15550001006')
    stage.hosts.logout('leaver')
    stage.until(Closed, 'leaver')
    person = next(each for each in stage.sandbox.phones() if each.phone == '15550001006')
    assert not person.devices
    assert not list(stage.folder.glob('leaver.db*'))
    assert not stage.of(LoggedOut, 'leaver')
    stage.linked('leaver', '15550001006')


def test_unlinked_on_the_phone_is_told_and_can_be_linked_again(empty_stage: Stage) -> None:
    stage = empty_stage
    stage.linked('gone', '15550001007')
    stage.sandbox.set_fault(Fault(kind='logout', phone='15550001007'))
    assert stage.until(LoggedOut, 'gone').reason == 401
    eventually(lambda: not stage.hosts.is_linked('gone'))
    stage.linked('gone', '15550001007')


def test_an_account_guarded_by_a_passkey_is_told_so_at_once(empty_stage: Stage) -> None:
    stage = empty_stage
    stage.sandbox.set_fault(Fault(kind='passkey'))
    stage.sandbox.add_phone('15550001008', 'Guarded')
    stage.scanned_by['guarded'] = '15550001008'
    stage.hosts.open('guarded')
    stage.until(PairingCodeShown, 'guarded')
    ended = stage.until(PairingEnded, 'guarded', timeout=15)
    assert ended.because == 'stalled'
    assert 'passkey' in ended.detail


def test_what_had_ended_is_not_opened_by_a_new_host(empty_stage: Stage) -> None:
    stage = empty_stage
    stage.linked('kept', '15550001009')
    stage.hosts.open('unused')
    stage.until(PairingCodeShown, 'unused')
    stage.sandbox.set_fault(Fault(kind='expire_qr'))
    stage.until(PairingEnded, 'unused')
    since = stage.mark()
    stage.hosts.restart_host(stage.hosts.hosts()[0].id)
    stage.until(Connected, 'kept', since)
    assert not stage.of(PairingCodeShown, 'unused', since)


def test_a_log_out_that_is_answered_too_late_ends_the_session_all_the_same(empty_stage: Stage) -> None:
    """Nothing is told of it, but the hosts say who is connected, and the store is gone."""
    stage = empty_stage
    for name, phone in (('early', '15550004100'), ('late', '15550004101')):
        stage.linked(name, phone)
    eventually(lambda: stage.hosts.online() == {'early', 'late'}, timeout=30)
    os.kill(stage.sandbox.pid, signal.SIGSTOP)
    try:
        with pytest.raises(CallFailed):
            stage.hosts.logout('late', timeout=3)
        assert stage.hosts.is_linked('late')
    finally:
        os.kill(stage.sandbox.pid, signal.SIGCONT)
    eventually(lambda: not stage.hosts.is_linked('late'), timeout=30)
    eventually(lambda: stage.hosts.online() == {'early'}, timeout=30)
