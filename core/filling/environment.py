"""What a template may do: Jinja's sandbox, made tighter."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, time
from typing import Any

from jinja2 import ChainableUndefined, StrictUndefined, Undefined
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from .filters import FILTERS

RANGE_MOST = 1_000
FORBIDDEN_METHODS = {'ljust', 'rjust', 'center', 'zfill', 'format', 'format_map', 'expandtabs', 'join', 'translate'}
# They make text longer out of nothing, write HTML, or reach where `.` and `[]` do not.
DROPPED_FILTERS = {'center', 'indent', 'format', 'pprint', 'xmlattr', 'wordwrap', 'tojson', 'urlize', 'attr'}
MAPPING_METHODS = {'items', 'keys', 'values', 'get'}


class Sandbox(ImmutableSandboxedEnvironment):
    """Bounds what is said, not what it costs: a costly template belongs into a process that may be killed."""

    intercepted_binops = frozenset({'%', '*', '**'})

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Keys win over methods, so that `order.items` is the order's items."""
        return self._key(obj, attribute) if isinstance(obj, Mapping) else super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        return self._key(obj, argument) if isinstance(obj, Mapping) else super().getitem(obj, argument)

    def _key(self, obj: Mapping[Any, Any], key: Any) -> Any:
        try:
            return obj[key]
        except (TypeError, LookupError):
            missing = _MissingMethod if key in MAPPING_METHODS else self.undefined
            return missing(obj=obj, name=key)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return attr not in FORBIDDEN_METHODS and super().is_safe_attribute(obj, attr, value)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        # '%999999999d' % 1, 'x' * 10**9 and 9**9**9 need no loop to eat all memory.
        for side in (left, right):
            if isinstance(side, Undefined):
                str(side)  # says what is missing
            if not isinstance(side, int | float):
                raise SecurityError(f'“{operator}” is for numbers only')
        if operator == '**' and (abs(left) > 1_000 or abs(right) > 20):
            raise SecurityError('this power is too big')
        return super().call_binop(context, operator, left, right)


class _Missing(ChainableUndefined, StrictUndefined):
    """Deep paths may be missing as long as somebody says what to put instead (`default`)."""

    @property
    def _undefined_message(self) -> str:
        return self._undefined_hint or f'there is no “{str(self._undefined_name)[:80]}”'

    def __repr__(self) -> str:  # in a list that is shown
        return str(self)


class _MissingMethod(_Missing):
    """`order.items` without such a key: missing as a value, yet `order.items()` is what everybody expects."""

    unsafe_callable = alters_data = False

    def __call__(self, *args: Any, **options: Any) -> Any:
        return getattr(self._undefined_obj, str(self._undefined_name))(*args, **options)


def _shown(value: Any) -> Any:
    """What is about to be printed. A function or a half-done list is never what somebody wanted to send."""
    if callable(value) and not isinstance(value, Undefined):
        raise SecurityError('a function cannot be shown')
    if isinstance(value, Iterator):
        raise SecurityError("a list that is not ready cannot be shown; write “| join(', ')” or “| list” behind it")
    if value is None or isinstance(value, str | int | float | date | time | Mapping | Sequence | Undefined):
        return value
    raise SecurityError(f'a {type(value).__name__} cannot be shown')


def _short_range(*bounds: int) -> range:
    made = range(*bounds)
    if len(made) > RANGE_MOST:
        raise SecurityError(f'a range may have {RANGE_MOST} steps')
    return made


def _divisible(value: Any, by: Any) -> bool:
    """Of numbers: Jinja's own would format a text, '%999999999d' % 1."""
    if not (isinstance(value, int | float) and isinstance(by, int | float)):
        raise SecurityError('only a number can be even, odd or divisible')
    return value % by == 0


def _environment() -> Sandbox:
    made = Sandbox(
        undefined=_Missing, finalize=_shown, autoescape=False, keep_trailing_newline=True, optimized=False, cache_size=0
    )
    for name in DROPPED_FILTERS:
        del made.filters[name]
    made.filters.update(FILTERS)
    made.tests['divisibleby'] = _divisible
    made.tests['even'] = lambda value: _divisible(value, 2)
    made.tests['odd'] = lambda value: not _divisible(value, 2)
    del made.globals['lipsum']
    made.globals['range'] = _short_range
    return made


ENVIRONMENT = _environment()
