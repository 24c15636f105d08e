"""Which words WhatsApp abbreviates: the dictionary, read out of neonize's own library.

So it always fits the client. Layout (Go, 64 bit, position independent): a Go string is a header `(pointer, length)`, a
slice `(pointer, length, capacity)`. Pointers are zero in the file and are filled in by RELATIVE relocations, whose
addend is the target address.
"""

import json
import struct
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from core.errors import Conflict

RELATIVE = {62: 8, 183: 1027}  # e_machine -> R_X86_64_RELATIVE, R_AARCH64_RELATIVE (the latter was never tried)
NOBITS = 8
SINGLE_COUNT = 236  # token bytes 0..235; 236..239 select a double-byte dictionary
DOUBLE_COUNT = 4
SINGLE_HEAD = (b'xmlstreamstart', b'xmlstreamend', b's.whatsapp.net')
DOUBLE_HEAD = (b'read-self', b'active')


@dataclass(frozen=True, slots=True)
class Dictionary:
    """`single[i]` is the token of byte i; `double[d][i]` that of the pair (236 + d, i)."""

    single: tuple[str, ...]
    double: tuple[tuple[str, ...], ...]


def load(library: Path, cache: Path) -> Dictionary:
    """The dictionary in *library*, kept in the file *cache* because finding it takes 0.3 s. Raises Conflict."""
    stamp = [str(library), library.stat().st_size, library.stat().st_mtime_ns]
    try:
        kept = json.loads(cache.read_text())
        if kept['stamp'] == stamp:
            return Dictionary(tuple(kept['single']), tuple(map(tuple, kept['double'])))
    except (OSError, ValueError, KeyError, TypeError):
        pass  # no usable cache; read the library
    words = read(library)
    cache.write_text(json.dumps({'stamp': stamp, **asdict(words)}))
    return words


def read(library: Path) -> Dictionary:
    """Find the dictionary in *library*. Raises Conflict when it has another shape than we know."""
    try:
        return _find(_Image(library))
    except (LookupError, ValueError, struct.error) as error:
        raise Conflict(f'The sandbox cannot read {library.name}: {error}', code='sandbox_unsupported') from error


def _find(image: '_Image') -> Dictionary:
    single = image.find_table(SINGLE_HEAD) - 16  # the table starts with an empty string
    double = image.find_table(DOUBLE_HEAD)
    for at, target in image.pointers.items():
        if target == double and 200 <= image.word(at + 8) <= 256:
            slices = [(image.pointers[at + 24 * i], image.word(at + 24 * i + 8)) for i in range(DOUBLE_COUNT)]
            return Dictionary(image.table(single, SINGLE_COUNT), tuple(image.table(*each) for each in slices))
    raise LookupError('its double-byte tokens were not found')


class _Image:
    """The few ELF facilities needed: file bytes by virtual address and relocated pointers."""

    def __init__(self, path: Path) -> None:
        self.data = path.read_bytes()
        if self.data[:4] != b'\x7fELF' or self.data[4] != 2:
            raise ValueError('it is not a 64-bit ELF file')
        self.sections: list[tuple[int, int, int]] = []
        self.pointers: dict[int, int] = {}
        self._read_sections()

    def _read_sections(self) -> None:
        (machine,) = struct.unpack_from('<H', self.data, 18)
        (start,) = struct.unpack_from('<Q', self.data, 0x28)
        size, count, names_at = struct.unpack_from('<HHH', self.data, 0x3A)
        headers = [struct.unpack_from('<IIQQQQIIQQ', self.data, start + i * size) for i in range(count)]
        names = headers[names_at][4]
        for name, kind, _flags, address, offset, length, *_ in headers:
            if address and kind != NOBITS:
                self.sections.append((address, address + length, offset))
            at = names + name
            if self.data[at : self.data.index(b'\0', at)] == b'.rela.dyn':
                self._read_pointers(self.data[offset : offset + length], RELATIVE.get(machine, -1))

    def _read_pointers(self, table: bytes, relative: int) -> None:
        for where, info, addend in struct.iter_unpack('<QQq', table):
            if info == relative:
                self.pointers[where] = addend

    def _offset(self, address: int) -> int:
        for low, high, offset in self.sections:
            if low <= address < high:
                return offset + address - low
        raise ValueError(f'address {address:#x} is not in the file')

    def word(self, address: int) -> int:
        at = self._offset(address)
        return int.from_bytes(self.data[at : at + 8], 'little')

    def string(self, address: int) -> bytes | None:
        """The Go string whose header is at *address* (None when it is not a string header)."""
        try:
            size = self.word(address + 8)
            target = self.pointers.get(address)
            if size == 0 or target is None or size > 4096:
                return b'' if size == 0 else None
            start = self._offset(target)
        except ValueError:
            return None
        return self.data[start : start + size]

    def find_table(self, head: tuple[bytes, ...]) -> int:
        """The address of the table of strings that starts with *head*."""
        targets = set(self._addresses(head[0]))
        for at, target in self.pointers.items():
            if target in targets and all(self.string(at + 16 * i) == item for i, item in enumerate(head)):
                return at
        raise LookupError('its token tables were not found')

    def _addresses(self, text: bytes) -> Iterator[int]:
        at = self.data.find(text)
        while at >= 0:
            yield from (low + at - offset for low, high, offset in self.sections if offset <= at < offset + high - low)
            at = self.data.find(text, at + 1)

    def table(self, address: int, count: int) -> tuple[str, ...]:
        items = [self.string(address + 16 * i) for i in range(count)]
        if any(item is None for item in items):
            raise LookupError('a token table is shorter than expected')
        return tuple((item or b'').decode() for item in items)
