"""The page of hooks: from a recipe to a message on a phone, by clicking."""

import json
from collections.abc import Iterator

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.stories.product import ANNA, BEN, Product, until
from tests.ui.whole_house import flaws, is_too_wide, open_as, wear, whole_house

pytestmark = pytest.mark.browser
ORDER = {'order': {'no': 4711, 'customer': {'name': 'Anna', 'mobile phone': f'+{ANNA}'}},
         'lines': [{'what': 'rye'}, {'what': 'fennel'}]}  # fmt: skip


@pytest.fixture(scope='module')
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with whole_house(tmp_path_factory.mktemp('hooks')) as product:
        yield product


def call(url: str, body: object, **headers: str) -> httpx.Response:
    return httpx.post(url, json=body, headers=headers, trust_env=False, timeout=20)


async def test_a_hook_is_built_from_what_came_by_clicking(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/hooks')
    await expect(tab.get_by_text('No hooks yet')).to_be_visible()
    url = await add_form(tab)
    assert url.startswith(f'{product.url}/hooks/')
    assert call(f'{url}/test', ORDER).status_code == 202
    tree = tab.get_by_role('list', name='What came')
    number = tree.get_by_role('button', name='Insert payload.order.customer["mobile phone"]')
    await expect(number).to_be_visible()  # it came while the page was open
    await tab.get_by_label('To', exact=True).fill('')
    await number.click()
    await expect(tab.get_by_label('To', exact=True)).to_have_value('{{ payload.order.customer["mobile phone"] }}')
    text = tab.get_by_label('Text', exact=True)
    await text.fill('Order  is on its way.')
    await text.press('Home')
    for _ in range(6):
        await text.press('ArrowRight')
    await tree.get_by_role('button', name='Insert payload.order.no', exact=True).click()
    await expect(text).to_have_value('Order {{ payload.order.no }} is on its way.')
    preview = tab.get_by_role('region', name='What would be sent')
    await expect(preview.get_by_text('Order 4711 is on its way.')).to_be_visible()
    await expect(preview.get_by_text(f'+{ANNA}')).to_be_visible()
    await text.fill('Order {{ payload.order.nr }} is on its way.')
    await expect(preview.get_by_role('status')).to_contain_text('nr')
    await text.fill('{{ item.what }} for order {{ payload.order.no }}')
    await tab.get_by_label('For each of').focus()
    await tree.get_by_role('button', name='Insert payload.lines', exact=True).click()
    await expect(preview.get_by_text('fennel for order 4711')).to_be_visible()
    await tab.get_by_label('Name of the contact').fill('')
    assert await flaws(tab) == []

    await try_out(tab)
    until(lambda: 'rye for order 4711' in product.inbox(BEN), 20)
    assert 'rye for order 4711' not in product.inbox(ANNA)

    await tab.get_by_role('button', name='Save').first.click()
    await expect(tab.get_by_text('Saved.')).to_be_visible()
    assert call(url, {**ORDER, 'n': 2}).status_code == 202
    until(lambda: {'rye for order 4711', 'fennel for order 4711'} <= set(product.inbox(ANNA)), 20)
    await tab.get_by_role('button', name='Result').click()
    await expect(tab.get_by_text(f'A message to +{ANNA}').first).to_be_visible()


async def add_form(tab: Page) -> str:
    """The address of a fresh hook called Orders, whose builder is open then."""
    assert await flaws(tab) == []
    await tab.get_by_role('button', name='Add A form on a website').click()
    asking = tab.get_by_role('dialog', name='Add A form on a website')
    await asking.get_by_label('Name').fill('Orders')
    assert await flaws(tab) == []
    await asking.get_by_role('button', name='Create').click()
    made = tab.get_by_role('dialog', name='Orders')
    url = str(await made.locator('.raw').first.text_content())
    await made.get_by_role('button', name='Build it').click()
    await expect(tab.get_by_role('button', name='Copy the address')).to_be_visible()
    return url


async def try_out(tab: Page) -> None:
    await tab.get_by_role('button', name='Dry run').click()
    run = tab.get_by_role('dialog', name='Dry run')
    await expect(run.get_by_text('rye for order 4711')).to_be_visible()
    assert await flaws(tab) == []
    await run.get_by_role('button', name='Close').click()
    await tab.get_by_role('button', name='Send to me').click()
    await tab.get_by_label('Your number').fill(f'+{BEN}')
    await tab.get_by_role('button', name='Send', exact=True).click()


async def test_the_log_shows_what_failed_and_does_it_again(tab: Page, product: Product) -> None:
    map = {'session': 'shop', 'to': '{{ payload.to }}', 'text': 'again and again {{ payload.n }}'}
    made = product.post('/hooks', {'name': 'Monitor', 'auth': {'kind': 'header', 'secret': 'tok'}, 'map': map})
    await open_as(tab, product, f'/hooks?hook={made["id"]}', ready='.tree, .notice')
    await expect(tab.get_by_text('Listening.')).to_be_visible()
    assert call(made['url'], {}).status_code == 401
    assert call(made['url'], {'to': 'nobody', 'n': 1}, authorization='Bearer tok').status_code == 202
    row = tab.get_by_role('region', name='Calls').get_by_role('button').filter(has_text='Failed')
    await expect(row.filter(has_text='nobody')).to_be_visible()
    await expect(tab.get_by_text('Turned away 1 times')).to_be_visible()
    await tab.get_by_role('button', name='Result').click()
    await expect(tab.get_by_text('Not done for nobody')).to_be_visible()
    await tab.get_by_role('button', name='Request').click()
    body = tab.get_by_role('group', name='Request body')
    await expect(body).to_contain_text('"n": 1')
    await expect(tab.get_by_role('group', name='Request headers')).not_to_contain_text('tok')
    assert await flaws(tab) == []
    product.ask('PATCH', f'/hooks/{made["id"]}', {'map': {**map, 'to': ANNA}}).raise_for_status()
    await tab.get_by_role('button', name='Do it again').click()
    until(lambda: 'again and again 1' in product.inbox(ANNA), 20)
    await expect(tab.get_by_text('A message to').first).to_be_visible()
    await tab.get_by_role('button', name='Settings').click()
    await expect(
        tab.get_by_text('Send the header authorization with the secret, alone or after “Bearer”.')
    ).to_be_visible()
    assert await flaws(tab) == []
    await tab.set_viewport_size({'width': 390, 'height': 844})
    await wear(tab, product, 'dark')
    for path in ('/hooks', f'/hooks?hook={made["id"]}'):
        await tab.goto(f'{product.url}{path}')
        await expect(tab.get_by_text('Monitor').first).to_be_visible()
        assert await flaws(tab) == []
        assert not await is_too_wide(tab)
    await wear(tab, product, 'light')


async def test_whoever_may_not_change_hooks_sees_what_came_and_no_address(tab: Page, product: Product) -> None:
    made = product.post('/hooks', {'name': 'Quiet', 'map': {'session': 'shop', 'to': ANNA, 'text': 'hm'}})
    assert call(made['url'], {'a': 1}).status_code == 202
    await open_as(tab, product, f'/hooks?hook={made["id"]}', 'vera@example.org')
    await expect(tab.get_by_role('button', name='Request')).to_be_visible()
    for name in ('Build', 'Settings', 'Do it again', 'Copy the address'):
        await expect(tab.get_by_role('button', name=name)).to_have_count(0)
    assert made['key'] not in json.dumps(await tab.content())
    await tab.goto(f'{product.url}/hooks')
    await expect(tab.get_by_role('link', name='Quiet')).to_be_visible()
    await expect(tab.get_by_role('button', name='Add A form')).to_have_count(0)
