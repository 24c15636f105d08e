"""What people send is fetched from WhatsApp, whatever its file servers do."""

import base64
import hashlib
import ipaddress
import os
import ssl
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from core.bodies import media_body
from core.downloads import NO_LONGER, Downloads, unsealed
from core.errors import Conflict, Invalid, NotFound
from core.events import FileKind, RemoteFile
from core.fetch import Guard
from core.media import MediaStore
from core.media_policy import Policy
from core.sandbox import attachments, certificates
from core.sandbox.attachments import Attachment
from core.sandbox.control import Fault
from core.sandbox.faults import Faults
from core.sandbox.media import MediaStore as FileServer
from data.database import read, write
from data.media import Download, carried, carried_in, download_of
from data.messages import Message
from data.sessions import Session

from .files import PDF, TONE, bomb, made, picture
from .house import House
from .web import Line, web

LOOPBACK = (ipaddress.ip_network('127.0.0.0/8'),)
FIELDS: dict[str, FileKind] = {
    'imageMessage': 'image', 'stickerMessage': 'sticker', 'videoMessage': 'video', 'audioMessage': 'audio',
    'documentMessage': 'document',
}  # fmt: skip


def until(what: Callable[[], Any], seconds: float = 30) -> Any:
    """What `what` gives as soon as it is true."""
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, 'it did not come about in time'
        time.sleep(0.01)
    return found


@dataclass
class Yard:
    """A house with a session “shop”, WhatsApp's file server, and what fetches from it."""

    house: House
    server: FileServer
    store: MediaStore
    downloads: Downloads
    shop: str
    faults: Faults

    def fails(self, *codes: int) -> None:
        """The next requests to the file server are refused with these statuses."""
        for code in codes:
            self.faults.set(Fault(kind='media', code=code))

    def uploaded(self, data: bytes, mime: str = 'application/pdf', filename: str = '') -> RemoteFile:
        message = attachments.upload(self.server, Attachment(data=data, mime=mime, filename=filename))
        name = next(each for each in FIELDS if message.HasField(each))
        body = getattr(message, name)
        return RemoteFile(
            kind=FIELDS[name], mime=mime, size=len(data), path=body.directPath, url=body.URL, key=body.mediaKey,
            sha256=body.fileSHA256, sealed_sha256=body.fileEncSHA256, filename=filename,
        )  # fmt: skip

    def comes(self, file: RemoteFile, policy: Policy | None = None, *, history: bool | None = None) -> str:
        """Anna sends it; gives the message's id. With `history` the session's own policy counts."""
        self.house.says(f'look at this {os.urandom(4).hex()}')
        with read():
            id = str(Message.select(Message.id).order_by(Message.id.desc()).get().id)
        if history is None:
            write(lambda: self.downloads.want(id, self.shop, file, policy or Policy()))
        else:
            write(lambda: self.downloads.heard(id, self.shop, file, history))
        return id

    def row(self, id: str) -> Download:
        with read():
            found = download_of(id)
        assert found is not None
        return found

    def ends(self, id: str) -> Download:
        """When nothing more happens to it by itself; the clock is put on for its next tries."""

        def over() -> bool:
            row = self.row(id)
            if row.state == 'wanted' and row.tries:
                self.house.clock.at = row.next_at
                self.downloads.sweep()
            return row.state not in ('wanted', 'running')

        until(over)
        return self.row(id)

    def bytes_of(self, row: Download) -> bytes:
        assert row.media_id is not None
        return self.store.path_of(self.store.media(row.media_id)).read_bytes()

    def news(self) -> list[dict[str, Any]]:
        self.house.settle()
        return [each.body for each in self.house.news if each.kind == 'message.media']


