"""Finding and reading in the inbox: search in messages, long conversations, what is unread."""

import re
import sqlite3
from collections.abc import Iterator

import pytest
from playwright.async_api import Locator, Page, expect

from tests.stories.product import ANNA, BEN, Product, until
from tests.ui.inbox import chat, log, open_inbox, spoken, two_chats, write
from tests.ui.whole_house import flaws

LONG = 900  # messages of a conversation that is scrolled through
MOST_DRAWN = 260


@pytest.fixture(scope='module')
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with two_chats(tmp_path_factory.mktemp('reading')) as product:
        remember(product, 'Ben', LONG)
        yield product


def remember(product: Product, name: str, count: int) -> None:
    """So many older messages in this chat, as if they had come long ago."""
    found = next(each for each in product.get('/chats')['items'] if each['name'] == name)
    with sqlite3.connect(product.state / 'dovecote.db', timeout=10) as database:
        (session,) = database.execute('SELECT session_id FROM chat WHERE id = ?', (found['id'],)).fetchone()
        at = 1_700_000_000_000
        database.executemany(
            'INSERT INTO message (id, session_id, chat_id, direction, kind, text, status, author, author_name, origin,'
            " attempts, error, error_code, at, created_at, forwarded) VALUES (?, ?, ?, ?, 'text', ?, ?, '', '', 'live',"
            " 0, '', '', ?, ?, 0)",
            [
                (f'00{name[:1]}{number:023}', session, found['id'], 'in', f'older line {number:04}', 'received',
                 at + 60_000 * number, at + 60_000 * number)
                for number in range(count)
            ],
        )  # fmt: skip
    database.close()


async def scroll_until(tab: Page, there: Locator, to: str, edge: str) -> None:
    """Scroll to one end of what is drawn, again and again, until `there` is drawn too."""
    for _ in range(200):
        said = tab.locator('.spoken .text')
        known = await (said.first if edge == 'first' else said.last).inner_text()
        if await there.count():  # asked after the line at the edge: it may come in between
            return
        await log(tab).evaluate(f'box => box.scrollTop = {to}')
        assert await drawn(tab) <= MOST_DRAWN
        await tab.wait_for_function(
            '([known, at]) => [...document.querySelectorAll(".spoken .text")].at(at).textContent !== known',
            arg=[known, 0 if edge == 'first' else -1],
        )
    raise AssertionError('it was never drawn')


async def drawn(tab: Page) -> int:
    return await tab.locator('.spoken').count()


@pytest.mark.browser
async def test_a_search_looks_into_messages_and_leads_to_them(tab: Page, product: Product) -> None:
    product.say('do you have crème fraîche?', ANNA)
    await open_inbox(tab, product, 'Anna')
    search = tab.get_by_label('Search chats and messages')
    await search.fill('creme fra')  # the index may not have it yet: it is found all the same
    hit = tab.locator('.hit')
    await expect(hit).to_have_count(1)
    await expect(hit).to_contain_text('Anna')
    assert await hit.locator('mark').all_inner_texts() != []
    await search.fill('line 0123')
    await expect(hit.filter(has_text='Ben').first).to_contain_text('older line 0123')
    assert await flaws(tab) == []
    await hit.first.click()
    await expect(tab.get_by_label('Message to Ben')).to_be_visible()
    await expect(tab.locator('.spoken:focus')).to_contain_text('older line 0123')
    await expect(log(tab).get_by_text('older line 0123')).to_be_in_viewport()
    await expect(tab.locator('.inbox .story')).to_contain_text('older line 0123')  # and what happened to it
    await search.fill('nothing like it')
    await expect(tab.get_by_text('No message says that.')).to_be_visible()


@pytest.mark.browser
async def test_a_long_conversation_is_scrolled_through_and_the_page_stays_small(tab: Page, product: Product) -> None:
    await open_inbox(tab, product, 'Ben')
    await expect(tab.get_by_role('button', name='Go to the newest')).to_have_count(0)
    top, end = log(tab).get_by_text('older line 0000'), log(tab).get_by_text('see you')
    await scroll_until(tab, top, '-box.scrollHeight', 'first')
    await expect(end).to_have_count(0)  # the other end was let go
    await scroll_until(tab, end, '0', 'last')
    days = await log(tab).locator('.day').all_inner_texts()
    assert len(days) == len(set(days))


