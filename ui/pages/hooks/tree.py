"""A payload as a tree: a click on something in it inserts its name into a template."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ...pieces import box, words

PLAIN = re.compile(r'[A-Za-z_][A-Za-z0-9_]*\Z')
MOST, DEEPEST, LONGEST = 300, 8, 48
Node = tuple[int, str, str, str]  # depth, name, path, what it is

Insert = Callable[[str], object]


def draw_tree(roots: Mapping[str, Any], insert: Insert) -> None:
    """`roots` by the names that templates use; `insert` gets a path like payload.lines[0].sku."""
    nodes = list(nodes_of(roots))
    with box('tree', 'ul').props('aria-label="What came"'):
        for depth, name, path, value in nodes[:MOST]:
            with box(f'deep-{min(depth, DEEPEST)}', 'li'), box('', 'button').props('type=button') as leaf:
                leaf.props['aria-label'] = f'Insert {path}'
                leaf.on('click', lambda path=path: insert(path))
                words(name, 'strong')
                words(value, 'cut quiet')
        if len(nodes) > MOST:
            words('More than is shown here; any path works in a template.', 'small faint', 'li')


def nodes_of(roots: Mapping[str, Any]) -> Iterator[Node]:
    """In the order in which they are read, without end for what is endless: whoever asks stops."""
    for name, value in roots.items():
        if value not in ({}, [], '', None):
            yield from _walk(name, name, value, 0)


def _walk(name: str, path: str, value: Any, depth: int) -> Iterator[Node]:
    yield depth, name, path, _shown(value)
    if depth >= DEEPEST:
        return
    if isinstance(value, Mapping):
        for key, inside in value.items():
            yield from _walk(str(key), path + _step(str(key)), inside, depth + 1)
    elif isinstance(value, list):
        for number, inside in enumerate(value[:20]):
            yield from _walk(str(number), f'{path}[{number}]', inside, depth + 1)


def _step(key: str) -> str:
    return f'.{key}' if PLAIN.match(key) else f'[{json.dumps(key, ensure_ascii=False)}]'


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return ''
    if isinstance(value, list):
        return f'{len(value)} of them'
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= LONGEST else f'{text[:LONGEST]}…'


def within(path: str, each: str) -> str:
    """The same path from inside a `for_each` that goes through what it begins with: item.sku."""
    inside = re.fullmatch(r'\s*\{\{\s*([\w.\[\]"\'-]+)\s*\}\}\s*', each)
    if inside and (found := re.match(re.escape(inside[1]) + r'\[\d+\]', path)):
        return 'item' + path[found.end() :]
    return path
