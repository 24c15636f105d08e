"""The door and the frame, in a real browser."""

import asyncio
import re
from collections.abc import Callable

import pytest
from playwright.async_api import Page, Route, expect

from tests.ui.conftest import PASSWORD, House
from tests.ui.whole_house import flaws

pytestmark = pytest.mark.browser
DARK, LIGHT = 'rgb(18, 18, 20)', 'rgb(246, 246, 244)'


async def sign_in(tab: Page, house: House, email: str, password: str = PASSWORD) -> None:
    await tab.goto(f'{house.url}/sign-in')
    await tab.get_by_label('E-mail').fill(email)
    await tab.get_by_label('Password').fill(password)
    await tab.get_by_role('button', name='Sign in').click()


async def ground(tab: Page) -> object:
    return await tab.evaluate('getComputedStyle(document.body).backgroundColor')


async def test_from_the_first_set_up_to_the_sign_out(tab: Page, start_house: Callable[..., House]) -> None:
    house = start_house()
    await tab.goto(f'{house.url}/set-up?token={house.token}')
    assert await flaws(tab) == []
    await tab.get_by_label('Your name').fill('Mia Brandt')
    await tab.get_by_label('E-mail').fill('mia@example.org')
    await tab.get_by_label('Password').fill(PASSWORD)
    await tab.get_by_role('button', name='Create the owner').click()
    await expect(tab.get_by_text('Hello, Mia Brandt.')).to_be_visible()

    assert await ground(tab) == LIGHT
    async with tab.expect_response('**/look'):
        await tab.get_by_role('button', name='Light or dark').click()
    assert await ground(tab) == DARK
    assert await flaws(tab) == []
    await tab.reload(wait_until='commit')
    await tab.wait_for_selector('#app', state='attached')
    assert await ground(tab) == DARK  # before NiceGUI has drawn anything

    await tab.get_by_role('button', name='Sign out').click()
    await tab.wait_for_url('**/sign-in')
    assert await ground(tab) == DARK
    assert await flaws(tab) == []
    await sign_in(tab, house, 'mia@example.org', 'wrong password')
    await expect(tab.get_by_role('alert')).to_have_text('The e-mail address or the password is not right.')
    assert await flaws(tab) == []


async def test_a_revoked_login_closes_its_open_page(tab: Page, house: House) -> None:
    user = house.add('revoked@example.org', 'agent')
    await sign_in(tab, house, 'revoked@example.org')
    await tab.get_by_role('button', name='Send').click()
    await expect(tab.locator('#done')).to_have_text('sent')
    house.tell(f'/api/people/{user}/revoke')
    await tab.wait_for_url('**/sign-in')


async def test_a_login_that_ends_before_its_page_is_connected_closes_it_too(other_tab: Page, house: House) -> None:
    user = house.add('early@example.org', 'agent')
    await sign_in(other_tab, house, 'early@example.org')
    await expect(other_tab.get_by_text('Hello, early.')).to_be_visible()
    revoked = asyncio.Event()

    async def later(route: Route) -> None:
        await revoked.wait()
        await route.continue_()

    await other_tab.route('**/socket.io.min.js', later)
    await other_tab.goto(f'{house.url}/?greeting=Welcome', wait_until='commit')
    await asyncio.to_thread(house.tell, f'/api/people/{user}/revoke')
    revoked.set()
    await other_tab.wait_for_url('**/sign-in**')


async def test_a_right_taken_away_is_gone_from_the_open_page(tab: Page, house: House) -> None:
    user = house.add('demoted-here@example.org', 'agent')
    await sign_in(tab, house, 'demoted-here@example.org')
    await tab.get_by_role('button', name='Send').click()
    await expect(tab.locator('#done')).to_have_text('sent')
    house.tell(f'/api/people/{user}/role', role='viewer')
    await expect(tab.locator('#done')).to_have_text('nothing sent')  # the page was built anew
    await tab.get_by_role('button', name='Send').click()
    await expect(tab.get_by_text('The role viewer may not send messages.')).to_be_visible()
    await expect(tab.locator('#done')).to_have_text('nothing sent')
    await tab.goto(f'{house.url}/people')
    await expect(tab.get_by_text('This page is not for your role')).to_be_visible()
    assert await flaws(tab) == []


async def test_places_are_found_with_the_keyboard_alone(tab: Page, house: House) -> None:
    await sign_in(tab, house, 'mia@example.org')
    await tab.wait_for_selector('.rail')
    await tab.keyboard.press('Control+k')
    field = tab.get_by_role('combobox', name='Find or go to')
    await expect(field).to_be_focused()
    await field.fill('nothing like that')
    await expect(tab.get_by_role('option', selected=True)).to_contain_text('Search chats and messages')
    await field.fill('pe')
    await expect(tab.get_by_role('option', selected=True)).to_contain_text('People')
    await field.fill('')
    await tab.keyboard.press('ArrowUp')
    await expect(tab.get_by_role('option', selected=True)).to_contain_text('Settings')
    assert await flaws(tab) == []
    await tab.keyboard.press('Escape')
    await expect(field).to_be_hidden()
    await tab.keyboard.press('Control+k')
    await tab.keyboard.type('peop')
    await tab.keyboard.press('Enter')
    await tab.wait_for_url('**/people')


async def test_the_count_of_unread_follows_without_a_reload(tab: Page, house: House) -> None:
    await sign_in(tab, house, 'mia@example.org')
    badge = tab.locator('.rail .count')
    for count, shown in ((7, '7'), (120, '99+')):
        house.tell('/api/news', count=count)
        await expect(badge).to_have_text(shown)
    house.tell('/api/news', count=0)
    await expect(badge).to_be_hidden()


async def test_on_a_phone_all_places_are_two_taps_away(tab: Page, house: House) -> None:
    await tab.set_viewport_size({'width': 390, 'height': 844})
    await sign_in(tab, house, 'mia@example.org')
    await expect(tab.get_by_role('navigation', name='Main, short')).to_be_visible()
    await expect(tab.locator('.rail')).to_be_hidden()
    assert await tab.evaluate('document.documentElement.scrollWidth') == 390
    await tab.get_by_role('button', name='More').click()
    sheet = tab.get_by_role('dialog', name='All places')
    places = (
        'Phones', 'Flows', 'Runs', 'Sessions', 'Webhooks', 'Hooks', 'API', 'Messages', 'People', 'Keys', 'Settings',
    )  # fmt: skip
    await expect(sheet.get_by_role('link')).to_have_text([re.compile(word) for word in places])
    assert await flaws(tab) == []
    await sheet.get_by_role('button', name='Sign out').click()
    await tab.wait_for_url('**/sign-in')


async def test_everything_around_a_page_works_with_tab_and_enter(tab: Page, house: House) -> None:
    await sign_in(tab, house, 'mia@example.org')
    await tab.wait_for_selector('.rail')
    await tab.keyboard.press('Tab')
    await expect(tab.get_by_role('link', name='Skip to main content')).to_be_focused()
    names = []
    for _ in range(20):
        await tab.keyboard.press('Tab')
        names.append(await tab.evaluate('document.activeElement.ariaLabel'))
    assert [name for name in names if name in ('Light or dark', 'Sign out')] == ['Light or dark', 'Sign out']
