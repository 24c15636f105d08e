"""The whole product on its sandbox, for pages that are tested with everything behind them."""

import contextlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.async_api import Page

from tests.stories.product import Product, free_port, until
from tests.ui.conftest import PASSWORD, faults

PEOPLE = {'mia@example.org': ('Mia Brandt', 'owner'), 'jo@example.org': ('Jo Kim', 'agent'),
          'vera@example.org': ('Vera Lind', 'viewer')}  # fmt: skip
_kept: dict[tuple[str, str], dict[str, str]] = {}  # by house and person: the cookies of their browser


@contextmanager
def whole_house(folder: Path, **env: str) -> Iterator[Product]:
    """Furnished and linked, with an owner, an agent and a viewer."""
    product = Product(folder / 'state', free_port(), env=env)
    try:
        product.start()
        product.wait_state('working')
        for email, (name, role) in PEOPLE.items():
            product.post('/users', {'email': email, 'name': name, 'role': role, 'password': PASSWORD})
        yield product
    finally:
        product.close()


def doubt(product: Product, text: str) -> None:
    """Make a message that was sent an uncertain one, as a crash would have."""
    until(lambda: next(each for each in product.messages() if each['text'] == text)['status'] == 'delivered', 30)
    with contextlib.closing(sqlite3.connect(product.state / 'dovecote.db', timeout=10)) as database, database:
        database.execute(
            "UPDATE message SET status = 'uncertain', error = 'The host ended in the middle.', ended_at = sent_at"
            ' WHERE text = ?',
            (text,),
        )


async def open_as(
    tab: Page, product: Product, path: str, email: str = 'mia@example.org', *, ready: str = '.head', anew: bool = False
) -> None:
    """In the browser in which they signed in before, while that login holds; else, or `anew`, through the form."""
    if not anew:
        known = _kept.get((product.url, email), {})
        await tab.context.add_cookies([{'name': n, 'value': v, 'url': product.url} for n, v in known.items()])
    await tab.goto(f'{product.url}{path}')
    if tab.url.startswith(f'{product.url}/sign-in'):
        await sign_in(tab, email)
        await tab.wait_for_url(f'**{path}')
        _kept[product.url, email] = {each['name']: each['value'] for each in await tab.context.cookies()}
    await tab.wait_for_selector(ready)


async def sign_in(tab: Page, email: str) -> None:
    await tab.get_by_label('E-mail').fill(email)
    await tab.get_by_label('Password').fill(PASSWORD)
    await tab.get_by_role('button', name='Sign in').click()


async def wear(tab: Page, product: Product, look: str) -> None:
    """Light or dark from the next page on."""
    answer = await tab.request.post(f'{product.url}/look', form={'look': look}, headers={'origin': product.url})
    assert answer.status == 204


async def is_too_wide(tab: Page) -> bool:
    return bool(await tab.evaluate('document.documentElement.scrollWidth > innerWidth'))


async def flaws(tab: Page) -> list[str]:
    """What axe finds once nothing fades in or out any more: what is half there has half its contrast."""
    await tab.emulate_media(reduced_motion='reduce')  # a note that fades out while axe looks is half there too
    await tab.mouse.move(0, 0)  # a tooltip belongs to no part of the page
    await tab.wait_for_selector('.q-tooltip', state='detached')
    await tab.wait_for_function('!document.querySelector("[class*=-enter-active], [class*=-leave-active]")')
    return await faults(tab)
