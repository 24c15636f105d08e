"""How a phone encrypts a picture, sound or document for upload, and reads one it got."""

import hashlib
import hmac
import os
import secrets
import time
from dataclasses import dataclass

from core.errors import NotFound
from core.sandbox.cipher import cbc_decrypt, cbc_encrypt, hkdf
from core.sandbox.media import MediaStore
from core.sandbox.message import MEDIA, unwrapped
from core.sandbox.protos import Message, e2e

INFO = {
    'imageMessage': b'WhatsApp Image Keys',
    'stickerMessage': b'WhatsApp Image Keys',
    'videoMessage': b'WhatsApp Video Keys',
    'audioMessage': b'WhatsApp Audio Keys',
    'documentMessage': b'WhatsApp Document Keys',
}
MAC = 10


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


def upload(store: MediaStore, attachment: Attachment) -> Message:
    """Encrypt and store; returns the message that carries it."""
    name, key = attachment.field, os.urandom(32)
    iv, cipher, mac_key = _keys(key, name)
    sealed = cbc_encrypt(cipher, iv, attachment.data)
    sealed += hmac.digest(mac_key, iv + sealed, 'sha256')[:MAC]
    # Clients append `&hash=…` to this, so it must have a query already.
    path = f'/v/{name.removesuffix("Message")}/{secrets.token_urlsafe(24)}?ccb=1'
    store.put(path, sealed)
    message = e2e.Message()
    body = getattr(message, name)
    body.URL, body.directPath = f'https://{store.host}{path}', path
    body.mimetype, body.fileLength, body.mediaKey = attachment.mime, len(attachment.data), key
    body.mediaKeyTimestamp = int(time.time())
    body.fileSHA256 = hashlib.sha256(attachment.data).digest()
    body.fileEncSHA256 = hashlib.sha256(sealed).digest()
    _extras(message, attachment)
    return message


def download(store: MediaStore, message: Message) -> bytes:
    """The decrypted bytes. Raises NotFound when the message carries none or they are gone."""
    message = unwrapped(message)
    name = next((each for each in MEDIA if message.HasField(each)), '')
    sealed = store.get(getattr(message, name).directPath) if name else None
    if sealed is None:
        raise NotFound('This message carries no media that is still there.')
    iv, cipher, mac_key = _keys(getattr(message, name).mediaKey, name)
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


def _keys(key: bytes, name: str) -> tuple[bytes, bytes, bytes]:
    keys = hkdf(key, INFO[name], 112)
    return keys[:16], keys[16:48], keys[48:80]
