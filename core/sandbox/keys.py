"""Curve25519 key pairs and Signal's signatures (XEdDSA)."""

import os
from dataclasses import dataclass

import xeddsa
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

DJB = b'\x05'  # the type byte in front of a serialized Curve25519 public key


@dataclass(frozen=True, slots=True)
class KeyPair:
    private: bytes
    public: bytes

    @classmethod
    def new(cls) -> 'KeyPair':
        return cls.of(os.urandom(32))

    @classmethod
    def of(cls, private: bytes) -> 'KeyPair':
        return cls(private, X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw())

    def agree(self, public: bytes) -> bytes:
        secret = X25519PrivateKey.from_private_bytes(self.private)
        return secret.exchange(X25519PublicKey.from_public_bytes(public))

    def sign(self, message: bytes) -> bytes:
        signature: bytes = xeddsa.ed25519_priv_sign(
            xeddsa.priv_force_sign(self.private, False), message, os.urandom(64)
        )
        return signature


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Check a signature made by `KeyPair.sign` or by libsignal, which hides a sign bit in the last byte."""
    sign_bit = bool(signature[63] & 0x80)
    plain = signature[:63] + bytes((signature[63] & 0x7F,))
    good: bool = xeddsa.ed25519_verify(plain, xeddsa.curve25519_pub_to_ed25519_pub(public, sign_bit), message)
    return good
