"""The simulated phones beside the product."""

import base64
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from core.sandbox.control import GroupOut, Item, PersonOut
from tests.stories.product import ANNA, BEN, Product, until
from tests.ui.whole_house import flaws, is_too_wide, open_as, wear, whole_house
from ui.pages.sandbox.lines import lines_of
from ui.pages.sandbox.phone import Chats
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
    until(lambda: product.get(f'/messages/{message}')['status'] in ('sent', 'delivered'), 30)
    await ben.get_by_role('button', name='Read').click()
    await expect(ben.get_by_text('1 unread')).to_be_hidden()
    until(lambda: product.get(f'/messages/{message}')['status'] == 'read', 30)


@pytest.mark.browser
async def test_a_phone_that_was_offline_gets_its_messages_later(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/sandbox')
    ben = phone(tab, 'Ben')
    await ben.get_by_role('button', name='Take Ben’s phone offline').click()
    await expect(tab.get_by_label('Message from Ben')).to_be_disabled()
    message = product.send('Are you there?', to=BEN)
    until(lambda: product.get(f'/messages/{message}')['status'] == 'sent', 30)
    await ben.get_by_role('button', name='Bring Ben’s phone back').click()
    await expect(ben.get_by_text('Are you there?')).to_be_visible()
    until(lambda: product.get(f'/messages/{message}')['status'] == 'delivered', 30)
    await expect(tab.get_by_label('Message from Ben')).to_be_enabled()


@pytest.mark.browser
async def test_a_session_is_linked_with_one_click(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/sandbox')
    panel = tab.get_by_role('region', name='Link a session')
    await expect(panel.get_by_text('No session waits for a phone.')).to_be_visible()
    product.post('/sessions', {'name': 'market-stall'})
    product.post('/sessions/market-stall/start')
    await panel.get_by_role('button', name='Scan its QR code').click()
    await expect(tab.get_by_text('market-stall is working').first).to_be_visible(timeout=60_000)
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
    await expect(tab.get_by_text('bike is working').first).to_be_visible(timeout=60_000)
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
async def test_a_number_is_held_back_until_it_is_let_go(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/sandbox')
    await tab.get_by_role('button', name='Lock: Let it write to nobody new').click()
    await tab.get_by_role('button', name='Ban: Ban for one minute').click()
    product.wait_state('banned')
    await tab.get_by_role('button', name='Stop: ban').click()
    await expect(tab.get_by_role('button', name='Ban: Ban for one minute')).to_be_visible()
    await tab.get_by_role('button', name='Clear all').click()
    await expect(tab.get_by_role('button', name='Lock: Let it write to nobody new')).to_be_visible()
    product.post('/sessions/shop/restart')
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


SHOP = '15550000001'
PICTURE = Path(__file__).parent.parent / 'sandbox' / 'picture.jpg'
VOICE = b'OggS' + bytes(24) + b'OpusHead' + b'OggS\0\4' + (48_000 * 7).to_bytes(8, 'little') + bytes(13)


def says(product: Product, phone: str, to: str, **body: object) -> str:
    return str(product.post(f'/sandbox/phones/{phone}/say', {'to': to, **body})['id'])


def fill(product: Product) -> None:
    """Everything that people say, between Anna and Ben."""

    def file(data: bytes, mime: str, **more: object) -> dict[str, object]:
        return {'media': {'data': base64.b64encode(data).decode(), 'mime': mime, **more}}

    says(product, BEN, ANNA, **file(PICTURE.read_bytes(), 'image/jpeg', caption='Our new oven'))
    says(product, ANNA, BEN, **file(VOICE, 'audio/ogg', voice=True))
    says(product, BEN, ANNA, **file(b'%PDF-1.4', 'application/pdf', filename='price list.pdf'))
    says(product, ANNA, BEN, location={'latitude': 52.52, 'longitude': 13.405, 'name': 'Market', 'address': 'Street 1'})
    says(product, BEN, ANNA, contact={'name': 'Cleo', 'phones': ['+15551230009']})
    poll = says(product, BEN, ANNA, poll={'name': 'Which loaf?', 'options': ['Rye', 'Fennel'], 'multiple': False})
    product.post(f'/sandbox/phones/{BEN}/vote', {'message': poll, 'options': ['Rye']})
    text = says(product, ANNA, BEN, text='See you at five')
    product.post(f'/sandbox/phones/{ANNA}/edit', {'message': text, 'text': 'See you at six'})
    product.post(f'/sandbox/phones/{BEN}/react', {'message': text, 'emoji': '👍'})
    gone = says(product, ANNA, BEN, text='oops')
    product.post(f'/sandbox/phones/{ANNA}/revoke', {'message': gone})
    product.post(f'/sandbox/phones/{ANNA}/call', {'to': BEN})
    product.post(f'/sandbox/phones/{ANNA}/hang-up')


@pytest.mark.browser
@pytest.mark.parametrize('look', ['light', 'dark'])
async def test_a_phone_shows_every_kind_of_message(tab: Page, product: Product, look: str) -> None:
    if look == 'light':
        fill(product)
    await open_as(tab, product, '/sandbox')
    await wear(tab, product, look)
    await tab.reload()
    anna = phone(tab, 'Anna')
    await choose(tab, tab.get_by_role('combobox', name='Chat on the phone of Anna'), 'Ben')
    picture = anna.get_by_role('img', name='Our new oven')
    await expect(picture).to_be_attached()
    await picture.scroll_into_view_if_needed()
    await tab.wait_for_function('() => [...document.querySelectorAll("img.picture")].some(each => each.naturalWidth)')
    await expect(anna.get_by_text('Voice message, 0:07')).to_be_attached()
    await expect(anna.get_by_role('link', name='price list.pdf')).to_have_attribute('download', 'price list.pdf')
    for text in ('Market', '52.5200, 13.4050', 'Cleo', 'Which loaf?', 'See you at six', 'edited', '👍'):
        await expect(anna.get_by_text(text, exact=True).last).to_be_attached()
    await expect(anna.get_by_text('This message was deleted.')).to_be_attached()
    await expect(anna.get_by_text('Voice call, not answered')).to_be_attached()
    assert await flaws(tab) == []
    for width in (390, 1440):
        await tab.set_viewport_size({'width': width, 'height': 844})
        assert not await is_too_wide(tab)


@pytest.mark.browser
async def test_a_poll_is_voted_in_with_a_click(tab: Page, product: Product) -> None:
    poll = says(product, BEN, ANNA, poll={'name': 'Tea or coffee?', 'options': ['Tea', 'Coffee']})
    await open_as(tab, product, '/sandbox')
    anna = phone(tab, 'Anna')
    await choose(tab, tab.get_by_role('combobox', name='Chat on the phone of Anna'), 'Ben')
    ballot = anna.locator('.bubble', has_text='Tea or coffee?')
    await ballot.get_by_role('button', name='Coffee').click()
    await expect(ballot.get_by_role('button', name='Coffee')).to_have_attribute('aria-pressed', 'true')
    await ballot.get_by_role('button', name='Tea').click()
    await expect(ballot.get_by_role('button', name='Coffee')).to_have_attribute('aria-pressed', 'false')

    def shown() -> list[int]:
        items = product.get(f'/sandbox/phones/{BEN}/conversation')['items']
        return next([option['votes'] for option in each['options']] for each in items if each['id'] == poll)

    until(lambda: shown() == [1, 0], 30)


@pytest.mark.browser
async def test_a_message_is_answered_changed_and_deleted_from_its_menu(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/sandbox')
    anna, composer = phone(tab, 'Anna'), tab.get_by_label('Message from Anna')
    await choose(tab, tab.get_by_role('combobox', name='Chat on the phone of Anna'), 'Ben')
    says(product, BEN, ANNA, text='Shall I bring cake?')
    asked = anna.locator('.bubble', has_text='Shall I bring cake?').last

    async def pick(bubble: Locator, act: str) -> None:
        await bubble.hover()
        await bubble.get_by_role('button', name='Message menu').click()
        await tab.locator('.q-menu').get_by_text(act).click()

    await pick(asked, 'Reply')
    await expect(anna.get_by_text('Answers “Shall I bring cake?”')).to_be_visible()
    assert await flaws(tab) == []
    await composer.fill('Two, to be sure')
    await composer.press('Enter')
    answer = anna.locator('.bubble.out', has_text='Two, to be sure')
    await expect(answer.locator('.quote')).to_have_text('Shall I bring cake?')
    await pick(answer, 'Edit')
    await expect(composer).to_have_value('Two, to be sure')
    await composer.fill('Three')
    await composer.press('Enter')
    changed = anna.locator('.bubble.out', has_text='Three')
    await expect(changed.get_by_text('edited')).to_be_visible()
    await asked.hover()
    await asked.get_by_role('button', name='Message menu').click()
    await tab.get_by_role('button', name='React with 👍').click()
    await expect(asked.locator('.reaction')).to_have_text('👍')
    await pick(asked, 'Forward…')
    form = tab.get_by_role('dialog', name='Forward the message')
    await choose(tab, form.get_by_role('combobox', name='To'), 'Fennel & Rye')
    await form.get_by_role('button', name='Forward').click()
    await expect(form).to_be_hidden()
    until(lambda: any(each.get('forwarded') for each in product.get(f'/sandbox/phones/{SHOP}/inbox')['items']), 30)
    await pick(changed, 'Delete for everyone')
    await expect(anna.get_by_text('This message was deleted.').last).to_be_visible()


@pytest.mark.browser
async def test_a_phone_sends_files_places_cards_and_polls(tab: Page, product: Product, tmp_path: Path) -> None:
    menu, large = tmp_path / 'menu.txt', tmp_path / 'large.txt'
    menu.write_text('bread')
    large.write_bytes(bytes(1_000_001))
    await open_as(tab, product, '/sandbox')
    anna = phone(tab, 'Anna')
    await choose(tab, tab.get_by_role('combobox', name='Chat on the phone of Anna'), 'Ben')

    async def attach(what: str) -> None:
        await anna.get_by_role('button', name='Attach as Anna').click()
        await tab.locator('.q-menu').get_by_text(what, exact=True).click()

    kept = product.get(f'/sandbox/phones/{ANNA}/conversation?chat={BEN}')['items']
    before = sum(each['kind'] == 'image' for each in kept)
    async with tab.expect_file_chooser() as choosing:
        await attach('Photo or video')
    await (await choosing.value).set_files(PICTURE)
    await expect(anna.locator('img.picture')).to_have_count(before + 1)
    async with tab.expect_file_chooser() as choosing:
        await attach('Document')
    await (await choosing.value).set_files(menu)
    await expect(anna.get_by_role('link', name='menu.txt')).to_be_visible()

    await attach('Location')
    form = tab.get_by_role('dialog', name='Send a location')
    await form.get_by_label('Name').fill('The mill')
    assert await flaws(tab) == []
    await form.get_by_label('Latitude and longitude').fill('somewhere')
    await form.get_by_role('button', name='Send').click()
    await expect(tab.get_by_text('Write the latitude, a comma')).to_be_visible()
    await form.get_by_label('Latitude and longitude').fill('48.1, 11.5')
    await form.get_by_role('button', name='Send').click()
    await expect(anna.get_by_text('48.1000, 11.5000')).to_be_visible()

    await attach('Contact')
    await tab.get_by_role('dialog', name='Send a contact').get_by_role('button', name='Send').click()
    await expect(anna.locator('.bubble.out', has_text='Fennel & Rye').last).to_be_visible()

    await attach('Poll')
    form = tab.get_by_role('dialog', name='Send a poll')
    await expect(form.get_by_text('One on each line.')).to_be_visible()
    await form.get_by_label('Question').fill('Sweet or salty?')
    await form.get_by_label('Options').fill('Sweet\nSalty\n')
    await form.get_by_role('button', name='Send').click()
    await expect(anna.locator('.bubble.out', has_text='Sweet or salty?')).to_be_visible()

    async with tab.expect_file_chooser() as choosing:
        await attach('Document')
    await (await choosing.value).set_files(large)
    await expect(tab.get_by_text('at most 1 MB')).to_be_visible()


@pytest.mark.browser
async def test_a_phone_calls_and_hangs_up(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/sandbox')
    anna = phone(tab, 'Anna')
    await choose(tab, tab.get_by_role('combobox', name='Chat on the phone of Anna'), 'Ben')
    await anna.get_by_role('button', name='Call with Anna’s phone').click()
    await expect(anna.get_by_text('Voice call, ringing')).to_be_visible()
    await anna.get_by_role('button', name='Hang up Anna’s call').click()
    await expect(anna.get_by_text('Voice call, ringing')).to_be_hidden()
    await expect(anna.get_by_role('button', name='Call with Anna’s phone')).to_be_visible()


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


def test_the_story_says_what_kind_of_message_it_was() -> None:
    teller = Teller({})
    for kind, text in (('image', ''), ('poll', 'Which loaf?'), ('reaction', '❤️'), ('unheard_of', '')):
        teller.take('message.received', NOW, {'id': kind, 'kind': kind, 'text': text, 'from': {'name': 'Anna'}})
    assert [knot.text for knot in reversed(teller.knots)] == [
        'Received a picture from Anna', 'Received a poll “Which loaf?” from Anna',
        'Received a reaction “❤️” from Anna', 'Received a message from Anna',
    ]  # fmt: skip


def test_a_name_after_an_at_is_a_mention_in_a_group() -> None:
    people = tuple(PersonOut(phone=phone, name=name, lid=f'9{phone}') for phone, name in
                   (('1', 'Ann'), ('2', 'Anna'), ('3', 'Cleo')))  # fmt: skip
    chats = Chats(people=people, groups=(GroupOut(jid='7@g.us', name='Club', owner='1', members=('1', '2')),), ours={})
    assert chats.mentioned('@Anna and @Ann, not @Cleo', '7@g.us') == ('@2 and @1, not @Cleo', ('2', '1'))
    assert chats.mentioned('@Anna', '2') == ('@Anna', ())
    assert chats.named('@92 and @1') == '@Anna and @Ann'


def test_the_story_keeps_the_last_thirty_and_one_line_for_a_state_that_stays() -> None:
    teller = Teller({})
    for n in range(50):
        teller.take('session.state', NOW + timedelta(seconds=n), {'name': 'shop', 'state': 'pairing', 'detail': f'{n}'})
    assert [(knot.text, knot.detail) for knot in teller.knots] == [('shop is waiting for a phone', '49')]
    for n in range(50):
        teller.take('flow.run.finished', NOW, {'flow': f'f{n}', 'state': 'suppressed_loop', 'detail': 'Too often.'})
    assert len(teller.knots) == 30
    assert teller.knots[0].text == 'Flow “f49” stays silent'
