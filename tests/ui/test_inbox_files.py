"""Files in the inbox: shown, played, fetched again, attached, dropped, recorded."""

import io
import wave
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Browser, FilePayload, Locator, Page, async_playwright, expect

from core.sandbox.control import Fault, Item
from tests.stories.product import ANNA, SHOP, until
from tests.ui.conftest import quiet_tab
from tests.ui.inbox import PHONE, open_inbox, spoken
from tests.ui.staged_house import Stage, staged_house
from tests.ui.whole_house import flaws, is_too_wide

SLOW = 30_000  # milliseconds in which a file is fetched or converted, on a slow machine too
MICROPHONE = ['--no-sandbox', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream']
PDF = b'%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF'


@pytest.fixture(scope='module')
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged_house(tmp_path_factory.mktemp('files')) as stage:
        yield stage


def picture(width: int = 600, height: int = 400, colour: str = 'tan', kind: str = 'JPEG') -> bytes:
    file = io.BytesIO()
    Image.new('RGB', (width, height), colour).save(file, kind)
    return file.getvalue()


def sound(seconds: int = 2) -> bytes:
    file = io.BytesIO()
    with wave.open(file, 'wb') as made:
        made.setnchannels(1)
        made.setsampwidth(2)
        made.setframerate(8000)
        made.writeframes(b'\x20\x10' * 8000 * seconds)
    return file.getvalue()


def at_anna(stage: Stage, kind: str, count: int = 1) -> list[Item]:
    """What her phone has of this kind, once there are so many."""

    def found() -> list[Item]:
        items = [item for item in stage.phones.inbox(ANNA) if item.kind == kind]
        return items if len(items) >= count else []

    return until(found, 30, what=f'{count} {kind} at the phone')


def last(tab: Page) -> Locator:
    return tab.locator('.spoken').last


@pytest.mark.browser
async def test_a_photo_is_looked_at_large_with_the_keyboard(tab: Page, stage: Stage) -> None:
    stage.phones.attach(ANNA, SHOP, picture(), mime='image/jpeg', caption='the first loaf')
    stage.phones.attach(ANNA, SHOP, picture(300, 500, 'teal'), mime='image/jpeg', caption='the second loaf')
    await open_inbox(tab, stage.product, 'Anna')
    first = spoken(tab, 'the first loaf').get_by_role('button', name='Look at the photo')
    await expect(first.locator('img')).to_be_visible(timeout=SLOW)
    await expect(spoken(tab, 'the second loaf').locator('.photo img')).to_be_visible(timeout=SLOW)
    shape = await first.bounding_box()
    assert shape is not None
    assert abs(shape['width'] / shape['height'] - 1.5) < 0.02
    assert await flaws(tab) == []
    await first.focus()
    await tab.keyboard.press('Enter')
    box = tab.get_by_role('dialog', name='Photos and videos')
    await expect(box.get_by_role('img', name='the first loaf')).to_be_visible()
    await tab.keyboard.press('ArrowRight')
    await expect(box.get_by_role('img', name='the second loaf')).to_be_visible()
    assert await flaws(tab) == []
    async with tab.expect_download() as saved:
        await box.get_by_label('Download').click()
    assert Path(await (await saved.value).path()).stat().st_size == len(picture(300, 500, 'teal'))  # noqa: ASYNC240
    await tab.keyboard.press('Escape')
    await expect(box).to_be_hidden()
    await expect(first).to_be_focused()


@pytest.mark.browser
async def test_a_document_says_its_name_and_size_and_is_saved(tab: Page, stage: Stage) -> None:
    await open_inbox(tab, stage.product, 'Anna')
    stage.phones.attach(ANNA, SHOP, PDF + b' ' * 84_000, mime='application/pdf', filename='invoice.pdf')
    document = spoken(tab, 'invoice.pdf')
    await expect(document.get_by_text('84 kB')).to_be_visible(timeout=SLOW)
    await expect(document.locator('.sheet')).to_have_text('PDF')
    link = document.get_by_role('link', name='Download invoice.pdf')
    await expect(link).to_be_visible(timeout=SLOW)
    async with tab.expect_download() as saved:
        await link.click()
    assert (await saved.value).suggested_filename == 'invoice.pdf'


@pytest.mark.browser
async def test_a_voice_message_is_played_where_it_is(tab: Page, stage: Stage) -> None:
    await open_inbox(tab, stage.product, 'Anna')
    stage.phones.attach(ANNA, SHOP, sound(), mime='audio/ogg; codecs=opus', voice=True)
    player = last(tab).locator('.voice')
    await expect(player).to_be_visible(timeout=SLOW)
    await expect(player.get_by_label('Position in the voice message')).to_be_visible()
    await player.get_by_role('button', name='Play').click()
    await expect(player.get_by_role('button', name='Speed 1')).to_be_visible()
    await player.get_by_role('button', name='Speed 1').click()
    await expect(player.get_by_role('button', name='Speed 1.5')).to_be_visible()
    assert await flaws(tab) == []


@pytest.mark.browser
async def test_a_file_that_did_not_come_says_why_and_is_asked_for_again(tab: Page, stage: Stage) -> None:
    await open_inbox(tab, stage.product, 'Anna')
    stage.phones.set_fault(Fault(kind='media', code=404, times=1))
    stage.phones.attach(ANNA, SHOP, picture(colour='plum'), mime='image/jpeg', caption='lost and found')
    lost = spoken(tab, 'lost and found')
    await expect(lost.get_by_text('WhatsApp no longer has this file.')).to_be_visible(timeout=SLOW)
    assert await flaws(tab) == []
    await lost.get_by_role('button', name='Try again').click()
    await expect(lost.locator('.photo img')).to_be_visible(timeout=SLOW)


@pytest.mark.browser
async def test_what_may_be_viewed_once_says_so(tab: Page, stage: Stage) -> None:
    await open_inbox(tab, stage.product, 'Anna')
    stage.phones.attach(ANNA, SHOP, picture(colour='navy'), mime='image/jpeg', view_once=True)
    await expect(last(tab).get_by_text('View once')).to_be_visible()
    await last(tab).hover()
    await expect(last(tab).get_by_role('button', name='Reply')).to_be_visible()
    await expect(last(tab).get_by_role('button', name='More')).to_have_count(0)  # nothing to copy or to forward


@pytest.mark.browser
async def test_chosen_files_are_sent_as_what_the_reader_wants(tab: Page, stage: Stage) -> None:
    await open_inbox(tab, stage.product, 'Anna')
    files = [
        FilePayload(name='loaf.jpg', mimeType='image/jpeg', buffer=picture(colour='olive')),
        FilePayload(name='menu.pdf', mimeType='application/pdf', buffer=PDF),
        FilePayload(name='smile.png', mimeType='image/png', buffer=picture(64, 64, 'gold', 'PNG')),
    ]
    await tab.locator('input[type=file]').set_input_files(files)
    strip = tab.get_by_role('list', name='Files to send')
    await expect(strip.get_by_role('listitem')).to_have_count(3)
    await strip.get_by_label('Send smile.png as').select_option('sticker')
    await tab.get_by_label('Message to Anna').fill('fresh from the oven')
    assert await flaws(tab) == []
    await tab.get_by_role('button', name='Send', exact=True).click()
    await expect(strip).to_be_hidden(timeout=SLOW)
    await expect(spoken(tab, 'fresh from the oven').locator('.photo img')).to_be_visible()
    await expect(spoken(tab, 'menu.pdf').get_by_role('link', name='Download menu.pdf')).to_be_visible()
    assert at_anna(stage, 'image')[-1].text == 'fresh from the oven'
    assert at_anna(stage, 'document')[-1].filename == 'menu.pdf'
    assert at_anna(stage, 'sticker')[-1].mime == 'image/webp'
    await expect(tab.locator('.bubble.plain img')).to_be_visible()
    await expect(last(tab).get_by_role('img', name='Delivered')).to_be_visible()


@pytest.mark.browser
async def test_a_file_is_dropped_on_the_conversation_or_pasted(tab: Page, stage: Stage) -> None:
    await open_inbox(tab, stage.product, 'Anna')
    holds = await tab.evaluate_handle("""() => {
        const held = new DataTransfer();
        held.items.add(new File(['flour, water, salt'], 'recipe.txt', { type: 'text/plain' }));
        return held;
    }""")
    where = tab.get_by_role('log', name='Messages')
    await where.dispatch_event('dragenter', {'dataTransfer': holds})
    await expect(tab.get_by_text('Drop files to send them')).to_be_visible()
    await where.dispatch_event('drop', {'dataTransfer': holds})
    await expect(tab.get_by_text('Drop files to send them')).to_be_hidden()
    strip = tab.get_by_role('list', name='Files to send')
    await expect(strip).to_contain_text('recipe.txt')
    await strip.get_by_role('button', name='Remove recipe.txt').click()
    await expect(strip).to_be_hidden()
    await tab.get_by_label('Message to Anna').focus()
    await tab.evaluate(
        """held => document.activeElement.dispatchEvent(
            new ClipboardEvent('paste', { clipboardData: held, bubbles: true, cancelable: true }))""",
        holds,
    )
    await expect(strip).to_contain_text('recipe.txt')
    await tab.get_by_role('button', name='Send', exact=True).click()
    until(lambda: at_anna(stage, 'document')[-1].filename == 'recipe.txt', 30)


@pytest.mark.browser
async def test_what_cannot_be_sent_says_why(tab: Page, stage: Stage) -> None:
    await open_inbox(tab, stage.product, 'Anna')
    chooser = tab.locator('input[type=file]')
    strip = tab.get_by_role('list', name='Files to send')
    await chooser.set_input_files(FilePayload(name='none.txt', mimeType='text/plain', buffer=b''))
    await expect(strip.get_by_role('alert')).to_have_text('This file is empty.')
    await strip.get_by_role('button', name='Remove none.txt').click()
    await tab.evaluate("""() => {
        const held = new DataTransfer();
        const large = new File([new ArrayBuffer(8)], 'film.mkv', { type: 'video/x-matroska' });
        Object.defineProperty(large, 'size', { value: 300_000_000 });
        held.items.add(large);
        const drop = new DragEvent('drop', { bubbles: true, cancelable: true });
        Object.defineProperty(drop, 'dataTransfer', { value: { types: ['Files'], files: [large] } });
        document.querySelector('.talk').dispatchEvent(drop);
    }""")
    await expect(strip.get_by_role('alert')).to_have_text('This file has 300 MB; the most is 105 MB.')
    await strip.get_by_role('button', name='Remove film.mkv').click()
    await chooser.set_input_files(FilePayload(name='fake.png', mimeType='image/png', buffer=b'no picture'))
    await expect(tab.get_by_role('button', name='Send', exact=True)).to_be_enabled(timeout=SLOW)
    await tab.get_by_role('button', name='Send', exact=True).click()
    await expect(strip.get_by_role('alert')).to_be_visible(timeout=SLOW)
    assert await flaws(tab) == []
    await strip.get_by_role('button', name='Remove fake.png').click()


@pytest.fixture
async def hearing() -> AsyncIterator[Browser]:
    """A browser with a microphone, in which nobody speaks."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path='/usr/bin/chromium', args=MICROPHONE)
        yield browser
        await browser.close()


@pytest.mark.browser
async def test_a_voice_message_is_recorded_and_sent(hearing: Browser, stage: Stage) -> None:
    async with quiet_tab(hearing, permissions=['microphone']) as tab:
        await open_inbox(tab, stage.product, 'Anna')
        await tab.get_by_role('button', name='Record a voice message').click()
        recording = tab.get_by_role('group', name='Voice message')
        await expect(recording.get_by_role('timer')).to_have_text('0:01', timeout=SLOW)
        assert await flaws(tab) == []
        await recording.get_by_role('button', name='Throw the recording away').click()
        await expect(recording).to_be_hidden()
        await tab.get_by_role('button', name='Record a voice message').click()
        await expect(recording.get_by_role('timer')).to_have_text('0:02', timeout=SLOW)
        await recording.get_by_role('button', name='Send recording').click()
        await expect(recording).to_be_hidden()
        assert at_anna(stage, 'voice')[-1].mime.startswith('audio/ogg')
        await expect(last(tab).locator('.voice')).to_be_visible(timeout=SLOW)
        await expect(last(tab).get_by_role('img', name='Delivered')).to_be_visible()


@pytest.mark.browser
async def test_a_refused_microphone_is_said_in_a_sentence(tab: Page, stage: Stage) -> None:
    await open_inbox(tab, stage.product, 'Anna')
    await tab.evaluate("""() => {
        navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
    }""")
    await tab.get_by_role('button', name='Record a voice message').click()
    await expect(tab.get_by_text('The browser does not let this page use the microphone.')).to_be_visible()
    await expect(tab.get_by_label('Message to Anna')).to_be_visible()


@pytest.mark.browser
async def test_files_fit_on_a_phone(tab: Page, stage: Stage) -> None:
    await tab.set_viewport_size(PHONE)  # type: ignore[arg-type]
    await open_inbox(tab, stage.product, 'Anna')
    assert not await is_too_wide(tab)
    assert await flaws(tab) == []
