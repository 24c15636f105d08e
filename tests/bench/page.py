"""One open, live page: a headless Chromium that shows the inbox while something else is measured."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

from tests.stories.product import Product
from ui.greeting import SANDBOX_EMAIL

CHROMIUM = '/usr/bin/chromium'
QUIETLY = ('--no-sandbox', '--force-device-scale-factor=1', '--font-render-hinting=none')


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=list(QUIETLY))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def open_inbox(product: Product) -> Iterator[Page]:
    """Signed in, with the newest chat open."""
    chat = product.get('/chats')['items'][0]['id']
    with chromium() as browser:
        tab = browser.new_page(viewport={'width': 1440, 'height': 900})
        sign_in(tab, product, f'/inbox/{chat}')
        yield tab


def sign_in(tab: Page, product: Product, path: str) -> None:
    """Through the door, with the words printed at the start."""
    tab.goto(f'{product.url}/sign-in?next={path}')
    tab.get_by_label('E-mail').fill(SANDBOX_EMAIL)
    tab.get_by_label('Password').fill(password_of(product))
    tab.get_by_role('button', name='Sign in').click()
    tab.wait_for_url(f'**{path}')
    tab.wait_for_selector('.rail')


def password_of(product: Product) -> str:
    found = re.search(r'the password (\S+)', product.log.read_text())
    assert found, 'the product printed no password'
    return found.group(1)
