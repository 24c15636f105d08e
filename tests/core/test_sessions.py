"""How a session is, why, and what happens next."""

from datetime import timedelta
from typing import Any

import pytest

from core.errors import CallFailed, Conflict, DovecoteError, Invalid, NotConnected, NotFound
from core.events import (
    Banned,
    Closed,
    Connected,
    ConnectFailed,
    Disconnected,
    Event,
    KeepAliveMissed,
    LoggedOut,
    LoginFailed,
    Paired,
    PairingCodeShown,
    PairingEnded,
    Replaced,
)
from data.sessions import history

from .house import START, House


def shown(house: House, session: str, code: str = 'https://wa.me/1') -> PairingCodeShown:
    return PairingCodeShown(session=session, code=code, expires_at=house.clock.at + timedelta(seconds=60))


def of(session: str, event: Event) -> Any:
    """The same, of this session."""
    return type(event)(**{**{name: getattr(event, name) for name in event.__slots__}, 'session': session})


def test_a_new_session_shows_a_code_then_works(house: House) -> None:
    shop = house.sessions.create('shop', country='de')
    assert (shop.state, shop.country) == ('new', 'DE')
    house.sessions.start('shop')
    house.tell(shown(house, shop.id))
    assert house.session().state == 'pairing'
    assert house.sessions.qr('shop').code == 'https://wa.me/1'
    house.tell(Connected(session=shop.id, phone='15550000001', lid='900', push_name='Shop'))
    assert house.session().state == 'working'
    assert house.session().detail == 'Linked to +1 555-000-0001 as “Shop”.'
    with pytest.raises(Conflict) as refusal:
        house.sessions.qr('shop')
    assert refusal.value.code == 'not_pairing'
    assert [line.state for line in history(shop.id)][::-1] == ['starting', 'pairing', 'working']


def test_a_code_that_expires_is_replaced_until_nobody_is_there_any_more(house: House) -> None:
    shop = house.sessions.create('shop')
    house.sessions.start('shop')
    house.tell(shown(house, shop.id))
    house.clock.later(seconds=61)
    with pytest.raises(Conflict):
        house.sessions.qr('shop')  # an expired code is never handed out
    house.hosts.calls.clear()
    house.tell(PairingEnded(session=shop.id, because='timeout'))
    assert house.hosts.calls == [('open', shop.id)]
    house.tell(shown(house, shop.id, 'https://wa.me/2'))
    assert house.sessions.qr('shop').code == 'https://wa.me/2'
    house.clock.later(minutes=16)
    house.tell(PairingEnded(session=shop.id, because='timeout'))
    assert (house.session().state, house.session().wanted) == ('resting', False)


def test_a_link_that_never_finishes_is_explained(house: House) -> None:
    shop = house.sessions.create('shop')
    house.sessions.start('shop')
    house.tell(shown(house, shop.id))
    house.tell(PairingEnded(session=shop.id, because='stalled', detail='It asks for a passkey.'))
    assert house.session().state == 'passkey'
    assert 'passkey' in house.session().detail
    house.sessions.start('shop')
    assert house.session().state == 'starting'


@pytest.mark.parametrize(
    ('event', 'state', 'wanted', 'says'),
    [
        (LoggedOut(session='', reason=401, because='Removed on the phone.'), 'logged_out', False, 'Link it again'),
        (LoggedOut(session='', reason=403, because='The phone is gone.'), 'logged_out', False, 'is gone'),
        (Replaced(session=''), 'failed', False, 'elsewhere'),
        (LoginFailed(session='', reason=405, because='Outdated.', again=False), 'failed', True, '405'),
        (LoginFailed(session='', reason=415, because='unknown', again=False), 'failed', False, '415'),
        (LoginFailed(session='', reason=503, because='busy', again=True), 'reconnecting', True, '503'),
        (Disconnected(session='', because='The network is gone.'), 'reconnecting', True, 'by itself'),
        (Banned(session='', code=101, because='spam', until=None), 'banned', False, 'blocked'),
    ],
)
def test_every_bad_state_has_its_sentence(house: House, event: Event, state: str, wanted: bool, says: str) -> None:
    shop = house.working()
    house.tell(of(shop, event))
    row = house.session()
    assert (row.state, row.wanted) == (state, wanted)
    assert says in row.detail


