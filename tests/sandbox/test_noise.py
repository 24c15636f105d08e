"""The handshake, with the client's side written out here."""

import hashlib

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.sandbox.cipher import hkdf
from core.sandbox.keys import KeyPair, verify
from core.sandbox.noise import PATTERN, Authority, Handshake, Transport
from core.sandbox.protos import cert, wa6

HEADER = b'WA\x06\x03'


class Caller:
    """A client that knows the root key."""

    def __init__(self, root: bytes) -> None:
        self.root, self.ephemeral, self.noise = root, KeyPair.new(), KeyPair.new()
        self.hash = hashlib.sha256(PATTERN + HEADER).digest()
        self.salt, self.key, self.counter = PATTERN, PATTERN, 0

    def hello(self) -> bytes:
        message = wa6.HandshakeMessage()
        message.clientHello.ephemeral = self.ephemeral.public
        self.absorb(self.ephemeral.public)
        return bytes(message.SerializeToString())

    def finish(self, frame: bytes, payload: bytes) -> bytes:
        hello = wa6.HandshakeMessage.FromString(frame).serverHello
        self.absorb(hello.ephemeral)
        self.mix(self.ephemeral.agree(hello.ephemeral))
        static = self.open(hello.static)
        self.mix(self.ephemeral.agree(static))
        self.check(self.open(hello.payload), static)
        message = wa6.HandshakeMessage()
        message.clientFinish.static = self.seal(self.noise.public)
        self.mix(self.noise.agree(hello.ephemeral))
        message.clientFinish.payload = self.seal(payload)
        return bytes(message.SerializeToString())

    def check(self, data: bytes, static: bytes) -> None:
        chain = cert.CertChain.FromString(data)
        details = cert.CertChain.NoiseCertificate.Details
        middle, leaf = (details.FromString(each.details) for each in (chain.intermediate, chain.leaf))
        assert verify(self.root, chain.intermediate.details, chain.intermediate.signature)
        assert verify(middle.key, chain.leaf.details, chain.leaf.signature)
        assert (leaf.issuerSerial, leaf.key) == (middle.serial, static)

    def transport(self) -> Transport:
        keys = hkdf(b'', b'', 64, self.salt)
        return Transport(keys[32:], keys[:32])

    def absorb(self, data: bytes) -> None:
        self.hash = hashlib.sha256(self.hash + data).digest()

    def mix(self, secret: bytes) -> None:
        keys = hkdf(secret, b'', 64, self.salt)
        self.salt, self.key, self.counter = keys[:32], keys[32:], 0

    def seal(self, plain: bytes) -> bytes:
        sealed = AESGCM(self.key).encrypt(self.nonce(), plain, self.hash)
        self.absorb(sealed)
        return sealed

    def open(self, sealed: bytes) -> bytes:
        plain = AESGCM(self.key).decrypt(self.nonce(), sealed, self.hash)
        self.absorb(sealed)
        return plain

    def nonce(self) -> bytes:
        self.counter += 1
        return (self.counter - 1).to_bytes(12, 'big')


def test_both_sides_agree_and_can_talk() -> None:
    root = KeyPair.new()
    server, caller = Handshake(Authority(root), HEADER), Caller(root.public)
    finish = caller.finish(server.hello(caller.hello()), b'my login')
    there, noise, payload = server.finish(finish)
    here = caller.transport()
    assert (noise, payload) == (caller.noise.public, b'my login')
    for text in (b'one', b'two', b'three'):
        assert there.open(here.seal(text)) == text
        assert here.open(there.seal(text)) == text


def test_a_client_with_another_root_key_is_not_fooled() -> None:
    server, caller = Handshake(Authority(KeyPair.new()), HEADER), Caller(KeyPair.new().public)
    answer = server.hello(caller.hello())
    with pytest.raises(AssertionError):
        caller.finish(answer, b'')


def test_a_tampered_finish_is_refused() -> None:
    root = KeyPair.new()
    server, caller = Handshake(Authority(root), HEADER), Caller(root.public)
    finish = bytearray(caller.finish(server.hello(caller.hello()), b'my login'))
    finish[-1] ^= 1
    with pytest.raises(InvalidTag):
        server.finish(bytes(finish))
