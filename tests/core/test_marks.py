"""Reactions, edits, revocations and votes: what they do to the message they are about."""

import hashlib

import pytest

from core.bodies import marked_bodies
from core.errors import Conflict, NotFound
from core.events import Poll, Vote
from core.outbox import Saying
from data.database import read
from data.messages import Message, message_by_id
from tests.core.house import ANNA, OWNER, House

GROUP = '120363@g.us'


def shown(id: str) -> dict[str, object]:
    with read():
        row = message_by_id(id)
        assert row is not None
        return marked_bodies([row])[0]


def heard(text: str) -> Message:
    with read():
        found: Message = Message.get(Message.text == text)
        return found


def about(house: House, kind: str, target: str, text: str = '', **more: object) -> None:
    house.says(text, kind=kind, target=target, **more)


def test_a_reaction_is_on_its_message_and_the_last_one_counts(house: House) -> None:
    house.working()
    line = house.post('Which bread?')
    about(house, 'reaction', 'WA1', '👍', id='R1')
    about(house, 'reaction', 'WA1', '🎉', id='R2')
    reactions = shown(line.id)['reactions']
    assert [(each['emoji'], each['by']['phone']) for each in reactions] == [('🎉', f'+{ANNA}')]  # type: ignore[attr-defined]
    told = [each for each in house.news if each.kind == 'message.reaction'][-1]
    assert (told.body['id'], told.body['emoji']) == (line.id, '🎉')
    about(house, 'reaction', 'WA1', '', id='R3')
    assert 'reactions' not in shown(line.id)


def test_a_reaction_makes_nothing_unread_and_starts_no_flow(house: House) -> None:
    house.working()
    house.post('Which bread?')
    before = len(house.nudged)
    about(house, 'reaction', 'WA1', '👍')
    row = heard('👍')
    assert (row.chat.unread, row.routed, len(house.nudged)) == (0, None, before)
    assert row.chat.last_message != row.id


def test_an_edit_changes_the_text_and_tells_what_it_was(house: House) -> None:
    house.working()
    house.says('two lovaes', id='M1')
    about(house, 'edit', 'M1', 'two loaves', id='E1')
    row = heard('two loaves')
    assert row.edited_at
    told = [each for each in house.news if each.kind == 'message.edited'][-1]
    assert (told.body['text'], told.body['before']) == ('two loaves', 'two lovaes')


def test_nobody_changes_what_somebody_else_wrote(house: House) -> None:
    house.working()
    house.says('mine', id='M1', chat=GROUP, is_group=True)
    about(house, 'edit', 'M1', 'yours', id='E1', chat=GROUP, is_group=True, sender='15559999999@s.whatsapp.net')
    about(house, 'revoke', 'M1', id='E2', chat=GROUP, is_group=True, sender='15559999999@s.whatsapp.net')
    row = heard('mine')
    assert (row.edited_at, row.revoked_at) == (None, None)


def test_what_its_author_deleted_says_so(house: House) -> None:
    house.working()
    house.says('oh no', id='M1')
    about(house, 'revoke', 'M1', id='X1')
    about(house, 'edit', 'M1', 'too late', id='X2')
    row = heard('oh no')
    assert row.revoked_at
    assert shown(row.id)['revoked_at']


def test_votes_are_read_by_the_options_of_their_poll(house: House) -> None:
    shop = house.working()
    content = {'name': 'Loaf?', 'options': ['Rye', 'Fennel'], 'multiple': False}
    line = house.outbox.post(Saying(session='shop', to=ANNA, kind='poll', text='Loaf?', content=content), OWNER)
    house.settle()
    assert house.hosts.sent[-1] == (f'{ANNA}@s.whatsapp.net', 'Loaf?')
    rye = hashlib.sha256(b'Rye').hexdigest()
    about(house, 'poll_vote', 'WA1', content=Vote(hashes=(rye, 'ff')), id='V1')
    votes = shown(line.id)['poll']['votes']  # type: ignore[index]
    assert [each['options'] for each in votes] == [['Rye']]
    told = [each for each in house.news if each.kind == 'poll.vote'][-1]
    assert (told.body['options'], told.session) == (['Rye'], shop)


def test_our_own_reaction_counts_once_whatsapp_took_it(house: House) -> None:
    house.working()
    house.says('the best bread', id='M1')
    house.hosts.holds = True
    house.outbox.put(heard('the best bread').chat_id, Saying(kind='reaction', text='❤️', target='M1'), OWNER)
    house.settle()
    assert 'reactions' not in shown(heard('the best bread').id)
    message = house.hosts.line[0][1]
    assert (message.kind, message.target and message.target.from_me) == ('reaction', False)
    house.hosts.settle()
    house.settle()
    assert [each['by'] for each in shown(heard('the best bread').id)['reactions']] == [None]  # type: ignore[attr-defined]


def test_a_text_that_waits_is_edited_in_place(house: House) -> None:
    shop = house.working()
    house.outbox.offline(shop)
    line = house.post('tomrorow')
    assert house.outbox.edit(line.id, 'tomorrow', OWNER) is None
    house.outbox.online(shop)
    house.settle()
    assert house.hosts.sent == [(f'{ANNA}@s.whatsapp.net', 'tomorrow')]


def test_a_text_that_was_sent_is_edited_by_asking_whatsapp(house: House) -> None:
    house.working()
    line = house.post('tomrorow')
    house.outbox.edit(line.id, 'tomorrow', OWNER)
    house.settle()
    assert house.message(line.id).text == 'tomorrow'
    assert house.message(line.id).edited_at


def test_an_edit_after_twenty_minutes_is_refused(house: House) -> None:
    house.working()
    line = house.post('tomrorow')
    house.clock.later(minutes=20)
    with pytest.raises(Conflict, match='15 minutes') as refused:
        house.outbox.edit(line.id, 'tomorrow', OWNER)
    assert refused.value.code == 'too_late'
    house.outbox.revoke(line.id, OWNER)
    house.settle()
    assert house.message(line.id).revoked_at
    with pytest.raises(Conflict, match='deleted'):
        house.outbox.revoke(line.id, OWNER)


def test_a_reaction_to_an_unknown_message_is_refused(house: House) -> None:
    house.working()
    with pytest.raises(NotFound, match='no such message'):
        house.outbox.post(Saying(session='shop', to=ANNA, kind='reaction', text='👍', target='nothing'), OWNER)


def test_only_our_own_texts_can_be_changed(house: House) -> None:
    house.working()
    house.says('theirs', id='M1')
    row = heard('theirs')
    with pytest.raises(Conflict, match='own'):
        house.outbox.edit(row.id, 'ours', OWNER)
    poll = Poll(name='Loaf?', options=('a', 'b'))
    content = {'name': poll.name, 'options': list(poll.options), 'multiple': False}
    line = house.outbox.post(Saying(session='shop', to=ANNA, kind='poll', text='Loaf?', content=content), OWNER)
    house.settle()
    with pytest.raises(Conflict, match='Only a text') as refused:
        house.outbox.edit(line.id, 'other', OWNER)
    assert refused.value.code == 'not_editable'
