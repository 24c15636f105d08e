"""The library's history sync in our own words."""

import importlib
from datetime import UTC, datetime

from core.events import HistoryReceived, Place
from core.host import history
from core.host.library import e2e

sync = importlib.import_module('waHistorySync.WAWebProtobufsHistorySync_pb2')
ANNA, GROUP = '15551230001@s.whatsapp.net', '120363@g.us'


def conversation(told: object, chat: str, *messages: tuple[str, bool, object, int]) -> None:
    made = told.conversations.add(ID=chat)  # type: ignore[attr-defined]
    for ident, mine, body, at in messages:
        each = made.messages.add(msgOrderID=at)
        each.message.key.ID, each.message.key.fromMe, each.message.key.remoteJID = ident, mine, chat
        each.message.message.CopyFrom(body)
        each.message.messageTimestamp, each.message.pushName = at, 'Anna'
        each.message.status = 4 if mine else 0


def parts(told: object) -> list[HistoryReceived]:
    return list(history.parts('shop', told))


def test_messages_come_oldest_first_with_who_wrote_them_and_how_far_they_came() -> None:
    told = sync.HistorySync(syncType=3, progress=70)
    conversation(told, ANNA, ('B', True, e2e.Message(conversation='yes'), 20),
                 ('A', False, e2e.Message(conversation='open?'), 10))  # fmt: skip
    told.conversations[0].lidJID = '777@lid'
    names, messages, end = parts(told)
    (asked, received), (answer, read) = messages.messages
    assert (asked.text, asked.sender, asked.sender_alt, received) == ('open?', ANNA, '777@lid', 'received')
    assert (answer.text, answer.from_me, read) == ('yes', True, 'read')
    assert (asked.origin, asked.at) == ('history', datetime.fromtimestamp(10, UTC))
    assert (names.progress, end.progress) == (-1, 70)


def test_what_is_wrapped_is_taken_out_and_a_second_look_is_not_promised() -> None:
    told = sync.HistorySync(syncType=3)
    once = e2e.Message()
    once.viewOnceMessageV2.message.imageMessage.caption = 'once'
    place = e2e.Message()
    place.ephemeralMessage.message.locationMessage.degreesLatitude = 52.5
    conversation(told, ANNA, ('A', False, once, 1), ('B', False, place, 2))
    first, second = (message for message, _ in parts(told)[1].messages)
    assert (first.kind, first.text, first.content.view_once) == ('image', 'once', True)  # type: ignore[union-attr]
    assert second.content == Place(latitude=52.5, longitude=0.0)


def test_in_a_group_the_participant_wrote_it_and_reactions_follow_their_message() -> None:
    told = sync.HistorySync(syncType=0)
    conversation(told, GROUP, ('A', False, e2e.Message(conversation='morning'), 10))
    told.conversations[0].name = 'Regulars'
    web = told.conversations[0].messages[0].message
    web.participant = '15551230001:3@s.whatsapp.net'
    reaction = web.reactions.add(text='👍')
    reaction.key.ID, reaction.key.fromMe = 'R', True
    names, messages, _ = parts(told)
    (said, _), (liked, standing) = messages.messages
    assert (said.sender, said.is_group) == (ANNA, True)
    assert (liked.kind, liked.text, liked.target, liked.from_me, standing) == ('reaction', '👍', 'A', True, 'sent')
    assert names.groups == ((GROUP, 'Regulars'),)


def test_notices_and_empty_entries_are_left_out_and_many_come_in_small_parts() -> None:
    told = sync.HistorySync(syncType=3)
    many = [(f'M{n}', False, e2e.Message(conversation=str(n)), n + 1) for n in range(450)]
    conversation(told, ANNA, ('', False, e2e.Message(conversation='no id'), 1), ('E', False, e2e.Message(), 2), *many)
    sizes = [len(part.messages) for part in parts(told)]
    assert sizes == [0, 200, 200, 50, 0]


def test_names_and_numbers_are_told_once_with_the_first_part() -> None:
    told = sync.HistorySync(syncType=4)
    told.pushnames.add(ID=ANNA, pushname='Anna')
    told.phoneNumberToLidMappings.add(pnJID=ANNA, lidJID='777@lid')
    first, *_ = parts(told)
    assert first.names == ((ANNA, 'Anna'),)
    assert first.people == (('777', '15551230001'),)
