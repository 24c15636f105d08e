"""Groups in the inbox, and what a session does about calls, with the whole product behind them."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.stories.product import ANNA, BEN, SHOP, Product, until
from tests.ui.whole_house import flaws, is_too_wide, open_as, wear, whole_house

MIA = '15551230003'
PHONE = {'width': 390, 'height': 844}


@pytest.fixture(scope='module')
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with whole_house(tmp_path_factory.mktemp('groups')) as product:
        product.post('/sandbox/phones', {'phone': MIA, 'name': 'Mia'})
        for phone in (ANNA, BEN, MIA):
            product.say('hello', phone)
        until(lambda: len(product.get('/chats')['items']) == 3, 30)
        yield product


def group(product: Product, name: str) -> dict[str, Any]:
    """Ours, with Anna and Ben in it."""
    made: dict[str, Any] = product.post(
        '/groups', {'session': 'shop', 'name': name, 'members': [f'+{ANNA}', f'+{BEN}']}
    )
    return made


def theirs(product: Product, name: str) -> dict[str, Any]:
    """Anna's, with Ben and us in it."""
    made = product.post('/sandbox/groups', {'name': name, 'owner': ANNA, 'members': [BEN, SHOP]})
    until(lambda: product.ask('GET', f'/groups/{made["id"]}').status_code == 200, 30)
    found: dict[str, Any] = product.get(f'/groups/{made["id"]}')
    return found


def changes(product: Product, made: dict[str, Any], phone: str, action: str, **more: Any) -> None:
    """Something a person does on the phone."""
    product.post(f'/sandbox/groups/{made["group"]}/change', {'phone': phone, 'action': action, **more})


async def opened(tab: Page, product: Product, made: dict[str, Any], email: str = 'mia@example.org') -> None:
    await open_as(tab, product, '/inbox', email, ready='.inbox')
    await tab.goto(f'{product.url}/inbox?chat={made["id"]}')
    await expect(tab.get_by_role('log', name='Messages')).to_be_visible()


def line(tab: Page, text: str) -> Locator:
    return tab.get_by_role('log', name='Messages').get_by_text(text)


def member(tab: Page, name: str) -> Locator:
    return tab.locator('.people-here > li', has_text=name)


@pytest.mark.browser
async def test_what_happens_in_a_group_is_seen_while_it_happens(tab: Page, product: Product) -> None:
    made = theirs(product, 'Regulars')
    await opened(tab, product, made)
    await expect(member(tab, 'Anna')).to_contain_text('Made the group')
    changes(product, made, ANNA, 'subject', text='Early birds')
    await expect(line(tab, 'Anna renamed the group to “Early birds”')).to_be_visible()
    changes(product, made, ANNA, 'add', members=[MIA])
    await expect(line(tab, 'Anna added Mia')).to_be_visible()
    await expect(member(tab, 'Mia')).to_be_visible()
    changes(product, made, BEN, 'leave')
    await expect(line(tab, 'Ben left')).to_be_visible()
    await expect(member(tab, 'Ben')).to_have_count(0)
    await expect(tab.get_by_role('button', name='Add members…')).to_have_count(0)  # only admins may


@pytest.mark.browser
async def test_who_is_removed_cannot_write_until_added_again(tab: Page, product: Product) -> None:
    made = theirs(product, 'Closed circle')
    await opened(tab, product, made)
    box = tab.get_by_label('Message to Closed circle')
    await expect(box).to_be_enabled()
    changes(product, made, ANNA, 'remove', members=[SHOP])
    await expect(line(tab, 'Anna removed you')).to_be_visible()
    await expect(tab.get_by_text('You are no longer in this group.').first).to_be_visible()
    await expect(box).to_be_disabled()
    changes(product, made, ANNA, 'add', members=[SHOP])
    await expect(line(tab, 'Anna added you')).to_have_count(2)  # and once at the beginning
    await expect(box).to_be_enabled()


