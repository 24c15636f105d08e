"""Making a new flow: empty, or a copy of another."""

import re
from typing import TYPE_CHECKING

from nicegui import ui

from core.errors import Invalid, NotFound
from data.database import read
from data.flows import flow_by_key, flows_in_order
from flows.changes import Put
from flows.rewriting import rewritten
from flows.written import parse

from ...aside import aside, reading
from ...login import guarded
from ...pieces import box, button, dialog, field, words

if TYPE_CHECKING:
    from ...compose import Gateway

EMPTY = 'schema: dovecote.flow/1\nkey: flow\nname: Flow\n\ntriggers: []\n\nsteps: []\n'


async def new_flow(gateway: 'Gateway') -> None:
    names = await reading(lambda: {f'copy:{row.key}': f'A copy of {row.name}' for row in flows_in_order()})
    with dialog('New flow', 'It is a draft at first: nothing runs before you publish it.') as form:
        with field('Name'):
            name = ui.input().props('maxlength=100 autofocus autocomplete=off')
        with field('Begin with'):
            start = ui.select({'': 'Nothing: add cards one by one', **names}, value='')
        problem = words('', 'problem small', 'p').props('role=alert')

        async def create() -> None:
            try:
                key = await aside(_create, gateway, str(name.value or '').strip(), str(start.value or ''))
            except Invalid as error:
                problem.set_text(str(error))
                return
            form.close()
            ui.navigate.to(f'/flows/{key}')

        name.on('keydown.enter', guarded(create, 'flows.edit'))
        with box('beside'):
            button('Leave it', on_click=form.close)
            button('Create', 'primary', on_click=guarded(create, 'flows.edit'))


def _create(gateway: 'Gateway', name: str, start: str) -> str:
    if not name:
        raise Invalid('A flow needs a name.', field='name')
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
    with read():
        taken = {str(row.key) for row in flows_in_order()}
    word = re.sub(r'[^a-z0-9]+', '-', name.casefold()).strip('-')[:55] or 'flow'
    key = next(each for each in (word, *(f'{word}-{number}' for number in range(2, 10_000))) if each not in taken)
    gateway.library.draft(rewritten(text, [Put(place='key', value=key), Put(place='name', value=name)]), key=key)
    return key
