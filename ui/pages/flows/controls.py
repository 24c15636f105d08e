"""The controls of a form: each shows what the document says, and tells what somebody makes of it."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nicegui import ui

from flows.forms import Field

from ...pieces import box, tool, words

Told = Callable[[Any], Awaitable[None]]
SLOW = 'debounce=400 autocomplete=off'
LISTS = ('words', 'tag')
MISSING = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """What there is to choose from; `steps` by their name, with words."""

    sessions: Sequence[str] = ()
    flows: Mapping[str, str] = field(default_factory=dict)
    steps: Mapping[str, str] = field(default_factory=dict)


class Control:
    """`element` is what has the focus; `said` is the value as the document has it, None for nothing."""

    element: Any

    def __init__(self, field: Field, offers: Offers, told: Told) -> None:
        self.field, self.offers, self._told = field, offers, told
        self.shown: Any = MISSING

    def draw(self) -> None:
        raise NotImplementedError

    def show(self, value: Any) -> None:
        """What the document says; MISSING is its default."""
        self.shown = value
        self.element.set_value(self.read(self.field.default if value is MISSING else value))

    def read(self, value: Any) -> Any:
        """As the control shows it."""
        return value

    def write(self, shown: Any) -> Any:
        """As the document has it."""
        return shown

    async def changed(self, event: Any) -> None:
        said = self.write(event.value)
        if said == (self.field.default if self.shown is MISSING else self.shown):
            return  # only what was shown
        self.shown = said
        await self._told(said)


class _Text(Control):
    def draw(self) -> None:
        if self.field.control in ('template', 'text', 'json', *LISTS):
            self.element = ui.textarea(on_change=self.changed).props(f'autogrow rows=1 {SLOW}')
        else:
            self.element = ui.input(on_change=self.changed).props(SLOW)
        if self.field.control == 'span':
            self.element.props('placeholder="like 10m, 2h or 1d"')
        if self.field.control == 'expression':
            self.element.props('spellcheck=false placeholder="{{ run.answer == \'yes\' }}"')

    def read(self, value: Any) -> Any:
        if value is None or isinstance(value, str):
            return value or ''
        if isinstance(value, list | tuple) and self.field.control in (*LISTS, 'value'):
            return ('\n' if self.field.control in LISTS else ', ').join(map(str, value))
        return json.dumps(value, ensure_ascii=False, indent=2 if isinstance(value, dict | list) else None)

    def write(self, shown: Any) -> Any:
        text = str(shown or '')
        match self.field.control:
            case control if control in LISTS:
                return [line.strip() for line in text.split('\n') if line.strip()]
            case 'json':
                return _json(text)
            case 'value' if isinstance(self.shown, list):
                return [each.strip() for each in text.split(',') if each.strip()]
            case 'value':
                return {'true': True, 'false': False}.get(text.strip().lower(), text)
            case 'template' | 'text':
                return text if self.shown in (MISSING, None) or isinstance(self.shown, str) else _json(text)
        return text.strip()


class _Number(Control):
    def draw(self) -> None:
        self.element = ui.number(on_change=self.changed).props(SLOW)

    def write(self, shown: Any) -> Any:
        return int(shown) if isinstance(shown, float) and shown.is_integer() else shown


class _Switch(Control):
    def draw(self) -> None:
        self.element = ui.switch(on_change=self.changed)
        self.element.props['aria-label'] = self.field.label

    def read(self, value: Any) -> Any:
        return bool(value)


class _Choice(Control):
    def draw(self) -> None:
        self.many = self.field.many
        self.element = ui.select(self._options(), multiple=self.many, on_change=self.changed)
        if self.many:
            self.element.props('use-chips')

    def _options(self) -> dict[Any, str]:
        match self.field.control:
            case 'session':
                return {**({} if self.many else {'': 'Any'}), **{name: name for name in self.offers.sessions}}
            case 'flow' | 'flows':
                return dict(self.offers.flows)
            case 'step':
                more = {'continue': 'Go on all the same'} if self.field.name == 'on_error' else {}
                return {'': 'Stop the flow' if more else 'Go on', **more, **self.offers.steps}
        return dict(self.field.choices)

    def read(self, value: Any) -> Any:
        """What is not offered (any more) is offered as long as it is chosen."""
        given = (list(value) if isinstance(value, list | tuple) else [value]) if value is not None else []
        given = [each for each in given if isinstance(each, str)]
        options = self._options()
        more = {each: each for each in given if each not in options and (each or not self.many)}
        self.element.set_options({**options, **more})
        return given if self.many else (given[0] if given else None)


class _Rows(Control):
    """Names and values, one under the other."""

    def draw(self) -> None:
        self.rows: list[tuple[ui.input, ui.input]] = []
        self.given: dict[str, Any] = {}  # by how it is shown: a number stays one as long as nobody changes it
        with box('stack') as self.element:
            self.lines = box('stack')
            tool('add', f'Add a line to {self.field.label}', on_click=lambda: self._line('', ''))
        self.element.props['role'], self.element.props['aria-label'] = 'group', self.field.label

    def show(self, value: Any) -> None:
        self.shown = value
        said = self.field.default if value is MISSING else value
        if said == self._said():
            return
        self.rows.clear()
        self.lines.clear()
        for name, each in (said if isinstance(said, Mapping) else {}).items():
            shown = ', '.join(each) if self.field.control == 'hours' and not isinstance(each, str) else _plainly(each)
            self.given[shown] = each
            self._line(str(name), shown)

    def _line(self, name: str, value: str) -> None:
        with self.lines, box('beside'):
            left = ui.input(value=name, on_change=self._tell).props(f'{SLOW} aria-label="Name"').classes('grow')
            right = ui.input(value=value, on_change=self._tell).props(f'{SLOW} aria-label="Value"').classes('grow')
        self.rows.append((left, right))

    def _said(self) -> dict[str, Any]:
        pairs = ((str(left.value or '').strip(), str(right.value or '')) for left, right in self.rows)
        if self.field.control == 'hours':
            return {name: [each.strip() for each in value.split(',') if each.strip()] for name, value in pairs if name}
        return {name: self.given.get(value, value) for name, value in pairs if name}

    async def _tell(self) -> None:
        said = self._said()
        self.shown = said
        await self._told(said)


def _plainly(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _json(text: str) -> Any:
    """What is no JSON (yet) is a text, which may be a template."""
    try:
        return json.loads(text) if text.strip() else None
    except ValueError:
        return text


def control_for(field: Field, offers: Offers, told: Told) -> Control:
    match field.control:
        case 'number':
            return _Number(field, offers, told)
        case 'switch':
            return _Switch(field, offers, told)
        case 'choice' | 'choices' | 'session' | 'flow' | 'flows' | 'step':
            return _Choice(field, offers, told)
        case 'rows' | 'hours':
            return _Rows(field, offers, told)
    return _Text(field, offers, told)


def fault_line() -> Any:
    return words('', 'problem small', 'p').props('role=status')