@pytest.mark.browser
async def test_members_are_added_made_admins_and_removed(tab: Page, product: Product) -> None:
    made = group(product, 'Bakers')
    await opened(tab, product, made)
    await tab.get_by_role('button', name='Add members…').click()
    await tab.get_by_label('Phone numbers').fill('nonsense')
    await tab.get_by_role('button', name='Add', exact=True).click()
    await expect(tab.get_by_role('alert').filter(has_text='neither a phone number')).to_be_visible()
    await tab.get_by_label('Phone numbers').fill(f'+{MIA}\n+15551239998')
    await tab.get_by_role('button', name='Add', exact=True).click()
    await expect(tab.get_by_text('This number is not on WhatsApp')).to_be_visible()
    await expect(member(tab, 'Mia')).to_be_visible()

    await tab.get_by_role('button', name='What to do with Anna').click()
    await tab.get_by_role('button', name='Make an admin').click()
    await expect(member(tab, 'Anna')).to_contain_text('Admin')
    await tab.get_by_role('button', name='What to do with Mia').click()
    await tab.get_by_role('button', name='Remove from the group…').click()
    await tab.get_by_role('button', name='Leave it').click()
    await expect(member(tab, 'Mia')).to_be_visible()
    await tab.get_by_role('button', name='What to do with Mia').click()
    await tab.get_by_role('button', name='Remove from the group…').click()
    await tab.get_by_role('button', name='Remove', exact=True).click()
    await expect(member(tab, 'Mia')).to_have_count(0)
    await expect(line(tab, 'You removed Mia')).to_be_visible()


@pytest.mark.browser
async def test_a_group_is_named_described_closed_and_left(tab: Page, product: Product) -> None:
    made = group(product, 'Bakers two')
    await opened(tab, product, made)
    await tab.get_by_role('button', name='Name and description…').click()
    await tab.get_by_role('textbox', name='Name', exact=True).fill('Late birds')
    await tab.get_by_role('textbox', name='Description').fill('We bake at noon')
    await tab.get_by_role('button', name='Save').click()
    await expect(line(tab, 'You renamed the group to “Late birds”')).to_be_visible()
    await expect(tab.get_by_text('We bake at noon')).to_be_visible()
    await tab.get_by_role('switch', name='Only admins write').click()
    await expect(line(tab, 'You let only admins write')).to_be_visible()
    assert product.get(f'/groups/{made["id"]}')['announce'] is True

    await tab.get_by_role('button', name='Invite link').click()
    link = tab.locator('.ask code')
    old = await link.inner_text()
    assert old.startswith('https://chat.whatsapp.com/')
    await tab.get_by_role('button', name='New link…').click()
    await tab.get_by_role('button', name='Make a new one').click()
    await expect(link).not_to_have_text(old)
    await tab.get_by_role('dialog').get_by_role('button', name='Close').click()

    await tab.get_by_role('button', name='Leave the group…').click()
    await tab.get_by_role('button', name='Leave the group', exact=True).click()
    await expect(tab.get_by_text('You are no longer in this group.').first).to_be_visible()
    await expect(tab.get_by_role('button', name='Leave the group…')).to_have_count(0)


@pytest.mark.browser
async def test_only_what_somebody_said_is_unread(tab: Page, product: Product) -> None:
    made = theirs(product, 'Chatty')
    product.post(f'/sandbox/phones/{ANNA}/say', {'to': made['group'], 'text': 'two rye for me'})
    until(lambda: product.get(f'/chats/{made["id"]}')['unread'] == 1, 30)
    changes(product, made, BEN, 'leave')
    until(lambda: product.get(f'/groups/{made["id"]}')['size'] == 2, 30)
    await opened(tab, product, made)
    await expect(line(tab, 'Ben left')).to_be_visible()
    above = tab.locator('.unread-line + *')
    await expect(above).to_contain_text('two rye for me')


