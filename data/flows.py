"""Flows: what their authors wrote, and what of it was published."""

from typing import Any

from peewee import JOIN, BooleanField, CharField, CompositeKey, ForeignKeyField, IntegerField, JSONField, TextField

from .database import Table, TimeField


class Flow(Table):
    """`source` is the draft as its author wrote it (YAML), `document` what it says; `problem` is why that cannot run.

    `published` is the version that runs, NULL before the first. `enabled`, `priority` and `name` are of what runs, or
    of the draft before anything was published. `version` counts the saved drafts.
    """

    key = CharField(primary_key=True)
    name = CharField()
    source = TextField(default='')
    document: Any = JSONField()
    enabled = BooleanField(default=True)
    priority = IntegerField(default=100)
    version = IntegerField(default=1)
    published = IntegerField(null=True)
    problem = TextField(default='')
    created_at = TimeField()
    changed_at = TimeField()


class FlowVersion(Table):
    """What was published, for ever as it was: runs go on with the version they began with."""

    flow = ForeignKeyField(Flow, on_delete='CASCADE', index=False)
    version = IntegerField()
    source = TextField()
    document: Any = JSONField()
    published_at = TimeField()
    published_by = CharField(default='')

    class Meta:
        primary_key = CompositeKey('flow', 'version')


def flows_in_order() -> list[Flow]:
    return list(Flow.select().order_by(Flow.priority, Flow.key))


def flows_by_key(limit: int, *, after: str = '') -> list[Flow]:
    """By key, from the one that follows `after`."""
    return list(Flow.select().where(Flow.key > after).order_by(Flow.key).limit(limit))


def drafts_ahead() -> set[str]:
    """Keys of flows whose draft differs from what is published of them, or of which nothing is."""
    return {
        str(row.key)
        for row in Flow.select(Flow.key)
        .join(FlowVersion, JOIN.LEFT_OUTER, on=(FlowVersion.flow == Flow.key) & (FlowVersion.version == Flow.published))
        .where(FlowVersion.source.is_null() | (FlowVersion.source != Flow.source))
    }


def flow_by_key(key: str) -> Flow | None:
    found: Flow | None = Flow.get_or_none(Flow.key == key)
    return found


def version_of(key: str, version: int) -> FlowVersion | None:
    found: FlowVersion | None = FlowVersion.get_or_none(FlowVersion.flow == key, FlowVersion.version == version)
    return found


def versions_of(key: str) -> list[FlowVersion]:
    """Newest first."""
    return list(FlowVersion.select().where(FlowVersion.flow == key).order_by(FlowVersion.version.desc()))


def live_versions() -> list[FlowVersion]:
    """What runs: the published version of each flow that is switched on, with its flow joined."""
    return list(
        FlowVersion.select(FlowVersion, Flow)
        .join(Flow)
        .where(Flow.enabled, FlowVersion.version == Flow.published)
        .order_by(Flow.priority, Flow.key)
    )
