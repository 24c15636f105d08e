"""Which values a template may see, and give back: plain ones, and not too many."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timezone
from typing import Any, TypeAlias, cast
from zoneinfo import ZoneInfo

from jinja2 import Undefined

from core.errors import Unfillable

Plain: TypeAlias = 'bool | int | float | str | datetime | list[Plain] | dict[str, Plain] | None'

VALUES_MOST = 2**20  # characters, with eight for each value
DEEPEST = 50
EACH = 8


def plain(value: object, *, name: str = '', result: bool = False) -> tuple[Plain, int]:
    """A copy of plain values with its weight in characters. Raises Unfillable that names what is not plain.

    `result`: it comes from a template, which may leave a list that is not ready; that is made one.
    """
    copying = _Copying(result)
    return copying.of(value, name, 0), copying.weight


class Prepared(dict[str, Plain]):
    """Values that were looked at already, with the weight of each. Whoever fills many templates makes it once."""

    __slots__ = ('weights',)

    def __init__(self, values: Mapping[str, object]) -> None:
        looked_at = {name: plain(value, name=name) for name, value in values.items()}
        super().__init__({name: value for name, (value, _) in looked_at.items()})
        self.weights = {name: weight for name, (_, weight) in looked_at.items()}


class _Copying:
    def __init__(self, result: bool) -> None:
        self.weight = 0
        self._lists: tuple[type, ...] = (list, tuple, range, Iterator) if result else (list, tuple)

    def of(self, value: object, name: str, depth: int) -> Plain:
        self._count(EACH)
        if value is None or value is True or value is False or type(value) is float:
            return value
        if isinstance(value, str):
            self._count(len(value))
            return str.__str__(value)
        if isinstance(value, int | float):
            number = int(value) if isinstance(value, int) else float(value)
            self._count(number.bit_length() // 8 if isinstance(number, int) else 0)
            return number
        if depth > DEEPEST:
            raise Unfillable(f'“{name[:80]}” is nested too deeply.')
        if isinstance(value, dict):
            return {self._key(key, name): self.of(each, f'{name}.{key}', depth + 1) for key, each in value.items()}
        if isinstance(value, self._lists):
            return [self.of(each, f'{name}[]', depth + 1) for each in cast(Iterable[object], value)]
        if isinstance(value, datetime):
            return _moment(value)
        if isinstance(value, Undefined):
            str(value)  # says what is missing
        raise Unfillable(f'“{name[:80]}” is a {type(value).__name__}: a template knows plain values only.')

    def _key(self, key: Any, name: str) -> str:
        if not isinstance(key, str) or key.startswith('\0'):
            raise Unfillable(f'“{name[:80]}” has a key that is not a name: {str(key)[:40]!r}.')
        self._count(EACH + len(key))
        return str.__str__(key)

    def _count(self, more: int) -> None:
        self.weight += more
        if self.weight > VALUES_MOST:
            raise too_many()


def too_many() -> Unfillable:
    return Unfillable(f'the values are longer than {VALUES_MOST} characters.')


def _moment(value: datetime) -> datetime:
    """Its own time zone only where any process knows that by name."""
    known = value.tzinfo is None or isinstance(value.tzinfo, timezone | ZoneInfo)
    return value if known else value.astimezone(UTC)
