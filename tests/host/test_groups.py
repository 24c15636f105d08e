"""Groups, calls, the block list, presence and status through the real library."""

import hashlib
from pathlib import Path

import pytest

from core.errors import CallDenied, SendRefused
from core.events import (
    BlocklistChanged,
    CallEnded,
    CallReceived,
    GroupChanged,
    GroupMade,
    GroupSeen,
    LocalFile,
    Outgoing,
    PresenceChanged,
)
from tests.host.stage import ANNA, Stage, eventually

SHOP, BEN, MIA = '15550000001', '15550000098', '15550000097'
PICTURE = Path(__file__).parent.parent / 'sandbox' / 'picture.jpg'


def at(phone: str) -> str:
    return f'{phone}@s.whatsapp.net'


@pytest.fixture(scope='module', autouse=True)
def _people(stage: Stage) -> None:
    for phone, name in ((BEN, 'Ben'), (MIA, 'Mia')):
        stage.sandbox.add_phone(phone, name)


def made(stage: Stage, name: str = 'Bakers') -> GroupMade:
    """Ours, with Anna and Ben in it."""
    return stage.hosts.create_group('shop', name, (at(ANNA), at(BEN))).result(20)


def theirs(stage: Stage, name: str) -> str:
    """Anna's, with Ben and us in it."""
    jid: str = stage.sandbox.add_group(name, ANNA, (BEN, SHOP)).jid
    eventually(lambda: any(each.group == jid for each in stage.of(GroupSeen, 'shop')))
    return jid


def seen(stage: Stage, group: str) -> GroupSeen:
    return stage.hosts.group('shop', group).result(20)


def phones(group: GroupSeen) -> dict[str, str]:
    return {each.phone: each.role for each in group.participants}


def changes(stage: Stage, group: str) -> list[GroupChanged]:
    return [each for each in stage.of(GroupChanged, 'shop') if each.group == group]


def digits(stage: Stage, group: str, phone: str) -> str:
    """The LID by which a group names somebody."""
    return next(f'{each.lid}@lid' for each in seen(stage, group).participants if each.phone == phone)


def denied(call: object) -> str:
    with pytest.raises(CallDenied) as refused:
        call.result(20)  # type: ignore[attr-defined]
    return refused.value.code


def test_a_group_is_made_and_known_with_everybody_in_it(stage: Stage) -> None:
    group = made(stage).group
    found = seen(stage, group.group)
    assert (found.name, found.description, found.announce, found.locked) == ('Bakers', '', False, False)
    assert phones(found) == phones(group) == {SHOP: 'owner', ANNA: 'member', BEN: 'member'}
    assert all(each.lid for each in found.participants)
    assert (found.owner, found.joined) == (at(SHOP), False)
    assert found.made_at is not None
    assert group.group in [each.group for each in stage.hosts.groups('shop').result(20)]


def test_who_is_not_on_whatsapp_is_named_in_the_answer(stage: Stage) -> None:
    group = made(stage).group.group
    outcomes = stage.hosts.change_members('shop', group, (at(MIA), at(BEN), at('15550009999')), 'add').result(20)
    assert [(each.person.phone, each.error) for each in outcomes] == [(MIA, 0), (BEN, 409), ('15550009999', 404)]


def test_name_description_settings_and_photo_are_changed(stage: Stage) -> None:
    group = made(stage).group.group
    stage.hosts.change_group('shop', group, name='Early birds', description='We bake at four').result(20)
    stage.hosts.change_group('shop', group, announce=True, locked=True).result(20)
    found = seen(stage, group)
    assert (found.name, found.description) == ('Early birds', 'We bake at four')
    assert (found.announce, found.locked) == (True, True)
    stage.hosts.change_group('shop', group, description='').result(20)
    stage.hosts.change_group('shop', group, announce=False, locked=False).result(20)
    found = seen(stage, group)
    assert (found.description, found.announce, found.locked) == ('', False, False)
    assert stage.hosts.picture('shop', group).result(20) is None
    photo = stage.hosts.set_group_photo('shop', group, PICTURE.read_bytes()).result(20)
    shown = stage.hosts.picture('shop', group).result(20)
    assert shown is not None
    assert (shown.id, shown.url[:8]) == (photo, 'https://')
    stage.hosts.set_group_photo('shop', group, b'').result(20)
    assert stage.hosts.picture('shop', group).result(20) is None
    assert denied(stage.hosts.change_group('shop', group, name='x' * 300)) == 'call_denied'


