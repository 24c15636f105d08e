"""What a linked device is told of the past."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.errors import Invalid
from core.sandbox.process import Sandbox
from core.sandbox.protos import e2e
from tests.sandbox.conftest import BOB, CAROL, DORA, SHOP
from tests.sandbox.rig import Client, Rig, until

LONG_AGO = datetime(2026, 1, 1, 12, tzinfo=UTC)
NUMBER = '@s.whatsapp.net'


@pytest.fixture(scope='module')
def talked(sandbox: Sandbox) -> str:
    """Twelve old messages with Bob, then three with Carol, a poll of Dora's and one in a group. The group's name."""
    for n in range(12):
        sandbox.remember(SHOP, BOB, f'old {n}', at=LONG_AGO + timedelta(hours=n), mine=n % 2 == 1)
    for n in range(3):
        sandbox.remember(SHOP, CAROL, f'newer {n}', at=LONG_AGO + timedelta(days=10, hours=n))
    team = sandbox.add_group('Team', DORA, (SHOP, BOB)).jid
    sandbox.say(DORA, team, 'in the group')
    sandbox.poll(DORA, SHOP, 'Well?', ('Yes', 'No'))
    until(lambda: any(each.kind == 'poll' for each in sandbox.inbox(SHOP)))
    return team


@pytest.fixture(scope='module')
def shop(rig: Rig, sandbox: Sandbox, talked: str) -> Client:
    sandbox.history(SHOP, 3, 8)
    return rig.client('shop').pair(SHOP)


def parts(client: Client, kind: str) -> list[dict[str, Any]]:
    """The blobs of one kind that the library got."""
    found = [fact['what']['Data'] for fact in client.seen('HistorySync')]
    return [each for each in found if each.get('syncType', 'INITIAL_BOOTSTRAP') == kind]


def some(look: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return until(look)


def texts(conversation: dict[str, Any]) -> list[str]:
    """The texts of a conversation, newest first."""
    return [each['message']['message'].get('conversation', '') for each in conversation.get('messages', [])]


def test_the_newest_chats_come_at_once_and_the_rest_in_another_part(shop: Client, talked: str) -> None:
    [first] = some(lambda: parts(shop, 'INITIAL_BOOTSTRAP'))
    chats = {each['ID']: each for each in first['conversations']}
    assert list(chats) == [DORA + NUMBER, talked, CAROL + NUMBER]  # Bob's is the fourth
    assert texts(chats[CAROL + NUMBER]) == ['newer 2', 'newer 1', 'newer 0']
    assert chats[talked]['name'] == 'Team'
    [entry] = chats[talked]['messages']
    assert entry['message']['key']['participant'].endswith('@lid')
    [poll] = chats[DORA + NUMBER]['messages']
    assert len(base64.b64decode(poll['message']['messageSecret'])) == 32
    [names] = some(lambda: parts(shop, 'PUSH_NAME'))
    assert {each['ID']: each['pushname'] for each in names['pushnames']}[CAROL + NUMBER] == 'Carol'


def test_older_messages_come_by_the_media_store(rig: Rig, sandbox: Sandbox, talked: str) -> None:
    sandbox.history(SHOP, 10, 8)
    second = rig.client('second').pair(SHOP)
    [older] = some(lambda: parts(second, 'RECENT'))
    [bob] = older['conversations']
    assert texts(bob) == ['old 6', 'old 5', 'old 4']  # eight in all, of which five came at once
    newest = bob['messages'][0]['message']
    assert int(newest['messageTimestamp']) == LONG_AGO.timestamp() + 6 * 3600
    assert not newest['key'].get('fromMe')
    assert (older['chunkOrder'], older['progress']) == (1, 100)


def test_many_chats_come_in_several_parts(rig: Rig, sandbox: Sandbox) -> None:
    sandbox.add_phone('15557770000', 'Busy')
    for person in range(21):
        number = f'155577711{person:02}'
        sandbox.add_phone(number)
        for n in range(7):
            sandbox.remember('15557770000', number, f'{n}', at=LONG_AGO + timedelta(hours=person, minutes=n))
    sandbox.history('15557770000', 30, 50)
    busy = rig.client('busy').pair('15557770000')
    until(lambda: len(parts(busy, 'RECENT')) == 3)
    assert [each['progress'] for each in parts(busy, 'RECENT')] == [33, 66, 100]
    assert sum(len(each['conversations']) for each in parts(busy, 'RECENT')) == 21
    assert [len(each['conversations']) for each in parts(busy, 'INITIAL_BOOTSTRAP')] == [21]


def test_a_device_asks_for_what_is_older(shop: Client, sandbox: Sandbox) -> None:
    oldest = next(each for each in sandbox.conversation(SHOP, BOB) if each.text == 'old 6')
    request = e2e.Message()
    request.protocolMessage.type = e2e.ProtocolMessage.PEER_DATA_OPERATION_REQUEST_MESSAGE
    asked = request.protocolMessage.peerDataOperationRequestMessage
    asked.peerDataOperationRequestType = e2e.PeerDataOperationRequestType.Value('HISTORY_SYNC_ON_DEMAND')
    wanted = asked.historySyncOnDemandRequest
    wanted.chatJID, wanted.oldestMsgID, wanted.onDemandMsgCount = BOB + NUMBER, oldest.id, 4
    shop.do('send_raw', to=SHOP, message=base64.b64encode(request.SerializeToString()).decode())
    [answer] = some(lambda: parts(shop, 'ON_DEMAND'))
    assert texts(answer['conversations'][0]) == ['old 5', 'old 4', 'old 3', 'old 2']


def test_a_phone_that_is_not_told_to_shares_nothing(rig: Rig, sandbox: Sandbox) -> None:
    sandbox.remember(DORA, BOB, 'secret', at=LONG_AGO)
    dora = rig.client('dora').pair(DORA)
    [first] = some(lambda: parts(dora, 'INITIAL_BOOTSTRAP'))
    assert 'conversations' not in first
    some(lambda: parts(dora, 'RECENT'))
    with pytest.raises(Invalid):
        sandbox.history(DORA, -1, 0)
