"""Making a new flow: empty, from a blueprint, or a copy of another."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nicegui import ui

from core.errors import Invalid, NotFound
from data.database import read
from data.flows import flow_by_key, flows_in_order
from flows.blueprint import Input, blueprint, blueprints
from flows.changes import Put
from flows.flow import SCHEMA
from flows.forms import Control, Field
from flows.library import RESERVED
from flows.rewriting import rewritten
from flows.written import parse

from ...aside import aside, reading
from ...login import guarded
from ...part import Part
from ...pieces import box, button, dialog, field, words
from .controls import MISSING, Offers, control_for
from .form import HINTS

if TYPE_CHECKING:
    from ...compose import Gateway

EMPTY = 'schema: dovecote.flow/1\nkey: flow\nname: Flow\n\ntriggers: []\n\nsteps: []\n'


async def new_flow(gateway: 'Gateway') -> None:
    copies = await reading(lambda: {f'copy:{row.key}': f'A copy of {row.name}' for row in flows_in_order()})
    made = {f'blueprint:{each.key}': each.name for each in await aside(blueprints)}
    with dialog('New flow', 'It is a draft at first: nothing runs before you publish it.') as form:
        with field('Name'):
            name = ui.input().props('maxlength=100 autofocus autocomplete=off')
        with field('Begin with'):
            start = ui.select({'': 'Nothing: add cards one by one', **made, **copies}, value='')
        asking = _Inputs()
        start.on_value_change(lambda event: asking.show(str(event.value or '')))
        problem = words('', 'problem small', 'p').props('role=alert')

        async def create() -> None:
            try:
                key = await aside(_create, gateway, str(name.value or '').strip(), str(start.value or ''), asking.said)
            except Invalid as error:
                problem.set_text(str(error))
                return
            form.close()
            ui.navigate.to(f'/flows/{key}')

        name.on('keydown.enter', guarded(create, 'flows.edit'))
        with box('beside'):
            button('Leave it', on_click=form.close)
            button('Create', 'primary', on_click=guarded(create, 'flows.edit'))


class _Inputs:
    """What the chosen blueprint asks."""

    def __init__(self) -> None:
        self.said: dict[str, Any] = {}
        self.around: Part[str] = Part(self._draw, 'stack wide scrolls inputs')

    def show(self, start: str) -> None:
        self.said = {}
        self.around.show(start.removeprefix('blueprint:') if start.startswith('blueprint:') else '')

    def _draw(self, key: str) -> None:
        if not key:
            return
        chosen = blueprint(key)
        words(chosen.description, 'small quiet', 'p')
        for name, asked in chosen.inputs.items():
            control = control_for(
                _field(name, asked), Offers(), guarded(lambda said, name=name: self._keep(name, said))
            )
            with field(asked.title, asked.about or HINTS.get(control.field.control, '')):
                control.draw()
            control.show(MISSING)

    async def _keep(self, name: str, said: Any) -> None:
        self.said[name] = said


def _field(name: str, asked: Input) -> Field:
    lines: dict[str, Control] = {'text': 'template', 'url': 'line', 'tag': 'line', 'email': 'line'}
    control = lines.get(asked.type) or asked.type
    return Field(name=name, label=asked.title, hint='', control=control, default=asked.default,  # type: ignore[arg-type]
                 choices=tuple(asked.options.items()))  # fmt: skip


def _create(gateway: 'Gateway', name: str, start: str, inputs: Mapping[str, Any]) -> str:
    if not name:
        raise Invalid('A flow needs a name.', field='name')
    if start.startswith('blueprint:'):
        key = free_key(name)
        document = blueprint(start.removeprefix('blueprint:')).flow(inputs, key=key, name=name)
        gateway.library.draft({'schema': SCHEMA, **document}, key=key, fresh=True)
        return key
    text = EMPTY
    if start.startswith('copy:'):
        with read():
            row = flow_by_key(start.removeprefix('copy:'))
        if row is None:
            raise NotFound('That flow is not there any more.')
        text = str(row.source)
    return add_copy(gateway, text, name)


async def copy_flow(gateway: 'Gateway', text: str) -> None:
    """Of a draft as it stands on the page."""
    name = str(parse(text).get('name') or 'Flow')
    key = await aside(add_copy, gateway, text, f'{name} (copy)'[:100])
    ui.navigate.to(f'/flows/{key}')


def add_copy(gateway: 'Gateway', text: str, name: str) -> str:
    """The same flow under a name and a key of its own; returns the key."""
    key = free_key(name)
    changes = [Put(place='key', value=key), Put(place='name', value=name)]
    gateway.library.draft(rewritten(text, changes), key=key, fresh=True)
    return key


def free_key(name: str) -> str:
    """price-list, or price-list-2 when there is one."""
    with read():
        taken = {*(str(row.key) for row in flows_in_order()), *RESERVED}
    word = re.sub(r'[^a-z0-9]+', '-', name.casefold()).strip('-')[:55] or 'flow'
    return next(each for each in (word, *(f'{word}-{number}' for number in range(2, 10_000))) if each not in taken)
