"""Sound and video: what is in them, and the shapes WhatsApp takes. ffmpeg does it, in children that end in time."""

import array
import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from . import tools
from .errors import Conflict, Invalid
from .pictures import MOST_PIXELS, MOVING_STICKER_MAX, STICKER, THUMBNAIL

log = logging.getLogger(__name__)

Tool = Callable[[], Path | None]

LOOKS = 30.0  # seconds for a look at a file
CONVERTS = 600.0  # seconds for a conversion
AT_A_TIME = 2  # conversions
WAVES = 64
RATE = 4000  # samples a second, enough to see how loud speech is
STICKER_SECONDS = 8
WIDEST = 1280  # pixels of the longer side of a video

# Playlists and the like are formats as well, and would make ffmpeg open whatever other files and addresses they name.
FORMATS = (
    'mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,ogg,mp3,wav,w64,aiff,caf,aac,ac3,flac,amr,amrnb,amrwb,avi,asf,flv,mpeg,'
    'mpegts,mpegvideo,gif,apng'
)
READING = ('-protocol_whitelist', 'file', '-format_whitelist', FORMATS)
QUIET = ('-nostdin', '-hide_banner', '-v', 'fatal')


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is in a file. `video` and `sound` name their codecs, '' without one; `seconds` are rounded up."""

    width: int = 0
    height: int = 0
    seconds: int = 0
    video: str = ''
    colours: str = ''
    sound: str = ''
    channels: int = 0


class Moving:
    """Every conversion raises Conflict without ffmpeg, Invalid when the file cannot be read or takes too long."""

    def __init__(self, *, ffmpeg: Tool = tools.ffmpeg, ffprobe: Tool = tools.ffprobe) -> None:
        self.ffmpeg, self.ffprobe = ffmpeg, ffprobe
        self._turns = threading.Semaphore(AT_A_TIME)
        self._children: set[subprocess.Popen[bytes]] = set()
        self._over = False

    def look(self, path: Path) -> Seen | None:
        """None when it is neither sound nor video, or when there is no ffprobe."""
        program = self.ffprobe()
        if program is None:
            return None
        wanted = 'stream=codec_type,codec_name,width,height,pix_fmt,channels:stream_side_data=rotation'
        wanted += ':stream_disposition=attached_pic:format=duration'
        asked = ('-v', 'fatal', *READING, '-show_entries', wanted, '-of', 'json', str(path))
        try:
            found = _Probed.model_validate_json(self._run(program, asked, seconds=LOOKS))
        except (Invalid, ValidationError):
            return None
        return _seen(found)

    def thumbnail(self, path: Path) -> bytes:
        """A small JPEG of how a video begins; b'' when that cannot be had."""
        program = self.ffmpeg()
        if program is None:
            return b''
        scale = f"scale='min({THUMBNAIL},iw)':'min({THUMBNAIL},ih)':force_original_aspect_ratio=decrease"
        asked = (*QUIET, *READING, '-max_pixels', str(MOST_PIXELS), '-t', '5', '-i', str(path), '-map', '0:v:0')
        try:
            return self._run(
                program, (*asked, '-frames:v', '1', '-vf', scale, '-c:v', 'mjpeg', '-q:v', '5', '-f', 'image2', '-'),
                seconds=LOOKS,
            )  # fmt: skip
        except Invalid:
            return b''

    def waveform(self, path: Path) -> bytes:
        """64 loudnesses from 0 to 100."""
        asked = ('-map', '0:a:0', '-t', '3600', '-ac', '1', '-ar', str(RATE), '-f', 's16le', '-')
        return _waves(self._convert('The voice note', path, asked, out=None))

    def voice(self, source: Path, target: Path) -> None:
        """Ogg with Opus, one channel, as phones record it."""
        self._convert(
            'The voice note', source,
            ('-map', '0:a:0', '-map_metadata', '-1', '-ac', '1', '-ar', '48000', '-c:a', 'libopus', '-b:a', '32k',
             '-application', 'voip', '-f', 'ogg'), out=target,
        )  # fmt: skip

    def audio(self, source: Path, target: Path) -> None:
        self._convert(
            'The sound', source,
            ('-map', '0:a:0', '-c:a', 'aac', '-b:a', '128k', '-movflags', '+faststart', '-f', 'ipod'), out=target,
        )  # fmt: skip

    def video(self, source: Path, target: Path, seen: Seen) -> None:
        """MP4 with H.264 and AAC; what is right already is not encoded again."""
        fits = seen.video == 'h264' and seen.colours in ('yuv420p', 'yuvj420p')
        # Both sides even, as H.264 with these colours wants it.
        scale = f"scale='min({WIDEST},iw)':'min({WIDEST},ih)':force_original_aspect_ratio=decrease"
        scale += ':force_divisible_by=2,setsar=1'
        encode = ('-vf', scale, '-c:v', 'libx264', '-preset', 'veryfast', '-crf', '26', '-pix_fmt', 'yuv420p')
        picture = ('-c:v', 'copy') if fits else encode
        sound = ('-c:a', 'copy') if seen.sound == 'aac' else ('-c:a', 'aac', '-b:a', '128k', '-ac', '2')
        self._convert(
            'The video', source,
            ('-map', '0:v:0', '-map', '0:a:0?', *picture, *sound, '-movflags', '+faststart', '-f', 'mp4'), out=target,
        )  # fmt: skip

    def sticker(self, source: Path, target: Path) -> None:
        """A moving WebP of 512 by 512 pixels and at most 500 kB."""
        for quality, frames in ((60, 15), (40, 12), (25, 10), (10, 8), (1, 5)):
            shape = f'fps={frames},scale={STICKER}:{STICKER}:force_original_aspect_ratio=decrease,format=rgba'
            shape += f',pad={STICKER}:{STICKER}:-1:-1:color=#00000000'
            self._convert(
                'The sticker', source,
                ('-map', '0:v:0', '-an', '-t', str(STICKER_SECONDS), '-vf', shape, '-c:v', 'libwebp_anim', '-loop', '0',
                 '-quality', str(quality), '-compression_level', '3', '-f', 'webp'), out=target,
            )  # fmt: skip
            if target.stat().st_size <= MOVING_STICKER_MAX:
                return
        raise Invalid('This cannot be made small enough for a moving sticker.', code='media_not_fitting')

    def close(self) -> None:
        """End what still runs; whoever waits for it is told that it failed."""
        self._over = True
        for child in list(self._children):
            child.kill()

    def _convert(self, what: str, source: Path, asked: Sequence[str], *, out: Path | None) -> bytes:
        program = self.ffmpeg()
        if program is None:
            raise Conflict(
                f'{what} has to be converted, and ffmpeg is missing here. Run `make install`, or install ffmpeg; '
                '`dovecote doctor` says what else is missing.',
                code='ffmpeg_missing',
            )
        before = (*QUIET, *READING, '-max_pixels', str(MOST_PIXELS), '-i', str(source))
        after = ('-y', str(out)) if out is not None else ()
        with self._turns:
            return self._run(program, (*before, *asked, *after), seconds=CONVERTS, what=what)

    def _run(self, program: Path, asked: Sequence[str], *, seconds: float, what: str = 'This file') -> bytes:
        child = subprocess.Popen(
            [program, *asked], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self._children.add(child)
        try:
            if self._over:
                child.kill()
            out, said = child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise Invalid(f'{what} took longer than {seconds:.0f} s to convert.', code='media_not_fitting') from None
        finally:
            child.kill()
            child.communicate()
            self._children.discard(child)
        if child.returncode:
            log.info('%s failed: %s', program.name, said.decode('utf-8', 'replace').strip()[-300:])
            raise Invalid(f'{what} cannot be read, so it cannot be converted.', code='media_not_fitting')
        return out


class _Side(BaseModel):
    rotation: float = 0


class _Disposition(BaseModel):
    attached_pic: int = 0


class _Stream(BaseModel):
    codec_type: str = ''
    codec_name: str = ''
    width: int = 0
    height: int = 0
    pix_fmt: str = ''
    channels: int = 0
    disposition: _Disposition = _Disposition()
    side_data_list: list[_Side] = []


class _Format(BaseModel):
    duration: float = Field(default=0, ge=0, le=10**8)


class _Probed(BaseModel):
    """What ffprobe answers."""

    streams: list[_Stream] = []
    format: _Format = _Format()


def _seen(found: _Probed) -> Seen | None:
    shown = [each for each in found.streams if each.codec_type == 'video' and not each.disposition.attached_pic]
    heard = [each for each in found.streams if each.codec_type == 'audio']
    if not shown and not heard:
        return None
    video, sound = (shown or [_Stream()])[0], (heard or [_Stream()])[0]
    width, height = video.width, video.height
    if any(abs(side.rotation) % 180 == 90 for side in video.side_data_list):
        width, height = height, width
    return Seen(
        width=width, height=height, seconds=-int(-found.format.duration // 1), video=video.codec_name,
        colours=video.pix_fmt, sound=sound.codec_name, channels=sound.channels,
    )  # fmt: skip


def _waves(pcm: bytes) -> bytes:
    """The loudest moments of 20 ms, averaged over 64 parts, the loudest part being 100."""
    samples = array.array('h', pcm[: len(pcm) // 2 * 2])
    if sys.byteorder == 'big':
        samples.byteswap()
    window = RATE // 50
    parts = [samples[n : n + window] for n in range(0, len(samples), window)]
    peaks = [max(*part, -min(part)) for part in parts]
    if not peaks:
        return bytes(WAVES)
    cuts = [n * len(peaks) // WAVES for n in range(WAVES + 1)]
    heard = [peaks[begin : max(end, begin + 1)] for begin, end in pairwise(cuts)]
    loud = [sum(part) / len(part) for part in heard]
    most = max(loud) or 1
    return bytes(round(100 * each / most) for each in loud)
