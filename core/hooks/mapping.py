"""What is to be done about a payload: the templates of a hook, filled with what it was told."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from ..errors import Invalid
from ..events import FileKind
from ..fill import Plain, compiled, evaluate, fill

Action = Literal['message', 'contact', 'flow', 'none']
Unknown = Literal['create', 'ignore', 'error']

EACH_MOST = 100
NEEDED: dict[Action, tuple[str, ...]] = {
    'message': ('session', 'to'), 'contact': ('to',), 'flow': ('flow', 'session', 'to'), 'none': (),
}  # fmt: skip
LONGEST_DELAY = timedelta(days=30)
SPAN = re.compile(r'(\d{1,7})\s*(s|m|h|d)?\Z')
UNITS = {'': 1, 's': 1, 'm': 60, 'h': 3_600, 'd': 86_400}
NO = {'', 'false', 'no', 'off', '0', 'none', 'null'}
VARS_MOST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaMap:
    """A file at an address; all of it templates but `as_`, '' for: by what is in it."""

    url: str
    caption: str = ''
    filename: str = ''
    as_: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class Map:
    """What a hook does. Everything that is a text is a template, but `action`, `unknown` and `country`.

    The action `none` does nothing by itself: flows that wait for the hook start all the same.

    `to`: written as everywhere; `name`: what the contact is called then; `delay`: seconds, or like 10m, 2h, 1d;
    `dedupe_key`: the same one is done once in seven days; `when`: nothing is done where it is empty, false, no or 0;
    `for_each`: one expression that gives a list, whose parts are called `item`. `unknown`: what is done about
    somebody who is no contact yet. `country`: of numbers written without one, '' for that of the session.
    """

    action: Action = 'message'
    session: str = ''
    to: str = ''
    text: str = ''
    template: str = ''
    vars: Mapping[str, str] = field(default_factory=dict)
    media: MediaMap | None = None
    flow: str = ''
    name: str = ''
    delay: str = ''
    dedupe_key: str = ''
    when: str = ''
    for_each: str = ''
    unknown: Unknown = 'create'
    country: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One thing to be done, with all templates filled. `problem`: why it cannot be, `field` where that lies.

    `vars` is what a template or a flow gets; `delay` in seconds.
    """

    number: int
    action: str = 'message'
    session: str = ''
    to: str = ''
    text: str = ''
    template: str = ''
    vars: Mapping[str, str] = field(default_factory=dict)
    url: str = ''
    filename: str = ''
    as_: str = ''
    flow: str = ''
    name: str = ''
    delay: float = 0.0
    dedupe_key: str = ''
    problem: str = ''
    field: str = ''


def values_of(
    payload: Any, headers: Sequence[tuple[str, str]], query: Sequence[tuple[str, str]], *, id: str, name: str,
    now: datetime,
) -> dict[str, Any]:  # fmt: skip
    """What templates may name."""
    return {
        'payload': payload,
        'headers': {key.lower(): value for key, value in headers},
        'query': dict(query),
        'endpoint': {'id': id, 'name': name},
        'now': now.isoformat(timespec='seconds').replace('+00:00', 'Z'),
    }


def wishes_of(map: Map, values: Mapping[str, Any]) -> list[Wish]:
    """In order, [] when `when` says no. Raises Invalid (`map.when`, `map.for_each`) when that cannot be told.

    What is wrong with a single one stands in it: the others can still be done.
    """
    if map.action == 'none':
        return []
    if not map.for_each:
        return [_wish(map, values, 0)] if _wanted(map, values) else []
    return [_wish(map, each, number) for number, each in enumerate(_each(map, values)) if _wanted(map, each)]


def sources_of(map: Map) -> Iterator[tuple[str, str]]:
    """(field, template) of every template there is in it."""
    for each in ('session', 'to', 'text', 'template', 'flow', 'name', 'delay', 'dedupe_key', 'when', 'for_each'):
        if source := getattr(map, each):
            yield each, source
    if map.media is not None:
        yield from ((f'media.{each}', getattr(map.media, each)) for each in ('url', 'caption', 'filename'))
    yield from ((f'vars.{name}', source) for name, source in map.vars.items())


