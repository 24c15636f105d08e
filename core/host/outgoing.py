"""What we want to say, as the library takes it: addresses and message bodies in protobuf."""

import re
import secrets
import time
from collections.abc import Callable
from typing import Any

from core.errors import Invalid
from core.events import Card, Choice, LocalFile, Outgoing, Place, Poll, Preview, Quote, Target
from core.host.library import e2e, pb

# A group made before 2021 has its founder's number and a dash in its address.
ADDRESS = re.compile(r'([0-9]{1,24}(?:-[0-9]{1,16})?)@(s\.whatsapp\.net|lid|g\.us)', re.ASCII)
STATUS = 'status@broadcast'
PARTS = {
    'image': 'imageMessage',
    'video': 'videoMessage',
    'audio': 'audioMessage',
    'voice': 'audioMessage',
    'document': 'documentMessage',
    'sticker': 'stickerMessage',
}
Upload = Callable[[LocalFile], Any]  # gives the library's UploadResponse
Seal = Callable[[Target, Choice], Any]  # gives the waE2E.Message of a vote


def jid_of(address: str) -> bytes:
    """The serialized JID. Invalid: the address is none of ours; nothing but digits ever reaches the library."""
    if address == STATUS:
        return _jid('status', 'broadcast')
    found = ADDRESS.fullmatch(address)
    if found is None:
        raise Invalid(f'“{address}” is not a WhatsApp address.', field='to', code='address_invalid')
    return _jid(found.group(1), found.group(2))


def _jid(user: str, server: str) -> bytes:
    jid = pb.JID(User=user, Server=server, RawAgent=0, Device=0, Integrator=0, IsEmpty=False)
    data: bytes = jid.SerializeToString()
    return data


def poll_of(chat: str, target: Target, own: Any) -> bytes:
    """The MessageInfo by which the library finds a poll. `own`: our own JID, which no target names."""
    source = pb.MessageSource(
        Chat=pb.JID.FromString(jid_of(chat)),
        Sender=own if target.from_me else pb.JID.FromString(jid_of(target.sender)),
        IsFromMe=target.from_me,
        IsGroup=chat.endswith('@g.us'),
        **{name: _nobody() for name in ('SenderAlt', 'RecipientAlt', 'BroadcastListOwner')},
    )
    blank = {**dict.fromkeys(('Type', 'Pushname', 'Category', 'MediaType', 'Edit'), ''), 'Multicast': False}
    info = pb.MessageInfo(MessageSource=source, ID=target.whatsapp_id, ServerID=0, Timestamp=0, **blank)
    data: bytes = info.SerializeToString()
    return data


def _nobody() -> Any:
    return pb.JID(User='', Server='', RawAgent=0, Device=0, Integrator=0, IsEmpty=True)


def body_of(message: Outgoing, upload: Upload, seal: Seal) -> bytes:
    """The serialized waE2E.Message; `upload` is called for a file and `seal` for a vote, before anything leaves."""
    body = e2e.Message()
    match message.kind, message.content:
        case 'reaction', _:
            _react(body, message)
        case 'edit', _:
            _edit(body, message)
        case 'revoke', _:
            _revoke(body, message)
        case _, Choice():
            body.CopyFrom(seal(_target(message), message.content))
        case _, LocalFile():
            _file(body, message, message.content, upload(message.content))
        case _, Place():
            _place(body.locationMessage, message.content)
        case _, Poll():
            _poll(body, message.content)
        case 'contact', tuple():
            _cards(body, message.content)
        case _:
            _text(body, message)
    data: bytes = body.SerializeToString()
    return data


def _text(body: Any, message: Outgoing) -> None:
    """A plain text goes as `conversation`; one with a quote, mentions, a mark or a preview needs the extended form."""
    preview = message.content if isinstance(message.content, Preview) else None
    if not (message.quote or message.mentions or message.forwarded or preview):
        body.conversation = message.text
        return
    extended = body.extendedTextMessage
    extended.text = message.text
    if preview is not None:
        extended.matchedText, extended.title, extended.description = preview.url, preview.title, preview.description
        if preview.thumbnail:
            extended.JPEGThumbnail = preview.thumbnail
    _context(extended, message)


