"""Turning a call away while it rings, with or without a word."""

from nicegui import ui

from core.calls import LONGEST, Calls
from core.errors import DovecoteError
from core.outbox import Author

from ...aside import aside
from ...pieces import box, button, dialog, field, words
from .said import Said

USUAL = 'I cannot take calls here. Please write to me.'


async def reject_call(calls: Calls, said: Said, author: Author, *, write: bool) -> None:
    """`write`: asks for the words first. Raises what Calls.reject raises."""
    if write:
        _with_words(calls, said, author)
    else:
        await aside(calls.reject, said.id)


def _with_words(calls: Calls, said: Said, author: Author) -> None:
    with dialog('Reject this call', f'{said.who} hears that nobody takes it, and gets a message.') as around:
        with field('Message'):
            text = ui.textarea(value=USUAL).props(f'rows=2 autogrow autofocus maxlength={LONGEST}')
        problem = words('', 'problem small', 'p').props('role=alert')

        async def go() -> None:
            try:
                await aside(lambda: calls.reject(said.id, str(text.value or ''), author))
            except DovecoteError as error:
                problem.set_text(str(error))
            else:
                around.close()

        with box('beside'):
            button('Let it ring', on_click=around.close)
            button('Reject', 'danger', on_click=go)
