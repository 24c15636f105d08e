"""A minute without WhatsApp. In a file of its own, so that other stories are told meanwhile."""

import time

from .product import Product, until

OUTAGE = 60
BACK_WITHIN = 5


def test_the_server_is_gone_for_a_minute(product: Product) -> None:
    product.post('/sandbox/faults', {'kind': 'outage', 'seconds': OUTAGE})
    began = time.monotonic()
    until(lambda: product.state_of() == 'reconnecting', 30)
    ids = [product.send(f'outage {n}') for n in range(5)]
    time.sleep(OUTAGE - 5 - (time.monotonic() - began))
    assert product.state_of() == 'reconnecting'
    assert {product.get(f'/messages/{id}')['status'] for id in ids} == {'queued'}
    product.wait_state('working', wait=BACK_WITHIN + 6)
    assert time.monotonic() - began < OUTAGE + BACK_WITHIN
    until(lambda: [product.get(f'/messages/{id}')['status'] for id in ids] == ['delivered'] * 5, 30)
    assert [text for text in product.inbox() if text.startswith('outage')] == [f'outage {n}' for n in range(5)]
