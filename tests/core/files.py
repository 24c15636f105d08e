"""Real files of every kind, made on the spot."""

import io
import struct
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from core.tools import ffmpeg

PDF = b'%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n'
TONE = ('-f', 'lavfi', '-i', 'sine=frequency=300:duration=2')
SHAPES = ('-f', 'lavfi', '-i', 'testsrc=size=320x240:rate=10:duration=2')


def picture(kind: str = 'PNG', size: tuple[int, int] = (640, 480), colour: str = 'teal', mode: str = 'RGB') -> bytes:
    data = io.BytesIO()
    Image.new(mode, size, colour).save(data, kind)
    return data.getvalue()


def moving_picture(kind: str = 'GIF', size: tuple[int, int] = (120, 80)) -> bytes:
    data = io.BytesIO()
    frames = [Image.new('RGB', size, colour) for colour in ('red', 'green', 'blue', 'white')]
    frames[0].save(data, kind, save_all=True, append_images=frames[1:], duration=100, loop=0)
    return data.getvalue()


def bomb() -> bytes:
    """A PNG of a few kB that says, and is, 20,000 by 20,000 pixels."""
    side = 20_000
    packer = zlib.compressobj(9)
    line = bytes(1 + side // 8)
    pixels = b''.join(packer.compress(line) for _ in range(side)) + packer.flush()
    head = struct.pack('>IIBBBBB', side, side, 1, 0, 0, 0, 0)
    return b'\x89PNG\r\n\x1a\n' + _chunk(b'IHDR', head) + _chunk(b'IDAT', pixels) + _chunk(b'IEND', b'')


def made(folder: Path, name: str, *asked: str) -> bytes:
    """What ffmpeg makes of `asked`, as a file with this ending."""
    path, program = folder / name, ffmpeg()
    assert program is not None
    subprocess.run([program, '-v', 'error', '-nostdin', '-y', *asked, path], check=True, timeout=120)
    return path.read_bytes()


def in_pieces(data: bytes, size: int = 65_536) -> Iterator[bytes]:
    for begin in range(0, len(data), size):
        yield data[begin : begin + size]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