def test_a_ban_ends_by_itself(house: House) -> None:
    shop = house.working()
    house.tell(Banned(session=shop, code=101, because='spam', until=house.clock.at + timedelta(hours=1)))
    house.hosts.calls.clear()
    house.sessions.tick()
    assert house.hosts.calls == []
    house.clock.later(hours=2)
    house.sessions.tick()
    assert house.hosts.calls == [('open', shop)]
    assert house.session().state == 'starting'


def test_wanted_sessions_come_back_after_a_restart_and_stopped_ones_do_not(house: House) -> None:
    shop = house.working()
    house.working('other', '15550000002')
    house.sessions.stop('other')
    house.hosts.calls.clear()
    house.sessions.open_wanted()
    assert house.hosts.calls == [('open', shop)]


def test_a_connection_that_is_open_but_deaf_climbs_the_ladder(house: House) -> None:
    shop = house.working()
    house.tell(KeepAliveMissed(session=shop))
    house.hosts.calls.clear()
    house.sessions.tick()
    house.hosts.checks[0].set_exception(CallFailed('No answer within 10 s.'))
    house.sessions.tick()
    assert house.hosts.calls == [('reconnect', shop)]
    assert house.session().state == 'reconnecting'
    house.clock.later(seconds=21)
    house.sessions.tick()
    assert house.hosts.calls[1:] == [('close', shop), ('open', shop)]
    house.clock.later(seconds=31)
    house.sessions.tick()
    assert 'look at the network' in house.session().detail
    house.tell(Connected(session=shop, phone='15550000001', lid='900', push_name='Shop'))
    assert house.session().state == 'working'
    house.clock.later(seconds=60)
    house.hosts.calls.clear()
    house.sessions.tick()
    assert house.hosts.calls == []


def test_a_connection_that_has_been_quiet_for_minutes_is_asked_whether_it_still_hears(house: House) -> None:
    shop = house.working()
    house.sessions.tick()
    house.clock.later(minutes=4)
    house.sessions.heard(shop)  # a message, a receipt, whatever
    house.clock.later(minutes=4)
    house.sessions.tick()
    assert house.hosts.checks == []
    house.clock.later(minutes=2)
    house.sessions.tick()
    house.hosts.checks[0].set_result(None)
    house.sessions.tick()
    house.clock.later(minutes=4)
    house.sessions.tick()
    assert len(house.hosts.checks) == 1  # an answer is good for as long as anything else that is heard
    house.clock.later(minutes=2)
    house.sessions.tick()
    house.hosts.calls.clear()
    house.hosts.checks[1].set_exception(CallFailed('No answer within 10 s.'))
    house.sessions.tick()
    assert house.hosts.calls == [('reconnect', shop)]
    assert house.session().state == 'reconnecting'


def test_a_ping_missed_again_does_not_start_the_ladder_over(house: House) -> None:
    shop = house.working()
    for _ in range(3):
        house.tell(KeepAliveMissed(session=shop))
        house.sessions.tick()
        house.clock.later(seconds=5)
    assert len(house.hosts.checks) == 1


def test_a_doubt_that_is_answered_is_forgotten(house: House) -> None:
    shop = house.working()
    house.tell(KeepAliveMissed(session=shop))
    house.sessions.tick()
    house.hosts.checks[0].set_result(None)
    house.hosts.calls.clear()
    house.sessions.tick()
    house.clock.later(seconds=60)
    house.sessions.tick()
    assert house.hosts.calls == []
    assert house.session().state == 'working'


