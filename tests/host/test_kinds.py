"""Every kind of message, both ways, through the real library."""

import hashlib
from pathlib import Path

import pytest

from core.errors import SendRefused
from core.events import Card, Choice, LocalFile, MessageReceived, Outgoing, Place, Poll, RemoteFile, Target
from core.host.library import e2e
from core.sandbox.control import Fault, Item
from tests.host.stage import ANNA, Stage, eventually

SHOP = '15550000001'
TO = f'{ANNA}@s.whatsapp.net'
PICTURE = Path(__file__).parent.parent / 'sandbox' / 'picture.jpg'


def seen(stage: Stage, id: str) -> Item:
    """What Anna's phone made of it."""
    eventually(lambda: any(each.id == id for each in stage.sandbox.inbox(ANNA)))
    return next(each for each in stage.sandbox.inbox(ANNA) if each.id == id)


def sends(stage: Stage, message: Outgoing) -> str:
    return stage.hosts.send('shop', message).result(20).whatsapp_id


def file(path: Path, kind: str, mime: str, **more: object) -> LocalFile:
    data = path.read_bytes()
    values = {'kind': kind, 'path': str(path), 'sha256': hashlib.sha256(data).hexdigest(), 'mime': mime}
    return LocalFile(**values, size=len(data), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ('kind', 'mime', 'shown'),
    [
        ('image', 'image/jpeg', 'image'),
        ('video', 'video/mp4', 'video'),
        ('audio', 'audio/mpeg', 'audio'),
        ('voice', 'audio/ogg; codecs=opus', 'voice'),
        ('document', 'application/pdf', 'document'),
        ('sticker', 'image/webp', 'sticker'),
    ],
)
def test_a_file_of_each_kind_reaches_the_phone_byte_for_byte(stage: Stage, kind: str, mime: str, shown: str) -> None:
    made = file(PICTURE, kind, mime, filename='menu.pdf')
    message = Outgoing(to=TO, kind=kind, text='have a look', content=made)  # type: ignore[arg-type]
    item = seen(stage, sends(stage, message))
    assert (item.kind, item.mime, item.size) == (shown, mime, made.size)
    assert item.text == ('have a look' if kind in ('image', 'video', 'document') else '')
    assert stage.sandbox.media(ANNA, item.id) == PICTURE.read_bytes()


def test_a_file_is_uploaded_once_for_many(stage: Stage, tmp_path: Path) -> None:
    once = tmp_path / 'once.jpg'
    once.write_bytes(PICTURE.read_bytes() + b'once')
    made = file(once, 'image', 'image/jpeg')
    sends(stage, Outgoing(to=TO, kind='image', content=made))
    stage.sandbox.set_fault(Fault(kind='media', code=500, times=0))  # a second upload would fail
    item = seen(stage, sends(stage, Outgoing(to=TO, kind='image', text='again', content=made)))
    assert stage.sandbox.media(ANNA, item.id) == once.read_bytes()


def test_a_failed_upload_sends_nothing_and_may_be_tried_again(stage: Stage, tmp_path: Path) -> None:
    other = tmp_path / 'other.jpg'
    other.write_bytes(PICTURE.read_bytes() + b'other')
    message = Outgoing(to=TO, kind='image', text='never seen', content=file(other, 'image', 'image/jpeg'))
    stage.sandbox.set_fault(Fault(kind='media', code=500, times=0))
    with pytest.raises(SendRefused, match='could not be uploaded') as refused:
        sends(stage, message)
    assert (refused.value.reason, refused.value.retry) == (500, True)
    assert 'never seen' not in stage.inbox()


def test_a_file_that_is_gone_is_said_in_words(stage: Stage, tmp_path: Path) -> None:
    here = tmp_path / 'here.jpg'
    here.write_bytes(b'here')
    made = file(here, 'image', 'image/jpeg')
    here.unlink()
    with pytest.raises(SendRefused, match='no longer there'):
        sends(stage, Outgoing(to=TO, kind='image', content=made))


def test_a_place_cards_and_a_poll_reach_the_phone(stage: Stage) -> None:
    place = Place(latitude=52.5, longitude=13.4, name='The bakery', address='Market street 1')
    assert seen(stage, sends(stage, Outgoing(to=TO, kind='location', content=place))).kind == 'location'
    card = Card(name='Ben; Baker, jr', phones=('+1 555-123-0002',))
    item = seen(stage, sends(stage, Outgoing(to=TO, kind='contact', content=(card,))))
    assert (item.kind, item.text) == ('contact', 'Ben; Baker, jr')
    several = sends(stage, Outgoing(to=TO, kind='contact', content=(card, Card(name='Mia', phones=('+15551230003',)))))
    assert seen(stage, several).kind == 'contact'
    poll = Poll(name='Which loaf?', options=('Rye', 'Fennel'))
    item = seen(stage, sends(stage, Outgoing(to=TO, kind='poll', content=poll)))
    assert (item.kind, item.text) == ('poll', 'Which loaf?')


