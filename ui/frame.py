"""What surrounds every page: the rail, the sheet, the tab bar of a phone; and the one place that dresses NiceGUI."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse, Response
from fastapi.staticfiles import StaticFiles
from nicegui import app, run, ui

from core.bus import Bus, News
from core.rights import Asker, Login, Look, Right

from .live import live
from .pieces import Words, box, button, drawing, face, icon, tool, words

LOOK = Path(__file__).parent / 'look'
FRESH = 'public, max-age=31536000, immutable'  # its address changes with the file
DARK: dict[Look, bool | None] = {'light': False, 'dark': True, 'auto': None}


@dataclass(frozen=True, slots=True)
class Place:
    """`right`: what a role needs to see it; None for everybody."""

    symbol: str
    word: str
    path: str
    right: Right | None = None


PLACES: tuple[tuple[str, tuple[Place, ...]], ...] = (
    ('', (Place('space_dashboard', 'Dashboard', '/', 'sessions.see'),
          Place('inbox', 'Inbox', '/inbox', 'messages.see'))),
    ('Sandbox', (Place('science', 'Phones', '/sandbox', 'sandbox.use'),)),
    ('Automate', (Place('account_tree', 'Flows', '/flows', 'flows.see'),
                  Place('history', 'Runs', '/runs', 'flows.see'))),
    ('Connect', (Place('phone_iphone', 'Sessions', '/sessions', 'sessions.see'),
                 Place('webhook', 'Webhooks', '/webhooks', 'webhooks.manage'),
                 Place('input', 'Hooks', '/hooks', 'hooks.see'), Place('code', 'API', '/api/docs'))),
    ('Look back', (Place('forum', 'Messages', '/messages', 'messages.see'),)),
    ('House', (Place('badge', 'People', '/people', 'people.manage'), Place('key', 'Keys', '/keys', 'keys.manage'),
               Place('settings', 'Settings', '/settings', 'settings.manage'))),
)  # fmt: skip

POCKET = {'/': 'Today', '/inbox': 'Inbox', '/sessions': 'Sessions', '/flows': 'Flows'}  # the tab bar of a phone

UNREAD_NEWS = ('message.received', 'chat.read')

MARK = (
    '<svg viewBox="0 0 22 22" fill="none" aria-hidden="true">'
    '<path d="M3 9.2 11 2.5l8 6.7v10.3H3z" fill="currentColor"/>'
    '<path d="M8.6 9.6a2.4 2.4 0 0 1 4.8 0v1.6H8.6zM5.4 15.6a2.2 2.2 0 0 1 4.4 0v1.5H5.4z'
    'M12.2 15.6a2.2 2.2 0 0 1 4.4 0v1.5h-4.4z" style="fill: var(--page)"/></svg>'
)


def dress(parent: FastAPI, *, bus: Bus | None = None, unread: Callable[[Asker], int] | None = None) -> None:
    """Once, before the first page and before `ui.run_with`: stylesheet, fonts and the defaults of NiceGUI's elements.

    With `bus` and `unread` (how many chats hold something this asker has not read; may ask the database) the count
    in every rail follows by itself.
    """
    serve_look(parent)
    script = f'<script defer src="{_address("frame.js")}"></script>'
    ui.add_head_html(style_links() + script, shared=True)
    # Quasar's brand colours become our variables, so that they follow light and dark by themselves.
    app.colors(primary='var(--accent)', positive='var(--good)', negative='var(--bad)', warning='var(--wait)',
               info='var(--accent)', dark='var(--raised)', dark_page='var(--page)')  # fmt: skip
    app.config.quasar_config['loadingBar']['skipHijack'] = True  # no bar for each request of the socket
    ui.button.default_props('flat no-caps :ripple=false color=None')
    for control in (ui.input, ui.number, ui.select, ui.textarea):
        control.default_props('outlined dense hide-bottom-space')
    ui.tabs.default_props('dense no-caps align=left :ripple=false active-color=none indicator-color=primary')
    ui.table.default_props('flat dense hide-bottom')
    app.state.unread = (bus, unread) if bus and unread else None


@contextmanager
def frame(title: str, *, here: str, login: Login, sandbox: bool = False, unread: int = 0) -> Iterator[None]:
    """Everything around a page. `here` is the path of its place in the rail; `unread` the count to begin with."""
    ui.page_title(f'{title} · Dovecote')
    wear(login.look)
    places = places_for(login.asker, sandbox=sandbox)
    with ui.context.client.layout:  # beside the page, where NiceGUI puts its own header and drawers
        around = [rail(places, here, login), pocket(places, here)]
        if sandbox:
            around.insert(0, banner(login))
        more_places(places, login)
        palette(places)
    for index, element in enumerate(around):
        element.move(target_index=index)
    ui.skip_link(target=ui.context.client.content)
    count_unread(login.asker, around, unread)
    yield


def places_for(asker: Asker, *, sandbox: bool) -> list[tuple[str, list[Place]]]:
    """The groups of places this asker may see, empty groups left out."""
    groups = [
        (group, [place for place in places if place.right is None or asker.may(place.right)])
        for group, places in PLACES
        if sandbox or group != 'Sandbox'
    ]
    return [(group, places) for group, places in groups if places]


def serve_look(parent: FastAPI) -> None:
    """Stylesheet, script, mark and fonts by name: mounting the folder would be one careless file away from a leak."""
    for name in ('theme.css', 'frame.js', 'mark.svg'):
        parent.add_api_route(f'/look/{name}', _file(LOOK / name), include_in_schema=False, methods=['GET', 'HEAD'])
    parent.mount('/look/fonts', _Fonts(directory=LOOK / 'fonts'), name='fonts')


def style_links() -> str:
    """The tags that bring the look into a <head>; they block painting and are cached."""
    return (
        '<link rel="preload" href="/look/fonts/inter-latin.woff2" as="font" type="font/woff2" crossorigin>'
        f'<link rel="stylesheet" href="{_address("theme.css")}">'
    )


def wear(look: Look) -> None:
    """Set light or dark before the first paint, and tell Quasar."""
    word = {'light': 'light', 'dark': 'dark'}.get(look, 'normal')  # no other word may reach the script
    ui.add_head_html(f"<script>document.getElementById('nicegui-color-scheme').content='{word}'</script>")
    dark = ui.dark_mode(DARK[look])
    # The browser has turned already; the element must follow, or the next live update would turn it back.
    ui.on('look-turned', lambda event: dark.set_value(event.args == 'dark'))


def rail(places: list[tuple[str, list[Place]]], here: str, login: Login) -> ui.element:
    with box('rail', 'nav').props('aria-label=Main') as nav:
        with ui.link(target='/').classes('mark'):
            drawing(MARK)
            words('Dovecote')
        with box('seek', 'button').props('type=button data-opens=palette aria-keyshortcuts=Control+K'):
            icon('search', 'tiny')
            words('Find or go to')
            words('Ctrl K', tag='kbd')
        with box('rail-list scrolls'):
            list_places(places, here)
        with box('rail-foot'):
            face(login.asker.name, 'small')
            words(login.asker.name, 'small grow cut')
            tool('contrast', 'Light or dark').props('data-turns-look')
            with sign_out_form():
                tool('logout', 'Sign out').props('type=submit')
    return nav


def pocket(places: list[tuple[str, list[Place]]], here: str) -> ui.element:
    with box('tabbar', 'nav').props('aria-label="Main, short"') as nav:
        seen = {place.path: place for _, group in places for place in group}
        for path, word in POCKET.items():
            if path in seen:
                step_to(seen[path], word, here)
        with box('', 'button').props('type=button data-opens=places'):
            icon('menu')
            words('More')
    return nav


def more_places(places: list[tuple[str, list[Place]]], login: Login) -> None:
    with box('places', 'dialog').props('aria-label="All places"'):
        list_places([(group, members) for group, members in places if group], here='')
        words(login.asker.name, tag='h2')
        with box('beside'):
            button('Light or dark', 'plain', 'contrast').props('data-turns-look')
            with sign_out_form():
                button('Sign out', 'plain', 'logout').props('type=submit')


def list_places(places: list[tuple[str, list[Place]]], here: str) -> None:
    for group, members in places:
        if group:
            words(group, tag='h2')
        with box('', 'ul'):
            for place in members:
                with box('', 'li'):
                    step_to(place, place.word, here)


def step_to(place: Place, word: str, here: str) -> None:
    with ui.link(target=place.path) as link:
        if place.path == here:
            link.props('aria-current=page')
        icon(place.symbol)
        words(word)
        if place.path == '/inbox':
            words('', 'count new')


def palette(places: list[tuple[str, list[Place]]]) -> None:
    """Find a place by its name; frame.js opens and filters it without asking the server."""
    with box('palette', 'dialog').props('aria-label="Find or go to"'):
        field = box('', 'input').props('type=text role=combobox aria-expanded=true aria-controls=palette-list')
        field.props('aria-autocomplete=list autocomplete=off placeholder="Find or go to" aria-label="Find or go to"')
        with box('scrolls', 'ul').props('id=palette-list role=listbox aria-label=Places'):
            for index, (group, place) in enumerate((group, each) for group, members in places for each in members):
                option = box('', 'li').props(f'id=palette-{index} role=option aria-selected=false')
                option.props['data-path'], option.props['data-word'] = place.path, place.word
                with option:
                    icon(place.symbol)
                    words(place.word, 'grow')
                    words(group, 'small faint')
            if any(place.path == '/inbox' for _, members in places for place in members):
                option = box('', 'li').props('id=palette-seek role=option aria-selected=false')
                option.props['data-path'] = option.props['data-seeks'] = '/inbox?q='
                with option:
                    icon('search')
                    words('Search chats and messages', 'grow')
                    words('Inbox', 'small faint')
        words('Nothing is called that.', 'nothing quiet', 'p').props('role=status')


def sign_out_form() -> ui.element:
    return box('', 'form').props('method=post action=/sign-out')


def banner(login: Login) -> ui.element:
    with box('banner', 'aside').props('aria-label=Sandbox') as strip:
        words('Sandbox: a pretend WhatsApp.')
        words('No message leaves this machine.').classes('desk')
        if login.asker.may('sandbox.use'):
            ui.link('Phones', '/sandbox')
    return strip


def count_unread(asker: Asker, around: list[ui.element], first: int) -> None:
    """Show the count in rail and tab bar, and keep it right while the page is open."""
    inside = [each for element in around for each in element.descendants()]
    badges = [each for each in inside if isinstance(each, Words) and 'count' in each.classes]

    def show(count: int) -> None:
        for each in badges:
            each.set_text(str(count) if count < 100 else '99+')
            each.props['aria-label'] = f'{count} unread'
            each.set_visibility(count > 0)

    show(first)
    source: tuple[Bus, Callable[[Asker], int]] | None = getattr(app.state, 'unread', None)
    if source is None or not badges:
        return
    bus, unread = source
    asked = answered = 0

    async def ask(_: list[News]) -> None:
        nonlocal asked, answered
        asked = turn = asked + 1
        count = await run.io_bound(unread, asker)
        if count is None:  # the program is ending
            return
        if turn > answered:  # a slow answer must not cover a newer one
            answered = turn
            show(count)

    live(bus, ask, kinds=UNREAD_NEWS, every=0.5)
    ui.timer(0, lambda: ask([]), once=True)


class _Fonts(StaticFiles):
    def file_response(self, *args: object, **more: object) -> Response:
        answer = super().file_response(*args, **more)  # type: ignore[arg-type]
        answer.headers['Cache-Control'] = 'public, max-age=604800'
        return answer


def _file(path: Path) -> Callable[[], FileResponse]:
    def answer() -> FileResponse:
        return FileResponse(path, headers={'Cache-Control': FRESH})

    return answer


def _address(name: str) -> str:
    return f'/look/{name}?{(LOOK / name).stat().st_mtime_ns:x}'
