"""Every kind of message between the real library and the phones, both ways."""

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import Conflict, Invalid
from core.sandbox.control import Item, Place
from core.sandbox.process import Sandbox
from core.sandbox.protos import e2e
from tests.sandbox.conftest import BOB, CAROL, DORA, SHOP
from tests.sandbox.rig import Client, OrderFailed, Rig, until

PICTURE = Path(__file__).with_name('picture.jpg')
STATUS = 'status@broadcast'
KEY = {'senderKeyDistributionMessage', 'messageContextInfo'}


@pytest.fixture(scope='module')
def shop(rig: Rig) -> Client:
    return rig.client('shop').pair(SHOP)


@pytest.fixture(scope='module')
def bob(rig: Rig, shop: Client) -> Client:
    return rig.client('bob').pair(BOB)


@pytest.fixture(scope='module')
def team(shop: Client, sandbox: Sandbox) -> str:
    return sandbox.add_group('Team', CAROL, (SHOP, BOB, DORA)).jid


@pytest.fixture(autouse=True)
def named_by_number(sandbox: Sandbox) -> None:
    sandbox.set_addressing('pn')


def item(sandbox: Sandbox, phone: str, ident: str) -> Item:
    """A message as that phone shows it, once it is there."""
    return until(lambda: next((each for each in sandbox.conversation(phone) if each.id == ident), None))


def heard(client: Client, ident: str) -> dict[str, Any]:
    """The message as the library told it; the key that comes with the first of a group is another event."""
    return until(lambda: next((fact for fact in client.seen('Message', id=ident) if set(fact['kinds']) - KEY), None))


def send(client: Client, to: str, message: Any) -> str:
    return str(client.do('send_raw', to=to, message=base64.b64encode(message.SerializeToString()).decode()))


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# ---- from a phone


def test_a_phone_sends_a_place(shop: Client, sandbox: Sandbox) -> None:
    sent = sandbox.locate(DORA, SHOP, 52.5, 13.25, name='The bakery', address='Market street 1')
    body = heard(shop, sent)['body']['locationMessage']
    assert (body['degreesLatitude'], body['degreesLongitude'], body['name']) == (52.5, 13.25, 'The bakery')
    found = item(sandbox, SHOP, sent)
    assert found.place == Place(latitude=52.5, longitude=13.25, name='The bakery', address='Market street 1')
    assert (found.kind, found.text) == ('location', 'The bakery')


def test_a_phone_sends_a_contact_card(shop: Client, sandbox: Sandbox) -> None:
    sent = sandbox.card(DORA, SHOP, 'Ben Baker', ('+1 555 123-0002', '15551230003'))
    body = heard(shop, sent)['body']['contactMessage']
    assert body['displayName'] == 'Ben Baker'
    assert 'waid=15551230002:+15551230002' in body['vcard']
    assert item(sandbox, SHOP, sent).phones == ('+15551230002', '+15551230003')


def test_a_picture_a_sound_and_a_document_carry_what_phones_add(shop: Client, sandbox: Sandbox) -> None:
    picture = sandbox.attach(DORA, SHOP, PICTURE.read_bytes(), mime='image/jpeg')
    body = heard(shop, picture)['body']['imageMessage']
    assert body['width'] > 0
    assert base64.b64decode(body['JPEGThumbnail']).startswith(b'\xff\xd8')
    broken = sandbox.attach(DORA, SHOP, b'no picture', mime='image/jpeg')
    assert 'JPEGThumbnail' not in heard(shop, broken)['body']['imageMessage']
    page = b'OggS\0\4' + (48_000 * 7).to_bytes(8, 'little') + bytes(13)
    voice = sandbox.attach(DORA, SHOP, b'OggS' + bytes(24) + b'OpusHead' + page, mime='audio/ogg', voice=True)
    assert heard(shop, voice)['body']['audioMessage']['seconds'] == 7
    assert (item(sandbox, SHOP, voice).kind, item(sandbox, SHOP, voice).seconds) == ('voice', 7)


