"""Every kind of message as the inbox shows it, said by phones through the real library."""

import re
from collections.abc import Iterator

import pytest
from playwright.async_api import Page, expect

from core.sandbox.control import Fault
from tests.stories.product import ANNA, BEN, SHOP, until
from tests.ui.inbox import log, open_inbox, spoken
from tests.ui.staged_house import Stage, staged_house
from tests.ui.whole_house import flaws

POLL = ('Fennel', 'Rye', 'Walnut')


@pytest.fixture(scope='module')
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged_house(tmp_path_factory.mktemp('kinds')) as stage:
        yield stage


@pytest.mark.browser
async def test_a_place_is_a_card_that_leads_to_a_map(tab: Page, stage: Stage) -> None:
    await open_inbox(tab, stage.product, 'Anna')
    stage.phones.locate(ANNA, SHOP, 52.52, 13.405, name='The bakery', address='Market street 1')
    place = spoken(tab, 'The bakery').get_by_role('link')
    await expect(place).to_contain_text('Market street 1')
    await expect(place).to_contain_text('52.5200° N, 13.4050° E')
    await expect(place).to_have_attribute('href', re.compile(r'openstreetmap\.org/\?mlat=52\.52'))


@pytest.mark.browser
async def test_somebody_on_a_contact_card_is_written_to(tab: Page, stage: Stage) -> None:
    stage.phones.add_phone('15551230042', 'Lena')
    await open_inbox(tab, stage.product, 'Anna')
    stage.phones.card(ANNA, SHOP, 'Lena Vogt', ('+15551230042',))
    await spoken(tab, 'Lena Vogt').get_by_role('button', name='Write to Lena Vogt').click()
    await expect(tab.get_by_label('To', exact=True)).to_have_value('+15551230042')
    await tab.get_by_label('Message', exact=True).fill('Hello Lena')
    await tab.get_by_role('dialog').get_by_role('button', name='Send', exact=True).click()
    await expect(spoken(tab, 'Hello Lena').get_by_role('img', name='Delivered')).to_be_visible()
    assert [item.text for item in stage.phones.inbox('15551230042')] == ['Hello Lena']


@pytest.mark.browser
async def test_a_poll_shows_its_votes_as_they_come_and_who_gave_them(tab: Page, stage: Stage) -> None:
    await open_inbox(tab, stage.product, 'Anna')
    poll = {'name': 'Which loaf?', 'options': list(POLL), 'multiple': True}
    id = stage.product.post('/messages', {'session': 'shop', 'to': f'+{ANNA}', 'poll': poll})['id']
    asked = spoken(tab, 'Which loaf?')
    await expect(asked.get_by_text('Nobody has voted yet')).to_be_visible()
    await expect(asked.get_by_role('img', name='Delivered')).to_be_visible()
    whatsapp_id = stage.product.get(f'/messages/{id}')['whatsapp_id']
    stage.phones.vote(ANNA, whatsapp_id, ('Fennel', 'Walnut'))
    await expect(asked.get_by_text('1 person voted')).to_be_visible()
    await asked.get_by_role('button', name='Fennel, 1 vote').click()
    await expect(asked.get_by_text('Anna', exact=True)).to_be_visible()
    stage.phones.vote(ANNA, whatsapp_id, ())
    await expect(asked.get_by_text('Nobody has voted yet')).to_be_visible()
    assert await flaws(tab) == []


@pytest.mark.browser
async def test_the_reader_votes_changes_the_vote_and_takes_it_back(tab: Page, stage: Stage) -> None:
    await open_inbox(tab, stage.product, 'Anna')
    poll = stage.phones.poll(ANNA, SHOP, 'Which for you?', ('Rye', 'Oat'), multiple=False)
    asked = spoken(tab, 'Which for you?')

    def votes() -> tuple[int, ...]:
        return next(each.votes for each in stage.phones.conversation(ANNA) if each.id == poll)

    rye, oat = (asked.get_by_role('button', name=f'Vote for {each}') for each in ('Rye', 'Oat'))
    await rye.click()
    await expect(asked.get_by_role('button', name='Rye, 1 vote')).to_be_visible()
    until(lambda: votes() == (1, 0), 20)
    await oat.press('Enter')
    await expect(asked.get_by_role('button', name='Oat, 1 vote')).to_be_visible()
    assert [await each.get_attribute('aria-pressed') for each in (rye, oat)] == ['false', 'true']
    until(lambda: votes() == (0, 1), 20)
    assert await flaws(tab) == []
    stage.phones.vote(ANNA, poll, ('Rye',))
    await expect(asked.get_by_text('2 people voted')).to_be_visible()
    await oat.click()
    await expect(asked.get_by_text('1 person voted')).to_be_visible()
    until(lambda: votes() == (1, 0), 20)

    stage.phones.set_fault(Fault(kind='nack', code=406, times=1))
    await oat.click()
    await expect(tab.get_by_text('did not accept this message (406)')).to_be_visible()
    await expect(oat).to_have_attribute('aria-pressed', 'false', timeout=15_000)


