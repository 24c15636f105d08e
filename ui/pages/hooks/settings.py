"""The settings of one hook: its address, its proof, and how much it takes."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from nicegui import ui

from core.hooks.hooks import NEEDS_SECRET, Known, Settings
from core.hooks.recipes import RECIPES

from ...aside import aside
from ...login import guarded
from ...pieces import ask, box, button, dialog, field, panel, words
from .adding import draw_address, draw_proof, draw_secret

if TYPE_CHECKING:
    from ...compose import Gateway

RESPOND = {'now': 'At once', 'wait': 'Once it is done, with the ids'}


class SettingsTab:
    def __init__(self, gateway: 'Gateway', hook: Known, changed: Callable[[Known], Awaitable[None]]) -> None:
        self.gateway, self.hook, self.changed = gateway, hook, changed

    def draw(self) -> None:
        told = self.hook.settings
        with panel('Where it is called'), box('stack'):
            draw_address(self.gateway, self.hook)
            draw_proof(self.hook)
            if told.kind in NEEDS_SECRET:
                with box('beside'):
                    button('Set the secret…', 'plain small', on_click=guarded(self.set_secret, 'hooks.edit'))
                    button('Make a new secret…', 'plain small', on_click=guarded(self.rotate, 'hooks.edit'))
            fitting = [each for each in RECIPES if each.kind == told.kind and each.key == told.kind]
            with box('steps', 'ol'):
                for step in (step for each in fitting for step in each.steps):
                    words(step, 'small', 'li')
        with panel('How it takes calls') as end, box('stack'):
            self._draw_fields(told)
        with end:
            button('Save', 'plain small', on_click=guarded(self.save, 'hooks.edit'))
        with panel('Delete'), box('beside'):
            words('Whoever still calls it is told that there is nothing here.', 'small quiet grow', 'p')
            button('Delete…', 'risky small', on_click=guarded(self.delete, 'hooks.edit'))

    def _draw_fields(self, told: Settings) -> None:
        with box('form'):
            with field('Name'):
                self.name = ui.input(value=told.name).props('maxlength=80')
            with field('Answers'):
                self.respond = ui.select(dict(RESPOND), value=told.respond)
            with field('Calls a minute', '0 for no limit.'):
                self.per_minute = ui.number(value=told.per_minute, min=0, max=100_000, precision=0, format='%d')
            with field('Only from', 'Networks like 203.0.113.0/24, separated by spaces; empty for anybody.'):
                self.allow_from = ui.input(value=' '.join(told.allow_from))
            with field('The same call', 'A template for what tells two calls apart; empty for what is usual.'):
                self.once = ui.input(value=told.once)
        self.enabled = ui.switch('On', value=told.enabled)

    async def save(self) -> None:
        current = self.gateway.hooks.at(self.hook.key) or self.hook
        new = replace(
            current.settings, name=str(self.name.value or ''), respond=self.respond.value,
            per_minute=int(self.per_minute.value or 0), allow_from=tuple(str(self.allow_from.value or '').split()),
            once=str(self.once.value or '').strip(), enabled=bool(self.enabled.value),
        )  # fmt: skip
        self.hook, _ = await aside(self.gateway.hooks.change, self.hook.id, new)
        await self.changed(self.hook)
        ui.notify('Saved.')

    async def set_secret(self) -> None:
        with dialog('Set the secret', 'The one before is good for 24 hours more.') as form:
            with field('Secret'):
                secret = ui.input().props('type=password autofocus autocomplete=off')

            async def keep() -> None:
                current = self.gateway.hooks.at(self.hook.key) or self.hook
                new = replace(current.settings, secret=str(secret.value or '').strip())
                self.hook, _ = await aside(self.gateway.hooks.change, self.hook.id, new)
                form.close()
                ui.notify('Saved.')

            with box('beside'):
                button('Leave it', on_click=form.close)
                button('Save', 'primary', on_click=guarded(keep, 'hooks.edit'))

    async def rotate(self) -> None:
        sentence = 'The other side has to be given the new one within 24 hours; until then both are good.'
        if not await ask('Make a new secret?', sentence, 'Make it'):
            return
        self.hook, fresh = await aside(self.gateway.hooks.rotate, self.hook.id)
        with dialog('The new secret') as form:
            draw_secret(fresh)
            with box('beside'):
                button('Done', 'primary', on_click=form.close)

    async def delete(self) -> None:
        sentence = f'“{self.hook.settings.name}” and everything it was told are gone for good.'
        if await ask('Delete this hook?', sentence, 'Delete it'):
            await aside(self.gateway.hooks.delete, self.hook.id)
            ui.navigate.to('/hooks')
