"""When flows have to look at the clock: moments that come round, and chats in which nobody writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import SQL, CharField, CompositeKey, IntegerField

from .contacts import Contact
from .database import Table, TimeField, as_number, statement
from .tags import ContactGroup, ContactGroupMember, ContactTag


class FlowClock(Table):
    """The next moment of a schedule trigger, in one zone.

    While its audience is gone through, `working` is the moment that came and `done_to` the last contact that had its
    turn, so that a crash in the middle neither forgets anybody nor takes anybody twice.
    """

    flow = CharField()
    trigger = CharField()
    zone = CharField()
    cron = CharField()
    next_at = TimeField(index=True)
    working = TimeField(null=True)
    done_to = CharField(default='')

    class Meta:
        primary_key = CompositeKey('flow', 'trigger', 'zone')


class FlowSilence(Table):
    """Until when somebody should have written in a chat. `fired`: told already; counts anew once they write."""

    flow = CharField()
    trigger = CharField()
    chat = CharField(index=True)
    due_at = TimeField()
    fired = IntegerField(default=0)

    class Meta:
        primary_key = CompositeKey('flow', 'trigger', 'chat')


FlowSilence.add_index(FlowSilence.index(FlowSilence.due_at, where=SQL('fired = 0'), name='flow_silence_due'))


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    id: str
    phone: str | None
    zone: str


def clocks() -> list[FlowClock]:
    return list(FlowClock.select())


def due_clocks(now: datetime) -> list[FlowClock]:
    return list(FlowClock.select().where((FlowClock.next_at <= now) | FlowClock.working.is_null(False)))


def put_clock(flow: str, trigger: str, zone: str, cron: str, next_at: datetime) -> None:
    """Set anew, unless it is being worked on."""
    FlowClock.insert(flow=flow, trigger=trigger, zone=zone, cron=cron, next_at=next_at).on_conflict(
        conflict_target=[FlowClock.flow, FlowClock.trigger, FlowClock.zone],
        update={FlowClock.cron: cron, FlowClock.next_at: next_at},
        where=FlowClock.working.is_null(),
    ).execute()


def drop_clock(flow: str, trigger: str, zone: str) -> None:
    _clock(FlowClock.delete(), flow, trigger, zone).execute()


def strike(row: FlowClock) -> bool:
    """Its moment came: begin with the audience. False when that has been done."""
    query = FlowClock.update(working=row.next_at, done_to='')
    query = _clock(query, row.flow, row.trigger, row.zone).where(
        FlowClock.working.is_null(), FlowClock.next_at == row.next_at
    )
    return bool(query.execute())


def went_to(row: FlowClock, contact_id: str) -> bool:
    """Somebody had their turn. False when they had it already."""
    query = _clock(FlowClock.update(done_to=contact_id), row.flow, row.trigger, row.zone)
    return bool(query.where(FlowClock.working == row.working, FlowClock.done_to < contact_id).execute())


def wind(row: FlowClock, next_at: datetime) -> bool:
    """Everybody had their turn. False when that has been said already."""
    query = _clock(FlowClock.update(working=None, done_to='', next_at=next_at), row.flow, row.trigger, row.zone)
    return bool(query.where(FlowClock.working == row.working).execute())


def _clock(query: Any, flow: str, trigger: str, zone: str) -> Any:
    return query.where(FlowClock.flow == flow, FlowClock.trigger == trigger, FlowClock.zone == zone)


def audience(*, tag: str = '', group: str = '', after: str = '', limit: int = 200) -> list[Member]:
    """Contacts with a tag or in a group of contacts, by id."""
    query = Contact.select(Contact.id, Contact.phone, Contact.zone).where(Contact.id > after)
    if tag:
        query = query.join(ContactTag).where(ContactTag.tag == tag)
    else:
        query = query.join(ContactGroupMember).join(ContactGroup).where(ContactGroup.name == group)
    return [
        Member(id=str(row.id), phone=row.phone, zone=str(row.zone)) for row in query.order_by(Contact.id).limit(limit)
    ]


# ---- chats in which nobody writes


def await_word(flow: str, trigger: str, chat: str, due_at: datetime) -> None:
    """Somebody should write until then; what was told already is not told again."""
    statement(
        'INSERT INTO flow_silence (flow, trigger, chat, due_at, fired) VALUES (?, ?, ?, ?, 0)'
        ' ON CONFLICT (flow, trigger, chat) DO UPDATE SET due_at = excluded.due_at WHERE fired = 0',
        flow,
        trigger,
        chat,
        as_number(due_at),
    )


def got_word(flow: str, trigger: str, chat: str) -> None:
    statement('DELETE FROM flow_silence WHERE flow = ? AND trigger = ? AND chat = ?', flow, trigger, chat)


def due_silences(now: datetime, limit: int = 500) -> Sequence[FlowSilence]:
    return list(
        FlowSilence.select()
        .where(FlowSilence.fired == 0, FlowSilence.due_at <= now)
        .order_by(FlowSilence.due_at)
        .limit(limit)
    )


def fire(row: FlowSilence) -> bool:
    """Told now. False when somebody wrote, or it was told."""
    rows = statement(
        'UPDATE flow_silence SET fired = 1 WHERE flow = ? AND trigger = ? AND chat = ? AND due_at = ? AND fired = 0'
        ' RETURNING 1',
        row.flow,
        row.trigger,
        row.chat,
        as_number(row.due_at),
    )
    return bool(rows)


def forget_silences(flows: Sequence[str]) -> int:
    """Of flows that are none of these."""
    gone: int = FlowSilence.delete().where(FlowSilence.flow.not_in(list(flows))).execute()
    return gone
