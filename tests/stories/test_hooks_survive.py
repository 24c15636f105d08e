"""Killed between the thanks and the deed: what was accepted is done, once."""

import signal
from collections import Counter

import httpx

from .product import BEN, Product, until

COUNT = 80


def test_killed_between_202_and_the_doing(product: Product) -> None:
    calls = {'session': 'shop', 'to': BEN, 'text': '{{ payload.text }}', 'delay': '{{ payload.delay }}'}
    made = product.post('/hooks', {'name': 'Orders', 'map': calls, 'per_minute': 0})
    accepted = {}
    with httpx.Client(trust_env=False, timeout=30) as caller:
        for n in range(COUNT):
            body = {'text': f'hook {n}', 'delay': 2 if n % 4 == 0 else 0}  # these are certainly not done yet
            answer = caller.post(made['url'], json=body)
            assert answer.status_code == 202, answer.text
            accepted[answer.json()['id']] = body['text']
        assert product.stop(signal.SIGKILL) < 5
        product.start()
        product.wait_state('working')
        path = f'/hooks/{made["id"]}/events'

        def all_done() -> bool:
            items = product.get(path, params={'limit': 200})['items']
            return len(items) == COUNT and all(each['state'] == 'done' for each in items)

        until(all_done, 60, what='every call is done')
        repeated = caller.post(made['url'], json={'text': 'hook 1', 'delay': 0})
    assert (repeated.status_code, accepted[repeated.json()['id']]) == (200, 'hook 1')
    sent = [each for each in product.messages(direction='out') if each['text'].startswith('hook ')]
    assert Counter(each['text'] for each in sent) == Counter(accepted.values())
    settled = {'sent', 'delivered', 'read', 'uncertain'}
    until(
        lambda: all(
            each['status'] in settled for each in product.messages(direction='out') if each['text'].startswith('hook ')
        ),
        60,
    )
    doubtful = {each['text'] for each in product.messages(direction='out') if each['status'] == 'uncertain'}
    until(lambda: set(product.inbox(BEN)) | doubtful >= set(accepted.values()), 30, what='they arrive')
    arrived = Counter(text for text in product.inbox(BEN) if text.startswith('hook '))
    assert max(arrived.values()) == 1
