"""The inbox, with the whole product behind it."""

import re
from collections.abc import Iterator

import pytest
from playwright.async_api import Page, expect

from tests.stories.product import ANNA, BEN, Product, until
from tests.ui.inbox import PHONE, chat, log, open_inbox, spoken, two_chats, unread, write
from tests.ui.whole_house import doubt, flaws, is_too_wide, open_as, wear


@pytest.fixture(scope='module')
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with two_chats(tmp_path_factory.mktemp('inbox')) as product:
        yield product


@pytest.mark.browser
async def test_a_message_arrives_is_answered_and_its_ticks_turn_without_a_reload(tab: Page, product: Product) -> None:
    await open_inbox(tab, product, 'Anna')
    await expect(tab).to_have_url(re.compile(r'/inbox\?chat=\w+$'))
    product.say('hello from Anna')
    await expect(log(tab).get_by_text('hello from Anna')).to_be_visible()
    await expect(log(tab).get_by_text('Hi Anna! We bake from 7 to 18').last).to_be_visible()
    await expect(log(tab).get_by_text('Flow Welcome').last).to_be_visible()
    await expect(tab.get_by_text('Flow “Welcome” ran')).to_be_visible()
    await write(tab, 'Anna', 'This is Mia.\nHow can I help?')
    mine = spoken(tab, 'This is Mia.')
    await expect(mine.get_by_role('img', name='Delivered')).to_be_visible()
    await expect(tab.get_by_label('Message to Anna')).to_have_value('')
    product.post(f'/sandbox/phones/{ANNA}/read')
    await expect(mine.get_by_role('img', name='Read')).to_be_visible()
    assert 'This is Mia.\nHow can I help?' in product.inbox(ANNA)
    await expect(tab.get_by_text('The bot still answers in this chat too.')).to_be_visible()
    assert await flaws(tab) == []


@pytest.mark.browser
async def test_a_new_message_lifts_its_chat_and_opening_it_reads_it(tab: Page, product: Product) -> None:
    await open_inbox(tab, product, 'Anna')
    product.say('is there rye?', BEN)
    first = tab.get_by_role('group', name='List of chats').get_by_role('button').first
    await expect(first).to_contain_text('is there rye?')
    await expect(first.get_by_label(re.compile('unread'))).to_be_visible()
    await first.click()
    await expect(log(tab).get_by_text('is there rye?').last).to_be_visible()
    await expect(first.get_by_label(re.compile('unread'))).to_be_hidden()
    until(lambda: unread(product, 'Ben') == 0, 30)


@pytest.mark.browser
async def test_a_person_takes_over_and_the_bot_keeps_quiet(tab: Page, product: Product) -> None:
    await open_inbox(tab, product, 'Anna')
    await tab.get_by_role('button', name='Take over').first.click()
    await expect(tab.get_by_text('With you')).to_be_visible()
    await expect(chat(tab, 'Anna').get_by_role('img', name='Mia Brandt answers')).to_be_visible()
    product.say('hello once more')
    await expect(tab.get_by_text('A person is in charge of this chat.')).to_be_visible()
    await tab.get_by_role('button', name='More filters').click()
    await tab.locator('.q-menu').get_by_text('With people').click()
    await expect(chat(tab, 'Ben')).to_be_hidden()
    await tab.get_by_role('button', name='Back to the bot').click()
    await expect(tab.get_by_text('Bot answers')).to_be_visible()
    await expect(tab.get_by_text('No chat is with a person.')).to_be_visible()


@pytest.mark.browser
async def test_a_reply_quotes_and_a_refused_message_can_be_sent_again(tab: Page, product: Product) -> None:
    product.say('which bread is it today?')
    await open_inbox(tab, product, 'Anna')
    asked = spoken(tab, 'which bread is it today?')
    await asked.hover()
    await asked.get_by_role('button', name='Reply').click()
    await expect(tab.locator('.answering')).to_contain_text('Anna which bread is it today?')
    product.post('/sandbox/faults', {'kind': 'nack', 'code': 406, 'times': 1})
    await write(tab, 'Anna', 'Fennel and rye')
    mine = spoken(tab, 'Fennel and rye')
    await expect(mine.locator('.quote')).to_contain_text('which bread is it today?')
    await expect(mine.locator('.trouble')).to_contain_text('Not sent')
    await mine.get_by_role('button', name='Send again').click()
    await expect(mine.get_by_role('img', name='Delivered')).to_be_visible()
    await expect(mine.locator('.trouble')).to_be_hidden()
    await mine.hover()
    await mine.get_by_role('button', name='What happened?').click()
    await expect(tab.get_by_text('Written by Mia Brandt')).to_be_visible()


