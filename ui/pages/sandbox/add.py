"""New people and groups for the sandbox."""

from collections.abc import Awaitable, Callable

from nicegui import run, ui

from core.sandbox.control import PersonOut
from core.sandbox.process import Sandbox

from ...login import guarded
from ...pieces import box, button, dialog, field

Then = Callable[[], Awaitable[None]]


async def add_person(sandbox: Sandbox, then: Then) -> None:
    """Ask for a name and a number; `then` follows once the person is there."""
    with dialog('Add a person', 'They get a phone here and can write to every session.') as form:
        with field('Name'):
            name = ui.input().props('autofocus autocomplete=off maxlength=25')
        with field('Phone number', 'With the country code, for example +1 555 123 0003. Nobody is called.'):
            number = ui.input().props('type=tel autocomplete=off maxlength=24')

        async def add() -> None:
            digits = ''.join(each for each in str(number.value or '') if each not in ' +-()./')
            await run.io_bound(sandbox.add_phone, digits, str(name.value or '').strip())
            form.close()
            await then()

        with box('beside'):
            button('Leave it', on_click=form.close)
            button('Add', 'primary', on_click=guarded(add, 'sandbox.use'))
        number.on('keydown.enter', guarded(add, 'sandbox.use'), args=[])


async def add_group(sandbox: Sandbox, people: tuple[PersonOut, ...], then: Then) -> None:
    names = {each.phone: each.name for each in people}
    with dialog('Add a group') as form:
        with field('Name'):
            name = ui.input().props('autofocus autocomplete=off maxlength=100')
        with field('Made by'):
            owner = ui.select(names, value=next(iter(names), None))
        with field('Members', 'Choose a session’s phone too, so that Dovecote sees the group.'):
            members = ui.select(names, multiple=True, value=list(names)).props('use-chips')

        async def add() -> None:
            title = str(name.value or '').strip() or 'Group'
            others = tuple(each for each in members.value if each != owner.value)
            await run.io_bound(sandbox.add_group, title, str(owner.value or ''), others)
            form.close()
            await then()

        with box('beside'):
            button('Leave it', on_click=form.close)
            button('Add', 'primary', on_click=guarded(add, 'sandbox.use'))
