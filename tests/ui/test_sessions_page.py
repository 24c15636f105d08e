"""Sessions in the browser: a new one, its codes, what stands in the way, and its end."""

import re
from collections.abc import Iterator

import pytest
from playwright.async_api import Page, expect

from tests.stories.product import BEN, Product
from tests.ui.whole_house import flaws, is_too_wide, open_as, wear, whole_house

pytestmark = pytest.mark.browser
LINKS = 60_000  # milliseconds for what goes through the real library on a busy machine


@pytest.fixture(scope='module')
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with whole_house(tmp_path_factory.mktemp('sessions')) as product:
        yield product


async def waits_for_a_phone(tab: Page, product: Product, name: str, email: str = 'mia@example.org') -> None:
    """A page of a new session that shows its code."""
    product.post('/sessions', {'name': name})
    product.post(f'/sessions/{name}/start')
    product.wait_state('pairing', name)
    await open_as(tab, product, f'/sessions/{name}', email)
    await tab.evaluate('window.stayed = true')


async def test_a_newcomer_links_an_account_with_one_click_and_deletes_it_again(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/sessions')
    await expect(tab.get_by_role('row', name=re.compile('shop.*Working'))).to_be_visible()
    await tab.get_by_role('button', name='Link an account').click()
    assert await flaws(tab) == []
    await tab.get_by_label('Name').fill('shop')
    await tab.get_by_label('Name').press('Enter')
    await expect(tab.get_by_text('There is a session called shop already.')).to_be_visible()
    await tab.get_by_label('Name').fill('stall')
    await tab.get_by_label('Name').press('Enter')

    await tab.wait_for_url('**/sessions/stall')
    code = tab.locator('.qr svg')
    await expect(code).to_be_visible(timeout=LINKS)
    box = await code.bounding_box()
    assert box is not None
    assert box['width'] == box['height'] == 300
    await expect(tab.get_by_text(re.compile(r'Good for \d+ s. A fresh one follows by itself.'))).to_be_visible()
    await expect(tab.get_by_label('Simulated phone')).to_be_visible()
    assert await flaws(tab) == []

    await tab.evaluate('window.stayed = true')
    await tab.get_by_role('button', name='Scan with this phone').click()
    await expect(tab.locator('.head .badge', has_text='Working')).to_be_visible(timeout=LINKS)
    await expect(tab.get_by_role('region', name='State history')).to_contain_text('The phone agreed')
    assert await tab.evaluate('window.stayed')
    assert await flaws(tab) == []

    await tab.get_by_role('button', name='Delete…').click()
    await expect(tab.get_by_text('0 chats and 0 messages are deleted here')).to_be_visible()
    await tab.get_by_role('button', name='Delete', exact=True).click()
    await tab.wait_for_url('**/sessions')
    await expect(tab.get_by_role('row', name=re.compile('shop'))).to_be_visible()
    await expect(tab.get_by_role('row', name=re.compile('stall'))).to_have_count(0)


async def test_a_fresh_code_replaces_the_old_one_without_a_reload_or_a_gap(tab: Page, product: Product) -> None:
    await waits_for_a_phone(tab, product, 'fresh')
    picture = tab.locator('.qr path')
    first = await picture.get_attribute('d', timeout=LINKS)
    await tab.get_by_label('Phone number').fill('+1 555 1')
    await tab.evaluate("""() => {
      window.gaps = 0;
      const shown = (selector) => document.querySelector(selector)?.checkVisibility();
      const look = () => {
        if (!shown('.qr svg') && !shown('.qr-none')) window.gaps += 1;
        requestAnimationFrame(look);
      };
      look();
    }""")
    product.post('/sandbox/faults', {'kind': 'expire_qr'})
    await tab.wait_for_function(
        'first => (document.querySelector(".qr path")?.getAttribute("d") ?? first) !== first', arg=first, timeout=LINKS
    )
    assert await tab.evaluate('window.stayed')
    assert await tab.evaluate('window.gaps') == 0
    await expect(tab.get_by_label('Phone number')).to_have_value('+1 555 1')  # what was being typed is still there

    await tab.get_by_role('button', name='Cancel').click()
    await expect(tab.get_by_text('Stopped by a person.').first).to_be_visible()
    await tab.get_by_role('button', name='Start', exact=True).click()
    await expect(tab.locator('.qr svg')).to_be_visible(timeout=LINKS)


async def test_on_a_phone_the_code_to_type_comes_first(tab: Page, product: Product) -> None:
    await tab.set_viewport_size({'width': 390, 'height': 844})
    await waits_for_a_phone(tab, product, 'typed')
    await wear(tab, product, 'dark')
    await tab.reload()
    await tab.evaluate('window.stayed = true')
    await expect(tab.locator('.qr svg')).to_be_visible(timeout=LINKS)
    assert await tab.evaluate(
        'document.querySelector(".by-code").offsetTop < document.querySelector(".scan-place").offsetTop'
    )
    await tab.get_by_label('Phone number').fill('one')
    await tab.get_by_role('button', name='Get a code').click()
    await expect(tab.locator('.q-field--error')).to_be_visible()
    await tab.get_by_label('Phone number').fill(f'+{BEN}')
    await tab.get_by_label('Phone number').press('Enter')
    letters = tab.get_by_role('img', name='Pairing code')
    await expect(letters).to_be_visible(timeout=LINKS)
    spoken = await letters.get_attribute('aria-label') or ''
    assert re.fullmatch(r'Pairing code \w{4} \w{4}', spoken)
    assert not await is_too_wide(tab)
    assert await flaws(tab) == []

    product.post(f'/sandbox/phones/{BEN}/enter-code', {'code': spoken.removeprefix('Pairing code ').replace(' ', '')})
    await expect(tab.locator('.head .badge', has_text='Working')).to_be_visible(timeout=LINKS)
    assert await tab.evaluate('window.stayed')
    assert not await is_too_wide(tab)
    assert await flaws(tab) == []
    await wear(tab, product, 'light')
    product.ask('DELETE', '/sessions/typed')
    await tab.wait_for_url('**/sessions')  # Chromium may never close a window that is just leaving for another page


async def test_a_passkey_is_explained_and_linking_can_be_tried_again(tab: Page, product: Product) -> None:
    product.post('/sandbox/faults', {'kind': 'passkey'})
    try:
        await waits_for_a_phone(tab, product, 'guarded')
        await expect(tab.locator('.qr svg')).to_be_visible(timeout=LINKS)
        await tab.get_by_role('button', name='Scan with this phone').click()
        await expect(tab.locator('.head .badge', has_text='Waiting for a passkey')).to_be_visible(timeout=60_000)
        await expect(tab.get_by_role('status').get_by_text('turn the passkey off')).to_be_visible()
        assert await flaws(tab) == []
    finally:
        product.ask('DELETE', '/sandbox/faults')
    await tab.get_by_role('button', name='Link again').click()
    await expect(tab.locator('.qr svg')).to_be_visible(timeout=LINKS)


async def test_whoever_may_not_manage_sessions_sees_neither_code_nor_buttons(tab: Page, product: Product) -> None:
    await waits_for_a_phone(tab, product, 'closed', 'vera@example.org')
    await expect(tab.get_by_text('Someone who manages sessions here sees the code to scan.')).to_be_visible()
    assert await tab.locator('.qr svg').count() == 0
    for act in ('Cancel', 'Get a code', 'Scan with this phone', 'Delete…'):
        await expect(tab.get_by_role('button', name=act)).to_be_hidden()
    await tab.goto(f'{product.url}/sessions/shop')
    await expect(tab.get_by_role('region', name='This account')).to_be_visible()
    await expect(tab.get_by_role('button', name='Stop', exact=True)).to_have_count(0)
    assert await flaws(tab) == []


async def test_a_session_nobody_knows_has_a_page_that_says_so(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/sessions')
    answer = await tab.request.get(f'{product.url}/sessions/nobody')
    assert answer.status == 404
    assert 'There is no such session' in await answer.text()


async def test_stop_and_start_show_at_once(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/sessions/shop')
    await tab.get_by_role('button', name='Stop', exact=True).click()
    await expect(tab.locator('.head .badge', has_text='Resting')).to_be_visible()
    await tab.get_by_role('button', name='Start', exact=True).click()
    await expect(tab.locator('.head .badge', has_text='Working')).to_be_visible(timeout=LINKS)


async def test_it_says_when_the_owner_unlinks_us_on_the_phone(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/sessions/shop')
    product.post('/sandbox/faults', {'kind': 'logout', 'phone': '15550000001'})
    await expect(tab.locator('.head .badge', has_text='Logged out')).to_be_visible(timeout=LINKS)
    await expect(tab.get_by_role('button', name='Link again')).to_be_visible()
    await tab.get_by_role('button', name='Link again').click()
    await expect(tab.locator('.qr svg')).to_be_visible(timeout=LINKS)
