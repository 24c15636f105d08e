"""Files are kept once, believed for what is in them, and made into what WhatsApp takes."""

import hashlib
import io
import resource
import threading
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from PIL import Image

from core.errors import Conflict, Invalid, NotFound, TooLarge
from core.media import Media, MediaStore
from core.moving import Moving
from core.rights import Asker
from core.world import World, growing_ids
from data.database import StorageFailed, close_database, database, open_database, write

from .files import PDF, SHAPES, TONE, bomb, in_pieces, made, moving_picture, picture
from .house import Clock


@dataclass
class Shelf:
    """A store of at most 2 MiB a file, on a clock of its own."""

    folder: Path
    clock: Clock
    world: World
    store: MediaStore

    def keep(self, data: bytes, filename: str = '', said: str = '') -> Media:
        return self.store.keep(in_pieces(data), filename=filename, said_mime=said)

    def files(self) -> list[Path]:
        return [path for path in self.folder.rglob('*') if path.is_file()]

    def bytes_of(self, media: Media) -> bytes:
        return self.store.path_of(media).read_bytes()


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    open_database(tmp_path / 'dovecote.db')
    clock, folder = Clock(), tmp_path / 'media'
    world = World(now=clock.now, new_id=growing_ids(), http=httpx.Client(verify=False), ticks=clock.ticks)
    store = MediaStore(folder, world, max_mb=2)
    store.start()
    yield Shelf(folder, clock, world, store)
    store.close()
    world.http.close()
    close_database()


# ---- keeping


