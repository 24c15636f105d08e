"""The first page after the sign-in: honest numbers, and what needs somebody."""

import os
import re
import signal
from collections.abc import Iterator

import pytest
from playwright.async_api import Locator, Page, expect

from tests.stories.product import Product, until
from tests.ui.whole_house import flaws, is_too_wide, open_as, wear, whole_house

pytestmark = pytest.mark.browser
SLOW = 60_000  # milliseconds for what goes through the real library on a busy machine


@pytest.fixture(scope='module')
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with whole_house(tmp_path_factory.mktemp('dashboard')) as product:
        yield product


def figure(tab: Page, label: str) -> Locator:
    return tab.locator('.figure', has=tab.get_by_text(label, exact=True)).locator('.value')


async def test_the_numbers_of_the_day_follow_what_happens(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/')
    await expect(figure(tab, 'Received today')).to_have_text('0')
    await expect(tab.get_by_text('Nothing needs you right now.')).to_be_visible()
    await expect(tab.get_by_text('shop is working.')).to_be_visible()
    await tab.evaluate('window.stayed = true')
    card = tab.get_by_role('link', name=re.compile('^shop'))
    await card.focus()
    product.say('hello')
    await expect(figure(tab, 'Received today')).to_have_text('1', timeout=SLOW)
    await expect(figure(tab, 'Delivered')).to_have_text('1', timeout=SLOW)
    await expect(tab.get_by_text('100 % of what was sent')).to_be_visible()
    await expect(card).to_contain_text('1 in')
    await expect(card).to_contain_text('1 out')
    await expect(card).to_be_focused()
    await expect(tab.get_by_role('region', name='Lately')).to_contain_text('Welcome answered Anna.')
    assert await tab.evaluate('window.stayed')
    assert await flaws(tab) == []


async def test_it_fits_a_phone_in_the_dark_with_what_needs_somebody_first(tab: Page, product: Product) -> None:
    await tab.set_viewport_size({'width': 390, 'height': 844})
    await open_as(tab, product, '/')
    await wear(tab, product, 'dark')
    await tab.reload()
    needs, numbers = tab.get_by_role('region', name='Needs you'), tab.locator('.figures')
    await expect(needs).to_be_visible()
    above, below = await needs.bounding_box(), await numbers.bounding_box()
    assert above is not None
    assert below is not None
    assert above['y'] < below['y']
    assert not await is_too_wide(tab)
    assert await flaws(tab) == []
    await wear(tab, product, 'light')


async def test_a_session_host_can_be_restarted_and_its_crashes_are_counted(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/')
    hosts = tab.get_by_role('region', name='Session hosts')
    await expect(hosts).to_contain_text('Never crashed')
    before = product.get('/hosts')[0]['pid']
    await hosts.get_by_role('button', name='Restart…').click()
    await expect(tab.get_by_text('1 session will be back within seconds.')).to_be_visible()
    await tab.get_by_role('button', name='Restart', exact=True).click()
    await expect(hosts).not_to_contain_text(f'process {before}', timeout=SLOW)
    await expect(hosts).to_contain_text('Never crashed')  # somebody wanted it
    again = until(
        lambda: next((each['pid'] for each in product.get('/hosts') if each['pid'] not in (before, 0)), 0), 30
    )
    os.kill(again, signal.SIGKILL)
    await expect(hosts).to_contain_text('Crashed 1 time', timeout=SLOW)
    await expect(tab.get_by_role('link', name=re.compile('^shop'))).to_contain_text('Working', timeout=SLOW)


async def test_whoever_may_not_manage_sees_the_same_without_buttons(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/', 'vera@example.org')
    await expect(tab.get_by_role('region', name='Session hosts')).to_be_visible()
    await expect(tab.get_by_role('button', name='Restart…')).to_have_count(0)
    await expect(tab.get_by_role('button', name='New message')).to_have_count(0)


async def test_what_needs_somebody_leads_to_its_next_step(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/')
    product.post('/sandbox/faults', {'kind': 'logout', 'phone': '15550000001'})
    needs = tab.get_by_role('region', name='Needs you')
    await expect(needs).to_contain_text('shop is logged out.', timeout=SLOW)
    assert await flaws(tab) == []
    await needs.get_by_role('link', name='Link again').click()
    await tab.wait_for_url('**/sessions/shop')


async def test_without_a_session_it_says_how_to_link_the_first_one(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/')
    assert product.ask('DELETE', '/sessions/shop').status_code < 300
    await expect(tab.get_by_role('heading', name='Link your first WhatsApp account')).to_be_visible(timeout=SLOW)
    assert await flaws(tab) == []
    await tab.get_by_role('main').get_by_role('button', name='Link an account').click()
    await tab.wait_for_url('**/sessions?new=1')
    await expect(tab.get_by_label('Name')).to_be_focused()
