"""How a dataclass becomes JSON for a database row, and comes back.

Bytes become base64, dicts become lists of pairs. Fields marked with `LIVE` are not kept.
"""

import base64
import json
import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, Union, get_args, get_origin

LIVE = {'live': True}

T = TypeVar('T')
Reader = Callable[[Any], Any]
_known: dict[type, dict[str, Reader]] = {}
_encode = json.JSONEncoder(separators=(',', ':')).encode
PLAIN = (str, int, float, bool, type(None))


def dump(value: object) -> str:
    return _encode(_plain(value))


def load(kind: type[T], text: str, **live: object) -> T:
    """The *kind* that `dump` wrote; *live* gives its fields that were not kept and have no default."""
    return kind(**live, **_read(kind, json.loads(text)))


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind in PLAIN:
        return value
    if kind is bytes:
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return [[_plain(key), _plain(item)] for key, item in value.items()]
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    return {name: _plain(getattr(value, name)) for name in _readers(kind)}


def _read(kind: type, plain: Mapping[str, Any]) -> dict[str, Any]:
    # A field that an older version did not know keeps its default.
    return {name: read(plain[name]) for name, read in _readers(kind).items() if name in plain}


def _readers(kind: type) -> dict[str, Reader]:
    if kind not in _known:
        # Kept fields must not have quoted types: resolving those would also need the modules of the live ones.
        kept = [each for each in fields(kind) if 'live' not in each.metadata]
        _known[kind] = {each.name: _reader(each.type) for each in kept}
    return _known[kind]


def _reader(hint: Any) -> Reader:
    if hint is bytes:
        return base64.b64decode
    if is_dataclass(hint) and isinstance(hint, type):
        return lambda value: hint(**_read(hint, value))
    return _container(get_origin(hint), get_args(hint))


def _container(origin: Any, inner: tuple[Any, ...]) -> Reader:
    if origin in (Union, types.UnionType):
        some = _reader(next(each for each in inner if each is not type(None)))
        return lambda value: None if value is None else some(value)
    if origin is dict:
        key, item = map(_reader, inner)
        return lambda value: {key(a): item(b) for a, b in value}
    if origin is tuple:
        parts = [_reader(each) for each in inner]
        return lambda value: tuple(read(part) for read, part in zip(parts, value, strict=True))
    if origin in (list, set):
        one = _reader(inner[0])
        return lambda value: origin(one(part) for part in value)
    return lambda value: value
