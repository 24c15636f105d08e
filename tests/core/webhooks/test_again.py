"""Told again: after a crash by itself, and whenever somebody asks for it."""

import threading
from datetime import timedelta

import pytest

from core.errors import Conflict, Invalid, NotFound
from core.housekeeping import Housekeeping
from data.database import write
from data.deliveries import free_leases
from tests.core.house import until
from tests.core.receiver import late

from .conftest import Post


def test_what_was_being_sent_when_the_program_ended_is_sent_again_under_its_id(post: Post) -> None:
    made, hold = post.add(timeout=30), threading.Event()
    post.to.answer = lambda call: hold.wait(20)
    post.tell('in the middle')
    until(lambda: len(post.to.got) == 1)
    assert post.states(made) == ['leased']
    post.to.answer = lambda call: call.says(200)
    post.restart()
    post.webhooks.courier.sweep()
    (row,) = post.settled(made, 'delivered')
    hold.set()
    assert [call.headers['webhook-id'] for call in post.to.got] == [f'msg_{row.id}'] * 2
    assert post.to.got[0].body == post.to.got[1].body
    assert [each.n for each in post.tries(row) if each.status] == [2]


def test_a_lease_ends_and_whoever_comes_too_late_changes_nothing(post: Post) -> None:
    made, hold = post.add(timeout=30), threading.Event()
    post.to.answer = late(hold, 500)
    post.tell()
    until(lambda: len(post.to.got) == 1)
    post.later(minutes=4)
    assert post.states(made) == ['leased']
    post.to.answer = lambda call: call.says(200)
    post.later(minutes=2)
    post.later(seconds=1)
    (row,) = post.settled(made, 'delivered')
    hold.set()
    until(lambda: len(post.tries(row)) == 2)
    assert post.states(made) == ['delivered']  # the first answer came late and was a 500


def test_a_lost_nudge_is_found(post: Post) -> None:
    made = post.add()
    post.webhooks.courier.has_room = lambda endpoint: False  # type: ignore[method-assign]
    post.webhooks.courier.look = lambda webhook_id: None  # type: ignore[method-assign]
    post.tell()
    assert post.states(made) == ['pending']
    post.restart()
    post.webhooks.courier.sweep()
    post.settled(made, 'delivered')


def test_one_delivery_is_told_again_at_once(post: Post) -> None:
    made = post.add()
    post.tell('once more')
    (row,) = post.settled(made, 'delivered')
    post.webhooks.replay.one(row.id)
    until(lambda: len(post.to.got) == 2 and post.states(made) == ['delivered'])
    assert post.to.got[0].headers['webhook-id'] == post.to.got[1].headers['webhook-id']
    assert post.to.got[0].body == post.to.got[1].body
    assert [(each.n, each.trigger) for each in post.tries(row)] == [(1, 'event'), (2, 'manual')]
    with pytest.raises(NotFound):
        post.webhooks.replay.one('nothing')


def test_everything_that_failed_since_is_told_again_ten_a_second(post: Post) -> None:
    made = post.add(rate=1000)
    post.to.answer = lambda call: call.says(404)
    post.tell('too old')
    post.settled(made, 'retrying')
    post.clock.later(minutes=1)
    since = post.clock.at
    for number in range(8):
        post.tell(f'{number}')
    post.settled(made, *['retrying'] * 9)
    post.to.answer = lambda call: call.says(200)
    post.tell('fine')
    post.settled(made, *['retrying'] * 9, 'delivered')
    with pytest.raises(Invalid, match='since'):
        post.webhooks.replay.many(made.row.id, 'failed', since=None)
    assert post.webhooks.replay.many(made.row.id, 'failed', since=since) == 8
    until(lambda: post.states(made).count('delivered') == 3)  # the first of them, and the old one whose time has come
    post.later(milliseconds=350)
    until(lambda: post.states(made).count('delivered') == 6)
    post.later(seconds=1)
    post.settled(made, *['delivered'] * 10)


def test_some_are_told_again_and_none_of_another_webhook(post: Post) -> None:
    made, other = post.add(), post.add(url=post.to.url('/other'))
    for number in range(3):
        post.tell(f'{number}')
    rows = post.settled(made, *['delivered'] * 3)
    (foreign, *_) = post.settled(other, *['delivered'] * 3)
    count = len(post.to.got)
    assert post.webhooks.replay.many(made.row.id, 'ids', since=None, ids=[rows[0].id, rows[2].id, foreign.id]) == 2
    post.later(seconds=1)
    until(lambda: len(post.to.got) == count + 2)
    post.settled(made, *['delivered'] * 3)
    assert sorted(call.json['data']['text'] for call in post.to.got[count:]) == ['0', '2']


def test_what_happened_before_there_was_a_webhook_can_be_told(post: Post) -> None:
    post.tell('long ago')
    post.clock.later(minutes=5)
    since = post.clock.at
    for number in range(3):
        post.tell(f'missed {number}')
    post.tell('not asked for', kind='contact.created')
    made = post.add()
    post.tell('heard')
    post.settled(made, 'delivered')
    assert post.webhooks.replay.many(made.row.id, 'missing', since=since) == 3
    post.later(seconds=1)
    post.settled(made, *['delivered'] * 4)
    assert sorted(post.to.texts()) == ['heard', 'missed 0', 'missed 1', 'missed 2']
    assert post.webhooks.replay.many(made.row.id, 'missing', since=since) == 0


def test_nothing_is_replayed_to_what_is_switched_off(post: Post) -> None:
    made = post.add()
    post.tell()
    (row,) = post.settled(made, 'delivered')
    post.webhooks.book.switch_off(made.row.id)
    for again in (
        lambda: post.webhooks.replay.one(row.id),
        lambda: post.webhooks.replay.many(made.row.id, 'failed', since=post.clock.at),
    ):
        with pytest.raises(Conflict) as problem:
            again()
        assert problem.value.code == 'webhook_off'


def test_a_test_is_sent_once_and_says_what_came_back(post: Post) -> None:
    made = post.add()
    id, answer = post.webhooks.replay.test(made.row.id)
    assert (answer.status, answer.is_good, post.to.got[0].type) == (200, True, 'webhook.test')
    post.to.answer = lambda call: call.says(500, b'broken')
    for _ in range(12):
        _, answer = post.webhooks.replay.test(made.row.id)
    assert (answer.status, answer.body) == (500, 'broken')
    assert post.states(made) == ['delivered', *['dead'] * 12]
    assert post.log(made)[0].id == id
    assert (post.row(made).failures, post.row(made).opened_at) == (0, None)  # tests say nothing about its health


def test_old_deliveries_are_forgotten_the_dead_later_than_the_others(post: Post) -> None:
    made = post.add()
    post.tell('arrives')
    post.settled(made, 'delivered')
    post.to.answer = lambda call: call.says(500)
    post.webhooks.replay.test(made.row.id)
    keeping = Housekeeping(post.world, retention_days=0)
    for days, states in ((29, ['delivered', 'dead']), (2, ['dead']), (58, ['dead']), (2, [])):
        post.clock.later(days=days)
        keeping.clean()
        assert post.states(made) == states
    assert write(lambda: free_leases(post.clock.at - timedelta(days=1), post.clock.at)) == 0
