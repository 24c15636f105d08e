"""A full disk delays what must be kept; it does not lose it."""

import pytest

from core.events import Sent
from data.database import StorageFailed
from data.messages import Message

from .house import START, House, full_disk, message, receipt


def test_what_arrives_on_a_full_disk_is_kept_once_there_is_room(house: House) -> None:
    shop = house.working()
    stored = len(house.stored)
    with full_disk():
        for n in range(20):
            house.tell(message(shop, f'{n:02} ' + 'x' * 4_000, id=f'A{n}'))
        kept = len(house.stored) - stored
        assert kept < 20
    house.again.tick()
    house.settle()
    assert len(house.stored) - stored == 20
    assert [m.text[:2] for m in Message.select().order_by(Message.id)] == [f'{n:02}' for n in range(20)]


def test_what_became_of_a_message_is_recorded_once_there_is_room(house: House) -> None:
    shop = house.working()
    house.hosts.holds = True
    id = house.post('hello').id
    _, _, future = house.hosts.line.pop()
    with full_disk():
        for n in range(400):  # until not one row more fits
            house.tell(receipt(shop, 'delivered', f'X{n}'))
        future.set_result(Sent(whatsapp_id='WA1', at=START))
        house.settle()
        with pytest.raises(StorageFailed):
            house.post('one more' * 4_000)
    house.again.tick()
    house.settle()
    assert house.message(id).status == 'sent'
