"""What people do in the inbox: react, change, delete, forward, note, answer quickly, share out the work."""

from collections.abc import Iterator

import pytest
from playwright.async_api import Locator, Page, expect

from tests.stories.product import ANNA, BEN, SHOP, Product, until
from tests.ui.inbox import chat, log, open_inbox, spoken, two_chats, write
from tests.ui.whole_house import flaws


@pytest.fixture(scope='module')
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with two_chats(tmp_path_factory.mktemp('doing')) as product:
        yield product


async def tool(message: Locator, name: str) -> None:
    await message.hover()
    await message.get_by_role('button', name=name, exact=True).click()


async def more(tab: Page, message: Locator, name: str) -> None:
    await tool(message, 'More')
    await tab.get_by_role('menuitem', name=name).click()


async def say(tab: Page, text: str) -> Locator:
    """To Anna, until it is there."""
    await write(tab, 'Anna', text)
    await expect(spoken(tab, text).get_by_role('img', name='Delivered')).to_be_visible()
    return spoken(tab, text)


def reactions_at(product: Product, phone: str) -> list[str]:
    items = product.get(f'/sandbox/phones/{phone}/inbox')['items']
    return [item['text'] for item in items if item['kind'] == 'reaction']


@pytest.mark.browser
async def test_a_message_is_reacted_to_and_the_reaction_taken_back(tab: Page, product: Product) -> None:
    await open_inbox(tab, product, 'Anna')
    asked = spoken(tab, 'where is my loaf?')
    await tool(asked, 'React')
    await tab.get_by_role('button', name='👍').click()
    pill = asked.get_by_role('button', name='👍, You. Take yours back')
    await expect(pill).to_be_visible()
    until(lambda: reactions_at(product, ANNA) == ['👍'], 30)
    await tool(asked, 'React')
    await tab.get_by_label('Any other emoji').fill('🥐')
    await tab.get_by_label('Any other emoji').press('Enter')
    await expect(asked.get_by_role('button', name='🥐, You')).to_be_visible()
    await expect(pill).to_have_count(0)  # one from each
    await asked.get_by_role('button', name='🥐, You').click()
    await expect(asked.locator('.reaction')).to_have_count(0)


@pytest.mark.browser
async def test_a_refused_reaction_says_so(tab: Page, product: Product) -> None:
    await open_inbox(tab, product, 'Anna')
    product.post('/sandbox/faults', {'kind': 'nack', 'code': 406, 'times': 1})
    asked = spoken(tab, 'where is my loaf?')
    await tool(asked, 'React')
    await tab.get_by_role('button', name='👍').click()
    await expect(tab.get_by_text('did not accept this message (406)')).to_be_visible()
    await expect(asked.locator('.reaction')).to_have_count(0)


@pytest.mark.browser
async def test_an_own_message_is_changed_and_deleted_for_everybody(tab: Page, product: Product) -> None:
    await open_inbox(tab, product, 'Anna')
    await tab.get_by_label('Message to Anna').fill('a draft that stays')
    id = product.send('redy at noon')
    ours = spoken(tab, 'redy at noon')
    await expect(ours.get_by_role('img', name='Delivered')).to_be_visible()
    await more(tab, ours, 'Edit')
    await expect(tab.get_by_label('Message to Anna')).to_have_value('redy at noon')
    await tab.get_by_label('Message to Anna').fill('ready at noon')
    await tab.get_by_label('Message to Anna').press('Enter')
    ours = spoken(tab, 'ready at noon')
    await expect(ours.locator('.foot')).to_contain_text('edited')
    await expect(tab.get_by_label('Message to Anna')).to_have_value('a draft that stays')
    await tab.get_by_label('Message to Anna').fill('')
    await more(tab, ours, 'Delete for everybody…')
    await tab.get_by_role('button', name='Leave it').click()
    await expect(ours).to_be_visible()
    await more(tab, ours, 'Delete for everybody…')
    assert await flaws(tab) == []
    await tab.get_by_role('button', name='Delete for everybody').click()
    await expect(spoken(tab, 'You deleted this message')).to_be_visible()
    assert product.get(f'/messages/{id}')['revoked_at']


