"""The real library against the sandbox: what a user of WhatsApp does, in the order a day would bring it."""

from pathlib import Path

import pytest

from core.errors import Conflict, Invalid, NotFound
from core.sandbox.control import Fault, Item
from core.sandbox.process import Sandbox
from tests.sandbox.conftest import BOB, CAROL, DORA, SHOP
from tests.sandbox.rig import Client, OrderFailed, Rig, until

READ = 4  # neonize's number of a read receipt


@pytest.fixture(scope='module')
def shop(rig: Rig) -> Client:
    return rig.client('shop').pair(SHOP)


@pytest.fixture(scope='module')
def bob(rig: Rig) -> Client:
    return rig.client('bob').pair(BOB)


@pytest.fixture(scope='module')
def carol(rig: Rig, sandbox: Sandbox) -> Client:
    client = rig.client('carol')
    client.start()
    client.wait('qr')
    sandbox.enter_code(CAROL, client.do('pair_code', phone=CAROL))
    client.wait('Connected')
    return client


@pytest.fixture(scope='module')
def team(shop: Client, bob: Client, carol: Client) -> str:
    return str(shop.do('create_group', subject='Team', members=[BOB, CAROL, DORA]))


@pytest.fixture(autouse=True)
def no_faults(sandbox: Sandbox) -> None:
    sandbox.clear_fault()


def inbox(sandbox: Sandbox, phone: str, text: str) -> Item:
    """The message with *text*, once the phone has it."""
    return until(lambda: next((item for item in sandbox.inbox(phone) if item.text == text), None))


def said(sandbox: Sandbox, phone: str, ident: str) -> Item:
    return next(item for item in sandbox.conversation(phone) if item.id == ident)


def test_a_client_is_linked_by_its_qr_code(shop: Client, sandbox: Sandbox) -> None:
    assert [each.devices for each in sandbox.phones() if each.phone == SHOP] == [(1,)]


def test_a_second_session_lives_in_the_same_process(bob: Client) -> None:
    assert bob.seen('Connected')


def test_a_client_is_linked_by_a_code_typed_on_the_phone(carol: Client) -> None:
    assert carol.seen('PairStatus')


def test_a_wrong_code_links_nothing(rig: Rig, sandbox: Sandbox) -> None:
    client = rig.client('mallory')
    client.start()
    client.wait('qr')
    client.do('pair_code', phone=DORA)
    with pytest.raises(Conflict, match='not the code'):
        sandbox.enter_code(DORA, 'ABCD-EFGH')
    assert [each.devices for each in sandbox.phones() if each.phone == DORA] == [()]


def test_the_push_name_comes_from_app_state(shop: Client, sandbox: Sandbox) -> None:
    until(lambda: shop.do('push_name') == 'Shop')
    shop.do('present')
    sandbox.add_phone(SHOP, 'Corner Shop')
    until(lambda: shop.do('push_name') == 'Corner Shop')


def test_a_text_goes_both_ways_and_is_ticked(shop: Client, bob: Client) -> None:
    sent = shop.send(BOB, 'hello bob')
    bob.got('hello bob')
    until(lambda: [fact for fact in shop.seen('Receipt') if sent in fact['ids']])
    bob.send(SHOP, 'hello shop')
    shop.got('hello shop')
    bob.do('read', message=sent)
    until(lambda: [fact for fact in shop.seen('Receipt', type=READ) if sent in fact['ids']])


def test_a_picture_is_uploaded_and_downloaded(shop: Client, bob: Client, sandbox: Sandbox, tmp_path: Path) -> None:
    data = b'\xff\xd8\xff\xe0' + bytes(range(256)) * 200
    sent = sandbox.attach(DORA, SHOP, data, mime='image/jpeg', caption='a picture')
    shop.wait('Message', id=sent)
    shop.do('download', message=sent, file=str(tmp_path / 'got.jpg'))
    assert (tmp_path / 'got.jpg').read_bytes() == data


def test_a_picture_of_a_client_is_read_by_a_phone_and_another_client(
    shop: Client, bob: Client, sandbox: Sandbox, tmp_path: Path
) -> None:
    picture = Path(__file__).with_name('picture.jpg')
    sent = shop.do('image', to=BOB, file=str(picture), caption='look')
    bob.wait('Message', id=sent)
    bob.do('download', message=sent, file=str(tmp_path / 'got.jpg'))
    assert (tmp_path / 'got.jpg').read_bytes() == picture.read_bytes()
    item = inbox(sandbox, BOB, 'look')
    assert (item.kind, item.mime) == ('image', 'image/jpeg')
    assert sandbox.media(BOB, sent) == picture.read_bytes()


def test_a_client_asks_who_is_on_whatsapp(shop: Client) -> None:
    assert shop.do('on_whatsapp', phones=[f'+{BOB}', '+19990000000']) == [True, False]


