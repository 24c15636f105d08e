"""What the buttons of webhooks do: add, change, rotate, pause, test, replay, delete."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from nicegui import ui

from core.errors import DovecoteError
from core.rights import Login
from core.webhooks.book import Backlog, Made
from core.webhooks.replay import Only
from core.webhooks.wish import Wish

from ...aside import aside, reading
from ...login import asker_now, guarded
from ...pieces import ask, box, button, dialog, field, notice, words
from ...written import counted
from .form import open_form
from .views import HookView, session_names

if TYPE_CHECKING:
    from ...compose import Gateway

SINCE = {1: 'the last hour', 24: 'the last 24 hours', 72: 'the last 3 days', 720: 'the last 30 days'}  # hours
ONLY: dict[Only, str] = {
    'failed': 'What gave up or waits for another try',
    'missing': 'That, and everything this webhook was never told',
}

Done = Callable[[], Awaitable[object]]


class Acts:
    """`done` is called when something has changed."""

    def __init__(self, gateway: 'Gateway', login: Login, done: Done) -> None:
        self.gateway, self.login, self.done = gateway, login, done
        self.book, self.replay = gateway.webhooks.book, gateway.webhooks.replay

    async def add(self) -> None:
        sessions = await self.sessions()
        first = next(iter(sessions), '') if self.login.asker.sessions is not None else ''
        wish = Wish(url='', events=['message.received'], session=first or None)

        async def save(wish: Wish) -> None:
            self.allow(wish)
            made = await aside(self._make, wish, asker_now().name)
            await self.done()
            self.show_secret(made)

        open_form('Add a webhook', 'Add it', sessions, wish, save)

    async def change(self, id: str) -> None:
        wish = await reading(self._wish, id)

        async def save(wish: Wish) -> None:
            self.allow(wish)
            await aside(self._change, id, wish)
            await self.done()
            ui.notify('Saved.')

        open_form('Change this webhook', 'Save', await self.sessions(), wish, save)

    async def sessions(self) -> dict[str, str]:
        asker = self.login.asker
        return {id: name for id, name in (await reading(session_names)).items() if asker.may_session(id)}

    def allow(self, wish: Wish) -> None:
        asker = asker_now()
        asker.must('webhooks.manage')
        if asker.sessions is not None and wish.session not in asker.sessions:
            raise DovecoteError('Choose one of your sessions.')

    def _make(self, wish: Wish, by: str) -> Made:
        self.book.check(wish)
        return self.book.add(wish, by=by)

    def _change(self, id: str, wish: Wish) -> None:
        self.book.check(wish)
        self.book.change(id, wish)

    def _wish(self, id: str) -> Wish:
        return self.book.wish_of(self.book.found(id))

    def show_secret(self, made: Made) -> None:
        sentence = 'With it the receiver checks that a delivery is ours (Standard Webhooks). Copy it now.'
        with dialog(f'The secret of {made.row.name}', sentence) as around:
            with notice('This is the only time it is shown.', 'wait', 'key'):
                pass
            words(made.secret, 'raw mono secret', 'p').props('tabindex=0')
            with box('beside'):
                button('Copy the secret', symbol='content_copy', on_click=lambda: copy(made.secret))
                button('Done', 'primary', on_click=around.close)

    async def rotate(self, id: str) -> None:
        sentence = 'There will be a new secret. For 24 hours every delivery is signed with both, then only with it.'
        if await ask('Give this webhook a new secret?', sentence, 'Make a new secret'):
            made = await aside(self.book.rotate, id)
            await self.done()
            self.show_secret(made)

    async def pause(self, id: str) -> None:
        await aside(self.book.switch_off, id)
        await self.done()

    async def switch_on(self, view: HookView) -> None:
        if not view.paused:
            return await self._on(view.id, None)
        sentence = f'{counted(view.paused, "delivery").replace("deliverys", "deliveries")} waited meanwhile.'
        with dialog(f'Switch {view.name} on', sentence) as around:

            async def choose(backlog: Backlog) -> None:
                await self._on(view.id, backlog)
                around.close()

            with box('stack'):
                for backlog, text in BACKLOGS.items():
                    button(text, on_click=guarded(lambda backlog=backlog: choose(backlog), 'webhooks.manage'))
            with box('beside'):
                button('Leave it', on_click=around.close)
        return None

    async def _on(self, id: str, backlog: Backlog | None) -> None:
        await aside(self.book.switch_on, id, backlog)
        await self.done()

    async def test(self, id: str) -> str:
        """The id of the delivery."""
        delivery, answer = await aside(self.replay.test, id)
        if answer.is_good:
            ui.notify(f'It answered {answer.status} after {answer.ms} ms.')
        else:
            ui.notify(answer.detail or f'It answered {answer.status}.', type='negative')
        await self.done()
        return delivery

    async def again(self, delivery_id: str) -> None:
        await aside(self.replay.one, delivery_id)
        await self.done()

    def replay_many(self, id: str) -> None:
        with dialog(
            'Tell again', 'Ten a second, each under its own id, so that the receiver sees repetitions.'
        ) as form:
            with field('What'):
                only = ui.select(ONLY, value='failed')
            with field('Of'):
                hours = ui.select(SINCE, value=24)

            async def start() -> None:
                since = self.gateway.world.now() - timedelta(hours=int(hours.value or 24))
                count = await aside(lambda: self.replay.many(id, only.value or 'failed', since=since))
                form.close()
                ui.notify(f'{count} are told again.' if count else 'There is nothing to tell again.')
                await self.done()

            with box('beside'):
                button('Leave it', on_click=form.close)
                button('Tell again', 'primary', on_click=guarded(start, 'webhooks.manage'))

    async def delete(self, view: HookView) -> None:
        sentence = 'Nothing is told there any more, and its log goes too, with whatever still waits.'
        if await ask(f'Delete {view.name}?', sentence, 'Delete it'):
            await aside(self.book.delete, view.id)
            await self.done()


BACKLOGS: dict[Backlog, str] = {
    'resume': 'Tell all of it', 'last_day': 'Tell only the last 24 hours', 'discard': 'Give it up',
}  # fmt: skip


def copy(text: str) -> None:
    ui.clipboard.write(text)
    ui.notify('Copied.')
