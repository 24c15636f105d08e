"""How much a session may write, to whom and when: the presets, and what a person changed in them."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, time, timedelta
from typing import Any, Literal, cast, get_args
from zoneinfo import ZoneInfo

from .errors import Invalid

Preset = Literal['careful', 'standard', 'off']
MOST = 100_000
LONGEST_GAP = 3_600  # seconds
HOUR = re.compile(r'([01]\d|2[0-3]):[0-5]\d\Z')
# (days since it was linked, messages a day that are no replies): a number that suddenly writes a lot is blocked.
STAIRS = ((2, 20), (5, 50), (10, 100), (30, 250))


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """Limits of one session; 0 is none.

    `new_per_hour`, `new_per_day`: messages to people who have never written to this session. `gap`: seconds between
    two messages, from and to; a reply waits a quarter of the shorter. Every `pause_every` messages it is `pause`
    instead. `warm_up`: the first month after linking has stairs of its own (STAIRS) for what is no reply.
    `write_from`, `write_until`: the hours, where the recipient lives, in which a conversation may be opened; '' for
    any. `zone`: where recipients are whose number does not say it, '' for where the session's own number is.
    """

    preset: Preset
    per_minute: int = 0
    per_hour: int = 0
    per_day: int = 0
    new_per_hour: int = 0
    new_per_day: int = 0
    warm_up: bool = False
    gap: tuple[float, float] = (0.0, 0.0)
    pause_every: int = 0
    pause: tuple[float, float] = (0.0, 0.0)
    typing: bool = False
    check_numbers: bool = False
    write_from: str = ''
    write_until: str = ''
    zone: str = ''

    @property
    def off(self) -> bool:
        """Nothing is limited, whatever the preset is called."""
        return replace(self, preset='off', zone='') == PRESETS['off']

    @property
    def hours(self) -> tuple[time, time] | None:
        if not self.write_from:
            return None
        return time.fromisoformat(self.write_from), time.fromisoformat(self.write_until)

    def warm_up_limit(self, linked_at: datetime | None, now: datetime) -> tuple[int, datetime]:
        """Messages a day that are no replies, and until when that holds; (0, now) when it is over."""
        linked = linked_at or now
        for days, most in STAIRS if self.warm_up else ():
            if now < (until := linked + timedelta(days=days)):
                return most, until
        return 0, now

    def as_json(self) -> dict[str, Any]:
        body = asdict(self)
        return {**body, 'gap': list(self.gap), 'pause': list(self.pause)}


PRESETS: Mapping[Preset, Protection] = {
    'careful': Protection(
        preset='careful', per_minute=4, per_hour=60, per_day=300, new_per_hour=5, new_per_day=20, warm_up=True,
        gap=(8, 20), pause_every=25, pause=(180, 420), typing=True, check_numbers=True, write_from='09:00',
        write_until='20:00',
    ),
    'standard': Protection(
        preset='standard', per_minute=12, per_hour=200, per_day=1_000, new_per_hour=15, new_per_day=60, warm_up=True,
        gap=(3, 8), pause_every=40, pause=(60, 180), typing=True, check_numbers=True, write_from='08:00',
        write_until='21:00',
    ),
    'off': Protection(preset='off'),
}  # fmt: skip
COUNTS = ('per_minute', 'per_hour', 'per_day', 'new_per_hour', 'new_per_day', 'pause_every')
SPANS = ('gap', 'pause')
SWITCHES = ('warm_up', 'typing', 'check_numbers')
NAMES = tuple(each.name for each in fields(Protection))


def protection_of(given: Mapping[str, Any], default: Preset) -> Protection:
    """A preset with what was changed in it: `{"preset": "careful", "per_day": 100}`; `default` when it names none.

    Raises Invalid, which says what is wrong with which field.
    """
    preset = given.get('preset') or default
    if preset not in get_args(Preset):
        raise Invalid(f'“{preset}” is no preset: there are {", ".join(PRESETS)}.', field='protection.preset')
    changes: dict[str, Any] = {}
    for name, value in given.items():
        if name not in NAMES:
            raise Invalid(f'There is no “{name[:40]}” in the protection of a number.', field=f'protection.{name[:40]}')
        if name != 'preset' and value is not None:
            changes[name] = _checked(name, value)
    made = replace(PRESETS[cast(Preset, preset)], **changes)
    if bool(made.write_from) != bool(made.write_until) or (made.write_from and made.write_from >= made.write_until):
        raise Invalid('The hours to write in need a beginning and a later end, like 09:00 and 20:00.',
                      field='protection.write_from')  # fmt: skip
    return made


def changes_of(protection: Protection) -> dict[str, Any]:
    """What differs from the preset, with its name: what is worth keeping."""
    preset = PRESETS[protection.preset].as_json()
    differs = {name: value for name, value in protection.as_json().items() if preset[name] != value}
    return {'preset': protection.preset, **differs}


def _checked(name: str, value: Any) -> Any:
    field = f'protection.{name}'
    if name in COUNTS:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST:
            raise Invalid(f'{name} is a whole number from 0 (no limit) to {MOST}.', field=field)
        return value
    if name in SWITCHES:
        if not isinstance(value, bool):
            raise Invalid(f'{name} is true or false.', field=field)
        return value
    if name in SPANS:
        return _span(name, value, field)
    if not isinstance(value, str) or (name != 'zone' and value and not HOUR.match(value)):
        raise Invalid(f'{name} is an hour like 09:00, or empty.', field=field)
    if name == 'zone' and value:
        _check_zone(value, field)
    return value


def _span(name: str, value: Any, field: str) -> tuple[float, float]:
    numbers = [each for each in value if isinstance(each, int | float) and not isinstance(each, bool)] if isinstance(
        value, list | tuple) else []  # fmt: skip
    if len(numbers) != 2 or len(value) != 2 or not 0 <= numbers[0] <= numbers[1] <= LONGEST_GAP:
        raise Invalid(f'{name} is two numbers of seconds, from and to, up to {LONGEST_GAP}.', field=field)
    return float(numbers[0]), float(numbers[1])


def _check_zone(zone: str, field: str) -> None:
    try:
        ZoneInfo(zone)
    except (OSError, ValueError, LookupError):
        raise Invalid(f'“{zone[:40]}” is no time zone, like Europe/Berlin.', field=field) from None


# ---- in words


def in_words(protection: Protection) -> list[str]:
    """What it does, one sentence each, for people to choose by."""
    if protection.off:
        return ['Nothing is limited: every message leaves at once. For the sandbox and for tests.']
    said = [
        _most(protection, ('per_minute', 'a minute'), ('per_hour', 'an hour'), ('per_day', 'a day')),
        _most(protection, ('new_per_hour', 'an hour'), ('new_per_day', 'a day'), to=' to people who never wrote here'),
    ]
    if protection.warm_up:
        stairs = ', '.join(f'{most} a day until day {days}' for days, most in STAIRS)
        said.append(f'Warm-up of a fresh link, for what is no reply: {stairs}.')
    if protection.gap[1]:
        said.append(f'{seconds(protection.gap)} between two messages; replies wait less.')
    if protection.pause_every:
        said.append(f'A pause of {seconds(protection.pause)} after every {protection.pause_every} messages.')
    if protection.typing:
        said.append('Typing is shown before automatic messages.')
    if protection.write_from:
        said.append(
            f'Conversations are opened from {protection.write_from} to {protection.write_until} where the other lives.'
        )
    if protection.check_numbers:
        said.append('Before the first message WhatsApp is asked whether the number is there.')
    return [each for each in said if each]


def seconds(span: tuple[float, float]) -> str:
    low, high, unit = (span[0] / 60, span[1] / 60, 'minutes') if span[0] >= 120 else (*span, 'seconds')
    return f'{low:g} {unit}' if low == high else f'{low:g} to {high:g} {unit}'


def _most(protection: Protection, *limits: tuple[str, str], to: str = '') -> str:
    said = [f'{getattr(protection, name):,} {span}' for name, span in limits if getattr(protection, name)]
    return f'Messages{to}: at most {", ".join(said)}.' if said else ''