@pytest.fixture(scope='module')
def papers(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Certificates: of the authority, and of the server with its key."""
    folder = tmp_path_factory.mktemp('papers')
    certificates.ensure(folder / 'ca.pem', folder / 'tls.pem')
    return folder / 'ca.pem', folder / 'tls.pem'


@pytest.fixture
def yard(house: House, tmp_path: Path, papers: tuple[Path, Path]) -> Iterator[Yard]:
    ca_file, server_file = papers
    world, desk = house.sessions.world, house.sessions.desk
    store = MediaStore(tmp_path / 'media', world, max_mb=40)
    store.start()
    trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusted.load_verify_locations(ca_file)
    guard = Guard(LOOPBACK, tls=trusted)
    faults = Faults()
    server = FileServer(tmp_path / 'whatsapp', server_file, 0, faults)
    downloads = Downloads(world, desk, store, guard, host='')
    here = Yard(house, server, store, downloads, house.working(), faults)
    downloads.start()
    yield here
    here.downloads.stop()
    server.close()


def test_a_received_file_is_here_a_moment_later(yard: Yard) -> None:
    data = picture('JPEG')
    id = yard.comes(yard.uploaded(data, 'image/jpeg'))
    row = yard.ends(id)
    assert (row.state, row.error, yard.bytes_of(row)) == ('here', '', data)
    body = media_body(row)
    assert (body['id'], body['mime'], body['size'], body['width']) == (row.media_id, 'image/jpeg', len(data), 640)
    assert yard.news() == [{'id': id, 'chat': row.message.chat_id, 'media': body}]


def test_a_message_says_how_it_stands_with_its_file(yard: Yard) -> None:
    yard.fails(404)
    file = yard.uploaded(picture('JPEG'), 'image/png', filename='')
    yard.house.inbox.want = yard.downloads.heard
    yard.house.says('', kind='image', content=file, id='IN1')
    with read():
        message = Message.get(Message.whatsapp_id == 'IN1')
    assert message.content['mime'] == 'image/png'
    yard.ends(message.id)
    message = yard.house.message(message.id)
    assert (message.media_id, message.content['state'], message.content['detail']) == (None, 'gone', NO_LONGER)
    yard.downloads.again(message.id)
    row = yard.ends(message.id)
    message = yard.house.message(message.id)
    assert (message.media_id, message.content['state'], message.content['detail']) == (row.media_id, 'here', '')
    assert (message.content['mime'], message.content['width']) == ('image/jpeg', 640)


def test_a_session_has_a_policy_of_its_own_and_history_waits(yard: Yard) -> None:
    write(lambda: Session.update(extra={'media': {'fetch': ['image']}}).execute())
    document, photo = yard.uploaded(PDF), yard.uploaded(picture(), 'image/png')
    ids = [yard.comes(photo, history=False), yard.comes(document, history=False), yard.comes(photo, history=True)]
    assert [yard.ends(id).state for id in ids] == ['here', 'skipped', 'skipped']
    write(lambda: Session.update(extra={'media': {'fetch': 'nonsense'}}).execute())
    assert yard.ends(yard.comes(document, history=False)).state == 'here'


@pytest.mark.parametrize('size', [1, 15, 16, 17, 65_526, 65_536, 1_000_003])
def test_every_length_comes_out_whole(yard: Yard, size: int) -> None:
    data = os.urandom(size)
    assert yard.bytes_of(yard.ends(yard.comes(yard.uploaded(data)))) == data


def test_each_kind_is_opened_with_its_own_keys(yard: Yard, tmp_path: Path) -> None:
    for data, mime in (
        (picture('WEBP', (512, 512)), 'image/webp'),
        (made(tmp_path, 'a.ogg', *TONE, '-c:a', 'libopus'), 'audio/ogg'),
        (made(tmp_path, 'v.mp4', '-f', 'lavfi', '-i', 'testsrc=duration=1', '-pix_fmt', 'yuv420p'), 'video/mp4'),
        (PDF, 'application/pdf'),
    ):
        row = yard.ends(yard.comes(yard.uploaded(data, mime)))
        assert (row.state, yard.bytes_of(row)) == ('here', data), mime


def test_the_same_file_from_two_people_lies_here_once(yard: Yard) -> None:
    first, second = (yard.ends(yard.comes(yard.uploaded(PDF))) for _ in range(2))
    assert first.media_id == second.media_id
    assert first.media_id is not None
    with read():
        assert carried([first.media_id, 'other']) == {first.media_id}
        assert carried_in(first.media_id, [yard.shop])
        assert not carried_in(first.media_id, ['another session'])


def test_a_sender_cannot_choose_what_a_file_seems_to_be(yard: Yard) -> None:
    row = yard.ends(yard.comes(yard.uploaded(PDF, 'image/jpeg', filename='../photo.jpg')))
    body = media_body(row)
    assert (body['mime'], body['filename']) == ('application/pdf', 'photo.pdf')


@pytest.mark.parametrize('status', [403, 404, 410])
def test_what_whatsapp_has_no_longer_is_gone_at_once(yard: Yard, status: int) -> None:
    yard.fails(status)
    id = yard.comes(yard.uploaded(PDF))
    row = yard.ends(id)
    assert (row.state, row.error, row.tries) == ('gone', NO_LONGER, 1)
    told = yard.news()[0]
    assert (told['id'], told['media']['state'], told['media']['id']) == (id, 'gone', None)


def test_a_server_in_trouble_is_asked_again_later(yard: Yard) -> None:
    yard.fails(500, 503, 500)
    began = yard.house.clock.at
    row = yard.ends(yard.comes(yard.uploaded(PDF)))
    assert (row.state, row.tries) == ('here', 4)
    assert (yard.house.clock.at - began).total_seconds() >= 2 + 15 + 90


def test_nothing_is_tried_before_its_time(yard: Yard) -> None:
    yard.fails(500)
    id = yard.comes(yard.uploaded(PDF))
    until(lambda: yard.row(id).error)
    for _ in range(5):
        yard.downloads.sweep()
    other = yard.ends(yard.comes(yard.uploaded(PDF)))  # a worker had every chance
    assert other.state == 'here'
    assert (yard.row(id).state, yard.row(id).tries) == ('wanted', 1)


def test_five_tries_are_enough_and_a_person_may_ask_again(yard: Yard) -> None:
    yard.fails(*[500] * 5)
    id = yard.comes(yard.uploaded(PDF))
    row = yard.ends(id)
    assert (row.state, row.tries) == ('failed', 5)
    assert 'answered 500' in row.error
    assert [each['media']['state'] for each in yard.news()] == ['failed']
    yard.downloads.again(id)
    row = yard.ends(id)
    assert (row.state, row.tries, row.error) == ('here', 1, '')
    with pytest.raises(Conflict, match='here already'):
        yard.downloads.again(id)
    with pytest.raises(NotFound):
        yard.downloads.again('nothing')


def test_a_file_deleted_here_can_be_asked_for_again(yard: Yard) -> None:
    id = yard.comes(yard.uploaded(PDF))
    first = yard.ends(id)
    assert first.media_id is not None
    yard.store.forget([first.media_id])
    assert media_body(yard.row(id))['state'] == 'gone'
    yard.downloads.again(id)
    assert yard.bytes_of(yard.ends(id)) == PDF


def test_a_server_that_cuts_off_in_the_middle_is_asked_again(yard: Yard) -> None:
    data = os.urandom(300_000)
    yard.faults.set(Fault(kind='media_cut', times=2))
    row = yard.ends(yard.comes(yard.uploaded(data)))
    assert (row.state, row.tries, yard.bytes_of(row)) == ('here', 3, data)


def test_it_asks_as_whatsapp_web_does(yard: Yard, papers: tuple[Path, Path]) -> None:
    file = yard.uploaded(PDF)
    sealed = yard.server.get(file.path) or b''
    with web(certificate=papers[1]) as other:
        other.answers[file.path.partition('?')[0]] = lambda line: line.says(sealed)
        row = yard.ends(yard.comes(replace(file, url=f'https://127.0.0.1:{other.port}{file.path}')))
        assert (row.state, yard.bytes_of(row)) == ('here', PDF)
        asked = other.asked[0]
    digest = base64.urlsafe_b64encode(hashlib.sha256(sealed).digest()).decode()
    assert asked.path == f'{file.path}&hash={digest}&mms-type=document&__wa-mms='
    assert asked.headers['origin'] == 'https://web.whatsapp.com'


def test_a_server_that_nobody_vouches_for_is_not_believed(yard: Yard) -> None:
    yard.downloads.guard = Guard(LOOPBACK)  # trusts the usual authorities only
    id = yard.comes(yard.uploaded(PDF))
    row = until(lambda: yard.row(id) if yard.row(id).error else None)
    assert 'certificate is not valid' in row.error


@pytest.mark.parametrize('place', [0, 50, -11, -1])
def test_what_was_changed_on_the_way_is_not_kept(yard: Yard, place: int) -> None:
    file = yard.uploaded(PDF)
    sealed = bytearray(yard.server.get(file.path) or b'')
    sealed[place] ^= 1
    yard.server.put(file.path, bytes(sealed))
    row = yard.ends(yard.comes(file))
    assert (row.state, row.tries) == ('failed', 1)
    assert 'damaged' in row.error
    # Nor when only the MAC could tell, as the message gives no hash.
    row = yard.ends(yard.comes(replace(file, sealed_sha256=b'', sha256=b'')))
    assert row.state == 'failed'
    assert not [path for path in yard.store.folder.rglob('*') if path.is_file()]


def test_another_file_than_the_one_described_is_not_kept(yard: Yard) -> None:
    row = yard.ends(yard.comes(replace(yard.uploaded(PDF), sha256=bytes(32))))
    assert row.state == 'failed'
    assert 'not what its sender described' in row.error


def test_a_message_cannot_lead_us_anywhere_else(yard: Yard) -> None:
    file = yard.uploaded(PDF)
    yard.fails(500)
    for wrong in (
        replace(file, url='https://169.254.169.254/latest'),
        replace(file, url='https://127.0.0.1@example.org/'),
        replace(file, path='.example.org/x'),
        replace(file, path='@example.org/x'),
    ):
        row = yard.ends(yard.comes(wrong))
        assert (row.state, row.media_id) == ('failed', None), wrong
    assert len(yard.faults.all()) == 1  # nobody knocked


def test_a_picture_that_would_fill_the_memory_is_not_kept(yard: Yard) -> None:
    row = yard.ends(yard.comes(yard.uploaded(bomb(), 'image/png')))
    assert row.state == 'failed'
    assert 'too many pixels' in row.error


def test_a_policy_says_what_waits_to_be_asked_for(yard: Yard) -> None:
    file = yard.uploaded(PDF)
    id = yard.comes(file, Policy(kinds=('image',)))
    assert (yard.row(id).state, yard.row(id).error) == (
        'skipped', 'This session does not fetch files of this kind (document) by itself.',
    )  # fmt: skip
    large = yard.comes(replace(file, size=21 * 2**20))
    assert 'larger than the 20 MiB' in yard.row(large).error
    huge = yard.comes(replace(file, size=41 * 2**20), Policy(most_mb=2000))
    assert 'larger than 40 MiB' in yard.row(huge).error
    yard.downloads.again(id)
    assert yard.ends(id).state == 'here'


def test_a_policy_survives_its_row() -> None:
    assert Policy.of({}) == Policy()
    some = Policy(kinds=('image', 'voice'), most_mb=5)
    assert Policy.of({'media': some.as_json()}) == some
    for wrong in ({'fetch': 'image'}, {'fetch': ['films']}, {'up_to_mb': -1}, {'up_to_mb': True}, {'up_to_mb': '5'}):
        with pytest.raises(Invalid):
            Policy.of({'media': wrong})


def test_view_once_is_fetched_and_marked(yard: Yard) -> None:
    row = yard.ends(yard.comes(replace(yard.uploaded(picture(), 'image/png'), view_once=True)))
    assert (row.state, media_body(row)['view_once']) == ('here', True)
    hidden = yard.row(yard.comes(replace(yard.uploaded(PDF), key=b'', view_once=True)))
    assert (hidden.state, hidden.error) == (
        'failed',
        'WhatsApp gives this file only to the phone, not to linked devices.',
    )


def test_what_a_crash_interrupted_is_fetched_after_the_next_start(yard: Yard) -> None:
    yard.downloads.stop()
    id = yard.comes(yard.uploaded(PDF))
    write(lambda: Download.update(state='running', tries=1).execute())  # as the crash left it
    world, desk, guard = yard.house.sessions.world, yard.house.sessions.desk, yard.downloads.guard
    yard.downloads = Downloads(world, desk, yard.store, guard, host='')
    assert yard.downloads.recover() == 1
    yard.downloads.start()
    row = yard.ends(id)
    assert (row.state, row.tries) == ('here', 1)


def test_stopping_leaves_nothing_half_done(yard: Yard, papers: tuple[Path, Path]) -> None:
    started = threading.Event()

    def slow(line: Line) -> None:
        line.send(b'HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n')
        started.set()
        while not line.over.wait(0.05):
            line.send(bytes(1000))

    file = yard.uploaded(PDF)
    with web(certificate=papers[1]) as bad:
        bad.answers['/slow'] = slow
        id = yard.comes(replace(file, path='/slow?x', url=f'https://127.0.0.1:{bad.port}/slow?x'))
        assert started.wait(30)
        yard.downloads.stop()
    assert not any(path.is_file() for path in yard.store.folder.rglob('*'))
    assert yard.row(id).state == 'running'
    assert yard.downloads.recover() == 1
    assert (yard.row(id).state, yard.row(id).tries) == ('wanted', 0)


def test_a_message_deleted_meanwhile_is_nobody_s(yard: Yard) -> None:
    yard.fails(500)
    id = yard.comes(yard.uploaded(PDF))
    until(lambda: yard.row(id).error)
    write(lambda: Message.delete().where(Message.id == id).execute())
    with read():
        assert download_of(id) is None
    assert yard.ends(yard.comes(yard.uploaded(PDF))).state == 'here'


def test_a_large_file_never_lies_in_memory(yard: Yard) -> None:
    file = yard.uploaded(os.urandom(30 * 2**20))
    whole = yard.server.get(file.path) or b''
    pieces = (whole[n : n + 65_536] for n in range(0, len(whole), 65_536))
    tracemalloc.start()
    try:
        kept = yard.store.keep(unsealed(pieces, 'document', file.key, file.sealed_sha256))
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()
    assert kept.sha256 == file.sha256.hex()
