"""A system that is told what happens, while the program is killed and its receiver comes and goes."""

import signal
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from standardwebhooks import Webhook as Standard

from tests.core.receiver import Receiver, late, receiver

from .product import Product, free_port, until


@pytest.fixture
def to() -> Iterator[Receiver]:
    with receiver() as running:
        yield running


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Product]:
    """One that may tell receivers on this machine."""
    made = Product(tmp_path / 'state', free_port(), env={'DOVECOTE_ALLOW_TARGETS': '127.0.0.0/8'})
    try:
        made.start()
        made.wait_state('working')
        yield made
    finally:
        made.close()


def test_killed_in_the_middle_of_telling_it_tells_again_under_the_same_ids(told: Product, to: Receiver) -> None:
    hold = threading.Event()
    made = told.post('/webhooks', {'url': to.url(), 'events': ['message.received'], 'timeout': 30})
    told.say('before')
    until(lambda: to.texts() == ['before'], 20)
    to.answer = late(hold, 200)
    for number in range(8):  # more than are told at a time
        told.say(f'in the middle {number}')
    until(lambda: len(to.got) == 6, 20, what='five are on their way')
    told.stop(signal.SIGKILL)
    hold.set()
    told.start()
    until(lambda: len(set(to.texts())) == 9, 60, what='all are told')
    path = f'/webhooks/{made["id"]}/deliveries'
    until(lambda: {row['state'] for row in told.get(path)['items']} == {'delivered'}, 20)
    ids = {call.headers['webhook-id']: call.body for call in to.got}
    assert len(ids) == 9
    assert sorted(ids) == sorted(row['webhook_id'] for row in told.get(path)['items'])
    for call in to.got:
        assert call.body == ids[call.headers['webhook-id']]
        Standard(made['secret']).verify(call.body, call.headers)
    twice = [text for text, count in Counter(to.texts()).items() if count > 1]
    assert 1 <= len(twice) <= 5
    assert 'before' not in twice
