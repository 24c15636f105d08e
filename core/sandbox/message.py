"""What a decrypted message says, in words a page can show."""

from dataclasses import dataclass

from core.sandbox.protos import Message, e2e

WRAPPERS = ('ephemeralMessage', 'viewOnceMessage', 'viewOnceMessageV2', 'documentWithCaptionMessage', 'editedMessage')
KINDS = {
    'conversation': 'text',
    'extendedTextMessage': 'text',
    'imageMessage': 'image',
    'videoMessage': 'video',
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
    'reactionMessage': 'reaction',
}
MEDIA = ('imageMessage', 'videoMessage', 'audioMessage', 'documentMessage', 'stickerMessage')
SILENT = 'silent'  # between devices only, nothing a person would see
TEXT_FIELDS = ('text', 'caption', 'displayName', 'name')


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


def said(message: Message) -> Said:
    message = unwrapped(message)
    name = next((field.name for field, _ in message.ListFields() if field.name in KINDS), '')
    if name == 'conversation':
        return Said('text', message.conversation)
    if name == 'reactionMessage':
        return Said('reaction', message.reactionMessage.text, message.reactionMessage.key.ID)
    if name:
        return _body(KINDS[name], getattr(message, name))
    if message.HasField('protocolMessage'):
        return _protocol(message)
    return Said('other')


def unwrapped(message: Message) -> Message:
    for name in WRAPPERS:
        if message.HasField(name):
            return unwrapped(getattr(message, name).message)
    return message


def is_media(message: Message) -> bool:
    return any(message.HasField(name) for name in (*MEDIA, 'contactMessage'))


def _body(kind: str, body: Message) -> Said:
    text = next((getattr(body, name) for name in TEXT_FIELDS if getattr(body, name, '')), '')
    quotes = body.contextInfo.stanzaID if body.HasField('contextInfo') else ''
    if kind == 'text' or not hasattr(body, 'mimetype'):
        return Said(kind, text, quotes=quotes)
    kind = 'voice' if getattr(body, 'PTT', False) else kind
    return Said(kind, text, '', quotes, body.mimetype, body.fileLength, getattr(body, 'fileName', ''))


def _protocol(message: Message) -> Said:
    protocol = message.protocolMessage
    if protocol.type == e2e.ProtocolMessage.REVOKE:
        return Said('revoke', about=protocol.key.ID)
    if protocol.type == e2e.ProtocolMessage.MESSAGE_EDIT:
        return Said('edit', said(protocol.editedMessage).text, protocol.key.ID)
    return Said(SILENT)
