"""One number, two spellings: WhatsApp is asked which of them it is, and everything about it meets in one chat."""

from functools import partial

import pytest

from core.addresses import parse_recipient
from core.outbox import Author, Saying
from core.spelling import other_spelling
from data.chats import Chat, chat_by_id
from data.contacts import Contact
from data.database import read, write
from data.flows import Flow
from data.messages import Message
from data.notes import add_note, notes_of
from data.runs import insert_run, last_start, open_runs, waiting_for
from data.tags import add_tags, put_in_group, tags_of

from .house import ANNA, OWNER, House, message

SHOP, RIO, RIO_9 = '15550000001', '552187654321', '5521987654321'
FLOW = Author(id='flow:news', name='News')


def asked(house: House) -> list[str]:
    return [phone for call, phone in house.hosts.calls if call == 'on_whatsapp']


def only_under(house: House, phone: str) -> None:
    house.hosts.strangers.add(other_spelling(phone))


def says_from(house: House, phone: str, text: str, **more: object) -> None:
    address = f'{phone}@s.whatsapp.net'
    house.tell(message(house.session().id, text, chat=address, sender=address, push_name='Rita', **more))


def phones() -> list[str | None]:
    with read():
        return [row.phone for row in Contact.select().where(Contact.phone != SHOP).order_by(Contact.id)]


@pytest.mark.parametrize(
    ('one', 'other'),
    [
        (RIO_9, RIO), ('5511966660000', '551166660000'), ('5215512345678', '525512345678'),
        ('5491123456789', '541123456789'), ('552133334444', ''), ('4915112345678', ''), (ANNA, ''), ('55', ''),
    ],
)  # fmt: skip
def test_what_has_two_spellings(one: str, other: str) -> None:
    assert other_spelling(one) == other
    if other:
        assert other_spelling(other) == one


def test_the_old_way_of_writing_a_mexican_number_is_still_a_number() -> None:
    assert parse_recipient('+52 1 55 1234 5678').digits == '5215512345678'
    assert parse_recipient('+52 55 1234 5678').digits == '525512345678'


@pytest.mark.parametrize('preset', ['off', 'careful'])
@pytest.mark.parametrize(('there', 'typed'), [(RIO, RIO_9), (RIO_9, RIO), ('5491123456789', '541123456789')])
def test_a_first_message_goes_to_the_spelling_that_whatsapp_has(
    house: House, there: str, typed: str, preset: str
) -> None:
    shop = house.working()
    house.pacing.protect(shop, {'preset': preset, 'gap': [0, 0], 'write_from': '', 'write_until': ''})
    only_under(house, there)
    first = house.post('one', typed)
    house.post('two', f'+{typed}')
    house.post('three', there)
    assert house.hosts.sent == [(f'{there}@s.whatsapp.net', text) for text in ('one', 'two', 'three')]
    assert asked(house) == [typed, there]
    assert phones() == [there]
    assert [each.body['contact']['phone'] for each in house.news if each.kind == 'contact.resolved'] == [f'+{there}']
    row = house.message(first.id)
    assert (row.status, row.attempts, row.waits) == ('sent', 1, '')
    assert [step['status'] for step in house.history(first.id)] == ['queued', 'sending', 'sent']


def test_when_both_find_the_account_its_own_name_for_itself_counts(house: House) -> None:
    house.working()
    house.hosts.written[RIO_9] = RIO
    house.post('hello', RIO_9)
    assert house.hosts.sent == [(f'{RIO}@s.whatsapp.net', 'hello')]
    assert phones() == [RIO]


def test_what_waits_for_the_answer_says_so_keeps_its_order_and_goes_once_it_is_there(house: House) -> None:
    house.working()
    only_under(house, RIO)
    house.hosts.mute = True
    rows = [house.post(text, RIO_9) for text in ('one', 'two', 'three')]
    house.post('to somebody else')
    assert house.hosts.sent == [(f'{ANNA}@s.whatsapp.net', 'to somebody else')]
    row = house.message(rows[0].id)
    assert (row.status, row.attempts, row.waits) == (
        'queued',
        0,
        'WhatsApp is being asked whether this number is there.',
    )
    house.clock.later(seconds=15)
    house.outbox.sweep()
    house.settle()
    assert len(asked(house)) == 2
    house.hosts.mute = False
    house.clock.later(seconds=16)
    house.outbox.sweep()
    house.settle()
    assert house.hosts.sent[1:] == [(f'{RIO}@s.whatsapp.net', text) for text in ('one', 'two', 'three')]


def test_a_number_that_is_there_under_neither_is_never_written_to(house: House) -> None:
    house.working()
    house.hosts.strangers |= {RIO, RIO_9}
    row = house.message(house.post('hello', RIO_9).id)
    assert (row.status, row.error_code) == ('failed', 'not_on_whatsapp')
    assert house.hosts.sent == []
    assert phones() == [RIO_9]


