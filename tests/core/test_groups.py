"""Groups, calls, the block list and presence: what is kept of them, and what people may do."""

import io
from datetime import timedelta

import pytest
from PIL import Image

from core.addresses import Address
from core.bodies import chat_body
from core.errors import CallDenied, Conflict, Invalid, NotFound, SendRefused
from core.events import (
    BlocklistChanged,
    CallEnded,
    CallReceived,
    Connected,
    GroupChanged,
    GroupSeen,
    Participant,
    PresenceChanged,
    TypingChanged,
)
from core.group_bodies import group_body
from core.outbox import Saying
from data.blocked import is_blocked
from data.chats import Chat, chat_by_id
from data.contacts import Contact, contact_by
from data.database import read
from data.members import roles_in
from data.messages import Message
from data.sessions import Session

from .house import ANNA, BEN, OWNER, START, House

GROUP = '120363@g.us'
SHOP, ANNA_AT, BEN_AT = '15550000001@s.whatsapp.net', f'{ANNA}@s.whatsapp.net', f'{BEN}@s.whatsapp.net'
US = Participant(lid='915550000001', phone='15550000001')
THEM = (Participant(lid='771', phone=ANNA, role='owner'), Participant(lid='772', phone=BEN))


def a_group(house: House, session: str, *, role: str = 'member', **more: object) -> str:
    """Regulars: Anna made it, Ben and we are in it. Returns the chat."""
    us = Participant(lid=US.lid, phone=US.phone, role=role)  # type: ignore[arg-type]
    values: dict[str, object] = {'name': 'Regulars', 'participants': (*THEM, us), 'owner': ANNA_AT, **more}
    house.tell(GroupSeen(session=session, group=GROUP, **values))  # type: ignore[arg-type]
    with read():
        return str(Chat.get(Chat.group == '120363').id)


def happens(house: House, session: str, by: str = ANNA_AT, seconds: int = 0, **what: object) -> None:
    at = START + timedelta(seconds=seconds)
    house.tell(GroupChanged(session=session, group=GROUP, by=by, at=at, **what))  # type: ignore[arg-type]


def chat(id: str) -> Chat:
    with read():
        row = chat_by_id(id)
        assert row is not None
        return row


def lines(id: str) -> list[str]:
    with read():
        rows = Message.select().where(Message.chat == id, Message.kind == 'group_change').order_by(Message.id)
        return [str(row.text) for row in rows]


def roles(id: str) -> dict[str, str]:
    """Digits of the number -> role."""
    with read():
        return {str(Contact.get_by_id(who).phone): role for who, role in roles_in(id).items()}


def test_a_group_is_known_with_everybody_in_it_under_their_names(house: House) -> None:
    shop = house.working()
    house.says('hello')
    id = a_group(house, shop, description='Early birds', announce=True, made_at=START)
    with read():
        body = group_body(chat(id))
    assert (body['name'], body['description'], body['announce'], body['locked']) == (
        'Regulars', 'Early birds', True, False,
    )  # fmt: skip
    assert (body['role'], body['size'], body['owner']) == ('member', 3, ANNA_AT)
    assert [(each['name'], each['phone'], each['lid'], each['role']) for each in body['members']] == [
        ('Anna', f'+{ANNA}', '771', 'owner'),
        ('+15550000001', '+15550000001', '915550000001', 'member'),
        (f'+{BEN}', f'+{BEN}', '772', 'member'),
    ]
    assert [each.body['changed'] for each in house.news if each.kind == 'group.updated'] == [
        ['name', 'description', 'announce', 'locked', 'owner', 'role', 'members']
    ]


def test_a_group_that_is_told_again_as_it_was_is_no_news(house: House) -> None:
    shop = house.working()
    a_group(house, shop)
    a_group(house, shop)
    assert house.kinds().count('group.updated') == 1


