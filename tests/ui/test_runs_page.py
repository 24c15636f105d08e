"""The runs, with the whole product behind them: what a message set off, and why nothing was."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.stories.product import ANNA, BEN, Product, until
from tests.ui.inbox import open_inbox
from tests.ui.whole_house import flaws, is_too_wide, open_as, wear, whole_house

pytestmark = pytest.mark.browser

LOAF = {
    'schema': 'dovecote.flow/1', 'key': 'loaf', 'name': 'Which loaf', 'priority': 50,
    'triggers': [{'id': 'loaf', 'type': 'message', 'match': {'op': 'keyword', 'values': ['loaf']}}],
    'conditions': {'all': [
        {'type': 'chat', 'kind': 'private'},
        {'type': 'contact', 'field': 'first_name', 'op': 'eq', 'value': 'Anna'},
    ]},
    'steps': [
        {'id': 'note', 'do': 'set', 'name': 'run.shop', 'to': 'bakery'},
        {'id': 'which', 'do': 'ask', 'text': 'Which loaf?', 'save_as': 'run.loaf'},
        {'id': 'thanks', 'do': 'send', 'text': '{{ run.loaf }} it is.'},
    ],
}  # fmt: skip


@pytest.fixture(scope='module')
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with whole_house(tmp_path_factory.mktemp('runs')) as product:
        add_flow(product, LOAF)
        product.say('a loaf, if you have one', BEN)
        product.say('good evening', BEN)
        product.say('one loaf', ANNA)
        until(lambda: 'Which loaf?' in product.inbox(ANNA), 30)
        until(lambda: len(product.get('/runs')['items']) == 3, 30)
        yield product


def add_flow(product: Product, document: dict[str, Any]) -> None:
    answer = product.ask('PUT', f'/flows/{document["key"]}', document)
    assert answer.status_code == 201, answer.text
    product.post(f'/flows/{document["key"]}/publish')


def rows(tab: Page) -> Locator:
    return tab.get_by_role('table', name='Runs').locator('tbody tr')


def story(tab: Page) -> Locator:
    return tab.get_by_role('region', name='What happened')


async def choose(tab: Page, label: str, option: str) -> None:
    await tab.get_by_label(label, exact=True).click()
    await tab.get_by_role('option', name=option, exact=True).click()


async def test_somebody_finds_out_why_a_message_set_nothing_off(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/messages')
    await tab.get_by_role('button', name='good evening').press('Enter')
    told = tab.get_by_role('dialog', name='From Ben')
    await expect(told.get_by_text('Which loaf did not match')).to_be_visible()
    await expect(told.get_by_text('No word of: loaf')).to_be_visible()
    await told.get_by_role('link', name='What ran').click()
    await expect(rows(tab)).to_have_count(1)
    await expect(rows(tab)).to_contain_text('No flow matched')
    await rows(tab).get_by_role('link', name='“good evening”').press('Enter')
    await expect(story(tab)).to_contain_text('The bot is in charge of this chat')
    await expect(story(tab)).to_contain_text('Welcome did not match')
    await expect(tab.get_by_role('link', name='“good evening”')).to_have_attribute('href', re.compile(r'/inbox\?chat='))
    assert await flaws(tab) == []


async def test_a_condition_tells_what_was_compared_with_what(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/runs')
    await expect(rows(tab)).to_have_count(3)
    assert await flaws(tab) == []
    await choose(tab, 'Outcome', 'Kept from running')
    await expect(rows(tab)).to_have_count(1)
    await expect(tab).to_have_url(re.compile(r'/runs\?outcome=kept$'))
    await rows(tab).get_by_role('link').click()
    await expect(tab.get_by_role('heading', name='Which loaf')).to_be_visible()
    await expect(story(tab)).to_contain_text('✓ the chat is private')
    await expect(story(tab)).to_contain_text("✗ first_name ('Ben') is 'Anna'")
    await expect(tab.get_by_role('link', name='Try again in the test bench')).to_have_attribute(
        'href', re.compile(r'/flows/loaf\?message=\w+$')
    )


async def test_a_run_that_waits_says_for_what_and_goes_on_before_ones_eyes(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/runs')
    await tab.get_by_label('Name or number').fill('Anna')
    await expect(rows(tab)).to_have_count(1)
    await rows(tab).get_by_role('link', name='“one loaf”').click()
    await expect(story(tab)).to_contain_text('Waits for an answer, at the latest until')
    await expect(story(tab)).to_contain_text('run.shop = "bakery"')
    await expect(tab.get_by_role('button', name='Cancel…')).to_be_visible()
    product.say('rye', ANNA)
    await expect(story(tab)).to_contain_text('run.loaf = "rye"')
    await expect(story(tab)).to_contain_text('Answered')
    await expect(tab.get_by_role('button', name='Cancel…')).to_be_hidden()
    async with tab.expect_download() as waiting:
        await tab.get_by_role('button', name='Download as JSON').click()
    told = json.loads((await (await waiting.value).path()).read_text())
    assert (told['state'], told['variables']['loaf']) == ('finished', 'rye')


async def test_a_run_is_cancelled_and_new_ones_appear_by_themselves_on_a_phone_in_the_dark(
    tab: Page, product: Product
) -> None:
    await tab.set_viewport_size({'width': 390, 'height': 844})
    await open_as(tab, product, '/runs?flow=loaf')
    await wear(tab, product, 'dark')
    await tab.reload()
    await expect(rows(tab)).to_have_count(3)
    product.say('another loaf', ANNA)
    await expect(rows(tab)).to_have_count(4)
    await expect(rows(tab).first).to_contain_text('Waiting')
    assert not await is_too_wide(tab)
    assert await flaws(tab) == []
    await rows(tab).first.get_by_role('link').click()
    await tab.get_by_role('button', name='Cancel…').click()
    asked = tab.get_by_role('dialog', name='Cancel this run?')
    await asked.get_by_role('button', name='Cancel it').click()
    await expect(story(tab)).to_contain_text('Cancelled by Mia Brandt.')
    assert not await is_too_wide(tab)
    assert await flaws(tab) == []


async def test_the_inbox_tells_it_too_and_leads_there(tab: Page, product: Product) -> None:
    product.say('stop', BEN)
    until(lambda: any(run['state'] == 'stop_obeyed' for run in product.get('/runs')['items']), 30)
    await open_inbox(tab, product, 'Ben')
    column = tab.get_by_role('region', name='Contact')
    await expect(column).to_contain_text('Opted out')
    await column.get_by_role('link', name='Everything in full').click()
    await expect(rows(tab)).to_have_count(1)
    await expect(rows(tab)).to_contain_text('Opted out')