def test_people_come_rise_fall_and_go(stage: Stage) -> None:
    group = made(stage).group.group
    for action, role in (('promote', 'admin'), ('demote', 'member')):
        [done] = stage.hosts.change_members('shop', group, (at(BEN),), action).result(20)  # type: ignore[arg-type]
        assert (done.person.phone, done.error) == (BEN, 0)
        assert phones(seen(stage, group))[BEN] == role
    stage.hosts.change_members('shop', group, (at(BEN),), 'remove').result(20)
    assert BEN not in phones(seen(stage, group))


def test_what_others_do_in_a_group_is_told_with_who_did_it(stage: Stage) -> None:
    group = theirs(stage, 'Regulars')
    joined = next(each for each in stage.of(GroupSeen, 'shop') if each.group == group)
    anna, ben = digits(stage, group, ANNA), digits(stage, group, BEN)
    assert (joined.joined, joined.by, joined.name) == (True, anna, 'Regulars')
    box = stage.sandbox
    box.group_change(ANNA, group, 'subject', text='Evening')
    box.group_change(ANNA, group, 'description', text='After work')
    box.group_change(ANNA, group, 'announcement')
    box.group_change(ANNA, group, 'locked')
    box.group_change(ANNA, group, 'add', (MIA,))
    box.group_change(ANNA, group, 'promote', (BEN,))
    box.group_change(ANNA, group, 'demote', (BEN,))
    box.group_change(ANNA, group, 'remove', (MIA,))
    box.group_change(BEN, group, 'leave')
    eventually(lambda: any(each.left == (ben,) for each in changes(stage, group)))
    told = changes(stage, group)
    assert [each.name for each in told if each.name is not None] == ['Evening']
    assert [each.description for each in told if each.description is not None] == ['After work']
    assert [each.announce for each in told if each.announce is not None] == [True]
    assert [each.locked for each in told if each.locked is not None] == [True]
    assert [each.promoted for each in told if each.promoted] == [(ben,)]
    assert [each.demoted for each in told if each.demoted] == [(ben,)]
    assert [len(each.joined) for each in told if each.joined] == [1]
    assert [each.by for each in told if each.left][-1] == ben
    assert {each.by for each in told if not each.left} == {anna}


def test_only_admins_may(stage: Stage) -> None:
    group = theirs(stage, 'Strict')
    stage.sandbox.group_change(ANNA, group, 'locked')
    assert denied(stage.hosts.change_group('shop', group, name='Ours')) == 'not_admin'
    assert denied(stage.hosts.change_group('shop', group, announce=True)) == 'not_admin'
    assert denied(stage.hosts.change_members('shop', group, (at(BEN),), 'remove')) == 'not_admin'


def test_who_was_removed_cannot_write_or_look_until_added_again(stage: Stage) -> None:
    group = theirs(stage, 'Closed circle')
    stage.hosts.send('shop', Outgoing(to=group, text='hello circle')).result(20)
    us = digits(stage, group, SHOP)
    stage.sandbox.group_change(ANNA, group, 'remove', (SHOP,))
    eventually(lambda: any(each.left == (us,) for each in changes(stage, group)))
    with pytest.raises(SendRefused, match='not in that group') as refused:
        stage.hosts.send('shop', Outgoing(to=group, text='still there?')).result(20)
    assert refused.value.code == 'not_in_group'
    assert denied(stage.hosts.group('shop', group)) == 'not_in_group'
    before = len(stage.of(GroupSeen, 'shop'))
    stage.sandbox.group_change(ANNA, group, 'add', (SHOP,))
    eventually(lambda: len(stage.of(GroupSeen, 'shop')) > before)
    stage.hosts.send('shop', Outgoing(to=group, text='back again')).result(20)
    eventually(lambda: 'back again' in stage.inbox())


def test_a_link_leads_into_a_group_until_it_is_revoked(stage: Stage) -> None:
    group = made(stage, 'Open').group.group
    old = stage.hosts.invite_link('shop', group).result(20)
    assert old.startswith('https://chat.whatsapp.com/')
    assert stage.hosts.invite_link('shop', group).result(20) == old
    behind = stage.hosts.group_behind('shop', old).result(20)
    assert (behind.group, behind.name) == (group, 'Open')
    new = stage.hosts.invite_link('shop', group, fresh=True).result(20)
    assert new != old
    assert denied(stage.hosts.group_behind('shop', old)) in ('link_revoked', 'link_invalid')
    assert denied(stage.hosts.join_group('shop', 'https://chat.whatsapp.com/NoSuchGroupAtAll0000')) == 'link_invalid'
    stage.hosts.leave_group('shop', group).result(20)
    assert stage.hosts.join_group('shop', new).result(20) == group
    assert SHOP in phones(seen(stage, group))


