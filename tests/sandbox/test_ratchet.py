"""Signal's sessions keep what they promise: any order, nothing twice, nothing damaged."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.sandbox import ratchet, rows
from core.sandbox.keys import KeyPair
from core.sandbox.ratchet import SKIPPED_MAX, Chain, Invitation, Pairwise, Repeated, Undecryptable
from core.sandbox.senderkey import SenderKey, key_of


class Talk:
    """Two people with a session; the first has opened it."""

    def __init__(self, *, once: bool = False) -> None:
        self.anna, self.bob, self.signed = KeyPair.new(), KeyPair.new(), KeyPair.new()
        self.once = KeyPair.new() if once else None
        invitation = Invitation(
            identity=self.bob.public,
            signed_id=1,
            signed=self.signed.public,
            once_id=7 if self.once else None,
            once=self.once.public if self.once else b'',
        )
        self.sessions = {'anna': [ratchet.start(self.anna, 1, invitation)], 'bob': list[Pairwise]()}

    def write(self, who: str, text: bytes) -> tuple[str, bytes]:
        return self.sessions[who][0].encrypt(text)

    def read(self, who: str, sealed: tuple[str, bytes]) -> bytes:
        kind, data = sealed
        if kind == 'msg':
            return ratchet.read_next(data, self.sessions[who])[1]
        session, plain = ratchet.read_first(data, self.sessions[who], self._answer)
        self.sessions[who][:] = [session]
        return plain

    def _answer(self, them: bytes, base: bytes) -> Pairwise:
        return ratchet.answer(self.bob, self.signed, them, base, self.once)


def opened() -> Talk:
    talk = Talk()
    assert talk.read('bob', talk.write('anna', b'hello')) == b'hello'
    return talk


@pytest.mark.parametrize('once', [False, True])
def test_the_first_message_opens_the_session_and_the_answer_settles_it(once: bool) -> None:
    talk = Talk(once=once)
    first = talk.write('anna', b'hello')
    assert first[0] == 'pkmsg'
    assert talk.read('bob', first) == b'hello'
    answer = talk.write('bob', b'hi')
    assert answer[0] == 'msg'
    assert talk.read('anna', answer) == b'hi'
    assert talk.write('anna', b'so')[0] == 'msg'


@settings(max_examples=25)
@given(st.lists(st.sampled_from(['anna', 'bob']), max_size=20))
def test_people_take_turns_in_any_pattern(turns: list[str]) -> None:
    talk = opened()
    for number, who in enumerate(turns):
        text = str(number).encode()
        assert talk.read('bob' if who == 'anna' else 'anna', talk.write(who, text)) == text


@settings(max_examples=25)
@given(st.permutations(range(8)), st.integers(0, 7))
def test_messages_arrive_in_any_order_even_around_an_answer(order: list[int], answered_after: int) -> None:
    talk = opened()
    sent = []
    for number in range(8):
        sent.append(talk.write('anna', str(number).encode()))
        if number == answered_after:
            talk.read('bob', sent[number])
            talk.read('anna', talk.write('bob', b'answer'))
    for number in order:
        if number == answered_after:
            with pytest.raises(Repeated):
                talk.read('bob', sent[number])
        else:
            assert talk.read('bob', sent[number]) == str(number).encode()


def test_a_message_is_read_once() -> None:
    talk = opened()
    sealed = talk.write('anna', b'only once')
    talk.read('bob', sealed)
    with pytest.raises(Repeated):
        talk.read('bob', sealed)


def test_a_damaged_message_changes_nothing() -> None:
    talk = opened()
    talk.read('anna', talk.write('bob', b'so we are settled'))
    kind, data = talk.write('anna', b'fragile')
    for at in (len(data) // 2, len(data) - 1):
        broken = bytearray(data)
        broken[at] ^= 0xFF
        with pytest.raises(Undecryptable):
            talk.read('bob', (kind, bytes(broken)))
    assert talk.read('bob', (kind, data)) == b'fragile'


def test_skipped_keys_are_bounded() -> None:
    chain = Chain(bytes(32))
    with pytest.raises(Undecryptable):
        chain.seed(SKIPPED_MAX + 1)
    chain.seed(SKIPPED_MAX)
    chain.seed(SKIPPED_MAX * 2)
    assert len(chain.skipped) == SKIPPED_MAX
    with pytest.raises(Repeated):
        chain.seed(0)


def test_a_session_goes_on_after_it_was_written_down() -> None:
    talk = opened()
    overtaken = talk.write('anna', b'overtaken')
    talk.read('bob', talk.write('anna', b'fast'))
    kept = rows.load(Pairwise, rows.dump(talk.sessions['bob'][0]))
    assert kept == talk.sessions['bob'][0]
    talk.sessions['bob'] = [kept]
    assert talk.read('bob', overtaken) == b'overtaken'


@settings(max_examples=20)
@given(st.permutations(range(6)))
def test_group_messages_arrive_in_any_order_and_once(order: list[int]) -> None:
    mine = SenderKey.new()
    theirs = SenderKey.parse(mine.distribution())
    sent = [mine.encrypt(str(number).encode()) for number in range(6)]
    assert key_of(sent[0]) == mine.ident
    for number in order:
        assert theirs.decrypt(sent[number]) == str(number).encode()
    with pytest.raises(Repeated):
        theirs.decrypt(sent[0])


def test_a_forged_group_message_is_refused() -> None:
    mine = SenderKey.new()
    theirs = SenderKey.parse(mine.distribution())
    sent = mine.encrypt(b'signed')
    with pytest.raises(Undecryptable):
        theirs.decrypt(sent[:-1] + bytes((sent[-1] ^ 1,)))
    assert theirs.decrypt(sent) == b'signed'
