"""How numbers are written for whoever reads the page, and when their day began."""

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from nicegui import ui

ZONE_COOKIE = 'dovecote_zone'  # frame.js keeps the browser's time zone there
THIN = '\N{NARROW NO-BREAK SPACE}'


def reader_zone() -> tzinfo:
    """The time zone of the browser that shows this page; UTC when it has not said."""
    return zone_named(ui.context.client.request.cookies.get(ZONE_COOKIE, ''))


def zone_named(name: str) -> tzinfo:
    try:
        return ZoneInfo(name) if name else UTC
    except (ValueError, OSError, LookupError):  # anything may come from a browser
        return UTC


def midnight(now: datetime, zone: tzinfo) -> datetime:
    """When the reader's day began, in UTC."""
    return now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def grouped(number: int) -> str:
    """1 240, with a narrow space."""
    return f'{number:,}'.replace(',', THIN)


def counted(number: int, one: str) -> str:
    """1 message, 2 messages."""
    return f'{grouped(number)} {one if number == 1 else one + "s"}'