def test_a_group_is_created_and_its_members_are_told(team: str, bob: Client, carol: Client) -> None:
    bob.wait('JoinedGroup')
    carol.wait('JoinedGroup')


def test_a_group_message_reaches_clients_and_phones(
    team: str, shop: Client, bob: Client, carol: Client, sandbox: Sandbox
) -> None:
    shop.send(team, 'hello team')
    bob.got('hello team')
    carol.got('hello team')
    assert inbox(sandbox, DORA, 'hello team').chat == team


def test_a_phone_writes_to_a_group(team: str, shop: Client, sandbox: Sandbox) -> None:
    sandbox.say(DORA, team, 'hi from dora')
    shop.got('hi from dora')
    sandbox.say(DORA, team, 'again')
    shop.got('again')


def test_a_phone_and_a_client_talk_and_both_sides_are_shown(shop: Client, sandbox: Sandbox) -> None:
    asked = sandbox.say(DORA, SHOP, 'is this the shop?')
    shop.got('is this the shop?')
    until(lambda: said(sandbox, DORA, asked).tick == 'delivered')
    shop.do('read', message=asked)
    until(lambda: said(sandbox, DORA, asked).tick == 'read')
    answer = shop.send(DORA, 'yes')
    assert inbox(sandbox, DORA, 'yes').sender == SHOP
    both = [item.text for item in sandbox.conversation(DORA, SHOP)]
    assert both[-2:] == ['is this the shop?', 'yes']
    assert sandbox.read(DORA, (answer,)) == 1
    until(lambda: [fact for fact in shop.seen('Receipt', type=READ) if answer in fact['ids']])
    until(lambda: said(sandbox, SHOP, answer).tick == 'read')


def test_a_reply_quotes_and_a_reaction_points_at_its_message(shop: Client, sandbox: Sandbox) -> None:
    first = shop.send(DORA, 'tea or coffee?')
    inbox(sandbox, DORA, 'tea or coffee?')
    reply = sandbox.say(DORA, SHOP, 'tea', quote=first)
    shop.got('tea')
    assert said(sandbox, DORA, reply).quotes == first
    reaction = sandbox.react(DORA, first, '👍')
    shop.wait('Message', id=reaction)
    item = said(sandbox, DORA, reaction)
    assert (item.kind, item.text, item.about) == ('reaction', '👍', first)


def test_a_phone_that_is_off_gets_its_messages_later(shop: Client, sandbox: Sandbox) -> None:
    sandbox.offline(DORA, True)
    shop.send(DORA, 'are you there?')
    until(lambda: any(record.to.startswith(dora_lid(sandbox)) for record in sandbox.records()))
    assert all(item.text != 'are you there?' for item in sandbox.inbox(DORA))
    with pytest.raises(Conflict):
        sandbox.say(DORA, SHOP, 'I cannot')
    sandbox.offline(DORA, False)
    inbox(sandbox, DORA, 'are you there?')


def dora_lid(sandbox: Sandbox) -> str:
    return next(each.lid for each in sandbox.phones() if each.phone == DORA)


def test_a_message_damaged_between_clients_is_sent_again(shop: Client, bob: Client, sandbox: Sandbox) -> None:
    sandbox.set_fault(Fault(kind='corrupt'))
    shop.send(BOB, 'damaged on the way')
    bob.got('damaged on the way')


def test_a_message_damaged_on_its_way_from_a_phone_is_sent_again(shop: Client, sandbox: Sandbox) -> None:
    sandbox.set_fault(Fault(kind='corrupt'))
    sandbox.say(DORA, SHOP, 'damaged by the post')
    shop.got('damaged by the post')
    assert sandbox.faults() == ()


def test_a_message_damaged_on_its_way_to_a_phone_is_sent_again(shop: Client, sandbox: Sandbox) -> None:
    sandbox.set_fault(Fault(kind='corrupt', phone=DORA))
    shop.send(DORA, 'damaged for dora')
    inbox(sandbox, DORA, 'damaged for dora')


def test_a_damaged_group_message_of_a_phone_is_sent_again(team: str, shop: Client, sandbox: Sandbox) -> None:
    sandbox.set_fault(Fault(kind='corrupt', phone=SHOP))
    sandbox.say(DORA, team, 'damaged for the team')
    shop.got('damaged for the team')


def test_the_server_refuses_a_message(shop: Client, sandbox: Sandbox) -> None:
    sandbox.set_fault(Fault(kind='nack', code=479))
    with pytest.raises(OrderFailed, match='479'):
        shop.send(BOB, 'refused')
    shop.send(BOB, 'accepted')


def test_a_query_is_refused(shop: Client, sandbox: Sandbox) -> None:
    sandbox.set_fault(Fault(kind='iq', xmlns='usync', code=429))
    with pytest.raises(OrderFailed, match='429'):
        shop.do('on_whatsapp', phones=['+15559999999'])


