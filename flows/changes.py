"""What can be changed in a flow document, at a place such as `steps/2/branches/0/if`."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from core.errors import Invalid, NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """Set a field, or replace an item; mappings above it that are missing are made."""

    place: str
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """Take a field or an item away; one that is not there is no mistake."""

    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Add:
    """Insert an item so that it is at `place` afterwards; a list that is missing is made."""

    place: str
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Put the item at `place` before what is at `to` now (one past the last: to the end of that list)."""

    place: str
    to: str


Change = Put | Drop | Add | Move


def changed(document: dict[str, Any], change: Change) -> dict[str, Any]:
    """A copy with the change made. Raises NotFound when the place is not there, Invalid for a move into itself."""
    made = deepcopy(document)
    change_in_place(made, change)
    return made


def change_in_place(document: Any, change: Change) -> None:
    match change:
        case Put(place=place, value=value):
            _put(document, split(place), value)
        case Drop(place=place):
            _drop(document, split(place))
        case Add(place=place, value=value):
            _add(document, split(place), value)
        case Move(place=place, to=to):
            to = landing(place, to)
            item = at(document, place)
            _drop(document, split(place))
            _add(document, split(to), item)


def at(document: Any, place: str) -> Any:
    """What is there. Raises NotFound."""
    for part in split(place):
        document = _inside(document, part)
    return document


def split(place: str) -> list[str | int]:
    return [int(part) if part.isdecimal() else part for part in place.split('/')] if place else []


def joined(parts: list[str | int]) -> str:
    return '/'.join(map(str, parts))


def landing(place: str, to: str) -> str:
    """`to`, as it is called once the item at `place` has been taken out."""
    if f'{to}/'.startswith(f'{place}/') and to != place:
        raise Invalid('A step cannot be moved into itself.')
    *home, number = split(place)
    parts = split(to)
    if len(parts) > len(home) and parts[: len(home)] == home:
        there = parts[len(home)]
        if isinstance(there, int) and isinstance(number, int) and there > number:
            parts[len(home)] = there - 1
    return joined(parts)


def places(document: Any, above: str = '') -> Iterator[str]:
    """All of them, parents first."""
    pairs = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for name, value in pairs:
        place = f'{above}/{name}' if above else str(name)
        yield place
        yield from places(value, place)


def _inside(holder: Any, part: str | int) -> Any:
    if isinstance(part, int) and isinstance(holder, list) and part < len(holder):
        return holder[part]
    if isinstance(holder, dict) and str(part) in holder:
        return holder[str(part)]
    raise NotFound('That part of the flow is not there any more.')


def _put(holder: Any, parts: list[str | int], value: Any) -> None:
    *above, last = parts
    for part in above:
        if isinstance(holder, dict) and holder.get(str(part)) is None:
            holder[str(part)] = {}
        holder = _inside(holder, part)
    if isinstance(holder, dict):
        holder[str(last)] = value
    elif isinstance(holder, list) and isinstance(last, int) and last < len(holder):
        holder[last] = value
    else:
        raise NotFound('That part of the flow is not there any more.')


def _drop(document: Any, parts: list[str | int]) -> None:
    *above, last = parts
    try:
        holder = at(document, joined(above))
        _inside(holder, last)
    except NotFound:
        return
    del holder[last if isinstance(holder, list) else str(last)]


def _add(document: Any, parts: list[str | int], value: Any) -> None:
    *above, number = parts
    try:
        found = at(document, joined(above))
    except NotFound:
        found = None
    if found is None:
        _put(document, above, [value])
        return
    if not isinstance(found, list) or not isinstance(number, int) or number > len(found):
        raise NotFound('That part of the flow is not there any more.')
    found.insert(number, value)
