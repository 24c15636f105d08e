"""Compares a value with another, the way people mean it."""

from typing import Any, Literal

from .matching import folded, words

Comparison = Literal['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'in', 'not_in', 'contains', 'exists', 'missing']
SAID = {
    'eq': 'is', 'ne': 'is not', 'lt': 'is less than', 'le': 'is at most', 'gt': 'is more than', 'ge': 'is at least',
    'in': 'is one of', 'not_in': 'is none of', 'contains': 'holds', 'exists': 'is known', 'missing': 'is not known',
}  # fmt: skip


def compares(left: Any, op: Comparison, right: Any) -> bool:
    """Texts without regard to capitals and accents, numbers as numbers even when one is written as a text."""
    match op:
        case 'exists':
            return left not in (None, '', [], {})
        case 'missing':
            return left in (None, '', [], {})
        case 'in' | 'not_in':
            among = right if isinstance(right, list | tuple) else [right]
            return any(_same(left, each) for each in among) == (op == 'in')
        case 'contains':
            return _holds(left, right)
        case 'eq' | 'ne':
            return _same(left, right) == (op == 'eq')
        case _:
            return _ordered(left, op, right)


def _same(left: Any, right: Any) -> bool:
    one, two = _number(left), _number(right)
    if one is not None and two is not None:
        return one == two
    if isinstance(left, str) and isinstance(right, str):
        return folded(left).strip() == folded(right).strip()
    return bool(left == right)


def _holds(left: Any, right: Any) -> bool:
    if isinstance(left, str):
        return folded(str(right)) in folded(left)
    return isinstance(left, list | tuple) and any(_same(each, right) for each in left)


def _ordered(left: Any, op: str, right: Any) -> bool:
    one, two = _number(left), _number(right)
    if one is None or two is None:
        if not isinstance(left, str) or not isinstance(right, str):
            return False
        first, second = words(folded(left)), words(folded(right))
        return _order(op, (first > second) - (first < second))
    return _order(op, (one > two) - (one < two))


def _order(op: str, sign: int) -> bool:
    return {'lt': sign < 0, 'le': sign <= 0, 'gt': sign > 0, 'ge': sign >= 0}[op]


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str) and value.strip():
        try:
            return float(value.strip().replace(',', '.'))
        except ValueError:
            return None
    return None
