"""Eight blueprints, each chosen and published on the page, and met by a customer on the sandbox."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Page, expect

from tests.core.web import Line, Web, web
from tests.stories.product import Product, until
from tests.ui.whole_house import open_as, whole_house

pytestmark = pytest.mark.browser


@pytest.fixture(scope='module')
def shop() -> Iterator[Web]:
    """Another system: it knows one order, and answers what is forwarded to it."""
    with web() as here:
        here.answers['/orders/A-77'] = lambda line: line.says(b'{"status": "on its way"}', 'application/json')
        here.answers['/forward'] = _reply
        yield here


def _reply(line: Line) -> None:
    line.says(b'{"reply": "The other system says hello"}', 'application/json')


@pytest.fixture(scope='module')
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with whole_house(tmp_path_factory.mktemp('blueprints'), DOVECOTE_ALLOW_TARGETS='127.0.0.0/8') as product:
        for flow in product.get('/flows')['items']:  # those of the sandbox would answer first
            product.ask('PATCH', f'/flows/{flow["key"]}', {'enabled': False}).raise_for_status()
        yield product


async def publish(tab: Page, product: Product, blueprint: str, **inputs: str) -> str:
    """Through the page; the key of the flow."""
    name = f'Our {blueprint}'
    await open_as(tab, product, '/flows')
    await tab.get_by_role('button', name='New flow').click()
    asking = tab.get_by_role('dialog', name='New flow')
    await asking.get_by_label('Name').first.fill(name)
    await asking.get_by_label('Begin with').click()
    await tab.get_by_role('option', name=blueprint, exact=True).click()
    for label, value in inputs.items():
        await asking.get_by_label(label.replace('_', ' ').capitalize(), exact=True).fill(value)
    await asking.get_by_role('button', name='Create').click()
    await tab.get_by_role('button', name='Publish version').click()
    await expect(tab.get_by_text('is live.')).to_be_visible()
    return tab.url.rsplit('/', 1)[-1]


class Customer:
    def __init__(self, product: Product, phone: str, name: str) -> None:
        self.product, self.phone = product, phone
        product.post('/sandbox/phones', {'phone': phone, 'name': name})

    def says(self, text: str, *expected: str) -> None:
        """And hears one of these, or what begins with it."""
        before = len(self.product.inbox(self.phone))
        self.product.say(text, self.phone)
        until(lambda: any(heard.startswith(expected) for heard in self.product.inbox(self.phone)[before:]), 20,
              what=f'an answer to “{text}” that begins with {expected[0]}')  # fmt: skip


async def test_each_blueprint_answers_a_customer(tab: Page, product: Product, shop: Web) -> None:
    live: list[str] = []

    async def only(blueprint: str, **inputs: str) -> None:
        while live:
            product.ask('PATCH', f'/flows/{live.pop()}', {'enabled': False}).raise_for_status()
        live.append(await publish(tab, product, blueprint, **inputs))

    cara, dan, eve = (Customer(product, f'1555123001{n}', name) for n, name in enumerate(('Cara', 'Dan', 'Eve')))

    await only('Welcome')
    cara.says('good morning', 'Hi Cara, nice to hear from you!')

    await only('Menu')
    cara.says('menu', 'What would you like to know?')
    cara.says('9', 'Please answer with one of the numbers', 'What would you like to know?')
    cara.says('2', 'You find us at the market square.')

    today = datetime.now(UTC).date()
    await only('Away message', Closed_on=f'{today}\n{today + timedelta(days=1)}')
    cara.says('are you there', 'We are closed right now')

    await only('Order status', Address_to_ask=shop.url('/orders/{{ run.order }}'))
    cara.says('order status', 'What is the number of your order?')
    cara.says('A-77', 'Order A-77 is on its way')

    await only('Collect a lead')
    cara.says('quote', 'Happy to help! What is your name?')
    cara.says('Cara', 'Thanks, Cara.')
    cara.says('not an address', 'That does not look like an e-mail address.')
    cara.says('cara@example.org', 'What do you need?')
    cara.says('A wedding cake', 'Thank you! We will get back to you')

    await only('Feedback')
    eve.says('feedback', 'How happy are you with us')
    eve.says('2', 'We are sorry.')
    eve.says('the bread was cold', 'Thank you for telling us.')

    await only('Forward to a webhook', Address=shop.url('/forward'))
    dan.says('hello out there', 'The other system says hello')

    await only('Hand over to a person')
    dan.says('human', 'A colleague takes over', 'We are closed right now.')
    chats = product.get('/chats')['items']
    assert next(each for each in chats if each['with']['name'] == 'Dan')['automation'] == 'human'
