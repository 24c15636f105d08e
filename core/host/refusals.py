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


# What the library says of groups and people, and WhatsApp's numbers behind it: (code, sentence).
NOT_IN = ('not_in_group', 'This account is not in that group, or not any more.')
NO_LINK = ('link_invalid', 'This is not the invite link of any group.')
DENIALS: dict[str, tuple[str, str]] = {
    "you're not participating in that group": NOT_IN,
    'that group does not exist': ('no_such_group', 'There is no such group at WhatsApp.'),
    "don't have the permission to get the group's invite link": (
        'not_admin',
        'Only admins see the link of this group.',
    ),
    'group invite link is not valid': NO_LINK,
    'group invite link has been revoked': ('link_revoked', 'This invite link was revoked: ask for the new one.'),
    'given data is not a valid image': ('photo_invalid', 'WhatsApp does not take this picture as a photo.'),
}
DENIED: dict[int, tuple[str, str]] = {
    400: ('call_denied', 'WhatsApp did not understand this (400).'),
    401: ('not_admin', 'WhatsApp does not allow this: only admins of the group may do it (401).'),
    403: ('not_admin', 'WhatsApp does not allow this: only admins of the group may do it (403).'),
    404: ('not_found_there', 'WhatsApp does not know this group or person (404).'),
    406: ('call_denied', 'WhatsApp did not accept this (406).'),
    409: ('call_denied', 'It is so already, says WhatsApp (409).'),
    410: ('link_revoked', 'This is over: the link was revoked or the group has ended (410).'),
    419: ('group_full', 'No more people fit into this group (419).'),
    429: ('too_often', 'WhatsApp says this was asked too often (429). Wait some minutes.'),
}


def of_send(call: int, words: str) -> Refused:
    if "you're not participating in that group" in words:
        return not_in_group(call)
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


def not_in_group(call: int) -> Refused:
    code, sentence = NOT_IN
    return Refused(id=call, kind='refused', sentence=f'Not sent: {sentence[:1].lower()}{sentence[1:]}', code=code)


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


def of_sealing(call: int, words: str) -> Refused:
    """A vote is sealed with a secret that came with its poll."""
    if words in NOT_LINKED or CONNECTION.search(words):
        return not_connected(call)
    if 'secret' not in words:
        return Refused(id=call, kind='refused', sentence=f'Not sent: the vote could not be prepared: {words}.')
    sentence = 'Not sent: this poll was made before the session was linked, so nobody can vote in it from here.'
    return Refused(id=call, kind='refused', sentence=sentence, code='poll_too_old')


def of_question(call: int, words: str) -> Refused:
    if words in NOT_LINKED or words.endswith('websocket not connected'):
        return not_connected(call)
    return Refused(id=call, kind='failed', sentence=f'WhatsApp did not answer: {words}.', retry=True)


def of_denial(call: int, words: str) -> Refused:
    """Of a question about groups or people: a no of WhatsApp is none that another try would change."""
    said = next((pair for part, pair in DENIALS.items() if part in words), None)
    found = REFUSED.search(words)
    if said is None and found is not None:
        said = DENIED.get(int(found.group(1) or found.group(2)))
    if said is None:
        return of_question(call, words)
    return Refused(id=call, kind='denied', sentence=said[1], code=said[0])


def not_connected(call: int) -> Refused:
    return Refused(id=call, kind='not_connected', sentence='The session is not connected to WhatsApp.', retry=True)
