"""What people do with a chat."""

from concurrent.futures import Future
from datetime import timedelta

import pytest

from core.chats import Chats, Typing
from core.errors import Invalid, NotConnected, NotFound
from core.news import NewsDesk
from data.chats import Chat, latest_chats
from data.database import read
from data.notes import notes_of
from data.people import User

from .house import ANNA, BEN, OWNER, House

GROUP = '120363000000000001@g.us'


class TwinMarks:
    """Remembers what WhatsApp was told; `fails_with` is its answer."""

    def __init__(self) -> None:
        self.read: list[tuple[str, str, tuple[str, ...]]] = []
        self.typed: list[tuple[str, Typing]] = []
        self.fails_with: Exception | None = None

    def mark_read(self, session: str, /, *, chat: str, sender: str, whatsapp_ids: tuple[str, ...]) -> 'Future[None]':
        self.read.append((chat.partition('@')[0], sender.partition('@')[0], whatsapp_ids))
        return self._done()

    def typing(self, session: str, /, *, chat: str, state: Typing) -> 'Future[None]':
        self.typed.append((chat.partition('@')[0], state))
        return self._done()

    def _done(self) -> 'Future[None]':
        done: Future[None] = Future()
        if self.fails_with:
            done.set_exception(self.fails_with)
        else:
            done.set_result(None)
        return done


@pytest.fixture
def marks() -> TwinMarks:
    return TwinMarks()


@pytest.fixture
def chats(house: House, marks: TwinMarks) -> Chats:
    desk: NewsDesk = house.outbox.desk
    return Chats(house.outbox.world, desk, marks)


def the_chat() -> Chat:
    with read():
        return latest_chats()[0]


def test_an_opened_chat_is_read_and_its_writer_sees_it(house: House, chats: Chats, marks: TwinMarks) -> None:
    house.working()
    house.says('hello', id='A1')
    house.says('anybody there?', id='A2')
    assert the_chat().unread == 2
    assert chats.read(str(the_chat().id)) == 2
    house.settle()
    assert the_chat().unread == 0
    assert marks.read == [(ANNA, ANNA, ('A2', 'A1'))]
    assert house.kinds()[-1] == 'chat.read'


def test_only_what_was_unread_is_told(house: House, chats: Chats, marks: TwinMarks) -> None:
    house.working()
    house.says('hello', id='A1')
    chats.read(str(the_chat().id))
    house.says('again', id='A2')
    chats.read(str(the_chat().id))
    assert chats.read(str(the_chat().id)) == 0
    house.settle()
    assert [ids for _, _, ids in marks.read] == [('A1',), ('A2',)]


def test_in_a_group_every_writer_is_told_once(house: House, chats: Chats, marks: TwinMarks) -> None:
    house.working()
    for sender, id in ((ANNA, 'A1'), (BEN, 'B1'), (ANNA, 'A2')):
        house.says('moin', id=id, chat=GROUP, sender=f'{sender}@s.whatsapp.net', is_group=True, push_name='')
    chats.read(str(the_chat().id))
    house.settle()
    group = GROUP.partition('@')[0]
    assert sorted(marks.read) == [(group, ANNA, ('A2', 'A1')), (group, BEN, ('B1',))]


def test_a_stopped_session_tells_nobody_but_the_chat_is_read(house: House, chats: Chats, marks: TwinMarks) -> None:
    house.working()
    house.says('hello')
    house.sessions.stop('shop')
    assert chats.read(str(the_chat().id)) == 0
    house.settle()
    assert (the_chat().unread, marks.read) == (0, [])


def test_a_refused_receipt_is_only_noted(
    house: House, chats: Chats, marks: TwinMarks, caplog: pytest.LogCaptureFixture
) -> None:
    house.working()
    house.says('hello')
    marks.fails_with = NotConnected('The session is not running.')
    with caplog.at_level('INFO'):
        chats.read(str(the_chat().id))
        house.settle()
    assert the_chat().unread == 0
    assert 'WhatsApp was not told: The session is not running.' in caplog.text


def test_a_chat_goes_to_a_person_and_back_to_the_bot(house: House, chats: Chats) -> None:
    house.working()
    house.says('hello')
    person = User.create(
        id='U1', email='mia@example.org', name='Mia', role='agent', password_hash='', created_at=house.clock.now()
    )
    taken = chats.take_over(str(the_chat().id), str(person.id))
    assert (taken.automation, taken.assigned_to) == ('human', 'U1')
    assert house.news[-1].kind == 'chat.changed'
    assert house.news[-1].chat == str(the_chat().id)
    back = chats.hand_back(str(the_chat().id))
    assert (back.automation, back.assigned_to, back.human_until) == ('bot', None, None)


def test_a_chat_can_be_taken_over_for_a_while(house: House, chats: Chats) -> None:
    house.working()
    house.says('hello')
    until = house.clock.now() + timedelta(hours=12)
    assert chats.take_over(str(the_chat().id), until=until).human_until == until
    with pytest.raises(Invalid, match='already passed'):
        chats.take_over(str(the_chat().id), until=house.clock.now())


def test_nobody_can_be_given_a_chat_who_is_not_there(house: House, chats: Chats) -> None:
    house.working()
    house.says('hello')
    with pytest.raises(Invalid, match='nobody with this id'):
        chats.assign(str(the_chat().id), 'somebody')
    assert the_chat().assigned_to is None
    assert chats.assign(str(the_chat().id), '').automation == 'bot'


def test_typing_is_shown_to_the_other_side(house: House, chats: Chats, marks: TwinMarks) -> None:
    house.working()
    house.says('hello')
    chats.typing(str(the_chat().id), 'typing').result(1)
    assert marks.typed == [(ANNA, 'typing')]


def test_a_chat_that_is_not_there_is_named_so(house: House, chats: Chats) -> None:
    for command in (chats.read, chats.take_over, chats.hand_back):
        with pytest.raises(NotFound):
            command('nothing')


def test_a_note_stands_beside_the_chat_and_is_never_sent(house: House, chats: Chats) -> None:
    house.working()
    house.says('hello')
    chat = str(the_chat().id)
    sent = len(house.hosts.sent)
    chats.note(chat, '  pays by invoice ', OWNER)
    house.settle()
    with read():
        assert [(note.text, note.author_name) for note in notes_of(chat)] == [('pays by invoice', 'Owner')]
    assert len(house.hosts.sent) == sent
    assert 'chat.noted' in house.kinds()


@pytest.mark.parametrize('text', ['', '  \n', 'x' * 4_097])
def test_a_note_says_something_and_not_too_much(house: House, chats: Chats, text: str) -> None:
    house.working()
    house.says('hello')
    with pytest.raises(Invalid):
        chats.note(str(the_chat().id), text, OWNER)
