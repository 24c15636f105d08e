"""What WhatsApp tells us is kept once, under the right person."""

from core.events import GroupSeen, Participant
from data.chats import Chat
from data.contacts import Contact
from data.events import LoggedEvent
from data.messages import Message

from .house import ANNA, House, message


def test_a_message_makes_a_contact_a_chat_and_news(house: House) -> None:
    house.working()
    house.says('hello')
    row = Message.select().where(Message.direction == 'in').get()
    assert row.sender
    assert (row.text, row.sender.push_name, row.chat.unread) == ('hello', 'Anna', 1)
    told = next(news for news in house.news if news.kind == 'message.received')
    assert told.body['from'] == {'id': row.sender_id, 'phone': f'+{ANNA}', 'lid': None, 'name': 'Anna'}
    assert LoggedEvent.get_by_id(told.seq).kind == 'message.received'
    assert len(house.stored) == 2  # both events are safe, and the host may forget them


def test_a_new_name_of_somebody_is_told_once(house: House) -> None:
    house.working()
    house.says('hello', id='1')
    house.says('it is me, Anna Maria', id='2', push_name='Anna Maria')
    house.says('still me', id='3', push_name='Anna Maria')
    told = [news for news in house.news if news.kind == 'contact.updated']
    assert [(news.body['contact']['name'], news.body['push_name']) for news in told] == [('Anna Maria', 'Anna Maria')]
    assert Contact.get(Contact.phone == ANNA).push_name == 'Anna Maria'


def test_a_message_repeated_after_a_reconnect_is_kept_once(house: House) -> None:
    house.working()
    for _ in range(3):
        house.says('hello', id='A1')
    assert Message.select().count() == 1
    assert Chat.get().unread == 1


def test_one_person_whichever_address_arrives(house: House) -> None:
    house.working()
    house.says('by number', id='1')
    house.says('by lid', id='2', chat='777@lid', sender='777@lid')
    assert Contact.select().where(Contact.phone == ANNA).get().lid is None  # nothing links them yet
    house.says('both', id='3', chat='777@lid', sender='777@lid', sender_alt=f'{ANNA}@s.whatsapp.net')
    anna = Contact.get(Contact.phone == ANNA)
    assert anna.lid == '777'
    chats = list(Chat.select().where(Chat.contact == anna.id))
    assert len(chats) == 1
    texts = [m.text for m in Message.select().where(Message.chat == chats[0].id).order_by(Message.id)]
    assert texts == ['by number', 'by lid', 'both']
    assert 'contact.resolved' in house.kinds()
    house.says('after', id='4')
    assert Message.get(Message.text == 'after').chat_id == chats[0].id


def test_what_the_owner_writes_on_the_phone_is_shown_as_ours(house: House) -> None:
    house.working()
    house.says('from my phone', from_me=True, sender='15550000001@s.whatsapp.net')
    row = Message.get()
    assert (row.direction, row.status, row.author, row.chat.unread) == ('out', 'sent', 'phone', 0)
    assert row.chat.contact
    assert row.chat.contact.phone == ANNA


def test_a_group_has_one_chat_and_many_senders(house: House) -> None:
    shop = house.working()
    house.tell(
        GroupSeen(
            session=shop, group='120363@g.us', name='Regulars', participants=(Participant(lid='777', phone=ANNA),)
        )
    )
    house.says('morning', chat='120363@g.us', is_group=True, sender='777@lid')
    row = Message.get()
    assert row.sender
    assert (row.chat.group, row.chat.name, row.sender.phone) == ('120363', 'Regulars', ANNA)


def test_the_name_of_a_group_we_have_always_been_in_is_asked_for_once(house: House) -> None:
    shop = house.working()
    for n in range(3):
        house.says('morning', id=f'G{n}', chat='120363@g.us', is_group=True)
    assert house.hosts.calls.count(('groups', shop)) == 1
    assert Chat.get(Chat.group == '120363').name == 'Regulars'


def test_a_status_is_kept_quietly(house: House) -> None:
    house.working()
    house.says('look at me', chat='status@broadcast')
    row = Message.get()
    assert (row.chat.group, row.chat.name, row.chat.unread, row.routed) == ('status', 'Status updates', 0, None)
    assert row.sender
    assert row.sender.phone == ANNA
    assert house.nudged == []


def test_a_channel_makes_no_chat(house: House) -> None:
    house.working()
    house.says('news', chat='123@newsletter')
    assert Message.select().count() == 0


def test_a_message_for_a_deleted_session_is_dropped(house: House) -> None:
    shop = house.working()
    house.sessions.delete('shop')
    house.tell(message(shop, 'too late'))
    assert Message.select().count() == 0
    assert len(house.stored) == 2


def test_a_wrong_clock_does_not_put_a_message_into_the_future(house: House) -> None:
    house.working()
    house.says('from 2030', at=house.clock.at.replace(year=2030))
    assert (Message.get().at - house.clock.at).total_seconds() == 300


def test_a_number_given_to_somebody_else_does_not_make_two_people_one(house: House) -> None:
    house.working()
    ben = '15551230002'
    house.says('I am Anna', id='1', chat='100@lid', sender='100@lid', sender_alt=f'{ANNA}@s.whatsapp.net')
    number = {'chat': '200@lid', 'sender': '200@lid', 'push_name': 'Ben'}
    house.says('I am Ben', id='2', **number, sender_alt=f'{ben}@s.whatsapp.net')
    house.says("I have Anna's old number now", id='3', **number, sender_alt=f'{ANNA}@s.whatsapp.net')
    house.says('still Anna', id='4', chat='100@lid', sender='100@lid')
    anna, owner = Contact.get(Contact.lid == '100'), Contact.get(Contact.lid == '200')
    assert (anna.phone, anna.push_name) == (None, 'Anna')
    assert (owner.phone, owner.push_name) == (ANNA, 'Ben')
    said = [(m.text, m.sender_id) for m in Message.select().order_by(Message.id)]
    assert said == [
        ('I am Anna', anna.id), ('I am Ben', owner.id), ("I have Anna's old number now", owner.id),
        ('still Anna', anna.id),
    ]  # fmt: skip
    house.says('by the number alone', id='5', push_name='Ben')
    assert Message.get(Message.text == 'by the number alone').sender_id == owner.id


def test_a_number_seen_with_a_new_lid_belongs_to_somebody_new(house: House) -> None:
    house.working()
    house.says('I am Anna', id='1', chat='100@lid', sender='100@lid', sender_alt=f'{ANNA}@s.whatsapp.net')
    house.says('I am Ben', id='2', chat='200@lid', sender='200@lid', sender_alt=f'{ANNA}@s.whatsapp.net',
               push_name='Ben')  # fmt: skip
    anna, ben = Contact.get(Contact.lid == '100'), Contact.get(Contact.lid == '200')
    assert (anna.phone, ben.phone) == (None, ANNA)
    assert Message.get(Message.text == 'I am Ben').sender_id == ben.id


def test_a_person_who_changes_the_number_stays_the_same_person(house: House) -> None:
    house.working()
    house.says('old number', id='1', chat='100@lid', sender='100@lid', sender_alt=f'{ANNA}@s.whatsapp.net')
    house.says('new number', id='2', chat='100@lid', sender='100@lid', sender_alt='15551239999@s.whatsapp.net')
    row = Contact.get(Contact.lid == '100')
    assert row.phone == '15551239999'
    assert Message.select().where(Message.sender == row.id).count() == 2
    house.says('the next owner of the old number', id='3', push_name='Ben')
    assert Message.get(Message.text == 'the next owner of the old number').sender_id != row.id
