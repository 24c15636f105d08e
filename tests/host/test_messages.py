"""Messages both ways through the real library."""

import pytest

from core.errors import NotConnected, SendRefused
from core.events import (
    Connected,
    GroupSeen,
    MessageDamaged,
    MessageReceived,
    PairingEnded,
    Quote,
    ReceiptReceived,
    TypingChanged,
)
from core.sandbox.control import Fault
from tests.host.stage import ANNA, Stage, eventually

SHOP = '15550000001'


def test_a_text_arrives_with_both_names_of_its_sender(stage: Stage) -> None:
    lid = next(each.lid for each in stage.sandbox.phones() if each.phone == ANNA)
    ident = stage.sandbox.say(ANNA, SHOP, 'is this the shop?')
    message = stage.heard('is this the shop?')
    assert message.whatsapp_id == ident
    assert {message.sender, message.sender_alt} == {f'{ANNA}@s.whatsapp.net', f'{lid}@lid'}
    assert (message.chat, message.chat_alt) == (message.sender, message.sender_alt)
    assert (message.push_name, message.kind, message.origin) == ('Anna', 'text', 'live')
    assert not message.from_me
    assert not message.is_group


def test_a_text_is_sent_received_and_ticked(stage: Stage) -> None:
    sent = stage.send('yes it is').result(10)
    eventually(lambda: 'yes it is' in stage.inbox())
    eventually(lambda: any(sent.whatsapp_id in each.whatsapp_ids for each in stage.of(ReceiptReceived)))
    stage.sandbox.read(ANNA)
    eventually(
        lambda: any(
            sent.whatsapp_id in each.whatsapp_ids and each.kind == 'read' and not each.by_me
            for each in stage.of(ReceiptReceived)
        )
    )


def test_sends_of_a_session_keep_their_order(stage: Stage) -> None:
    waiting = [stage.send(f'step {number}') for number in range(30)]
    for each in waiting:
        each.result(10)
    eventually(lambda: 'step 29' in stage.inbox())
    assert [text for text in stage.inbox() if text.startswith('step ')] == [f'step {number}' for number in range(30)]


def test_a_quote_and_a_mention_survive_both_ways(stage: Stage) -> None:
    stage.sandbox.say(ANNA, SHOP, 'how much?')
    asked = stage.heard('how much?')
    quote = Quote(whatsapp_id=asked.whatsapp_id, sender=asked.sender, text=asked.text)
    sent = stage.send('ten', quote=quote).result(10)
    eventually(lambda: any(item.quotes == asked.whatsapp_id for item in stage.sandbox.inbox(ANNA)))
    stage.sandbox.say(ANNA, SHOP, 'fine, @1', quote=sent.whatsapp_id, mentions=(SHOP,))
    answer = stage.heard('fine, @1')
    assert answer.quote is not None
    assert (answer.quote.whatsapp_id, answer.quote.text) == (sent.whatsapp_id, 'ten')
    assert answer.mentions == (f'{SHOP}@s.whatsapp.net',)


def test_an_at_sign_in_a_text_mentions_nobody_and_asks_nothing(stage: Stage) -> None:
    text = 'write to @15550000099 or 120363000000000000@g.us, see https://example.org'
    stage.send(text).result(10)
    eventually(lambda: text in stage.inbox())
    assert not stage.sandbox.unknown()


def test_a_group_message_is_told_once(stage: Stage) -> None:
    group = stage.sandbox.add_group('Team', ANNA, (SHOP,))
    eventually(lambda: (group.jid, 'Team') in [(each.group, each.name) for each in stage.of(GroupSeen)])
    stage.sandbox.say(ANNA, group.jid, 'hello team')
    message = stage.heard('hello team')
    assert message.is_group
    assert message.chat == group.jid
    stage.send('hello from the shop', to=group.jid).result(10)
    eventually(lambda: 'hello from the shop' in stage.inbox())
    same = [each for each in stage.of(MessageReceived) if each.whatsapp_id == message.whatsapp_id]
    assert len(same) == 1
    found = [each for each in stage.hosts.groups('shop').result(10) if each.group == group.jid]
    assert [(each.name, len(each.participants)) for each in found] == [('Team', 2)]


