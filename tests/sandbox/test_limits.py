"""What WhatsApp does to a number that writes to strangers, and bans."""

import pytest

from core.errors import Invalid
from core.sandbox.control import Fault
from core.sandbox.process import Sandbox
from tests.sandbox.conftest import BOB, CAROL, DORA, SHOP
from tests.sandbox.rig import Client, OrderFailed, Rig, until


@pytest.fixture(scope='module')
def shop(rig: Rig) -> Client:
    return rig.client('shop').pair(SHOP)


@pytest.fixture(autouse=True)
def no_faults(sandbox: Sandbox) -> None:
    sandbox.clear_fault()


def test_only_so_many_strangers_are_written_to(shop: Client, sandbox: Sandbox) -> None:
    sandbox.say(DORA, SHOP, 'I know the shop')
    sandbox.set_fault(Fault(kind='reachout', phone=SHOP, n=1))
    shop.send(BOB, 'hello stranger')
    shop.send(BOB, 'me again')
    with pytest.raises(OrderFailed, match='463'):
        shop.send(CAROL, 'hello other stranger')
    shop.send(DORA, 'an answer is always allowed')
    assert [each.kind for each in sandbox.faults()] == ['reachout']
    sandbox.say(CAROL, SHOP, 'now I know it too')
    shop.send(CAROL, 'hello')
    sandbox.add_phone('15550000009', 'Eve')
    with pytest.raises(OrderFailed, match='463'):
        shop.send('15550000009', 'hello')
    sandbox.clear_fault('reachout')
    shop.send('15550000009', 'hello')


def test_a_time_lock_ends_by_itself(shop: Client, sandbox: Sandbox) -> None:
    for number in ('15550000010', '15550000011'):
        sandbox.add_phone(number)
    sandbox.set_fault(Fault(kind='reachout', phone=SHOP, n=0, seconds=1))
    with pytest.raises(OrderFailed, match='463'):
        shop.send('15550000010', 'too early')
    sandbox.set_fault(Fault(kind='reachout', phone=SHOP, n=1, seconds=1))
    shop.send('15550000010', 'the one that is allowed')
    refused = False

    def through() -> bool:
        nonlocal refused
        try:
            shop.send('15550000011', 'later')
        except OrderFailed:
            refused = True
            return False
        return True

    until(through)
    assert refused


def test_a_ban_throws_the_session_out_until_it_ends(shop: Client, sandbox: Sandbox) -> None:
    shop.wait('Connected')
    sandbox.set_fault(Fault(kind='ban', phone=SHOP, seconds=3600))
    ban = shop.wait('TemporaryBan')['what']
    assert ban['Code'] == 'SEND_TO_TOO_MANY_PEOPLE'
    assert 3000 < int(ban['Expire']) <= 3600
    [held] = sandbox.faults()
    assert (held.kind, held.phone, held.code) == ('ban', SHOP, 101)
    before = len(shop.seen('Connected'))
    shop.stop()
    shop.start()
    shop.wait('TemporaryBan', 2)
    sandbox.clear_fault('ban')
    shop.stop()
    shop.start()
    shop.wait('Connected', before + 1)
    sandbox.set_fault(Fault(kind='ban', phone=SHOP, seconds=1, code=104))
    shop.wait('TemporaryBan', 3)
    until(lambda: sandbox.faults() == ())
    shop.stop()
    shop.start()
    shop.wait('Connected', before + 2)


def test_messages_may_come_too_fast(shop: Client, sandbox: Sandbox) -> None:
    sandbox.set_fault(Fault(kind='nack', code=429, times=2, phone=SHOP))
    for _ in range(2):
        with pytest.raises(OrderFailed, match='429'):
            shop.send(DORA, 'quick')
    shop.send(DORA, 'quick')


def test_a_limit_needs_a_phone_and_a_ban_an_end(sandbox: Sandbox) -> None:
    for wrong in (Fault(kind='reachout', n=3), Fault(kind='ban', phone=SHOP), Fault(kind='media_slow')):
        with pytest.raises(Invalid, match='needs'):
            sandbox.set_fault(wrong)
