"""The flow builder: a keyword menu from nothing, by clicking, tried out and published."""

from collections.abc import Iterator

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.stories.product import ANNA, Product, until
from tests.ui.conftest import quiet_tab
from tests.ui.whole_house import flaws, is_too_wide, open_as, wear, whole_house

pytestmark = pytest.mark.browser
TESTS = '\n# our own\ntests:\n  - name: it asks\n    given: {message: {text: prices}}\n    expect: {outcome: waiting}\n'


@pytest.fixture(scope='module')
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with whole_house(tmp_path_factory.mktemp('builder')) as product:
        yield product


def card(tab: Page, text: str) -> Locator:
    return tab.locator('.card').filter(has=tab.locator('.says-it').filter(has_text=text)).last


async def begin(tab: Page, product: Product, name: str) -> None:
    await open_as(tab, product, '/flows')
    await tab.get_by_role('button', name='New flow').click()
    asking = tab.get_by_role('dialog', name='New flow')
    await asking.get_by_label('Name').fill(name)
    await asking.get_by_role('button', name='Create').click()
    await expect(tab.get_by_role('heading', name=f'Flows/{name}', level=1)).to_be_visible()


async def add(tab: Page, where: str, kind: str) -> None:
    await tab.get_by_role('button', name=where, exact=True).click()
    offer = tab.get_by_role('dialog')
    await offer.get_by_role('button', name=kind).click()
    await expect(offer).to_have_count(0)


async def test_a_keyword_menu_is_built_by_clicking(tab: Page, product: Product) -> None:
    await begin(tab, product, 'Price list')
    await expect(tab.get_by_text('Add what starts the flow.')).to_be_visible()
    await add(tab, 'Add a trigger', 'A message arrives')
    await expect(card(tab, 'A message arrives')).to_contain_text('there is no word to look for')
    await expect(tab.get_by_label('Words', exact=True)).to_be_focused()
    await tab.get_by_label('Words', exact=True).fill('prices\nlist')
    await expect(card(tab, 'prices or list')).to_be_visible()

    await add(tab, 'Add a step', 'Ask Asks')
    question = tab.get_by_label('Question')
    await question.fill('Hello ! Which?')
    await question.press('Home')
    for _ in 'Hello ':
        await question.press('ArrowRight')
    await tab.get_by_role('button', name='Insert contact.first_name').click()
    await expect(question).to_have_value('Hello {{ contact.first_name }}! Which?')
    await tab.get_by_label('Choices', exact=True).fill('Bread\nCake')
    await expect(tab.get_by_text('offers Bread, Cake')).to_be_visible()

    await add(tab, 'Add a step', 'Choose')
    first = tab.get_by_role('group', name='If of Choose')
    await first.get_by_role('button', name='run.answer is').click()
    await tab.get_by_label('With', exact=True).fill('Bread')
    await expect(card(tab, 'run.answer is Bread')).to_be_visible()
    await add(tab, 'Add a step at steps/1/branches/0/steps', 'Send a message')
    await tab.get_by_label('Text', exact=True).fill('A loaf is 4.50')
    await add(tab, 'Add a step at steps/1/else', 'Send a message')
    await expect(tab.get_by_label('Text', exact=True)).to_have_value('')  # the form of the new one
    await tab.get_by_label('Text', exact=True).fill('A roll is 1.20')
    await expect(tab.get_by_text('Never published: nothing runs.', exact=True)).to_be_visible()
    await expect(tab.locator('.cm-content')).to_contain_text('text: A loaf is 4.50')
    assert await flaws(tab) == []

    await try_it(tab)
    await tab.get_by_role('button', name='Publish version').click()
    await expect(tab.get_by_text('is live.')).to_be_visible()
    product.say('prices', ANNA)
    until(lambda: any(text.startswith('Hello Anna! Which?') for text in product.inbox(ANNA)), 20)
    product.say('Bread', ANNA)
    until(lambda: 'A loaf is 4.50' in product.inbox(ANNA), 20)
    await as_it_came(tab)
    await small_and_dark(tab, product)


async def try_it(tab: Page) -> None:
    bench = tab.get_by_role('region', name='Test bench')
    await bench.get_by_label('Anna writes').fill('the price list')
    await bench.get_by_role('button', name='Try', exact=True).click()
    await expect(bench.get_by_text('Would wait: 1 message.')).to_be_visible()
    await bench.get_by_label('Reply as Anna').fill('2')
    await bench.get_by_role('button', name='Reply', exact=True).click()
    await expect(bench.get_by_text('Would run to its end: 2 messages.')).to_be_visible()
    await expect(bench.get_by_text('A roll is 1.20')).to_be_visible()
    await expect(bench.get_by_text('4 Sent an answer')).to_be_visible()
    await bench.get_by_role('button', name='Try', exact=True).click()
    await bench.get_by_role('button', name='Skip the waits').click()
    await expect(bench.get_by_text('Would stop')).to_be_visible()
    await bench.get_by_role('button', name='Which flows would match?').click()
    await expect(bench.get_by_role('listitem').filter(has_text='Welcome')).to_be_visible()
    assert await flaws(tab) == []


async def as_it_came(tab: Page) -> None:
    await tab.get_by_role('button', name='Past message').click()
    past = tab.get_by_role('dialog', name='Past message')
    await past.get_by_role('button', name='prices Anna').click()
    bench = tab.get_by_role('region', name='Test bench')
    await expect(bench.get_by_text('As Anna wrote it')).to_be_visible()
    await expect(bench.get_by_text('The word “prices” was found')).to_be_visible()


