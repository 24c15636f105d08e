"""Choosing the chat into which a message is forwarded."""

from collections.abc import Awaitable, Callable

from nicegui import events, ui

from core.errors import DovecoteError
from core.rights import Asker

from ...aside import reading
from ...pieces import box, button, dialog, face, icon, words
from .said import Said
from .views import Line, Sieve, find_lines
from .wording import shown_as

FOUND = 20


async def forward_to(asker: Asker, said: Said, go: Callable[[str], Awaitable[None]]) -> None:
    """Shows a search; `go` is told the id of the chat and may raise."""
    lines = await reading(_find, asker, '')
    with dialog('Forward to') as around:
        words(f'“{said.text[:120] or shown_as(said.kind)[1]}”', 'quiet cut small', 'p')
        search = ui.input(placeholder='Search a name or a number').props('autofocus type=search clearable debounce=200')
        search.props['aria-label'] = 'Search a chat by name or number'
        with box('scrolls choices').props('role=group aria-label="Chats to choose from" tabindex=0') as found:
            pass
        problem = words('', 'problem small', 'p').props('role=alert')

        async def choose(chat_id: str) -> None:
            try:
                await go(chat_id)
            except DovecoteError as error:
                problem.set_text(str(error))
            else:
                around.close()

        def draw(lines: list[Line]) -> None:
            found.clear()
            with found:
                for line in lines:
                    with box('choice', 'button').props('type=button') as each:
                        face(line.name, 'small')
                        words(line.name, 'cut grow')
                        icon('forward', 'tiny')
                    each.on('click', lambda _, id=line.id: choose(id))
                if not lines:
                    words('No chat fits.', 'small quiet', 'p')

        async def look(change: events.ValueChangeEventArguments[str | None]) -> None:
            draw(await reading(_find, asker, str(change.value or '')[:100]))

        search.on_value_change(look)
        draw(lines)
        with box('beside'):
            button('Cancel', on_click=around.close)


def _find(asker: Asker, q: str) -> list[Line]:
    return find_lines(asker, Sieve(q=q), limit=FOUND)
