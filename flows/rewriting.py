"""Changes one place of a flow's YAML and leaves the rest of the text as its author wrote it, comments and all."""

from collections.abc import Iterable
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString, SingleQuotedScalarString

from core.errors import DovecoteError

from .changes import Add, Change, Drop, Move, Put, change_in_place, changed, joined, landing, split
from .written import dump, parse, plain

Parts = list[str | int]
QUOTES = {'"': DoubleQuotedScalarString, "'": SingleQuotedScalarString}
SHORT = 60  # a list of words that fits into a line stays in one


def rewritten(text: str, changes: Iterable[Change]) -> str:
    """The text with each change made, one after the other. Raises Invalid when it is no YAML, NotFound for a place
    that is not there.

    What is written in blocks is changed by its lines, what stands in braces or brackets by reading and writing them.
    """
    for change in changes:
        text = _with(text, change)
    return text


def _with(text: str, change: Change) -> str:
    before = parse(text)
    wanted = changed(before, change)
    if wanted == before:
        return text
    for way in (_by_lines, _round_trip):
        try:
            made = way(text, change)
            if plain(parse(made)) == plain(wanted):
                return made
        except (_OtherwiseError, YAMLError, DovecoteError, ValueError, IndexError, AttributeError):
            continue  # a layout nobody thought of: the next way is surer and less gentle
    return dump(wanted)


class _OtherwiseError(Exception):
    """It cannot be done by lines."""


def _round_trip(text: str, change: Change) -> str:
    yaml = _gentle()
    document = yaml.load(text)
    change_in_place(document, change)
    out = StringIO()
    yaml.dump(document, out)
    return out.getvalue()


def _by_lines(text: str, change: Change) -> str:
    match change:
        case Put(place=place, value=value):
            return _Lines(text).put(split(place), value)
        case Drop(place=place):
            return _Lines(text).drop(split(place))
        case Add(place=place, value=value):
            return _Lines(text).insert(split(place), _item_lines(value))
        case Move(place=place, to=to):
            to = landing(place, to)
            held = _Lines(text).taken(split(place))
            return _Lines(_Lines(text).drop(split(place))).insert(split(to), held)