def test_our_own_message_from_the_phone_is_told_as_ours(stage: Stage) -> None:
    stage.sandbox.say(SHOP, ANNA, 'written on the phone')
    message = stage.heard('written on the phone')
    assert message.from_me
    assert f'{ANNA}@s.whatsapp.net' in (message.chat, message.chat_alt)


def test_typing_reading_presence_and_questions(stage: Stage) -> None:
    ident = stage.sandbox.say(ANNA, SHOP, 'read me')
    message = stage.heard('read me')
    stage.hosts.available('shop', True).result(10)
    stage.sandbox.typing(ANNA, SHOP)
    assert stage.until(TypingChanged).state == 'typing'
    stage.hosts.typing('shop', chat=message.chat, state='recording').result(10)
    stage.hosts.mark_read('shop', chat=message.chat, sender=message.sender, whatsapp_ids=(ident,)).result(10)
    eventually(lambda: any(item.id == ident and item.tick == 'read' for item in stage.sandbox.conversation(ANNA, SHOP)))
    found = stage.hosts.on_whatsapp('shop', (ANNA, '19990000000')).result(10)
    assert found[ANNA]
    assert found['19990000000'] == ''
    stage.hosts.check('shop').result(10)


def test_what_waited_while_we_were_away_is_told_as_offline(stage: Stage) -> None:
    since = stage.mark()
    stage.hosts.close('shop')
    eventually(lambda: not any(each.phone == SHOP for each in stage.sandbox.sessions()))
    stage.sandbox.say(ANNA, SHOP, 'while you slept')
    stage.hosts.open('shop')
    stage.until(Connected, 'shop', since)
    assert stage.heard('while you slept').origin == 'offline'
    stage.sandbox.say(ANNA, SHOP, 'and now')
    assert stage.heard('and now').origin == 'live'


def test_a_damaged_message_is_told_and_comes_again(stage: Stage) -> None:
    linked = next(each.devices for each in stage.sandbox.phones() if each.phone == SHOP)
    stage.sandbox.set_fault(Fault(kind='corrupt', times=len(linked)))
    stage.sandbox.say(ANNA, SHOP, 'damaged on the way')
    stage.until(MessageDamaged)
    stage.heard('damaged on the way')


@pytest.mark.parametrize('reason', [463, 479])
def test_whatsapps_no_has_its_number_and_a_sentence(stage: Stage, reason: int) -> None:
    stage.sandbox.set_fault(Fault(kind='nack', code=reason))
    with pytest.raises(SendRefused) as refused:
        stage.send('unwelcome').result(10)
    assert refused.value.reason == reason
    assert f'({reason})' in str(refused.value)
    stage.send('welcome again').result(10)


@pytest.mark.parametrize('address', ['', 'anna', "1'; --@s.whatsapp.net", '1555:3@s.whatsapp.net', '٣٣@s.whatsapp.net'])
def test_what_is_no_address_never_reaches_the_library(stage: Stage, address: str) -> None:
    with pytest.raises(SendRefused, match='not a WhatsApp address'):
        stage.send('x', to=f'{address}@' if '@' not in address else address).result(10)


def test_an_unknown_number_is_refused_in_plain_words(stage: Stage) -> None:
    with pytest.raises(SendRefused, match='not on WhatsApp'):
        stage.send('x', to='19990000000').result(10)


def test_a_session_that_was_never_opened_is_not_connected(stage: Stage) -> None:
    with pytest.raises(NotConnected):
        stage.send('x', session='nobody').result(10)


def test_a_qr_nobody_scans_ends_the_pairing(unscanned: Stage) -> None:
    assert unscanned.until(PairingEnded, 'unscanned', timeout=45).because == 'timeout'
    with pytest.raises(NotConnected):
        unscanned.hosts.pairing_code('unscanned', '15550009000', timeout=0.3)
