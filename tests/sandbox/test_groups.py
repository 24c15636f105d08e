"""Groups: everything a member can do to them, from a phone and from a linked device."""

from pathlib import Path
from typing import Any

import pytest

from core.errors import Conflict, Invalid, NotFound
from core.sandbox.control import GroupOut, Item
from core.sandbox.process import Sandbox
from tests.sandbox.conftest import BOB, CAROL, DORA, SHOP
from tests.sandbox.rig import Client, OrderFailed, Rig, until

PICTURE = Path(__file__).with_name('picture.jpg')


@pytest.fixture(scope='module')
def shop(rig: Rig) -> Client:
    return rig.client('shop').pair(SHOP)


@pytest.fixture(scope='module')
def bob(rig: Rig, shop: Client) -> Client:
    return rig.client('bob').pair(BOB)


@pytest.fixture
def team(sandbox: Sandbox, shop: Client, bob: Client) -> str:
    """Dora's group, with Shop and Bob, who both have linked devices."""
    return sandbox.add_group('Team', DORA, (SHOP, BOB)).jid


@pytest.fixture
def ours(shop: Client, bob: Client) -> str:
    """Shop's own group."""
    return str(shop.do('create_group', subject='Regulars', members=[BOB, DORA]))


def group(sandbox: Sandbox, jid: str) -> GroupOut:
    return next(each for each in sandbox.groups() if each.jid == jid)


def change(client: Client, jid: str, what: str) -> Any:
    """What the library told of a change of that group."""

    def look() -> Any:
        facts = [fact['what'] for fact in client.seen('GroupInfoEvent')]
        return next((each for each in facts if each['JID']['User'] in jid and each.get(what)), None)

    return until(look)


def heard(sandbox: Sandbox, phone: str, text: str) -> Item:
    return until(lambda: next((each for each in sandbox.inbox(phone) if each.text == text), None))


def test_a_phone_changes_everything_and_the_members_devices_are_told(
    team: str, shop: Client, bob: Client, sandbox: Sandbox
) -> None:
    sandbox.group_change(DORA, team, 'subject', text='Night bakers')
    assert change(shop, team, 'Name')['Name']['Name'] == 'Night bakers'
    sandbox.group_change(DORA, team, 'description', text='From ten to six')
    assert change(shop, team, 'Topic')['Topic']['Topic'] == 'From ten to six'
    sandbox.group_change(DORA, team, 'locked')
    assert change(shop, team, 'Locked')['Locked']['isLocked']
    sandbox.group_change(DORA, team, 'announcement')
    assert change(bob, team, 'Announce')['Announce']['IsAnnounce']
    sandbox.group_change(DORA, team, 'promote', (SHOP,))
    assert change(shop, team, 'Promote')
    sandbox.group_change(DORA, team, 'demote', (SHOP,))
    assert change(shop, team, 'Demote')
    sandbox.group_change(DORA, team, 'add', (CAROL,))
    assert change(shop, team, 'Join')
    made = sandbox.group_change(DORA, team, 'remove', (CAROL,))
    assert change(shop, team, 'Leave')
    assert (made.name, made.description, made.locked, made.announce) == ('Night bakers', 'From ten to six', True, True)
    assert (made.admins, CAROL in made.members) == ((DORA,), False)
    sandbox.group_change(DORA, team, 'description')
    assert group(sandbox, team).description == ''
    info = shop.do('group', jid=team)
    assert info['GroupName']['Name'] == 'Night bakers'


def test_a_client_changes_everything(ours: str, shop: Client, bob: Client, sandbox: Sandbox) -> None:
    shop.do('group_do', jid=ours, what='set_group_name', arguments=['Sunday club'])
    shop.do('group_do', jid=ours, what='set_group_topic', arguments=['', '', 'Cake at three'])
    shop.do('group_do', jid=ours, what='set_group_topic', arguments=['', '', 'Cake at four'])
    shop.do('group_do', jid=ours, what='set_group_locked', arguments=[True])
    shop.do('group_do', jid=ours, what='set_group_announce', arguments=[True])
    assert shop.do('group_members', jid=ours, phones=[CAROL], action='add') == [0]
    assert shop.do('group_members', jid=ours, phones=[CAROL], action='add') == [409]
    assert shop.do('group_members', jid=ours, phones=[BOB], action='promote') == [0]
    assert shop.do('group_members', jid=ours, phones=[CAROL], action='remove') == [0]
    made = group(sandbox, ours)
    assert (made.name, made.description, made.locked, made.announce) == ('Sunday club', 'Cake at four', True, True)
    assert (made.admins, made.members) == ((SHOP, BOB), (SHOP, BOB, DORA))
    assert change(bob, ours, 'Topic')


def test_the_picture_of_a_group_is_set_fetched_and_removed(
    ours: str, shop: Client, bob: Client, sandbox: Sandbox, tmp_path: Path
) -> None:
    ident = shop.do('group_photo', jid=ours, file=str(PICTURE))
    assert group(sandbox, ours).picture == ident
    found = bob.do('picture', of=ours)
    assert found['ID'] == ident
    assert bob.do('fetched', url=found['URL']) == PICTURE.stat().st_size
    until(lambda: [fact for fact in bob.seen('Picture') if fact['what']['JID']['User'] in ours])
    (tmp_path / 'no.jpg').write_bytes(b'GIF89a')
    with pytest.raises(OrderFailed, match='not a valid image'):
        shop.do('group_photo', jid=ours, file=str(tmp_path / 'no.jpg'))
    sandbox.group_change(DORA, ours, 'picture')
    assert group(sandbox, ours).picture == ''
    sandbox.group_change(SHOP, ours, 'locked')
    with pytest.raises(Conflict, match='403'):
        sandbox.group_change(DORA, ours, 'picture', data=PICTURE.read_bytes())


