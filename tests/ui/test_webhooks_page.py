"""Webhooks as the person who sets them up meets them: add, test, look into, tell again, pause."""

import asyncio
import re
from collections.abc import Iterator

import pytest
from playwright.async_api import Page, expect
from standardwebhooks import Webhook as Standard

from tests.core.receiver import Receiver, receiver
from tests.stories.product import Product, until
from tests.ui.whole_house import flaws, is_too_wide, open_as, wear, whole_house

pytestmark = pytest.mark.browser


@pytest.fixture(scope='module')
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with whole_house(tmp_path_factory.mktemp('webhooks'), DOVECOTE_ALLOW_TARGETS='127.0.0.0/8') as product:
        yield product


@pytest.fixture
def to() -> Iterator[Receiver]:
    with receiver() as running:
        yield running


async def fill_in(tab: Page, to: Receiver) -> str:
    """Through the form; returns the secret."""
    await tab.get_by_role('button', name='Add a webhook').click()
    form = tab.get_by_role('dialog', name='Add a webhook')
    await form.get_by_label('Address').fill('http://10.1.2.3/in')
    await form.get_by_role('button', name='Add it').click()
    await expect(tab.get_by_text(re.compile('10.1.2.3 is 10.1.2.3, which is not on the internet'))).to_be_visible()
    await form.get_by_label('Address').fill(to.url())
    await form.get_by_label('Name', exact=True).fill('ERP')
    await form.get_by_role('checkbox', name='message.read').click()
    await form.get_by_role('button', name='Add a condition').click()
    await form.get_by_label('Path into the event').fill('$.data.text')
    await form.get_by_label('Compared with').fill('loaf')
    await form.get_by_role('combobox', name='How it is compared').click()
    await tab.get_by_role('option', name='contains').click()
    await form.get_by_role('button', name='Add a header').click()
    await form.get_by_label('Name of the header').fill('X-Token')
    await form.get_by_label('Its value').fill('open sesame')
    assert await flaws(tab) == []
    await form.get_by_role('button', name='Add it').click()

    shown = tab.get_by_role('dialog', name='The secret of ERP')
    secret = await shown.get_by_text(re.compile('^whsec_')).text_content() or ''
    assert await flaws(tab) == []
    await shown.get_by_role('button', name='Done').click()
    return secret


async def typed(command: str) -> None:
    """As somebody would, at a terminal."""
    curl = await asyncio.create_subprocess_exec(
        'bash', '-c', f"{command} --silent --noproxy '*'", stdout=asyncio.subprocess.PIPE
    )
    assert await asyncio.wait_for(curl.wait(), 20) == 0


async def test_a_webhook_is_added_tested_and_looked_into(tab: Page, product: Product, to: Receiver) -> None:
    await tab.context.grant_permissions(['clipboard-read', 'clipboard-write'])
    await open_as(tab, product, '/webhooks')
    await expect(tab.get_by_text('No webhooks yet')).to_be_visible()
    assert await flaws(tab) == []
    secret = await fill_in(tab, to)
    await tab.get_by_role('link', name='ERP').click()
    await expect(tab.get_by_text('gets 2 kinds of event from every session.')).to_be_visible()
    await tab.get_by_role('button', name='Send a test').click()
    await expect(tab.get_by_text(re.compile('It answered 200 after'))).to_be_visible()
    Standard(secret).verify(to.got[0].body, to.got[0].headers)
    assert to.got[0].headers['x-token'] == 'open sesame'

    to.answer = lambda call: call.says(500, b'out of <b>flour</b>')
    product.say('one loaf')
    product.say('two coffees')
    log, full = tab.get_by_role('group', name='Log of deliveries'), tab.get_by_role('group', name='Delivery in full')
    row = log.get_by_role('button', name=re.compile('message.received.*500'))
    await expect(row).to_have_count(1)
    await row.click()
    await expect(full.get_by_text('500 Internal Server Error', exact=True)).to_be_visible()
    await expect(full.get_by_role('group', name='Request body')).to_contain_text('"text": "one loaf"')
    await expect(full.get_by_role('group', name='Request headers')).to_contain_text('x-token: ••••••••')
    await full.get_by_role('tab', name='Answer').click()
    await expect(full.get_by_role('group', name='Body of answer 1')).to_have_text('out of <b>flour</b>')
    assert await flaws(tab) == []

    to.answer = lambda call: call.says(200)
    await tab.get_by_role('button', name='Copy as curl').click()
    await expect(tab.get_by_text('Copied.')).to_be_visible()
    command = await tab.evaluate('navigator.clipboard.readText()')
    await typed(command)
    Standard(secret).verify(to.got[-1].body, to.got[-1].headers)
    await tab.get_by_role('region', name='Delivery', exact=True).get_by_role('button', name='Tell again').click()
    await expect(full.get_by_text('told again by hand')).to_be_visible()
    await expect(log.get_by_role('button', name=re.compile('message.received.*200'))).to_have_count(1)
    assert len({call.headers['webhook-id'] for call in to.got if call.json['data'].get('text') == 'one loaf'}) == 1


