"""Killed, stopped, cut off: nothing is lost, nothing is sent twice."""

import fcntl
import os
import signal
from collections import Counter
from typing import Any

from core.departures import AHEAD

from .product import ANNA, BEN, Product, alive, until

FINAL = {'sent', 'delivered', 'read', 'uncertain', 'failed'}


def is_let_go(product: Product, name: str) -> bool:
    """Nobody holds the session's store any more."""
    id = product.get(f'/sessions/{name}')['id']
    with (product.state / 'sessions' / f'{id}.lock').open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def run_of(product: Product, message: str) -> Any:
    return next((run for run in product.get('/runs')['items'] if run['message'] == message), None)


def all_settled(product: Product, prefix: str, count: int) -> bool:
    found = [m for m in product.messages(direction='out') if m['text'].startswith(prefix)]
    return len(found) == count and all(m['status'] in FINAL for m in found)


def check_nothing_lost_or_doubled(product: Product, prefix: str, count: int, *, most_uncertain: int) -> None:
    rows = {m['text']: m['status'] for m in product.messages(direction='out') if m['text'].startswith(prefix)}
    arrived = Counter(text for text in product.inbox(BEN) if text.startswith(prefix))
    assert len(rows) == count
    assert [text for text, times in arrived.items() if times > 1] == []
    uncertain = [text for text, status in rows.items() if status == 'uncertain']
    missing = [text for text in rows if text not in arrived]
    assert len(uncertain) <= most_uncertain, uncertain
    assert set(missing) <= set(uncertain), missing  # only what we ourselves say we are not sure of
    order = [text for text in product.inbox(BEN) if text.startswith(prefix)]
    assert order == sorted(order, key=lambda text: int(text.rsplit(' ', 1)[1]))


def test_the_host_killed_in_the_middle_of_200_sends(product: Product) -> None:
    for n in range(200):
        product.send(f'host {n}', BEN)
        if n == 100:
            os.kill(product.get('/hosts')[0]['pid'], signal.SIGKILL)
    until(lambda: all_settled(product, 'host', 200), 180)
    check_nothing_lost_or_doubled(product, 'host', 200, most_uncertain=1)
    assert product.get('/hosts')[0]['crashes'] == 1


def test_terminated_in_the_middle_of_sends(product: Product) -> None:
    for n in range(60):
        product.send(f'term {n}', BEN)
    assert product.stop(signal.SIGTERM) < 10
    assert product.process is not None
    assert product.process.returncode == 0
    product.start()
    until(lambda: all_settled(product, 'term', 60), 180)
    check_nothing_lost_or_doubled(product, 'term', 60, most_uncertain=AHEAD)


def test_everything_killed_at_once_and_started_again(product: Product) -> None:
    product.ask('PATCH', f'/sandbox/phones/{ANNA}', {'offline': True})
    product.send('for when you are back', ANNA)
    for n in range(40):
        product.send(f'kill {n}', BEN)
    children = product.children()
    assert children
    assert product.stop(signal.SIGKILL) < 5
    # Within 5 s, is the promise; a machine with other things to do may take longer.
    until(lambda: not any(alive(pid) for pid in children), 20, what='its children end by themselves')
    product.start()
    product.wait_state('working')
    until(lambda: all_settled(product, 'kill', 40), 180)
    check_nothing_lost_or_doubled(product, 'kill', 40, most_uncertain=AHEAD)
    assert {'Anna', 'Ben'} <= {phone['name'] for phone in product.get('/sandbox/phones')['items']}
    product.ask('PATCH', f'/sandbox/phones/{ANNA}', {'offline': False})
    until(lambda: 'for when you are back' in product.inbox(ANNA), 30, what='what waited for Anna arrives')


def test_what_arrives_while_nobody_is_connected_is_kept_but_not_answered(product: Product) -> None:
    product.post('/sessions/shop/stop')
    until(lambda: is_let_go(product, 'shop'), 30, what='its host has closed it')
    product.say('hello, is anybody there?')
    product.post('/sessions/shop/start')
    product.wait_state('working')
    (message,) = until(lambda: product.messages(direction='in'), 30, what='it is kept')
    assert (message['text'], message['origin']) == ('hello, is anybody there?', 'offline')
    run = until(lambda: run_of(product, message['id']), 30, what='it is decided about')
    assert (run['state'], run['flow']) == ('suppressed_stale', None)
    assert product.messages(direction='out') == []
    assert product.stop() < 10
    product.start()
    product.wait_state('working')
    product.say('hello again')
    until(lambda: any('Hi Anna!' in text for text in product.inbox()), 30, what='who is here again answers')
    assert [text for text in product.inbox() if 'Hi Anna!' in text] == product.inbox()[-1:]


def test_a_connection_dropped_twenty_times(product: Product) -> None:
    drop = {'kind': 'drop', 'phone': '15550000001'}
    for n in range(20):
        # Refused until it is connected again.
        until(lambda: product.ask('POST', '/sandbox/faults', drop).is_success, 30, what=f'drop {n}')
        product.send(f'drop {n}', BEN)
    until(lambda: all_settled(product, 'drop', 20), 180)
    check_nothing_lost_or_doubled(product, 'drop', 20, most_uncertain=2)