@pytest.mark.browser
async def test_in_a_large_group_somebody_is_searched_for(tab: Page, product: Product) -> None:
    people = [f'1555123{n:04}' for n in range(1000, 1012)]
    for phone in people:
        product.post('/sandbox/phones', {'phone': phone, 'name': f'Guest {phone[-2:]}'})
    made = product.post('/groups', {'session': 'shop', 'name': 'Many', 'members': [f'+{each}' for each in people]})
    await opened(tab, product, made)
    await expect(tab.get_by_text('13 members')).to_be_visible()
    await tab.get_by_label('Find somebody in this group').fill('1011')
    await expect(tab.locator('.people-here > li')).to_have_count(1)
    await tab.get_by_label('Find somebody in this group').fill('nobody at all')
    await expect(tab.get_by_text('Nobody here is called that.')).to_be_visible()


@pytest.mark.browser
async def test_who_may_only_read_is_offered_nothing(tab: Page, product: Product) -> None:
    made = group(product, 'To be read')
    await opened(tab, product, made, 'vera@example.org')
    await expect(member(tab, 'Anna')).to_be_visible()
    for name in ('Add members…', 'Leave the group…', 'Invite link', 'What to do with Anna'):
        await expect(tab.get_by_role('button', name=name)).to_have_count(0)


@pytest.mark.browser
async def test_calls_are_rejected_as_the_page_says(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/sessions/shop')
    await tab.get_by_role('switch', name='Reject calls by themselves').click()
    await tab.get_by_label('What is written to the caller').fill('We bake and cannot talk.')
    await tab.get_by_role('button', name='Save calls and presence').click()
    await expect(tab.get_by_text('Saved.')).to_be_visible()
    assert product.get('/sessions/shop')['calls'] == {'reject': True, 'text': 'We bake and cannot talk.'}
    await tab.reload()
    await expect(tab.get_by_role('switch', name='Reject calls by themselves')).to_be_checked()
    await expect(tab.get_by_label('What is written to the caller')).to_have_value('We bake and cannot talk.')
    chat = next(each for each in product.get('/chats')['items'] if each['name'] == 'Anna')
    await tab.goto(f'{product.url}/inbox?chat={chat["id"]}')
    await expect(line(tab, 'hello').first).to_be_visible()
    product.post(f'/sandbox/phones/{ANNA}/call', {'to': SHOP})
    await expect(line(tab, 'Anna called')).to_be_visible()
    await expect(line(tab, 'We bake and cannot talk.')).to_be_visible()


@pytest.mark.browser
@pytest.mark.parametrize('look', ['light', 'dark'])
async def test_a_group_fits_a_small_screen_and_passes_axe(tab: Page, product: Product, look: str) -> None:
    made = group(product, f'Seen in {look}')
    await opened(tab, product, made)
    await wear(tab, product, look)
    await opened_again(tab, product, made)
    assert await flaws(tab) == []
    await tab.get_by_role('button', name='Invite link').click()
    await expect(tab.locator('.ask .qr svg')).to_be_visible()
    assert await flaws(tab) == []
    await tab.get_by_role('dialog').get_by_role('button', name='Close').click()
    await tab.goto(f'{product.url}/sessions/shop')
    await expect(tab.get_by_label('What is written to the caller')).to_be_visible()
    assert await flaws(tab) == []
    await tab.set_viewport_size(PHONE)  # type: ignore[arg-type]
    await opened_again(tab, product, made)
    await tab.get_by_role('button', name=re.compile('What happened|Contact|Details', re.IGNORECASE)).first.click()
    await expect(tab.get_by_role('button', name='Invite link')).to_be_visible()
    assert await flaws(tab) == []
    assert not await is_too_wide(tab)


async def opened_again(tab: Page, product: Product, made: dict[str, Any]) -> None:
    await tab.goto(f'{product.url}/inbox?chat={made["id"]}')
    await expect(line(tab, 'You created the group')).to_be_visible()
