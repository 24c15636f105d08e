"""WhatsApp bans an account while it still has something to say. In a file of its own: it takes its time."""

from .product import ANNA, BEN, SHOP, Product, until


def test_what_waits_when_a_ban_comes_says_until_when_and_leaves_after_it(product: Product) -> None:
    product.post('/sandbox/faults', {'kind': 'latency', 'ms': 400})
    ids = [product.send(f'message {n}', ANNA if n % 2 else BEN) for n in range(30)]
    until(lambda: product.get(f'/messages/{ids[0]}')['status'] in {'sent', 'delivered', 'read'}, 30)
    product.ask('DELETE', '/sandbox/faults')
    product.post('/sandbox/faults', {'kind': 'fail_login', 'phone': SHOP, 'reason': 402, 'code': 101, 'expire': 20})
    product.post('/sandbox/faults', {'kind': 'drop', 'phone': SHOP})
    product.wait_state('banned')

    shop = product.get('/sessions/shop')
    (limit,) = shop['limits']
    assert (limit['kind'], limit['stops'], limit['until']) == ('banned', 'everything', shop['until'])
    waiting = [row for row in product.messages(status='queued') if row['id'] in ids]
    assert waiting
    for row in waiting:
        assert row['waits'] == {'until': shop['until'], 'reason': shop['detail']}

    product.wait_state('working', wait=60)
    assert product.get('/sessions/shop')['limits'] == []
    until(lambda: all(product.get(f'/messages/{row["id"]}')['status'] == 'delivered' for row in waiting), 40)
    texts = product.inbox(ANNA) + product.inbox(BEN)
    for n, id in enumerate(ids):
        seen = texts.count(f'message {n}')
        assert seen == 1 or (seen == 0 and product.get(f'/messages/{id}')['status'] == 'uncertain')
