"""The inbox as its tests hold it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.async_api import Locator, Page, expect

from tests.stories.product import ANNA, BEN, Product, until
from tests.ui.whole_house import open_as, whole_house

PHONE = {'width': 390, 'height': 844}


@contextmanager
def two_chats(folder: Path) -> Iterator[Product]:
    """The whole product, to which Anna and Ben have written."""
    with whole_house(folder) as product:
        product.say('where is my loaf?', ANNA)
        product.say('see you', BEN)
        until(lambda: len(product.get('/chats')['items']) == 2, 30)
        yield product


def chat(tab: Page, name: str) -> Locator:
    return tab.get_by_role('group', name='List of chats').get_by_role('button', name=re.compile(name))


def log(tab: Page) -> Locator:
    return tab.get_by_role('log', name='Messages')


def spoken(tab: Page, text: str) -> Locator:
    return tab.locator('.spoken', has_text=text).last


def unread(product: Product, name: str) -> int:
    return next(int(each['unread']) for each in product.get('/chats')['items'] if each['name'] == name)


async def open_inbox(tab: Page, product: Product, name: str = '', email: str = 'mia@example.org') -> None:
    await open_as(tab, product, '/inbox', email, ready='.inbox')
    if name:
        await chat(tab, name).click()
        await expect(tab.get_by_label(f'Message to {name}')).to_be_visible()


async def write(tab: Page, name: str, text: str) -> None:
    await tab.get_by_label(f'Message to {name}').fill(text)
    await tab.get_by_label(f'Message to {name}').press('Enter')
