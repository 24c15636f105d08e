"""What time it is where a phone number belongs, and when somebody there may be written to."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import phonenumbers

QUARTER = timedelta(minutes=15)
QUARTERS = 96  # in a day; every zone differs from UTC by whole quarters of an hour
UNKNOWN = 'Etc/Unknown'


@lru_cache(maxsize=10_000)
def zones_of(phone: str) -> tuple[str, ...]:
    """Names of the zones in which a number (digits) can be; () when its plan does not say."""
    from phonenumbers.timezone import time_zones_for_number  # noqa: PLC0415  (its tables take a moment to load)

    try:
        zones = time_zones_for_number(phonenumbers.parse(f'+{phone}'))
    except phonenumbers.NumberParseException:
        return ()
    return tuple(zone for zone in zones if zone != UNKNOWN)


def awake_again(zones: Sequence[str], now: datetime, begin: time, end: time) -> datetime | None:
    """None: people in all of these zones may be written to now. Else when that is so again.

    Where no moment suits all of them (a number that may be anywhere from New York to Guam), one that suits most.
    """
    good = _good_quarters(_offsets(zones, now), begin, end)
    start = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0)
    if _quarter(start) in good:
        return None
    moments = (start + QUARTER * step for step in range(1, QUARTERS + 1))
    return next((each for each in moments if _quarter(each) in good), None)


def _offsets(zones: Sequence[str], now: datetime) -> tuple[timedelta, ...]:
    found = set()
    for zone in zones:
        try:
            found.add(now.astimezone(ZoneInfo(zone)).utcoffset() or timedelta())
        except (OSError, ValueError, LookupError):  # a zone this machine's tables do not know
            continue
    return tuple(sorted(found)) or (timedelta(),)


def _quarter(at: datetime) -> int:
    return (at.hour * 60 + at.minute) // 15


@lru_cache(maxsize=1_000)
def _good_quarters(offsets: tuple[timedelta, ...], begin: time, end: time) -> frozenset[int]:
    """Quarters of a UTC day in which the most of these offsets are between `begin` and `end`."""
    day = datetime(2000, 1, 1, tzinfo=UTC)
    awake = [
        sum(begin <= (day + QUARTER * quarter + offset).time() < end for offset in offsets)
        for quarter in range(QUARTERS)
    ]
    return frozenset(quarter for quarter, count in enumerate(awake) if count == max(awake))