def test_a_view_once_picture_says_so(shop: Client, sandbox: Sandbox, tmp_path: Path) -> None:
    sent = sandbox.attach(DORA, SHOP, PICTURE.read_bytes(), mime='image/jpeg', view_once=True)
    assert heard(shop, sent)['once']
    shop.do('download', message=sent, file=str(tmp_path / 'once.jpg'))
    assert (tmp_path / 'once.jpg').read_bytes() == PICTURE.read_bytes()
    assert item(sandbox, SHOP, sent).view_once
    with pytest.raises(Invalid, match='looked at once'):
        sandbox.attach(DORA, SHOP, b'x', mime='text/plain', view_once=True)


def test_a_picture_can_answer_a_message(shop: Client, sandbox: Sandbox) -> None:
    asked = shop.send(DORA, 'which cake?')
    item(sandbox, DORA, asked)
    sent = sandbox.attach(DORA, SHOP, PICTURE.read_bytes(), mime='image/jpeg', caption='this one', quote=asked)
    assert heard(shop, sent)['body']['imageMessage']['contextInfo']['stanzaID'] == asked
    assert item(sandbox, DORA, sent).quotes == asked


def test_a_text_is_edited_once_and_again(shop: Client, sandbox: Sandbox) -> None:
    sent = sandbox.say(DORA, SHOP, 'one cake')
    changed = sandbox.edit(DORA, sent, 'two cakes')
    fact = heard(shop, changed)
    protocol = fact['body']['protocolMessage']
    assert fact['edit']
    assert (protocol['key']['ID'], protocol['type']) == (sent, 'MESSAGE_EDIT')
    assert protocol['editedMessage']['conversation'] == 'two cakes'
    sandbox.edit(DORA, sent, 'three cakes')
    until(lambda: item(sandbox, SHOP, sent).text == 'three cakes')
    assert item(sandbox, SHOP, sent).edited
    assert item(sandbox, DORA, sent).edited
    other = item(sandbox, DORA, shop.send(DORA, 'mine'))
    with pytest.raises(Invalid):
        sandbox.edit(DORA, other.id, 'yours')


def test_a_message_is_deleted_for_everyone(shop: Client, sandbox: Sandbox) -> None:
    sent = sandbox.say(DORA, SHOP, 'forget this')
    gone = sandbox.revoke(DORA, sent)
    assert heard(shop, gone)['body']['protocolMessage']['key']['ID'] == sent
    found = until(lambda: next((each for each in sandbox.inbox(SHOP) if each.id == sent and each.revoked), None))
    assert found.text == ''
    theirs = item(sandbox, DORA, shop.send(DORA, 'keep this'))
    with pytest.raises(Conflict, match='own message'):
        sandbox.revoke(DORA, theirs.id)


def test_an_admin_deletes_the_message_of_somebody_else(team: str, shop: Client, sandbox: Sandbox) -> None:
    sent = shop.send(team, 'rude words')
    item(sandbox, CAROL, sent)
    gone = sandbox.revoke(CAROL, sent)
    key = heard(shop, gone)['body']['protocolMessage']['key']
    assert (key['ID'], key.get('fromMe', False)) == (sent, False)
    until(lambda: item(sandbox, DORA, sent).revoked)
    with pytest.raises(Conflict):
        sandbox.revoke(DORA, sent)


def test_a_reaction_is_shown_under_its_message_until_it_is_taken_back(shop: Client, sandbox: Sandbox) -> None:
    sent = shop.send(DORA, 'fresh rolls')
    item(sandbox, DORA, sent)
    sandbox.react(DORA, sent, '😋')
    assert item(sandbox, DORA, sent).reactions == ((DORA, '😋'),)
    until(lambda: item(sandbox, SHOP, sent).reactions == ((DORA, '😋'),))
    gone = sandbox.react(DORA, sent, '')
    assert not heard(shop, gone)['body']['reactionMessage'].get('text')
    assert item(sandbox, DORA, sent).reactions == ()