def test_what_happens_in_a_group_stands_between_its_messages(house: House) -> None:
    shop = house.working()
    house.says('hello')
    id = a_group(house, shop)
    mia, tom = '15551230003@s.whatsapp.net', '774@lid'
    happens(house, shop, joined=(mia,))
    happens(house, shop, by=mia, seconds=1, name='Early birds')
    happens(house, shop, seconds=2, promoted=(BEN_AT,))
    happens(house, shop, by=BEN_AT, seconds=3, left=(mia,))
    happens(house, shop, seconds=4, demoted=(BEN_AT,), announce=True, locked=True)
    happens(house, shop, by=BEN_AT, seconds=5, left=(BEN_AT,))
    happens(house, shop, by='', seconds=6, joined=(tom,), by_link=True)
    happens(house, shop, seconds=7, description='We bake', new_link=True)
    assert lines(id) == [
        'Anna added +15551230003',
        '+15551230003 renamed the group to “Early birds”',
        f'Anna made +{BEN} an admin',
        f'+{BEN} removed +15551230003',
        'Anna let only admins write',
        'Anna let only admins change name, photo and description',
        f'Anna made +{BEN} no admin any more',
        f'+{BEN} left',
        'LID 774 joined by the invite link',
        'Anna changed the description',
        'Anna made a new invite link',
    ]
    assert roles(id) == {ANNA: 'owner', '15550000001': 'member', 'None': 'member'}
    assert chat(id).name == 'Early birds'
    assert chat(id).facts['description'] == 'We bake'


def test_a_line_about_the_group_is_quiet_and_told_with_who_and_whom(house: House) -> None:
    shop = house.working()
    id = a_group(house, shop)
    house.says('morning', id='G1', chat=GROUP, is_group=True, sender=BEN_AT)
    happens(house, shop, joined=('15551230003@s.whatsapp.net',))
    with read():
        row = Message.get(Message.kind == 'group_change')
    assert row.content == {
        'action': 'added', 'by': ANNA_AT, 'people': ['15551230003@s.whatsapp.net'], 'name': 'Regulars',
    }  # fmt: skip
    assert (row.direction, row.status, row.routed) == ('in', 'received', None)
    assert [row.sender and row.sender.phone] == [ANNA]
    assert (chat(id).unread, chat(id).last_message == row.id) == (1, False)
    told = [each for each in house.news if each.kind == 'group.updated'][-1]
    assert (told.body['changed'], told.body['by']['phone'], told.chat) == (['members'], f'+{ANNA}', id)
    assert [each.body['id'] for each in house.news if each.kind == 'message.noted'] == [row.id]


def test_what_is_told_twice_or_known_already_makes_one_line(house: House) -> None:
    shop = house.working()
    id = a_group(house, shop)
    for _ in range(2):
        happens(house, shop, joined=('15551230003@s.whatsapp.net',), name='Early birds')
    happens(house, shop, seconds=30, joined=(BEN_AT,), name='Early birds', announce=False)
    assert lines(id) == [f'+{ANNA} renamed the group to “Early birds”', f'+{ANNA} added +15551230003']


def test_who_does_something_is_called_as_they_call_themselves(house: House) -> None:
    shop = house.working()
    id = a_group(house, shop)
    happens(house, shop, by=BEN_AT, by_name='Ben', name='Late birds')
    assert lines(id) == ['Ben renamed the group to “Late birds”']


def test_before_a_group_is_known_everything_in_it_is_news_once(house: House) -> None:
    shop = house.working()
    for _ in range(2):
        happens(house, shop, by=BEN_AT, left=(BEN_AT,))
    with read():
        id = str(Chat.get(Chat.group == '120363').id)
    assert lines(id) == [f'+{BEN} left']
    assert roles(id) == {}


