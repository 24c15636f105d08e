"""What a message brings beside its text, and which other message it is about, from the library's protobuf."""

import re
from typing import Any

from core.events import Card, Content, FileKind, Place, Poll, RemoteFile, Vote

FILES: dict[str, FileKind] = {
    'imageMessage': 'image',
    'videoMessage': 'video',
    'ptvMessage': 'video',
    'audioMessage': 'audio',
    'documentMessage': 'document',
    'stickerMessage': 'sticker',
}
VCARD_PHONE = re.compile(r'^(?:item\d+\.)?TEL[^:\r\n]*:(.+?)\s*$', re.IGNORECASE | re.MULTILINE)
VCARD_NAME = re.compile(r'^FN[^:\r\n]*:(.+?)\s*$', re.IGNORECASE | re.MULTILINE)
MOST_CARDS = 250
KEYS = (
    ('reactionMessage', 'key'),
    ('encReactionMessage', 'targetMessageKey'),
    ('pollUpdateMessage', 'pollCreationMessageKey'),
    ('protocolMessage', 'key'),
)

WAVES = 64  # loudnesses of a voice note; what is more was not made by WhatsApp's apps


def content_of(body: Any, *, view_once: bool = False) -> Content | None:
    """None for a plain text and for kinds of which only the text is kept. A vote is read by `vote_of`."""
    for field, part in body.ListFields():
        if field.name in FILES:
            return _file(FILES[field.name], part, view_once=view_once)
        if field.name in ('locationMessage', 'liveLocationMessage'):
            return _place(part, live=field.name == 'liveLocationMessage')
        if field.name == 'contactMessage':
            return (_card(part),)
        if field.name == 'contactsArrayMessage':
            return tuple(_card(each) for each in part.contacts[:MOST_CARDS])
        if field.name.startswith('pollCreationMessage'):
            return _poll(part)
    return None


def target_of(body: Any) -> str:
    """WhatsApp's id of the message that a reaction, edit, revocation or vote is about; '' for any other."""
    for part, key in KEYS:
        if body.HasField(part):
            found: str = getattr(getattr(body, part), key).ID
            return found
    return ''


def vote_of(hashes: Any) -> Vote:
    return Vote(hashes=tuple(each.hex() for each in hashes))


def is_forwarded(context: Any) -> bool:
    return bool(context is not None and (context.isForwarded or context.forwardingScore))


def plain(written: str) -> str:
    """`1555:3@s.whatsapp.net` and `1555.0:3@lid` name the person `1555`."""
    user, at, server = written.partition('@')
    return f'{user.split(":")[0].split(".")[0]}{at}{server}' if at else written


def _file(kind: FileKind, part: Any, *, view_once: bool) -> RemoteFile:
    voice = kind == 'audio' and part.PTT
    return RemoteFile(
        kind='voice' if voice else kind,
        mime=part.mimetype,
        size=part.fileLength,
        path=part.directPath,
        url=part.URL,
        key=part.mediaKey,
        sha256=part.fileSHA256,
        sealed_sha256=part.fileEncSHA256,
        filename=getattr(part, 'fileName', '') or getattr(part, 'title', ''),
        width=getattr(part, 'width', 0),
        height=getattr(part, 'height', 0),
        seconds=getattr(part, 'seconds', 0),
        animated=bool(getattr(part, 'isAnimated', False) or getattr(part, 'gifPlayback', False)),
        view_once=view_once or bool(getattr(part, 'viewOnce', False)),
        thumbnail=getattr(part, 'JPEGThumbnail', b'') or b'',
        waveform=bytes(getattr(part, 'waveform', b'') or b'')[:WAVES],
    )


def _place(part: Any, *, live: bool) -> Place:
    return Place(
        latitude=part.degreesLatitude,
        longitude=part.degreesLongitude,
        name=getattr(part, 'name', ''),
        address=getattr(part, 'address', ''),
        live=live,
    )


def _card(part: Any) -> Card:
    named = VCARD_NAME.search(part.vcard)
    phones = tuple(dict.fromkeys(phone.strip() for phone in VCARD_PHONE.findall(part.vcard)))
    return Card(name=part.displayName or (named.group(1) if named else ''), phones=phones[:20])


def _poll(part: Any) -> Poll:
    options = tuple(each.optionName for each in part.options)
    return Poll(name=part.name, options=options, multiple=part.selectableOptionsCount != 1)
