"""The keys with which programs ask: `dvc_<prefix>_<secret>`."""

import hashlib
import hmac
import re
import secrets
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from data import people as rows
from data.database import read, write, write_soon

from .errors import Forbidden, Invalid, NotFound
from .rights import Asker, Role, holds_all_of
from .world import World

USED_EVERY = 60.0  # seconds between two notes of a key's last use
KNOWN_FOR = 60.0  # seconds a key is believed without asking the database; revoking ends that at once
MOST_KNOWN = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key as lists show it, without its secret. `sessions`: ids, None for all."""

    id: str
    name: str
    prefix: str
    role: Role
    sessions: tuple[str, ...] | None
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(slots=True)
class _Known:
    asker: Asker
    expires_at: datetime | None
    until: float
    noted_at: float


class Keys:
    """`changed([])` is told that a key was revoked, on the thread that did it."""

    def __init__(self, world: World, changed: Callable[[list[str]], object]) -> None:
        self.world, self.changed = world, changed
        self._keys: dict[bytes, _Known] = {}
        self._key_changes = 0
        self._key_lock = threading.Lock()

    def add_key(
        self, by: Asker, name: str, role: Role, *, sessions: Collection[str] | None = None,
        expires_at: datetime | None = None,
    ) -> tuple[Key, str]:  # fmt: skip
        """The key and, for this once, its text. Raises Forbidden for more than the asker has itself, or Invalid."""
        self._must_hand_out(by, role, sessions)
        prefix = secrets.token_hex(4)
        plain = f'dvc_{prefix}_{secrets.token_hex(24)}'
        now = self.world.now()
        if expires_at is not None and expires_at <= now:
            raise Invalid('The key would have expired already.', field='expires_at')
        values = {
            'id': self.world.new_id(), 'name': _name(name), 'prefix': prefix, 'secret_hash': _digest(plain).hex(),
            'role': role, 'sessions': None if sessions is None else sorted(sessions), 'created_by': by.name,
            'created_at': now, 'expires_at': expires_at,
        }  # fmt: skip
        return _key(write(lambda: rows.ApiKey.create(**values))), plain

    def asker_of_key(self, plain: str) -> Asker | None:
        """Who asks with this key; None when there is no such key, or it was revoked or has expired. Cheap."""
        digest, ticks = _digest(plain), self.world.ticks()
        known = self._keys.get(digest)
        if known is None or known.until < ticks:
            known = self._read_key(plain, digest)
        if known is None or (known.expires_at is not None and known.expires_at <= self.world.now()):
            return None
        if ticks - known.noted_at >= USED_EVERY:
            known.noted_at = ticks
            key_id, now = known.asker.id, self.world.now()
            write_soon(lambda: rows.used_key(key_id, now))
        return known.asker

    def revoke_key(self, by: Asker, key_id: str) -> None:
        """At once and for good. Raises Forbidden for a key that may do more than the asker, or NotFound."""
        with read():
            row = rows.key_by_id(key_id)
        by.must('keys.manage')
        if row is None:
            raise NotFound('There is no such key.')
        self._must_hand_out(by, cast(Role, row.role), row.sessions)
        now = self.world.now()
        write(lambda: rows.revoke_key(key_id, now))
        with self._key_lock:
            self._key_changes += 1
            self._keys.clear()
        self.changed([])

    def keys(self) -> list[Key]:
        """Newest first, with the revoked ones."""
        with read():
            return [_key(row) for row in rows.all_keys()]

    def _read_key(self, plain: str, digest: bytes) -> _Known | None:
        match = re.fullmatch(r'dvc_([0-9a-f]{8})_[0-9a-f]{48}', plain)
        if match is None:
            return None
        changes, ticks = self._key_changes, self.world.ticks()
        with read():
            row = rows.key_by_prefix(match[1])
        if row is None or row.revoked_at is not None or not hmac.compare_digest(row.secret_hash, digest.hex()):
            return None
        before = self._keys.get(digest)
        noted_at = before.noted_at if before else ticks - USED_EVERY
        sessions = None if row.sessions is None else frozenset(row.sessions)
        asker = Asker(kind='key', id=row.id, name=row.name, role=cast(Role, row.role), sessions=sessions)
        known = _Known(asker, row.expires_at, ticks + KNOWN_FOR, noted_at)
        with self._key_lock:
            if changes == self._key_changes:
                if len(self._keys) >= MOST_KNOWN:
                    self._keys.clear()
                self._keys[digest] = known
        return known

    def _must_hand_out(self, by: Asker, role: Role, sessions: Collection[str] | None) -> None:
        by.must('keys.manage')
        if not holds_all_of(by.role, role):
            raise Forbidden(f'The role {by.role} may not manage a key with the role {role}.')
        if by.sessions is not None and (sessions is None or not by.sessions.issuperset(sessions)):
            raise Forbidden('A key for some sessions may not manage one for others.')


def _digest(plain: str) -> bytes:
    return hashlib.sha256(plain.encode('utf-8', 'replace')).digest()


def _name(text: str) -> str:
    name = ' '.join(text.split())
    if not 1 <= len(name) <= 80:
        raise Invalid('A key has a name of 1 to 80 characters.', field='name')
    return name


def _key(row: rows.ApiKey) -> Key:
    return Key(
        id=row.id, name=row.name, prefix=row.prefix, role=cast(Role, row.role), created_by=row.created_by,
        sessions=None if row.sessions is None else tuple(row.sessions), created_at=row.created_at,
        expires_at=row.expires_at, last_used_at=row.last_used_at, revoked_at=row.revoked_at,
    )  # fmt: skip
