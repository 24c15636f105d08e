"""Number protection on the page of a session: its preset, its use, and what WhatsApp limits."""

from collections.abc import Iterator

import pytest
from playwright.async_api import Page, expect

from tests.stories.product import ANNA, Product, until
from tests.ui.whole_house import flaws, is_too_wide, open_as, wear, whole_house

pytestmark = pytest.mark.browser
OLGA, PIA = '15551238001', '15551238002'


@pytest.fixture(scope='module')
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with whole_house(tmp_path_factory.mktemp('protection')) as product:
        yield product


async def test_a_preset_is_chosen_by_its_numbers_and_its_use_is_shown(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/sessions/shop')
    panel = tab.get_by_role('region', name='Number protection')
    await expect(panel.get_by_text('Preset: Off')).to_be_visible()
    await expect(panel.get_by_text('Nothing is limited')).to_be_visible()
    await panel.get_by_role('button', name='Change…').click()
    asking = tab.get_by_role('dialog', name='Number protection')
    await asking.get_by_label('Preset').click()
    await tab.get_by_role('option', name='Careful').click()
    await expect(asking.get_by_text('4 a minute, 60 an hour, 300 a day')).to_be_visible()
    assert await flaws(tab) == []
    await asking.get_by_label('Messages a day', exact=True).fill('5')
    await asking.get_by_role('button', name='Save').click()
    await expect(panel.get_by_text('Preset: Careful, changed')).to_be_visible()
    await expect(panel.get_by_role('img', name='of 5 in 24 hours')).to_be_visible()
    kept = product.get('/sessions/shop')['protection']
    assert (kept['preset'], kept['per_day'], kept['per_hour']) == ('careful', 5, 60)
    assert await flaws(tab) == []
    await tab.set_viewport_size({'width': 390, 'height': 844})
    await wear(tab, product, 'dark')
    await tab.reload()
    await expect(panel.get_by_text('Preset: Careful, changed')).to_be_visible()
    assert await flaws(tab) == []
    assert not await is_too_wide(tab)
    await wear(tab, product, 'light')


async def test_a_limit_of_whatsapp_is_a_notice_with_its_end_and_can_be_lifted(tab: Page, product: Product) -> None:
    assert product.ask('PATCH', '/sessions/shop', {'protection': None}).status_code == 200
    await open_as(tab, product, '/sessions/shop')
    product.post('/sandbox/faults', {'kind': 'nack', 'code': 463, 'times': 1})
    product.send('hello stranger', to=ANNA)
    told = tab.get_by_role('status').filter(has_text='does not let this number open conversations')
    await expect(told).to_be_visible(timeout=20_000)
    await expect(told.get_by_text('Until', exact=True)).to_be_visible()
    product.post('/sandbox/phones', {'phone': '15551237777', 'name': 'Nora'})
    waiting = product.send('are you open?', to='15551237777')
    until(lambda: product.get(f'/messages/{waiting}').get('waits'), 30)
    assert await flaws(tab) == []

    await tab.goto(f'{product.url}/inbox?chat={product.get(f"/messages/{waiting}")["chat"]}')
    await expect(tab.get_by_text('open conversations for now (463). Replies go on. It goes at')).to_be_visible()

    await tab.goto(f'{product.url}/sessions/shop')
    await told.get_by_role('button', name='Lift now…').click()
    await tab.get_by_role('button', name='Leave it').click()
    await expect(told).to_be_visible()
    await told.get_by_role('button', name='Lift now…').click()
    await tab.get_by_role('button', name='Lift it').click()
    await expect(told).to_be_hidden()
    until(lambda: product.get(f'/messages/{waiting}')['status'] == 'delivered', 30)


async def test_an_open_conversation_says_why_its_message_waits_as_soon_as_it_does(tab: Page, product: Product) -> None:
    assert product.ask('PATCH', '/sessions/shop', {'protection': None}).status_code == 200
    for phone, name in ((OLGA, 'Olga'), (PIA, 'Pia')):
        product.post('/sandbox/phones', {'phone': phone, 'name': name})
    first = product.send('hello Olga', to=OLGA)
    until(lambda: product.get(f'/messages/{first}')['status'] == 'delivered', 30)
    await open_as(tab, product, f'/inbox?chat={product.get(f"/messages/{first}")["chat"]}', ready='.inbox')
    await expect(tab.get_by_text('hello Olga').last).to_be_visible()

    product.post('/sandbox/faults', {'kind': 'nack', 'code': 463, 'times': 1})
    product.send('hello Pia', to=PIA)
    second = product.send('are you coming?', to=OLGA)
    waits = tab.locator('.spoken', has_text='are you coming?').locator('.trouble')
    await expect(waits).to_contain_text('open conversations for now (463). Replies go on. It goes at', timeout=20_000)
    product.ask('DELETE', '/sessions/shop/limits/reach_out').raise_for_status()
    await expect(waits).to_have_count(0)
    until(lambda: product.get(f'/messages/{second}')['status'] == 'delivered', 30)

    apart = {'preset': 'off', 'gap': [300, 300]}
    assert product.ask('PATCH', '/sessions/shop', {'protection': apart}).is_success
    product.send('this one begins the gap', to=PIA)
    third = product.send('or tomorrow?', to=OLGA)
    waits = tab.locator('.spoken', has_text='or tomorrow?').locator('.trouble')
    await expect(waits).to_contain_text('Messages of this session leave 5 minutes apart')
    assert product.ask('PATCH', '/sessions/shop', {'protection': {**apart, 'per_day': 1}}).is_success
    await expect(waits).to_contain_text('The limit of 1 messages a day is reached')
    assert product.ask('PATCH', '/sessions/shop', {'protection': None}).is_success
    until(lambda: product.get(f'/messages/{third}')['status'] == 'delivered', 30)
    await expect(waits).to_have_count(0)


async def test_what_is_downloaded_by_itself_is_chosen_on_the_page(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/sessions/shop')
    panel = tab.get_by_role('region', name='Received files and links')
    await expect(panel.get_by_text('Files of every kind of up to 20 MB are downloaded by themselves.')).to_be_visible()
    await expect(panel.get_by_text('Links are sent without a preview.')).to_be_visible()
    await panel.get_by_role('button', name='Change').click()
    asking = tab.get_by_role('dialog', name='Received files and links')
    for kind in ('Videos', 'Stickers', 'Documents'):
        await asking.get_by_role('checkbox', name=kind).click()
    await asking.get_by_label('Up to how many MB').fill('8')
    await asking.get_by_role('switch', name='Show what links lead to').click()
    assert await flaws(tab) == []
    await asking.get_by_role('button', name='Save').click()
    told = 'Pictures, audio files and voice messages of up to 8 MB are downloaded by themselves.'
    await expect(panel.get_by_text(told)).to_be_visible()
    await expect(panel.get_by_text('Only when somebody asks: videos, documents and stickers.')).to_be_visible()
    shop = product.get('/sessions/shop')
    assert shop['media'] == {'fetch': ['image', 'audio', 'voice'], 'up_to_mb': 8}
    assert shop['link_previews'] is True
    await tab.set_viewport_size({'width': 390, 'height': 844})
    await wear(tab, product, 'dark')
    await tab.reload()
    await expect(panel.get_by_text(told)).to_be_visible()
    assert await flaws(tab) == []
    assert not await is_too_wide(tab)
    await wear(tab, product, 'light')


async def test_who_wants_no_bulk_messages_is_told_beside_their_chat(tab: Page, product: Product) -> None:
    product.say('No more offers, please')
    chat = until(lambda: product.messages(q='no more offers'), 30)[0]['chat']
    await open_as(tab, product, f'/inbox?chat={chat}', 'jo@example.org', ready='.conversation')
    contact = tab.get_by_role('region', name='Contact')
    await expect(contact.get_by_text('Gets automatic and bulk messages.')).to_be_visible()
    await contact.get_by_role('button', name='Send no bulk messages…').click()
    assert await flaws(tab) == []
    await tab.get_by_role('button', name='Leave it').click()
    await expect(contact.get_by_text('Gets automatic and bulk messages.')).to_be_visible()
    await contact.get_by_role('button', name='Send no bulk messages…').click()
    await tab.get_by_role('button', name='Send none').click()
    told = contact.get_by_text('Does not want bulk messages since')
    await expect(told).to_be_visible()
    await expect(contact.get_by_text('(Jo Kim, in the inbox).')).to_be_visible()
    assert await flaws(tab) == []
    assert [each['contact']['phone'] for each in product.get('/opt-outs')['items']] == [f'+{ANNA}']
    assert product.ask('DELETE', f'/opt-outs/+{ANNA}').status_code == 204  # somebody else; seen without a reload
    await expect(told).to_be_hidden()
    product.post('/opt-outs', {'to': f'+{ANNA}', 'source': 'Wrote STOP'})
    await expect(contact.get_by_text('(Wrote STOP).')).to_be_visible()
    await contact.get_by_role('button', name='Send bulk messages again…').click()
    await tab.get_by_role('button', name='Send them again').click()
    await expect(contact.get_by_text('Gets automatic and bulk messages.')).to_be_visible()
    assert product.get('/opt-outs')['items'] == []


async def test_a_chat_that_turns_out_to_be_another_ones_stays_open_as_that(tab: Page, product: Product) -> None:
    product.post('/sandbox/phones', {'phone': '551187657777', 'name': 'Bia'})
    product.say('bom dia', phone='551187657777')
    until(lambda: product.messages(q='bom dia'), 30)
    await open_as(tab, product, '/inbox', ready='.inbox')
    await tab.get_by_role('button', name='New message').click()
    asking = tab.get_by_role('dialog', name='New message')
    await asking.get_by_label('To').fill('+55 11 98765-7777')
    await asking.get_by_label('Message').fill('bom dia, Bia')
    await asking.get_by_role('button', name='Send').click()
    talk = tab.get_by_role('region', name='Conversation')
    await expect(talk.get_by_text('bom dia', exact=True)).to_be_visible()
    await expect(talk.get_by_text('bom dia, Bia')).to_be_visible()
    await expect(tab.get_by_role('region', name='Contact').get_by_text('+55 1187657777')).to_be_visible()
    until(lambda: 'bom dia, Bia' in product.inbox('551187657777'), 30)


async def test_whoever_may_not_manage_sessions_sees_it_and_changes_nothing(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/sessions/shop', 'vera@example.org')
    panel = tab.get_by_role('region', name='Number protection')
    await expect(panel.get_by_text('Preset: Off')).to_be_visible()
    await expect(panel.get_by_role('button', name='Change…')).to_have_count(0)
    files = tab.get_by_role('region', name='Received files and links')
    await expect(files.get_by_text('downloaded by themselves').first).to_be_visible()
    await expect(files.get_by_role('button')).to_have_count(0)
