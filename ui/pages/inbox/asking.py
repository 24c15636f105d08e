"""The forms for what is more than a text: a place, a contact card, a poll."""

from collections.abc import Awaitable, Callable

from nicegui import events, ui

from core.addresses import shown_phone
from core.contents import OPTIONS
from core.errors import DovecoteError, Invalid
from core.events import Card, Place, Poll
from core.rights import Asker
from data.chats import find_contacts

from ...aside import reading
from ...pieces import Words, box, button, dialog, face, field, tool, words
from .views import session_ids

FOUND = 8

# Each raises what the outbox raises, which the form shows.
SendPlace = Callable[[Place], Awaitable[None]]
SendCards = Callable[[tuple[Card, ...]], Awaitable[None]]
SendPoll = Callable[[Poll], Awaitable[None]]


def ask_place(send: SendPlace) -> None:
    with dialog('Send a location') as around:
        with field('Latitude and longitude', 'As a map shows them, like 52.5200, 13.4050.'):
            at = ui.input(placeholder='52.5200, 13.4050').props('autofocus autocomplete=off')
        with field('Name'):
            name = ui.input().props('maxlength=200')
        with field('Address'):
            address = ui.input().props('maxlength=500')

        async def go() -> None:
            latitude, longitude = _degrees(str(at.value or ''))
            place = Place(latitude=latitude, longitude=longitude, name=_text(name), address=_text(address))
            await send(place)

        _foot(around, go)


async def ask_contact(asker: Asker, send: SendCards) -> None:
    known = await reading(_people, asker, '')
    with dialog('Send a contact card') as around:
        search = ui.input(placeholder='Search the people you know').props(
            'autofocus type=search debounce=200 clearable'
        )
        search.props['aria-label'] = 'Search a contact'
        with box('scrolls choices').props('role=group aria-label="People to choose from" tabindex=0') as found:
            pass
        with field('Name'):
            name = ui.input().props('maxlength=200')
        with field('Phone'):
            phone = ui.input(placeholder='+1 555 123 0001').props('type=tel maxlength=40')

        def draw(people: list[tuple[str, str, str]]) -> None:
            found.clear()
            with found:
                for who, number, shown in people:
                    with box('choice', 'button').props('type=button') as each:
                        face(who, 'small')
                        words(who, 'cut grow')
                        words(shown if shown != who else '', 'small faint nowrap')
                    each.on('click', lambda _, who=who, number=number: choose(who, number))

        def choose(who: str, number: str) -> None:
            name.set_value(who)
            phone.set_value(number)

        async def look(change: events.ValueChangeEventArguments[str | None]) -> None:
            draw(await reading(_people, asker, str(change.value or '')[:100]))

        search.on_value_change(look)
        draw(known)

        async def go() -> None:
            await send((Card(name=_text(name), phones=(_text(phone),)),))

        _foot(around, go)


def ask_poll(send: SendPoll) -> None:
    with dialog('Send a poll') as around:
        with field('Question'):
            name = ui.input().props('autofocus maxlength=255')
        words('Options', 'strong small', 'p')
        rows: list[ui.input] = []
        with box('stack options') as listed:
            pass
        multiple = ui.checkbox('Several may be chosen')

        def add() -> None:
            if len(rows) == OPTIONS[1]:
                return
            with listed, box('beside') as row:
                option = ui.input(placeholder=f'Option {len(rows) + 1}').props('maxlength=100').classes('grow')
                option.props['aria-label'] = f'Option {len(rows) + 1}'
                option.on('keydown.enter', lambda _: add())
                tool('close', 'Remove this option', on_click=lambda: remove(option, row))
            rows.append(option)
            more.set_visibility(len(rows) < OPTIONS[1])

        def remove(option: ui.input, row: ui.element) -> None:
            if len(rows) > OPTIONS[0]:
                rows.remove(option)
                row.delete()
                more.set_visibility(True)

        more = button('Add an option', 'ghost small', 'add', on_click=add)
        for _ in range(OPTIONS[0]):
            add()

        async def go() -> None:
            options = tuple(_text(row) for row in rows if _text(row))
            await send(Poll(name=_text(name), options=options, multiple=bool(multiple.value)))

        _foot(around, go)


def _foot(around: ui.dialog, go: Callable[[], Awaitable[None]]) -> None:
    problem: Words = words('', 'problem small', 'p').props('role=alert')

    async def send() -> None:
        try:
            await go()
        except DovecoteError as error:
            problem.set_text(str(error))
        else:
            around.close()

    with box('beside'):
        button('Cancel', on_click=around.close)
        button('Send', 'primary', on_click=send)


def _people(asker: Asker, q: str) -> list[tuple[str, str, str]]:
    """(name, number, number as people write it)"""
    found = find_contacts(session_ids=session_ids(asker, ''), q=q.strip().lstrip('+'), limit=FOUND)
    people = [(str(row.shown_name), f'+{row.phone}', shown_phone(row.phone)) for row in found if row.phone]
    return [(shown if name == number else name, number, shown) for name, number, shown in people]


def _degrees(text: str) -> tuple[float, float]:
    """Raises Invalid."""
    try:
        latitude, longitude = (float(part) for part in text.replace(';', ',').replace('°', '').split(','))
    except ValueError:
        raise Invalid('Two numbers are needed, with a comma between them, like 52.5200, 13.4050.') from None
    return latitude, longitude


def _text(control: ui.input) -> str:
    return str(control.value or '').strip()