def checked_map(map: Map) -> Map:
    """Raises Invalid for what could never be done, and where a template has a mistake."""
    if map.action not in get_args(Action):
        raise Invalid(f'An action is one of {", ".join(get_args(Action))}.', field='map.action')
    if map.unknown not in get_args(Unknown):
        raise Invalid(f'“unknown” is one of {", ".join(get_args(Unknown))}.', field='map.unknown')
    for needed in NEEDED[map.action]:
        if not getattr(map, needed).strip():
            raise Invalid(f'“{needed}” is missing: who is meant, and by which session?', field=f'map.{needed}')
    if map.action == 'message' and not (map.text.strip() or map.template or map.media):
        raise Invalid('There is nothing to say: “text” is missing.', field='map.text')
    if map.template and (map.text or map.media):
        raise Invalid('A message is a template or a text, not both.', field='map.template')
    if map.text and map.media:
        raise Invalid('The text of a file is its caption.', field='map.text')
    if map.media and map.media.as_ and map.media.as_ not in get_args(FileKind):
        raise Invalid(f'A file is shown as one of {", ".join(get_args(FileKind))}.', field='map.media.as')
    if len(map.vars) > VARS_MOST:
        raise Invalid(f'At most {VARS_MOST} vars.', field='map.vars')
    for name, source in sources_of(map):
        try:
            compiled(source)
        except Invalid as error:
            raise Invalid(str(error), field=f'map.{name}') from error
    if map.for_each and not compiled(map.for_each).alone:
        raise Invalid('“for_each” is one expression, like {{ payload.lines }}.', field='map.for_each')
    return map


def map_of(kept: Mapping[str, Any]) -> Map:
    """From its JSON."""
    media = kept.get('media')
    known = {each.name for each in fields(Map)}
    plain = {name: value for name, value in kept.items() if name in known and name != 'media'}
    return Map(**plain, media=MediaMap(**media) if media else None)


def kept_map(map: Map) -> dict[str, Any]:
    """As JSON, without what is empty."""
    return {name: value for name, value in asdict(map).items() if value}


def _wish(map: Map, values: Mapping[str, Any], number: int) -> Wish:
    told: dict[str, Any] = {'number': number, 'action': map.action}
    try:
        for name, value in _told(map, values):
            told[name] = value
    except Invalid as error:
        return Wish(**told, problem=str(error), field=error.field)
    return Wish(**told)


def _told(map: Map, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name in ('session', 'to', 'text', 'template', 'flow', 'name', 'dedupe_key'):
        filled = _filled(name, getattr(map, name), values)
        yield name, filled if name == 'text' else filled.strip()
    yield 'delay', _seconds(_filled('delay', map.delay, values))
    yield 'vars', {name: _filled(f'vars.{name}', source, values) for name, source in map.vars.items()}
    if map.media is not None:
        yield 'url', _filled('media.url', map.media.url, values).strip()
        yield 'text', _filled('media.caption', map.media.caption, values)
        yield 'filename', _filled('media.filename', map.media.filename, values).strip()
        yield 'as_', map.media.as_


def _filled(name: str, source: str, values: Mapping[str, Any]) -> str:
    if not source:
        return ''
    try:
        return fill(source, values)
    except Invalid as error:
        raise Invalid(str(error), field=f'map.{name}') from error


def _wanted(map: Map, values: Mapping[str, Any]) -> bool:
    if not map.when:
        return True
    found = _evaluated('when', map.when, values)
    return found.strip().lower() not in NO if isinstance(found, str) else bool(found)


def _each(map: Map, values: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = _evaluated('for_each', map.for_each, values)
    if isinstance(found, Mapping):
        found = list(found.values())
    if not isinstance(found, list | tuple):
        raise Invalid('“for_each” gives no list here.', field='map.for_each')
    if len(found) > EACH_MOST:
        raise Invalid(f'“for_each” gives {len(found)} things; at most {EACH_MOST} are done.', field='map.for_each')
    return [{**values, 'item': item, 'number': number} for number, item in enumerate(found)]


def _evaluated(name: str, source: str, values: Mapping[str, Any]) -> Plain:
    try:
        return evaluate(source, values)
    except Invalid as error:
        raise Invalid(str(error), field=f'map.{name}') from error


def _seconds(text: str) -> float:
    text = text.strip().lower()
    if not text:
        return 0.0
    found = SPAN.match(text)
    if found is None:
        raise Invalid(f'“{text[:40]}” is no delay like 30, 10m, 2h or 1d.', field='map.delay')
    seconds = int(found[1]) * UNITS[found[2] or '']
    if seconds > LONGEST_DELAY.total_seconds():
        raise Invalid('A delay is at most 30 days.', field='map.delay')
    return float(seconds)
