"""Keeps secrets that must be shown to somebody else later: sealed in the database, open only in memory."""

from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .errors import Invalid

PURPOSE = b'dovecote sealed secrets 1'


class Seal:
    """`keys`: of the program, the newest first; only the first one seals, all of them open.

    AES-128-CBC with HMAC-SHA256 (Fernet), under a key of its own drawn from the program's by HKDF.
    """

    def __init__(self, *keys: bytes) -> None:
        self._fernet = MultiFernet([Fernet(_drawn(key)) for key in keys])

    def close(self, secret: str) -> str:
        return self._fernet.encrypt(secret.encode()).decode()

    def open(self, sealed: str) -> str:
        """Raises Invalid when it was sealed with another key, or changed since."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise Invalid(
                'A secret in the database cannot be read: it was kept under another secret key.', code='sealed'
            ) from error


def _drawn(key: bytes) -> bytes:
    return urlsafe_b64encode(HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE).derive(key))
