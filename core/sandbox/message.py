"""What a decrypted message says, in words a page can show."""

import re
from dataclasses import dataclass, replace

from core.sandbox.control import Place
from core.sandbox.protos import Message, e2e

VIEW_ONCE = ('viewOnceMessage', 'viewOnceMessageV2', 'viewOnceMessageV2Extension')
WRAPPERS = (*VIEW_ONCE, 'ephemeralMessage', 'documentWithCaptionMessage', 'editedMessage', 'lottieStickerMessage')
KINDS = {
    'conversation': 'text',
    'extendedTextMessage': 'text',
    'imageMessage': 'image',
    'videoMessage': 'video',
    'ptvMessage': 'video',
    'audioMessage': 'audio',
    'documentMessage': 'document',
    'stickerMessage': 'sticker',
    'contactMessage': 'contact',
    'contactsArrayMessage': 'contact',
    'locationMessage': 'location',
    'liveLocationMessage': 'location',
    'pollCreationMessage': 'poll',
    'pollCreationMessageV2': 'poll',
    'pollCreationMessageV3': 'poll',
    'pollCreationMessageV5': 'poll',
    'pollUpdateMessage': 'vote',
    'reactionMessage': 'reaction',
}
MEDIA = ('imageMessage', 'videoMessage', 'ptvMessage', 'audioMessage', 'documentMessage', 'stickerMessage')
SILENT = 'silent'  # between devices only, nothing a person would see
ABOUT_ANOTHER = ('reaction', 'edit', 'revoke', 'vote')
TEXT_FIELDS = ('text', 'caption', 'displayName', 'name')
PHONE = re.compile(r'^(?:\w+\.)?TEL\b[^:\r\n]*:([^\r\n]*)', re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Said:
    """See `control.Item` for the words."""

    kind: str
    text: str = ''
    about: str = ''
    quotes: str = ''
    mime: str = ''
    size: int = 0
    filename: str = ''
    seconds: int = 0
    place: Place | None = None
    phones: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    multiple: bool = False
    forwarded: bool = False
    view_once: bool = False


def said(message: Message) -> Said:
    once = any(message.HasField(name) for name in VIEW_ONCE)
    message = unwrapped(message)
    name = field_of(message)
    if name == 'conversation':
        return Said('text', message.conversation)
    if name == 'reactionMessage':
        return Said('reaction', message.reactionMessage.text, message.reactionMessage.key.ID)
    if name == 'pollUpdateMessage':
        return Said('vote', about=message.pollUpdateMessage.pollCreationMessageKey.ID)
    if name:
        body = getattr(message, name)
        found = _body(KINDS[name], body)
        return replace(found, view_once=once or getattr(body, 'viewOnce', False))
    if message.HasField('protocolMessage'):
        return _protocol(message)
    return Said('other')


def unwrapped(message: Message) -> Message:
    for name in WRAPPERS:
        if message.HasField(name):
            return unwrapped(getattr(message, name).message)
    return message


def field_of(message: Message) -> str:
    """The name of the field that makes an unwrapped message what it is; '' when no person would see it."""
    return next((field.name for field, _ in message.ListFields() if field.name in KINDS), '')


def stanza_type(message: Message) -> str:
    """What the server is told a message to be."""
    name = field_of(unwrapped(message))
    if name in (*MEDIA, 'contactMessage', 'contactsArrayMessage'):
        return 'media'
    kind = KINDS.get(name, '')
    return 'poll' if kind in ('poll', 'vote') else 'reaction' if kind == 'reaction' else 'text'


def edit_mark(message: Message) -> str:
    """The number by which the server is told that a message changes another one; '' when it does not."""
    message = unwrapped(message)
    if message.HasField('reactionMessage'):
        return '' if message.reactionMessage.text else '7'
    protocol = message.protocolMessage
    if not message.HasField('protocolMessage') or not protocol.HasField('key'):
        return ''
    if protocol.type == e2e.ProtocolMessage.MESSAGE_EDIT:
        return '1'
    return '7' if protocol.key.fromMe else '8'


def _body(kind: str, body: Message) -> Said:
    text = next((getattr(body, name) for name in TEXT_FIELDS if getattr(body, name, '')), '')
    found = Said(kind, text)
    if body.HasField('contextInfo'):
        context = body.contextInfo
        found = replace(found, quotes=context.stanzaID, forwarded=context.isForwarded)
    if kind == 'location':
        return replace(found, place=_place(body))
    if kind == 'contact':
        return replace(found, text=text or _card_names(body), phones=_phones(body))
    if kind == 'poll':
        options = tuple(each.optionName for each in body.options)
        return replace(found, options=options, multiple=body.selectableOptionsCount != 1)
    if kind == 'text' or not hasattr(body, 'mimetype'):
        return found
    kind = 'voice' if getattr(body, 'PTT', False) else kind
    seconds = getattr(body, 'seconds', 0)
    filename = getattr(body, 'fileName', '')
    return replace(found, kind=kind, mime=body.mimetype, size=body.fileLength, filename=filename, seconds=seconds)


def _place(body: Message) -> Place:
    name, address = getattr(body, 'name', ''), getattr(body, 'address', '')
    return Place(latitude=body.degreesLatitude, longitude=body.degreesLongitude, name=name, address=address)


def _card_names(body: Message) -> str:
    return ', '.join(each.displayName for each in getattr(body, 'contacts', ()))


def _phones(body: Message) -> tuple[str, ...]:
    cards = getattr(body, 'contacts', None) or [body]
    return tuple(phone for card in cards for phone in phones_of(card.vcard))


def phones_of(vcard: str) -> tuple[str, ...]:
    """The numbers written on a card."""
    return tuple(found.strip() for found in PHONE.findall(vcard))


def _protocol(message: Message) -> Said:
    protocol = message.protocolMessage
    if protocol.type == e2e.ProtocolMessage.REVOKE and protocol.HasField('key'):
        return Said('revoke', about=protocol.key.ID)
    if protocol.type == e2e.ProtocolMessage.MESSAGE_EDIT:
        return Said('edit', said(protocol.editedMessage).text, protocol.key.ID)
    return Said(SILENT)
