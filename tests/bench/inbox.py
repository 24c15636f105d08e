"""The inbox page in a browser, over as many chats and messages as a busy house gathers in years."""

import random
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Page

from tests.stories.product import Product, free_port

from .figures import Figure, percentile
from .page import chromium, sign_in

START = 1_700_000_000_000
WORDS = ('bread', 'loaf', 'rye', 'fennel', 'morning', 'order', 'please', 'tomorrow', 'deliver', 'price', 'saturday',
         'thanks', 'hello', 'when', 'open', 'cake', 'coffee', 'table', 'early', 'late')  # fmt: skip
RARE = 4_000  # different words beside these
LONG = 'LONG'  # the chat with very many messages
WITHIN = 60_000  # milliseconds that anything may take before it counts as broken
SEARCHES = ('fennel', 'rare0123', 'bread morning', 'pri', 'Customer 04321')


def measure(*, chats: int, messages: int, long: int, rounds: int) -> list[Figure]:
    with house(chats, messages, long) as product, chromium() as browser:
        first = [first_view(browser, product) for _ in range(rounds)]
        tab = browser.new_page(viewport={'width': 1440, 'height': 900})
        sign_in(tab, product, '/inbox')
        tab.wait_for_selector('.chat')
        opened = [open_chat(tab, place) for place in range(1, 4 * rounds + 1)]
        found = [search(tab, q) for q in SEARCHES for _ in range(rounds)]
        open_long(tab)
        frames, drawn = scroll(tab, 400 * rounds)
    held = f'{chats:,} chats, {messages:,} messages'
    return [
        _figure(f'inbox, first view ({held})', first, 1500),
        _figure('inbox, opening a chat', opened, 300),
        _figure('inbox, search as one types (names and messages)', found, 500),
        Figure(
            name=f'inbox, scrolling back through a chat of {long:,} messages',
            target='frames of at most 50 ms (p95), at most 300 messages drawn',
            measured=f'frame p50 {percentile(frames, 0.5):.0f} ms, p95 {percentile(frames, 0.95):.0f} ms, '
            f'longest {max(frames):.0f} ms, at most {drawn} messages drawn',
            good=percentile(frames, 0.95) <= 50 and drawn <= 300,
            raw={'frames': frames},
        ),
    ]


def _figure(name: str, took: list[float], most: int) -> Figure:
    """Milliseconds."""
    return Figure(
        name=name,
        target=f'at most {most} ms',
        measured=f'median {median(took):.0f} ms, longest {max(took):.0f} ms',
        good=median(took) <= most,
        raw={'ms': took},
    )


# ---- what there is to see


@contextmanager
def house(chats: int, messages: int, long: int) -> Iterator[Product]:
    with tempfile.TemporaryDirectory(prefix='inbox-', ignore_cleanup_errors=True) as folder:
        product = Product(Path(folder, 'state'), free_port())
        try:
            product.start()
            product.wait_state('working')
            product.stop()
            fill(product.state / 'dovecote.db', chats, messages, long)
            product.start(wait=120)
            yield product
        finally:
            product.close()


def fill(file: Path, chats: int, messages: int, long: int) -> None:
    """One chat with `long` messages, the others share the rest; everything in the index of words."""
    some = random.Random(1)
    with sqlite3.connect(file) as database:
        database.executescript('PRAGMA synchronous = off; PRAGMA cache_size = -200000;')
        (session,) = database.execute("SELECT id FROM session WHERE name = 'shop'").fetchone()
        end = START + 1000 * messages
        names = [LONG, *(f'C{number:05}' for number in range(1, chats))]
        database.executemany(
            "INSERT INTO contact (id, phone, name, push_name, created_at) VALUES (?, ?, ?, '', ?)",
            [(f'P{id}', f'1777{number:07}', f'Customer {number:05}', START) for number, id in enumerate(names)],
        )
        database.executemany(
            'INSERT INTO chat (id, session_id, contact_id, name, unread, automation, last_at, created_at)'
            " VALUES (?, ?, ?, '', ?, 'bot', ?, ?)",
            [(id, session, f'P{id}', number % 3, end - 1000 * number, START) for number, id in enumerate(names)],
        )
        database.executemany(
            'INSERT INTO message (id, session_id, chat_id, direction, kind, text, status, whatsapp_id, author,'
            ' author_name, origin, attempts, error, error_code, at, created_at, forwarded, indexed)'
            " VALUES (?, ?, ?, ?, 'text', ?, ?, ?, '', '', 'live', 0, '', '', ?, ?, 0, ?)",
            _messages(session, names, messages, long, some),
        )
        database.execute('INSERT INTO message_fts (rowid, text) SELECT indexed, text FROM message WHERE indexed > 0')
        database.execute("INSERT INTO message_fts (message_fts) VALUES ('optimize')")
        database.execute(
            'UPDATE chat SET last_message = (SELECT max(id) FROM message WHERE chat_id = chat.id),'
            ' last_at = coalesce((SELECT max(at) FROM message WHERE chat_id = chat.id), last_at)'
        )
    database.close()