@pytest.mark.parametrize(
    'event',
    [
        LoggedOut(session='', reason=401, because='Removed on the phone.'),
        Replaced(session=''),
        Banned(session='', code=101, because='spam', until=None),
        Banned(session='', code=101, because='spam', until=START + timedelta(days=1)),
        LoginFailed(session='', reason=405, because='Outdated.', again=False),
        LoginFailed(session='', reason=415, because='unknown', again=False),
    ],
)
def test_a_session_that_has_ended_climbs_no_ladder(house: House, event: Event) -> None:
    shop = house.working()
    house.tell(KeepAliveMissed(session=shop))
    house.sessions.tick()
    house.tell(of(shop, event))
    house.hosts.up.discard(shop)
    ended = house.session()
    house.hosts.calls.clear()
    house.hosts.checks[0].set_exception(CallFailed('No answer within 10 s.'))
    for _ in range(3):
        house.sessions.tick()
        house.clock.later(seconds=31)
    assert house.hosts.calls == []
    assert (house.session().state, house.session().detail) == (ended.state, ended.detail)


def test_a_session_that_is_being_logged_out_climbs_no_ladder(house: House) -> None:
    shop = house.working()
    house.hosts.linked.add(shop)
    house.tell(KeepAliveMissed(session=shop))
    house.sessions.tick()
    house.sessions.logout('shop')
    house.hosts.calls.clear()
    house.hosts.checks[0].set_exception(CallFailed('No answer within 10 s.'))
    house.sessions.tick()
    assert house.hosts.calls == []
    assert house.session().state == 'logged_out'


def test_the_first_connection_is_tried_again(house: House) -> None:
    shop = house.sessions.create('shop')
    house.sessions.start('shop')
    house.tell(ConnectFailed(session=shop.id, because='no route', attempt=1, next_try=house.clock.at))
    assert (house.session().state, house.session().wanted) == ('reconnecting', True)


def test_logging_out_tells_whatsapp_first(house: House) -> None:
    shop = house.working()
    with pytest.raises(Conflict):
        house.sessions.logout('shop')  # the store holds no device
    house.hosts.linked.add(shop)
    house.hosts.fails_with = CallFailed('No answer.')
    with pytest.raises(CallFailed):
        house.sessions.logout('shop')
    assert house.session().state == 'working'
    house.hosts.fails_with = None
    house.sessions.logout('shop')
    house.tell(LoggedOut(session=shop, reason=401, because='device removed'))
    house.tell(Closed(session=shop))
    assert (house.session().state, house.session().phone) == ('logged_out', '')
    assert 'by a person' in house.session().detail


def test_what_arrives_after_a_stop_does_not_bring_the_session_back(house: House) -> None:
    shop = house.working()
    house.sessions.stop('shop')
    house.tell(shown(house, shop))
    house.tell(Paired(session=shop, phone='15550000001', lid='900', push_name='Shop'))
    house.tell(Connected(session=shop, phone='15550000001', lid='900', push_name='Shop'))
    assert (house.session().state, house.session().wanted) == ('resting', False)
    house.tell(Closed(session=shop))
    assert (house.session().state, house.session().detail) == ('resting', 'Stopped by a person.')


def test_a_code_shown_after_a_stop_is_taken_back(house: House) -> None:
    shop = house.sessions.create('shop')
    house.sessions.start('shop')
    house.sessions.stop('shop')
    house.hosts.calls.clear()
    house.tell(shown(house, shop.id))
    assert house.hosts.calls == [('close', shop.id)]


def test_a_connection_that_arrives_during_a_log_out_does_not_undo_it(house: House) -> None:
    shop = house.working()
    house.hosts.linked.add(shop)
    house.sessions.logout('shop')
    house.tell(Connected(session=shop, phone='15550000001', lid='900', push_name='Shop'))
    assert (house.session().state, house.session().wanted, house.session().phone) == ('logged_out', False, '')


def look_twice(house: House, seconds: int) -> None:
    """As the ticker does, `seconds` apart."""
    house.sessions.tick()
    house.clock.later(seconds=seconds)
    house.sessions.tick()