@pytest.mark.browser
async def test_an_uncertain_message_can_be_marked_as_sent(tab: Page, product: Product) -> None:
    product.send('Did this arrive?', to=ANNA)
    doubt(product, 'Did this arrive?')
    await open_inbox(tab, product, 'Anna')
    mine = spoken(tab, 'Did this arrive?')
    await expect(mine.locator('.wait')).to_contain_text('Not sent again by itself.')
    await expect(mine.get_by_role('button', name='Send again')).to_be_visible()
    assert await flaws(tab) == []
    await mine.get_by_role('button', name='Mark as sent').click()
    await expect(mine.get_by_role('img', name='Sent', exact=True)).to_be_visible()
    await expect(mine.get_by_role('button', name='Mark as sent')).to_be_hidden()
    assert product.inbox(ANNA).count('Did this arrive?') == 1


@pytest.mark.browser
async def test_words_of_strangers_stay_words(tab: Page, product: Product) -> None:
    product.say('<img src=x onerror="alert(1)"> {{ 7*7 }} javascript:alert(1) https://example.com/a_(b).')
    await open_inbox(tab, product, 'Anna')
    said = spoken(tab, 'onerror')
    await expect(said.locator('.text')).to_have_text(
        '<img src=x onerror="alert(1)"> {{ 7*7 }} javascript:alert(1) https://example.com/a_(b).'
    )
    link = said.locator('.text a')
    await expect(link).to_have_count(1)
    await expect(link).to_have_attribute('href', 'https://example.com/a_(b)')
    await expect(link).to_have_attribute('rel', re.compile('noopener'))
    product.say('🥐🥐')
    await expect(tab.locator('.bubble.large', has_text='🥐🥐').last).to_be_visible()


@pytest.mark.browser
async def test_a_draft_outlives_a_reload_and_another_chat(tab: Page, product: Product) -> None:
    await open_inbox(tab, product, 'Anna')
    await tab.get_by_label('Message to Anna').fill('not yet')
    await chat(tab, 'Ben').click()
    await expect(tab.get_by_label('Message to Ben')).to_have_value('')
    await chat(tab, 'Anna').click()
    await expect(tab.get_by_label('Message to Anna')).to_have_value('not yet')
    await tab.reload()
    await expect(tab.get_by_label('Message to Anna')).to_have_value('not yet')
    await tab.get_by_label('Message to Anna').fill('')


@pytest.mark.browser
async def test_a_stopped_session_says_so_and_keeps_what_waits(tab: Page, product: Product) -> None:
    await open_inbox(tab, product, 'Anna')
    await tab.get_by_label('Message to Anna').fill('kept')
    product.post('/sessions/shop/stop')
    await expect(tab.get_by_text('shop cannot send now.')).to_be_visible()
    await expect(tab.get_by_label('Message to Anna')).to_be_disabled()
    await expect(tab.get_by_label('Message to Anna')).to_have_value('kept')
    product.post('/sessions/shop/start')
    await expect(tab.get_by_label('Message to Anna')).to_be_enabled()
    await tab.get_by_label('Message to Anna').fill('')
    product.wait_state('working')


@pytest.mark.browser
async def test_a_long_conversation_is_read_page_by_page(tab: Page, product: Product) -> None:
    for number in range(55):
        product.send(f'offer {number:02}', to=BEN)
    await open_inbox(tab, product, 'Ben')
    await expect(log(tab).get_by_text('offer 54')).to_be_in_viewport()
    await expect(log(tab).get_by_text('offer 04')).to_have_count(0)
    await log(tab).hover()
    await tab.mouse.wheel(0, -5000)
    await expect(log(tab).get_by_text('offer 04')).to_have_count(1)
    await expect(log(tab).get_by_text('Today')).to_have_count(1)