def test_the_block_list_is_read_and_changed(stage: Stage) -> None:
    assert stage.hosts.blocked('shop').result(20) == ()
    listed = stage.hosts.block('shop', at(MIA), True).result(20)
    assert len(listed) == 1
    assert stage.sandbox.blocked(SHOP) == (MIA,)
    assert stage.hosts.blocked('shop').result(20) == listed
    assert stage.hosts.block('shop', at(MIA), False).result(20) == ()


def test_who_is_blocked_on_the_phone_is_told(stage: Stage) -> None:
    since = stage.mark()
    stage.sandbox.block(SHOP, MIA)
    [(mia, on)] = stage.until(BlocklistChanged, 'shop', since).changes
    assert (on, stage.hosts.blocked('shop').result(20)) == (True, (mia,))
    stage.sandbox.block(SHOP, MIA, False)
    assert stage.until(BlocklistChanged, 'shop', since, count=2).changes == ((mia, False),)


def test_who_is_watched_is_told_when_they_come_and_go(stage: Stage) -> None:
    stage.hosts.available('shop', True).result(20)
    since = stage.mark()
    stage.sandbox.presence(ANNA, 'unavailable')
    stage.hosts.watch_presence('shop', at(ANNA)).result(20)
    away = stage.until(PresenceChanged, 'shop', since)
    assert (away.online, away.last_seen is not None) == (False, True)
    stage.sandbox.presence(ANNA, 'available')
    back = stage.until(PresenceChanged, 'shop', since, count=2)
    assert (back.online, back.last_seen) == (True, None)
    stage.hosts.available('shop', False).result(20)


def test_a_call_is_told_and_rejected(stage: Stage) -> None:
    id = stage.sandbox.call(ANNA, SHOP, video=True)
    call = stage.until(CallReceived, 'shop')
    assert (call.id, call.video, call.group) == (id, True, '')
    assert at(ANNA) in (call.caller, call.caller_alt)
    stage.hosts.reject_call('shop', call.caller, call.id).result(20)
    eventually(lambda: ('call', 'rejected') in [(each.kind, each.text) for each in stage.sandbox.conversation(ANNA)])


def test_a_call_that_ends_is_told(stage: Stage) -> None:
    since = stage.mark()
    id = stage.sandbox.call(BEN, SHOP)
    call = stage.until(CallReceived, 'shop', since)
    assert (call.id, call.video) == (id, False)
    stage.sandbox.hang_up(BEN)
    assert stage.until(CallEnded, 'shop', since).id == id


def test_a_picture_of_a_person_is_found(stage: Stage) -> None:
    assert stage.hosts.picture('shop', at(BEN)).result(20) is None
    id = stage.sandbox.picture(BEN, PICTURE.read_bytes())
    shown = stage.hosts.picture('shop', at(BEN)).result(20)
    assert shown is not None
    assert shown.id == id
    assert shown.url


def test_a_status_is_shown_to_the_people_of_the_address_book(stage: Stage) -> None:
    stage.sandbox.save_contact(SHOP, ANNA, 'Anna')
    eventually(
        lambda: 'fresh bread' in stage.inbox() or not stage.send('fresh bread', to='status@broadcast').result(20)
    )
    picture = PICTURE.read_bytes()
    file = LocalFile(
        kind='image',
        path=str(PICTURE),
        sha256=hashlib.sha256(picture).hexdigest(),
        mime='image/jpeg',
        size=len(picture),
    )
    sent = stage.hosts.send('shop', Outgoing(to='status@broadcast', kind='image', text='rye', content=file)).result(20)
    eventually(lambda: any(each.id == sent.whatsapp_id for each in stage.sandbox.inbox(ANNA)))
    assert stage.sandbox.media(ANNA, sent.whatsapp_id) == picture
    told = stage.sandbox.status(ANNA, 'on holiday')
    heard = stage.heard('on holiday')
    assert (heard.whatsapp_id, heard.chat) == (told, 'status@broadcast')