def test_who_is_removed_cannot_write_until_added_again(house: House) -> None:
    shop = house.working()
    id = a_group(house, shop)
    happens(house, shop, left=(SHOP,))
    assert (chat(id).role, chat_body(chat(id))['closed']) == ('gone', 'You are no longer in this group.')
    assert lines(id) == [f'+{ANNA} removed you']
    with pytest.raises(Conflict, match='no longer in this group') as refused:
        house.outbox.post(Saying(session='shop', to=GROUP, text='hello?'), OWNER)
    assert refused.value.code == 'not_in_group'
    with pytest.raises(Conflict, match='no longer'):
        house.groups.change(id, name='Ours')
    again = (*THEM, US)
    house.tell(GroupSeen(session=shop, group=GROUP, name='Regulars', participants=again, joined=True, by=ANNA_AT))
    assert (chat(id).role, chat_body(chat(id))['closed']) == ('member', None)
    assert lines(id)[-1] == f'+{ANNA} added you'
    house.outbox.post(Saying(session='shop', to=GROUP, text='hello again'), OWNER)
    house.settle()
    assert house.hosts.sent == [(GROUP, 'hello again')]


def test_our_lid_is_us_as_well(house: House) -> None:
    shop = house.working()
    id = a_group(house, shop)
    happens(house, shop, left=('915550000001@lid',))
    assert chat(id).role == 'gone'
    assert lines(id) == [f'+{ANNA} removed you']


def test_a_refusal_of_whatsapp_teaches_that_we_are_out(house: House) -> None:
    shop = house.working()
    id = a_group(house, shop)
    sentence = 'Not sent: this account is not in that group, or not any more.'
    house.hosts.fails_with = SendRefused(sentence, code='not_in_group')
    line = house.post('hello?', GROUP)
    row = house.message(line.id)
    assert (row.status, row.error, row.error_code) == ('failed', sentence, 'not_in_group')
    assert chat_body(chat(id))['closed']


def test_only_admins_write_where_only_admins_may(house: House) -> None:
    shop = house.working()
    id = a_group(house, shop, announce=True)
    assert chat_body(chat(id))['closed'] == 'Only admins can write in this group.'
    happens(house, shop, promoted=(SHOP,))
    assert chat_body(chat(id))['closed'] is None


def test_a_group_is_made_and_says_who_could_not_be_added(house: House) -> None:
    shop = house.working()
    house.hosts.refuses[BEN] = 403
    made = house.groups.create(shop, '  Bakers ', [Address('phone', ANNA), Address('phone', BEN)])
    anna, ben = made.outcomes
    assert (anna.problem, ben.error) == ('', 403)
    assert 'may only be invited' in ben.problem
    assert roles(made.chat_id) == {ANNA: 'member', '15550000001': 'owner'}
    assert (chat(made.chat_id).name, chat(made.chat_id).role) == ('Bakers', 'owner')
    assert lines(made.chat_id) == ['You created the group “Bakers”']
    assert chat(made.chat_id).last_message  # so that the list of chats shows it
    house.tell(GroupSeen(session=shop, group='120399@g.us', name='Bakers', joined=True, by=SHOP))
    assert lines(made.chat_id) == ['You created the group “Bakers”']  # WhatsApp tells us what we did


@pytest.mark.parametrize('name', ['', '  ', 'x' * 101])
def test_a_group_needs_a_name_that_fits(house: House, name: str) -> None:
    shop = house.working()
    with pytest.raises(Invalid, match='name') as refused:
        house.groups.create(shop, name, [Address('phone', ANNA)])
    assert refused.value.field == 'name'
    assert not house.hosts.calls or house.hosts.calls[-1][0] != 'create_group'


def test_a_group_cannot_be_made_of_nobody_or_of_groups(house: House) -> None:
    shop = house.working()
    for people in ([], [Address('group', '120363')]):
        with pytest.raises(Invalid):
            house.groups.create(shop, 'Bakers', people)


def test_what_we_change_is_known_at_once_and_told_once(house: House) -> None:
    shop = house.working()
    id = a_group(house, shop, role='admin')
    house.groups.change(id, name='Bakers', description='We bake', announce=True)
    happens(house, shop, by=SHOP, seconds=1, name='Bakers', description='We bake', announce=True)
    assert lines(id) == [
        'You renamed the group to “Bakers”', 'You changed the description', 'You let only admins write',
    ]  # fmt: skip
    assert [what for call, what in house.hosts.calls if call == 'change_group'] == [
        'Bakers None None None', 'None We bake None None', 'None None True None',
    ]  # fmt: skip
    with pytest.raises(Invalid, match='2,048'):
        house.groups.change(id, description='x' * 2049)


