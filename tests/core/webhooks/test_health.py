"""A webhook that only fails is spared, then switched off; nothing that waits for it is lost."""

import pytest

from core.errors import Conflict
from data.database import read
from data.deliveries import counts_of
from tests.core.house import until

from .conftest import Post


def breaks(post: Post, count: int = 10) -> None:
    """So many events fail, one after another."""
    for number in range(count):
        before = len(post.to.got)
        post.tell(f'lost {number}')
        until(lambda before=before: len(post.to.got) > before)  # type: ignore[misc]


def is_open(post: Post, made: object) -> bool:
    return post.row(made).opened_at is not None  # type: ignore[arg-type]


def test_ten_failures_in_a_row_open_the_circuit(post: Post) -> None:
    made = post.add(concurrency=1)
    post.to.answer = lambda call: call.says(500)
    breaks(post, 9)
    until(lambda: post.row(made).failures == 9)
    assert not is_open(post, made)
    breaks(post, 1)
    until(lambda: is_open(post, made))
    for number in range(5):
        post.tell(f'waits {number}')
    post.later(minutes=4)
    assert len(post.to.got) == 10
    assert post.states(made) == ['retrying'] * 10 + ['pending'] * 5


def test_it_is_probed_every_five_minutes_with_one_after_another(post: Post) -> None:
    made = post.add(concurrency=1)
    post.to.answer = lambda call: call.says(500)
    breaks(post)
    until(lambda: is_open(post, made))
    for n in range(1, 16):  # more than there are tries
        post.later(minutes=5)
        until(lambda n=n: len(post.to.got) == 10 + n)  # type: ignore[misc]
        until(lambda: post.states(made) == ['retrying'] * 10)
        post.webhooks.courier.sweep()
    assert len({call.json['data']['text'] for call in post.to.got[10:20]}) > 5
    assert {each.trigger for row in post.log(made) for each in post.tries(row)} == {'event', 'probe'}
    assert {row.step for row in post.log(made)} == {1}  # no probe costs a delivery its own tries
    post.tell('and this')
    post.to.answer = lambda call: call.says(200)
    post.later(minutes=5)
    until(lambda: not is_open(post, made))
    post.webhooks.courier.sweep()
    post.settled(made, *['delivered'] * 11)
    assert post.row(made).failures == 0


def test_one_success_begins_the_count_anew(post: Post) -> None:
    made = post.add(concurrency=1)
    post.to.answer = lambda call: call.says(500 if 'lost' in call.body.decode() else 200)
    breaks(post, 9)
    post.tell('fine')
    until(lambda: post.states(made)[-1] == 'delivered')
    breaks(post, 9)
    until(lambda: post.row(made).failures == 9)
    assert not is_open(post, made)


def test_after_a_day_it_is_said_and_after_five_it_is_switched_off(post: Post) -> None:
    made, other = post.add(name='ERP'), post.add('webhook.*', url=post.to.url('/alarm'))
    post.to.answer = lambda call: call.says(500 if call.path == '/in' else 200)
    breaks(post)
    until(lambda: is_open(post, made))

    def probe() -> None:
        before = len(post.to.got)
        post.webhooks.courier.sweep()
        until(lambda: [call.path for call in post.to.got[before:]].count('/in') == 1)
        until(lambda: 'leased' not in post.states(made))

    post.clock.later(hours=23)
    probe()
    assert 'webhook.failing' not in post.kinds()
    post.clock.later(hours=1)
    probe()
    until(lambda: post.kinds().count('webhook.failing') == 1)
    post.settled(other, 'delivered')  # no lease may end while the clock leaps
    post.clock.later(hours=48)
    probe()
    assert post.kinds().count('webhook.failing') == 1
    assert post.row(made).state == 'on'
    post.clock.later(hours=48)
    probe()
    until(lambda: post.row(made).state == 'disabled')
    assert post.row(made).reason == 'Nothing was accepted for five days.'
    post.settled(made, *['paused'] * 10)
    post.settled(other, 'delivered', 'delivered')
    told = [call.json for call in post.to.got if call.path == '/alarm']
    assert [(said['type'], said['data']['name']) for said in told] == [
        ('webhook.failing', 'ERP'), ('webhook.disabled', 'ERP'),
    ]  # fmt: skip


def waiting(post: Post) -> object:
    """Switched off, with three waiting, two of them for more than a day."""
    made = post.add()
    post.webhooks.book.switch_off(made.row.id)
    for number in range(3):
        post.tell(f'{number}')
        post.clock.later(hours=15)
    assert post.states(made) == ['paused'] * 3
    return made


@pytest.mark.parametrize(
    ('backlog', 'states'),
    [
        ('resume', ['delivered'] * 3), ('discard', ['dead'] * 3), ('last_day', ['dead', 'dead', 'delivered']),
    ],
)  # fmt: skip
def test_who_switches_on_says_what_becomes_of_what_waits(post: Post, backlog: str, states: list[str]) -> None:
    made = waiting(post)
    with pytest.raises(Conflict) as problem:
        post.webhooks.book.switch_on(made.row.id)  # type: ignore[attr-defined]
    assert problem.value.code == 'backlog_undecided'
    told = post.webhooks.book.switch_on(made.row.id, backlog)  # type: ignore[attr-defined, arg-type]
    assert told == states.count('delivered')
    post.webhooks.courier.sweep()
    post.settled(made, *states)  # type: ignore[arg-type]
    assert {row.error for row in post.log(made) if row.state == 'dead'} <= {'discarded'}  # type: ignore[arg-type]


def test_what_is_in_line_when_it_is_switched_off_waits(post: Post) -> None:
    made = post.add(rate=1, concurrency=1)
    for number in range(4):
        post.tell(f'{number}')
    until(lambda: post.to.got)
    post.webhooks.book.switch_off(made.row.id)
    until(lambda: post.states(made) == ['delivered', 'paused', 'paused', 'paused'])
    with read():
        assert counts_of(made.row.id) == {'delivered': 1, 'paused': 3}


def test_a_deleted_webhook_takes_everything_with_it(post: Post) -> None:
    made = post.add()
    for number in range(5):
        post.tell(f'{number}')
    post.settled(made, *['delivered'] * 5)
    post.webhooks.book.delete(made.row.id)
    assert post.log(made) == []
    post.tell('nobody hears it')
    assert len(post.to.got) == 5
