"""News from other threads, in an open page."""

import asyncio
import time

import pytest
from playwright.async_api import Page, expect

from tests.ui.conftest import House
from tests.ui.test_sign_in_browser import DARK, ground, sign_in
from ui.live import REMEMBERED

pytestmark = pytest.mark.browser


async def test_one_fact_is_shown_at_once(tab: Page, house: House) -> None:
    await sign_in(tab, house, 'mia@example.org')
    await expect(tab.locator('#heard')).to_have_text('0')
    begun = time.monotonic()
    house.tell('/api/news', count=1)
    await tab.wait_for_function("document.getElementById('heard').innerText === '1'")
    assert time.monotonic() - begun < 2


async def test_a_burst_is_heard_whole_in_few_refreshes_and_a_flood_is_bounded(tab: Page, house: House) -> None:
    await sign_in(tab, house, 'mia@example.org')
    await expect(tab.locator('#heard')).to_have_text('0')
    house.tell('/api/burst', count=150)
    await expect(tab.locator('#heard')).to_have_text('150')
    refreshes = int(await tab.locator('#refreshes').inner_text())
    assert 1 <= refreshes <= 4
    begun = time.monotonic()
    house.tell('/api/burst', count=50_000)
    await expect(tab.locator('#refreshes')).not_to_have_text(str(refreshes))
    heard, more = await tab.evaluate("['heard', 'refreshes'].map(id => +document.getElementById(id).innerText)")
    assert heard - 150 <= REMEMBERED * (more - refreshes)
    assert more - refreshes <= (time.monotonic() - begun) / 0.1 + 2


async def test_news_of_another_kind_costs_the_page_nothing(tab: Page, house: House) -> None:
    await sign_in(tab, house, 'mia@example.org')
    await expect(tab.locator('#heard')).to_have_text('0')
    house.tell('/api/burst', count=1000, kind='session.state')
    house.tell('/api/news', count=1)
    await expect(tab.locator('#heard')).to_have_text('1')


async def test_the_chosen_look_stays_through_live_updates(tab: Page, house: House) -> None:
    house.add('night@example.org', 'viewer')
    await sign_in(tab, house, 'night@example.org')
    await tab.get_by_role('button', name='Light or dark').click()
    house.tell('/api/news', count=1)
    await expect(tab.locator('#heard')).to_have_text('1')
    assert await ground(tab) == DARK


async def test_five_hundred_facts_a_second_leave_the_page_and_the_house_at_ease(tab: Page, house: House) -> None:
    await sign_in(tab, house, 'mia@example.org')
    await expect(tab.locator('#heard')).to_have_text('0')
    load = await asyncio.to_thread(house.tell, '/api/burst', count=1000, seconds=2)
    await tab.get_by_role('button', name='Send').click()
    await expect(tab.locator('#done')).to_have_text('sent')
    assert 3 <= int(await tab.locator('#refreshes').inner_text()) <= 30
    assert float(load['cpu']) < 1  # 2 s of wall time, half a core; usually a tenth of that