def test_what_whatsapp_refuses_changes_nothing_here(house: House) -> None:
    shop = house.working()
    id = a_group(house, shop)
    house.hosts.fails_with = CallDenied('Only admins of the group may do it.', code='not_admin')
    with pytest.raises(CallDenied, match='Only admins'):
        house.groups.change(id, name='Mine')
    assert (chat(id).name, lines(id)) == ('Regulars', [])


def test_people_are_added_removed_and_made_admins_each_with_an_outcome(house: House) -> None:
    shop = house.working()
    id = a_group(house, shop, role='admin')
    house.hosts.refuses['15551230004'] = 409
    added = house.groups.members(id, 'add', [Address('phone', '15551230003'), Address('phone', '15551230004')])
    assert [each.problem for each in added] == ['', 'They are in this group already.']
    with read():
        ben = contact_by(phone=BEN)
    assert ben is not None
    house.groups.members(id, 'promote', [Address('contact', ben.id)])
    house.groups.members(id, 'remove', [Address('lid', '772')])
    assert ('remove', BEN_AT) in house.hosts.calls  # the same person, by the address WhatsApp knows best
    assert roles(id) == {ANNA: 'owner', '15550000001': 'admin', '15551230003': 'member'}
    assert lines(id) == ['You added +15551230003', f'You made +{BEN} an admin', f'You removed +{BEN}']


def test_a_group_is_left_and_joined_again_by_a_link(house: House) -> None:
    shop = house.working()
    id = a_group(house, shop)
    house.groups.leave(id)
    assert (chat(id).role, lines(id)) == ('gone', ['You left'])
    house.hosts.known[GROUP] = GroupSeen(session=shop, group=GROUP, name='Regulars', participants=(*THEM, US))
    assert house.groups.join(shop, 'https://chat.whatsapp.com/AbCdEfGhIjKlMnOp?mode=x') == id
    assert house.hosts.calls[-2:] == [('join', 'AbCdEfGhIjKlMnOp'), ('group', GROUP)]
    assert (chat(id).role, lines(id)[-1]) == ('member', 'You joined by the invite link')
    for wrong in ('', 'https://example.org/AbCdEfGhIjKlMnOp', 'hello there', '../../etc'):
        with pytest.raises(Invalid, match='invite link'):
            house.groups.join(shop, wrong)


def test_a_link_is_shown_and_made_anew(house: House) -> None:
    shop = house.working()
    id = a_group(house, shop, role='admin')
    assert house.groups.invite(id).startswith('https://chat.whatsapp.com/')
    house.groups.invite(id, fresh=True)
    assert lines(id) == ['You made a new invite link']


def test_a_photo_is_made_square_and_anything_else_is_refused(house: House) -> None:
    shop = house.working()
    id = a_group(house, shop, role='admin')
    picture = io.BytesIO()
    Image.new('RGBA', (900, 300), (200, 0, 0, 128)).save(picture, 'PNG')
    house.groups.set_photo(id, picture.getvalue())
    assert house.hosts.calls[-1] == ('photo', 'ffd8ff')
    small = io.BytesIO()
    Image.new('RGB', (50, 50)).save(small, 'JPEG')
    for wrong in (b'%PDF-1.4', picture.getvalue()[:200], small.getvalue()):
        with pytest.raises(Invalid):
            house.groups.set_photo(id, wrong)


def test_nothing_is_asked_twice_within_ten_minutes_by_itself(house: House) -> None:
    shop = house.working()
    id = a_group(house, shop)
    house.hosts.known[GROUP] = GroupSeen(session=shop, group=GROUP, name='Bakers', participants=(*THEM, US))
    for _ in range(3):
        house.groups.refresh(id)
        house.groups.learn(shop)
    house.settle()
    assert [call for call, _ in house.hosts.calls if call in ('group', 'groups')] == ['group', 'groups']
    assert chat(id).name == 'Bakers'
    house.clock.later(minutes=11)
    house.groups.refresh(id)
    assert [call for call, _ in house.hosts.calls].count('group') == 2