def test_a_file_is_kept_once_whoever_brings_it(shelf: Shelf) -> None:
    data = picture()
    first, second = shelf.keep(data, 'menu.png'), shelf.keep(data, 'lunch.png')
    assert first.id == second.id
    assert (first.filename, second.filename) == ('menu.png', 'lunch.png')
    assert [path.read_bytes() for path in shelf.files()] == [data]
    sha256 = hashlib.sha256(data).hexdigest()
    path = shelf.folder / sha256[:2] / sha256[2:]
    assert shelf.store.path_of(first) == path
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_many_who_bring_the_same_file_at_once_share_it(shelf: Shelf) -> None:
    data, found, gate = picture(), [], threading.Barrier(6)

    def bring() -> None:
        gate.wait()
        with database.connection_context():
            found.append(shelf.keep(data).id)

    threads = [threading.Thread(target=bring) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(found) == 6
    assert len(set(found)) == len(shelf.files()) == 1


def test_a_picture_is_measured_and_gets_a_small_view(shelf: Shelf) -> None:
    kept = shelf.keep(picture('JPEG', (1600, 1200)), 'photo.jpg')
    assert (kept.mime, kept.width, kept.height, kept.animated) == ('image/jpeg', 1600, 1200, False)
    with Image.open(io.BytesIO(kept.thumbnail)) as small:
        assert (small.format, small.size) == ('JPEG', (320, 240))


def test_a_photo_of_a_camera_held_upright_is_upright(shelf: Shelf) -> None:
    data, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    Image.new('RGB', (400, 300)).save(data, 'JPEG', exif=exif)
    kept = shelf.keep(data.getvalue())
    assert (kept.width, kept.height) == (300, 400)
    with Image.open(io.BytesIO(kept.thumbnail)) as small:
        assert small.width < small.height


def test_a_video_is_measured_and_gets_a_small_view(shelf: Shelf, tmp_path: Path) -> None:
    kept = shelf.keep(made(tmp_path, 'v.mp4', *SHAPES, '-pix_fmt', 'yuv420p'), 'v.mp4')
    assert (kept.mime, kept.width, kept.height, kept.seconds) == ('video/mp4', 320, 240, 2)
    with Image.open(io.BytesIO(kept.thumbnail)) as small:
        assert small.format == 'JPEG'


def test_sound_in_the_container_of_videos_is_sound(shelf: Shelf, tmp_path: Path) -> None:
    recorded = made(tmp_path, 'r.webm', *TONE, '-c:a', 'libopus')
    kept = shelf.keep(recorded, 'recording.webm', 'video/webm')
    assert (kept.mime, kept.seconds, kept.filename) == ('audio/webm', 3, 'recording.webm')


@pytest.mark.parametrize(
    ('data', 'filename', 'mime', 'called'),
    [
        (PDF, 'photo.jpg', 'application/pdf', 'photo.pdf'),
        (picture('PNG'), 'photo.jpg', 'image/png', 'photo.png'),
        (picture('JPEG'), 'setup.exe', 'image/jpeg', 'setup.jpg'),
        (picture('JPEG'), 'holiday.jpeg', 'image/jpeg', 'holiday.jpeg'),
        (picture('JPEG'), 'holiday', 'image/jpeg', 'holiday.jpg'),
        (picture('JPEG'), '../../etc/p\x00asswd\u202e.jpg', 'image/jpeg', 'passwd.jpg'),
        (picture('JPEG'), 'C:\\Users\\mia\\a.jpg', 'image/jpeg', 'a.jpg'),
        (picture('JPEG'), '', 'image/jpeg', ''),
        (b'name;phone\nAnna;1555\n', 'people.csv', 'text/csv', 'people.csv'),
        (b'name;phone\nAnna;1555\n', 'people.mp4', 'text/plain', 'people.txt'),
        (b'\x01\x02\x93\xfe\x00\x17' * 50, 'clip.mp4', 'application/octet-stream', 'clip.bin'),
        (b'\x01\x02\x93\xfe\x00\x17' * 50, 'model.dwg', 'application/octet-stream', 'model.dwg'),
    ],
)
def test_a_wrong_name_is_put_right_and_never_believed(
    shelf: Shelf, data: bytes, filename: str, mime: str, called: str
) -> None:
    kept = shelf.keep(data, filename, 'video/mp4')
    assert (kept.mime, kept.filename) == (mime, called)


def test_an_empty_file_is_refused(shelf: Shelf) -> None:
    with pytest.raises(Invalid, match='empty') as refused:
        shelf.keep(b'', 'nothing.txt')
    assert refused.value.code == 'media_empty'
    assert not shelf.files()


def test_too_large_a_file_is_cut_off_and_nothing_of_it_stays(shelf: Shelf) -> None:
    taken: list[int] = []

    def endless() -> Iterator[bytes]:
        while True:
            taken.append(1)
            yield bytes(100_000)

    with pytest.raises(TooLarge, match='2 MiB') as refused:
        shelf.store.keep(endless())
    assert refused.value.code == 'media_too_large'
    assert len(taken) == 21
    assert not shelf.files()
    assert shelf.keep(b'x' * 2 * 2**20).size == 2 * 2**20


def test_a_sender_who_breaks_off_leaves_nothing(shelf: Shelf) -> None:
    def broken() -> Iterator[bytes]:
        yield b'half of it'
        raise ConnectionResetError('gone')

    with pytest.raises(ConnectionResetError):
        shelf.store.keep(broken())
    assert not shelf.files()


def test_a_picture_that_would_fill_the_memory_is_refused_before_it_is_decoded(shelf: Shelf) -> None:
    data = bomb()
    assert len(data) < 100_000
    with pytest.raises(Invalid, match='far too many pixels') as refused:
        shelf.keep(data, 'harmless.png')
    assert refused.value.code == 'media_too_many_pixels'
    assert not shelf.files()
    large = shelf.keep(picture('PNG', (7_000, 7_000), 'white', '1'))
    assert (large.width, bool(large.thumbnail)) == (7_000, True)
    with pytest.raises(Invalid, match='8000 by 7000 pixels'):
        shelf.keep(picture('PNG', (8_000, 7_000), 'white', '1'))


@pytest.mark.parametrize('kind', ['PNG', 'JPEG', 'GIF', 'WEBP', 'BMP', 'TIFF'])
def test_a_damaged_picture_is_kept_as_it_is_but_not_sent_as_one(shelf: Shelf, kind: str) -> None:
    data = picture(kind)
    kept = shelf.keep(data[: len(data) // 3])
    assert kept.thumbnail == b''
    with pytest.raises(Invalid):
        shelf.store.adapt(kept, 'image')


def test_a_playlist_cannot_make_us_read_other_files(shelf: Shelf, tmp_path: Path) -> None:
    inner = tmp_path / 'inner.mp4'
    inner.write_bytes(made(tmp_path, 'v.mp4', *SHAPES, '-pix_fmt', 'yuv420p'))
    for text in (f'#EXTM3U\n#EXTINF:2,\nfile://{inner}\n#EXT-X-ENDLIST\n', f"ffconcat version 1.0\nfile '{inner}'\n"):
        kept = shelf.keep(text.encode(), 'list.mp4')
        sneaky = replace(kept, mime='video/mp4')  # even if libmagic had believed it
        assert shelf.store.moving.look(shelf.store.path_of(kept)) is None
        with pytest.raises(Invalid):
            shelf.store.adapt(sneaky, 'voice')


def test_what_was_half_written_is_swept_at_the_next_start(shelf: Shelf) -> None:
    kept = shelf.keep(picture())
    (shelf.folder / 'tmp' / 'half').write_bytes(b'half')
    (shelf.folder / 'ab').mkdir(exist_ok=True)
    (shelf.folder / 'ab' / ('0' * 62)).write_bytes(b'moved, but the power went before its row was written')
    MediaStore(shelf.folder, shelf.world, max_mb=2).start()
    assert shelf.files() == [shelf.store.path_of(kept)]


def test_a_full_disk_is_said(shelf: Shelf) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(StorageFailed, match='could not be kept'):
            shelf.keep(bytes(1_000_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not shelf.files()


# ---- what WhatsApp takes


def test_a_photo_is_sent_as_it_is_and_other_pictures_become_one(shelf: Shelf) -> None:
    for kind in ('JPEG', 'PNG'):
        kept = shelf.keep(picture(kind))
        assert shelf.store.adapt(kept, 'image') == kept
    for kind in ('WEBP', 'BMP', 'TIFF', 'GIF'):
        fits = shelf.store.adapt(shelf.keep(picture(kind), f'menu.{kind.lower()}'), 'image')
        assert (fits.mime, fits.filename, fits.width, fits.height) == ('image/jpeg', 'menu.jpg', 640, 480)


def test_a_recording_becomes_a_voice_note_with_its_waveform(shelf: Shelf, tmp_path: Path) -> None:
    silence = ('-f', 'lavfi', '-i', 'anullsrc=channel_layout=stereo:sample_rate=44100')
    joined = '[1:a]atrim=duration=2[s];[0:a]aformat=channel_layouts=stereo[t];[t][s]concat=n=2:v=0:a=1'
    recorded = made(tmp_path, 'r.wav', *TONE, *silence, '-filter_complex', joined)
    kept = shelf.keep(recorded, 'memo.wav')
    assert (kept.mime, kept.seconds) == ('audio/wav', 4)
    file = shelf.store.file_for(shelf.store.adapt(kept, 'voice').id, 'voice')
    assert file.mime == 'audio/ogg; codecs=opus'
    assert file.seconds in (4, 5)
    assert Path(file.path).read_bytes()[:4] == b'OggS'
    seen = shelf.store.moving.look(Path(file.path))
    assert seen is not None
    assert (seen.sound, seen.channels) == ('opus', 1)
    assert len(file.waveform) == 64
    assert min(file.waveform[2:28]) > 60  # the tone
    assert max(file.waveform[36:]) < 10  # and the silence after it


def test_a_voice_note_of_a_phone_is_not_converted_again(shelf: Shelf, tmp_path: Path) -> None:
    spoken = made(tmp_path, 'v.ogg', *TONE, '-ac', '1', '-c:a', 'libopus')
    kept = shelf.keep(spoken)
    fits = shelf.store.adapt(kept, 'voice')
    assert (fits.id, len(fits.waveform)) == (kept.id, 64)
    assert shelf.store.media(kept.id).waveform == fits.waveform


def test_sound_that_phones_play_is_kept_and_other_sound_becomes_m4a(shelf: Shelf, tmp_path: Path) -> None:
    for name, codec in (('a.mp3', 'libmp3lame'), ('a.m4a', 'aac'), ('a.ogg', 'libopus')):
        kept = shelf.keep(made(tmp_path, name, *TONE, '-c:a', codec), name)
        assert shelf.store.adapt(kept, 'audio').id == kept.id, name
    for name in ('a.wav', 'a.flac'):
        fits = shelf.store.adapt(shelf.keep(made(tmp_path, name, *TONE), name), 'audio')
        assert (fits.mime, fits.filename) == ('audio/mp4', 'a.m4a')


def test_a_video_becomes_what_phones_play_unless_it_is(shelf: Shelf, tmp_path: Path) -> None:
    right = shelf.keep(made(tmp_path, 'v.mp4', *SHAPES, *TONE, '-pix_fmt', 'yuv420p'))
    assert shelf.store.adapt(right, 'video').id == right.id
    odd = ('-f', 'lavfi', '-i', 'testsrc=size=321x241:rate=10:duration=1')
    for name, asked in (
        ('v.webm', (*odd, *TONE, '-c:v', 'libvpx', '-c:a', 'libopus')),
        ('v.avi', odd),
        ('v.mov', (*SHAPES, '-pix_fmt', 'yuv444p')),
    ):
        fits = shelf.store.adapt(shelf.keep(made(tmp_path, name, *asked), name), 'video')
        seen = shelf.store.moving.look(shelf.store.path_of(fits))
        assert seen is not None
        assert (fits.mime, fits.filename, seen.video, seen.colours) == ('video/mp4', 'v.mp4', 'h264', 'yuv420p')
        assert seen.width % 2 == seen.height % 2 == 0


@pytest.mark.parametrize('mode', ['RGB', 'RGBA', 'P', 'L', 'LA'])
def test_a_picture_becomes_a_sticker(shelf: Shelf, mode: str) -> None:
    fits = shelf.store.adapt(
        shelf.keep(picture('PNG', (300, 900), 'white' if mode in 'LA' else 'teal', mode)), 'sticker'
    )
    assert (fits.mime, fits.width, fits.height, fits.animated) == ('image/webp', 512, 512, False)
    assert fits.size <= 100_000
    assert shelf.store.adapt(fits, 'sticker').id == fits.id
    with Image.open(io.BytesIO(shelf.bytes_of(fits))) as sticker:
        corner = sticker.convert('RGBA').getpixel((2, 2))
        assert isinstance(corner, tuple)
        assert corner[3] == 0


def test_a_noisy_picture_still_fits_into_a_sticker(shelf: Shelf) -> None:
    noise = Image.effect_noise((512, 512), 90).convert('RGB')
    data = io.BytesIO()
    noise.save(data, 'PNG')
    assert shelf.store.adapt(shelf.keep(data.getvalue()), 'sticker').size <= 100_000


@pytest.mark.parametrize('name', ['m.gif', 'm.webp', 'm.png', 'm.mp4'])
def test_what_moves_becomes_a_moving_sticker(shelf: Shelf, tmp_path: Path, name: str) -> None:
    data = (
        made(tmp_path, name, *SHAPES, '-pix_fmt', 'yuv420p')
        if name.endswith('mp4')
        else moving_picture(name[2:].upper())
    )
    fits = shelf.store.adapt(shelf.keep(data, name), 'sticker')
    assert (fits.mime, fits.width, fits.height, fits.animated) == ('image/webp', 512, 512, True)
    assert fits.size <= 500_000
    with Image.open(io.BytesIO(shelf.bytes_of(fits))) as sticker:
        assert getattr(sticker, 'n_frames', 1) > 1


@pytest.mark.parametrize('kind', ['sticker', 'image', 'video', 'voice', 'audio'])
def test_a_pdf_is_a_document_and_nothing_else(shelf: Shelf, kind: str) -> None:
    kept = shelf.keep(PDF, 'menu.pdf')
    with pytest.raises(Invalid, match=r'This file \(PDF\) cannot be sent as') as refused:
        shelf.store.adapt(kept, kind)  # type: ignore[arg-type]
    assert refused.value.code == 'media_not_fitting'
    assert shelf.store.adapt(kept, 'document') == kept


def test_a_video_without_sound_is_no_voice_note(shelf: Shelf, tmp_path: Path) -> None:
    kept = shelf.keep(made(tmp_path, 'v.mp4', *SHAPES, '-pix_fmt', 'yuv420p'))
    with pytest.raises(Invalid, match='no sound'):
        shelf.store.adapt(kept, 'voice')


def test_a_conversion_is_done_once(shelf: Shelf, tmp_path: Path) -> None:
    kept = shelf.keep(made(tmp_path, 'a.wav', *TONE), 'first.wav')
    first = shelf.store.adapt(kept, 'voice')
    unable = MediaStore(shelf.folder, shelf.world, max_mb=2, moving=Moving(ffmpeg=lambda: None))
    again = unable.adapt(replace(kept, filename='second.wav'), 'voice')
    assert (again.id, again.filename, again.waveform) == (first.id, 'second.ogg', first.waveform)
    shelf.store.forget([first.id])
    assert shelf.bytes_of(shelf.store.adapt(kept, 'voice'))[:4] == b'OggS'


def test_without_ffmpeg_there_is_a_sentence_and_what_needs_none_still_works(shelf: Shelf, tmp_path: Path) -> None:
    recorded = made(tmp_path, 'a.wav', *TONE)
    film = made(tmp_path, 'v.avi', *SHAPES)
    bare = MediaStore(shelf.folder, shelf.world, max_mb=2, moving=Moving(ffmpeg=lambda: None, ffprobe=lambda: None))
    kept = bare.keep([recorded], filename='a.wav')
    assert (kept.mime, kept.seconds) == ('audio/wav', 0)
    for data, kind in ((recorded, 'voice'), (recorded, 'audio'), (film, 'video'), (moving_picture(), 'sticker')):
        with pytest.raises(Conflict, match=r'ffmpeg is missing here.*dovecote doctor') as refused:
            bare.adapt(bare.keep([data]), kind)  # type: ignore[arg-type]
        assert refused.value.code == 'ffmpeg_missing'
    assert bare.adapt(bare.keep([picture('WEBP')]), 'image').mime == 'image/jpeg'
    assert bare.adapt(bare.keep([picture()]), 'sticker').mime == 'image/webp'
    assert bare.adapt(kept, 'document') == kept


def test_a_conversion_that_never_ends_is_ended_with_the_program(shelf: Shelf, tmp_path: Path) -> None:
    stuck = tmp_path / 'ffmpeg'
    stuck.write_text('#!/bin/sh\nexec sleep 600\n')
    stuck.chmod(0o700)
    began = threading.Event()

    def where() -> Path:
        began.set()
        return stuck

    store = MediaStore(shelf.folder, shelf.world, max_mb=2, moving=Moving(ffmpeg=where))
    kept = shelf.keep(made(tmp_path, 'a.wav', *TONE))
    wrong: list[Exception] = []

    def convert() -> None:
        with database.connection_context():
            try:
                store.adapt(kept, 'voice')
            except Invalid as error:
                wrong.append(error)

    waiting = threading.Thread(target=convert)
    waiting.start()
    assert began.wait(30)
    store.close()
    waiting.join(30)
    assert not waiting.is_alive()
    assert len(wrong) == 1


# ---- who may see it, and how long it stays


def test_a_key_for_some_sessions_sees_what_it_brought_itself(shelf: Shelf) -> None:
    def key(id: str) -> Asker:
        return Asker(kind='key', id=id, name=id, role='agent', sessions=frozenset({'s1'}))

    kept = shelf.keep(picture())
    write(lambda: shelf.store.brought(key('K1'), kept.id))
    assert shelf.store.visible(key('K1'), kept.id).id == kept.id
    with pytest.raises(NotFound):
        shelf.store.visible(key('K2'), kept.id)
    assert shelf.store.visible(Asker(kind='user', id='U', name='Mia', role='viewer'), kept.id).id == kept.id


def test_a_forgotten_file_says_so_and_can_be_brought_again(shelf: Shelf) -> None:
    data = picture()
    kept = shelf.keep(data, 'menu.png')
    assert shelf.store.forget([kept.id]) == 1
    assert not shelf.files()
    gone = shelf.store.media(kept.id)
    assert (gone.gone, gone.thumbnail) == (True, b'')
    with pytest.raises(NotFound, match='was deleted'):
        shelf.store.path_of(gone)
    again = shelf.keep(data)
    assert (again.id, again.gone, shelf.bytes_of(again)) == (kept.id, False, data)


def test_only_what_is_old_and_in_no_message_is_thrown_away(shelf: Shelf) -> None:
    old, sent, used = (shelf.keep(picture(colour=colour)) for colour in ('red', 'green', 'blue'))
    shelf.clock.later(days=40)
    fresh = shelf.keep(picture(colour='white'))
    shelf.store.adapt(used, 'document')
    before = shelf.clock.now() - timedelta(days=30)
    assert shelf.store.forget_old(before, lambda ids: {sent.id}) == 1
    assert shelf.store.forget_old(before, lambda ids: {sent.id}) == 0
    with pytest.raises(NotFound):
        shelf.store.media(old.id)
    for each in (sent, used, fresh):
        assert shelf.bytes_of(shelf.store.media(each.id))


def test_a_large_file_never_lies_in_memory(shelf: Shelf) -> None:
    store = MediaStore(shelf.folder, shelf.world, max_mb=100)
    tracemalloc.start()
    try:
        kept = store.keep(bytes(65_536) for _ in range(90 * 16))
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()
    assert kept.size == 90 * 2**20
