"""A number is protected: nothing leaves faster, earlier or to more strangers than its preset allows."""

from datetime import UTC, datetime, timedelta

import pytest

from core.errors import Invalid, NotConnected, SendRefused
from core.events import Banned
from core.limits import REASONS, Limit, next_end
from core.outbox import Author, Saying
from core.pace import after_one, typing_lasts, waits_for_gap, waits_for_morning, waits_for_numbers
from core.protection import PRESETS, Protection, changes_of, in_words, protection_of
from data.database import write
from data.messages import Message
from data.pacing import FIRST_PACE, Minute, minutes_of
from data.urgency import BULK, BULK_FIRST, FIRST, KNOWN, REPLY

from .house import ANNA, BEN, OWNER, START, House, message

FLOW = Author(id='flow:hello', name='Hello')
BERLIN, NEW_YORK, TOLL_FREE, NOBODYS = '4915112345678', '12125550100', '18005550100', '15551230001'


def test_limits_of_a_minute_an_hour_and_a_day_say_when_they_open_again() -> None:
    protection = Protection(preset='standard', per_minute=3, per_hour=5, per_day=6)

    def waits(*counts: tuple[int, int]) -> tuple[int, str] | None:
        """`counts`: (minutes ago, how many)."""
        minutes = [
            Minute(at=START - timedelta(minutes=ago), total=count, unasked=0, fresh=0)
            for ago, count in sorted(counts, reverse=True)
        ]
        wait = waits_for_numbers(protection, REPLY, minutes, linked_at=None, now=START)
        return None if wait is None else (int((wait.until - START).total_seconds() // 60), wait.why)

    assert waits() is None
    assert waits((0, 2)) is None
    assert waits((0, 3)) == (1, 'The limit of 3 messages a minute is reached.')
    assert waits((1, 3)) is None
    assert waits((50, 2), (10, 3)) == (10, 'The limit of 5 messages an hour is reached.')
    assert waits((1_000, 3), (500, 3)) == (440, 'The limit of 6 messages a day is reached.')
    assert waits((1_439, 5), (2, 1)) == (1, 'The limit of 6 messages a day is reached.')
    assert waits((1_440, 6)) is None


def test_people_who_never_wrote_have_a_smaller_budget_of_their_own() -> None:
    protection = Protection(preset='standard', per_day=100, new_per_day=2)
    minutes = [Minute(at=START - timedelta(hours=1), total=5, unasked=5, fresh=2)]
    for urgency in (FIRST, BULK_FIRST):
        wait = waits_for_numbers(protection, urgency, minutes, linked_at=None, now=START)
        assert wait is not None
        assert wait.until == START + timedelta(hours=23)
        assert wait.why == 'The limit of 2 messages a day to people who have never written here is reached.'
    for urgency in (REPLY, KNOWN, BULK):
        assert waits_for_numbers(protection, urgency, minutes, linked_at=None, now=START) is None


@pytest.mark.parametrize(
    ('days', 'most'), [(0, 20), (1, 20), (2, 50), (4, 50), (5, 100), (9, 100), (10, 250), (29, 250), (30, 0)]
)
def test_a_fresh_link_warms_up_in_stairs_and_replies_are_not_counted_in(days: int, most: int) -> None:
    linked = START - timedelta(days=days)
    protection = Protection(preset='careful', warm_up=True)
    assert protection.warm_up_limit(linked, START)[0] == most
    minutes = [Minute(at=START - timedelta(hours=2), total=300, unasked=most or 300, fresh=0)]
    wait = waits_for_numbers(protection, KNOWN, minutes, linked_at=linked, now=START)
    assert (wait is not None) == bool(most)
    assert waits_for_numbers(protection, REPLY, minutes, linked_at=linked, now=START) is None
    if wait is not None:
        assert f'{most} messages a day may leave that are no replies' in wait.why


def test_gaps_are_drawn_pauses_come_every_few_and_replies_hardly_wait() -> None:
    protection = Protection(preset='careful', gap=(8, 20), pause_every=3, pause=(100, 200))
    pace, gaps = FIRST_PACE, []
    for _ in range(4):
        pace = after_one(protection, pace, START, lambda low, high: (low + high) / 2)
        wait = waits_for_gap(protection, KNOWN, pace, START)
        assert wait is not None
        gaps.append((wait.until - START).total_seconds())
    assert gaps == [14, 14, 150, 14]
    reply = waits_for_gap(protection, REPLY, pace, START)
    assert reply is not None
    assert reply.until == START + timedelta(seconds=2)
    assert waits_for_gap(protection, KNOWN, pace, START + timedelta(seconds=14)) is None


@pytest.mark.parametrize(
    ('phone', 'utc', 'opens'),
    [
        (BERLIN, '12:00', None),  # 13:00 there
        (BERLIN, '06:00', '08:00'),  # 07:00 there, open from nine
        (BERLIN, '19:00', '08:00'),  # 20:00 there
        (NEW_YORK, '12:00', '14:00'),
        (NEW_YORK, '00:30', None),  # 19:30 there
        ('441481000000', '09:00', None),
        ('61412345678', '03:00', None),  # anywhere from the Cocos Islands to Lord Howe
        ('61412345678', '09:30', '02:30'),
    ],
)
def test_a_conversation_is_opened_only_by_day_where_the_number_lives(phone: str, utc: str, opens: str | None) -> None:
    now = datetime.fromisoformat(f'2026-11-23T{utc}:00+00:00')
    protection = Protection(preset='careful', write_from='09:00', write_until='20:00')
    for urgency in (FIRST, BULK, BULK_FIRST):
        wait = waits_for_morning(protection, urgency, phone, '', now)
        assert (wait and f'{wait.until:%H:%M}') == opens
        assert wait is None or wait.until > now
    for urgency in (REPLY, KNOWN):
        assert waits_for_morning(protection, urgency, phone, '', now) is None


def test_a_number_that_may_be_anywhere_is_written_to_when_all_or_most_are_awake() -> None:
    protection = Protection(preset='careful', write_from='09:00', write_until='20:00')
    noon_in_chicago = datetime(2026, 11, 23, 18, tzinfo=UTC)
    wait = waits_for_morning(protection, FIRST, TOLL_FREE, '', noon_in_chicago)
    assert wait is not None
    assert f'{wait.until:%H:%M}' == '23:00'  # noon on Samoa, evening in Newfoundland, nine o'clock on Guam
    lunch = Protection(preset='careful', write_from='11:00', write_until='14:00')
    wait = waits_for_morning(lunch, FIRST, TOLL_FREE, '', noon_in_chicago - timedelta(hours=12))
    assert wait is not None
    assert waits_for_morning(lunch, FIRST, TOLL_FREE, '', wait.until) is None


def test_a_number_without_a_country_goes_by_the_zone_of_the_session_or_the_one_that_was_chosen() -> None:
    night_in_berlin = datetime(2026, 11, 23, 2, tzinfo=UTC)
    protection = Protection(preset='careful', write_from='09:00', write_until='20:00')
    assert waits_for_morning(protection, FIRST, NOBODYS, BERLIN, night_in_berlin) is not None
    in_tokyo = Protection(preset='careful', write_from='09:00', write_until='20:00', zone='Asia/Tokyo')
    assert waits_for_morning(in_tokyo, FIRST, NOBODYS, BERLIN, night_in_berlin) is None


def test_typing_lasts_as_long_as_the_text_needs_within_bounds() -> None:
    assert [typing_lasts('x' * length) for length in (1, 75, 5_000)] == [1, 3, 6]


def test_presets_are_chosen_changed_and_said_in_words() -> None:
    chosen = protection_of({'preset': 'careful', 'per_day': 100, 'gap': [5, 6]}, 'standard')
    assert (chosen.per_day, chosen.per_hour, chosen.gap) == (100, 60, (5.0, 6.0))
    assert changes_of(chosen) == {'preset': 'careful', 'per_day': 100, 'gap': [5.0, 6.0]}
    assert protection_of(changes_of(chosen), 'off') == chosen
    assert protection_of({}, 'standard') == PRESETS['standard']
    assert protection_of({'preset': 'off', 'zone': 'Asia/Tokyo'}, 'standard').off
    words = ' '.join(in_words(PRESETS['careful']))
    for figure in ('4 a minute', '60 an hour', '300 a day', '20 a day', '8 to 20 seconds', '3 to 7 minutes', '09:00'):
        assert figure in words
    assert in_words(PRESETS['off']) == [
        'Nothing is limited: every message leaves at once. For the sandbox and for tests.'
    ]


@pytest.mark.parametrize(
    ('given', 'field'),
    [
        ({'preset': 'bold'}, 'preset'), ({'per_day': -1}, 'per_day'), ({'per_day': True}, 'per_day'),
        ({'per_day': 1.5}, 'per_day'), ({'per_minute': 10**9}, 'per_minute'), ({'gap': 5}, 'gap'),
        ({'gap': [9, 3]}, 'gap'), ({'gap': [1, 2, 3]}, 'gap'), ({'pause': ['a', 2]}, 'pause'),
        ({'typing': 'yes'}, 'typing'), ({'write_from': '9'}, 'write_from'), ({'zone': 'Mars/Base'}, 'zone'),
        ({'write_from': '22:00', 'write_until': '06:00'}, 'write_from'), ({'speed': 1}, 'speed'),
        ({'preset': 'off', 'write_until': '20:00'}, 'write_from'), ({'zone': '../etc/passwd'}, 'zone'),
        ({'preset': ['off']}, 'preset'),
    ],
)  # fmt: skip
def test_nonsense_in_a_protection_is_refused_with_its_field(given: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        protection_of(given, 'standard')
    assert refusal.value.field == f'protection.{field}'


def test_a_time_lock_doubles_each_time_in_a_row_and_is_forgiven() -> None:
    lock, ends = REASONS[463], []
    now, times, before = START, 0, None
    for _ in range(5):
        until, times = next_end(lock, now, times=times, before=before)
        ends.append(until - now)
        now = before = until
    assert ends == [timedelta(days=days) for days in (1, 2, 4, 7, 7)]
    assert next_end(lock, now + timedelta(days=8), times=times, before=before)[1] == 1


# ---- in the house


def protect(house: House, **given: object) -> str:
    shop = house.working()
    house.pacing.protect(shop, {'preset': 'off', **given})
    house.settle()
    return shop


def to(number: int) -> str:
    return f'1555123{number:04}'


def later(house: House, **span: float) -> None:
    house.clock.later(**span)
    house.outbox.sweep()
    house.settle()


def lasts(house: House, limit: Limit) -> timedelta:
    assert limit.until is not None
    return limit.until - house.clock.now()


def texts(house: House) -> list[str]:
    return [text for _, text in house.hosts.sent]


def test_the_tenth_message_to_strangers_waits_for_tomorrow_and_a_reply_does_not(house: House) -> None:
    protect(house, new_per_day=3)
    house.says('hello')
    for number in range(10, 15):
        house.post(f'to {number}', to(number))
    assert texts(house) == ['to 10', 'to 11', 'to 12']
    house.post('a reply')
    assert texts(house)[-1] == 'a reply'
    later(house, hours=23)
    assert len(texts(house)) == 4
    later(house, hours=1, minutes=1)
    assert texts(house)[-2:] == ['to 13', 'to 14']


def test_the_budget_outlives_a_restart_of_the_program(house: House) -> None:
    shop = protect(house, new_per_day=2)
    for number in range(3):
        house.post('hi', to(number))
    house.pacing.forget(shop)  # what only lives in memory
    later(house, minutes=5)
    assert len(texts(house)) == 2
    assert [(each.total, each.fresh) for each in write(lambda: minutes_of(shop, house.clock.now()))] == [(2, 2)]


def test_what_was_sent_before_protection_was_switched_on_counts(house: House) -> None:
    shop = house.working()
    for number in range(4):
        house.post('hi', to(number))
    house.pacing.protect(shop, {'preset': 'off', 'new_per_day': 5})
    for number in range(10, 13):
        house.post('hi', to(number))
    assert len(texts(house)) == 5


def test_what_never_left_is_not_counted(house: House) -> None:
    shop = protect(house, new_per_day=2)
    house.hosts.fails_with = SendRefused('WhatsApp had a fault of its own (500).', reason=500, retry=True)
    house.post('first')
    assert write(lambda: minutes_of(shop, house.clock.now()))[0].total == 0
    house.hosts.fails_with = None
    later(house, seconds=6)
    assert texts(house) == ['first']
    assert write(lambda: minutes_of(shop, house.clock.now()))[0].total == 1


def test_a_limit_that_one_unsent_message_seemed_to_reach_is_open_again(house: House) -> None:
    protect(house, per_minute=1)
    house.hosts.fails_with = NotConnected('The session is not online.')
    house.post('hello')
    house.hosts.fails_with = None
    later(house, seconds=2)
    assert texts(house) == ['hello']


def test_messages_leave_apart_one_at_a_time_and_the_reply_first(house: House) -> None:
    protect(house, gap=[8, 20])
    house.says('hello')
    house.says('hello', sender=f'{BEN}@s.whatsapp.net', chat=f'{BEN}@s.whatsapp.net')
    for number in range(10, 13):
        house.post(f'news {number}', to(number))
    assert texts(house) == ['news 10']
    house.post('reply', BEN)
    assert texts(house) == ['news 10']
    later(house, seconds=2)
    assert texts(house) == ['news 10', 'reply']
    later(house, seconds=7)
    assert texts(house) == ['news 10', 'reply']  # the gap counts from the last one, whatever that was
    later(house, seconds=1)
    assert texts(house) == ['news 10', 'reply', 'news 11']


def test_automatic_messages_are_typed_first_and_a_person_types_for_himself(house: House) -> None:
    shop = protect(house, typing=True)
    house.says('hello')
    chat = house.post('by hand').chat_id
    assert texts(house) == ['by hand']
    house.outbox.say(chat, 'x' * 75, FLOW)
    house.settle()
    assert ('typing', f'{ANNA}@s.whatsapp.net') in house.hosts.calls
    assert texts(house) == ['by hand']
    later(house, seconds=2.9)
    assert texts(house) == ['by hand']
    later(house, seconds=0.2)
    assert texts(house) == ['by hand', 'x' * 75]
    assert house.hosts.calls.count(('typing', f'{ANNA}@s.whatsapp.net')) == 1
    assert house.pacing.protection(house.session()).typing
    assert shop


def test_at_night_only_replies_go_and_what_waits_says_until_when(house: House) -> None:
    protect(house, write_from='09:00', write_until='20:00')
    house.clock.later(hours=10)  # 22:00 UTC, 23:00 in Berlin
    waiting = house.post('good evening', BERLIN).id
    house.says('are you there?')
    house.post('yes')
    assert texts(house) == ['yes']
    row = house.message(waiting)
    assert (row.status, row.not_before) == ('queued', datetime(2026, 11, 23, 8, tzinfo=UTC))
    assert 'from 09:00 to 20:00 there' in row.waits
    later(house, hours=9, minutes=59)
    assert texts(house) == ['yes']
    later(house, minutes=2)
    assert texts(house) == ['yes', 'good evening']
    row = house.message(waiting)
    assert (row.status, row.not_before, row.waits) == ('sent', None, '')


def test_a_message_that_waited_and_was_cancelled_is_sent_again_without_its_old_reason(house: House) -> None:
    protect(house, write_from='09:00', write_until='20:00')
    house.clock.later(hours=10)
    row = house.post('good evening', BERLIN)
    house.outbox.cancel(row.id)
    house.pacing.protect(row.session_id, {'preset': 'off'})
    house.outbox.resend(row.id, OWNER)
    assert house.message(row.id).waits == ''
    house.settle()
    assert texts(house) == ['good evening']


def test_whoever_writes_meanwhile_is_answered_at_once(house: House) -> None:
    protect(house, write_from='09:00', write_until='20:00')
    house.clock.later(hours=10)
    house.post('good evening', BERLIN)
    assert texts(house) == []
    berlin = f'{BERLIN}@s.whatsapp.net'
    house.tell(message(house.session().id, 'hello?', chat=berlin, sender=berlin, push_name='Bea'))
    later(house, seconds=1)
    assert texts(house) == ['good evening']


def test_a_number_is_checked_once_before_the_first_message_and_a_stranger_to_whatsapp_fails(house: House) -> None:
    protect(house, check_numbers=True)
    house.hosts.strangers.add(BEN)
    there, not_there = house.post('hello'), house.post('hello', BEN)
    house.post('again')
    assert house.message(there.id).status == 'sent'
    row = house.message(not_there.id)
    assert (row.status, row.error_code, row.error) == ('failed', 'not_on_whatsapp', 'This number is not on WhatsApp.')
    assert [phone for call, phone in house.hosts.calls if call == 'on_whatsapp'] == [ANNA, BEN]
    house.clock.later(days=31)
    house.post('a month later')
    assert [phone for call, phone in house.hosts.calls if call == 'on_whatsapp'] == [ANNA, BEN, ANNA]


def test_while_whatsapp_does_not_say_whether_a_number_is_there_the_message_waits(house: House) -> None:
    protect(house, check_numbers=True)
    house.hosts.mute = True
    row = house.message(house.post('hello').id)
    assert (row.status, row.waits) == ('queued', 'WhatsApp is being asked whether this number is there.')
    house.hosts.mute = False
    later(house, seconds=31)
    assert texts(house) == ['hello']


def test_who_opted_out_hears_only_from_people(house: House) -> None:
    house.working()
    house.says('Leave me alone')
    chat = house.post('Sorry to see you go.').chat_id
    person = house.message(Message.get(Message.direction == 'in').id).sender_id
    assert person is not None
    write(lambda: house.pacing.opt_outs.opt_out(person, source='a message'))
    blocked = house.outbox.say(chat, 'automatic', FLOW)
    bulk = house.outbox.put(chat, Saying(text='bulk', bulk=True), OWNER)
    house.settle()
    house.post('by hand')
    assert texts(house) == ['Sorry to see you go.', 'by hand']
    for row in (house.message(blocked.id), house.message(bulk.id)):
        assert (row.status, row.error_code) == ('blocked', 'opted_out')
        assert 'opted out' in row.error
    assert 'message.blocked' in house.kinds()
    assert write(lambda: house.pacing.opt_outs.opt_in(person))
    house.outbox.say(chat, 'welcome back', FLOW)
    house.settle()
    assert texts(house)[-1] == 'welcome back'


def test_opting_out_holds_under_every_preset_and_when_only_the_other_address_is_known(house: House) -> None:
    shop = house.working()
    house.says('hi', sender_alt='777@lid')
    person = Message.get(Message.direction == 'in').sender_id
    assert person is not None
    write(lambda: house.pacing.opt_outs.opt_out(person, source='a message'))
    house.pacing.protect(shop, {'preset': 'standard', 'typing': False})
    row = house.outbox.put(Message.get(Message.direction == 'in').chat_id, Saying(text='ad', bulk=True), OWNER)
    house.settle()
    assert house.message(row.id).status == 'blocked'


def test_the_third_of_ten_new_conversations_is_refused_and_seven_wait_while_replies_go(house: House) -> None:
    shop = house.working()
    house.says('hello')
    house.hosts.holds = True
    rows = [house.post(f'to {number}', to(number)) for number in range(10, 20)]
    lock = SendRefused('Not sent: this number has never written to you (463).', reason=463)
    for _ in range(2):
        house.hosts.settle_one()
        house.settle()
    house.hosts.settle_one(lock)
    house.hosts.fails_with = NotConnected('The host refuses the rest of the batch.')
    house.hosts.settle()
    house.settle()
    house.hosts.fails_with, house.hosts.holds = None, False
    later(house, seconds=2)
    assert [house.message(row.id).status for row in rows] == ['sent'] * 2 + ['failed'] + ['queued'] * 7
    assert house.message(rows[2].id).error_code == '463'
    house.post('a reply')
    assert texts(house) == ['to 10', 'to 11', 'a reply']
    (limit,) = house.pacing.limits_of(house.session())
    assert (limit.kind, limit.scope, limit.until) == ('reach_out', 'new', house.clock.now() + timedelta(days=1)
                                                      - timedelta(seconds=2))  # fmt: skip
    assert [each.body['limits'][0]['stops'] for each in house.news if each.kind == 'session.limited'] == [
        'new_conversations'
    ]
    house.pacing.forget(shop)  # as a restart would
    later(house, hours=23)
    assert len(texts(house)) == 3
    later(house, hours=2)
    assert texts(house)[3:] == [f'to {number}' for number in range(13, 20)]


def test_a_person_may_lift_a_limit_and_the_next_lasts_longer(house: House) -> None:
    shop = house.working()
    house.hosts.fails_with = SendRefused('Not sent (463).', reason=463)
    house.post('to a stranger')
    house.hosts.fails_with = None
    later(house, seconds=2)
    house.post('to another', BEN)
    assert texts(house) == []
    assert house.pacing.limits.lift(shop, 'reach_out')
    assert not house.pacing.limits.lift(shop, 'reach_out')
    house.settle()
    assert texts(house) == ['to another']
    assert house.news[-1].kind != 'session.limited' or house.news[-1].body['limits'] == []
    write(lambda: house.pacing.limits.refused(shop, 463))
    (limit,) = house.pacing.limits_of(house.session())
    assert (limit.times, lasts(house, limit)) == (2, timedelta(days=2))


def test_too_much_slows_everything_for_a_while_and_then_it_goes_on(house: House) -> None:
    house.working()
    house.says('hello')
    house.hosts.fails_with = SendRefused('Not sent: too much (429).', reason=429, retry=True)
    house.post('reply')
    house.hosts.fails_with = None
    (limit,) = house.pacing.limits_of(house.session())
    assert (limit.kind, limit.scope, lasts(house, limit)) == ('too_fast', 'all', timedelta(minutes=1))
    later(house, seconds=50)
    assert texts(house) == []
    later(house, seconds=11)
    assert texts(house) == ['reply']


def test_what_may_pass_is_tried_again_more_and_more_slowly_and_has_a_last_word(house: House) -> None:
    house.working()
    house.says('hello')
    house.hosts.fails_with = SendRefused('Not sent: the keys have changed (479).', reason=479, retry=True)
    id = house.post('hello').id
    waits = []
    while (row := house.message(id)).status == 'queued':
        assert row.waits == 'Not sent: the keys have changed (479). It is tried again.'
        assert row.not_before is not None
        waits.append((row.not_before - house.clock.now()).total_seconds())
        later(house, seconds=waits[-1] + 5)
    assert waits == [1, 3, 9]
    assert (row.status, row.error_code, row.attempts) == ('failed', '479', 4)
    assert [limit.kind for limit in house.pacing.limits_of(house.session())] == ['refused']
    house.hosts.fails_with = None
    house.post('another reply')
    assert texts(house) == ['another reply']


def test_a_ban_in_the_middle_is_a_limit_with_its_end(house: House) -> None:
    shop = house.working()
    until = house.clock.now() + timedelta(hours=6)
    house.tell(Banned(session=shop, code=101, because='Too many messages to strangers.', until=until))
    (limit,) = house.pacing.limits_of(house.session())
    assert (limit.kind, limit.scope, limit.until) == ('banned', 'all', until)
    assert [each.body['limits'][0]['kind'] for each in house.news if each.kind == 'session.limited'] == ['banned']
