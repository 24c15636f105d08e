"""Texts that are written again and again."""

import pytest

from core.errors import Invalid, NotFound
from core.quick_replies import QuickReplies, filled_for
from data.chats import latest_chats
from data.database import read
from data.quick_replies import quick_replies

from .house import House


@pytest.fixture
def replies(house: House) -> QuickReplies:
    return QuickReplies(house.outbox.world, house.outbox.desk)


def kept() -> list[tuple[str, str]]:
    with read():
        return [(row.key, row.text) for row in quick_replies()]


def test_it_is_filled_for_whom_it_is_written_to(house: House, replies: QuickReplies) -> None:
    house.working()
    house.says('hello', push_name='Anna Keller')
    assert replies.put('hi', 'Hi {{ contact.first_name }}, {{ me.name }} of {{ session.name }} here.')
    replies.put('wrong', 'Your order {{ order.number }}')
    with read():
        filled = filled_for(latest_chats()[0], 'Mia')
    assert filled[0] == ('hi', 'Hi Anna, Mia of shop here.', '')
    assert filled[1][:2] == ('wrong', 'Your order {{ order.number }}')
    assert 'there is no “order”' in filled[1][2]


def test_it_is_changed_renamed_and_deleted(house: House, replies: QuickReplies) -> None:
    assert replies.put('hours', 'From 7')
    assert not replies.put('hours', 'From 8')
    replies.rename('hours', 'opening-hours', 'From 9')
    assert kept() == [('opening-hours', 'From 9')]
    replies.put('other', 'x')
    with pytest.raises(Invalid, match='already'):
        replies.rename('other', 'opening-hours', 'x')
    replies.delete('other')
    assert kept() == [('opening-hours', 'From 9')]
    with pytest.raises(NotFound):
        replies.delete('other')
    assert house.kinds().count('quick_replies.changed') >= 4


@pytest.mark.parametrize(
    ('key', 'text', 'field'),
    [
        ('', 'x', 'key'),
        ('With Space', 'x', 'key'),
        ('x' * 33, 'x', 'key'),
        ('a', ' ', 'text'),
        ('a', 'x' * 4_097, 'text'),
        ('a', '{{ contact.name', 'text'),
        ('a', '{% for %}', 'text'),
    ],
)
def test_nonsense_is_refused_and_says_where(
    house: House, replies: QuickReplies, key: str, text: str, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        replies.put(key, text)
    assert refused.value.field == field
    assert kept() == []