def _messages(
    session: str, names: list[str], count: int, long: int, some: random.Random
) -> Iterator[tuple[object, ...]]:
    step = count // long
    for number in range(count):
        chat = LONG if number % step == 0 else names[1 + number % (len(names) - 1)]
        direction, status = ('out', 'read') if number % 2 else ('in', 'received')
        rare = f'rare{some.randrange(RARE):04}'
        text = f'{number}: {" ".join(some.choices(WORDS, k=9))} {rare}'
        at = START + 1000 * number
        yield f'01H{number:023}', session, chat, direction, text, status, f'OLD{number}', at, at, number + 1


# ---- what a reader waits for


def first_view(browser: Browser, product: Product) -> float:
    """From the address to a list with fifty chats, in a browser that has never been here but for the sign-in."""
    context = browser.new_context(viewport={'width': 1440, 'height': 900})
    tab = context.new_page()
    sign_in(tab, product, '/inbox')
    tab.wait_for_selector('.chat')
    state = context.storage_state()
    context.close()
    context = browser.new_context(viewport={'width': 1440, 'height': 900}, storage_state=state)
    tab = context.new_page()
    tab.goto(f'{product.url}/inbox', wait_until='commit')
    tab.wait_for_function('document.querySelectorAll(".chat").length >= 50', timeout=WITHIN)
    took = float(tab.evaluate(f'({PAINTED})().then(() => performance.now())'))
    context.close()
    return took


def open_chat(tab: Page, place: int) -> float:
    """From the click to the messages on the screen."""
    return float(tab.evaluate(OPENED, place))


def search(tab: Page, q: str) -> float:
    """From the last letter to what was found."""
    field = tab.get_by_label('Search chats and messages')
    field.fill('')
    tab.wait_for_function('!document.querySelector(".hits > *")', timeout=WITHIN)
    took = float(tab.evaluate(FOUND, q))
    field.fill('')
    tab.wait_for_function('!document.querySelector(".hits > *")', timeout=WITHIN)
    return took


def open_long(tab: Page) -> None:
    tab.goto(tab.url.partition('/inbox')[0] + f'/inbox?chat={LONG}')
    tab.wait_for_function('document.querySelectorAll(".spoken").length >= 40', timeout=WITHIN)


def scroll(tab: Page, turns: int) -> tuple[list[float], int]:
    """Turn the wheel; returns how long each frame took, in milliseconds, and the most messages that were drawn."""
    box = tab.get_by_role('log', name='Messages').bounding_box()
    assert box is not None
    tab.mouse.move(box['x'] + 200, box['y'] + 200)
    tab.evaluate(WATCH)
    for _ in range(turns):
        tab.mouse.wheel(0, -300)
    frames, drawn = tab.evaluate('window.watched')
    return [float(each) for each in frames], int(drawn)


PAINTED = '() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))'
OPENED = """async (place) => {
  const row = document.querySelectorAll('.chat')[place];
  const known = document.querySelector('.spoken')?.dataset.message;
  const began = performance.now();
  row.click();
  await new Promise((done) => {
    const look = () => {
      const first = document.querySelector('.spoken')?.dataset.message;
      if (first && first !== known) requestAnimationFrame(() => requestAnimationFrame(done));
      else requestAnimationFrame(look);
    };
    look();
  });
  return performance.now() - began;
}"""
FOUND = """async (q) => {
  const field = document.querySelector('.sieve input');
  const began = performance.now();
  field.value = q;
  field.dispatchEvent(new Event('input', { bubbles: true }));
  await new Promise((done) => {
    const look = () => {
      if (document.querySelector('.hits > *')) requestAnimationFrame(() => requestAnimationFrame(done));
      else requestAnimationFrame(look);
    };
    look();
  });
  return performance.now() - began;
}"""
WATCH = """() => {
  window.watched = [[], 0];
  let before = performance.now();
  const look = (now) => {
    window.watched[0].push(now - before);
    window.watched[1] = Math.max(window.watched[1], document.querySelectorAll('.spoken').length);
    before = now;
    requestAnimationFrame(look);
  };
  requestAnimationFrame((now) => { before = now; requestAnimationFrame(look); });
}"""