def test_a_forwarded_message_says_so_and_how_often(shop: Client, sandbox: Sandbox) -> None:
    first = item(sandbox, DORA, shop.send(DORA, 'pass it on'))
    second = sandbox.forward(DORA, first.id, CAROL)
    third = sandbox.forward(CAROL, item(sandbox, CAROL, second).id, SHOP)
    context = heard(shop, third)['body']['extendedTextMessage']['contextInfo']
    assert (context['isForwarded'], context['forwardingScore']) == (True, 2)
    assert item(sandbox, CAROL, second).forwarded
    poll = sandbox.poll(DORA, SHOP, 'Again?', ('Yes', 'No'))
    with pytest.raises(Invalid, match='forwarded'):
        sandbox.forward(DORA, poll, CAROL)


# ---- polls


def test_a_poll_of_a_phone_is_voted_in_by_a_client(shop: Client, sandbox: Sandbox) -> None:
    poll = sandbox.poll(DORA, SHOP, 'Which loaf?', ('Rye', 'Fennel', 'Oat'), multiple=True)
    fact = heard(shop, poll)
    assert 'pollCreationMessageV3' in fact['kinds']
    vote = shop.do('cast_vote', poll=poll, options=['Oat', 'Rye'])
    assert item(sandbox, DORA, vote).text == 'Rye, Oat'
    found = item(sandbox, DORA, poll)
    assert (found.kind, found.text, found.options) == ('poll', 'Which loaf?', ('Rye', 'Fennel', 'Oat'))
    assert (found.votes, found.multiple) == ((1, 0, 1), True)
    shop.do('cast_vote', poll=poll, options=['Fennel'])
    until(lambda: item(sandbox, DORA, poll).votes == (0, 1, 0))
    sandbox.vote(DORA, poll, ('Fennel', 'Oat'))
    until(lambda: item(sandbox, SHOP, poll).votes == (0, 2, 1))
    assert item(sandbox, DORA, poll).chosen == ('Fennel', 'Oat')
    assert item(sandbox, SHOP, poll).chosen == ('Fennel',)


@pytest.mark.parametrize('addressing', ['pn', 'lid'])
def test_a_vote_of_a_phone_is_opened_by_the_library(shop: Client, sandbox: Sandbox, addressing: Any) -> None:
    sandbox.set_addressing(addressing)
    poll = shop.do('ask_poll', to=DORA, question='When?', options=['Today', 'Tomorrow'], many=False)
    found = item(sandbox, DORA, poll)
    assert (found.kind, found.multiple) == ('poll', False)
    vote = sandbox.vote(DORA, poll, ('Tomorrow',))
    heard(shop, vote)
    assert shop.do('open_vote', message=vote) == [sha('Tomorrow')]
    back = sandbox.vote(DORA, poll, ())
    heard(shop, back)
    assert shop.do('open_vote', message=back) == []
    until(lambda: item(sandbox, SHOP, poll).votes == (0, 0))
    with pytest.raises(Invalid, match='one option'):
        sandbox.vote(DORA, poll, ('Today', 'Tomorrow'))
    with pytest.raises(Invalid, match='options are'):
        sandbox.vote(DORA, poll, ('Never',))


def test_a_poll_in_a_group_counts_all_votes(team: str, shop: Client, bob: Client, sandbox: Sandbox) -> None:
    poll = sandbox.poll(CAROL, team, 'Who comes?', ('Me', 'Not me'))
    heard(shop, poll)
    heard(bob, poll)
    shop.do('cast_vote', poll=poll, options=['Me'])
    bob.do('cast_vote', poll=poll, options=['Not me'])
    mine = sandbox.vote(DORA, poll, ('Me',))
    for phone in (CAROL, DORA, SHOP):
        until(lambda phone=phone: item(sandbox, phone, poll).votes == (2, 1))  # type: ignore[misc]
    heard(shop, mine)
    assert shop.do('open_vote', message=mine) == [sha('Me')]


