"""What a person writes on a phone, as the protobuf that today's phones make of it."""

import time
from collections.abc import Iterable

from core.errors import Invalid
from core.sandbox.control import Place
from core.sandbox.message import KINDS, field_of, unwrapped
from core.sandbox.protos import Message, e2e

OPTIONS_MAX = 12
NOT_FORWARDED = ('poll', 'vote', 'reaction')


def text_message(text: str, context: Message | None = None) -> Message:
    """A text; with a *context* (whom it mentions, what it answers) it is an extended one."""
    message = e2e.Message()
    if context is None:
        message.conversation = text
    else:
        message.extendedTextMessage.text = text
        message.extendedTextMessage.contextInfo.CopyFrom(context)
    return message


def place_message(place: Place) -> Message:
    """Raises Invalid when it is nowhere on earth."""
    if not (abs(place.latitude) <= 90 and abs(place.longitude) <= 180):
        raise Invalid('A latitude is -90 to 90 and a longitude -180 to 180 degrees.', field='latitude')
    message = e2e.Message()
    body = message.locationMessage
    body.degreesLatitude, body.degreesLongitude = place.latitude, place.longitude
    body.name, body.address = place.name, place.address
    return message


def card_message(name: str, phones: Iterable[str]) -> Message:
    message = e2e.Message()
    message.contactMessage.displayName = name
    lines = ['BEGIN:VCARD', 'VERSION:3.0', f'N:;{name};;;', f'FN:{name}']
    for phone in phones:
        digits = ''.join(filter(str.isdigit, phone))
        lines.append(f'TEL;type=CELL;waid={digits}:+{digits}')
    message.contactMessage.vcard = '\n'.join([*lines, 'END:VCARD'])
    return message


def checked_options(options: Iterable[str]) -> tuple[str, ...]:
    """Raises Invalid unless there are 2 to 12 different ones."""
    found = tuple(each.strip() for each in options)
    if not 2 <= len(found) <= OPTIONS_MAX or not all(found) or len(set(found)) < len(found):
        raise Invalid(f'A poll has 2 to {OPTIONS_MAX} options, each different and none empty.', field='options')
    return found


def reaction_message(key: Message, emoji: str) -> Message:
    """*key*: the MessageKey of what is reacted to; the same below."""
    message = e2e.Message()
    message.reactionMessage.key.CopyFrom(key)
    message.reactionMessage.text = emoji
    message.reactionMessage.senderTimestampMS = int(time.time() * 1000)
    return message


def edit_message(key: Message, text: str) -> Message:
    message = e2e.Message()
    protocol = message.editedMessage.message.protocolMessage
    protocol.key.CopyFrom(key)
    protocol.type = e2e.ProtocolMessage.MESSAGE_EDIT
    protocol.editedMessage.conversation = text
    protocol.timestampMS = int(time.time() * 1000)
    return message


def revoke_message(key: Message) -> Message:
    message = e2e.Message()
    message.protocolMessage.key.CopyFrom(key)
    message.protocolMessage.type = e2e.ProtocolMessage.REVOKE
    return message


def forwarded(message: Message) -> Message:
    """A copy that says it was forwarded. Raises Invalid for what cannot be."""
    inner = e2e.Message()
    inner.CopyFrom(unwrapped(message))
    name = field_of(inner)
    if not name or KINDS[name] in NOT_FORWARDED:
        raise Invalid('This message cannot be forwarded.', field='message')
    if name == 'conversation':
        inner = text_message(inner.conversation, e2e.ContextInfo())
        name = 'extendedTextMessage'
    context = getattr(inner, name).contextInfo
    score = context.forwardingScore + 1
    context.Clear()
    context.isForwarded, context.forwardingScore = True, score
    inner.ClearField('messageContextInfo')
    return inner


def once(message: Message) -> Message:
    """The same picture, video or sound, to be looked at one time."""
    wrapped = e2e.Message()
    inner = wrapped.viewOnceMessageV2.message
    inner.CopyFrom(message)
    name = field_of(inner)
    if name not in ('imageMessage', 'videoMessage', 'audioMessage'):
        raise Invalid('Only a picture, a video or a voice message can be looked at once.', field='view_once')
    getattr(inner, name).viewOnce = True
    return wrapped


def with_context(message: Message, context: Message) -> Message:
    """The same with what it answers."""
    name = field_of(unwrapped(message))
    getattr(unwrapped(message), name).contextInfo.MergeFrom(context)
    return message
