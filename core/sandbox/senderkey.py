"""Signal's group sessions: one key for each member and group."""

import os
import secrets
from dataclasses import dataclass

from core.sandbox.cipher import cbc_decrypt, cbc_encrypt, hkdf
from core.sandbox.fields import blob, integer, pack, unpack
from core.sandbox.keys import DJB, KeyPair, verify
from core.sandbox.ratchet import VERSION, Chain, Undecryptable

SIGNATURE = 64


@dataclass(slots=True)
class SenderKey:
    """One member's key for one group: ours (with `private`) or someone else's."""

    ident: int
    chain: Chain
    signing: bytes
    private: KeyPair | None = None

    @classmethod
    def new(cls) -> 'SenderKey':
        pair = KeyPair.new()
        return cls(secrets.randbits(31), Chain(os.urandom(32)), pair.public, pair)

    @classmethod
    def parse(cls, distribution: bytes) -> 'SenderKey':
        fields = unpack(distribution[1:])
        return cls(integer(fields, 1), Chain(blob(fields, 3), integer(fields, 2)), blob(fields, 4)[1:])

    def distribution(self) -> bytes:
        return VERSION + pack({1: self.ident, 2: self.chain.index, 3: self.chain.key, 4: DJB + self.signing})

    def encrypt(self, plain: bytes) -> bytes:
        if self.private is None:
            raise ValueError("only a member's own key can encrypt")
        index = self.chain.index
        keys = hkdf(self.chain.step(), b'WhisperGroup', 48)
        body = VERSION + pack({1: self.ident, 2: index, 3: cbc_encrypt(keys[16:], keys[:16], plain)})
        return body + self.private.sign(body)

    def decrypt(self, message: bytes) -> bytes:
        """Raises Repeated or Undecryptable."""
        body, signature = message[:-SIGNATURE], message[-SIGNATURE:]
        if not verify(self.signing, body, signature):
            raise Undecryptable('bad signature')
        fields = unpack(body[1:])
        keys = hkdf(self.chain.seed(integer(fields, 2)), b'WhisperGroup', 48)
        return cbc_decrypt(keys[16:], keys[:16], blob(fields, 3))


def key_of(message: bytes) -> int:
    """Which key a group message was encrypted with."""
    return integer(unpack(message[1:-SIGNATURE]), 1)
