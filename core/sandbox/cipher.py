"""The symmetric primitives of Signal and of WhatsApp's own formats."""

import hmac
import secrets

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def hkdf(secret: bytes, info: bytes, size: int, salt: bytes = bytes(32)) -> bytes:
    """HKDF-SHA256. By hand: it is on the path of every message, and this is six times as fast as the object."""
    key = hmac.digest(salt, secret, 'sha256')
    out = block = b''
    for counter in range(1, (size + 31) // 32 + 1):
        block = hmac.digest(key, block + info + bytes((counter,)), 'sha256')
        out += block
    return out[:size]


def mac(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, 'sha256')


def cbc_encrypt(key: bytes, iv: bytes, plain: bytes) -> bytes:
    size = 16 - len(plain) % 16
    return Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor().update(plain + bytes((size,)) * size)


def cbc_decrypt(key: bytes, iv: bytes, sealed: bytes) -> bytes:
    """Raises ValueError when the padding is not right."""
    plain = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor().update(sealed)
    size = plain[-1] if plain else 0
    if not 1 <= size <= 16 or plain[-size:] != bytes((size,)) * size:
        raise ValueError('bad padding')
    return plain[:-size]


def ctr(key: bytes, iv: bytes, data: bytes) -> bytes:
    return Cipher(algorithms.AES(key), modes.CTR(iv)).encryptor().update(data)


def pad(plain: bytes) -> bytes:
    """WhatsApp hides the length of a message with 1 to 15 bytes."""
    size = secrets.randbelow(15) + 1
    return plain + bytes((size,)) * size


def unpad(plain: bytes) -> bytes:
    return plain[: -plain[-1]]
