"""The rules of pacing, from facts alone: how long one more message of a session has to wait, and why."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from data.pacing import Minute, PaceNow
from data.urgency import BULK_FIRST, FIRST, KNOWN, REPLY

from .hours import awake_again, zones_of
from .protection import Protection, seconds

SPEED, SHORTEST, LONGEST_TYPING = 25.0, 1.0, 6.0  # characters a second, seconds
NEW = (FIRST, BULK_FIRST)  # to people who have never written to this session


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Not before `until`, because of `why`, a sentence."""

    until: datetime
    why: str


def waits_for_numbers(
    protection: Protection, urgency: int, minutes: Sequence[Minute], *, linked_at: datetime | None, now: datetime
) -> Wait | None:
    """Whether the counted limits let one more of this urgency leave: None, or the longest wait."""
    limits = [
        (protection.per_minute, 1, 'total', 'The limit of {} messages a minute is reached.'),
        (protection.per_hour, 60, 'total', 'The limit of {} messages an hour is reached.'),
        (protection.per_day, 1_440, 'total', 'The limit of {} messages a day is reached.'),
    ]
    if urgency in NEW:
        to = 'to people who have never written here'
        limits += [
            (protection.new_per_hour, 60, 'fresh', f'The limit of {{}} messages an hour {to} is reached.'),
            (protection.new_per_day, 1_440, 'fresh', f'The limit of {{}} messages a day {to} is reached.'),
        ]
    if urgency != REPLY:
        most, until = protection.warm_up_limit(linked_at, now)
        why = f'This session is new: until {until:%d %B} {{}} messages a day may leave that are no replies.'
        limits.append((most, 1_440, 'unasked', why))
    waits = [
        Wait(until=free, why=why.format(most))
        for most, span, name, why in limits
        if most and (free := _free_again(minutes, name, most, span, now)) is not None
    ]
    return max(waits, key=lambda wait: wait.until, default=None)


def _free_again(minutes: Sequence[Minute], name: str, most: int, span: int, now: datetime) -> datetime | None:
    """None while fewer than `most` were counted in the last `span` minutes; else when the oldest of them drop out."""
    counted = [(each.at, getattr(each, name)) for each in minutes if each.at > now - timedelta(minutes=span)]
    over = sum(count for _, count in counted) - most
    for at, count in counted:
        over -= count
        if over < 0:
            return at + timedelta(minutes=span) if over + count >= 0 else None
    return None


def waits_for_gap(protection: Protection, urgency: int, pace: PaceNow, now: datetime) -> Wait | None:
    """A reply waits a quarter of the shortest gap; everything else for what was drawn when the last one left."""
    if urgency == REPLY:
        until = pace.last_at + timedelta(seconds=protection.gap[0] / 4)
        why = 'Messages of this session leave one after the other, with a little time between.'
    elif pace.since_pause == 0 and protection.pause_every:
        until, why = pace.next_at, f'After {protection.pause_every} messages this session pauses for a while.'
    else:
        until, why = pace.next_at, f'Messages of this session leave {seconds(protection.gap)} apart.'
    return Wait(until=until, why=why) if until > now else None


def after_one(protection: Protection, pace: PaceNow, now: datetime, chance: Callable[[float, float], float]) -> PaceNow:
    """The pace once another message has left now."""
    since = pace.since_pause + 1
    if protection.pause_every and since >= protection.pause_every:
        return replace(pace, last_at=now, next_at=now + timedelta(seconds=chance(*protection.pause)), since_pause=0)
    return replace(pace, last_at=now, next_at=now + timedelta(seconds=chance(*protection.gap)), since_pause=since)


def waits_for_morning(protection: Protection, urgency: int, phone: str, own_phone: str, now: datetime) -> Wait | None:
    """Only what opens a conversation, or is bulk, waits until it is day for the recipient."""
    hours = protection.hours
    if hours is None or urgency in (REPLY, KNOWN):
        return None
    zones = zones_of(phone) or ((protection.zone,) if protection.zone else zones_of(own_phone))
    until = awake_again(zones, now, *hours)
    if until is None:
        return None
    why = 'It is not the time of day to open a conversation where they live: that is done from '
    return Wait(until=until, why=f'{why}{protection.write_from} to {protection.write_until} there.')


def typing_lasts(text: str) -> float:
    """Seconds, as a quick writer would need, never long."""
    return min(LONGEST_TYPING, max(SHORTEST, len(text) / SPEED))


def is_automatic(author: str, priority: int) -> bool:
    """Whether nobody wrote it by hand: opting out is about these. A person may always answer in the inbox."""
    return priority > 0 or not author.startswith('user:')
