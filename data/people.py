"""People who sign in, where they are signed in, and the keys of programs."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from peewee import BooleanField, CharField, ForeignKeyField, JSONField, fn

from .database import Table, TimeField


class User(Table):
    """`email` is lowercase. `look`: light, dark or auto."""

    id = CharField(primary_key=True)
    email = CharField(unique=True)
    name = CharField()
    role = CharField()
    password_hash = CharField()
    look = CharField(default='auto')
    active = BooleanField(default=True)
    created_at = TimeField()
    last_seen_at = TimeField(null=True)


class Login(Table):
    """One browser signed in. `id` is the SHA-256 of its cookie, so the table alone opens nothing."""

    id = CharField(primary_key=True)
    user = ForeignKeyField(User, on_delete='CASCADE')
    created_at = TimeField()
    last_seen_at = TimeField()
    expires_at = TimeField()
    ip = CharField()
    user_agent = CharField()
    revoked_at = TimeField(null=True)


class ApiKey(Table):
    """`secret_hash` is the SHA-256 of the whole key. `sessions`: ids it may touch, None for all."""

    id = CharField(primary_key=True)
    name = CharField()
    prefix = CharField(unique=True)
    secret_hash = CharField()
    role = CharField()
    sessions: Any = JSONField(null=True)
    created_by = CharField()
    created_at = TimeField()
    expires_at = TimeField(null=True)
    last_used_at = TimeField(null=True)
    revoked_at = TimeField(null=True)


def anybody() -> bool:
    """Has the first owner been set up?"""
    return bool(User.select().exists())


def user_by_email(email: str) -> User | None:
    found: User | None = User.get_or_none(User.email == email)
    return found


def user_by_id(user_id: str) -> User | None:
    found: User | None = User.get_or_none(User.id == user_id)
    return found


def names_of(user_ids: Collection[str]) -> dict[str, str]:
    """user id -> name, for those there are."""
    among = list(user_ids)
    return {str(row.id): str(row.name) for row in User.select().where(User.id << among)} if among else {}


def all_users() -> list[User]:
    return list(User.select().order_by(User.name, User.email))


def other_owners(user_id: str) -> int:
    """How many active owners there are beside this user."""
    found = User.select(fn.COUNT(User.id)).where(User.role == 'owner', User.active, User.id != user_id).scalar()
    return int(found or 0)


def change_user(user_id: str, **values: object) -> bool:
    return bool(User.update(**values).where(User.id == user_id).execute())


def open_login(login_id: str, now: datetime) -> Login | None:
    """With its user, unless it was revoked, has expired, or the user is no longer active."""
    found: Login | None = (
        Login.select(Login, User)
        .join(User)
        .where(Login.id == login_id, Login.revoked_at.is_null(), Login.expires_at > now, User.active)
        .first()
    )
    return found


def open_logins(user_id: str, now: datetime) -> list[Login]:
    """Newest use first."""
    return list(
        Login.select()
        .where(Login.user == user_id, Login.revoked_at.is_null(), Login.expires_at > now)
        .order_by(Login.last_seen_at.desc())
    )


def signed_in_from(user_id: str, ip: str) -> bool:
    """Has this user signed in from there in the last weeks?"""
    return bool(Login.select().where(Login.user == user_id, Login.ip == ip).exists())


def revoke_logins(now: datetime, *, user_id: str = '', login_id: str = '', keep: str = '') -> list[str]:
    """Of one user, or the one login, but never `keep`; returns the ids that were open until now."""
    which = (Login.user == user_id) if user_id else (Login.id == login_id)
    ids = [row.id for row in Login.select(Login.id).where(which, Login.revoked_at.is_null(), Login.id != keep)]
    Login.update(revoked_at=now).where(Login.id.in_(ids)).execute()
    return ids


def seen(login_id: str, user_id: str, now: datetime, expires_at: datetime) -> None:
    Login.update(last_seen_at=now, expires_at=expires_at).where(Login.id == login_id).execute()
    User.update(last_seen_at=now).where(User.id == user_id).execute()


def forget_old_logins(before: datetime) -> None:
    Login.delete().where((Login.expires_at < before) | (Login.revoked_at < before)).execute()


def key_by_prefix(prefix: str) -> ApiKey | None:
    found: ApiKey | None = ApiKey.get_or_none(ApiKey.prefix == prefix)
    return found


def key_by_id(key_id: str) -> ApiKey | None:
    found: ApiKey | None = ApiKey.get_or_none(ApiKey.id == key_id)
    return found


def all_keys() -> list[ApiKey]:
    """Newest first, revoked ones too."""
    return list(ApiKey.select().order_by(ApiKey.id.desc()))


def revoke_key(key_id: str, now: datetime) -> bool:
    """False when there was nothing to revoke."""
    return bool(ApiKey.update(revoked_at=now).where(ApiKey.id == key_id, ApiKey.revoked_at.is_null()).execute())


def used_key(key_id: str, now: datetime) -> None:
    ApiKey.update(last_used_at=now).where(ApiKey.id == key_id).execute()