class _Lines:
    """One text, and where in it everything stands."""

    def __init__(self, text: str) -> None:
        self.text = text if not text or text.endswith('\n') else f'{text}\n'
        yaml = YAML(typ='safe', pure=True)
        yaml.version = (1, 2)
        self.root: Any = yaml.compose(self.text)
        self.lines = self.text.splitlines(keepends=True)

    # ---- the changes

    def put(self, parts: Parts, value: Any) -> str:
        holder, last = self._holder(parts)
        if holder is None:  # something above it is missing
            return self.put(parts[:-1], {str(last): value})
        if holder.flow_style:
            return self._inside_braces(Put(place=joined(parts), value=value), parts)
        if isinstance(holder, SequenceNode):
            return self._replace_item(holder, int(last), value)
        found = _entry(holder, str(last))
        column = holder.start_mark.column
        if found is None:
            return self._append_entry(holder, _entry_lines(str(last), value, None))
        key, old = found
        made = _entry_lines(str(last), value, old)
        return self._replace(key.start_mark.index, self._value_end(key, old), _shift(made, column)[:-1].lstrip(' '))

    def drop(self, parts: Parts) -> str:
        holder, last = self._holder(parts)
        if holder is None:
            raise _OtherwiseError
        if holder.flow_style:
            return self._inside_braces(Drop(place=joined(parts)), parts)
        if len(holder.value) == 1:
            return self.put(parts[:-1], [] if isinstance(holder, SequenceNode) else {})
        if isinstance(holder, SequenceNode):
            return self._without(*self._room(holder, int(last)))
        number = next(n for n, (key, _) in enumerate(holder.value) if key.value == str(last))
        key, value = holder.value[number]
        if self._before(key).strip():  # it stands behind the dash of an item
            return self._replace(key.start_mark.index, holder.value[number + 1][0].start_mark.index, '')
        return self._without(key.start_mark.line, self._line_of(self._value_end(key, value)) + 1)

    def insert(self, parts: Parts, made: str) -> str:
        """`made`: the lines of an item, its dash in the first column."""
        *above, number = parts
        holder, last = self._holder(above)
        if holder is None or isinstance(holder, SequenceNode):
            raise _OtherwiseError
        found = _entry(holder, str(last))
        if holder.flow_style or (found and found[1].flow_style and found[1].value):
            return self._inside_braces(Add(place=joined(parts), value=_read(made)[0]), above)
        if found is None:
            return self._append_entry(holder, f'{last}:\n{_shift(made, 2)}')
        key, items = found
        if not isinstance(items, SequenceNode) or not items.value:
            end = self._value_end(key, items)
            return self._replace(key.start_mark.index, end, f'{last}:\n{_shift(made, key.start_mark.column + 2)}'[:-1])
        column, apart = items.start_mark.column, self._are_apart(items)
        block = _shift(made, column)
        if int(number) < len(items.value):
            line = self._room(items, int(number))[0]
            block = f'{block}\n' if apart else block
        else:
            line = self._end_line(items, len(items.value) - 1)
            while line < len(self.lines) and _comment_at(self.lines[line]) == column > 0:
                line += 1
            block = f'\n{block}' if apart else block
        return ''.join([*self.lines[:line], block, *self.lines[line:]])

    def taken(self, parts: Parts) -> str:
        """The lines of an item with the comments that belong to it, moved to the first column."""
        holder, number = self._holder(parts)
        if not isinstance(holder, SequenceNode):
            raise _OtherwiseError
        if holder.flow_style:
            return _item_lines(_read(self.text[self._start(holder, int(number)) : _end(holder.value[int(number)], self.text)]))  # fmt: skip  # noqa: E501
        first, last = self._lead(holder, int(number)), self._end_line(holder, int(number))
        return _shift(''.join(self.lines[first:last]), -holder.start_mark.column)

    # ---- how it is done

    def _inside_braces(self, change: Put | Drop | Add, parts: Parts) -> str:
        """Read and write the outermost braces around the place, and nothing else."""
        depth = 0
        node: Any = self.root
        while not node.flow_style and depth < len(parts):
            node, depth = _child(node, parts[depth]), depth + 1
        if not node.flow_style:
            raise _OtherwiseError
        start, end = node.start_mark.index, node.end_mark.index
        yaml, out = _gentle(), StringIO()
        part = yaml.load(self.text[start:end])
        change_in_place(part, _below(change, depth))
        yaml.dump(part, out)
        made = out.getvalue().rstrip('\n')
        return self._replace(start, end, _shift(f'{made}\n', node.start_mark.column)[:-1].lstrip(' '))

    def _replace(self, start: int, end: int, made: str) -> str:
        """What follows on the same line stays there, or behind the first of several lines."""
        rest_end = self.text.index('\n', end)
        rest = self.text[end:rest_end]
        if '\n' in made and rest.strip().startswith('#'):
            first, below = made.split('\n', 1)
            made, end = f'{first}{rest}\n{below}', rest_end
        return self.text[:start] + made + self.text[end:]

    def _replace_item(self, items: SequenceNode, number: int, value: Any) -> str:
        node = items.value[number]
        start = self.text.rindex('-', 0, self._start(items, number) + 1)
        made = _shift(_item_lines(value), items.start_mark.column)[:-1].lstrip(' ')
        return self._replace(start, _end(node, self.text), made)

    def _append_entry(self, holder: MappingNode, made: str) -> str:
        key, value = holder.value[-1]
        line = self._line_of(self._value_end(key, value)) + 1
        return ''.join([*self.lines[:line], _shift(made, holder.start_mark.column), *self.lines[line:]])

    def _without(self, first: int, last: int) -> str:
        return ''.join([*self.lines[:first], *self.lines[last:]])

    # ---- where things stand

    def _holder(self, parts: Parts) -> tuple[Any, str | int]:
        """The mapping or list in which the last part is, or None."""
        node: Any = self.root
        for part in parts[:-1]:
            node = _child(node, part, missing=True)
            if not isinstance(node, MappingNode | SequenceNode) or (isinstance(node, MappingNode) and not node.value):
                return None, parts[-1]
        return node, parts[-1]

    def _value_end(self, key: Node, value: Node) -> int:
        if isinstance(value, ScalarNode) and not value.style and not value.value:
            return self.text.index(':', key.end_mark.index) + 1
        return _end(value, self.text)

    def _before(self, node: Node) -> str:
        before: str = self.lines[node.start_mark.line][: node.start_mark.column]
        return before

    def _line_of(self, index: int) -> int:
        return self.text.count('\n', 0, index)

    def _start(self, items: SequenceNode, number: int) -> int:
        """Where the item begins, or its dash."""
        node = items.value[number]
        if items.flow_style:
            return int(node.start_mark.index)
        line = node.start_mark.line
        while not self.lines[line].startswith('-', items.start_mark.column):
            line -= 1
        return sum(map(len, self.lines[:line])) + int(items.start_mark.column)

    def _end_line(self, items: SequenceNode, number: int) -> int:
        """The line after the item and the comments inside it."""
        line = self._line_of(_end(items.value[number], self.text)) + 1
        while line < len(self.lines) and _comment_at(self.lines[line]) > items.start_mark.column:
            line += 1
        return line

    def _lead(self, items: SequenceNode, number: int) -> int:
        """The line of its dash, or of the first comment right above that."""
        line = self._line_of(self._start(items, number))
        while line > 0 and _comment_at(self.lines[line - 1]) == items.start_mark.column:
            line -= 1
        return line

    def _room(self, items: SequenceNode, number: int) -> tuple[int, int]:
        """Its lines, with the blank ones that part it from its neighbour."""
        first, last = self._lead(items, number), self._end_line(items, number)
        if number + 1 < len(items.value):
            return first, self._lead(items, number + 1)
        while first > 0 and not self.lines[first - 1].strip():
            first -= 1
        return first, last

    def _are_apart(self, items: SequenceNode) -> bool:
        if len(items.value) < 2:
            return False
        return not self.lines[self._lead(items, 1) - 1].strip()