def _file(body: Any, message: Outgoing, file: LocalFile, stored: Any) -> None:
    part = getattr(body, PARTS[file.kind])
    part.URL, part.directPath = stored.url, stored.DirectPath
    part.mediaKey, part.mediaKeyTimestamp = stored.MediaKey, int(time.time())
    part.fileEncSHA256, part.fileSHA256, part.fileLength = stored.FileEncSHA256, stored.FileSHA256, stored.FileLength
    part.mimetype = file.mime
    if message.text and file.kind in ('image', 'video', 'document'):
        part.caption = message.text
    if file.kind in ('image', 'video', 'sticker') and file.width and file.height:
        part.width, part.height = file.width, file.height
    if file.kind in ('video', 'audio', 'voice') and file.seconds:
        part.seconds = file.seconds
    if file.thumbnail and file.kind in ('image', 'video', 'document'):
        part.JPEGThumbnail = file.thumbnail
    _of_kind(part, file)
    _context(part, message)


def _of_kind(part: Any, file: LocalFile) -> None:
    if file.kind == 'voice':
        part.PTT = True
        if file.waveform:
            part.waveform = file.waveform
    elif file.kind == 'document':
        part.fileName = part.title = file.filename or 'file'
    elif file.kind == 'sticker' and file.animated:
        part.isAnimated = True
    elif file.kind == 'video' and file.animated:
        part.gifPlayback = True


def _place(part: Any, place: Place) -> None:
    part.degreesLatitude, part.degreesLongitude = place.latitude, place.longitude
    part.name, part.address = place.name, place.address


def _cards(body: Any, cards: tuple[Card, ...]) -> None:
    if len(cards) == 1:
        body.contactMessage.displayName, body.contactMessage.vcard = cards[0].name, vcard(cards[0])
        return
    body.contactsArrayMessage.displayName = f'{len(cards)} contacts'
    for card in cards:
        body.contactsArrayMessage.contacts.add(displayName=card.name, vcard=vcard(card))


def vcard(card: Card) -> str:
    """vCard 3.0 (RFC 2426) as WhatsApp writes it: `waid` lets the reader write to that number at once."""
    name = _escaped(card.name)
    phones = ''.join(f'TEL;type=CELL;waid={re.sub(r"[^0-9]", "", each)}:{_escaped(each)}\n' for each in card.phones)
    return f'BEGIN:VCARD\nVERSION:3.0\nN:;{name};;;\nFN:{name}\n{phones}END:VCARD'


def _escaped(text: str) -> str:
    plain = re.sub(r'[\r\n]+', ' ', text)
    return plain.replace('\\', '\\\\').replace(';', '\\;').replace(',', '\\,')


def _poll(body: Any, poll: Poll) -> None:
    """As the web client: a poll with one choice is of the third version, one with several of the first."""
    part = body.pollCreationMessage if poll.multiple else body.pollCreationMessageV3
    part.name, part.selectableOptionsCount = poll.name, 0 if poll.multiple else 1
    for each in poll.options:
        part.options.add(optionName=each)
    body.messageContextInfo.messageSecret = secrets.token_bytes(32)


def _react(body: Any, message: Outgoing) -> None:
    _key(body.reactionMessage.key, message.to, _target(message))
    body.reactionMessage.text = message.text
    body.reactionMessage.senderTimestampMS = _milliseconds()


def _edit(body: Any, message: Outgoing) -> None:
    protocol = body.editedMessage.message.protocolMessage
    protocol.type = protocol.MESSAGE_EDIT
    _key(protocol.key, message.to, _target(message))
    protocol.editedMessage.conversation = message.text
    protocol.timestampMS = _milliseconds()


def _revoke(body: Any, message: Outgoing) -> None:
    protocol = body.protocolMessage
    protocol.type = protocol.REVOKE
    _key(protocol.key, message.to, _target(message))


def _target(message: Outgoing) -> Target:
    if message.target is None:
        raise Invalid(f'A {message.kind} needs the message it is about.', field='message')
    return message.target


def _key(key: Any, chat: str, target: Target) -> None:
    key.remoteJID, key.fromMe, key.ID = chat, target.from_me, target.whatsapp_id
    if not target.from_me and chat.endswith('@g.us'):
        key.participant = target.sender


def _context(part: Any, message: Outgoing) -> None:
    if message.mentions:
        part.contextInfo.mentionedJID.extend(message.mentions)
    if message.forwarded:
        part.contextInfo.isForwarded, part.contextInfo.forwardingScore = True, 1
    if message.quote is not None:
        _quote(part.contextInfo, message.quote)


def _quote(context: Any, quote: Quote) -> None:
    context.stanzaID = quote.whatsapp_id
    context.participant = quote.sender
    context.quotedMessage.conversation = quote.text


def _milliseconds() -> int:
    return int(time.time() * 1000)
