"""The server's side of the Noise XX handshake that opens every WhatsApp web socket."""

import hashlib
import time

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.sandbox.cipher import hkdf
from core.sandbox.keys import KeyPair
from core.sandbox.protos import Certificate, cert, wa6

PATTERN = b'Noise_XX_25519_AESGCM_SHA256\0\0\0\0'
DAY = 86400


class Authority:
    """The server's certificate chain: root (patched into the client), intermediate, leaf."""

    def __init__(self, root: KeyPair) -> None:
        self.static, middle = KeyPair.new(), KeyPair.new()
        chain = cert.CertChain()
        _fill(chain.intermediate, root, serial=1, issuer=0, key=middle.public)
        _fill(chain.leaf, middle, serial=2, issuer=1, key=self.static.public)
        self.chain: bytes = chain.SerializeToString()


def _fill(certificate: Certificate, signer: KeyPair, *, serial: int, issuer: int, key: bytes) -> None:
    now = int(time.time())
    details = cert.CertChain.NoiseCertificate.Details(
        serial=serial, issuerSerial=issuer, key=key, notBefore=now - DAY, notAfter=now + 365 * DAY
    )
    certificate.details = details.SerializeToString()
    certificate.signature = signer.sign(certificate.details)


class Handshake:
    """One handshake: `hello`, then `finish`, which gives the `Transport`. Both raise on a client that cheats."""

    def __init__(self, authority: Authority, header: bytes) -> None:
        self._authority, self._ephemeral = authority, KeyPair.new()
        self._hash = self._salt = PATTERN
        self._key, self._counter = AESGCM(PATTERN), 0
        self._absorb(header)

    def hello(self, frame: bytes) -> bytes:
        """Answer the client's first message."""
        client = wa6.HandshakeMessage.FromString(frame).clientHello.ephemeral
        self._absorb(client)
        self._absorb(self._ephemeral.public)
        self._mix(self._ephemeral.agree(client))
        answer = wa6.HandshakeMessage()
        answer.serverHello.ephemeral = self._ephemeral.public
        answer.serverHello.static = self._encrypt(self._authority.static.public)
        self._mix(self._authority.static.agree(client))
        answer.serverHello.payload = self._encrypt(self._authority.chain)
        data: bytes = answer.SerializeToString()
        return data

    def finish(self, frame: bytes) -> tuple['Transport', bytes, bytes]:
        """Read the client's second message: (transport, the client's noise key, its login payload)."""
        done = wa6.HandshakeMessage.FromString(frame).clientFinish
        noise = self._decrypt(done.static)
        self._mix(self._ephemeral.agree(noise))
        payload = self._decrypt(done.payload)
        return Transport(*_split(self._salt, b'')), noise, payload

    def _absorb(self, data: bytes) -> None:
        self._hash = hashlib.sha256(self._hash + data).digest()

    def _mix(self, secret: bytes) -> None:
        self._salt, key = _split(self._salt, secret)
        self._key, self._counter = AESGCM(key), 0

    def _encrypt(self, plain: bytes) -> bytes:
        sealed = self._key.encrypt(_nonce(self._counter), plain, self._hash)
        self._counter += 1
        self._absorb(sealed)
        return sealed

    def _decrypt(self, sealed: bytes) -> bytes:
        plain = self._key.decrypt(_nonce(self._counter), sealed, self._hash)
        self._counter += 1
        self._absorb(sealed)
        return plain


class Transport:
    """AES-GCM framing after the handshake."""

    def __init__(self, read_key: bytes, write_key: bytes) -> None:
        self._read, self._write = AESGCM(read_key), AESGCM(write_key)
        self._in = self._out = 0

    def open(self, frame: bytes) -> bytes:
        self._in += 1
        return self._read.decrypt(_nonce(self._in - 1), frame, None)

    def seal(self, plain: bytes) -> bytes:
        self._out += 1
        return self._write.encrypt(_nonce(self._out - 1), plain, None)


def _split(salt: bytes, secret: bytes) -> tuple[bytes, bytes]:
    out = hkdf(secret, b'', 64, salt)
    return out[:32], out[32:]


def _nonce(counter: int) -> bytes:
    return counter.to_bytes(12, 'big')
