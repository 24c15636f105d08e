"""What the source of a template says: is it right, what does it read, and may it be filled among ourselves?

Nothing of a template is carried out here, and nothing is compiled: Jinja works out constants while it compiles, so that
`'xxxxxxxxxx' | replace('x', 'xxxxxxxxxx')` ten times over would eat the memory of whoever only wanted to check it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from jinja2 import TemplateSyntaxError, nodes

from core.errors import Unfillable

from .environment import ENVIRONMENT

SOURCE_MOST = 16_384
DEEPEST = 80  # brackets in brackets; Python itself gives up at 200
LOOPS_DEEPEST = 10
FORBIDDEN: dict[type[nodes.Node], str] = {
    nodes.Include: 'include', nodes.Import: 'import', nodes.FromImport: 'from', nodes.Extends: 'extends',
    nodes.Block: 'block',
}  # fmt: skip

# What costs no more than a few passes over the values, however it is put together: nothing is repeated, called or kept.
HARMLESS = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem,
    nodes.Filter, nodes.Test, nodes.If, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not,
    nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Neg, nodes.Pos, nodes.Concat,
    nodes.Keyword,
)  # fmt: skip
HARMLESS_FILTERS = {
    'default', 'd', 'upper', 'lower', 'trim', 'title', 'capitalize', 'first', 'last', 'length', 'count', 'string',
    'int', 'float', 'abs', 'phone', 'money', 'dt', 'wa_bold', 'truncate_wa', 'mask',
}  # fmt: skip
HARMLESS_TESTS = {
    'defined', 'undefined', 'none', 'string', 'number', 'integer', 'float', 'boolean', 'true', 'false', 'mapping',
    'eq', 'equalto', 'ne', 'lt', 'le', 'gt', 'ge', 'lessthan', 'greaterthan', 'in', 'even', 'odd', 'divisibleby',
    '==', '!=', '<', '<=', '>', '>=',
}  # fmt: skip
HARMLESS_NODES = 100  # beside fixed text


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """`reads`: every name that occurs in it, so no other value matters. `alone`: it is one `{{ expression }}`.

    `harmless`: with values that are not too big it may be filled in any process.
    """

    reads: frozenset[str]
    alone: bool
    harmless: bool


def read(source: str) -> Reading:
    """Raises Unfillable with the line of the mistake."""
    found = _read(source)
    if isinstance(found, Unfillable):
        raise Unfillable(found.why, found.line)
    return found


@lru_cache(maxsize=500)
def _read(source: str) -> Reading | Unfillable:
    try:
        tree = parse(source)
    except Unfillable as error:
        return Unfillable(error.why, error.line)  # without the tree that hangs on the other's traceback
    every = list(_walk(tree))
    return Reading(
        reads=frozenset(node.name for node in every if isinstance(node, nodes.Name)),
        alone=lone_expression(tree) is not None,
        harmless=len(every) <= HARMLESS_NODES + sum(isinstance(node, nodes.TemplateData) for node in every)
        and all(map(_is_harmless, every)),
    )


def parse(source: str) -> nodes.Template:
    """The tree of a source of which every part is known and allowed. Raises Unfillable."""
    if len(source) > SOURCE_MOST:
        raise Unfillable(f'it may have {SOURCE_MOST} characters, this one has {len(source)}.')
    try:
        tree = ENVIRONMENT.parse(source)
        _check(tree)
    except TemplateSyntaxError as error:
        raise Unfillable(f'{(error.message or "this is not right").rstrip(".")}.', error.lineno) from error
    except (RecursionError, MemoryError):
        raise Unfillable('it is nested too deeply.') from None
    except (ValueError, ArithmeticError) as error:
        raise Unfillable(f'a number or a text in it is not right ({error}).') from error
    return tree


def lone_expression(tree: nodes.Template) -> nodes.Expr | None:
    """The expression of a template that is nothing else, but for blank space around it."""
    parts = [part for node in tree.body for part in (node.nodes if isinstance(node, nodes.Output) else [node])]
    telling = [part for part in parts if not (isinstance(part, nodes.TemplateData) and not part.data.strip())]
    only = telling[0] if len(telling) == 1 else None
    return only if isinstance(only, nodes.Expr) and not isinstance(only, nodes.TemplateData) else None


def _walk(tree: nodes.Node) -> Iterator[nodes.Node]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(node.iter_child_nodes())


def _check(tree: nodes.Template) -> None:
    waiting: list[tuple[nodes.Node, int, int]] = [(tree, 0, 0)]
    while waiting:
        node, depth, loops = waiting.pop()
        loops += isinstance(node, nodes.For)
        if depth > DEEPEST or loops > LOOPS_DEEPEST:
            raise Unfillable('it is nested too deeply.', node.lineno)
        if type(node) in FORBIDDEN:
            raise Unfillable(f'“{{% {FORBIDDEN[type(node)]} %}}” is not allowed.', node.lineno)
        if isinstance(node, nodes.Filter) and node.name not in ENVIRONMENT.filters:
            raise Unfillable(f'there is no filter “{node.name[:80]}”.', node.lineno)
        if isinstance(node, nodes.Test) and node.name not in ENVIRONMENT.tests:
            raise Unfillable(f'there is no test “{node.name[:80]}”.', node.lineno)
        waiting.extend((child, depth + 1, loops) for child in node.iter_child_nodes())


def _is_harmless(node: nodes.Node) -> bool:
    match node:
        case nodes.Name():
            return node.ctx == 'load' and node.name not in ('self', 'caller', 'loop')
        case nodes.Filter():
            fixed = node.name in ('default', 'd') or all(isinstance(each, nodes.Const) for each in _given(node))
            return node.name in HARMLESS_FILTERS and fixed and not (node.dyn_args or node.dyn_kwargs)
        case nodes.Test():
            return node.name in HARMLESS_TESTS and not (node.dyn_args or node.dyn_kwargs)
    return isinstance(node, HARMLESS)


def _given(node: nodes.Filter) -> list[nodes.Node]:
    return [*node.args, *(each.value for each in node.kwargs)]