def _end(node: Any, text: str) -> int:
    """Just past its last character."""
    if isinstance(node, ScalarNode):
        return _end_of_block(node, text) if node.style in ('|', '>') else int(node.end_mark.index)
    if node.flow_style or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    if isinstance(last, tuple):
        key, value = last
        if isinstance(value, ScalarNode) and not value.style and not value.value:
            return text.index(':', key.end_mark.index) + 1
        return _end(value, text)
    return _end(last, text)


def _end_of_block(node: ScalarNode, text: str) -> int:
    """Of a text written with | or >: the end of its last line that says something."""
    at = text.index('\n', node.start_mark.index)
    end, indent = at, -1
    while at < len(text) - 1:
        stop = text.find('\n', at + 1)
        stop = len(text) if stop < 0 else stop
        line = text[at + 1 : stop]
        if line.strip():
            depth = len(line) - len(line.lstrip(' '))
            indent = depth if indent < 0 else indent
            if depth < indent or depth == 0:
                break
            end = stop
        at = stop
    return end


def _child(node: Any, part: str | int, *, missing: bool = False) -> Any:
    if isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part]
    if isinstance(node, MappingNode) and (found := _entry(node, str(part))):
        return found[1]
    if missing:
        return None
    raise _OtherwiseError


def _entry(node: Any, name: str) -> tuple[Any, Any] | None:
    return next(((key, value) for key, value in node.value if key.value == name), None)


def _comment_at(line: str) -> int:
    """The column of a comment that has the line to itself, or -1."""
    return len(line) - len(line.lstrip(' ')) if line.lstrip(' ').startswith('#') else -1


def _below(change: Put | Drop | Add, depth: int) -> Change:
    """The same change for the part that is `depth` deep."""
    place = joined(split(change.place)[depth:])
    match change:
        case Put(value=value):
            return Put(place=place, value=value)
        case Add(value=value):
            return Add(place=place, value=value)
    return Drop(place=place)


# ---- writing values


def _gentle() -> YAML:
    yaml = YAML(pure=True)
    yaml.version = None
    yaml.width, yaml.preserve_quotes, yaml.allow_unicode = 4_096, True, True
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _read(text: str) -> Any:
    yaml = YAML(typ='safe', pure=True)
    yaml.version = (1, 2)
    return yaml.load(text)


def _item_lines(value: Any) -> str:
    """With its dash in the first column."""
    out = StringIO()
    items = CommentedSeq([_dressed(value, None)])
    _gentle().dump({'x': items}, out)
    return _shift(out.getvalue().split('\n', 1)[1], -2)


def _entry_lines(name: str, value: Any, old: Any) -> str:
    out = StringIO()
    _gentle().dump(_dressed({name: value}, old), out)
    return out.getvalue()


def _dressed(value: Any, old: Any) -> Any:
    """`value` as it should look: texts of several lines as blocks, short lists of words in brackets, old quotes."""
    if isinstance(value, dict):
        made = CommentedMap()
        for name, each in value.items():
            made[name] = _dressed(each, old)
        if not value:
            made.fa.set_flow_style()
        return made
    if isinstance(value, list | tuple):
        items = CommentedSeq([_dressed(each, None) for each in value])
        plainly = all(not isinstance(each, dict | list | tuple) for each in value)
        if plainly and sum(len(str(each)) + 2 for each in value) <= SHORT and '\n' not in ''.join(map(str, value)):
            items.fa.set_flow_style()
        return items
    if isinstance(value, str):
        return _dressed_text(value, old)
    return value


def _dressed_text(value: str, old: Any) -> Any:
    if '\n' in value and not any(line.endswith((' ', '\t')) or line.startswith((' ', '\t')) for line in value.split('\n')):  # fmt: skip  # noqa: E501
        return LiteralScalarString(value)
    if isinstance(old, ScalarNode) and old.value and old.style in QUOTES and '\n' not in value:
        return QUOTES[old.style](value)
    if value.strip().lower() in ('yes', 'no', 'on', 'off', 'y', 'n'):  # words here, but not for every reader of YAML
        return SingleQuotedScalarString(value)
    return value


def _shift(text: str, by: int) -> str:
    """All lines further right, or left as far as there is room."""
    if by >= 0:
        return ''.join(f'{" " * by}{line}' if line.strip() else line for line in text.splitlines(keepends=True))
    return ''.join(line[min(-by, len(line) - len(line.lstrip(' '))) :] for line in text.splitlines(keepends=True))
