"""Stanzas survive the wire, whatever is in them."""

import contextlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.sandbox.node import GROUP, LID, USER, Jid, Node
from core.sandbox.tokens import Dictionary
from core.sandbox.wire import Codec, Malformed

SINGLE = ('', 'xmlstreamstart', 'xmlstreamend', 's.whatsapp.net', 'type', 'message', 'id', 'to', 'lid', 'g.us')
WORDS = Dictionary(SINGLE + tuple(f'single{n}' for n in range(len(SINGLE), 236)), (('read-self', 'active'), (), (), ()))
CODEC = Codec(WORDS)

texts = st.text(min_size=1, max_size=300).filter(lambda text: '\x00' not in text)
packed = st.text('0123456789-.', min_size=1, max_size=260) | st.text('0123456789ABCDEF', min_size=1, max_size=260)
known = st.sampled_from(['message', 'type', 'read-self', 'active', 'lid'])
words = known | packed | texts
digits = st.text('0123456789', min_size=1, max_size=20)
jids = (
    st.builds(Jid, digits, st.sampled_from([USER, LID, 'hosted', 'hosted.lid']), st.integers(0, 255))
    | st.builds(Jid, digits, st.just(GROUP))
    | st.just(Jid(''))
)
leaves = st.builds(
    Node, words, st.dictionaries(words, words | jids, max_size=5), st.none() | st.binary(min_size=1, max_size=600)
)
nodes = st.recursive(
    leaves,
    lambda inner: st.builds(Node, words, st.dictionaries(words, words | jids), st.lists(inner, min_size=1, max_size=5)),
    max_leaves=12,
)


@given(nodes)
def test_a_stanza_comes_back_as_it_was(node: Node) -> None:
    assert CODEC.decode(CODEC.encode(node)) == node


@given(jids)
def test_an_address_reads_as_it_is_written(jid: Jid) -> None:
    assert Jid.parse(str(jid)) == jid if jid.user else str(jid) == jid.server


@pytest.mark.parametrize('size', [1, 254, 255, 256, 257, 1000])
def test_lists_of_any_length_come_back(size: int) -> None:
    node = Node('message', {}, [Node('item', {'id': str(n)}) for n in range(size)])
    assert CODEC.decode(CODEC.encode(node)) == node


@pytest.mark.parametrize('size', [1, 255, 256, (1 << 20) - 1, 1 << 20, 3 << 20])
def test_bytes_of_any_length_come_back(size: int) -> None:
    node = Node('message', {}, bytes(size))
    assert CODEC.decode(CODEC.encode(node)) == node


@pytest.mark.parametrize('text', ['1', '12', '1-2.3', 'A', 'AB', '0F', '9' * 126, '9' * 127, '9' * 128])
def test_digits_are_packed_two_to_a_byte(text: str) -> None:
    node = Node('message', {'id': text})
    frame = CODEC.encode(node)
    assert CODEC.decode(frame) == node
    if len(text) == 126:
        assert len(frame) < 126


def test_a_compressed_frame_is_read() -> None:
    node = Node('message', {'id': 'A1'}, b'hello')
    assert CODEC.decode(b'\x02' + zlib.compress(CODEC.encode(node)[1:])) == node


@given(st.binary(max_size=80))
def test_nonsense_is_malformed_and_nothing_worse(data: bytes) -> None:
    with contextlib.suppress(Malformed):
        CODEC.decode(data)


@given(nodes, st.data())
def test_a_frame_cut_short_is_malformed(node: Node, data: st.DataObject) -> None:
    frame = CODEC.encode(node)
    cut = data.draw(st.integers(1, len(frame) - 1))
    with pytest.raises(Malformed):
        CODEC.decode(frame[:cut])


def test_the_dictionary_is_read_out_of_the_library(words: Dictionary) -> None:
    assert words.single[1:4] == ('xmlstreamstart', 'xmlstreamend', 's.whatsapp.net')
    assert [len(table) for table in words.double] == [256, 256, 256, 256]
    assert words.double[0][:2] == ('read-self', 'active')
