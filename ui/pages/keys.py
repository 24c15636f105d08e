"""Which programs may use the REST API, with what rights and until when."""

from datetime import timedelta
from shlex import quote

from nicegui import run, ui

from core.keys import Key
from core.rights import Login, Role, holds_all_of, role_of
from data.database import read
from data.sessions import all_sessions

from ..compose import Gateway
from ..frame import frame
from ..login import asker_now, guarded, page
from ..part import Part
from ..pieces import ask, badge, box, button, dialog, empty_state, field, heading, notice, panel, tool, when, words

LASTS = {0: 'Until it is revoked', 30: '30 days', 90: '90 days', 365: 'One year'}  # days
ROLES: dict[Role, str] = {
    'viewer': 'viewer: may read',
    'agent': 'agent: may read and send',
    'admin': 'admin: everything but owners',
    'owner': 'owner: everything',
}


def register(gateway: Gateway) -> None:
    @page('/keys', 'keys.manage')
    async def keys(login: Login) -> None:
        with frame('Keys', here='/keys', login=login, sandbox=gateway.sandbox is not None):
            shown = _Keys(gateway, login)
            with heading('Keys', 'With a key a program may use the REST API.'):
                shown.offer('Create a key')
            with box('body'), box('measure stack wide'):
                shown.fresh = box('stack')
                shown.part = Part(lambda found: shown.draw(*found), 'stack wide')
            await shown.refresh()
            ui.timer(5, shown.refresh)  # keys are also made and used by programs, which nobody announces


class _Keys:
    """The lists on one open page."""

    fresh: ui.element  # where a new key is shown, this once
    part: Part[tuple[list[Key], dict[str, str]]]

    def __init__(self, gateway: Gateway, login: Login) -> None:
        self.gateway, self.login = gateway, login

    async def refresh(self) -> None:
        found = await run.io_bound(self._read)
        if found is not None:  # None: the program is ending
            self.part.show(found)

    def _read(self) -> tuple[list[Key], dict[str, str]]:
        with read():
            names = {str(row.id): str(row.name) for row in all_sessions()}
        return self.gateway.people.keys(), names

    def draw(self, keys: list[Key], sessions: dict[str, str]) -> None:
        now = self.gateway.world.now()
        ended = [key for key in keys if key.revoked_at or (key.expires_at and key.expires_at <= now)]
        alive = [key for key in keys if key not in ended]
        if not keys:
            with empty_state('No keys yet', 'A key lets a shop system, a script or a colleague’s program send and '
                             'read messages here.'):  # fmt: skip
                self.offer('Create the first key')
            return
        with panel('In use', f'{len(alive)}', tight=True):
            self.table('Keys in use', alive, sessions)
        if ended:
            with panel('Ended', 'They open nothing any more.', tight=True):
                self.table('Keys that ended', ended, sessions)

    def table(self, label: str, keys: list[Key], sessions: dict[str, str]) -> None:
        if not keys:
            words('None at the moment.', 'none quiet small', 'p')
            return
        with box('plain-table', 'table').props(f'aria-label="{label}"'):
            with box('', 'thead'), box('', 'tr'):
                words('Name', tag='th').props('scope=col')
                words('Begins with', tag='th').props('scope=col')
                words('Role', tag='th').props('scope=col')
                for name in ('Sessions', 'Created', 'Last used', 'Expires'):
                    words(name, 'desk', 'th').props('scope=col')
                words('', tag='td')
            with box('', 'tbody'):
                for key in keys:
                    with box('', 'tr'):
                        self.row(key, sessions)

    def row(self, key: Key, sessions: dict[str, str]) -> None:
        words(key.name, 'strong', 'th').props('scope=row')
        with box('', 'td'):
            words(f'dvc_{key.prefix}…', 'mono')
        words(key.role, tag='td')
        limited = None if key.sessions is None else [sessions.get(each, 'a deleted one') for each in key.sessions]
        words('all' if limited is None else ', '.join(limited) or 'none', 'desk', 'td')
        with box('desk', 'td'):
            when(key.created_at)
            words(f' by {key.created_by}', 'small faint')
        with box('desk', 'td'):
            when(key.last_used_at, 'never')
        with box('desk', 'td'):
            when(key.expires_at, 'never')
        with box('number', 'td'):
            if key.revoked_at:
                badge('Revoked')
            elif key.expires_at and key.expires_at <= self.gateway.world.now():
                badge('Expired')
            else:
                tool('block', f'Revoke {key.name}', on_click=guarded(lambda: self.revoke(key), 'keys.manage'))

    async def revoke(self, key: Key) -> None:
        sentence = f'Programs that use “{key.name}” are refused from now on. A key cannot be brought back.'
        if await ask('Revoke this key?', sentence, 'Revoke it'):
            await run.io_bound(self.gateway.people.revoke_key, asker_now(), key.id)
            await self.refresh()

    # ---- a new one

    def offer(self, text: str) -> None:
        button(text, 'primary', 'add', on_click=guarded(self.open_form, 'keys.manage'))

    async def open_form(self) -> None:
        with read():
            sessions = {str(row.id): str(row.name) for row in all_sessions()}
        roles = {role: ROLES[role] for role in ROLES if holds_all_of(asker_now().role, role)}
        with dialog('Create a key') as form:
            with field('Name', 'What will use it, so that you know what stops when you revoke it.'):
                name = ui.input().props('autofocus maxlength=80')
            with field('Role'):
                role = ui.select(roles, value='agent' if 'agent' in roles else None)
            with field('Sessions', 'None chosen means all, also those still to come.'):
                chosen = ui.select(sessions, multiple=True, value=[]).props('use-chips')
            with field('Lasts'):
                lasts = ui.select(LASTS, value=0)

            async def create() -> None:
                await self.create(str(name.value or ''), role_of(str(role.value)), list(chosen.value), lasts.value or 0)
                form.close()

            with box('beside'):
                button('Leave it', on_click=form.close)
                button('Create', 'primary', on_click=guarded(create, 'keys.manage'))
            name.on('keydown.enter', guarded(create, 'keys.manage'))

    async def create(self, name: str, role: Role, sessions: list[str], days: int) -> None:
        expires_at = self.gateway.world.now() + timedelta(days=days) if days else None
        made = await run.io_bound(
            self.gateway.people.add_key, asker_now(), name, role, sessions=sessions or None, expires_at=expires_at
        )
        if made is not None:
            self.show(*made)
            await self.refresh()

    def show(self, key: Key, plain: str) -> None:
        self.fresh.clear()
        with self.fresh, panel(f'The key “{key.name}”') as end, box('stack'):
            with end:
                tool('close', 'Put it away', on_click=self.fresh.clear)
            with notice('This is the only time the key is shown: Dovecote keeps no copy of it.', 'wait', 'key'):
                button('Copy the key', 'plain', 'content_copy', on_click=lambda: _copy(plain))
            words(plain, 'raw mono', 'p').props('tabindex=0')
            words('For example, who am I:', 'small quiet', 'p')
            words(self.example(plain), 'raw mono', 'pre').props('tabindex=0 role=region aria-label="An example"')

    def example(self, plain: str) -> str:
        request = ui.context.client.request
        base = self.gateway.settings.public_url or f'{request.url.scheme}://{request.url.netloc}'
        return f'curl {quote(f"{base}/api/v1/me")} \\\n  -H "Authorization: Bearer {plain}"'


def _copy(text: str) -> None:
    ui.clipboard.write(text)
    ui.notify('Copied.')
