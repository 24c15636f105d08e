"""One's own account: password, light or dark, and where one is signed in."""

import json

from nicegui import run, ui

from core.passwords import SHORTEST
from core.people import Place
from core.rights import Login, Look

from ...compose import Gateway
from ...frame import DARK
from ...login import asker_now, guarded
from ...pieces import ask, badge, box, button, facts, field, panel, when, words

LOOKS: dict[Look, str] = {'light': 'Light', 'dark': 'Dark', 'auto': 'As the system'}
BROWSERS = ('Edg', 'OPR', 'Firefox', 'Chrome', 'Safari', 'curl')  # the first that is named; most name others too
SYSTEMS = ('Android', 'iPhone', 'iPad', 'Windows', 'Mac OS X', 'Linux')
CALLED = {'Edg': 'Edge', 'OPR': 'Opera', 'Mac OS X': 'macOS'}


async def your_account(gateway: Gateway, login: Login) -> None:
    with box('account'):
        with panel('You'), box('stack wide'):
            facts([('Name', login.asker.name), ('E-mail', login.email), ('Role', login.asker.role)])
            with box('stack'):
                words('Light or dark', 'small strong')
                look_switch(gateway, login)
        with panel('Your password'):
            password_form(gateway, login)
        with panel('Where you are signed in', tight=True) as end:
            places = _Places(gateway, login, box('lines', 'ul'))
            with end:
                button('Sign out elsewhere', 'risky small', on_click=guarded(places.sign_out_elsewhere))
            await places.refresh()
            ui.timer(10, places.refresh)


def look_switch(gateway: Gateway, login: Login) -> None:
    buttons: dict[Look, ui.element] = {}

    async def choose(look: Look) -> None:
        await run.io_bound(gateway.people.set_look, asker_now().id, look)
        for each, made in buttons.items():
            made.props['aria-pressed'] = str(each == look).lower()
        # The route of the frame also tells this browser's sign-in page, by a cookie.
        ui.run_javascript(
            f'setDark({json.dumps(DARK[look])}); '
            f'fetch("/look", {{method: "POST", body: new URLSearchParams({{look: {json.dumps(look)}}})}})'
        )

    with box(), box('switch').props('role=group aria-label="Light or dark"'):
        for look, word in LOOKS.items():
            with box('', 'button').props(f'type=button aria-pressed={str(look == login.look).lower()}') as made:
                words(word)
            made.on('click', guarded(lambda look=look: choose(look)))
            buttons[look] = made


def password_form(gateway: Gateway, login: Login) -> None:
    people = gateway.people
    with box('stack wide'):
        with field('Present password'):
            present = ui.input(password=True).props('autocomplete=current-password')
        with field('New password', f'At least {SHORTEST} characters. Other browsers of yours have to sign in again.'):
            new = ui.input(password=True, password_toggle_button=True).props('autocomplete=new-password')

        async def change() -> None:
            asker = asker_now()
            await run.io_bound(people.check_password, asker.id, str(present.value or ''))
            await run.io_bound(people.set_password, asker, asker.id, str(new.value or ''), keep=login.id)
            present.value = new.value = ''
            ui.notify('Your password is changed. Other browsers have to sign in again.')

        with box('beside'):
            button('Change the password', 'plain', on_click=guarded(change))
        new.on('keydown.enter', guarded(change))


class _Places:
    def __init__(self, gateway: Gateway, login: Login, place: ui.element) -> None:
        self.people, self.login, self.place = gateway.people, login, place
        self.seen: list[Place] | None = None

    async def refresh(self) -> None:
        found = await run.io_bound(self.people.logins_of, self.login.asker.id)
        if found is None or found == self.seen:
            return
        self.seen = found
        self.place.clear()
        with self.place:
            for each in found:
                with box('', 'li'):
                    with box('grow'):
                        words(browser_of(each.browser), tag='p')
                        with box('small faint', 'p'):
                            words(f'{each.ip}, since ')
                            when(each.since)
                    if each.login_id == self.login.id:
                        badge('This one', 'accent')
                    else:
                        with box('small faint'):
                            words('last seen ')
                            when(each.last_seen_at)

    async def sign_out_elsewhere(self) -> None:
        if await ask('Sign out elsewhere?', 'Every other browser of yours has to sign in again.', 'Sign out elsewhere'):
            asker = asker_now()
            await run.io_bound(self.people.revoke_logins, asker, asker.id, keep=self.login.id)
            await self.refresh()


def browser_of(user_agent: str) -> str:
    """Which browser on which system, in words; what it said when neither is known."""
    browser = next((each for each in BROWSERS if f'{each}/' in user_agent), '')
    system = next((each for each in SYSTEMS if each in user_agent), '')
    named = ' on '.join(CALLED.get(each, each) for each in (browser, system) if each)
    return named or user_agent[:60] or 'A browser that does not say its name'