def test_a_group_we_fell_out_of_unnoticed_says_so_when_it_is_asked_for(house: House) -> None:
    shop = house.working()
    id = a_group(house, shop)
    house.hosts.fails_with = CallDenied('This account is not in that group.', code='not_in_group')
    house.groups.refresh(id)
    assert chat(id).role == 'gone'


def test_what_is_no_group_is_not_found(house: House) -> None:
    house.working()
    house.says('hello')
    with read():
        private = str(Chat.get().id)
    for id in (private, 'nothing'):
        with pytest.raises(NotFound, match='no group'):
            house.groups.invite(id)


def test_an_admin_takes_back_what_somebody_else_wrote(house: House) -> None:
    shop = house.working()
    a_group(house, shop)
    ours = house.post('buy now', GROUP)
    house.says('spam', id='M1', chat=GROUP, is_group=True, sender=BEN_AT)
    house.says('', kind='revoke', target='M1', id='R1', chat=GROUP, is_group=True, sender=ANNA_AT)
    house.says('', kind='revoke', target='WA1', id='R2', chat=GROUP, is_group=True, sender=ANNA_AT)
    with read():
        assert Message.get(Message.text == 'spam').revoked_at
        assert Message.get_by_id(ours.id).revoked_at


def test_nobody_but_an_admin_takes_back_what_somebody_else_wrote(house: House) -> None:
    shop = house.working()
    a_group(house, shop)
    house.says('mine', id='M1', chat=GROUP, is_group=True, sender=ANNA_AT)
    house.says('', kind='revoke', target='M1', id='R1', chat=GROUP, is_group=True, sender=BEN_AT)
    house.says('yours', kind='edit', target='M1', id='E1', chat=GROUP, is_group=True, sender=BEN_AT)
    with read():
        row = Message.get(Message.text == 'mine')
    assert (row.revoked_at, row.edited_at) == (None, None)


def test_as_an_admin_we_delete_what_others_wrote(house: House) -> None:
    shop = house.working()
    a_group(house, shop, role='admin')
    house.says('spam', id='M1', chat=GROUP, is_group=True, sender=BEN_AT)
    with read():
        spam = Message.get(Message.text == 'spam')
    house.outbox.revoke(spam.id, OWNER)
    house.settle()
    assert house.message(spam.id).revoked_at
    happens(house, shop, demoted=(SHOP,))
    house.says('more spam', id='M2', chat=GROUP, is_group=True, sender=BEN_AT)
    with read():
        more = Message.get(Message.text == 'more spam')
    with pytest.raises(Conflict, match='own'):
        house.outbox.revoke(more.id, OWNER)


def test_two_contacts_that_become_one_are_in_a_group_once(house: House) -> None:
    shop = house.working()
    loose = (Participant(lid='771', phone='', role='admin'), Participant(lid='', phone=ANNA), US)
    id = a_group(house, shop, participants=loose)
    house.tell(BlocklistChanged(session=shop, changes=(('771@lid', True), (ANNA_AT, True))))
    house.says('hello', sender=ANNA_AT, sender_alt='771@lid')
    assert sorted(roles(id)) == sorted([ANNA, '15550000001'])
    with read():
        anna = contact_by(phone=ANNA)
        assert anna == contact_by(lid='771')
        assert anna is not None
        assert is_blocked(shop, anna.id)


# ---- calls


def calls(house: House, session: str, id: str = 'C1', **more: object) -> None:
    values: dict[str, object] = {'caller': ANNA_AT, 'caller_alt': '771@lid', 'group': '', 'video': False, 'at': START}
    house.tell(CallReceived(session=session, id=id, **{**values, **more}))  # type: ignore[arg-type]


def the_call() -> Message:
    with read():
        row: Message = Message.get(Message.kind == 'call')
        return row