def test_the_picture_of_a_person_is_fetched(shop: Client, sandbox: Sandbox) -> None:
    ident = sandbox.picture(DORA, PICTURE.read_bytes())
    until(lambda: [fact for fact in shop.seen('Picture') if fact['what']['JID']['User'] == DORA])
    assert shop.do('picture', of=DORA)['ID'] == ident
    assert shop.do('fetched', url=shop.do('picture', of=DORA)['URL']) == PICTURE.stat().st_size
    assert sandbox.picture(DORA, b'') == ''
    with pytest.raises(OrderFailed):
        shop.do('picture', of=DORA)


def test_only_admins_write_where_only_admins_may(team: str, shop: Client, sandbox: Sandbox) -> None:
    sandbox.group_change(DORA, team, 'announcement')
    with pytest.raises(OrderFailed, match='420'):
        shop.send(team, 'may I?')
    lost = sandbox.say(BOB, team, 'and I?')
    assert next(each for each in sandbox.conversation(BOB) if each.id == lost).tick == 'failed'
    sandbox.say(DORA, team, 'I may')
    heard(sandbox, BOB, 'I may')
    sandbox.group_change(DORA, team, 'not_announcement')
    shop.send(team, 'now I may too')
    heard(sandbox, DORA, 'now I may too')


def test_who_was_removed_cannot_write_any_more(team: str, shop: Client, bob: Client, sandbox: Sandbox) -> None:
    shop.send(team, 'still here')
    heard(sandbox, BOB, 'still here')
    sandbox.group_change(DORA, team, 'remove', (SHOP,))
    change(shop, team, 'Leave')
    with pytest.raises(OrderFailed):
        shop.send(team, 'and now?')
    assert next(each for each in sandbox.conversation(SHOP) if each.text == 'still here').mine
    lost = sandbox.say(SHOP, team, 'from the phone')
    assert next(each for each in sandbox.conversation(SHOP) if each.id == lost).tick == 'failed'
    sandbox.say(DORA, team, 'without the shop')
    bob.got('without the shop')
    assert shop.seen('Message', text='without the shop') == []


def test_a_member_leaves_and_somebody_still_leads(team: str, shop: Client, bob: Client, sandbox: Sandbox) -> None:
    sandbox.group_change(DORA, team, 'leave')
    change(shop, team, 'Leave')
    assert (group(sandbox, team).members, group(sandbox, team).admins) == ((SHOP, BOB), (SHOP,))
    bob.do('group_do', jid=team, what='leave_group', arguments=[])
    assert group(sandbox, team).members == (SHOP,)


def test_an_invite_link_lets_people_in_until_it_is_revoked(ours: str, shop: Client, sandbox: Sandbox) -> None:
    link = shop.do('group_do', jid=ours, what='get_group_invite_link', arguments=[])
    code = link.rpartition('/')[2]
    assert CAROL in sandbox.group_change(CAROL, ours, 'join', text=code).members
    fresh = shop.do('group_do', jid=ours, what='get_group_invite_link', arguments=[True])
    assert fresh != link
    sandbox.group_change(CAROL, ours, 'leave')
    with pytest.raises(Conflict, match='410'):
        sandbox.group_change(CAROL, ours, 'join', text=code)
    with pytest.raises(Conflict, match='406'):
        sandbox.group_change(CAROL, ours, 'join', text='nonsense')


def test_a_client_joins_by_link(bob: Client, sandbox: Sandbox) -> None:
    made = sandbox.add_group('Open house', DORA, (CAROL,))
    assert bob.do('join', code=made.invite) == made.jid
    assert BOB in group(sandbox, made.jid).members
    sandbox.say(DORA, made.jid, 'welcome')
    bob.got('welcome')
    revoked = sandbox.group_change(DORA, made.jid, 'revoke_invite').invite
    assert revoked != made.invite
    with pytest.raises(OrderFailed, match='revoked'):
        bob.do('join', code=made.invite)


def test_members_may_not_do_what_admins_may(team: str, shop: Client, sandbox: Sandbox) -> None:
    for action in ('announcement', 'locked', 'revoke_invite', 'promote', 'remove', 'add'):
        with pytest.raises(Conflict, match='403'):
            sandbox.group_change(BOB, team, action, (CAROL,))
    with pytest.raises(Conflict, match='404'):
        sandbox.group_change(DORA, team, 'remove', (CAROL,))
    with pytest.raises(Conflict, match='403'):
        sandbox.group_change(CAROL, team, 'subject', text='mine')
    with pytest.raises(OrderFailed):
        shop.do('group_do', jid=team, what='set_group_announce', arguments=[True])
    with pytest.raises(Conflict, match='406'):
        sandbox.group_change(DORA, team, 'subject', text='x' * 101)
    with pytest.raises(NotFound):
        sandbox.group_change(DORA, '1@g.us', 'leave')
    with pytest.raises(Invalid, match='actions'):
        sandbox.group_change(DORA, team, 'explode')  # type: ignore[arg-type]


def test_no_query_was_unknown_to_the_server(sandbox: Sandbox) -> None:
    assert sandbox.unknown() == ()