def test_a_poll_needs_two_different_options(sandbox: Sandbox) -> None:
    for options in ((), ('Yes',), ('Yes', 'Yes'), ('Yes', ' '), tuple(map(str, range(13)))):
        with pytest.raises(Invalid, match='2 to 12'):
            sandbox.poll(DORA, SHOP, 'Well?', options)


# ---- from a client


def test_phones_understand_every_kind_of_a_client(shop: Client, sandbox: Sandbox, tmp_path: Path) -> None:
    place = e2e.Message()
    place.locationMessage.degreesLatitude, place.locationMessage.name = 48.5, 'Here'
    found = item(sandbox, DORA, send(shop, DORA, place))
    assert (found.kind, found.place) == ('location', Place(latitude=48.5, longitude=0, name='Here'))
    found = item(sandbox, DORA, shop.do('contact', to=DORA, called='Ben', phone='15551230002'))
    assert (found.kind, found.text, found.phones) == ('contact', 'Ben', ('+1 555-123-0002',))
    (tmp_path / 'menu.txt').write_text('bread')
    found = item(sandbox, DORA, shop.do('document', to=DORA, file=str(tmp_path / 'menu.txt'), filename='menu.txt'))
    assert (found.kind, found.filename) == ('document', 'menu.txt')
    sticker = e2e.Message()
    sticker.stickerMessage.mimetype = 'image/webp'
    assert item(sandbox, DORA, send(shop, DORA, sticker)).kind == 'sticker'
    forward = e2e.Message()
    forward.extendedTextMessage.text = 'news'
    forward.extendedTextMessage.contextInfo.isForwarded = True
    assert item(sandbox, DORA, send(shop, DORA, forward)).forwarded


def test_phones_follow_edits_deletions_and_reactions_of_a_client(shop: Client, sandbox: Sandbox) -> None:
    sent = shop.send(DORA, 'open till six')
    item(sandbox, DORA, sent)
    shop.do('edit', to=DORA, message=sent, text='open till seven')
    until(lambda: item(sandbox, DORA, sent).text == 'open till seven')
    shop.do('revoke', to=DORA, message=sent)
    until(lambda: item(sandbox, DORA, sent).revoked)
    asked = sandbox.say(DORA, SHOP, 'thanks')
    heard(shop, asked)
    shop.do('react', message=asked, emoji='❤️')
    until(lambda: item(sandbox, DORA, asked).reactions == ((SHOP, '❤️'),))
    shop.do('react', message=asked, emoji='')
    until(lambda: item(sandbox, DORA, asked).reactions == ())


# ---- status


