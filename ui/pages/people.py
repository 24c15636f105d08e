"""Who may sign in, and as what."""

from nicegui import run, ui

from core.passwords import SHORTEST
from core.people import Person
from core.rights import RIGHTS, Login, Right, Role, holds_all_of, role_of

from ..compose import Gateway
from ..frame import frame
from ..login import asker_now, guarded, page
from ..part import Part
from ..pieces import ask, badge, box, button, dialog, field, heading, panel, person, tool, when, words

RIGHT: Right = 'people.manage'
ROLES: dict[Role, str] = {
    'owner': 'owner: everything, also other owners',
    'admin': 'admin: everything but owners',
    'agent': 'agent: reads and answers',
    'viewer': 'viewer: only reads',
}


def register(gateway: Gateway) -> None:
    @page('/people', RIGHT)
    async def people(login: Login) -> None:
        with frame('People', here='/people', login=login, sandbox=gateway.sandbox is not None):
            shown = _People(gateway, login)
            with heading('People', 'Who may sign in here, and what each of them may do.'):
                button('Add a person', 'primary', 'person_add', on_click=guarded(shown.open_form, RIGHT))
            with box('body'), box('measure stack wide'):
                shown.part = Part(shown.draw)
            await shown.refresh()
            ui.timer(5, shown.refresh)  # people also come by the command line and REST, which nobody announces


class _People:
    """The list on one open page."""

    part: Part[list[Person]]

    def __init__(self, gateway: Gateway, login: Login) -> None:
        self.people = gateway.people
        self.login = login

    async def refresh(self) -> None:
        found = await run.io_bound(self.people.users)
        if found is not None:  # None: the program is ending
            self.part.show(found)

    def draw(self, found: list[Person]) -> None:
        with panel('May sign in', f'{sum(each.active for each in found)}', tight=True):
            self.table(found)

    def table(self, found: list[Person]) -> None:
        with box('plain-table', 'table').props('aria-label=People'):
            with box('', 'thead'), box('', 'tr'):
                words('Person', tag='th').props('scope=col')
                words('Role', tag='th').props('scope=col')
                words('Last seen', 'desk', 'th').props('scope=col')
                words('Since', 'desk', 'th').props('scope=col')
                words('', tag='td')
            with box('', 'tbody'):
                for each in found:
                    with box('', 'tr'):
                        self.row(each)

    def row(self, each: Person) -> None:
        with box('', 'th').props('scope=row'):
            person(each.name, each.email)
        with box('', 'td'), box('beside wraps'):
            words(each.role)
            if each.id == self.login.asker.id:
                badge('You', 'accent')
            elif not each.active:
                badge('Deactivated')
        with box('desk', 'td'):
            when(each.last_seen_at, 'never')
        with box('desk', 'td'):
            when(each.created_at)
        with box('number', 'td'):
            if holds_all_of(self.login.asker.role, each.role):
                self.actions(each)

    def actions(self, each: Person) -> None:
        own = each.id == self.login.asker.id
        with tool('more_horiz', f'What to do with {each.name}'), ui.menu().props('auto-close'):
            ui.menu_item('Change role…', guarded(lambda: self.open_role(each), RIGHT))
            if own:
                ui.menu_item('Your account', lambda: ui.navigate.to('/settings'))
                return
            ui.menu_item('Set a new password…', guarded(lambda: self.open_password(each), RIGHT))
            ui.menu_item('Sign out everywhere…', guarded(lambda: self.sign_out(each), RIGHT))
            if each.active:
                ui.menu_item('Deactivate…', guarded(lambda: self.deactivate(each), RIGHT))
            else:
                ui.menu_item('Let in again', guarded(lambda: self.activate(each), RIGHT))

    # ---- what can be done

    async def open_form(self) -> None:
        with dialog('Add a person', 'They sign in with this address and password.') as form:
            with field('E-mail'):
                email = ui.input().props('autofocus type=email autocomplete=off maxlength=254')
            with field('Name'):
                name = ui.input().props('autocomplete=off maxlength=80')
            with field('Role'):
                role = ui.select(_roles(), value='agent')
            with field('Password', f'At least {SHORTEST} characters. They can change it under Settings.'):
                password = ui.input(password=True, password_toggle_button=True).props('autocomplete=new-password')

            async def add() -> None:
                await run.io_bound(
                    self.people.add_user, asker_now(), str(email.value or ''), str(name.value or ''),
                    role_of(str(role.value)), str(password.value or ''),
                )  # fmt: skip
                form.close()
                await self.refresh()

            with box('beside'):
                button('Leave it', on_click=form.close)
                button('Add', 'primary', on_click=guarded(add, RIGHT))
            password.on('keydown.enter', guarded(add, RIGHT))

    async def open_role(self, each: Person) -> None:
        with dialog(f'The role of {each.name}', 'It holds at once, also on pages they have open.') as form:
            with field('Role'):
                role = ui.select(_roles(), value=each.role)

            async def change() -> None:
                await run.io_bound(self.people.set_role, asker_now(), each.id, role_of(str(role.value)))
                form.close()
                await self.refresh()

            with box('beside'):
                button('Leave it', on_click=form.close)
                button('Change the role', 'primary', on_click=guarded(change, RIGHT))

    async def open_password(self, each: Person) -> None:
        with dialog(f'A new password for {each.name}', 'It signs them out everywhere.') as form:
            with field('New password', f'At least {SHORTEST} characters.'):
                password = ui.input(password=True, password_toggle_button=True)
                password.props('autofocus autocomplete=new-password')

            async def change() -> None:
                await run.io_bound(self.people.set_password, asker_now(), each.id, str(password.value or ''))
                form.close()
                ui.notify(f'{each.name} has a new password.')

            with box('beside'):
                button('Leave it', on_click=form.close)
                button('Set the password', 'primary', on_click=guarded(change, RIGHT))
            password.on('keydown.enter', guarded(change, RIGHT))

    async def sign_out(self, each: Person) -> None:
        if await ask(f'Sign {each.name} out everywhere?', 'Every browser has to sign in again.', 'Sign out'):
            count = await run.io_bound(self.people.revoke_logins, asker_now(), each.id)
            ui.notify(f'{each.name} was signed in {count or 0} times and is not any more.')

    async def deactivate(self, each: Person) -> None:
        sentence = (
            'They are signed out everywhere and cannot sign in again. What they wrote stays. You can let them in again.'
        )
        if await ask(f'Deactivate {each.name}?', sentence, 'Deactivate'):
            await run.io_bound(self.people.deactivate, asker_now(), each.id)
            await self.refresh()

    async def activate(self, each: Person) -> None:
        await run.io_bound(self.people.activate, asker_now(), each.id)
        await self.refresh()


def _roles() -> dict[Role, str]:
    """Those this asker may give."""
    return {role: ROLES[role] for role in RIGHTS if holds_all_of(asker_now().role, role)}