def test_a_reaction_an_edit_and_a_revocation_name_their_message(stage: Stage) -> None:
    asked = stage.sandbox.say(ANNA, SHOP, 'react to this')
    stage.heard('react to this')
    theirs = Target(whatsapp_id=asked, sender=TO, from_me=False)
    item = seen(stage, sends(stage, Outgoing(to=TO, kind='reaction', text='👍', target=theirs)))
    assert (item.kind, item.text, item.about) == ('reaction', '👍', asked)
    said = stage.send('a tpyo').result(10).whatsapp_id
    ours = Target(whatsapp_id=said, sender='', from_me=True)
    item = seen(stage, sends(stage, Outgoing(to=TO, kind='edit', text='a typo', target=ours)))
    assert (item.kind, item.text, item.about) == ('edit', 'a typo', said)
    item = seen(stage, sends(stage, Outgoing(to=TO, kind='revoke', target=ours)))
    assert (item.kind, item.about) == ('revoke', said)


def test_what_a_phone_sends_is_told_with_all_it_says(stage: Stage) -> None:
    picture = PICTURE.read_bytes()
    stage.sandbox.attach(ANNA, SHOP, picture, mime='image/jpeg', caption='my picture')
    told = stage.heard('my picture')
    assert isinstance(told.content, RemoteFile)
    assert (told.kind, told.content.mime, told.content.size) == ('image', 'image/jpeg', len(picture))
    assert told.content.sha256 == hashlib.sha256(picture).digest()
    assert told.content.path
    assert len(told.content.key) == 32

    body = e2e.Message()
    body.locationMessage.degreesLatitude, body.locationMessage.degreesLongitude = 52.5, 13.4
    body.locationMessage.name = 'my place'
    stage.sandbox.send(ANNA, SHOP, body.SerializeToString())
    assert stage.heard('my place').content == Place(latitude=52.5, longitude=13.4, name='my place')

    body = e2e.Message()
    body.contactMessage.displayName = 'my card'
    body.contactMessage.vcard = 'BEGIN:VCARD\nVERSION:3.0\nFN:x\nitem1.TEL;waid=1555:+1 555\nTEL:42\nEND:VCARD'
    stage.sandbox.send(ANNA, SHOP, body.SerializeToString())
    assert stage.heard('my card').content == (Card(name='my card', phones=('+1 555', '42')),)

    body = e2e.Message()
    body.pollCreationMessageV3.name = 'my poll'
    body.pollCreationMessageV3.selectableOptionsCount = 1
    for option in ('yes', 'no'):
        body.pollCreationMessageV3.options.add(optionName=option)
    stage.sandbox.send(ANNA, SHOP, body.SerializeToString())
    assert stage.heard('my poll').content == Poll(name='my poll', options=('yes', 'no'))


def test_a_voice_note_brings_how_loud_it_is(stage: Stage) -> None:
    body = e2e.Message()
    body.audioMessage.PTT = True
    body.audioMessage.seconds = 3
    body.audioMessage.waveform = bytes(range(64)) + b'and more'
    since = stage.mark()
    stage.sandbox.send(ANNA, SHOP, body.SerializeToString())
    told = stage.until(MessageReceived, since=since)
    assert isinstance(told.content, RemoteFile)
    assert (told.kind, told.content.seconds, told.content.waveform) == ('voice', 3, bytes(range(64)))


def test_reactions_and_revocations_of_others_name_their_message(stage: Stage) -> None:
    said = stage.send('like this?').result(10).whatsapp_id
    eventually(lambda: 'like this?' in stage.inbox())
    stage.sandbox.react(ANNA, said, '🎉')
    told = stage.heard('🎉')
    assert (told.kind, told.target, told.from_me) == ('reaction', said, False)


def test_a_vote_of_ours_is_counted_by_the_phone(stage: Stage) -> None:
    """In a poll of theirs and in one of ours: changed, and taken back."""
    asked = stage.sandbox.poll(ANNA, SHOP, 'Which bread?', ('Rye', 'Fennel', 'Oat'), multiple=True)
    stage.heard('Which bread?')
    theirs = Target(whatsapp_id=asked, sender=TO, from_me=False)

    def votes(poll: str) -> tuple[int, ...]:
        return next(each.votes for each in stage.sandbox.conversation(ANNA) if each.id == poll)

    def chooses(target: Target, *options: str) -> None:
        sends(stage, Outgoing(to=TO, kind='poll_vote', content=Choice(options=options), target=target))

    for options, counted in ((('Rye', 'Oat'), (1, 0, 1)), (('Fennel',), (0, 1, 0)), ((), (0, 0, 0))):
        chooses(theirs, *options)
        eventually(lambda counted=counted: votes(asked) == counted)  # type: ignore[misc]

    own = sends(stage, Outgoing(to=TO, kind='poll', content=Poll(name='Ours?', options=('Yes', 'No'))))
    seen(stage, own)
    chooses(Target(whatsapp_id=own, sender='', from_me=True), 'No')
    eventually(lambda: votes(own) == (0, 1))


def test_a_vote_in_a_poll_that_was_never_seen_is_refused(stage: Stage) -> None:
    unknown = Target(whatsapp_id='NEVER', sender=TO, from_me=False)
    with pytest.raises(SendRefused, match='made before the session was linked') as refused:
        sends(stage, Outgoing(to=TO, kind='poll_vote', content=Choice(options=('Rye',)), target=unknown))
    assert (refused.value.retry, refused.value.code) == (False, 'poll_too_old')