def test_the_status_of_a_phone_reaches_the_people_it_knows(shop: Client, sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.say(DORA, SHOP, 'so that they know each other')
    sent = sandbox.status(DORA, 'Gone fishing')
    fact = heard(shop, sent)
    assert (fact['chat'], fact['sender'], fact['text']) == (STATUS, DORA, 'Gone fishing')
    assert item(sandbox, SHOP, sent).chat == STATUS
    second = sandbox.status(DORA, 'My boat', data=PICTURE.read_bytes(), mime='image/jpeg')
    heard(shop, second)
    shop.do('download', message=second, file=str(tmp_path / 'boat.jpg'))
    assert (tmp_path / 'boat.jpg').read_bytes() == PICTURE.read_bytes()
    shop.do('read', message=sent)
    until(lambda: item(sandbox, DORA, sent).tick == 'read')


def test_the_status_of_a_client_reaches_its_address_book(shop: Client, sandbox: Sandbox) -> None:
    sandbox.save_contact(SHOP, DORA, 'Dora Baker')
    until(lambda: shop.do('contact_name', phone=DORA) == 'Dora Baker')
    sent = shop.send(STATUS, 'Closed on Monday')
    found = item(sandbox, DORA, sent)
    assert (found.chat, found.sender, found.text) == (STATUS, SHOP, 'Closed on Monday')
    assert item(sandbox, SHOP, sent).mine
    sandbox.read(DORA, (sent,))
    assert all(each.id != sent for each in sandbox.conversation(CAROL))


# ---- calls, block list, presence


def test_a_call_rings_and_is_rejected(shop: Client, sandbox: Sandbox) -> None:
    call = sandbox.call(DORA, SHOP, video=True)
    until(lambda: [fact for fact in shop.seen('CallOffer') if call in str(fact['what'])])
    assert item(sandbox, DORA, call).text == 'ringing'
    with pytest.raises(Conflict, match='already calling'):
        sandbox.call(DORA, BOB)
    shop.do('reject', caller=DORA, call=call)
    until(lambda: item(sandbox, DORA, call).text == 'rejected')
    found = item(sandbox, SHOP, call)
    assert (found.kind, found.text, found.video, found.mine) == ('call', 'rejected', True, False)


def test_a_caller_hangs_up(shop: Client, sandbox: Sandbox) -> None:
    call = sandbox.call(DORA, SHOP)
    assert sandbox.hang_up(DORA) == 1
    until(lambda: [fact for fact in shop.seen('CallTerminate') if call in str(fact['what'])])
    assert item(sandbox, SHOP, call).text == 'missed'
    assert sandbox.hang_up(DORA) == 0


def test_who_is_blocked_is_not_heard(shop: Client, sandbox: Sandbox) -> None:
    lid = next(each.lid for each in sandbox.phones() if each.phone == CAROL)
    assert shop.do('block', phone=CAROL, on=True) == [lid]
    assert sandbox.blocked(SHOP) == (CAROL,)
    lost = sandbox.say(CAROL, SHOP, 'can you hear me?')
    assert sandbox.call(CAROL, SHOP)
    sandbox.hang_up(CAROL)
    assert shop.do('block', phone=CAROL, on=False) == []
    heard(shop, sandbox.say(CAROL, SHOP, 'and now?'))
    assert shop.seen('Message', id=lost) == []
    assert item(sandbox, CAROL, lost).tick == 'sent'
    sandbox.block(SHOP, CAROL)
    shop.wait('BlocklistEvent')
    assert shop.do('blocklist') == [lid]
    sandbox.block(SHOP, CAROL, False)
    assert sandbox.blocked(SHOP) == ()


def test_a_phone_comes_and_goes_and_types(shop: Client, sandbox: Sandbox) -> None:
    shop.do('present')
    shop.do('watch', phone=DORA)
    sandbox.presence(DORA, 'available')
    until(lambda: [fact for fact in shop.seen('Presence') if not fact['what'].get('Unavailable')])
    sandbox.presence(DORA, 'unavailable')
    until(lambda: [fact for fact in shop.seen('Presence') if fact['what'].get('Unavailable')])
    sandbox.typing(DORA, SHOP, 'recording')
    shop.wait('ChatPresence')


def test_a_phone_that_is_off_does_nothing(sandbox: Sandbox) -> None:
    sent = sandbox.say(DORA, SHOP, 'bye')
    sandbox.offline(DORA, True)
    acts: tuple[Callable[[], str], ...] = (
        lambda: sandbox.edit(DORA, sent, 'hi'),
        lambda: sandbox.status(DORA, 'hi'),
        lambda: sandbox.call(DORA, SHOP),
        lambda: sandbox.poll(DORA, SHOP, 'hm?', ('a', 'b')),
        lambda: sandbox.forward(DORA, sent, BOB),
    )
    for act in acts:
        with pytest.raises(Conflict, match='switched off'):
            act()
    sandbox.offline(DORA, False)


def test_a_number_is_found_under_its_other_spelling(shop: Client, sandbox: Sandbox) -> None:
    brazil = sandbox.add_phone('5511987654321', 'Bia', ('551187654321',))
    answer = shop.do('found', phone='+551187654321')
    assert (answer['in'], answer['query']) == (True, '+551187654321')
    assert answer['user'] in (brazil.phone, brazil.lid)
    assert shop.do('found', phone='+551100000000')['in'] is False
    with pytest.raises(OrderFailed):
        shop.send('551187654321', 'to a spelling that is nobody’s address')


def test_no_query_was_unknown_to_the_server(sandbox: Sandbox) -> None:
    assert sandbox.unknown() == ()
