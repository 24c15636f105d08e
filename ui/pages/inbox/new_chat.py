"""Writing to somebody first."""

from collections.abc import Awaitable, Callable

from nicegui import ui

from core.allowed import can_send
from core.errors import DovecoteError
from core.fetch import Guard
from core.link_previews import with_preview
from core.outbox import Author, Outbox, Saying
from core.rights import Login
from data.database import read
from data.sessions import all_sessions, session_by_name
from data.traffic import Line, chat_of

from ...aside import aside, reading
from ...login import asker_now, guarded
from ...pieces import box, button, dialog, field, words


async def new_chat(
    login: Login,
    outbox: Outbox,
    guard: Guard,
    open: Callable[[str], Awaitable[None]],
    *,
    to: str = '',
    session: str = '',
) -> None:
    """Asks whom to write to (`to` is a suggestion) and what, and opens the chat once the message is kept."""
    countries = await reading(_countries, login)
    if not countries:
        with dialog('New message', 'No session can send now. Link one, or wait.') as around, box('beside'):
            button('Close', on_click=around.close)
            button('Sessions', 'primary', on_click=lambda: ui.navigate.to('/sessions'))
        return
    with dialog('New message') as around:
        with field('From'):
            sender = ui.select(sorted(countries), value=session if session in countries else min(countries))
        with field('To'):
            number = ui.input(value=to, placeholder='+1 555 123 0001').props('type=tel autocomplete=off')
        words('', 'small faint', 'p').bind_text_from(sender, 'value', lambda name: _how(countries[name]))
        with field('Message'):
            text = ui.textarea().props('rows=3 autogrow maxlength=65536')
        (text if to else number).props('autofocus')
        problem = words('', 'problem small', 'p').props('role=alert')

        async def send() -> None:
            try:
                asker = asker_now()
                asker.must('messages.send')
                new = Saying(session=str(sender.value), to=str(number.value or ''), text=str(text.value or ''))
                author = Author(id=f'user:{asker.id}', name=asker.name)
                row = await aside(_post, outbox, guard, new, author)
            except DovecoteError as error:
                problem.set_text(str(error))
                return
            around.close()
            # It may be another one by now: somebody we know, whose number was written in its other way.
            await open(await reading(chat_of, row.id) or row.chat_id)

        with box('beside'):
            button('Cancel', on_click=around.close)
            button('Send', 'primary', on_click=guarded(send))


def _post(outbox: Outbox, guard: Guard, new: Saying, author: Author) -> Line:
    with read():
        session = session_by_name(new.session)
    return outbox.post(with_preview(guard, new, session.extra if session is not None else {}), author)


def _how(country: str) -> str:
    if not country:
        return 'A phone number with a plus and the country code.'
    return f'A phone number. Without a plus and a country code it is one of {country}.'


def _countries(login: Login) -> dict[str, str]:
    """Session -> its country, for those that can send."""
    return {
        str(row.name): str(row.country)
        for row in all_sessions()
        if can_send(row.state, linked=row.linked_at is not None) and login.asker.may_session(str(row.id))
    }
