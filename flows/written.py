"""Flow documents as people write them: YAML (of which JSON is a part) in, plain values out, and back."""

from collections.abc import Mapping
from datetime import date
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, NodeEvent

from core.errors import Invalid, TooLarge

LONGEST = 256 * 1024
DEEPEST, PARTS_MOST = 40, 20_000
NUMBERS_MOST = 10**300


def parse(text: str) -> dict[str, Any]:
    """The document in `text`. Raises Invalid with the line; anchors are refused, they can blow up."""
    if len(text) > LONGEST:
        raise TooLarge(f'A flow may have {LONGEST // 1024} kB of text.', field='source', code='flow_too_large')
    try:
        _survey(text)
        found = _yaml().load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f' in line {mark.line + 1}' if mark else ''
        raise Invalid(f'The text is not YAML{where}: {error.problem}.', field='source') from error
    except (YAMLError, ValueError, RecursionError) as error:
        raise Invalid(f'The text is not YAML: {error}.', field='source') from error
    return checked(found)


def checked(found: Any) -> dict[str, Any]:
    """A document of nothing but what JSON knows. Raises Invalid."""
    if not isinstance(found, dict):
        raise Invalid('A flow is written as names and values, beginning with “key: …”.', field='source')
    return {_name(name): _value(each) for name, each in found.items()}


def _value(found: Any) -> Any:
    """Only what JSON knows: YAML also has dates, sets and bytes."""
    match found:
        case dict():
            return {_name(name): _value(each) for name, each in found.items()}
        case list():
            return [_value(each) for each in found]
        case str():
            return _text(found)
        case date():  # and with a time
            return found.isoformat()
        case None | bool():
            return found
        case int() | float() if abs(found) < NUMBERS_MOST:  # and not .inf or .nan
            return found
    raise Invalid(f'A flow cannot hold “{str(found)[:40]}”.', field='source')


def _name(found: Any) -> str:
    if not isinstance(found, str | int):
        raise Invalid(f'“{str(found)[:40]}” is no name of a setting.', field='source')
    return _text(str(found))


def _text(found: str) -> str:
    try:
        found.encode()
    except UnicodeEncodeError as error:
        raise Invalid('The text has characters that are none (halves of emoji).', field='source') from error
    return found


def _survey(text: str) -> None:
    depth = 0
    for parts, event in enumerate(_yaml().parse(text)):
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor):
            line = event.start_mark.line + 1 if event.start_mark else '?'
            raise Invalid(f'Anchors and aliases cannot be used in a flow (line {line}).', field='source')
        if depth > DEEPEST or parts > PARTS_MOST:
            raise Invalid('The text has too many parts inside each other, or too many at all.', field='source')


def dump(document: Mapping[str, Any]) -> str:
    out = StringIO()
    yaml = YAML(pure=True)
    yaml.default_flow_style, yaml.width, yaml.allow_unicode = False, 100, True
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.dump(plain(document), out)
    return out.getvalue()


def renamed(source: str, key: str, name: str) -> str:
    """The same text, comments and all, as the document of another flow."""
    parse(source)
    yaml = YAML(pure=True)
    yaml.width, yaml.preserve_quotes = 4_096, True
    yaml.indent(mapping=2, sequence=4, offset=2)
    document = yaml.load(source)
    document['key'], document['name'] = key, name
    out = StringIO()
    yaml.dump(document, out)
    return out.getvalue()


def plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list | tuple) else value


def _yaml() -> YAML:
    yaml = YAML(typ='safe', pure=True)
    yaml.version = (1, 2)  # where “no” and “on” are words
    return yaml