def test_who_is_known_under_the_other_spelling_stays_one_contact_with_one_chat(house: House) -> None:
    shop = house.working()
    only_under(house, RIO)
    says_from(house, RIO, 'bom dia')
    with read():
        rita = Contact.get(Contact.phone == RIO)
        chat = Chat.get(Chat.contact == rita.id)
    house.hosts.mute = True
    waiting = house.post('one', RIO_9)
    assert waiting.chat_id != chat.id
    write(lambda: add_note('N1', waiting.chat_id, author='user:1', author_name='Mia', text='call', at=house.clock.at))
    write(lambda: house.pacing.opt_outs.opt_out(Contact.get(Contact.phone == RIO_9).id, source='a list'))
    house.hosts.mute = False
    house.clock.later(seconds=31)
    house.outbox.sweep()
    house.settle()
    assert house.hosts.sent == [(f'{RIO}@s.whatsapp.net', 'one')]
    assert phones() == [RIO]
    with read():
        assert chat_by_id(waiting.chat_id) is None
        assert {row.chat_id for row in Message.select()} == {chat.id}
        assert [note.id for note in notes_of(chat.id, limit=5)] == ['N1']
    (told,) = [each.body for each in house.news if each.kind == 'contact.resolved']
    assert (told['contact']['id'], told['chats']) == (rita.id, {waiting.chat_id: chat.id})
    assert house.post('two', RIO_9).chat_id == house.post('three', RIO).chat_id == chat.id
    blocked = house.outbox.say(chat.id, 'news', FLOW)
    house.settle()
    assert house.message(blocked.id).status == 'blocked'  # what they did not want under one spelling holds for both
    assert house.sessions.named('shop').id == shop
    assert asked(house).count(RIO) == 2


def test_what_two_contacts_had_is_the_ones_who_stays(house: House) -> None:
    house.working()
    house.says('hello')
    says_from(house, RIO, 'bom dia')
    says_from(house, RIO_9, 'sou eu')
    at = house.clock.at

    def furnish() -> None:
        for phone, tags, vars in ((RIO, ['vip'], {'size': 1}), (RIO_9, ['vip', 'late'], {'size': 2, 'pays': 'cash'})):
            contact = Contact.get(Contact.phone == phone)
            add_tags(contact.id, tags)
            put_in_group('G', 'Regulars', contact.id, at)
            Contact.update(vars=vars, language='pt' if phone == RIO_9 else '').where(Contact.id == contact.id).execute()
        gone = Contact.get(Contact.phone == RIO_9).id
        chat = str(Chat.get(Chat.contact == gone).id)
        Flow.create(key='f', name='F', source='', document={}, enabled=False, priority=1, created_at=at, changed_at=at)
        waits = {'state': 'waiting', 'wait_kind': 'answer', 'wait_key': chat}
        insert_run(id='R', flow='f', contact=gone, chat=chat, scope=gone, started_at=at, **waits)

    write(furnish)
    write(lambda: house.pacing.numbers.learn((RIO_9, RIO), {RIO: f'{RIO}@s.whatsapp.net'}))
    with read():
        kept = Contact.get(Contact.phone == RIO)
        chat = str(Chat.get(Chat.contact == kept.id).id)
        assert sorted(tags_of(kept.id)) == ['late', 'vip']
        assert (kept.vars, kept.language) == ({'size': 1, 'pays': 'cash'}, 'pt')
        assert [run.id for run in waiting_for('answer', chat)] == ['R']
        assert open_runs('f', kept.id) == [('R', 'waiting')]
        assert last_start('f', 'contact', kept.id) == last_start('f', 'chat', chat) == at


def test_other_countries_and_people_who_wrote_or_whom_whatsapp_has_named_are_not_asked_for(house: House) -> None:
    house.working()
    house.post('hello')
    says_from(house, RIO_9, 'bom dia')
    house.post('bom dia!', RIO_9)
    write(lambda: house.outbox.identities.same_person('5491123456789', '777'))
    house.post('hola', '5491123456789')
    assert len(house.hosts.sent) == 3
    assert asked(house) == []


def test_two_people_whom_whatsapp_tells_apart_stay_two(house: House) -> None:
    house.working()
    identities = house.outbox.identities
    for phone, lid in ((RIO, '111'), (RIO_9, '222')):
        write(partial(identities.same_person, phone, lid))
    write(lambda: house.pacing.numbers.learn((RIO_9, RIO), {RIO: f'{RIO}@s.whatsapp.net'}))
    assert phones() == [RIO, RIO_9]


def test_who_changes_from_one_spelling_to_the_other_is_asked_for_again(house: House) -> None:
    house.working()
    only_under(house, RIO)
    house.post('hello', RIO_9)
    write(lambda: house.outbox.identities.same_person(RIO, '777'))
    house.hosts.strangers = {RIO}
    write(lambda: house.outbox.identities.same_person(RIO_9, '777'))  # WhatsApp names them so from now on
    assert phones() == [RIO_9]
    house.post('hello again', RIO)
    assert house.hosts.sent[1:] == [(f'{RIO_9}@s.whatsapp.net', 'hello again')]
    assert phones() == [RIO_9]


def test_an_answer_of_another_session_is_not_asked_for_again_before_a_month_is_over(house: House) -> None:
    house.working()
    stall = house.working('stall', '15550000002')
    only_under(house, RIO)
    house.post('hello', RIO_9)
    row = house.outbox.post(Saying(session='stall', to=RIO_9, text='from the stall'), OWNER)
    house.settle()
    assert (house.message(row.id).status, house.message(row.id).session_id) == ('sent', stall)
    assert len(asked(house)) == 2
    house.clock.later(days=31)
    house.post('a month later', RIO)
    assert len(asked(house)) == 4
