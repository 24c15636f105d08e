"""How a stanza becomes bytes and bytes a stanza (WhatsApp's binary XML)."""

import re
import zlib

from core.sandbox.node import DEVICE_SERVERS, USER, Content, Jid, Node, Value
from core.sandbox.tokens import Dictionary

LIST_EMPTY, DICT0, DICT3 = 0, 236, 239
INTEROP_JID, FB_JID, AD_JID = 245, 246, 247
LIST8, LIST16, JID_PAIR = 248, 249, 250
HEX8, BIN8, BIN20, BIN32, NIBBLE8 = 251, 252, 253, 254, 255
PACKED_MAX = 127
CACHED_JIDS = 4096

DOMAINS = dict(zip(DEVICE_SERVERS, (0, 1, 128, 129), strict=True))
SERVERS = {number: server for server, number in DOMAINS.items()}
NIBBLES = re.compile(r'[0-9.-]+')
HEXES = re.compile(r'[0-9A-F]+')
TO_NIBBLES = str.maketrans('-.', 'AB')
FROM_NIBBLES = str.maketrans('ab', '-.')


class Malformed(ValueError):
    """The bytes are not a stanza."""


class Codec:
    """Encodes and decodes stanzas with one token dictionary."""

    def __init__(self, words: Dictionary) -> None:
        self.words = words
        self._tokens: dict[str, bytes] = {}
        for number, table in enumerate(words.double):
            self._tokens.update((word, bytes((DICT0 + number, i))) for i, word in enumerate(table))
        self._tokens.update((word, bytes((i,))) for i, word in enumerate(words.single) if word)
        self._jids: dict[Jid, bytes] = {}

    def encode(self, node: Node) -> bytes:
        out = bytearray(1)  # a leading 0: the payload is not compressed
        self._node(out, node)
        return bytes(out)

    def decode(self, frame: bytes) -> Node:
        """Raises Malformed."""
        try:
            body = zlib.decompress(frame[1:]) if frame[0] & 2 else frame[1:]
            return _Reader(body, self.words).node()
        except (IndexError, UnicodeDecodeError, zlib.error) as error:
            raise Malformed(f'not a stanza: {error}') from error

    def _node(self, out: bytearray, node: Node) -> None:
        attrs = [(key, value) for key, value in node.attrs.items() if value is not None and value != '']
        _list(out, 1 + 2 * len(attrs) + (node.content is not None))
        self._text(out, node.tag)
        for key, value in attrs:
            self._text(out, key)
            self._value(out, value)
        if isinstance(node.content, list):
            _list(out, len(node.content))
            for item in node.content:
                self._node(out, item)
        elif isinstance(node.content, str):
            self._text(out, node.content)
        elif node.content is not None:
            _raw(out, node.content)

    def _value(self, out: bytearray, value: Value) -> None:
        if not isinstance(value, Jid):
            self._text(out, str(value))
            return
        known = self._jids.get(value)
        if known is None:
            if len(self._jids) >= CACHED_JIDS:
                self._jids.clear()
            known = self._jids[value] = self._jid(value)
        out += known

    def _jid(self, jid: Jid) -> bytes:
        out = bytearray()
        if jid.server in DOMAINS and (jid.device or jid.server.startswith('hosted')):
            out += bytes((AD_JID, DOMAINS[jid.server], jid.device))
            self._text(out, jid.user)
            return bytes(out)
        out.append(JID_PAIR)
        if jid.user:
            self._text(out, jid.user)
        else:
            out.append(LIST_EMPTY)
        self._text(out, jid.server)
        return bytes(out)

    def _text(self, out: bytearray, text: str) -> None:
        token = self._tokens.get(text)
        if token:
            out += token
        elif len(text) > PACKED_MAX:
            _raw(out, text.encode())
        elif NIBBLES.fullmatch(text):
            _packed(out, NIBBLE8, text.translate(TO_NIBBLES))
        elif HEXES.fullmatch(text):
            _packed(out, HEX8, text)
        else:
            _raw(out, text.encode())


