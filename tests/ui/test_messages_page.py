"""The message log, with the whole product behind it."""

import re
from collections.abc import Iterator

import pytest
from playwright.async_api import Locator, Page, expect

from tests.stories.product import ANNA, BEN, SHOP, Product, until
from tests.ui.whole_house import doubt, flaws, is_too_wide, open_as, wear, whole_house


@pytest.fixture(scope='module')
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with whole_house(tmp_path_factory.mktemp('log')) as product:
        product.say('where is my loaf?', ANNA)
        product.send('Ben, your bread is ready.', to=BEN)
        until(lambda: len(product.messages()) == 2, 30)
        yield product


def rows(tab: Page) -> Locator:
    return tab.get_by_role('table', name='Messages').locator('tbody tr')


def row(tab: Page, text: str) -> Locator:
    return rows(tab).filter(has_text=text).first


async def choose(tab: Page, label: str, option: str) -> None:
    await tab.get_by_label(label, exact=True).click()
    await tab.get_by_role('option', name=option, exact=True).click()


@pytest.mark.browser
async def test_new_messages_appear_and_their_status_turns_without_a_reload(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/messages')
    await expect(row(tab, 'where is my loaf?').get_by_role('img', name='Received')).to_be_visible()
    product.send('The oven is hot.', to=ANNA)
    await expect(rows(tab).first).to_contain_text('The oven is hot.')
    await expect(rows(tab).first).to_contain_text('Delivered')
    product.post(f'/sandbox/phones/{ANNA}/read')
    await expect(rows(tab).first).to_contain_text('Read')
    assert await flaws(tab) == []


@pytest.mark.browser
async def test_filters_narrow_the_log_and_stay_in_the_address(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/messages')
    await tab.get_by_role('button', name='Sent', exact=True).click()
    await expect(row(tab, 'where is my loaf?')).to_be_hidden()
    await expect(row(tab, 'your bread is ready')).to_be_visible()
    await tab.get_by_label('Search in the text').fill('BREAD')
    await expect(rows(tab)).to_have_count(1)
    await expect(tab).to_have_url(re.compile(r'direction=out&q=BREAD$'))
    await tab.reload()
    await expect(rows(tab)).to_have_count(1)
    await choose(tab, 'Status', 'Failed')
    await expect(tab.get_by_text('No message fits.')).to_be_visible()


@pytest.mark.browser
async def test_a_refused_message_is_explained_and_sent_again(tab: Page, product: Product) -> None:
    product.post('/sandbox/faults', {'kind': 'nack', 'code': 463, 'times': 1})
    product.send('Refused once', to=ANNA)
    await open_as(tab, product, '/messages')
    await expect(row(tab, 'Refused once')).to_contain_text('Failed')
    await row(tab, 'Refused once').get_by_role('button').press('Enter')
    detail = tab.get_by_role('dialog', name='To Anna')
    await expect(detail.get_by_text('(463)')).to_be_visible()
    product.ask('DELETE', '/sessions/shop/limits/reach_out')  # it stops every first message for a day
    await expect(detail.get_by_role('link', name='Open the chat')).to_have_attribute(
        'href', re.compile(r'/inbox\?chat=')
    )
    await detail.get_by_role('button', name='Send again').click()
    await expect(detail).to_be_hidden()
    await expect(row(tab, 'Refused once')).to_contain_text('Delivered')


@pytest.mark.browser
async def test_who_knows_better_marks_an_uncertain_message_as_sent(tab: Page, product: Product) -> None:
    product.send('Did this arrive?', to=ANNA)
    doubt(product, 'Did this arrive?')
    await open_as(tab, product, '/messages?status=uncertain')
    await row(tab, 'Did this arrive?').get_by_role('button').press('Enter')
    detail = tab.get_by_role('dialog', name='To Anna')
    await expect(detail.get_by_role('button', name='Send again')).to_be_visible()
    await detail.get_by_role('button', name='Mark as sent').click()
    await expect(detail).to_be_hidden()
    await expect(row(tab, 'Did this arrive?').locator('.outcome')).to_have_text('Sent')
    assert product.inbox(ANNA).count('Did this arrive?') == 1


@pytest.mark.browser
async def test_what_waits_can_be_kept_from_leaving(tab: Page, product: Product) -> None:
    until(lambda: product.messages()[0]['status'] != 'queued', 30)
    product.post('/sandbox/faults', {'kind': 'http_status', 'code': 503})
    try:
        product.post('/sandbox/faults', {'kind': 'drop', 'phone': SHOP})
        product.wait_state('reconnecting')
        product.send('Too early', to=ANNA)
        await open_as(tab, product, '/messages?status=queued')
        await row(tab, 'Too early').click()
        detail = tab.get_by_role('dialog', name='To Anna')
        await expect(detail.get_by_text('Waits to be sent')).to_be_visible()
        await detail.get_by_role('button', name='Do not send').click()
        await choose(tab, 'Status', 'Cancelled')
        await expect(row(tab, 'Too early')).to_be_visible()
    finally:
        product.ask('DELETE', '/sandbox/faults')
    product.wait_state('working')
    assert 'Too early' not in product.inbox(ANNA)


@pytest.mark.browser
async def test_older_messages_are_on_the_next_page(tab: Page, product: Product) -> None:
    for number in range(51):
        product.send(f'offer {number:02}', to=BEN)
    await open_as(tab, product, '/messages')
    await expect(rows(tab)).to_have_count(50)
    await expect(row(tab, 'offer 50')).to_be_visible()
    await tab.get_by_role('button', name='Older').click()
    await expect(row(tab, 'offer 00')).to_be_visible()
    await expect(row(tab, 'offer 50')).to_be_hidden()
    product.send('not on this page', to=BEN)
    await tab.get_by_role('button', name='Newer').click()
    await expect(rows(tab).first).to_contain_text('not on this page')


@pytest.mark.browser
async def test_nothing_uncertain_is_said_in_words(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/messages?status=uncertain')
    await expect(tab.get_by_text('No message is uncertain.')).to_be_visible()


@pytest.mark.browser
async def test_the_log_fits_a_phone_and_the_dark(tab: Page, product: Product) -> None:
    await tab.set_viewport_size({'width': 390, 'height': 844})
    await open_as(tab, product, '/messages')
    assert not await is_too_wide(tab)
    assert await flaws(tab) == []
    await wear(tab, product, 'dark')
    await tab.reload()
    await expect(rows(tab).first).to_be_visible()
    assert await flaws(tab) == []
    await wear(tab, product, 'auto')


# ---- flows


@pytest.mark.browser
async def test_a_flow_is_told_in_words_and_can_be_switched_off(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/flows')
    flow = tab.get_by_role('region', name='Welcome')
    await expect(flow).to_contain_text('somebody writes hi, hello, hey, hours, open, order or ping in a private chat')
    await expect(flow).to_contain_text('answer Hi {{ contact.name }}! We bake from 7 to 18')
    await expect(flow).to_contain_text('0 answers so far')
    product.say('hello', ANNA)
    await expect(flow).to_contain_text('1 answer so far')
    lately = tab.get_by_role('table', name='Latest runs')
    await expect(lately).to_contain_text('Answered')
    await expect(lately.get_by_role('link', name='Anna')).to_have_attribute('href', re.compile(r'/inbox\?chat='))
    assert await flaws(tab) == []
    await flow.get_by_role('switch', name='Welcome is on').click()
    await expect(tab.get_by_text('2 of 3 flows switched on.')).to_be_visible()
    product.say('hello again', ANNA)
    await tab.goto(f'{product.url}/messages')
    await expect(rows(tab).first).to_contain_text('hello again')


@pytest.mark.browser
async def test_a_viewer_sees_flows_but_no_switch(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/flows', 'vera@example.org')
    await expect(tab.get_by_role('region', name='Welcome')).to_be_visible()
    await expect(tab.get_by_role('switch')).to_have_count(0)
