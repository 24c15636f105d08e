"""Which values a template reads, where, and whether it says what to put when one is missing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from jinja2 import nodes

from .environment import ENVIRONMENT

Gap = Literal['missing', 'none']
NO_GAP: frozenset[Gap] = frozenset()
NONE: frozenset[Gap] = frozenset({'none'})
BOTH: frozenset[Gap] = frozenset({'missing', 'none'})
OWN_NAMES = {'self', 'loop', 'caller', 'varargs', 'kwargs', *ENVIRONMENT.globals}


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """`path`: contact, vars, plan. `minds`: what the template has an answer to, a path that is missing or is None."""

    path: tuple[str, ...]
    line: int
    minds: frozenset[Gap]


def uses(tree: nodes.Template) -> Iterator[Use]:
    """In the order of the source; names that the template itself sets are not among them."""
    yield from _Scope(set(OWN_NAMES), frozenset()).all(tree.body)


class _Scope:
    """`bound`: names that mean something of the template's own. `asked`: paths that an “if” around has looked at."""

    def __init__(self, bound: set[str], asked: frozenset[tuple[str, ...]]) -> None:
        self.bound, self.asked = bound, asked

    def all(self, every: Sequence[nodes.Node], minds: frozenset[Gap] = NO_GAP) -> Iterator[Use]:
        for node in every:
            yield from self.of(node, minds)

    def of(self, node: nodes.Node, minds: frozenset[Gap] = NO_GAP) -> Iterator[Use]:  # noqa: PLR0912 - one for each kind
        match node:
            case nodes.Name() | nodes.Getattr() | nodes.Getitem():
                yield from self._path(node, minds)
            case nodes.Filter():
                yield from self._filter(node)
            case nodes.Test():
                known = BOTH if node.name in ('defined', 'undefined', 'none') else NO_GAP
                yield from self.of(node.node, known)
                yield from self._rest(node, {'node'})
            case nodes.If() | nodes.CondExpr():
                yield from self._choice(node)
            case nodes.And() | nodes.Or():
                yield from self.of(node.left, minds | NONE)
                yield from self._knowing(node.left).of(node.right, minds)
            case nodes.Not():
                yield from self.of(node.node, NONE)
            case nodes.Compare() if all(each.op in ('eq', 'ne') for each in node.ops):
                yield from self.of(node.expr, NONE)
                yield from self.all([each.expr for each in node.ops], NONE)
            case nodes.Call(node=nodes.Getattr() as method):
                yield from self.of(method.node)  # its last part is a method, order.items()
                yield from self._rest(node, {'node'})
            case nodes.For():
                yield from self._loop(node)
            case nodes.Assign() | nodes.AssignBlock():
                yield from self._rest(node, {'target'})
                self.bound |= _names(node.target)
            case nodes.With():
                yield from self.all(node.values)
                yield from self._inside(*node.targets).all(node.body)
            case nodes.Macro() | nodes.CallBlock():
                yield from self._macro(node)
            case nodes.FilterBlock():
                yield from self._rest(node, set())
            case _:
                yield from self._rest(node, set())

    def _path(self, node: nodes.Expr, minds: frozenset[Gap]) -> Iterator[Use]:
        path, within = _path_of(node)
        if path and path[0] not in self.bound:
            known = any(path[: len(each)] == each for each in self.asked)
            yield Use(path=path, line=node.lineno, minds=BOTH if known else minds)
        yield from self.all(within)

    def _filter(self, node: nodes.Filter) -> Iterator[Use]:
        minds = NO_GAP
        if node.name in ('default', 'd'):
            given = [*node.args[1:], *(each.value for each in node.kwargs if each.key == 'boolean')]
            minds = (
                BOTH if any(isinstance(each, nodes.Const) and each.value for each in given) else frozenset({'missing'})
            )
        if node.node is not None:
            yield from self.of(node.node, minds)
        yield from self._rest(node, {'node'})

    def _choice(self, node: nodes.If | nodes.CondExpr) -> Iterator[Use]:
        yield from self.of(node.test, NONE)
        knowing = self._knowing(node.test)
        if isinstance(node, nodes.CondExpr):
            yield from knowing.of(node.expr1)
            yield from knowing.all([node.expr2] if node.expr2 else [])
        else:
            yield from knowing.all(node.body)
            yield from knowing.all(node.elif_)
            yield from knowing.all(node.else_)

    def _loop(self, node: nodes.For) -> Iterator[Use]:
        yield from self.of(node.iter)
        inside = self._inside(node.target)
        yield from inside.all([node.test] if node.test else [])
        yield from inside.all(node.body)
        yield from self._inside().all(node.else_)

    def _macro(self, node: nodes.Macro | nodes.CallBlock) -> Iterator[Use]:
        if isinstance(node, nodes.Macro):
            self.bound.add(node.name)
        else:
            yield from self.of(node.call)
        yield from self.all(node.defaults)
        yield from self._inside(*node.args).all(node.body)

    def _rest(self, node: nodes.Node, seen: set[str]) -> Iterator[Use]:
        for child in node.iter_child_nodes(exclude=seen):
            yield from self.of(child)

    def _inside(self, *targets: nodes.Node) -> '_Scope':
        return _Scope(self.bound.union(*map(_names, targets)), self.asked)

    def _knowing(self, test: nodes.Node) -> '_Scope':
        """Shares what is set: in Jinja an “if” is no room of its own."""
        paths = {_path_of(each)[0] for each in [test, *test.find_all((nodes.Name, nodes.Getattr, nodes.Getitem))]}
        return _Scope(self.bound, self.asked | {path for path in paths if path})


def _names(target: nodes.Node) -> set[str]:
    every = [target, *target.find_all(nodes.Name)]
    return {each.name for each in every if isinstance(each, nodes.Name)}


def _path_of(node: nodes.Node) -> tuple[tuple[str, ...], list[nodes.Expr]]:
    """contact.vars['plan'] as its parts, up to the first that is not a name; and the expressions that lie in it."""
    steps: list[str | None] = []
    within: list[nodes.Expr] = []
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        if isinstance(node, nodes.Getattr):
            steps.append(node.attr)
        elif isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
            steps.append(node.arg.value)
        else:
            steps.append(None)
            within.append(node.arg)
        node = node.node
    if not isinstance(node, nodes.Name):
        return (), [*within, node] if isinstance(node, nodes.Expr) and steps else within
    path = [node.name]
    for step in reversed(steps):
        if step is None:
            break
        path.append(step)
    return tuple(path), within