def _list(out: bytearray, size: int) -> None:
    if size == 0:
        out.append(LIST_EMPTY)
    elif size < 256:
        out += bytes((LIST8, size))
    else:
        out += bytes((LIST16,)) + size.to_bytes(2, 'big')


def _packed(out: bytearray, kind: int, digits: str) -> None:
    odd = len(digits) % 2
    out += bytes((kind, (len(digits) + 1) // 2 | 128 * odd))
    out += bytes.fromhex(digits + 'F' * odd)


def _raw(out: bytearray, data: bytes) -> None:
    if len(data) < 256:
        out += bytes((BIN8, len(data)))
    elif len(data) < 1 << 20:
        out += bytes((BIN20,)) + len(data).to_bytes(3, 'big')
    else:
        out += bytes((BIN32,)) + len(data).to_bytes(4, 'big')
    out += data


class _Reader:
    """Decodes one frame. Longer than it could be: every stanza of every client comes through here."""

    __slots__ = ('at', 'data', 'double', 'single')

    def __init__(self, data: bytes, words: Dictionary) -> None:
        self.data, self.at = data, 0
        self.single, self.double = words.single, words.double

    def node(self) -> Node:
        size = self._size()
        if size == 0:
            raise Malformed('a stanza without a tag')
        tag = self._word()
        attrs: dict[str, Value | None] = {}
        for _ in range((size - 1) // 2):
            name = self._word()
            attrs[name] = self._value()
        return Node(tag, attrs, None if size % 2 else self._content())

    def _size(self) -> int:
        tag = self.data[self.at]
        self.at += 1
        if tag == LIST8:
            self.at += 1
            return self.data[self.at - 1]
        if tag == LIST16:
            return self._number(2)
        if tag == LIST_EMPTY:
            return 0
        raise Malformed(f'bad list tag {tag}')

    def _word(self) -> str:
        tag = self.data[self.at]
        if LIST_EMPTY < tag < DICT0:
            self.at += 1
            return self.single[tag]
        return str(self._value() or '')

    def _value(self) -> Value | None:
        tag = self.data[self.at]
        self.at += 1
        if LIST_EMPTY < tag < DICT0:
            return self.single[tag]
        if tag in (NIBBLE8, HEX8):
            return self._unpacked(tag)
        if tag == BIN8 or BIN20 <= tag <= BIN32:
            return self._binary(tag).decode()
        if tag == LIST_EMPTY:
            return None
        if tag <= DICT3:
            self.at += 1
            return self.double[tag - DICT0][self.data[self.at - 1]]
        return self._address(tag)

    def _content(self) -> Content:
        tag = self.data[self.at]
        if tag == BIN8 or BIN20 <= tag <= BIN32:
            self.at += 1
            return self._binary(tag)
        if tag in (LIST8, LIST16):
            return [self.node() for _ in range(self._size())]
        value = self._value()
        return None if value is None else str(value)

    def _binary(self, tag: int) -> bytes:
        return self._take(self._number(1 if tag == BIN8 else 3 if tag == BIN20 else 4))

    def _take(self, size: int) -> bytes:
        start = self.at
        self.at = end = start + size
        if end > len(self.data):
            raise Malformed('the stanza ends early')
        return self.data[start:end]

    def _number(self, size: int) -> int:
        if size == 1:
            self.at += 1
            return self.data[self.at - 1]
        return int.from_bytes(self._take(size), 'big')

    def _unpacked(self, tag: int) -> str:
        head = self._number(1)
        digits = self._take(head & 127).hex()
        if head & 128:
            digits = digits[:-1]
        return digits.translate(FROM_NIBBLES) if tag == NIBBLE8 else digits.upper()

    def _address(self, tag: int) -> Jid:
        if tag == JID_PAIR:
            user = self._word()
            return Jid(user, self._word())
        if tag == AD_JID:
            domain, device = self._number(1), self._number(1)
            return Jid(self._word(), SERVERS.get(domain, USER), device)
        if tag in (FB_JID, INTEROP_JID):
            user, device = self._word(), self._number(2)
            if tag == INTEROP_JID:
                self._take(2)
            return Jid(user, self._word(), device)
        raise Malformed(f'unknown tag byte {tag}')