async def small_and_dark(tab: Page, product: Product) -> None:
    await tab.set_viewport_size({'width': 390, 'height': 844})
    await wear(tab, product, 'dark')
    await tab.goto(f'{product.url}/flows/price-list')
    await card(tab, 'prices or list').get_by_role('button').first.click()
    await expect(tab.get_by_label('Words', exact=True)).to_be_visible()
    for pane in ('Steps', 'YAML', 'Test bench'):
        await tab.get_by_role('button', name=pane, exact=True).click()
        await expect(tab.get_by_role('region', name=pane)).to_be_visible()
        assert await flaws(tab) == []
        assert not await is_too_wide(tab)
    await wear(tab, product, 'light')


async def test_yaml_leads_the_cards_and_cards_move(tab: Page, chromium: Browser, product: Product) -> None:
    source = ('# kept\nschema: dovecote.flow/1\nkey: moving\nname: Moving\ntriggers:\n  - {type: manual}\nsteps:\n'
              '  - {id: one, do: send, text: first}\n  - {id: two, do: send, text: second}  # the end\n')  # fmt: skip
    answer = product.ask('POST', '/flows', content=source, headers={'content-type': 'application/yaml'})
    assert answer.status_code == 201, answer.text
    await open_as(tab, product, '/flows/moving')
    yaml = tab.locator('.cm-content')
    await (
        card(tab, 'Answer second')
        .locator('.grip')
        .drag_to(card(tab, 'Answer first'), target_position={'x': 90, 'y': 6})
    )
    await expect(tab.locator('.says-it').filter(has_text='Answer')).to_have_text(['Answer second', 'Answer first'])
    await expect(yaml).to_contain_text('# the end')
    await tab.get_by_role('button', name='More for Send a message 1').click()
    await tab.get_by_text('Delete', exact=True).click()
    await expect(tab.locator('.says-it').filter(has_text='Answer')).to_have_text(['Answer first'])
    await tab.get_by_role('status').get_by_role('button', name='Undo').click()
    await expect(tab.locator('.says-it').filter(has_text='Answer')).to_have_text(['Answer second', 'Answer first'])

    await yaml.click()
    await tab.keyboard.press('Control+End')
    await tab.keyboard.insert_text('odd: : odd')
    await expect(tab.get_by_text('The text is not YAML in line')).to_be_visible()
    await expect(card(tab, 'Answer second')).to_be_visible()
    await tab.keyboard.press('Shift+Home')
    await tab.keyboard.insert_text(TESTS.replace('waiting', 'error'))
    await expect(tab.get_by_text('Tests: 1 fails')).to_be_visible()
    await tab.get_by_role('button', name='Publish version').click()
    doubt = tab.get_by_role('dialog', name='Publish although a test fails?')
    await doubt.get_by_role('button', name='Mend it first').click()
    await expect(tab.get_by_text('Never published')).to_be_visible()
    await with_a_colleague(tab, chromium, product)


async def with_a_colleague(tab: Page, chromium: Browser, product: Product) -> None:
    """What somebody else changes is not written over."""
    async with quiet_tab(chromium) as viewer:
        await open_as(viewer, product, '/flows/moving', 'vera@example.org')
        await expect(card(viewer, 'Answer second')).to_be_visible()
        await expect(viewer.get_by_role('button', name='Add a step')).to_have_count(0)
        assert await flaws(viewer) == []
        await wear(viewer, product, 'dark')
        await viewer.reload()
        await expect(viewer.locator('.cm-content')).to_contain_text('# our own')
        assert await flaws(viewer) == []
        text = product.get('/flows/moving')['source'].replace('second', 'another')
        product.ask(
            'PUT', '/flows/moving', content=text, headers={'content-type': 'application/yaml'}
        ).raise_for_status()
        await expect(card(viewer, 'Answer another')).to_be_visible()
    await expect(tab.get_by_text('Somebody else changed this flow.')).to_be_visible()
    await expect(card(tab, 'Answer second')).to_be_visible()
    await tab.get_by_role('button', name='Take theirs').click()
    await expect(card(tab, 'Answer another')).to_be_visible()
    await tab.get_by_role('button', name='Publish version').click()
    await tab.get_by_role('dialog').get_by_role('button', name='Publish despite').click()
    await expect(tab.get_by_text('is live.')).to_be_visible()
    await tab.get_by_role('button', name='More for Send a message 2').click()
    await tab.get_by_text('Delete', exact=True).click()
    await expect(tab.get_by_text('Your draft is not published.')).to_be_visible()
    await tab.get_by_role('button', name='History').click()
    assert await flaws(tab) == []
    await tab.get_by_role('button', name='Restore version').click()
    await expect(tab.locator('.says-it').filter(has_text='Answer')).to_have_text(['Answer another', 'Answer first'])


async def test_a_blueprint_asks_and_becomes_a_draft(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/flows')
    await tab.get_by_role('button', name='New flow').click()
    asking = tab.get_by_role('dialog', name='New flow')
    await asking.get_by_label('Name').fill('Topics')
    await asking.get_by_label('Begin with').click()
    await tab.get_by_role('option', name='Menu', exact=True).click()
    await asking.get_by_label('First choice').fill('Parking')
    await asking.get_by_role('button', name='Create').click()
    await expect(tab.get_by_text('offers Parking')).to_be_visible()
