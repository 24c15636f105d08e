"""A connection that stays open and says nothing any more. In a file of its own, so that other stories are told."""

from .product import ANNA, Product, until


def test_a_mute_server_is_noticed_told_and_left_for_a_new_connection(product: Product) -> None:
    product.post('/sandbox/faults', {'kind': 'mute'})
    waits = product.send('into the silence')
    product.say('does anybody hear me?')
    until(lambda: product.state_of() == 'reconnecting', 120, what='the silence is noticed')
    assert 'WhatsApp does not answer' in _told(product)
    product.ask('DELETE', '/sandbox/faults')
    product.wait_state('working', wait=90)
    until(lambda: 'does anybody hear me?' in _heard(product), 30, what='what Anna wrote meanwhile arrives')
    until(lambda: product.get(f'/messages/{waits}')['status'] in {'uncertain', 'sent', 'delivered'}, 120)
    assert product.inbox(ANNA).count('into the silence') <= 1
    later = product.send('can you hear me now?')
    until(lambda: product.get(f'/messages/{later}')['status'] == 'delivered', 30)


def _told(product: Product) -> str:
    return ' '.join(str(each['detail']) for each in product.get('/sessions/shop/history')['items'])


def _heard(product: Product) -> list[str]:
    return [str(message['text']) for message in product.messages(direction='in')]
