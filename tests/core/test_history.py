"""What the phone tells of the time before the link."""

from datetime import timedelta

from core.errors import SendUncertain
from core.events import HistoryReceived, MessageReceived, Standing
from data.chats import Chat
from data.messages import Message, messages_of
from tests.core.house import BEN, START, House, message

Told = tuple[MessageReceived, Standing]


def told(house: House, text: str, *, days: float, standing: Standing = 'received', **more: object) -> Told:
    """A message of Anna's, so many days before now."""
    at = START - timedelta(days=days)
    return message(house.session().id, text, at=at, origin='history', **more), standing


def tell(house: House, *messages: Told, **more: object) -> None:
    house.tell(HistoryReceived(session=house.session().id, messages=messages, **more))  # type: ignore[arg-type]
    house.settle()


def texts(chat: Chat) -> list[str]:
    return [row.text for row in messages_of(chat.id)]


def test_history_is_kept_quietly_and_nothing_answers_it(house: House) -> None:
    house.working()
    tell(house, told(house, 'last week', days=7), told(house, 'hours?', days=6, id='H2'))
    chat = Chat.get()
    assert texts(chat) == ['last week', 'hours?']
    assert (chat.unread, house.nudged) == (0, [])
    assert {row.origin for row in Message.select()} == {'history'}
    assert 'message.received' not in house.kinds()


def test_old_messages_stand_before_new_ones(house: House) -> None:
    house.working()
    house.says('today')
    newest = Chat.get().last_message
    tell(house, told(house, 'last week', days=7), told(house, 'last month', days=30))
    assert texts(Chat.get()) == ['last month', 'last week', 'today']
    assert Chat.get().last_message == newest


def test_what_is_told_twice_is_kept_once(house: House) -> None:
    house.working()
    house.says('known already', id='K1')
    tell(house, told(house, 'known already', days=0, id='K1'), told(house, 'older', days=1, id='K2'))
    tell(house, told(house, 'older', days=1, id='K2'))
    assert Message.select().count() == 2


def test_our_own_old_messages_keep_how_far_they_came(house: House) -> None:
    house.working()
    tell(house, told(house, 'we wrote', days=3, from_me=True, standing='read'))
    row = Message.get()
    assert (row.direction, row.status, row.author) == ('out', 'read', 'phone')


def test_what_the_phone_has_of_ours_was_sent(house: House) -> None:
    house.working()
    house.hosts.fails_with = SendUncertain('The host ended in the middle.')
    id, other = house.post('did it arrive?').id, house.post('and this?').id

    def ours(text: str, id: str, days: float = 0) -> Told:
        return told(house, text, id=id, days=days, from_me=True, standing='read')

    by_phone, other_words = ours('did it arrive?', '3A01AAAA'), ours('something else', '3EB0BBBB')
    tell(house, by_phone, other_words, ours('did it arrive?', '3EB0CCCC', days=1))
    assert house.message(id).status == 'uncertain'
    before = Message.select().count()
    for _ in range(2):
        tell(house, ours('did it arrive?', '3EB0AAAA'))
    row = house.message(id)
    assert (row.status, row.whatsapp_id, row.error) == ('read', '3EB0AAAA', '')
    assert house.message(other).status == 'uncertain'
    assert house.kinds().count('message.sent') == 1
    assert Message.select().count() == before


def test_the_same_words_twice_prove_nothing(house: House) -> None:
    house.working()
    house.hosts.fails_with = SendUncertain('The host ended in the middle.')
    ids = [house.post('hello').id for _ in range(2)]
    tell(house, told(house, 'hello', days=0, id='3EB0AAAA', from_me=True))
    assert {house.message(id).status for id in ids} == {'uncertain'}


def test_old_reactions_are_on_their_messages(house: House) -> None:
    house.working()
    first = told(house, 'nice bread', days=3, id='H1')
    reaction = told(house, '👍', days=3, id='H2', kind='reaction', target='H1')
    tell(house, first, reaction)
    assert texts(Chat.get()) == ['nice bread']
    assert Message.select().where(Message.kind == 'reaction').count() == 1


def test_names_numbers_and_groups_are_learnt(house: House) -> None:
    house.working()
    tell(
        house,
        names=((f'{BEN}@s.whatsapp.net', 'Ben'),),
        people=(('777', BEN),),
        groups=(('120363@g.us', 'Regulars'),),
    )
    house.says('it is me', chat='777@lid', sender='777@lid', push_name='Ben', id='B1')
    assert house.message(Message.get().id).sender.phone == BEN  # type: ignore[union-attr]
    assert Chat.get(Chat.group == '120363').name == 'Regulars'


def test_progress_is_shown_on_the_session(house: House) -> None:
    house.working()
    tell(house, told(house, 'a', days=2), told(house, 'b', days=1))
    tell(house, progress=40)
    assert house.session().extra['history'] == {'progress': 40, 'messages': 2}
    news = [each for each in house.news if each.kind == 'session.history']
    assert news[-1].body == {'session': 'shop', 'progress': 40, 'messages': 2}


def test_history_of_a_deleted_session_is_dropped(house: House) -> None:
    shop = house.working()
    part = HistoryReceived(session=shop, messages=(told(house, 'late', days=1),))
    house.sessions.delete('shop')
    house.tell(part)
    assert Message.select().count() == 0