def test_a_call_is_shown_and_told(house: House) -> None:
    shop = house.working()
    for _ in range(2):  # WhatsApp may offer it twice
        calls(house, shop, video=True)
    row = the_call()
    assert (row.content, row.chat.unread) == ({'video': True, 'state': 'ringing'}, 1)
    assert [row.chat.contact and row.chat.contact.phone] == [ANNA]
    [told] = [each for each in house.news if each.kind == 'call.received']
    assert told.body == {
        'id': row.id, 'session': 'shop', 'chat': row.chat_id, 'video': True,
        'from': {'id': row.sender_id, 'phone': f'+{ANNA}', 'lid': '771', 'name': f'+{ANNA}'},
    }  # fmt: skip
    house.tell(CallEnded(session=shop, id='C1', caller=ANNA_AT, at=START))
    assert the_call().content['state'] == 'over'


def test_calls_are_rejected_with_a_text_once_a_minute(house: House) -> None:
    shop = house.working()
    house.calls.set_rules(shop, reject=True, text='We only read. Please write.')
    calls(house, shop)
    calls(house, shop, 'C2')
    assert [what for call, what in house.hosts.calls if call == 'reject'] == [f'{ANNA_AT} C1', f'{ANNA_AT} C2']
    assert house.hosts.sent == [(ANNA_AT, 'We only read. Please write.')]
    assert the_call().content['state'] == 'rejected'
    with read():
        assert Message.get(Message.direction == 'out').author == 'session'
    house.clock.later(seconds=61)
    calls(house, shop, 'C3', at=house.clock.at)
    assert len(house.hosts.sent) == 2


def test_a_call_in_a_group_or_of_yesterday_is_only_shown(house: House) -> None:
    shop = house.working()
    house.calls.set_rules(shop, reject=True, text='No.')
    calls(house, shop, group=GROUP)
    calls(house, shop, 'C2', at=START - timedelta(days=1))
    assert [call for call, _ in house.hosts.calls if call == 'reject'] == []
    assert house.hosts.sent == []
    with read():
        states = [row.content['state'] for row in Message.select().where(Message.kind == 'call').order_by(Message.id)]
    assert states == ['ringing', 'over']


def test_a_person_rejects_a_call_while_it_rings(house: House) -> None:
    shop = house.working()
    calls(house, shop)
    house.calls.reject(the_call().id)
    assert the_call().content['state'] == 'rejected'
    with pytest.raises(Conflict, match='over') as over:
        house.calls.reject(the_call().id)
    assert over.value.code == 'call_over'
    with pytest.raises(NotFound):
        house.calls.reject('nothing')
    calls(house, shop, 'C2')
    house.clock.later(minutes=5)
    with read():
        second = Message.get(Message.whatsapp_id == 'C2')
    with pytest.raises(Conflict):
        house.calls.reject(second.id)


def test_the_text_for_callers_must_fit(house: House) -> None:
    shop = house.working()
    with pytest.raises(Invalid, match='1,000'):
        house.calls.set_rules(shop, text='x' * 1001)
    house.calls.set_rules(shop, text=' later ')
    assert house.session().extra['calls'] == {'reject': False, 'text': 'later'}


# ---- the block list


def test_the_block_list_is_asked_for_when_a_session_connects(house: House) -> None:
    house.hosts.list_of_blocked = (ANNA_AT,)
    shop = house.working()
    house.settle()
    with read():
        anna = contact_by(phone=ANNA)
    assert anna is not None
    told = [each.body for each in house.news if each.kind == 'contact.updated']
    assert [(each['contact']['id'], each['session'], each['blocked']) for each in told] == [(anna.id, 'shop', True)]
    house.tell(Connected(session=shop, phone='15550000001', lid='', push_name='Shop'))
    assert house.hosts.calls.count(('blocked', shop)) == 1
    house.tell(BlocklistChanged(session=shop, changes=((ANNA_AT, False),)))
    assert house.kinds().count('contact.updated') == 2


