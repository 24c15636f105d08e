"""Takes the pictures of the README: `python -m tests.screenshots` writes docs/pictures/*.png.

Everything in them is real: a fresh sandbox, people who write through the WhatsApp library, a flow that answers.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page

from tests.bench.page import chromium, sign_in
from tests.every_kind import talk_about_everything
from tests.stories.product import ANNA, BEN, ROOT, SHOP, Product, free_port, until

PICTURES = ROOT / 'docs' / 'pictures'
LARGEST = 250_000  # bytes
DESK, POCKET, SCROLL = (1440, 900), (390, 844), (1440, 2130)
CARLA, DENIZ, EMIL, FARAH = '15551230003', '15551230004', '15551230005', '15551230006'
PEOPLE = {ANNA: 'Anna Keller', BEN: 'Ben Okafor', CARLA: 'Carla Mendes', DENIZ: 'Deniz Aydın', EMIL: 'Emil Novák',
          FARAH: 'Farah Haddad', '15550000002': 'Fennel & Rye Catering'}  # fmt: skip


def main() -> int:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix='pictures-', ignore_cleanup_errors=True) as folder:
        product = Product(Path(folder, 'state'), free_port())
        try:
            product.start()
            product.key = product.command('key', 'add', 'Web shop', '--role', 'owner').strip()  # a name in the pictures
            product.wait_state('working')
            anna = live_a_morning(product)
            with chromium() as browser:
                take_pictures(browser, product, anna)
                picture_every_kind(browser, product, talk_about_everything(product))
        finally:
            product.close()
    large = [file.name for file in PICTURES.glob('*.png') if file.stat().st_size > LARGEST]
    if large:
        print(f'larger than {LARGEST} bytes: {", ".join(large)}', file=sys.stderr)
    return 1 if large else 0


# ---- what there is to see


def live_a_morning(product: Product) -> str:
    """A bakery's customers write and are answered; returns the chat with Anna."""
    for phone, name in PEOPLE.items():
        product.post('/sandbox/phones', {'phone': phone, 'name': name})
    _link_catering(product)
    _ask_and_answer(product, EMIL, 'Do you have gluten free bread?', 'We bake a buckwheat loaf on Thursdays.')
    _ask_and_answer(product, CARLA, 'Is there a table on the terrace today?', 'There is, until the rain comes.')
    _group_talks(product)
    _ask_and_answer(product, DENIZ, 'Could I have the recipe of the fennel rolls?', 'That stays in the family')
    product.say('Can you deliver on Saturday?', FARAH)
    product.say('About thirty people, near the park.', FARAH)
    chat = _talk_with_anna(product)
    product.say('Two rye loaves for tomorrow, please', BEN)
    until(lambda: _unread(product, 'Ben Okafor'), 10, what='Ben has written')
    product.post('/sessions', {'name': 'market-stall'})
    product.wait_state('pairing', 'market-stall')
    return chat


def _link_catering(product: Product) -> None:
    product.post('/sessions', {'name': 'catering'})
    product.post('/sandbox/phones/15550000002/scan', {'session': 'catering'})
    product.wait_state('working', 'catering')


def _talk_with_anna(product: Product) -> str:
    product.say('Hello!', ANNA)
    _until_said(product, ANNA, 'A person answers you soon')
    asked = product.say('I would like a cake for Sunday. Is that still possible?', ANNA)
    chat = until(lambda: _chat_of(product, 'Anna Keller'), 10)
    question = until(lambda: _message(product, chat, asked), 10)
    _say(product, ANNA, 'Of course, until Friday noon. Which one would you like?', reply_to=question)
    product.say('The fennel and lemon one, for eight people', ANNA)
    _say(product, ANNA, 'Lovely choice. That is 38 €, ready on Sunday from 9.')
    product.post(f'/sandbox/phones/{ANNA}/read')
    product.say('Perfect, thank you!', ANNA)
    until(lambda: _unread(product, 'Anna Keller'), 10)
    _say(product, ANNA, 'See you on Sunday, Anna.')
    return str(chat)


