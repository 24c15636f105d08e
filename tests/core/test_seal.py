"""Secrets that are kept to be used again."""

import pytest

from core.errors import Invalid
from core.seal import Seal


def test_what_was_sealed_opens_with_the_same_key_only() -> None:
    sealed = Seal(b'one').close('whsec_secret')
    assert 'secret' not in sealed
    assert Seal(b'one').open(sealed) == 'whsec_secret'
    with pytest.raises(Invalid, match='another secret key'):
        Seal(b'two').open(sealed)


def test_a_new_key_still_opens_what_an_old_one_sealed() -> None:
    sealed = Seal(b'old').close('word')
    assert Seal(b'new', b'old').open(sealed) == 'word'
    assert Seal(b'old').open(Seal(b'old', b'new').close('word')) == 'word'


def test_a_changed_seal_does_not_open() -> None:
    sealed = Seal(b'one').close('word')
    with pytest.raises(Invalid):
        Seal(b'one').open(sealed[:-4] + 'AAAA')