@pytest.mark.browser
async def test_a_message_is_forwarded_to_a_chat_that_is_searched_for(tab: Page, product: Product) -> None:
    await open_inbox(tab, product, 'Anna')
    await more(tab, await say(tab, 'the recipe: flour, water, salt'), 'Forward…')
    dialog = tab.get_by_role('dialog')
    await dialog.get_by_label('Search a chat by name or number').fill('be')
    await expect(dialog.get_by_role('button', name='Anna')).to_have_count(0)
    assert await flaws(tab) == []
    await dialog.get_by_role('button', name='Ben').click()
    await expect(tab.get_by_label('Message to Ben')).to_be_visible()
    await expect(spoken(tab, 'the recipe').get_by_text('Forwarded')).to_be_visible()
    until(lambda: 'the recipe: flour, water, salt' in product.inbox(BEN), 30)


@pytest.mark.browser
async def test_everything_about_a_message_is_in_reach_of_the_keyboard(tab: Page, product: Product) -> None:
    await open_inbox(tab, product, 'Anna')
    await say(tab, 'by keyboard')
    await log(tab).focus()
    await tab.keyboard.press('ArrowUp')
    focused = tab.locator('.spoken:focus')
    await expect(focused).to_contain_text('by keyboard')
    await tab.keyboard.press('r')
    await expect(tab.get_by_label('Message to Anna')).to_be_focused()
    await expect(tab.locator('.answering')).to_contain_text('by keyboard')
    await tab.keyboard.press('Escape')
    await expect(tab.locator('.answering')).to_have_count(0)
    await log(tab).focus()
    await tab.keyboard.press('ArrowUp')
    await tab.keyboard.press('Tab')  # the tools of that message
    await expect(tab.get_by_role('button', name='React')).to_be_focused()
    await tab.keyboard.press('Enter')
    await expect(tab.get_by_role('button', name='👍')).to_be_focused()
    await tab.keyboard.press('ArrowRight')
    await tab.keyboard.press('Enter')
    await expect(spoken(tab, 'by keyboard').get_by_role('button', name='❤️, You')).to_be_visible()


@pytest.mark.browser
async def test_a_note_is_for_the_team_alone(tab: Page, product: Product) -> None:
    await open_inbox(tab, product, 'Anna')
    await tab.get_by_role('button', name='Note for the team').click()
    field = tab.get_by_label('Note for your team')
    await field.fill('pays by invoice')
    assert await flaws(tab) == []
    await field.press('Enter')
    note = tab.locator('.spoken', has_text='pays by invoice')
    await expect(note.locator('.bubble.note')).to_be_visible()
    await expect(note).to_contain_text('Note by you, only your team sees it')
    await expect(field).to_have_value('')
    assert 'pays by invoice' not in product.inbox(ANNA)
    await tab.reload()
    await expect(note).to_be_visible()


@pytest.mark.browser
async def test_a_slash_opens_the_quick_replies(tab: Page, product: Product) -> None:
    product.post('/quick-replies', {'key': 'hours', 'text': 'Hi {{ contact.first_name }}, from 7 to 18.'})
    product.post('/quick-replies', {'key': 'broken', 'text': '{{ order.number }}'})
    await open_inbox(tab, product, 'Anna')
    field, found = tab.get_by_label('Message to Anna'), tab.get_by_role('listbox', name='Quick replies')
    await field.press_sequentially('/')
    await expect(found.get_by_role('option')).to_have_count(3)
    await expect(found.get_by_role('option', name='/broken')).to_contain_text('there is no “order”')
    assert await flaws(tab) == []
    await field.press_sequentially('ho')
    await expect(found.get_by_role('option', name='/hours')).to_contain_text('Hi Anna, from 7 to 18.')
    await field.press('Enter')
    await expect(field).to_have_value('Hi Anna, from 7 to 18.')
    await expect(found).to_be_hidden()
    await field.fill('/')
    await field.press('ArrowUp')  # round to the last one
    await field.press('Enter')
    dialog = tab.get_by_role('dialog')
    await dialog.get_by_label('Key').fill('Thanks!')
    await dialog.get_by_label('Text').fill('Thank you')
    await dialog.get_by_role('button', name='Keep').click()
    await expect(dialog.get_by_role('alert')).to_contain_text('A key is a short word')
    await dialog.get_by_label('Key').fill('thanks')
    await dialog.get_by_role('button', name='Keep').click()
    await expect(dialog.get_by_role('button', name='Change thanks')).to_be_visible()
    assert await flaws(tab) == []
    await dialog.get_by_role('button', name='Delete broken').click()
    await expect(dialog.get_by_role('button', name='Change broken')).to_have_count(0)
    await dialog.get_by_role('button', name='Change thanks').click()
    await dialog.get_by_label('Text').fill('Thank you very much')
    await dialog.get_by_role('button', name='Keep').click()
    await expect(dialog.get_by_role('button', name='Change thanks')).to_contain_text('Thank you very much')
    await dialog.get_by_role('button', name='Close').click()
    await field.fill('/tha')
    await expect(found.get_by_role('option').first).to_contain_text('Thank you very much')
    await field.press('Escape')
    await field.fill('')


