"""The newcomer's walk: sign in, link with one click, write as a customer, watch, answer, see the ticks."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.ui.conftest import chromium, faults, tab

from .product import Product

__all__ = ['chromium', 'tab']
LINKS = 60_000


@pytest.mark.browser
async def test_a_newcomer_links_listens_and_answers_without_one_reload(tab: Page, shared: Product) -> None:
    await _sign_in(tab, shared)
    await tab.get_by_role('navigation', name='Main', exact=True).get_by_role('link', name='Sessions').click()
    await tab.get_by_role('button', name='Link an account').click()
    await tab.get_by_label('Name').fill('stall')
    await tab.get_by_label('Name').press('Enter')
    await expect(tab.locator('.qr svg')).to_be_visible(timeout=LINKS)
    await tab.get_by_role('button', name='Scan with this phone').click()
    await expect(tab.locator('.head .badge', has_text='Working')).to_be_visible(timeout=LINKS)

    await tab.goto(f'{shared.url}/inbox')
    phones = await tab.context.new_page()
    await phones.goto(f'{shared.url}/sandbox')
    anna = phones.get_by_role('region', name='Phone of Anna', exact=True)
    await anna.get_by_label('Message from Anna').fill('Hello, do you have rye?')
    await anna.get_by_label('Message from Anna').press('Enter')

    chat = tab.get_by_role('group', name='List of chats').get_by_role('button', name=re.compile('Anna')).first
    await expect(chat).to_contain_text('Hi Anna!')  # arrived and answered, live
    await chat.click()
    said = tab.get_by_role('log', name='Messages')
    await expect(said.get_by_text('Hello, do you have rye?')).to_be_visible()
    await tab.get_by_label('Message to Anna').fill('Two loaves are left.')
    await tab.get_by_label('Message to Anna').press('Enter')
    await expect(anna.get_by_text('Two loaves are left.')).to_be_visible()
    mine = tab.locator('.spoken', has_text='Two loaves are left.').last
    await anna.get_by_label('Message from Anna').focus()  # she looks at her phone
    await expect(mine.get_by_role('img', name='Read')).to_be_visible()
    assert await faults(tab) == []
    shared.ask('DELETE', '/sessions/stall')


async def _sign_in(tab: Page, product: Product) -> None:
    """With what the terminal printed."""
    printed = product.log.read_text()
    email, password = re.findall(r'Sign in with (\S+) and the password (\S+)', printed)[-1]
    await tab.goto(product.url)
    await tab.get_by_label('E-mail').fill(email)
    await tab.get_by_label('Password').fill(password)
    await tab.get_by_role('button', name='Sign in').click()
    await expect(tab.get_by_role('heading', name='Dashboard')).to_be_visible()
