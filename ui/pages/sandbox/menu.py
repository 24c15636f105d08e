"""What can be done with a message on a phone."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

from nicegui import ui

from ...login import guarded
from ...pieces import box, button, dialog, field
from .lines import Line

FACES = ('👍', '❤️', '😂', '😮', '😢', '🙏')


class Holder(Protocol):
    """The phone."""

    def reply(self, line: Line) -> None: ...

    def edit(self, line: Line) -> None: ...

    async def react(self, line: Line, emoji: str) -> None: ...

    async def forward(self, line: Line) -> None: ...

    async def delete(self, line: Line) -> None: ...


def open_menu(line: Line, holder: Holder) -> None:
    """Drawn where it is called, gone when it is closed."""
    with ui.menu(value=True).props('no-parent-event') as menu:
        menu.on('hide', menu.delete)
        with box('faces').props('role=group aria-label=React'):
            for each in FACES:
                face = ui.element('button').props('type=button')
                face.props['aria-label'] = f'React with {each}'
                with face:
                    ui.html(each, sanitize=False)
                face.on('click', _closing(menu, partial(holder.react, line, each)), args=[])
        ui.menu_item('Take the reaction back', lambda: holder.react(line, '')).set_visibility(bool(line.reactions))
        ui.menu_item('Reply', lambda: holder.reply(line))
        ui.menu_item('Forward…', lambda: holder.forward(line))
        if line.mine and line.kind == 'text':
            ui.menu_item('Edit', lambda: holder.edit(line))
        if line.mine:
            ui.menu_item('Delete for everyone', lambda: holder.delete(line))


def forward_to(names: dict[str, str], forward: Callable[[str], Awaitable[None]]) -> None:
    """Ask for a chat."""
    with dialog('Forward the message') as form:
        with field('To'):
            chat = ui.select(names, value=next(iter(names), None))

        async def send() -> None:
            form.close()
            await forward(str(chat.value))

        with box('beside'):
            button('Leave it', on_click=form.close)
            button('Forward', 'primary', on_click=guarded(send, 'sandbox.use'))


def _closing(menu: ui.menu, then: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    async def act() -> None:
        menu.close()
        await then()

    return act