def test_a_session_that_its_host_has_lost_is_opened_anew(house: House) -> None:
    shop = house.working()
    house.hosts.linked.add(shop)
    house.hosts.up.clear()
    house.hosts.calls.clear()
    look_twice(house, 5)  # the host may have been asked just before it connected
    assert house.hosts.calls == []
    house.clock.later(seconds=10)
    house.sessions.tick()
    assert house.hosts.calls == [('open', shop), ('reconnect', shop)]
    assert (house.session().state, house.session().wanted) == ('reconnecting', True)
    house.tell(Connected(session=shop, phone='15550000001', lid='900', push_name='Shop'))
    house.hosts.calls.clear()
    look_twice(house, 60)
    assert (house.session().state, house.hosts.calls) == ('working', [])


def test_a_log_out_that_worked_after_all_is_noticed(house: House) -> None:
    shop = house.working()
    house.hosts.linked.add(shop)
    house.hosts.fails_with = CallFailed('WhatsApp did not answer in time.')
    with pytest.raises(CallFailed):
        house.sessions.logout('shop')
    assert house.session().state == 'working'
    house.hosts.linked.clear()
    house.hosts.up.clear()
    look_twice(house, 15)
    row = house.session()
    assert (row.state, row.wanted, row.phone, row.linked_at) == ('logged_out', False, '', None)
    assert house.hosts.calls[-1] == ('close', shop)


def test_a_connection_that_nobody_wants_is_closed(house: House) -> None:
    shop = house.working()
    house.sessions.stop('shop')
    house.hosts.up.add(shop)
    house.hosts.calls.clear()
    look_twice(house, 20)  # a log-out takes its time
    assert house.hosts.calls == []
    house.clock.later(seconds=20)
    house.sessions.tick()
    assert house.hosts.calls == [('close', shop)]


@pytest.mark.parametrize('silence', [CallFailed('No answer.'), NotConnected('The session is not running.')])
def test_a_session_is_deleted_even_when_whatsapp_is_silent(house: House, silence: DovecoteError) -> None:
    shop = house.working()
    house.hosts.linked.add(shop)
    house.hosts.fails_with = silence
    house.sessions.delete('shop')
    assert house.hosts.calls[-3:] == [('logout', shop), ('close', shop), ('forget', shop)]
    with pytest.raises(NotFound):
        house.sessions.named('shop')


def test_each_state_is_one_line_of_the_log_with_its_reason(house: House, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level('INFO'):
        shop = house.working()
        house.tell(Disconnected(session=shop, because='The network is gone.'))
        house.tell(Disconnected(session=shop, because='Still gone.'))
        house.tell(LoggedOut(session=shop, reason=401, because='Removed on the phone.'))
        house.sessions.start('shop')
        house.sessions.delete('shop')
    lines = [(record.levelname, record.getMessage()) for record in caplog.records if record.name == 'core.sessions']
    assert lines == [
        ('INFO', 'shop is new: Not linked to a phone yet.'),
        ('INFO', 'shop is starting, was new: Asking WhatsApp for a code.'),
        ('INFO', 'shop is working, was starting: Linked to +1 555-000-0001 as “Shop”.'),
        ('INFO', 'shop is reconnecting, was working: The network is gone. It is tried again by itself.'),
        ('WARNING', 'shop is logged out, was reconnecting: Removed on the phone. Link it again to go on.'),
        ('INFO', 'shop is starting, was logged out: Asking WhatsApp for a code.'),
        ('INFO', 'shop was deleted'),
    ]


@pytest.mark.parametrize('name', ['', 'Shop', 'a b', '../x', '-x', 'x' * 49])
def test_a_name_must_fit_into_an_address(house: House, name: str) -> None:
    with pytest.raises(Invalid):
        house.sessions.create(name)


def test_a_name_is_taken_once(house: House) -> None:
    house.sessions.create('shop')
    with pytest.raises(Conflict) as refusal:
        house.sessions.create('shop')
    assert refusal.value.code == 'name_taken'
