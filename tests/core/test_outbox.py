"""What we say leaves once, in order, and nobody is told a lie about it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.departures import AHEAD
from core.errors import Conflict, Invalid, NotConnected, NotFound, SendRefused, SendUncertain
from core.events import Connected, Disconnected, LoggedOut
from core.outbox import Saying
from data.database import read, write
from data.messages import PAST_KEPT, Message

from .house import ANNA, BEN, OWNER, START, House, receipt


def test_a_posted_message_is_sent_and_ticked(house: House) -> None:
    shop = house.working()
    id = house.post('hello').id
    assert house.hosts.sent == [(f'{ANNA}@s.whatsapp.net', 'hello')]
    assert house.message(id).status == 'sent'
    house.tell(receipt(shop, 'read', 'WA1'))
    house.tell(receipt(shop, 'delivered', 'WA1'))  # late, and it does not undo 'read'
    assert house.message(id).status == 'read'
    assert house.kinds()[-3:] == ['message.queued', 'message.sent', 'message.read']


def test_a_receipt_may_come_before_we_know_the_id(house: House) -> None:
    shop = house.working()
    house.hosts.holds = True
    id = house.post('hello').id
    house.tell(receipt(shop, 'delivered', 'WA1'))
    assert house.message(id).status == 'sending'
    house.hosts.settle()
    house.settle()
    assert house.message(id).status == 'delivered'


def test_messages_leave_in_the_order_in_which_they_were_posted(house: House) -> None:
    house.working()
    for n in range(40):
        house.post(f'm{n}', ANNA if n % 3 else BEN)
    house.settle()
    assert [text for _, text in house.hosts.sent] == [f'm{n}' for n in range(40)]


def test_only_a_few_are_handed_over_at_a_time(house: House) -> None:
    house.working()
    house.hosts.holds = True
    for n in range(20):
        house.post(f'm{n}')
    assert [status for _, status in house.statuses()].count('sending') == len(house.hosts.line) <= AHEAD


def test_what_could_not_leave_goes_back_in_line_and_keeps_its_place(house: House) -> None:
    shop = house.working()
    house.hosts.holds = True
    for n in range(8):
        house.post(f'm{n}')
    house.hosts.fails_with = NotConnected('The session is not online.')
    house.hosts.settle()
    house.settle()
    assert {status for _, status in house.statuses()} == {'queued'}
    house.hosts.fails_with, house.hosts.holds = None, False
    house.clock.later(seconds=2)
    house.outbox.nudge(shop)
    house.settle()
    assert [text for _, text in house.hosts.sent] == [f'm{n}' for n in range(8)]


def test_nothing_is_handed_over_while_the_session_is_away(house: House) -> None:
    shop = house.working()
    house.tell(Disconnected(session=shop, because='the network is gone'))
    house.post('patience')
    assert house.hosts.sent == []
    assert house.statuses() == [('patience', 'queued')]


def test_a_refusal_is_final_and_says_why(house: House) -> None:
    house.working()
    house.hosts.fails_with = SendRefused('This number has never written to you (463).', reason=463)
    row = house.message(house.post('hello').id)
    assert (row.status, row.error_code) == ('failed', '463')
    assert 'never written' in row.error


def test_what_may_have_left_is_uncertain_and_only_a_person_sends_it_again(house: House) -> None:
    shop = house.working()
    house.hosts.fails_with = SendUncertain('The host ended in the middle.')
    id = house.post('once').id
    assert house.message(id).status == 'uncertain'
    house.hosts.fails_with = None
    house.outbox.sweep()
    house.outbox.nudge(shop)
    house.settle()
    assert house.hosts.sent == []
    house.outbox.resend(id, OWNER)
    house.settle()
    assert (house.message(id).status, len(house.hosts.sent)) == ('sent', 1)


def test_the_history_keeps_every_status_a_message_ever_had(house: House) -> None:
    house.working()
    house.hosts.fails_with = SendRefused('WhatsApp does not allow this (403).', reason=403)
    id = house.post('hello').id
    house.clock.later(minutes=1)
    house.hosts.fails_with = SendUncertain('The host ended in the middle.')
    house.outbox.resend(id, OWNER)
    house.settle()
    house.clock.later(minutes=1)
    house.hosts.fails_with = NotConnected('The session is not online.')
    house.outbox.resend(id, OWNER)
    house.settle()
    house.clock.later(minutes=1)
    house.hosts.fails_with = None
    house.outbox.sweep()
    house.settle()
    told = house.history(id)
    assert [each['status'] for each in told] == [
        'queued', 'sending', 'failed',
        'queued', 'sending', 'uncertain',
        'queued', 'sending', 'queued', 'sending', 'sent',
    ]  # fmt: skip
    assert [each['detail'] for each in told if each['detail']] == [
        'WhatsApp does not allow this (403).', 'The host ended in the middle.',
    ]  # fmt: skip
    times = [str(each['at']) for each in told]
    assert times == sorted(times)
    assert [time[14:16] for time in times] == ['00', '00', '00', '01', '01', '01', '02', '02', '02', '03', '03']


def test_the_history_of_a_message_that_goes_back_and_forth_has_an_end(house: House) -> None:
    house.working()
    house.hosts.fails_with = NotConnected('The session is not online.')
    id = house.post('hello').id
    for _ in range(PAST_KEPT):
        house.clock.later(seconds=2)
        house.outbox.sweep()
        house.settle()
    assert house.message(id).attempts == 0  # none of it was a try
    told = house.history(id)
    assert (told[0]['status'], told[-1]['status']) == ('queued', 'queued')
    assert len(told) == 1 + PAST_KEPT


def test_what_was_uncertain_until_its_receipt_came_says_so(house: House) -> None:
    shop = house.working()
    house.hosts.fails_with = SendUncertain('The host ended in the middle.')
    id = house.post('hello').id
    write(lambda: Message.update(whatsapp_id='WA1').where(Message.id == id).execute())
    house.clock.later(minutes=1)
    house.tell(replace(receipt(shop, 'delivered', 'WA1'), at=house.clock.at))
    assert [each['status'] for each in house.history(id)] == ['queued', 'sending', 'uncertain', 'delivered']


def test_who_knows_better_marks_an_uncertain_message_as_sent(house: House) -> None:
    house.working()
    house.hosts.fails_with = SendUncertain('The host ended in the middle.')
    id = house.post('once').id
    house.clock.later(minutes=1)
    assert house.outbox.mark_sent(id, OWNER).status == 'sent'
    house.settle()
    row = house.message(id)
    assert (row.status, row.error, row.error_code, row.sent_at) == ('sent', '', '', house.clock.at)
    assert [each['status'] for each in house.history(id)] == ['queued', 'sending', 'uncertain', 'sent']
    assert house.news[-1].kind == 'message.sent'
    house.outbox.sweep()
    house.settle()
    assert house.hosts.sent == []
    with pytest.raises(Conflict) as refusal:
        house.outbox.mark_sent(id, OWNER)
    assert refusal.value.code == 'not_uncertain'
    with pytest.raises(NotFound):
        house.outbox.mark_sent('nothing', OWNER)


def test_a_change_marked_as_sent_shows_in_the_message_it_is_about(house: House) -> None:
    house.working()
    about = house.post('see you at nine')
    house.hosts.fails_with = SendUncertain('The host ended in the middle.')
    change = house.outbox.edit(about.id, 'see you at ten', OWNER)
    house.settle()
    assert change is not None
    assert house.message(about.id).text == 'see you at nine'
    house.outbox.mark_sent(change.id, OWNER)
    house.settle()
    assert house.message(about.id).text == 'see you at ten'


def test_what_a_crash_left_half_sent_is_shown_as_uncertain(house: House) -> None:
    house.working()
    house.hosts.holds = True
    id = house.post('half').id
    assert house.message(id).status == 'sending'
    assert house.outbox.recover() == 1
    assert house.message(id).status == 'uncertain'
    assert 'may have left' in house.message(id).error


def test_an_unsent_message_can_be_cancelled_and_a_sent_one_cannot(house: House) -> None:
    shop = house.working()
    house.tell(Disconnected(session=shop, because='gone'))
    id = house.post('never mind').id
    assert house.outbox.cancel(id).status == 'cancelled'
    with pytest.raises(Conflict):
        house.outbox.cancel(id)
    with pytest.raises(NotFound):
        house.outbox.cancel('nothing')


@pytest.mark.parametrize(
    ('to', 'text', 'problem'),
    [
        ('call me', 'hi', Invalid), ('123', 'hi', Invalid), (ANNA, '   ', Invalid), (ANNA, 'x' * 70_000, Invalid),
        ('someone@example.org', 'hi', Invalid), ('01K3Z0000000000000000000AA', 'hi', NotFound),
    ],
)  # fmt: skip
def test_nonsense_is_refused_and_nothing_is_kept(house: House, to: str, text: str, problem: type[Exception]) -> None:
    house.working()
    with pytest.raises(problem):
        house.post(text, to)
    assert house.statuses() == []


def test_an_unknown_or_stopped_session_takes_nothing(house: House) -> None:
    with pytest.raises(NotFound):
        house.post('hello')
    house.working()
    house.sessions.stop('shop')
    with pytest.raises(Conflict) as refusal:
        house.post('hello')
    assert refusal.value.code == 'session_not_working'


def test_a_session_that_was_never_linked_takes_nothing(house: House) -> None:
    house.sessions.create('shop')
    house.sessions.start('shop')
    assert house.session().state == 'starting'
    with pytest.raises(Conflict, match='not linked to a phone') as refusal:
        house.post('hello')
    assert refusal.value.code == 'session_not_working'
    house.tell(Connected(session=house.session().id, phone='15550000001', lid='900', push_name='Shop'))
    house.tell(Disconnected(session=house.session().id, because='gone'))
    assert house.post('hello').status == 'queued'


@pytest.mark.parametrize('other', [{'phone': '15550000099', 'lid': '999'}, {'phone': '15550000099', 'lid': ''}])
def test_what_waits_never_leaves_from_another_account(house: House, other: dict[str, str]) -> None:
    shop = house.working()
    house.says('is there rye bread?')
    house.tell(Disconnected(session=shop, because='gone'))
    waiting = house.post('as the old shop')
    house.tell(LoggedOut(session=shop, reason=401, because='The owner removed us.'))
    house.outbox.say(waiting.chat_id, 'this too', OWNER)
    house.sessions.start('shop')
    house.tell(Connected(session=shop, push_name='New shop', **other))
    house.settle()
    assert house.hosts.sent == []
    row = house.message(waiting.id)
    assert (row.status, row.error_code) == ('failed', 'other_account')
    assert 'another WhatsApp account' in row.error
    assert house.kinds().count('message.failed') == 2
    house.outbox.resend(waiting.id, OWNER)  # a person may still decide so
    house.settle()
    assert [text for _, text in house.hosts.sent] == ['as the old shop']


@pytest.mark.parametrize(
    'same', [{'phone': '15550000001', 'lid': '555'}, {'phone': '15550000002', 'lid': '915550000001'}]
)
def test_what_waits_leaves_once_the_same_account_is_linked_again(house: House, same: dict[str, str]) -> None:
    shop = house.working()
    house.tell(Disconnected(session=shop, because='gone'))
    house.post('patience')
    house.tell(LoggedOut(session=shop, reason=401, because='The owner removed us.'))
    house.sessions.start('shop')
    house.tell(Connected(session=shop, push_name='Shop', **same))
    house.settle()
    assert [text for _, text in house.hosts.sent] == ['patience']


def test_a_reply_carries_what_it_answers(house: House) -> None:
    house.working()
    house.says('where is my order?', id='Q1')
    row = house.post('on its way', reply_to='Q1')
    assert (row.quote_id, row.quote_text) == ('Q1', 'where is my order?')
    with pytest.raises(Invalid):
        house.post('on its way', reply_to='nowhere')


def test_an_answer_given_twice_is_written_once(house: House) -> None:
    house.working()
    house.says('hello', id='A1')
    house.says('hello', id='A1')
    assert Message.select().count() == 1


def test_a_message_is_forwarded_into_another_chat_and_says_so(house: House) -> None:
    house.working()
    house.says('where is my loaf?', id='A1')
    with read():
        heard = Message.get(Message.whatsapp_id == 'A1')
    ben = house.post('hello', BEN).chat_id
    id = house.outbox.forward(heard.id, ben, OWNER).id
    house.settle()
    assert house.hosts.sent[-1] == (f'{BEN}@s.whatsapp.net', 'where is my loaf?')
    assert (house.message(id).forwarded, house.message(id).status) == (1, 'sent')


@pytest.mark.parametrize(
    ('more', 'why'),
    [
        ({'kind': 'poll'}, 'A poll cannot be forwarded'),
        ({'kind': 'image'}, 'not here'),
        ({'kind': 'image', 'content': {'view_once': True}, 'media_id': 'M'}, 'viewed once'),
        ({'revoked_at': START}, 'was deleted'),
    ],
)
def test_what_cannot_be_forwarded_says_why(house: House, more: dict[str, object], why: str) -> None:
    house.working()
    id = house.post('hello').id
    write(lambda: Message.update(**more).where(Message.id == id).execute())
    chat = house.message(id).chat_id
    with pytest.raises(Conflict, match=why):
        house.outbox.forward(id, chat, OWNER)
    assert len(house.hosts.sent) == 1


def test_the_log_names_what_did_not_leave_and_never_what_it_says(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.working()
    with caplog.at_level('DEBUG'):
        sent = house.post('a secret').id
        house.hosts.fails_with = SendRefused('Not sent: not to this chat.', reason=403)
        failed = house.post('another secret').id
        house.hosts.fails_with = SendUncertain('It may have left.')
        uncertain = house.post('a third secret').id
    ours = [(record.levelname, record.getMessage()) for record in caplog.records if record.name == 'core.outcomes']
    assert ours == [
        ('DEBUG', f'message {sent}: sent'),
        ('WARNING', f'message {failed}: failed (403)'),
        ('WARNING', f'message {uncertain}: uncertain (send_uncertain)'),
    ]
    assert not any('secret' in message for _, message in ours)


def test_a_chat_with_hundreds_waiting_starves_no_other(house: House) -> None:
    shop = house.working()
    house.tell(Disconnected(session=shop, because='gone'))
    for n in range(100):
        house.post(f'long {n}')
    for n in range(3):
        house.post(f'short {n}', BEN)
    back(house, shop)
    left = [text for _, text in house.hosts.sent]
    assert {'short 0', 'short 1', 'short 2'} <= set(left[:8])
    assert [text for text in left if text.startswith('long')] == [f'long {n}' for n in range(100)]
    assert [text for text in left if text.startswith('short')] == ['short 0', 'short 1', 'short 2']


def test_chats_take_turns_as_equals(house: House) -> None:
    shop = house.working()
    house.tell(Disconnected(session=shop, because='gone'))
    phones = [f'1555123{n:04}' for n in range(10, 15)]
    for n in range(6):
        for phone in phones:
            house.post(f'{n}', phone)
    back(house, shop)
    counts = dict.fromkeys(phones, 0)
    for to, text in house.hosts.sent:
        assert text == str(counts[to.split('@')[0]])  # in each chat as they were posted
        counts[to.split('@')[0]] += 1
        assert max(counts.values()) - min(counts.values()) <= 2
    assert set(counts.values()) == {6}


def test_replies_go_before_first_messages_and_bulk_comes_last(house: House) -> None:
    shop = house.working()
    house.says('hello')
    house.tell(Disconnected(session=shop, because='gone'))
    for n in range(10, 14):
        bulk = Saying(session='shop', to=f'1555123{n:04}', text=f'bulk {n}', bulk=True)
        house.outbox.post(bulk, OWNER)
    house.post('first', BEN)
    house.post('reply')
    back(house, shop)
    assert [text for _, text in house.hosts.sent] == ['reply', 'first', 'bulk 10', 'bulk 11', 'bulk 12', 'bulk 13']


def test_what_waited_behind_a_cancelled_message_goes_at_once(house: House) -> None:
    house.working()
    house.says('hello')
    house.hosts.fails_with = SendRefused('Not sent: the keys have changed (479).', reason=479, retry=True)
    first, second = house.post('first'), house.post('second')
    for _ in range(2):
        house.clock.later(seconds=4)
        house.outbox.sweep()
        house.settle()
    house.hosts.fails_with = None
    house.clock.later(seconds=2)  # the third wait is nine seconds
    house.outbox.sweep()
    house.settle()
    assert house.message(first.id).waits == 'Not sent: the keys have changed (479). It is tried again.'
    assert house.statuses()[-2:] == [('first', 'queued'), ('second', 'queued')]
    house.outbox.cancel(first.id)
    house.outbox.sweep()
    house.settle()
    assert house.message(second.id).status == 'sent'


def test_a_receipt_proves_that_an_uncertain_message_arrived(house: House) -> None:
    shop = house.working()
    house.hosts.fails_with = SendUncertain('The host ended in the middle.')
    id = house.post('did it arrive?').id
    house.clock.later(seconds=40)
    house.tell(receipt(shop, 'delivered', '3EB0AAAA', at=house.clock.now()))
    row = house.message(id)
    assert (row.status, row.whatsapp_id, row.error) == ('delivered', '3EB0AAAA', '')
    house.tell(receipt(shop, 'read', '3EB0AAAA', at=house.clock.now()))
    assert house.message(id).status == 'read'
    house.tell(receipt(shop, 'delivered', '3EB0BBBB', at=house.clock.now()))  # that must be another one
    assert house.message(id).whatsapp_id == '3EB0AAAA'


@pytest.mark.parametrize('story', ['two uncertain', 'one on its way', 'too late', 'from the phone', 'another chat'])
def test_a_receipt_that_could_be_about_something_else_proves_nothing(house: House, story: str) -> None:
    shop = house.working()
    house.hosts.fails_with = SendUncertain('The host ended in the middle.')
    id = house.post('did it arrive?').id
    whatsapp_id, sender = '3EB0AAAA', ANNA
    match story:
        case 'two uncertain':
            house.post('and this?')
        case 'one on its way':
            house.hosts.holds = True
            house.post('and this?')
        case 'too late':
            house.clock.later(minutes=11)
        case 'from the phone':
            whatsapp_id = '3A01AAAA'
        case 'another chat':
            sender = BEN
    address = f'{sender}@s.whatsapp.net'
    house.tell(receipt(shop, 'delivered', whatsapp_id, sender=address, at=house.clock.now()))
    assert (house.message(id).status, house.message(id).whatsapp_id) == ('uncertain', None)


def on_its_way(house: House, text: str, to: str = ANNA) -> str:
    house.hosts.holds = True
    id = house.post(text, to).id
    assert house.message(id).status == 'sending'
    return id


def comes_back(house: House, *, uncertain: bool = True) -> None:
    """The oldest that is on its way."""
    house.hosts.settle_one(SendUncertain('The host ended in the middle.') if uncertain else None)
    house.settle()


def test_a_receipt_from_before_it_was_uncertain_proves_it_too(house: House) -> None:
    shop = house.working()
    id = on_its_way(house, 'did it arrive?')
    for kind in ('delivered', 'read'):
        house.tell(receipt(shop, kind, '3EB0AAAA', at=house.clock.now()))
    assert house.message(id).whatsapp_id is None
    comes_back(house)
    row = house.message(id)
    assert (row.status, row.whatsapp_id, row.error) == ('read', '3EB0AAAA', '')
    assert [kind for kind in house.kinds() if kind.startswith('message.')][-2:] == ['message.uncertain', 'message.read']


def test_a_receipt_from_before_a_crash_proves_what_it_left_half_sent(house: House) -> None:
    shop = house.working()
    id = on_its_way(house, 'half')
    house.tell(receipt(shop, 'delivered', '3EB0AAAA', at=house.clock.now()))
    assert house.outbox.recover() == 1
    assert (house.message(id).status, house.message(id).whatsapp_id) == ('delivered', '3EB0AAAA')


def test_a_receipt_waits_until_nothing_else_could_be_meant(house: House) -> None:
    """The one beside it leaves under another name, so the receipt was not about that."""
    shop = house.working()
    id = on_its_way(house, 'did it arrive?')
    beside = on_its_way(house, 'and this?')
    house.tell(receipt(shop, 'delivered', '3EB0AAAA', at=house.clock.now()))
    comes_back(house)
    assert house.message(id).status == 'uncertain'
    comes_back(house, uncertain=False)
    assert (house.message(beside).status, house.message(beside).whatsapp_id) != ('delivered', '3EB0AAAA')
    assert (house.message(id).status, house.message(id).whatsapp_id) == ('delivered', '3EB0AAAA')


@pytest.mark.parametrize(
    'story', ['two receipts', 'two uncertain', 'too early', 'too late', 'from the phone', 'another chat']
)
def test_an_early_receipt_that_could_be_about_something_else_proves_nothing(house: House, story: str) -> None:
    shop = house.working()
    id = on_its_way(house, 'did it arrive?')
    ids, sender, at = ['3EB0AAAA'], ANNA, house.clock.now()
    match story:
        case 'two receipts':
            ids.append('3EB0BBBB')
        case 'two uncertain':
            on_its_way(house, 'and this?')
        case 'too early':
            at -= timedelta(seconds=6)
        case 'too late':
            at += timedelta(minutes=11)
        case 'from the phone':
            ids = ['3A01AAAA']
        case 'another chat':
            sender = BEN
            on_its_way(house, 'to Ben', BEN)
    for whatsapp_id in ids:
        house.tell(receipt(shop, 'delivered', whatsapp_id, sender=f'{sender}@s.whatsapp.net', at=at))
    comes_back(house)
    if story == 'two uncertain':
        comes_back(house)
    assert (house.message(id).status, house.message(id).whatsapp_id) == ('uncertain', None)


def test_a_reaction_that_is_proven_is_shown(house: House) -> None:
    shop = house.working()
    house.says('the best bread', id='M1')
    house.hosts.fails_with = SendUncertain('The host ended in the middle.')
    chat_id = Message.get(Message.whatsapp_id == 'M1').chat_id
    house.outbox.put(chat_id, Saying(kind='reaction', text='❤️', target='M1'), OWNER)
    house.settle()
    assert 'message.reaction' not in house.kinds()
    house.tell(receipt(shop, 'delivered', '3EB0AAAA', at=house.clock.now()))
    assert 'message.reaction' in house.kinds()


def back(house: House, shop: str) -> None:
    house.tell(Connected(session=shop, phone='15550000001', lid='915550000001', push_name='Shop'))
    for _ in range(30):
        house.settle()