@pytest.mark.browser
async def test_what_the_reader_looks_at_does_not_jump_when_more_is_loaded(tab: Page, product: Product) -> None:
    await open_inbox(tab, product, 'Ben')
    place = """text => [...document.querySelectorAll('.spoken')].find(each => each.textContent.includes(text))
        ?.getBoundingClientRect().top"""
    for _ in range(12):  # past the point where what is at the end is let go
        first = tab.locator('.spoken').first
        said = (await first.locator('.text').inner_text()).strip()
        await log(tab).evaluate('box => box.scrollTop = 200 - (box.scrollHeight - box.clientHeight)')
        before = await tab.evaluate(place, said)
        await tab.wait_for_function(
            'known => document.querySelector(".spoken .text").textContent.trim() !== known', arg=said
        )
        await tab.wait_for_function(
            f'([text, top]) => Math.abs(({place})(text) - top) < 2', arg=[said, before], timeout=10_000
        )


@pytest.mark.browser
async def test_new_messages_are_counted_while_the_reader_is_elsewhere(tab: Page, product: Product) -> None:
    await open_inbox(tab, product, 'Ben')
    await log(tab).evaluate('box => box.scrollTop = -1500')
    await expect(tab.get_by_role('button', name='Go to the newest')).to_be_visible()
    product.say('one more thing', BEN)
    to_end = tab.get_by_role('button', name='Go to the newest, 1 new')
    await expect(to_end).to_be_visible()
    assert await flaws(tab) == []
    await to_end.click()
    await expect(log(tab).get_by_text('one more thing')).to_be_in_viewport()
    await expect(tab.get_by_role('button', name='Go to the newest')).to_have_count(0)
    await log(tab).evaluate('box => box.scrollTop = -1500')
    await expect(tab.get_by_role('button', name='Go to the newest')).to_be_visible()
    await write(tab, 'Ben', 'what I write is what I see')
    await expect(log(tab).get_by_text('what I write is what I see')).to_be_in_viewport()


@pytest.mark.browser
async def test_a_line_stands_above_what_is_unread_until_it_is_answered(tab: Page, product: Product) -> None:
    await open_inbox(tab, product, 'Ben')
    product.say('first new', ANNA)
    product.say('second new', ANNA)
    await expect(chat(tab, 'Anna').get_by_label('2 unread')).to_be_visible()
    await chat(tab, 'Anna').click()
    line = tab.locator('.unread-line')
    await expect(line).to_have_text('2 unread messages')
    texts = await tab.locator('.unread-line ~ .spoken').all_inner_texts()
    assert re.match('first new', texts[0].strip())
    await write(tab, 'Anna', 'on my way')
    await expect(spoken(tab, 'on my way')).to_be_visible()
    await expect(line).to_have_count(0)


@pytest.mark.browser
async def test_the_list_of_chats_goes_on_as_it_is_scrolled(tab: Page, product: Product) -> None:
    with sqlite3.connect(product.state / 'dovecote.db', timeout=10) as database:
        (session,) = database.execute("SELECT id FROM session WHERE name = 'shop'").fetchone()
        database.executemany(
            'INSERT INTO chat (id, session_id, "group", name, unread, automation, last_at, created_at)'
            " VALUES (?, ?, ?, ?, 0, 'bot', ?, 0)",
            [(f'00G{number:023}', session, f'9{number}', f'Old group {number:03}', number) for number in range(120)],
        )
    database.close()
    await open_inbox(tab, product)
    rows = tab.locator('.chat')
    await expect(rows).to_have_count(50)
    box = tab.get_by_role('group', name='List of chats')
    for count in (100, 122):
        await box.evaluate('box => box.scrollTop = box.scrollHeight')
        await expect(rows).to_have_count(count)
    product.say('still at the top', BEN)
    await expect(rows.first).to_contain_text('still at the top')
    until(lambda: product.get('/chats')['items'][0]['name'] == 'Ben', 30)