def _group_talks(product: Product) -> None:
    group = product.post('/sandbox/groups', {'name': 'Tasting club', 'owner': ANNA, 'members': [BEN, SHOP]})
    product.say('Who is coming to the tasting tonight?', ANNA, group['id'])
    product.say('I am, with two friends', BEN, group['id'])
    until(lambda: _chat_of(product, group['name']), 10)


def _ask_and_answer(product: Product, phone: str, question: str, answer: str) -> None:
    product.say(question, phone)
    chat = until(lambda: _chat_of(product, PEOPLE[phone]), 10)
    _say(product, phone, answer)
    product.post(f'/chats/{chat}/read')
    product.post(f'/sandbox/phones/{phone}/read')


def _say(product: Product, phone: str, text: str, **more: str) -> None:
    product.send(text, phone, **more)
    _until_said(product, phone, text)


def _until_said(product: Product, phone: str, words: str) -> None:
    until(lambda: any(words in text for text in product.inbox(phone)), 10, what=f'{phone} reads: {words}')


def _chats(product: Product) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = product.get('/chats')['items']
    return found


def _chat_of(product: Product, name: str) -> str:
    return next((str(chat['id']) for chat in _chats(product) if name in str(chat)), '')


def _unread(product: Product, name: str) -> bool:
    return any(name in str(chat) and chat['unread'] for chat in _chats(product))


def _message(product: Product, chat: str, whatsapp_id: str) -> str:
    items = product.get(f'/chats/{chat}/messages')['items']
    return next((str(item['id']) for item in items if whatsapp_id in str(item)), '')


# ---- the pictures


def take_pictures(browser: Browser, product: Product, chat: str) -> None:
    tab = browser.new_page(viewport=_size(DESK), locale='en-GB')
    sign_in(tab, product, '/')
    _wear(tab, product, 'light')
    _take(tab, product, '/', 'dashboard-light')
    _take(tab, product, '/sessions/market-stall', 'session-pairing-light')
    _take(tab, product, '/sandbox', 'sandbox-light')
    _take(tab, product, '/flows/menu', 'flow-light')
    _wear(tab, product, 'dark')
    _take(tab, product, f'/inbox/{chat}', 'inbox-dark')
    tab.set_viewport_size(_size(POCKET))
    _wear(tab, product, 'light')
    _take(tab, product, f'/inbox/{chat}', 'inbox-phone')


def picture_every_kind(browser: Browser, product: Product, chat: str) -> None:
    """A window as high as the conversation is long."""
    tab = browser.new_page(viewport=_size(SCROLL), locale='en-GB')
    sign_in(tab, product, '/')
    for look in ('light', 'dark'):
        _wear(tab, product, look)
        _take(tab, product, f'/inbox/{chat}', f'inbox-kinds-{look}')
        _lighten(PICTURES / f'inbox-kinds-{look}.png')


def _lighten(file: Path) -> None:
    """256 colours are enough for a page, and half as many bytes."""
    Image.open(file).convert('RGB').quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
        file, optimize=True
    )


def _take(tab: Page, product: Product, path: str, name: str) -> None:
    tab.goto(f'{product.url}{path}')
    tab.wait_for_selector('.rail, .tabs, nav', state='attached')
    tab.wait_for_load_state('networkidle')
    tab.wait_for_function('document.fonts.ready.then(() => true)')
    tab.wait_for_timeout(800)  # whatever fades in is there then
    tab.screenshot(path=PICTURES / f'{name}.png', animations='disabled', caret='hide')


def _wear(tab: Page, product: Product, look: str) -> None:
    answer = tab.request.post(f'{product.url}/look', form={'look': look}, headers={'origin': product.url})
    assert answer.status == 204, answer.status


def _size(size: tuple[int, int]) -> Any:
    return {'width': size[0], 'height': size[1]}


if __name__ == '__main__':
    sys.exit(main())