def test_a_dropped_connection_comes_back(bob: Client, sandbox: Sandbox) -> None:
    before = len(bob.seen('Connected'))
    sandbox.set_fault(Fault(kind='drop', phone=BOB))
    bob.wait('Connected', before + 1)


def test_a_stream_error_503_is_survived(bob: Client, sandbox: Sandbox) -> None:
    before = len(bob.seen('Connected'))
    sandbox.set_fault(Fault(kind='hasty'))
    sandbox.set_fault(Fault(kind='stream_error', phone=BOB, code=503))
    bob.wait('Connected', before + 1)


def test_latency_delays_but_loses_nothing(shop: Client, bob: Client, sandbox: Sandbox) -> None:
    sandbox.set_fault(Fault(kind='latency', ms=150))
    shop.send(BOB, 'slowly')
    bob.got('slowly')


def test_senders_are_named_by_lid_when_the_server_likes(shop: Client, sandbox: Sandbox) -> None:
    sandbox.set_addressing('lid')
    sandbox.say(DORA, SHOP, 'by lid')
    assert shop.got('by lid')['server'] == 'lid'
    sandbox.set_addressing('pn')
    sandbox.say(DORA, SHOP, 'by number')
    assert shop.got('by number')['server'] == 's.whatsapp.net'
    inbox(sandbox, SHOP, 'by lid')


def test_a_download_that_fails_can_be_tried_again(shop: Client, sandbox: Sandbox, tmp_path: Path) -> None:
    sent = sandbox.attach(DORA, SHOP, b'some notes', mime='text/plain', filename='notes.txt')
    shop.wait('Message', id=sent)
    sandbox.set_fault(Fault(kind='media', code=404, times=5))
    with pytest.raises(OrderFailed, match='404'):
        shop.do('download', message=sent, file=str(tmp_path / 'notes.txt'))
    sandbox.clear_fault()
    shop.do('download', message=sent, file=str(tmp_path / 'notes.txt'))
    assert (tmp_path / 'notes.txt').read_bytes() == b'some notes'


def test_an_outdated_client_is_turned_away(bob: Client, sandbox: Sandbox) -> None:
    sandbox.set_fault(Fault(kind='fail_login', phone=BOB, reason=405))
    sandbox.set_fault(Fault(kind='drop', phone=BOB))
    bob.wait('ClientOutdated')
    before = len(bob.seen('Connected'))
    bob.stop()
    bob.start()
    bob.wait('Connected', before + 1)


def test_a_server_that_answers_503_lets_nobody_start(rig: Rig, sandbox: Sandbox) -> None:
    sandbox.set_fault(Fault(kind='http_status', code=503))
    client = rig.client('early')
    client.start()
    client.wait('connect_raised')


def test_a_client_that_was_away_gets_what_it_missed_without_pairing_again(
    rig: Rig, shop: Client, bob: Client, sandbox: Sandbox
) -> None:
    bob.stop()
    until(lambda: all(each.phone != BOB for each in sandbox.sessions()))
    shop.send(BOB, 'while you were away')
    codes, before = len(bob.seen('qr')), len(bob.seen('Connected'))
    bob.start()
    bob.wait('Connected', before + 1)
    bob.got('while you were away')
    assert len(bob.seen('qr')) == codes


def test_an_outage_ends_and_everyone_comes_back(shop: Client, sandbox: Sandbox) -> None:
    before = len(shop.seen('Connected'))
    sandbox.set_fault(Fault(kind='outage', seconds=1.0))
    shop.wait('Connected', before + 1)


def test_a_scan_stalls_for_an_account_with_a_passkey(rig: Rig, sandbox: Sandbox) -> None:
    client = rig.client('stalled')
    client.start()
    code = client.wait('qr')['qr']
    sandbox.set_fault(Fault(kind='passkey'))
    assert sandbox.scan(DORA, code) == 0
    assert client.seen('PairStatus') == []
    sandbox.set_fault(Fault(kind='expire_qr'))
    until(lambda: all(each.phone for each in sandbox.sessions()))
    sandbox.clear_fault()
    with pytest.raises(NotFound):
        sandbox.scan(DORA, code)
    with pytest.raises(Invalid):
        sandbox.scan(DORA, 'https://example.org/')


def test_another_login_of_the_same_device_is_a_conflict(bob: Client, sandbox: Sandbox) -> None:
    bob.wait('Connected')
    sandbox.set_fault(Fault(kind='conflict', phone=BOB))
    bob.wait('StreamReplaced')


def test_the_phone_unlinks_a_client(carol: Client, sandbox: Sandbox) -> None:
    until(lambda: any(each.phone == CAROL for each in sandbox.sessions()))
    sandbox.set_fault(Fault(kind='logout', phone=CAROL))
    carol.wait('LoggedOut')
    assert [each.devices for each in sandbox.phones() if each.phone == CAROL] == [()]


def test_no_query_was_unknown_to_the_server(sandbox: Sandbox) -> None:
    assert sandbox.unknown() == ()