@pytest.mark.browser
async def test_a_chat_is_given_to_a_colleague_and_found_among_theirs(tab: Page, product: Product) -> None:
    await open_inbox(tab, product, 'Anna')
    await tab.get_by_role('button', name='Give to a colleague').click()
    await expect(tab.locator('.q-menu').get_by_text('Vera Lind')).to_have_count(0)  # she only reads
    await tab.locator('.q-menu').get_by_text('Jo Kim').click()
    await expect(tab.get_by_text('With Jo Kim')).to_be_visible()
    await expect(chat(tab, 'Anna').get_by_role('img', name='Jo Kim answers')).to_be_visible()
    await tab.get_by_role('button', name='Mine').click()
    await expect(tab.get_by_text('No chat is yours.')).to_be_visible()
    await tab.get_by_role('button', name='Give to a colleague').click()
    await tab.locator('.q-menu').get_by_text('Mia Brandt (you)').click()
    await expect(chat(tab, 'Anna')).to_be_visible()
    await expect(tab.get_by_role('button', name='Mine 1')).to_be_visible()
    await tab.get_by_role('button', name='More filters').click()
    await tab.locator('.q-menu').get_by_text('Unassigned').click()
    await expect(tab.get_by_text('No chat waits for somebody to take it.')).to_be_visible()
    await tab.get_by_role('button', name='Give to a colleague').click()
    await tab.locator('.q-menu').get_by_text('Nobody').click()
    await expect(chat(tab, 'Anna')).to_be_visible()
    await tab.get_by_role('button', name='Back to the bot').click()
    await expect(chat(tab, 'Anna')).to_be_hidden()


@pytest.mark.browser
async def test_places_cards_and_polls_are_sent_from_forms(tab: Page, product: Product) -> None:
    await open_inbox(tab, product, 'Anna')
    dialog = tab.get_by_role('dialog')

    async def attach(name: str) -> None:
        await expect(dialog).to_have_count(0)  # the form before has faded out
        await tab.get_by_role('button', name='Attach').click()
        await tab.get_by_role('menuitem', name=name).click()
        await expect(dialog).to_be_visible()
        assert await flaws(tab) == []

    async def send() -> None:
        await dialog.get_by_role('button', name='Send', exact=True).click()

    await attach('Location…')
    await dialog.get_by_label('Latitude and longitude').fill('somewhere')
    await send()
    await expect(dialog.get_by_role('alert')).to_contain_text('Two numbers are needed')
    await dialog.get_by_label('Latitude and longitude').fill('52.52, 13.405')
    await dialog.get_by_label('Name').fill('The mill')
    await send()
    await expect(spoken(tab, 'The mill').get_by_role('img', name='Delivered')).to_be_visible()
    await attach('Contact card…')
    await dialog.get_by_role('button', name='Ben').click()
    await send()
    await expect(spoken(tab, '+1 555-123-0002').get_by_role('img', name='Delivered')).to_be_visible()
    await attach('Poll…')
    await dialog.get_by_label('Question').fill('Sunday?')
    await dialog.get_by_label('Option 1').fill('Yes')
    await send()
    await expect(dialog.get_by_role('alert')).to_contain_text('2 to 12 options')
    await dialog.get_by_label('Option 2').fill('No')
    await send()
    await expect(spoken(tab, 'Sunday?').get_by_role('img', name='Delivered')).to_be_visible()
    kinds = [item['kind'] for item in product.get(f'/sandbox/phones/{ANNA}/inbox')['items']]
    assert kinds[-3:] == ['location', 'contact', 'poll']


