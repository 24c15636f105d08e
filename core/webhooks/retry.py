"""When a delivery that failed is tried again, and when nobody tries any more."""

from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

# Seconds before each attempt: about 3.2 days together.
SCHEDULE = (0, 5, 60, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
JITTER = 0.2
REFUSALS = frozenset({400, 401, 403, 404, 405, 413, 422})  # often a mistake that is corrected within minutes, or never
REFUSED_TRIES = 5
BUSY = (429, 503)
LEAST_BUSY, MOST_BUSY = 60.0, 86_400.0


def next_wait(
    step: int, *, status: int, retry_after: float | None, chance: Callable[[float, float], float]
) -> float | None:
    """Seconds until the next try after attempt number `step` + 1 failed; None: there is none.

    `status` is the answer, 0 for none; `retry_after` what the receiver asked for; `chance(low, high)` a number between.
    """
    tries = REFUSED_TRIES if status in REFUSALS else len(SCHEDULE)
    if step + 1 >= tries:
        return None
    wait = SCHEDULE[step + 1] * chance(1 - JITTER, 1 + JITTER)
    if status in BUSY:
        return min(max(wait, retry_after or 0.0, LEAST_BUSY), MOST_BUSY)
    return wait


def retry_after(text: str, now: datetime) -> float | None:
    """Seconds, from what the header says: a number, or a date. None for anything else."""
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        at = parsedate_to_datetime(text)
        return max(0.0, (at - now) / timedelta(seconds=1))
    except (ValueError, TypeError, OverflowError):  # TypeError: it says no zone
        return None