@pytest.mark.browser
async def test_reactions_come_and_go_and_say_whose_they_are(tab: Page, stage: Stage) -> None:
    id = stage.product.send('react to this')
    await open_inbox(tab, stage.product, 'Anna')
    ours = spoken(tab, 'react to this')
    await expect(ours.get_by_role('img', name='Delivered')).to_be_visible()
    whatsapp_id = stage.product.get(f'/messages/{id}')['whatsapp_id']
    stage.phones.react(ANNA, whatsapp_id, '❤️')
    pill = ours.get_by_role('button', name='❤️, Anna')
    await expect(pill).to_be_visible()
    await pill.focus()
    await expect(pill.locator('.tip')).to_have_css('visibility', 'hidden')  # only for those who use the keyboard
    await tab.keyboard.press('Shift+Tab')
    await tab.keyboard.press('Tab')
    await expect(pill.locator('.tip')).to_have_css('visibility', 'visible')
    stage.phones.react(ANNA, whatsapp_id, '')
    await expect(pill).to_have_count(0)


@pytest.mark.browser
async def test_an_edit_and_a_deletion_are_shown_where_they_happened(tab: Page, stage: Stage) -> None:
    await open_inbox(tab, stage.product, 'Anna')
    wrong, secret = stage.phones.say(ANNA, SHOP, 'two lofes'), stage.phones.say(ANNA, SHOP, 'never mind this')
    await expect(spoken(tab, 'never mind this')).to_be_visible()
    stage.phones.edit(ANNA, wrong, 'two loaves')
    await expect(spoken(tab, 'two loaves').locator('.foot')).to_contain_text('edited')
    stage.phones.revoke(ANNA, secret)
    gone = spoken(tab, 'Anna deleted this message')
    await expect(gone).to_be_visible()
    await expect(log(tab).get_by_text('never mind this')).to_have_count(0)
    await gone.get_by_role('button', name='Show what it said').click()
    await expect(gone.get_by_text('never mind this')).to_be_visible()
    await gone.get_by_role('button', name='Hide it again').click()
    await expect(log(tab).get_by_text('never mind this')).to_have_count(0)
    assert await flaws(tab) == []


@pytest.mark.browser
async def test_an_answer_leads_to_what_it_answers(tab: Page, stage: Stage) -> None:
    id = stage.product.send('is noon all right?')
    await open_inbox(tab, stage.product, 'Anna')
    await expect(spoken(tab, 'is noon all right?').get_by_role('img', name='Delivered')).to_be_visible()
    whatsapp_id = stage.product.get(f'/messages/{id}')['whatsapp_id']
    stage.phones.say(ANNA, SHOP, 'noon is fine', quote=whatsapp_id)
    quote = spoken(tab, 'noon is fine').get_by_role('button', name='Go to the message that is answered')
    await expect(quote).to_have_text('Youis noon all right?')
    await quote.click()
    await expect(tab.locator('.spoken:focus')).to_contain_text('is noon all right?')


@pytest.mark.browser
async def test_who_forwards_is_told_and_a_group_names_its_writers(tab: Page, stage: Stage) -> None:
    group = stage.phones.add_group('Tasting club', ANNA, (BEN, SHOP))
    said = stage.phones.say(BEN, group.jid, 'I bring two friends')
    stage.phones.forward(BEN, said, group.jid)
    await open_inbox(tab, stage.product, 'Tasting club')
    last = spoken(tab, 'I bring two friends')
    await expect(last.get_by_text('Forwarded')).to_be_visible()
    await expect(last.locator('.by')).to_have_text('Ben')
    assert await flaws(tab) == []


@pytest.mark.browser
async def test_a_tick_tells_its_times_to_those_who_hover_or_use_the_keyboard(tab: Page, stage: Stage) -> None:
    await open_inbox(tab, stage.product, 'Anna')
    stage.product.send('tell me when')
    ours = spoken(tab, 'tell me when')
    await expect(ours.get_by_role('img', name='Delivered')).to_be_visible()
    stage.phones.read(ANNA)
    tick = ours.get_by_role('img', name='Read')
    await expect(tick).to_have_attribute('aria-description', re.compile(r'^Sent [\d:]{8} · .*Read [\d:]{8}$'))
    await tick.hover()
    await expect(tick.locator('.tip')).to_have_css('visibility', 'visible')
    await log(tab).focus()
    await tab.keyboard.press('ArrowUp')
    await expect(tab.locator('.spoken:focus')).to_contain_text('tell me when')


@pytest.mark.browser
async def test_typing_is_shown_to_both_sides(tab: Page, stage: Stage) -> None:
    await open_inbox(tab, stage.product, 'Anna')
    stage.phones.typing(ANNA, SHOP)
    head = tab.get_by_role('region', name='Conversation').locator('.bar')
    await expect(head.get_by_text('typing…')).to_be_visible()
    stage.phones.typing(ANNA, SHOP, 'paused')
    await expect(head.get_by_text('typing…')).to_be_hidden()
