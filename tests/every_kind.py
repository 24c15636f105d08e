"""A conversation with everything that people send each other, for the pictures: real files, through the sandbox."""

import base64
import io
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from tests.core.files import PDF, made
from tests.stories.product import SHOP, Product, until

GRETA, PER = '15551230007', '15551230008'
SPEECH = ('-f', 'lavfi', '-i', "aevalsrc='(0.25+0.7*abs(sin(2.1*t)*sin(5.3*t+1)))*sin(900*t)':d=11:s=16000",
          '-c:a', 'libopus')  # fmt: skip
OVEN = ('-f', 'lavfi', '-i', 'gradients=s=480x168:c0=#5b2b12:c1=#e9a14a:x0=0:y0=168:x1=480:y1=0:d=14:r=5',
        '-pix_fmt', 'yuv420p')  # fmt: skip


def talk_about_everything(product: Product) -> str:
    """Greta and the shop; returns the chat."""
    for phone, name in ((GRETA, 'Greta Lindqvist'), (PER, 'Per Lindqvist')):
        product.post('/sandbox/phones', {'phone': phone, 'name': name})
    with tempfile.TemporaryDirectory(prefix='kinds-') as folder:
        return str(_talk(product, _Files(Path(folder))))


class _Files:
    def __init__(self, folder: Path) -> None:
        self.voice = made(folder, 'voice.ogg', *SPEECH)
        self.oven = made(folder, 'oven.mp4', *OVEN)
        self.loaf, self.sticker = loaf('JPEG', (720, 256)), loaf('WEBP', (320, 320))


def loaf(kind: str, size: tuple[int, int]) -> bytes:
    """A loaf of bread; on a board where there is no transparency."""
    wide, high = size
    clear = kind == 'WEBP'
    picture = Image.new('RGBA', size, (0, 0, 0, 0) if clear else (236, 226, 208, 255))
    pen = ImageDraw.Draw(picture)
    if not clear:
        pen.rectangle((0, high * 0.7, wide, high), fill=(190, 150, 105, 255))
    middle, half = wide / 2, min(high * 0.42, wide * 0.36)
    pen.ellipse((middle - 1.3 * half, high * 0.2, middle + 1.3 * half, high * 0.86), fill=(158, 92, 43, 255))
    pen.ellipse((middle - 1.2 * half, high * 0.23, middle + 1.2 * half, high * 0.7), fill=(201, 133, 68, 255))
    for at in (-0.7, -0.1, 0.5):
        x = middle + at * half
        pen.line((x, high * 0.32, x + 0.28 * half, high * 0.58), fill=(240, 214, 170, 255), width=max(6, high // 26))
    data = io.BytesIO()
    (picture if clear else picture.convert('RGB')).save(data, kind)
    return data.getvalue()


def _talk(product: Product, files: _Files) -> str:
    photo = _hear(product, **_file(files.loaf, 'image/jpeg', caption='Is this loaf still on the menu?'))
    chat = str(photo['chat'])
    _answer(product, chat, text='It is: *fennel and rye*, every day but Monday.', reply_to=photo['id'])
    product.post(f'/sandbox/phones/{GRETA}/react', {'message': _told(product)['whatsapp_id'], 'emoji': '❤️'})
    _hear(product, **_file(files.voice, 'audio/ogg', voice=True))
    _answer(product, chat, media={'id': _bring(product, PDF, 'price list.pdf', 'application/pdf')})
    _hear(product, location={'latitude': 52.52, 'longitude': 13.405, 'name': 'The garden', 'address': 'Park road 7'})
    _answer(product, chat, poll={'name': 'When shall we deliver?', 'options': ['At 9', 'At 11', 'At 15']})
    product.post(f'/sandbox/phones/{GRETA}/vote', {'message': _told(product)['whatsapp_id'], 'options': ['At 11']})
    _hear(product, contact={'name': 'Per Lindqvist', 'phones': [f'+{PER}']})
    _answer(product, chat, media={'id': _bring(product, files.oven, 'oven.mp4', 'video/mp4')})
    _hear(product, **_file(files.sticker, 'image/webp'))
    _hear(product, **_file(files.loaf, 'image/jpeg', view_once=True))
    product.post(f'/chats/{chat}/notes', {'text': 'Thirty people: add two baguettes.'})
    _call(product)
    edited = _hear(product, text='We are 28.')
    product.post(f'/sandbox/phones/{GRETA}/edit', {'message': edited['whatsapp_id'], 'text': 'We are 30, not 28.'})
    deleted = _hear(product, text='Wrong chat, sorry')
    product.post(f'/sandbox/phones/{GRETA}/revoke', {'message': deleted['whatsapp_id']})
    product.post(f'/sandbox/phones/{GRETA}/read')
    product.post('/sandbox/faults', {'kind': 'nack', 'code': 403, 'phone': SHOP, 'times': 1})
    product.post('/messages', {'session': 'shop', 'to': f'+{GRETA}', 'text': 'See you on Saturday!'})
    until(lambda: _told(product)['status'] == 'failed', 20, what='one message was refused')
    product.post(f'/chats/{chat}/read')
    return chat


def _hear(product: Product, **what: Any) -> dict[str, Any]:
    """Greta says something; returns the message once it is here."""
    said = product.post(f'/sandbox/phones/{GRETA}/say', {'to': SHOP, **what})['id']
    return until(lambda: next((each for each in product.messages() if each['whatsapp_id'] == said), {}), 20)


def _answer(product: Product, chat: str, **what: Any) -> None:
    id = product.post('/messages', {'session': 'shop', 'to': f'+{GRETA}', **what})['id']
    until(lambda: product.get(f'/messages/{id}')['status'] in ('delivered', 'read'), 20, what='Greta has it')
    product.post(f'/sandbox/phones/{GRETA}/read')


def _told(product: Product) -> dict[str, Any]:
    """What we said last."""
    return product.messages(direction='out')[0]


def _call(product: Product) -> None:
    product.post(f'/sandbox/phones/{GRETA}/call', {'to': SHOP})
    product.post(f'/sandbox/phones/{GRETA}/hang-up')
    until(lambda: any(each['kind'] == 'call' for each in product.messages()), 20, what='the call is here')


def _file(data: bytes, mime: str, **more: object) -> dict[str, Any]:
    return {'media': {'data': base64.b64encode(data).decode(), 'mime': mime, **more}}


def _bring(product: Product, data: bytes, name: str, mime: str) -> str:
    answer = product.ask('POST', '/media', files={'file': (name, data, mime)})
    assert answer.status_code < 300, answer.text
    return str(answer.json()['id'])
