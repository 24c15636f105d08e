"""Starts flows when a moment comes round, for nobody or for each of an audience."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from zoneinfo import ZoneInfo

from cronsim import CronSim

from core.hours import zones_of
from core.identities import Identities
from core.world import World
from data.clocks import (
    FlowClock,
    Member,
    audience,
    clocks,
    drop_clock,
    due_clocks,
    put_clock,
    strike,
    went_to,
    wind,
)
from data.database import read, write
from data.sessions import session_by_name

from .library import Library, LiveFlow
from .occasion import Occasion
from .router import Router
from .triggers.schedule import ScheduleTrigger

log = logging.getLogger(__name__)

TOO_LATE = timedelta(minutes=5)  # a moment that passed while the program was off starts nothing any more
BEGUN_TOO_LATE = timedelta(hours=1)  # unless an audience was being gone through when it ended
AT_A_TIME = 100  # of an audience; whatever else comes round every second must not wait for all of it
ZONES_AGAIN = timedelta(hours=1)  # how often it is looked in which zones an audience lives


class Clocks:
    """`tick` about once a second, on one thread."""

    def __init__(self, world: World, library: Library, router: Router, identities: Identities, *, home: str) -> None:
        self.world, self.library, self.router, self.identities, self.home = world, library, router, identities, home
        self._set_for: object = None  # the flows, as of which the clocks are set
        self._set_at: datetime | None = None
        self._under_way: set[tuple[str, str, str]] = set()  # audiences that this process goes through

    def tick(self) -> None:
        live, now = self.library.live(), self.world.now()
        if live is not self._set_for or self._set_at is None or now - self._set_at > ZONES_AGAIN:
            self._set_all(now)
            self._set_for, self._set_at = live, now
        with read():
            due = due_clocks(now)
        for row in due:
            self._strike(row, now)

    # ---- setting them

    def _set_all(self, now: datetime) -> None:
        wanted = {
            (flow.document.key, trigger.id, zone): trigger
            for flow, trigger in self._schedules()
            for zone in self._zones(trigger)
        }
        with read():
            known = {(str(row.flow), str(row.trigger), str(row.zone)): row for row in clocks()}
        for key in known.keys() - wanted.keys():
            write(partial(drop_clock, *key))
        for key, trigger in wanted.items():
            row = known.get(key)
            if row is None or row.cron != trigger.cron:
                write(partial(put_clock, *key, trigger.cron, next_moment(trigger.cron, key[2], now)))

    def _schedules(self) -> Iterator[tuple[LiveFlow, ScheduleTrigger]]:
        for flow in self.library.live().all_for('schedule'):
            for trigger in flow.document.triggers:
                if isinstance(trigger, ScheduleTrigger):
                    yield flow, trigger

    def _zones(self, trigger: ScheduleTrigger) -> set[str]:
        if trigger.tz != 'contact' or trigger.audience is None:
            return {self.home if trigger.tz in ('', 'contact') else trigger.tz}
        return {self._zone_of(member) for member in _everybody(trigger)}

    def _zone_of(self, member: Member) -> str:
        zones = zones_of(member.phone) if member.phone and not member.zone else ()
        return member.zone or (zones[0] if len(zones) == 1 else self.home)

    # ---- when the moment comes

    def _strike(self, row: FlowClock, now: datetime) -> None:
        found = next(
            (each for each in self._schedules() if (each[0].document.key, each[1].id) == (row.flow, row.trigger)), None
        )
        moment, name = row.working or row.next_at, (str(row.flow), str(row.trigger), str(row.zone))
        late = TOO_LATE if row.working is None else BEGUN_TOO_LATE
        if found is None or (name not in self._under_way and now - moment > late):
            self._under_way.discard(name)
            log.info('flow %s: a moment passed while nobody could look', row.flow)
            write(lambda: drop_clock(*name))
            self._set_for = None
            return
        if row.working is None and not write(lambda: strike(row)):
            return
        row.working = moment
        flow, trigger = found
        following = next_moment(trigger.cron, str(row.zone), now)
        if trigger.audience is None:
            self.router.happen(self._occasion(trigger, moment, None), lambda: wind(row, following), only=flow)
            return
        self._under_way.add(name)
        members = list(islice(_everybody(trigger, after=str(row.done_to)), AT_A_TIME))
        for member in members:
            if trigger.tz != 'contact' or self._zone_of(member) == row.zone:
                self.router.happen(self._occasion(trigger, moment, member), partial(went_to, row, member.id), only=flow)
        if len(members) == AT_A_TIME:
            write(lambda: went_to(row, members[-1].id))  # who lives in another zone is not looked at again
            return
        write(lambda: wind(row, following))
        self._under_way.discard(name)

    def _occasion(self, trigger: ScheduleTrigger, moment: datetime, member: Member | None) -> Occasion:
        session_id, name = self._session(trigger)
        chat_id = None
        if member is not None and session_id:
            chat_id = write(lambda: self.identities.chat(session_id, contact_id=member.id))
        return Occasion(
            kind='schedule', at=moment, session_id=session_id or None, session=name, chat_id=chat_id,
            contact_id=member.id if member else None, facts={'trigger': trigger.id, 'audience': member is not None},
        )  # fmt: skip

    def _session(self, trigger: ScheduleTrigger) -> tuple[str, str]:
        if not trigger.session:
            return '', ''
        with read():
            row = session_by_name(trigger.session[0])
        return (str(row.id), str(row.name)) if row is not None else ('', '')


def next_moment(cron: str, zone: str, after: datetime) -> datetime:
    """In UTC. An hour that daylight saving skips is made up for right after, one that it repeats counts once."""
    return next(CronSim(cron, after.astimezone(ZoneInfo(zone)))).astimezone(after.tzinfo)


def _everybody(trigger: ScheduleTrigger, after: str = '') -> Iterator[Member]:
    whom = trigger.audience
    while whom is not None:
        with read():
            members = audience(tag=whom.tag, group=whom.group, after=after)
        yield from members
        if not members:
            return
        after = members[-1].id
