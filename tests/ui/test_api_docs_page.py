"""The reference of the API, read in a browser."""

from collections.abc import Iterator

import pytest
from playwright.async_api import Page, expect

from tests.stories.product import Product
from tests.ui.conftest import faults
from tests.ui.whole_house import is_too_wide, open_as, wear, whole_house

pytestmark = pytest.mark.browser


@pytest.fixture(scope='module')
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with whole_house(tmp_path_factory.mktemp('reference')) as product:
        yield product


async def test_a_viewer_finds_a_request_and_copies_it(tab: Page, product: Product) -> None:
    await tab.context.grant_permissions(['clipboard-read', 'clipboard-write'])
    await open_as(tab, product, '/api/docs', 'vera@example.org', ready='.operation')
    await tab.get_by_role('navigation', name='Contents').get_by_text('Send a message', exact=True).click()
    request = tab.get_by_role('region', name='request: Send a message', exact=True)
    await expect(request).to_be_in_viewport()
    await expect(request).to_contain_text(f'curl -X POST {product.url}/api/v1/messages')
    await tab.get_by_role('button', name='Copy request: Send a message', exact=True).click()
    await expect(tab.get_by_text('Copied')).to_be_visible()
    assert await tab.evaluate('navigator.clipboard.readText()') == await request.text_content()


async def test_it_reads_well_everywhere(tab: Page, product: Product) -> None:
    await open_as(tab, product, '/api/docs', 'vera@example.org', ready='.operation')
    for look, width in (('light', 1440), ('dark', 390)):
        await wear(tab, product, look)
        await tab.set_viewport_size({'width': width, 'height': 844})
        await tab.goto(f'{product.url}/api/docs')
        await tab.wait_for_selector('.operation')
        assert not await is_too_wide(tab)
        assert await faults(tab) == []
