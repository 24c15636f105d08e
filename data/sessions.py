"""Linked WhatsApp accounts, and the short history of how each of them was."""

from datetime import datetime
from typing import Any, Literal

from peewee import AutoField, BooleanField, CharField, ForeignKeyField, JSONField, TextField

from .database import Table, TimeField, statement

State = Literal[
    'new', 'starting', 'pairing', 'passkey', 'working', 'reconnecting', 'resting', 'logged_out', 'banned', 'failed'
]
HISTORY_KEPT = 200


class Session(Table):
    """`wanted`: should be connected, also after a restart. `until`: when a ban ends. `phone`, `lid`: digits.

    `extra`: what people chose for it, by name.
    """

    id = CharField(primary_key=True)
    name = CharField(unique=True)
    wanted = BooleanField(default=False)
    state = CharField(default='new')
    detail = TextField(default='')
    since = TimeField()
    until = TimeField(null=True)
    phone = CharField(default='')
    lid = CharField(default='')
    push_name = CharField(default='')
    country = CharField(default='')
    linked_at = TimeField(null=True)
    created_at = TimeField()
    extra: Any = JSONField(default=dict)


class SessionChange(Table):
    """One line of a session's history: what it became and why."""

    id = AutoField()
    session = ForeignKeyField(Session, on_delete='CASCADE')
    state = CharField()
    detail = TextField()
    at = TimeField()


def session_by_name(name: str) -> Session | None:
    found: Session | None = Session.get_or_none(Session.name == name)
    return found


def session_named(id: str) -> tuple[str, str] | None:
    """(name, digits of the number linked now or '') of a session, cheaply; None when it is gone."""
    rows = statement('SELECT name, phone FROM session WHERE id = ?', id)
    return (str(rows[0][0]), str(rows[0][1])) if rows else None


def extra_of(session_id: str) -> dict[str, Any]:
    """What a session keeps beside its columns; {} when it is gone."""
    row: Session | None = Session.select(Session.extra).where(Session.id == session_id).first()
    return dict(row.extra) if row is not None else {}


def all_sessions() -> list[Session]:
    return list(Session.select().order_by(Session.name))


def session_names() -> dict[str, str]:
    """By id."""
    return {str(row.id): str(row.name) for row in Session.select(Session.id, Session.name)}


def wanted_sessions() -> list[Session]:
    return list(Session.select().where(Session.wanted).order_by(Session.created_at))


def history(session_id: str, limit: int = 50) -> list[SessionChange]:
    """Newest first."""
    return list(
        SessionChange.select().where(SessionChange.session == session_id).order_by(SessionChange.id.desc()).limit(limit)
    )


def latest_changes(limit: int = 20) -> list[SessionChange]:
    """Of all sessions, newest first, with the session joined."""
    return list(
        SessionChange.select(SessionChange, Session).join(Session).order_by(SessionChange.id.desc()).limit(limit)
    )


def change_state(session_id: str, state: State, detail: str, at: datetime, **more: Any) -> bool:
    """Set state and sentence; False when nothing changed. A new state is a new line of history; in the same state
    the newest line only gets the newer sentence, so that a long outage is one line.
    """
    row: Session | None = Session.get_or_none(Session.id == session_id)
    if row is None or (row.state == state and row.detail == detail and not more):
        return False
    since = {} if row.state == state else {'since': at}
    Session.update(state=state, detail=detail, **since, **more).where(Session.id == session_id).execute()
    newest = SessionChange.select().where(SessionChange.session == session_id).order_by(SessionChange.id.desc()).first()
    if newest is not None and newest.state == state:
        SessionChange.update(detail=detail).where(SessionChange.id == newest.id).execute()
    else:
        SessionChange.create(session=session_id, state=state, detail=detail, at=at)
        _forget_old(session_id)
    return True


def keep_extra(session_id: str, name: str, value: Any) -> None:
    """Inside a write: one entry of `extra`; None removes it."""
    row = Session.get_by_id(session_id)
    extra = {**row.extra, name: value}
    if value is None:
        del extra[name]
    Session.update(extra=extra).where(Session.id == session_id).execute()


def _forget_old(session_id: str) -> None:
    newest = (
        SessionChange.select(SessionChange.id)
        .where(SessionChange.session == session_id)
        .order_by(SessionChange.id.desc())
        .offset(HISTORY_KEPT)
        .limit(1)
        .scalar()
    )
    if newest:
        SessionChange.delete().where(SessionChange.session == session_id, SessionChange.id <= newest).execute()