@pytest.mark.browser
async def test_somebody_new_is_written_to(tab: Page, product: Product) -> None:
    product.post('/sandbox/phones', {'phone': '15551230009', 'name': 'Omar'})
    await open_inbox(tab, product)
    await tab.get_by_role('button', name='New message').click()
    await tab.get_by_label('To', exact=True).fill('12345 nobody')
    await tab.get_by_label('Message', exact=True).fill('Good morning')
    send = tab.get_by_role('dialog').get_by_role('button', name='Send', exact=True)
    await send.click()
    await expect(tab.get_by_role('alert')).to_contain_text('“12345 nobody” is neither a phone number')
    await tab.get_by_label('To', exact=True).fill('+1 555 123 0009')
    await send.click()
    await expect(spoken(tab, 'Good morning').get_by_role('img', name='Delivered')).to_be_visible()
    assert product.inbox('15551230009') == ['Good morning']


@pytest.mark.browser
async def test_search_finds_a_chat_by_name_and_number(tab: Page, product: Product) -> None:
    await open_inbox(tab, product)
    search = tab.get_by_label('Search chats and messages')
    await search.fill('ben')
    await expect(chat(tab, 'Anna')).to_be_hidden()
    await search.fill('+1 555-123-0001')
    await expect(chat(tab, 'Anna')).to_be_visible()
    await expect(chat(tab, 'Ben')).to_be_hidden()
    await search.fill('nobody')
    await expect(tab.get_by_text('No chat is called that.')).to_be_visible()
    await tab.keyboard.press('Control+k')
    await tab.keyboard.type('ben')
    await tab.keyboard.press('Enter')
    await expect(search).to_have_value('ben')
    await expect(chat(tab, 'Ben')).to_be_visible()
    await expect(chat(tab, 'Anna')).to_be_hidden()


@pytest.mark.browser
async def test_a_phone_shows_one_column_at_a_time(tab: Page, product: Product) -> None:
    await tab.set_viewport_size(PHONE)  # type: ignore[arg-type]
    await open_inbox(tab, product)
    assert not await is_too_wide(tab)
    assert await flaws(tab) == []
    await chat(tab, 'Anna').click()
    await expect(tab.get_by_label('Message to Anna')).to_be_visible()
    await expect(chat(tab, 'Anna')).to_be_hidden()
    assert not await is_too_wide(tab)
    assert await flaws(tab) == []
    await tab.get_by_role('button', name='Contact and what happened').click()
    await expect(tab.get_by_text('First seen')).to_be_visible()
    assert await flaws(tab) == []
    await tab.get_by_role('button', name='Close').click()
    await tab.get_by_role('button', name='Back to the chats').click()
    await expect(chat(tab, 'Anna')).to_be_visible()
    await expect(tab).to_have_url(re.compile('/inbox$'))


@pytest.mark.browser
async def test_the_dark_inbox_is_as_readable(tab: Page, product: Product) -> None:
    await open_inbox(tab, product)
    await wear(tab, product, 'dark')
    await tab.reload()
    await chat(tab, 'Anna').click()
    await expect(tab.get_by_label('Message to Anna')).to_be_visible()
    assert await flaws(tab) == []
    await wear(tab, product, 'auto')


@pytest.mark.browser
async def test_a_viewer_reads_and_nobody_is_told(tab: Page, product: Product) -> None:
    product.say('for the viewer', BEN)
    await open_as(tab, product, '/inbox', 'vera@example.org', ready='.inbox')
    await chat(tab, 'Ben').click()
    await expect(tab.get_by_text('reading only')).to_be_visible()
    await expect(tab.get_by_role('button', name='Take over')).to_have_count(0)
    await expect(tab.get_by_role('button', name='New message')).to_have_count(0)
    await expect(log(tab).get_by_text('for the viewer')).to_be_visible()
    assert unread(product, 'Ben') >= 1


@pytest.mark.browser
async def test_a_chat_that_is_not_there_is_named_so(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/inbox?chat=nothing', ready='.inbox')
    await expect(tab.get_by_text('This chat is not there any more.')).to_be_visible()
    await expect(tab.get_by_text('Choose a chat to read it.')).to_be_visible()
