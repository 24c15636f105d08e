"""What a failed call of the library means for the message: certainly not sent, refused, or uncertain."""

import re

from core.host.wire import Refused

REFUSED = re.compile(r'server returned error (\d+)|info query returned status (\d+)')
CONNECTION = re.compile(r'websocket|not logged in|timed out|not connected')
NOT_LINKED = ('client is nil', 'not logged in', "the store doesn't contain a device JID")
HTTP = re.compile(r'status code (\d{3})')
NODE = 'failed to send message node: '
SENTENCES = {
    400: 'Not sent: WhatsApp did not understand this message (400).',
    401: 'Not sent: WhatsApp accepts no messages from this session any more (401). Link it again.',
    403: 'Not sent: WhatsApp does not allow messages to this chat (403).',
    404: 'Not sent: WhatsApp does not know this recipient (404).',
    406: 'Not sent: WhatsApp did not accept this message (406).',
    420: 'Not sent: WhatsApp does not allow messages to this group (420).',
    429: 'Not sent: WhatsApp says this number sends too much (429). Wait before the next message.',
    463: 'Not sent: this number has never written to you (463). Ask them to write first.',
    479: 'Not sent: the keys of this recipient have changed (479). Trying again may help.',
    500: 'Not sent: WhatsApp had a fault of its own (500).',
    503: 'Not sent: WhatsApp is not available just now (503).',
}
MAY_PASS = {429, 479, 500, 503}


def of_send(call: int, words: str) -> Refused:
    found = REFUSED.search(words)
    if found:
        reason = int(found.group(1) or found.group(2))
        sentence = SENTENCES.get(reason, f'Not sent: WhatsApp refused the message ({reason}).')
        return Refused(id=call, kind='refused', sentence=sentence, reason=reason, retry=reason in MAY_PASS)
    if 'no LID found' in words:
        return Refused(id=call, kind='refused', sentence='This number is not on WhatsApp.')
    if words in NOT_LINKED or words == f'{NODE}websocket not connected':
        return not_connected(call)
    if words.startswith('failed to ') and not words.startswith(NODE):
        return _of_preparing(call, words)
    # Also a bare "websocket not connected": the library repeats an interrupted send by itself after a reconnect, and
    # that is what the second try says, when the first may have arrived.
    return Refused(id=call, kind='uncertain', sentence='WhatsApp did not confirm the message; it may have arrived.')


def _of_preparing(call: int, words: str) -> Refused:
    """Asking for devices and keys comes before the first byte of the message leaves."""
    if CONNECTION.search(words):
        return not_connected(call)
    return Refused(id=call, kind='refused', sentence=f'The message could not be prepared: {words}.', retry=True)


def of_upload(call: int, words: str) -> Refused:
    """The file did not get to WhatsApp's media servers, so nothing of the message left."""
    if words in NOT_LINKED or CONNECTION.search(words):
        return not_connected(call)
    found = HTTP.search(words)
    if found and found.group(1) in ('413', '415'):
        sentence = f'Not sent: WhatsApp’s media server does not take this file ({found.group(1)}).'
        return Refused(id=call, kind='refused', sentence=sentence, reason=int(found.group(1)))
    status = f' ({found.group(1)})' if found else ''
    sentence = f'Not sent: the file could not be uploaded to WhatsApp{status}.'
    return Refused(id=call, kind='refused', sentence=sentence, reason=int(found.group(1)) if found else 0, retry=True)


def of_question(call: int, words: str) -> Refused:
    if words in NOT_LINKED or words.endswith('websocket not connected'):
        return not_connected(call)
    return Refused(id=call, kind='failed', sentence=f'WhatsApp did not answer: {words}.', retry=True)


def not_connected(call: int) -> Refused:
    return Refused(id=call, kind='not_connected', sentence='The session is not connected to WhatsApp.', retry=True)
