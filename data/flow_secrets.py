"""What flows may show to other systems, and nobody else may read: kept sealed."""

from datetime import datetime

from peewee import CharField, TextField

from .database import Table, TimeField


class FlowSecret(Table):
    """`sealed` is the value as core/seal.py closes it."""

    name = CharField(primary_key=True)
    sealed = TextField()
    created_at = TimeField()


def flow_secrets() -> list[FlowSecret]:
    """By name."""
    return list(FlowSecret.select().order_by(FlowSecret.name))


def keep_flow_secret(name: str, sealed: str, at: datetime) -> bool:
    """False when it took the place of an older one."""
    changed: int = FlowSecret.update(sealed=sealed, created_at=at).where(FlowSecret.name == name).execute()
    if not changed:
        FlowSecret.create(name=name, sealed=sealed, created_at=at)
    return not changed


def forget_flow_secret(name: str) -> bool:
    gone: int = FlowSecret.delete().where(FlowSecret.name == name).execute()
    return bool(gone)
