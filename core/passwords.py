"""Which passwords are good enough, and whether one is right."""

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from .errors import Invalid

SHORTEST, LONGEST = 10, 512

# RFC 9106, section 4, second recommendation. Written out, because NOBODY must cost the same to check.
_hasher = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4)
NOBODY = '$argon2id$v=19$m=65536,t=3,p=4$6QoX4bNvU9Aj1GFaRWt/gA$jGZ/ncXUZL6sWbSb7dMSaDhNqWZp221isAHIi6R0Ojo'
_at_once = threading.BoundedSemaphore(2)  # each check takes 64 MiB and a core for about 0.1 s


def hashed(password: str, email: str) -> str:
    """The hash to keep; raises Invalid for a password that is too short, too long or the e-mail address."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise Invalid(f'A password has {SHORTEST} to {LONGEST} characters.', field='password')
    if password.lower().strip() == email:
        raise Invalid('The e-mail address is not a password.', field='password')
    with _at_once:
        return _hasher.hash(password)


def is_right(password: str, kept: str) -> bool:
    """Takes about 0.1 s whatever the answer; check against NOBODY when there is no such user."""
    with _at_once:
        try:
            return _hasher.verify(kept, password[: LONGEST + 1])
        except (VerificationError, InvalidHashError):
            return False
