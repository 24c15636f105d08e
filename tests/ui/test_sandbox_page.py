"""The simulated phones beside the product."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Locator, Page, expect

from core.sandbox.control import Item
from tests.stories.product import BEN, Product, until
from tests.ui.whole_house import flaws, is_too_wide, open_as, wear, whole_house
from ui.pages.sandbox.lines import lines_of
from ui.pages.sandbox.story import Teller

PHONE = re.compile('^Phone ')
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(scope='module')
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with whole_house(tmp_path_factory.mktemp('phones')) as product:
        yield product


def phone(tab: Page, name: str) -> Locator:
    return tab.get_by_role('region', name=f'Phone of {name}', exact=True)


async def choose(tab: Page, select: Locator, option: str) -> None:
    await select.click()
    await tab.get_by_role('option', name=option).click()


@pytest.mark.browser
async def test_anna_writes_and_reads_the_answer_without_a_reload(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/sandbox')
    anna, story = phone(tab, 'Anna'), tab.get_by_role('region', name='What Dovecote did')
    composer = tab.get_by_label('Message from Anna')
    await composer.fill('hello, are you open?')
    await composer.press('Enter')
    await expect(composer).to_have_value('')
    await expect(anna.get_by_text('hello, are you open?')).to_be_visible()
    await expect(anna.get_by_text('Hi Anna! We bake from 7 to 18')).to_be_visible()
    await expect(story.get_by_text('Received “hello, are you open?” from Anna')).to_be_visible()
    await expect(story.get_by_text('Flow “Welcome” answers').first).to_be_visible()
    await expect(story.get_by_text('Anna read our message').first).to_be_visible()  # her cursor is in the composer
    await expect(anna.get_by_label('Delivered')).to_be_visible()
    assert await flaws(tab) == []


@pytest.mark.browser
async def test_what_nobody_looks_at_stays_unread_until_the_button_is_pressed(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/sandbox')
    ben = phone(tab, 'Ben')
    message = product.send('Your bread is ready.', to=BEN)
    await expect(ben.get_by_text('Your bread is ready.')).to_be_visible()
    await expect(ben.get_by_text('1 unread')).to_be_visible()
    assert product.get(f'/messages/{message}')['status'] in ('sent', 'delivered')
    await ben.get_by_role('button', name='Read').click()
    await expect(ben.get_by_text('1 unread')).to_be_hidden()
    until(lambda: product.get(f'/messages/{message}')['status'] == 'read', 5)


@pytest.mark.browser
async def test_a_phone_that_was_offline_gets_its_messages_later(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/sandbox')
    ben = phone(tab, 'Ben')
    await ben.get_by_role('button', name='Take Ben’s phone offline').click()
    await expect(tab.get_by_label('Message from Ben')).to_be_disabled()
    message = product.send('Are you there?', to=BEN)
    until(lambda: product.get(f'/messages/{message}')['status'] == 'sent', 5)
    await ben.get_by_role('button', name='Bring Ben’s phone back').click()
    await expect(ben.get_by_text('Are you there?')).to_be_visible()
    until(lambda: product.get(f'/messages/{message}')['status'] == 'delivered', 5)
    await expect(tab.get_by_label('Message from Ben')).to_be_enabled()


@pytest.mark.browser
async def test_a_session_is_linked_with_one_click(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/sandbox')
    panel = tab.get_by_role('region', name='Link a session')
    await expect(panel.get_by_text('No session waits for a phone.')).to_be_visible()
    product.post('/sessions', {'name': 'market-stall'})
    product.post('/sessions/market-stall/start')
    await panel.get_by_role('button', name='Scan its QR code').click()
    await expect(tab.get_by_text('market-stall is working').first).to_be_visible(timeout=15_000)
    await expect(panel.get_by_text('No session waits for a phone.')).to_be_visible()
    await expect(phone(tab, 'Market stall')).to_be_attached()
    product.ask('DELETE', '/sessions/market-stall')


@pytest.mark.browser
async def test_a_pairing_code_is_typed_on_a_phone(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/sandbox')
    product.post('/sandbox/phones', {'phone': '15550000003', 'name': 'Bike'})
    product.post('/sessions', {'name': 'bike'})
    product.post('/sessions/bike/start')
    product.wait_state('pairing', 'bike')
    code = product.post('/sessions/bike/pairing-code', {'phone': '+15550000003'})['code']
    panel = tab.get_by_role('region', name='Link a session')
    await choose(tab, panel.get_by_role('combobox', name=PHONE), 'Bike')
    await panel.get_by_label('Pairing code', exact=True).fill(code)
    product.post('/sandbox/phones', {'phone': '15550000004', 'name': 'Late'})
    await expect(phone(tab, 'Late')).to_be_attached()  # what was chosen and typed is still there
    assert await flaws(tab) == []
    await panel.get_by_role('button', name='Enter the code').click()
    await expect(tab.get_by_text('bike is working').first).to_be_visible(timeout=15_000)
    product.ask('DELETE', '/sessions/bike')


@pytest.mark.browser
async def test_faults_are_shown_while_they_last_and_can_be_cleared(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/sandbox')
    await tab.get_by_role('button', name='Slow down: Slow network').click()
    await tab.get_by_role('button', name='Refuse: Refuse the next message (463)').click()
    await expect(tab.get_by_role('button', name='Stop: nack')).to_be_visible()
    assert {each['kind'] for each in product.get('/sandbox/faults')['items']} == {'latency', 'nack'}
    await tab.get_by_role('button', name='Clear all').click()
    await expect(tab.get_by_role('button', name='Slow down: Slow network')).to_be_visible()
    assert product.get('/sandbox/faults')['items'] == []

    await tab.get_by_role('button', name='Refuse: Refuse the next message (463)').click()
    product.send('Refused')
    await expect(tab.get_by_text('Not sent to Anna: “Refused”')).to_be_visible()
    await expect(tab.get_by_role('button', name='Stop: nack')).to_be_hidden()  # used up
    product.ask('DELETE', '/sessions/shop/limits/reach_out')
    await tab.get_by_role('button', name='Drop: Drop the connection').click()
    await expect(tab.get_by_text('shop is reconnecting').first).to_be_visible()
    product.wait_state('working')


@pytest.mark.browser
async def test_new_people_and_groups_come_with_their_phones(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/sandbox')
    await tab.get_by_role('button', name='Add a person').click()
    form = tab.get_by_role('dialog', name='Add a person')
    await form.get_by_label('Name').fill('Cleo')
    await form.get_by_label('Phone number').fill('12')
    await form.get_by_role('button', name='Add').click()
    await expect(tab.get_by_text('A phone number is 7 to 15 digits')).to_be_visible()
    await form.get_by_label('Phone number').fill('+1 555 123-0009')
    await form.get_by_role('button', name='Add').click()
    await expect(form).to_be_hidden()
    cleo = phone(tab, 'Cleo')
    await expect(cleo.get_by_text('Nothing yet. Write something below.')).to_be_visible()

    await tab.get_by_role('button', name='Add a group').click()
    form = tab.get_by_role('dialog', name='Add a group')
    await form.get_by_label('Name', exact=True).fill('Night bakers')
    assert await flaws(tab) == []
    await form.get_by_role('button', name='Add').click()
    await expect(form).to_be_hidden()
    await choose(tab, tab.get_by_role('combobox', name='Chat on the phone of Cleo'), 'Night bakers')
    await tab.get_by_label('Message from Cleo').fill('Good night')
    await tab.get_by_role('button', name='Send as Cleo').click()
    anna = phone(tab, 'Anna')
    await anna.get_by_text('1 new from Night bakers').wait_for()
    await anna.get_by_role('button', name='Look').click()
    await expect(anna.locator('.bubble', has_text='Good night').get_by_text('Cleo')).to_be_visible()


@pytest.mark.browser
@pytest.mark.parametrize('look', ['light', 'dark'])
async def test_one_phone_at_a_time_fits_a_small_screen(tab: Page, product: Product, look: str) -> None:
    await tab.set_viewport_size({'width': 390, 'height': 844})
    await open_as(tab, product, '/sandbox')
    await wear(tab, product, look)
    await tab.reload()
    await expect(phone(tab, 'Anna')).to_be_visible()
    await expect(phone(tab, 'Ben')).to_be_hidden()
    await tab.get_by_role('group', name='Which phone').get_by_role('button', name='Ben').click()
    await expect(phone(tab, 'Ben')).to_be_visible()
    await expect(phone(tab, 'Anna')).to_be_hidden()
    assert not await is_too_wide(tab)
    assert await flaws(tab) == []
    await tab.set_viewport_size({'width': 1440, 'height': 900})
    assert not await is_too_wide(tab)
    assert await flaws(tab) == []


@pytest.mark.browser
async def test_the_phones_are_not_for_viewers(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/sandbox', 'vera@example.org')
    await expect(tab.get_by_text('This page is not for your role')).to_be_visible()


# ---- what a screen shows


def item(id: str, text: str, *, kind: str = 'text', about: str = '', quotes: str = '', sender: str = '1') -> Item:
    return Item(
        id=id, chat='2', sender=sender, mine=sender == '1', kind=kind, text=text, at=NOW, about=about, quotes=quotes
    )


def test_reactions_edits_and_deletions_are_shown_on_what_they_are_about() -> None:
    lines = lines_of([
        item('A', 'one'), item('B', 'two'), item('C', 'three', quotes='A'),
        item('D', '👍', kind='reaction', about='A', sender='2'), item('E', '', kind='reaction', about='B', sender='2'),
        item('F', 'zwei', kind='edit', about='B'), item('G', '', kind='revoke', about='C'),
    ])  # fmt: skip
    assert [(line.text, line.reactions, line.edited, line.deleted) for line in lines] == [
        ('one', ('👍',), False, False), ('zwei', (), True, False), ('three', (), False, True),
    ]  # fmt: skip
    assert lines[2].quote == 'one'


def test_only_the_end_of_a_long_talk_is_drawn() -> None:
    lines = lines_of(item(f'{n}', f'{n}') for n in range(500))
    assert (len(lines), lines[-1].text) == (60, '499')


def test_the_story_knows_whom_a_receipt_is_about() -> None:
    teller = Teller({'welcome': 'Welcome'})
    teller.take('message.sent', NOW, {'id': 'M', 'text': 'Hi', 'to': {'name': 'Anna'}, 'author': 'flow:welcome'})
    teller.take('message.read', NOW, {'id': 'M', 'status': 'read'})
    teller.take('message.read', NOW, {'id': 'other', 'status': 'read'})
    assert [knot.text for knot in teller.knots] == [
        'Somebody read our message', 'Anna read our message', 'Sent “Hi” to Anna',
    ]  # fmt: skip


def test_the_story_keeps_the_last_thirty_and_one_line_for_a_state_that_stays() -> None:
    teller = Teller({})
    for n in range(50):
        teller.take('session.state', NOW + timedelta(seconds=n), {'name': 'shop', 'state': 'pairing', 'detail': f'{n}'})
    assert [(knot.text, knot.detail) for knot in teller.knots] == [('shop is waiting for a phone', '49')]
    for n in range(50):
        teller.take('flow.run.finished', NOW, {'flow': f'f{n}', 'state': 'suppressed_loop', 'detail': 'Too often.'})
    assert len(teller.knots) == 30
    assert teller.knots[0].text == 'Flow “f49” stays silent'
