"""Deliveries of one chat in their order, for those who ask for it."""

import threading

from tests.core.house import until
from tests.core.receiver import late

from .conftest import Post


def test_one_chat_is_told_in_order_and_others_do_not_wait(post: Post) -> None:
    made = post.add(ordering='per_chat')
    post.to.answer = lambda call: call.says(500 if call.json['data']['text'] == 'a1' and len(call.body) else 200)
    post.tell('a1', chat='A')
    until(lambda: post.states(made) == ['retrying'])
    for text in ('a2', 'b1', 'a3', 'b2'):
        post.tell(text, chat=text[0].upper())
    until(lambda: post.states(made) == ['retrying', 'pending', 'delivered', 'pending', 'delivered'])
    post.to.answer = lambda call: call.says(200)
    post.later(seconds=6)
    post.settled(made, *['delivered'] * 5)
    assert post.to.texts() == ['a1', 'b1', 'b2', 'a1', 'a2', 'a3']
    assert [call.json['data']['sequence'] for call in post.to.got if call.json['meta']['chat'] == 'A'] == [1, 1, 2, 3]


def test_a_burst_in_one_chat_arrives_in_order(post: Post) -> None:
    made = post.add(ordering='per_chat', rate=1000)
    post.to.answer = late(threading.Event(), 200, 0.005)
    for number in range(40):
        post.tell(f'{number}', chat='A' if number % 2 else 'B')
    post.settled(made, *['delivered'] * 40)
    for chat in 'AB':
        mine = [int(call.json['data']['text']) for call in post.to.got if call.json['meta']['chat'] == chat]
        assert mine == sorted(mine)


def test_after_ten_minutes_a_chat_goes_on_and_says_that_something_is_missing(post: Post) -> None:
    made = post.add(ordering='per_chat')
    post.to.answer = lambda call: call.says(422 if 'bad' in call.body.decode() else 200)
    post.tell('bad')
    until(lambda: post.states(made) == ['retrying'])
    post.tell('next')
    post.tell('last')
    post.later(seconds=6)
    until(lambda: post.log(made)[0].attempts == 2 and post.states(made)[0] == 'retrying')
    post.clock.later(minutes=9)
    post.webhooks.courier.pass_blocked()
    assert post.states(made)[1:] == ['pending', 'pending']
    post.clock.later(minutes=1)
    post.webhooks.courier.pass_blocked()
    until(lambda: post.states(made)[1:] == ['delivered', 'delivered'])
    said = [call.json['data'] for call in post.to.got if b'bad' not in call.body]
    assert [(each['text'], each['sequence'], each.get('gap')) for each in said] == [
        ('next', 2, True), ('last', 3, None),
    ]  # fmt: skip
    until(lambda: post.log(made)[0].attempts == 3 and post.states(made)[0] == 'retrying')  # it goes on for itself


def test_without_asking_for_it_nothing_waits_for_anything(post: Post) -> None:
    made = post.add()
    post.to.answer = lambda call: call.says(500 if call.json['data']['text'] == 'first' else 200)
    post.tell('first')
    until(lambda: post.states(made) == ['retrying'])
    post.tell('second')
    post.settled(made, 'retrying', 'delivered')
    assert [call.json['data']['sequence'] for call in post.to.got] == [1, 2]
