"""Fills templates like “Hi {{ contact.name }}” with values, in the one sandbox."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jinja2 import ChainableUndefined, StrictUndefined, Template, TemplateError
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from .errors import Invalid

SOURCE_MOST, OUTPUT_MOST, RANGE_MOST = 16_384, 65_536, 1_000
FORBIDDEN_METHODS = {'ljust', 'rjust', 'center', 'zfill', 'format', 'format_map', 'expandtabs', 'join', 'translate'}
DROPPED_FILTERS = {'center', 'indent', 'format', 'pprint', 'xmlattr', 'wordwrap', 'tojson'}


def fill(source: str, values: Mapping[str, Any]) -> str:
    """The text of `source` with plain `values` (dicts, lists, strings, numbers; never rows).

    Raises Invalid with the template's own complaint: a syntax error, an unknown name, or too much of something.
    """
    try:
        parts, size = [], 0
        for part in compiled(source).generate(values):
            size += len(part)
            if size > OUTPUT_MOST:
                raise Invalid(f'The filled text is longer than {OUTPUT_MOST} characters.')
            parts.append(part)
        return ''.join(parts)
    except SecurityError as error:
        raise Invalid(f'The template asks for something that is not allowed: {error}.') from error
    except TemplateError as error:
        raise Invalid(f'The template cannot be filled: {error}.') from error
    except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError, MemoryError) as error:
        raise Invalid(f'The template cannot be filled: {type(error).__name__}.') from error


def evaluate(source: str, values: Mapping[str, Any]) -> Any:
    """Stands in until the real one is here."""
    inner = source.strip()
    if inner.startswith('{{') and inner.endswith('}}') and inner.count('{{') == 1:
        return ENVIRONMENT.compile_expression(inner[2:-2].strip(), undefined_to_none=True)(**values)
    return fill(source, values)


@lru_cache(maxsize=500)
def compiled(source: str) -> Template:
    """Checks the syntax; raises Invalid."""
    if len(source) > SOURCE_MOST:
        raise Invalid(f'A template may have {SOURCE_MOST} characters.')
    try:
        return ENVIRONMENT.from_string(source)
    except (TemplateError, RecursionError, MemoryError) as error:
        raise Invalid(f'The template has a mistake: {error}.') from error


class _Missing(ChainableUndefined, StrictUndefined):
    """Deep paths may be missing as long as somebody says what to put instead (`default`)."""


class _Sandbox(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({'%', '*', '**'})

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Keys win over methods, so that `order.items` is the order's items."""
        if isinstance(obj, Mapping):
            return obj[attribute] if attribute in obj else self.undefined(obj=obj, name=attribute)
        return super().getattr(obj, attribute)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return attr not in FORBIDDEN_METHODS and super().is_safe_attribute(obj, attr, value)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        # '%999999999d' % 1, 'x' * 10**9 and 9**9**9 need no loop to eat all memory.
        if not (isinstance(left, int | float) and isinstance(right, int | float)):
            raise SecurityError(f'“{operator}” is for numbers only')
        if operator == '**' and (abs(left) > 1_000 or abs(right) > 20):
            raise SecurityError('this power is too big')
        return super().call_binop(context, operator, left, right)


def _environment() -> _Sandbox:
    made = _Sandbox(undefined=_Missing, autoescape=False, keep_trailing_newline=True)
    for name in DROPPED_FILTERS:
        made.filters.pop(name, None)
    made.globals.pop('lipsum', None)
    made.globals['range'] = _short_range
    return made


def _short_range(*bounds: int) -> range:
    made = range(*bounds)
    if len(made) > RANGE_MOST:
        raise SecurityError(f'a range may have {RANGE_MOST} steps')
    return made


ENVIRONMENT = _environment()