@pytest.mark.browser
async def test_a_contact_is_blocked_and_unblocked_after_a_question(tab: Page, product: Product) -> None:
    await open_inbox(tab, product, 'Ben')
    contact = tab.get_by_role('region', name='Contact')
    await contact.get_by_role('button', name='Block…').click()
    asked = tab.get_by_role('dialog', name='Block Ben?')
    await asked.get_by_role('button', name='Leave it').click()
    await contact.get_by_role('button', name='Block…').click()
    await asked.get_by_role('button', name='Block', exact=True).click()
    await expect(contact.get_by_text('Blocked', exact=True)).to_be_visible()
    await expect(tab.get_by_text('You have blocked this contact.')).to_be_visible()
    blocked = product.get('/sessions/shop/blocked')['items']
    assert [each['name'] for each in blocked] == ['Ben']
    assert await flaws(tab) == []
    product.ask('DELETE', f'/sessions/shop/blocked?contact={BEN}').raise_for_status()  # elsewhere
    await expect(contact.get_by_text('Blocked', exact=True)).to_have_count(0)
    await contact.get_by_role('button', name='Block…').click()
    await asked.get_by_role('button', name='Block', exact=True).click()
    await contact.get_by_role('button', name='Unblock').click()
    await expect(contact.get_by_role('button', name='Block…')).to_be_visible()
    assert product.get('/sessions/shop/blocked')['items'] == []


@pytest.mark.browser
async def test_a_call_is_rejected_where_it_rings(tab: Page, product: Product) -> None:
    await open_inbox(tab, product, 'Anna')

    def ring() -> None:
        product.post(f'/sandbox/phones/{ANNA}/call', {'to': SHOP, 'video': True})

    ring()
    line = log(tab).locator('.event', has_text='Anna called by video').last
    await expect(line.get_by_text('Rings')).to_be_visible()
    assert await flaws(tab) == []
    await line.get_by_role('button', name='Reject', exact=True).click()
    await expect(line).to_contain_text('rejected')
    await expect(line.get_by_role('button')).to_have_count(0)

    ring()
    second = log(tab).locator('.event', has_text='Rings').last
    await second.get_by_role('button', name='Reject and write…').click()
    asked = tab.get_by_role('dialog', name='Reject this call')
    await asked.get_by_label('Message').fill('Please write to me instead')
    await asked.get_by_role('button', name='Reject', exact=True).click()
    await expect(spoken(tab, 'Please write to me instead').get_by_role('img', name='Delivered')).to_be_visible()
    await expect(log(tab).get_by_text('Rings')).to_have_count(0)

    ring()
    await expect(log(tab).get_by_text('Rings')).to_be_visible()
    product.post(f'/sandbox/phones/{ANNA}/hang-up', {})
    await expect(log(tab).get_by_text('Rings')).to_have_count(0)


@pytest.mark.browser
async def test_what_is_copied_is_what_was_said(tab: Page, product: Product) -> None:
    await tab.context.grant_permissions(['clipboard-read', 'clipboard-write'])
    await open_inbox(tab, product, 'Anna')
    await more(tab, spoken(tab, 'where is my loaf?'), 'Copy text')
    await expect(tab.get_by_text('Copied')).to_be_visible()
    assert await tab.evaluate('navigator.clipboard.readText()') == 'where is my loaf?'


@pytest.mark.browser
async def test_a_viewer_can_do_none_of_it(tab: Page, product: Product) -> None:
    await open_inbox(tab, product, email='vera@example.org')
    await chat(tab, 'Anna').click()
    asked = spoken(tab, 'where is my loaf?')
    await asked.hover()
    await expect(asked.get_by_role('button', name='What happened?')).to_be_visible()
    for name in ('React', 'Reply'):
        await expect(asked.get_by_role('button', name=name)).to_have_count(0)
    await expect(tab.get_by_role('button', name='Note for the team')).to_have_count(0)
    await expect(tab.get_by_role('button', name='Give to a colleague')).to_have_count(0)
