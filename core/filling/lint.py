"""What is wrong, or may go wrong, with a template before anybody gets it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from jinja2 import nodes

from core.errors import Unfillable

from .reading import parse
from .uses import Use, uses


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A `mistake` makes filling fail always, an `unknown` name or one without a default may; `too_long` is refused.

    `line`: from 1, 0 for the whole. `path`: contact.vars.plan, or ''.
    """

    kind: Literal['mistake', 'unknown', 'no_default', 'too_long']
    line: int
    path: str
    sentence: str


def names(source: str) -> frozenset[str]:
    """The values a template reads: contact, payload …, without what it sets itself. Raises Unfillable."""
    return frozenset(use.path[0] for use in uses(parse(source)))


def mistake(error: Unfillable) -> Finding:
    return Finding(kind='mistake', line=error.line, path='', sentence=str(error))


def findings(source: str, known: Mapping[str, object], most: int) -> list[Finding]:
    """What can be told without carrying anything out; `core.fill.lint` says what `known` is."""
    try:
        tree = parse(source)
    except Unfillable as error:
        return [mistake(error)]
    found = dict.fromkeys(finding for use in uses(tree) if (finding := _looked_up(use, known)))
    return [*found, *_too_long(tree, most)]


def _looked_up(use: Use, known: Mapping[str, object]) -> Finding | None:
    here: object = known
    for number, step in enumerate(use.path):
        if isinstance(here, Mapping):
            if step not in here:
                return _unknown(use, number, here)
            here = here[step]
        elif here is None:
            here = ...  # a part of what is not there is missing, not empty
    path = '.'.join(use.path)
    if here is ... and 'missing' not in use.minds:
        hint = f"{path} | default('…')"
        sentence = f'“{path}” may be missing; say what to put then: {{{{ {hint} }}}}.'
    elif here is None and 'none' not in use.minds:
        hint = f"{path} | default('…', true)"
        sentence = f'“{path}” may be empty; say what to put then: {{{{ {hint} }}}}.'
    else:
        return None
    return Finding(kind='no_default', line=use.line, path=path, sentence=sentence)


def _unknown(use: Use, number: int, here: Mapping[str, object]) -> Finding:
    path = '.'.join(use.path[: number + 1])
    near = get_close_matches(use.path[number], [str(each) for each in here], n=1)
    hint = f'; do you mean “{".".join((*use.path[:number], *near))}”?' if near else '.'
    return Finding(kind='unknown', line=use.line, path=path, sentence=f'There is no “{path}”{hint}')


def _too_long(tree: nodes.Template, most: int) -> Iterator[Finding]:
    length = _longest(tree.body)
    if length > most:
        sentence = f'Its fixed text alone has {length} characters; WhatsApp takes {most}.'
        yield Finding(kind='too_long', line=0, path='', sentence=sentence)


def _longest(every: list[nodes.Node]) -> int:
    """Characters of fixed text on the longest way through; a loop counts once."""
    return sum(map(_length, every))


def _length(node: nodes.Node) -> int:
    match node:
        case nodes.TemplateData():
            return len(node.data)
        case nodes.If():
            return max(_longest(node.body), *(_longest(each.body) for each in node.elif_), _longest(node.else_))
        case nodes.For():
            return max(_longest(node.body), _longest(node.else_))
        case nodes.Output() | nodes.With() | nodes.FilterBlock():
            return _longest(list(node.iter_child_nodes()))
    return 0
