"""Whether a webhook wants this very event: conditions on what it says, by JSON path (RFC 9535)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from jsonpath import JSONPath, JSONPathEnvironment, JSONPathError
from jsonpath.segments import JSONPathRecursiveDescentSegment
from jsonpath.selectors import IndexSelector, NameSelector, SliceSelector, WildcardSelector

from ..errors import Invalid

Op = Literal['equals', 'not_equals', 'contains', 'starts_with', 'in', 'exists', 'missing']
MOST = 20
LONGEST = 200  # characters of a path
# Evaluated while an event is being stored, so only what costs no more than looking: no filters, no functions.
CHEAP = (NameSelector, IndexSelector, WildcardSelector, SliceSelector)

_paths = JSONPathEnvironment()


@dataclass(frozen=True, slots=True)
class Filter:
    """True when one of the values at `path` of the envelope fits; `not_equals` and `missing`: when none does."""

    path: JSONPath
    op: Op
    value: Any

    def fits(self, envelope: Mapping[str, Any]) -> bool:
        try:
            found = self.path.findall(envelope)
        except (JSONPathError, RecursionError):
            return False
        match self.op:
            case 'exists':
                return any(each is not None for each in found)
            case 'missing':
                return all(each is None for each in found)
            case 'not_equals':
                return all(each != self.value for each in found)
        return any(_holds(self.op, each, self.value) for each in found)


def _holds(op: Op, found: Any, value: Any) -> bool:
    if op == 'equals':
        return bool(found == value)
    if op == 'in':
        return found in value
    if op == 'contains' and isinstance(found, list):
        return value in found
    if not isinstance(found, str):
        return False
    said, wanted = found.casefold(), str(value).casefold()
    return wanted in said if op == 'contains' else said.startswith(wanted)


def all_fit(filters: Sequence[Filter], envelope: Mapping[str, Any]) -> bool:
    return all(each.fits(envelope) for each in filters)


def read_filters(said: Sequence[Mapping[str, Any]]) -> tuple[Filter, ...]:
    """From `[{"path", "op", "value"}]`. Raises Invalid with the place of what is wrong."""
    if len(said) > MOST:
        raise Invalid(f'{MOST} filters are enough.', field='filters')
    return tuple(_read(each, f'filters.{number}') for number, each in enumerate(said))


def _read(said: Mapping[str, Any], place: str) -> Filter:
    op, value = said.get('op', 'equals'), said.get('value')
    if op not in get_args(Op):
        raise Invalid(f'A filter is one of {", ".join(get_args(Op))}.', field=f'{place}.op')
    if op == 'in' and not isinstance(value, list):
        raise Invalid('“in” needs a list of values.', field=f'{place}.value')
    if op in ('contains', 'starts_with') and (isinstance(value, (dict, list)) or value in (None, '')):
        raise Invalid(f'“{op}” needs something to look for.', field=f'{place}.value')
    return Filter(_path(str(said.get('path', '')), f'{place}.path'), op, value)


def _path(text: str, place: str) -> JSONPath:
    if not text.startswith('$') or len(text) > LONGEST:
        raise Invalid('A path begins with “$”, like $.data.from.phone.', field=place)
    try:
        path = _paths.compile(text)
    except (JSONPathError, RecursionError) as error:
        why = str(error).partition('\n')[0].partition(',')[0]
        raise Invalid(f'This is not a JSON path: {why[:100]}.', field=place) from error
    if not isinstance(path, JSONPath):
        raise Invalid('Paths cannot be joined; use several filters.', field=place)
    selectors = [each for segment in path.segments for each in segment.selectors]
    deep = sum(isinstance(segment, JSONPathRecursiveDescentSegment) for segment in path.segments)
    if deep > 1 or not all(isinstance(each, CHEAP) for each in selectors):
        raise Invalid('A path holds names, numbers, “*” and at most one “..”; compare with op and value.', field=place)
    return path
