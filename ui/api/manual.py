"""The OpenAPI document as a person reads it: sections, fields, requests to copy, answers."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]

ULID = '01KB3M5V6J8QW2H4E9T7XZ1C0A'
PLACEHOLDERS = {'name': 'shop', 'id': ULID, 'phone': '15551230001', 'key': 'welcome', 'kind': 'reach_out',
                'to': '+15551230001', 'event': ULID, 'secret': 'shop', 'blueprint': 'menu'}  # fmt: skip
USUAL = {401, 403, 415, 422, 429}  # told once, above all operations
DEEP = 3
FORM = 'multipart/form-data'


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One field. `depth`: how far inside other fields it is."""

    name: str
    type: str
    required: bool
    text: str
    depth: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One request. `refusals` are (status, why); `example` is an answer, '' when it has no body."""

    id: str
    method: str
    path: str
    title: str
    text: Sequence[str]
    parameters: Sequence[Row]
    fields: Sequence[Row]
    answers: Sequence[Row]
    status: int
    refusals: Sequence[tuple[int, str]]
    curl: str
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    name: str
    text: str
    operations: Sequence[Operation]


def manual_of(document: Schema, origin: str) -> list[Section]:
    """In the order of the document's tags. `origin` is the address that the examples are sent to."""
    reader = _Reader(document, origin)
    found: dict[str, list[Operation]] = {tag['name']: [] for tag in document['tags']}
    for path, methods in document['paths'].items():
        for method, operation in methods.items():
            found[operation['tags'][0]].append(reader.operation(method.upper(), path, operation))
    return [
        Section(name=tag['name'], text=tag['description'], operations=found[tag['name']]) for tag in document['tags']
    ]


class _Reader:
    def __init__(self, document: Schema, origin: str) -> None:
        self.schemas: Schema = document['components']['schemas']
        self.origin = origin

    def operation(self, method: str, path: str, said: Schema) -> Operation:
        status, answer = next((int(code), each) for code, each in said['responses'].items() if code < '300')
        schema = answer.get('content', {}).get('application/json', {}).get('schema', {})
        brought = said.get('requestBody', {}).get('content', {})
        body = brought.get('application/json') or brought.get(FORM, {})
        codes = [(int(code), each['description']) for code, each in said['responses'].items() if code >= '400']
        return Operation(
            id=said['operationId'],
            method=method,
            path=path,
            title=said['summary'],
            text=[' '.join(part.split()) for part in said.get('description', '').split('\n\n') if part],
            parameters=[_parameter(each) for each in said.get('parameters', ())],
            fields=list(self._rows(body.get('schema', {}))),
            answers=list(self._rows(schema)),
            status=status,
            refusals=[(code, why) for code, why in codes if code not in USUAL],
            curl=self._curl(method, path, said, body.get('example'), form=FORM in brought),
            example=self._answer(answer, schema),
        )

    def _curl(self, method: str, path: str, said: Schema, body: object, *, form: bool) -> str:
        filled = re.sub(r'{(\w+)}', lambda match: PLACEHOLDERS[match[1]], path)
        lines = ['curl' if method == 'GET' else f'curl -X {method}']
        if 'text/event-stream' in said['responses'].get('200', {}).get('content', {}):
            lines[0] += ' -N'
        lines[0] += f' {shlex.quote(self.origin + filled)}'
        if said.get('security') != []:
            lines.append('-H "Authorization: Bearer $KEY"')
        if body is not None:
            lines.append("-H 'Content-Type: application/json'")
            lines.append(f'-d {shlex.quote(json.dumps(body, ensure_ascii=False))}')
        if form:
            lines.append('-F file=@photo.jpg')
        return ' \\\n  '.join(lines)

    def _answer(self, answer: Schema, schema: Schema) -> str:
        stream = answer.get('content', {}).get('text/event-stream')
        if stream:
            return str(stream['example'])
        return json.dumps(self._example(schema), indent=2, ensure_ascii=False) if schema else ''

    def _rows(self, schema: Schema, depth: int = 0) -> Iterator[Row]:
        schema = self._solid(schema)
        if schema.get('type') == 'array':
            yield from self._rows(schema['items'], depth)
            return
        for name, field in schema.get('properties', {}).items():
            text = field.get('description', '')
            if text.startswith('Not supported yet'):
                continue
            required = name in schema.get('required', ())
            yield Row(name=name, type=self._type(field), required=required, text=' '.join(text.split()), depth=depth)
            if depth < DEEP:
                yield from self._rows(field, depth + 1)

    def _type(self, schema: Schema) -> str:
        kinds = schema.get('anyOf')
        if kinds:
            return ' or '.join(dict.fromkeys(self._type(each) for each in kinds))
        solid = self._solid(schema)
        if 'enum' in solid:
            return ' | '.join(str(each) for each in solid['enum'])
        if 'const' in solid:
            return str(solid['const'])
        kind = str(solid.get('type', 'any'))
        if kind == 'array':
            return f'list of {self._type(solid["items"])}'
        return {'date-time': 'time', 'binary': 'file'}.get(solid.get('format', ''), kind)

    def _example(self, schema: Schema) -> object:
        if not schema.get('examples'):
            schema = self._solid(schema)
        if schema.get('examples'):
            return schema['examples'][0]
        if 'enum' in schema:
            return schema['enum'][0]
        match schema.get('type'):
            case 'array':
                return [self._example(schema['items'])]
            case 'object':
                fields = schema.get('properties', {})
                return {name: self._example(each) for name, each in fields.items() if _shown(each)}
            case kind:
                return {'boolean': True, 'integer': 0, 'number': 0.0, 'string': ''}.get(str(kind))

    def _solid(self, schema: Schema) -> Schema:
        """Behind references, and of several kinds the first that is something."""
        while True:
            if '$ref' in schema:
                schema = self.schemas[schema['$ref'].rpartition('/')[2]]
            elif 'anyOf' in schema:
                schema = next((each for each in schema['anyOf'] if each.get('type') != 'null'), {})
            else:
                return schema


def _parameter(said: Schema) -> Row:
    schema = said.get('schema', {})
    kinds = [each for each in schema.get('anyOf', [schema]) if each.get('type') != 'null']
    kind = kinds[0] if kinds else {}
    words = ' | '.join(str(each) for each in kind['enum']) if 'enum' in kind else kind.get('type', 'any')
    place = '' if said['in'] == 'query' else f' ({said["in"]})'
    text = said.get('description', '') or {'name': 'The name of the session.'}.get(said['name'], '')
    return Row(name=said['name'], type=f'{words}{place}', required=said.get('required', False), text=text)


def _shown(schema: Schema) -> bool:
    """Fields that are often left out would make an example longer, not clearer."""
    return 'default' not in schema or bool(schema.get('examples'))