async def test_a_webhook_is_paused_and_what_waited_is_told(tab: Page, product: Product, to: Receiver) -> None:
    made = product.post('/webhooks', {'url': to.url(), 'events': ['message.received'], 'name': 'Till'})
    await open_as(tab, product, '/sessions/shop')
    await tab.get_by_role('region', name='Webhooks').get_by_role('link', name='Till').click()
    settings = tab.get_by_role('button', name='Settings of this webhook')
    await settings.click()
    await tab.get_by_text('Pause', exact=True).click()
    await expect(tab.get_by_text('Switched off. What happens meanwhile waits.')).to_be_visible()
    product.say('while you are away')
    await expect(tab.get_by_role('button', name='Waiting 1')).to_be_visible()
    assert await flaws(tab) == []
    await tab.get_by_role('button', name='Switch on', exact=True).click()
    await tab.get_by_role('button', name='Tell all of it').click()
    await expect(tab.get_by_text('Working')).to_be_visible()
    until(lambda: 'while you are away' in to.texts(), 20)

    await settings.click()
    await tab.get_by_text('New secret…').click()
    await tab.get_by_role('button', name='Make a new secret').click()
    secret = await tab.get_by_text(re.compile('^whsec_')).text_content() or ''
    await tab.get_by_role('button', name='Done').click()
    await tab.get_by_role('button', name='Send a test').click()
    await expect(tab.get_by_text(re.compile('It answered 200 after'))).to_be_visible()
    for each in (secret, made['secret']):
        Standard(each).verify(to.got[-1].body, to.got[-1].headers)

    await settings.click()
    await tab.get_by_text('Change…').click()
    form = tab.get_by_role('dialog', name='Change this webhook')
    await form.get_by_role('checkbox', name='Everything, also what comes later').click()
    await form.get_by_role('button', name='Save').click()
    await expect(tab.get_by_text('gets everything from every session.')).to_be_visible()
    await settings.click()
    await tab.get_by_text('Delete…').click()
    await tab.get_by_role('button', name='Delete it').click()
    await tab.wait_for_url('**/webhooks')
    assert product.ask('GET', f'/webhooks/{made["id"]}').status_code == 404


@pytest.mark.parametrize('look', ['light', 'dark'])
async def test_its_pages_fit_a_small_screen_and_pass_axe(tab: Page, product: Product, to: Receiver, look: str) -> None:
    made = product.post('/webhooks', {'url': to.url(), 'events': ['*'], 'name': f'Fits {look}'})
    product.post(f'/webhooks/{made["id"]}/test')
    await open_as(tab, product, f'/webhooks/{made["id"]}')
    await wear(tab, product, look)
    for width in (390, 1440):
        await tab.set_viewport_size({'width': width, 'height': 844})
        for path in ('/webhooks', f'/webhooks/{made["id"]}'):
            await tab.goto(product.url + path)
            await tab.wait_for_selector('.plain-table, .delivery')
            assert not await is_too_wide(tab), path
            assert await flaws(tab) == [], path
        if width == 390:
            await tab.locator('.delivery').first.click()
            await expect(tab.get_by_role('group', name='Request body')).to_be_visible()
            assert not await is_too_wide(tab)
            assert await flaws(tab) == []
            await tab.get_by_role('button', name='Back to the log').click()
            await expect(tab.locator('.delivery').first).to_be_visible()


async def test_webhooks_are_not_for_agents(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/webhooks', 'jo@example.org')
    await expect(tab.get_by_text('This page is not for your role')).to_be_visible()
    await expect(tab.get_by_role('link', name='Webhooks')).to_have_count(0)