def test_who_is_blocked_is_not_written_to_until_unblocked(house: House) -> None:
    shop = house.working()
    house.says('hello')
    with read():
        anna = contact_by(phone=ANNA)
    assert anna is not None
    house.outbox.identities.forget_cached()  # as after a start of the program
    house.blocklist.block(shop, anna.id, True)
    with pytest.raises(Conflict, match='blocked') as refused:
        house.outbox.post(Saying(session='shop', to=ANNA, text='hi'), OWNER)
    assert refused.value.code == 'contact_blocked'
    house.blocklist.block(shop, anna.id, False)
    house.post('hi')
    assert house.hosts.sent == [(ANNA_AT, 'hi')]
    assert [what for call, what in house.hosts.calls if call in ('block', 'unblock')] == [ANNA_AT, ANNA_AT]


def test_what_a_blocked_contact_writes_in_a_group_starts_nothing(house: House) -> None:
    shop = house.working()
    house.library.save(
        {
            'key': 'pong',
            'name': 'Pong',
            'triggers': [{'type': 'message', 'chat': 'any', 'match': {'op': 'any'}}],
            'steps': [{'do': 'send', 'text': 'pong'}],
        }
    )
    a_group(house, shop)
    house.says('one', id='G1', chat=GROUP, is_group=True, sender=BEN_AT)
    assert house.hosts.sent == [(GROUP, 'pong')]
    house.tell(BlocklistChanged(session=shop, changes=((BEN_AT, True),)))
    house.says('two', id='G2', chat=GROUP, is_group=True, sender=BEN_AT)
    assert house.hosts.sent == [(GROUP, 'pong')]


# ---- presence


def test_presence_is_watched_remembered_and_whispered(house: House) -> None:
    shop = house.working()
    house.says('hello')
    house.outbox.identities.forget_cached()  # as after a start of the program
    with read():
        anna = contact_by(phone=ANNA)
    assert anna is not None
    nothing = {'online': None, 'last_seen': None, 'typing': None}
    assert house.presence.body(shop, anna.id) == nothing
    for _ in range(2):
        house.presence.watch(shop, anna.id)
    assert house.hosts.calls.count(('watch', ANNA_AT)) == 1
    house.tell(PresenceChanged(session=shop, who=ANNA_AT, online=True))
    house.tell(TypingChanged(session=shop, chat=ANNA_AT, sender=ANNA_AT, state='typing'))
    assert house.presence.body(shop, anna.id) == {'online': True, 'last_seen': None, 'typing': 'typing'}
    house.clock.later(seconds=20)
    assert house.presence.body(shop, anna.id)['typing'] is None
    house.tell(PresenceChanged(session=shop, who=ANNA_AT, online=False, last_seen=START))
    assert house.presence.body(shop, anna.id) == {
        'online': False, 'last_seen': '2026-11-22T12:00:00.000Z', 'typing': None,
    }  # fmt: skip
    whispers = [each for each in house.news if each.kind == 'contact.presence']
    assert [each.body['online'] for each in whispers] == [True, True, False]
    assert all(each.seq == 0 and each.chat for each in whispers)
    house.tell(Connected(session=shop, phone='15550000001', lid='', push_name='Shop'))
    house.presence.watch(shop, anna.id)  # WhatsApp forgot it with the connection
    assert house.hosts.calls.count(('watch', ANNA_AT)) == 2


def test_a_session_is_online_only_if_it_should_be(house: House) -> None:
    shop = house.working()
    assert 'available' not in [call for call, _ in house.hosts.calls]
    house.presence.set_own(shop, 'online')
    house.tell(Connected(session=shop, phone='15550000001', lid='', push_name=''))  # its name is not known yet
    house.tell(Connected(session=shop, phone='15550000001', lid='', push_name='Shop'))
    house.presence.set_own(shop, 'as_phone')
    house.tell(Connected(session=shop, phone='15550000001', lid='', push_name='Shop'))
    assert [what for call, what in house.hosts.calls if call == 'available'] == ['True', 'True', 'False']
    with read():
        assert Session.get_by_id(shop).extra['presence'] == 'as_phone'
