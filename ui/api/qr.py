"""A code as a picture of black and white squares."""

import struct
import zlib

import qrcode

QUIET = 4  # modules of white around it, as the standard asks
DOT = 8  # pixels of the PNG per module


def as_svg(text: str) -> bytes:
    rows = _modules(text)
    size = len(rows)
    squares = ''.join(f'M{x} {y}h1v1h-1z' for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" width="{size * DOT}" '
        f'height="{size * DOT}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{size}v{size}H0z"/>'
        f'<path d="{squares}"/></svg>'
    ).encode()


def as_png(text: str) -> bytes:
    """One bit a pixel, so no imaging library is needed."""
    lines = []
    for row in _modules(text):
        bits = ''.join(('0' if dark else '1') * DOT for dark in row)
        bits += '1' * (-len(bits) % 8)
        line = b'\0' + int(bits, 2).to_bytes(len(bits) // 8, 'big')
        lines.append(line * DOT)
    size = len(lines) * DOT
    head = struct.pack('>IIBBBBB', size, size, 1, 0, 0, 0, 0)
    pixels = zlib.compress(b''.join(lines), 9)
    return b'\x89PNG\r\n\x1a\n' + _chunk(b'IHDR', head) + _chunk(b'IDAT', pixels) + _chunk(b'IEND', b'')


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))


def _modules(text: str) -> list[list[bool]]:
    code = qrcode.QRCode(border=QUIET, error_correction=qrcode.constants.ERROR_CORRECT_L)
    code.add_data(text)
    code.make(fit=True)
    modules: list[list[bool]] = code.get_matrix()
    return modules
