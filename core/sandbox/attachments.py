"""How a phone encrypts a picture, sound or document for upload, and reads one it got."""

import hashlib
import hmac
import io
import os
import secrets
import time
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

from core.errors import NotFound
from core.sandbox.cipher import cbc_decrypt, cbc_encrypt, hkdf
from core.sandbox.media import MediaStore
from core.sandbox.message import MEDIA, unwrapped
from core.sandbox.protos import Message, e2e

INFO = {
    'imageMessage': b'WhatsApp Image Keys',
    'stickerMessage': b'WhatsApp Image Keys',
    'videoMessage': b'WhatsApp Video Keys',
    'ptvMessage': b'WhatsApp Video Keys',
    'audioMessage': b'WhatsApp Audio Keys',
    'documentMessage': b'WhatsApp Document Keys',
}
MAC = 10
THUMBNAIL = 72  # pixels, of the longer side
OPUS_RATE = 48000


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    data: bytes
    mime: str
    caption: str = ''
    filename: str = ''
    voice: bool = False

    @property
    def field(self) -> str:
        if self.mime == 'image/webp':
            return 'stickerMessage'
        kind = self.mime.partition('/')[0]
        known = {'image': 'imageMessage', 'video': 'videoMessage', 'audio': 'audioMessage'}
        return 'documentMessage' if self.filename else known.get(kind, 'documentMessage')


@dataclass(frozen=True, slots=True)
class Sealed:
    """What lies encrypted in the store, and the 32 bytes from which its keys are made."""

    path: str
    key: bytes
    sha256: bytes
    sealed_sha256: bytes


def upload(store: MediaStore, attachment: Attachment) -> Message:
    """Encrypt and store; returns the message that carries it."""
    name = attachment.field
    sealed = seal(store, name.removesuffix('Message'), INFO[name], attachment.data)
    message = e2e.Message()
    body = getattr(message, name)
    body.URL, body.directPath = f'https://{store.host}{sealed.path}', sealed.path
    body.mimetype, body.fileLength, body.mediaKey = attachment.mime, len(attachment.data), sealed.key
    body.mediaKeyTimestamp = int(time.time())
    body.fileSHA256, body.fileEncSHA256 = sealed.sha256, sealed.sealed_sha256
    _extras(message, attachment)
    return message


def seal(store: MediaStore, kind: str, info: bytes, data: bytes) -> Sealed:
    """Encrypt *data* with keys made for *info*, and store it."""
    key = os.urandom(32)
    iv, cipher, mac_key = _keys(key, info)
    sealed = cbc_encrypt(cipher, iv, data)
    sealed += hmac.digest(mac_key, iv + sealed, 'sha256')[:MAC]
    # Clients append `&hash=…` to this, so it must have a query already.
    path = f'/v/{kind}/{secrets.token_urlsafe(24)}?ccb=1'
    store.put(path, sealed)
    return Sealed(path, key, hashlib.sha256(data).digest(), hashlib.sha256(sealed).digest())


def download(store: MediaStore, message: Message) -> bytes:
    """The decrypted bytes. Raises NotFound when the message carries none or they are gone."""
    message = unwrapped(message)
    name = next((each for each in MEDIA if message.HasField(each)), '')
    sealed = store.get(getattr(message, name).directPath) if name else None
    if sealed is None:
        raise NotFound('This message carries no media that is still there.')
    iv, cipher, mac_key = _keys(getattr(message, name).mediaKey, INFO[name])
    body, tag = sealed[:-MAC], sealed[-MAC:]
    if not hmac.compare_digest(hmac.digest(mac_key, iv + body, 'sha256')[:MAC], tag):
        raise NotFound('The media of this message was damaged.')
    return cbc_decrypt(cipher, iv, body)


def _extras(message: Message, attachment: Attachment) -> None:
    name = attachment.field
    if name in ('imageMessage', 'videoMessage', 'documentMessage') and attachment.caption:
        getattr(message, name).caption = attachment.caption
    if name == 'documentMessage':
        message.documentMessage.fileName = message.documentMessage.title = attachment.filename or 'file'
    if name == 'audioMessage':
        message.audioMessage.PTT = attachment.voice
        message.audioMessage.seconds = _opus_seconds(attachment.data)
    if name in ('imageMessage', 'stickerMessage'):
        _picture(getattr(message, name), attachment.data)


def _picture(body: Message, data: bytes) -> None:
    """The size of a picture and, but for stickers, a small JPEG of it; nothing when it is no picture."""
    try:
        with Image.open(io.BytesIO(data)) as picture:
            body.width, body.height = picture.size
            if hasattr(body, 'JPEGThumbnail'):
                picture.draft('RGB', (THUMBNAIL, THUMBNAIL))
                small = picture.convert('RGB')
                small.thumbnail((THUMBNAIL, THUMBNAIL))
                out = io.BytesIO()
                small.save(out, 'JPEG', quality=70)
                body.JPEGThumbnail = out.getvalue()
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return  # phones send damaged pictures as they are


def _opus_seconds(data: bytes) -> int:
    """How long an Ogg file with Opus in it is, from its last page; 0 for anything else."""
    at = data.rfind(b'OggS')
    if at < 0 or b'OpusHead' not in data[:64]:
        return 0
    return max(1, int.from_bytes(data[at + 6 : at + 14], 'little', signed=True) // OPUS_RATE)


def _keys(key: bytes, info: bytes) -> tuple[bytes, bytes, bytes]:
    keys = hkdf(key, info, 112)
    return keys[:16], keys[16:48], keys[48:80]
