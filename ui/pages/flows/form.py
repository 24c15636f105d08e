"""The form of one card: all its fields, what is wrong at which of them, and variables to insert."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any

from nicegui import events, ui

from flows.changes import Change, Drop, Put
from flows.forms import Field
from flows.outline import Fault

from ...login import guarded
from ...pieces import Words, box, field, words
from .controls import MISSING, Control, Offers, control_for, fault_line

Change_ = Callable[..., Awaitable[None]]
CARET = '(event) => emit(event.target.selectionStart)'
HINTS = {
    'words': 'One a line.',
    'tag': 'One a line.',
    'hours': 'Days such as mon-fri or sat, times such as 09:00-18:00.',
}
BARE = ('ref',)  # fields that name a value instead of showing it


class CardForm:
    """`place` is what it edits; `change(*changes, by=form)` keeps what was written."""

    def __init__(
        self, place: str, fields: Sequence[Field], offers: Offers, names: Sequence[str], change: Change_
    ) -> None:
        self.place, self.fields, self.offers, self.names, self._change = place, fields, offers, names, change
        self.controls: dict[str, Control] = {}
        self.parts: dict[str, tuple[ui.switch, ui.element]] = {}
        self.faults: dict[str, Words] = {}
        self.aim, self.caret = '', -1

    def draw(self) -> None:
        with box('stack wide card-form'):
            later = list(_later(self.fields))
            self.faults[''] = fault_line()
            for each in self.fields:
                if not each.later:
                    self._draw(each, '')
            if any(self._takes_names(name) for name in self.controls):
                self._draw_names()
            if later:
                with box('later', 'details'):
                    words('More settings', tag='summary')
                    with box('stack wide'):
                        for above, each in later:
                            self._draw(each, above)

    def show(self, values: Mapping[str, Any], faults: Sequence[Fault]) -> None:
        """What the document says now."""
        for name, control in self.controls.items():
            control.show(_at(values, name))
        for name, (switch, around) in self.parts.items():
            there = _at(values, name) is not MISSING
            switch.set_value(there)
            around.set_visibility(there)
        self.show_faults(faults)

    def show_faults(self, faults: Sequence[Fault]) -> None:
        told: dict[str, str] = {}
        for fault in faults:
            name = fault.field
            while name and name not in self.faults:  # what is wrong inside a field is told at it
                name = name.rpartition('/')[0]
            told.setdefault(name, f'{fault.sentence[:1].upper()}{fault.sentence[1:]}.')
        for name, line in self.faults.items():
            line.set_text(told.get(name, ''))

    # ---- drawing

    def _draw(self, each: Field, above: str) -> None:
        name = f'{above}{each.name}'
        if each.control == 'below':
            return
        if each.control == 'part':
            self._draw_part(each, name)
            return
        control = control_for(each, self.offers, guarded(lambda said: self._tell(name, each, said), 'flows.edit'))
        with box():
            with field(each.label, ' '.join(filter(None, (each.hint, HINTS.get(each.control))))):
                control.draw()
            self.faults[name] = fault_line()
        self.controls[name] = control
        if self._takes_names(name):
            control.element.on('focus', lambda: self._aim_at(name))
            control.element.on('focusout', self._leave, js_handler=CARET)

    def _draw_part(self, each: Field, name: str) -> None:
        with box('stack') as outer:
            outer.props['role'], outer.props['aria-label'] = 'group', each.label
            if each.optional:
                switch = ui.switch(each.label, on_change=guarded(lambda event: self._turn(name, event), 'flows.edit'))
            elif len(each.part) > 2:
                words(each.label, 'strong small', 'p')
            with box('stack wide') as around:
                for one in each.part:
                    if each.later or not one.later:
                        self._draw(one, f'{name}/')
            self.faults[name] = fault_line()
            if each.optional:
                self.parts[name] = (switch, around)

    def _draw_names(self) -> None:
        with box('wraps-beside').props('role=group aria-label="Insert a value"'):
            words('Insert', 'small faint')
            for name in self.names:
                chip = words(name, 'value-chip act-chip', 'button').props('type=button')
                chip.props['aria-label'] = f'Insert {name}'
                chip.on('click', guarded(lambda name=name: self._insert(name), 'flows.edit'))

    # ---- what people do

    async def _tell(self, name: str, each: Field, said: Any) -> None:
        place = f'{self.place}/{name}'.strip('/')
        if each.control == 'value' and isinstance(said, str) and self._is_one_of():
            said = [one.strip() for one in said.split(',') if one.strip()]
        empty = said in ('', None, [], {})
        change: Change = (
            Drop(place=place) if empty and not (each.required and said is not None) else Put(place=place, value=said)
        )
        await self._change(change, by=self)

    def _is_one_of(self) -> bool:
        op = self.controls.get('op')
        return op is not None and op.element.value in ('in', 'not_in')

    def focus(self) -> None:
        """On the first field that is written in."""
        for control in self.controls.values():
            if isinstance(control.element, ui.input | ui.textarea):
                control.element.run_method('focus')
                return

    async def _turn(self, name: str, event: Any) -> None:
        _, around = self.parts[name]
        if bool(event.value) == around.visible:
            return
        around.set_visibility(bool(event.value))
        place = f'{self.place}/{name}'.strip('/')
        await self._change(Put(place=place, value={}) if event.value else Drop(place=place), by=self)

    def _takes_names(self, name: str) -> bool:
        control = self.controls[name].field.control
        return control in ('template', 'expression', 'value', 'json') or name in BARE

    def _aim_at(self, name: str) -> None:
        if self.aim != name:
            self.aim, self.caret = name, -1

    def _leave(self, event: events.GenericEventArguments) -> None:
        self.caret = event.args if isinstance(event.args, int) else -1

    def _insert(self, name: str) -> None:
        """Where the caret was in the field that was written in last, else in the first that can show it."""
        aim = self.aim or next(each for each in self.controls if self._takes_names(each))
        element = self.controls[aim].element
        if aim in BARE:
            element.set_value(name)
            return
        text = str(element.value or '')
        at = self.caret if 0 <= self.caret <= len(text) else len(text)
        shown = f'{{{{ {name} }}}}'
        self.caret = at + len(shown)
        element.set_value(text[:at] + shown + text[at:])


def _later(fields: Sequence[Field], above: str = '') -> Iterator[tuple[str, Field]]:
    """What is seldom needed, also inside the parts; with the place before its name."""
    for each in fields:
        if each.later:
            yield above, each
        elif each.control == 'part':
            yield from _later(each.part, f'{above}{each.name}/')


def _at(values: Any, name: str) -> Any:
    for part in name.split('/'):
        if not isinstance(values, Mapping) or part not in values:
            return MISSING
        values = values[part]
    return values
