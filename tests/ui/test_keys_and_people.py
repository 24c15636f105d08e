"""Keys for programs, people who sign in, and what each of them sees under Settings."""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.async_api import Locator, Page, expect

from tests.stories.product import Product, until
from tests.ui.conftest import PASSWORD
from tests.ui.whole_house import flaws, is_too_wide, open_as, wear, whole_house

pytestmark = pytest.mark.browser
NEW_PASSWORD = 'another horse'


@pytest.fixture(scope='module')
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with whole_house(tmp_path_factory.mktemp('people')) as product:
        yield product


def row(tab: Page, text: str) -> Locator:
    return tab.get_by_role('row').filter(has_text=text)


async def choose(tab: Page, select: Locator, option: str) -> None:
    await select.click()
    await tab.get_by_role('option', name=option).click()


async def sign_in_is(product: Product, email: str, password: str) -> bool:
    async with httpx.AsyncClient(
        base_url=product.url, headers={'origin': product.url}, trust_env=False, timeout=30
    ) as visitor:
        answer = await visitor.post('/sign-in', data={'email': email, 'password': password})
        return answer.status_code == 303


async def test_a_key_is_shown_once_opens_the_api_and_is_revoked(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/keys')
    await tab.get_by_role('button', name='Create a key').click()
    form = tab.get_by_role('dialog', name='Create a key')
    await form.get_by_role('button', name='Create').click()
    await expect(tab.get_by_text('A key has a name of 1 to 80 characters.')).to_be_visible()
    await form.get_by_label('Name').fill('Web shop')
    await choose(tab, form.get_by_role('combobox', name=re.compile('^Sessions')), 'shop')
    await form.get_by_role('heading').click()  # closes the list
    await expect(tab.get_by_role('option')).to_have_count(0)
    assert await flaws(tab) == []
    await form.get_by_role('button', name='Create').click()

    plain = await tab.get_by_text(re.compile(r'^dvc_[0-9a-f]{8}_[0-9a-f]{48}$')).text_content()
    assert plain is not None
    headers = {'Authorization': f'Bearer {plain}'}
    assert product.ask('GET', '/me', headers=headers).status_code == 200
    example = await tab.get_by_role('region', name='An example').text_content() or ''
    assert f'{product.url}/api/v1/me' in example
    assert plain in example
    await expect(row(tab, 'Web shop').get_by_text('shop', exact=True)).to_be_visible()
    assert await flaws(tab) == []

    await tab.reload()
    await expect(row(tab, 'Web shop')).to_be_visible()
    assert plain not in await tab.content()
    await tab.get_by_role('button', name='Revoke Web shop').click()
    await tab.get_by_role('button', name='Revoke it').click()
    await expect(tab.get_by_role('table', name='Keys that ended').get_by_text('Revoked')).to_be_visible()
    assert product.ask('GET', '/me', headers=headers).status_code == 401


async def test_a_question_stays_while_the_list_behind_it_changes(tab: Page, product: Product) -> None:
    product.post('/keys', {'name': 'Till', 'role': 'viewer'})
    await open_as(tab, product, '/keys')
    await tab.get_by_role('button', name='Revoke Till').click()
    question = tab.get_by_role('dialog', name='Revoke this key?')
    await expect(question).to_be_visible()
    product.post('/keys', {'name': 'Scales', 'role': 'viewer'})
    await expect(row(tab, 'Scales')).to_be_visible()  # all rows were drawn anew
    await question.get_by_role('button', name='Revoke it').click()
    await expect(tab.get_by_role('table', name='Keys that ended').get_by_text('Till')).to_be_visible()
    await expect(tab.get_by_role('dialog')).to_have_count(0)


async def test_somebody_is_let_in_promoted_and_shut_out_again(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/people')
    await tab.get_by_role('button', name='Add a person').click()
    form = tab.get_by_role('dialog', name='Add a person')
    await form.get_by_label('E-mail').fill('tom@example.org')
    await form.get_by_label('Name').fill('Tom Berg')
    await form.get_by_label('Password', exact=True).fill('short')
    await form.get_by_role('button', name='Add').click()
    await expect(tab.get_by_text('A password has 10 to 512 characters.')).to_be_visible()
    await form.get_by_label('Password', exact=True).fill(PASSWORD)
    await form.get_by_role('button', name='Add').click()
    await expect(row(tab, 'tom@example.org').get_by_text('agent')).to_be_visible()
    assert await sign_in_is(product, 'tom@example.org', PASSWORD)

    tool = tab.get_by_role('button', name='What to do with Tom Berg')
    await tool.click()
    await tab.get_by_text('Change role…').click()
    await choose(tab, tab.get_by_role('combobox', name=re.compile('^Role')), 'admin: everything but owners')
    await tab.get_by_role('button', name='Change the role').click()
    await expect(row(tab, 'tom@example.org').get_by_text('admin')).to_be_visible()

    await tool.click()
    await tab.get_by_text('Set a new password…').click()
    await tab.get_by_label('New password', exact=True).fill(NEW_PASSWORD)
    await tab.get_by_role('button', name='Set the password').click()
    await expect(tab.get_by_text('Tom Berg has a new password.')).to_be_visible()
    assert await sign_in_is(product, 'tom@example.org', NEW_PASSWORD)

    await tool.click()
    await tab.get_by_text('Deactivate…').click()
    await tab.get_by_role('button', name='Deactivate').click()
    await expect(row(tab, 'tom@example.org').get_by_text('Deactivated')).to_be_visible()
    assert not await sign_in_is(product, 'tom@example.org', NEW_PASSWORD)
    assert await flaws(tab) == []


async def test_the_last_owner_stays_one(tab: Page, product: Product) -> None:
    for each in product.get('/users')['items']:
        if each['role'] == 'owner' and each['email'] != 'mia@example.org':
            product.ask('DELETE', f'/users/{each["id"]}')
    await open_as(tab, product, '/people')
    await tab.get_by_role('button', name='What to do with Mia Brandt').click()
    await tab.get_by_text('Change role…').click()
    await choose(tab, tab.get_by_role('combobox', name=re.compile('^Role')), 'viewer: only reads')
    await tab.get_by_role('button', name='Change the role').click()
    await expect(tab.get_by_text('This is the last owner. Make somebody else an owner first.')).to_be_visible()
    await expect(row(tab, 'mia@example.org').get_by_text('owner')).to_be_visible()


async def test_people_and_keys_are_not_for_agents(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/people', 'jo@example.org')
    await expect(tab.get_by_text('This page is not for your role')).to_be_visible()
    await tab.goto(f'{product.url}/keys')
    await expect(tab.get_by_text('This page is not for your role')).to_be_visible()


async def test_an_agent_sees_only_their_own_account_and_changes_their_password(
    tab: Page, other_tab: Page, product: Product
) -> None:
    product.post('/users', {'email': 'kim@example.org', 'name': 'Kim', 'role': 'agent', 'password': PASSWORD})
    await open_as(other_tab, product, '/settings', 'kim@example.org')
    await open_as(tab, product, '/settings', 'kim@example.org', anew=True)
    await expect(tab.get_by_role('region', name='Session hosts')).to_have_count(0)
    await expect(tab.get_by_text('DOVECOTE_STATE')).to_have_count(0)
    places = tab.get_by_role('region', name='Where you are signed in').get_by_role('listitem')
    await expect(places).to_have_count(2)
    await tab.get_by_label('Present password').fill('not this one')
    await tab.get_by_label('New password', exact=True).fill(NEW_PASSWORD)
    await tab.get_by_role('button', name='Change the password').click()
    await expect(tab.get_by_text('This is not your present password.')).to_be_visible()
    await tab.get_by_label('Present password').fill(PASSWORD)
    await tab.get_by_role('button', name='Change the password').click()
    await expect(tab.get_by_text('Your password is changed.')).to_be_visible()
    await other_tab.wait_for_url('**/sign-in**')
    assert await sign_in_is(product, 'kim@example.org', NEW_PASSWORD)
    await expect(tab.get_by_role('heading', name='Settings')).to_be_visible()  # this login goes on

    await tab.get_by_role('button', name='Sign out elsewhere').click()
    await tab.get_by_role('dialog').get_by_role('button', name='Sign out elsewhere').click()
    await expect(places).to_have_count(1)
    assert await flaws(tab) == []


async def test_the_owner_sees_what_the_instance_runs_with(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/settings')
    await expect(row(tab, 'DOVECOTE_STATE').get_by_text(str(product.state))).to_be_visible()
    await expect(row(tab, 'DOVECOTE_PORT').get_by_text(str(product.port))).to_be_visible()
    host = tab.get_by_role('region', name='Session hosts')
    before = host.get_by_text(f'process {product.get("/hosts")[0]["pid"]}')
    await expect(before).to_be_visible()
    await host.get_by_role('button', name='Restart h1').click()
    await tab.get_by_role('button', name='Restart it').click()
    await expect(before).to_be_hidden(timeout=60_000)
    await expect(host.get_by_text('shop')).to_be_visible()
    until(lambda: product.state_of() == 'working', 60)

    await tab.get_by_role('button', name='Look now').click()
    await expect(tab.get_by_text('The WhatsApp library loads')).to_be_visible(timeout=60_000)
    assert await flaws(tab) == []


@pytest.mark.parametrize('look', ['light', 'dark'])
async def test_these_pages_fit_a_small_screen_and_pass_axe(tab: Page, product: Product, look: str) -> None:
    await open_as(tab, product, '/settings')
    await wear(tab, product, look)
    for width in (390, 1440):
        await tab.set_viewport_size({'width': width, 'height': 844})
        for path in ('/settings', '/people', '/keys'):
            await tab.goto(product.url + path)
            await tab.wait_for_selector('.panel')
            assert not await is_too_wide(tab), path
            assert await flaws(tab) == [], path


async def test_light_or_dark_is_chosen_for_good(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/settings', 'vera@example.org')
    async with tab.expect_response('**/look'):
        await tab.get_by_role('button', name='Dark', exact=True).click()
    await expect(tab.locator('body.body--dark')).to_have_count(1)
    await tab.reload()
    await expect(tab.get_by_role('button', name='Dark', exact=True)).to_have_attribute('aria-pressed', 'true')
    await expect(tab.locator('body.body--dark')).to_have_count(1)
