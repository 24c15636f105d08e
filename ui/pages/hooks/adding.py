"""Adding a hook: choose what calls, say by which session it answers, and get the address."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from nicegui import ui

from core.hooks.hooks import NEEDS_SECRET, Known, Settings
from core.hooks.recipes import RECIPES, Recipe
from core.hooks.verifying import KINDS, AuthKind, told_callers
from core.rights import Login
from data.sessions import all_sessions

from ...aside import aside, reading
from ...login import guarded
from ...pieces import box, button, dialog, field, notice, panel, words

if TYPE_CHECKING:
    from ...compose import Gateway

Said = Callable[[], object]


def draw_recipes(gateway: 'Gateway', login: Login) -> None:
    """One card for each system there is a recipe for."""
    with box('cards three'):
        for recipe in RECIPES:
            with panel(recipe.name) as end:
                words(recipe.about, 'small quiet', 'p')
            with end:
                adds = guarded(lambda recipe=recipe: open_form(gateway, login, recipe), 'hooks.edit')
                made = button('Add', 'plain small', 'add', on_click=adds)
                made.props['aria-label'] = f'Add {recipe.name}'


async def open_form(gateway: 'Gateway', login: Login, recipe: Recipe) -> None:
    sessions = await reading(lambda: [str(row.name) for row in all_sessions()])
    with dialog(f'Add {recipe.name}') as form:
        with field('Name'):
            name = ui.input(value=recipe.name).props('maxlength=80 autofocus')
        kind = ui.select({}, value=None)
        kind.set_visibility(False)
        if recipe.key == 'other':
            kind.delete()
            with field('Proof', 'How the other side proves that it is the one that calls.'):
                kind = ui.select({each: about.label for each, about in KINDS.items() if each != 'none'},
                                 value=recipe.kind)  # fmt: skip
        if recipe.brings_secret:
            with field('Secret', f'{recipe.name} shows it once the address is entered there; it can follow later.'):
                secret = ui.input().props('type=password autocomplete=off')
        with field('Session', 'Which account writes.'):
            session = ui.select(sessions, value=sessions[0] if sessions else None)
        with field('To', 'A number, a group’s address, or where in the call the number is.'):
            to = ui.input(value=recipe.map.to).props('maxlength=500 autocomplete=off')

        async def create() -> None:
            chosen: AuthKind = kind.value if recipe.key == 'other' else recipe.kind
            given = str(secret.value or '').strip() if recipe.brings_secret else ''
            map = replace(recipe.map, session=str(session.value or ''), to=str(to.value or '').strip())
            new = Settings(name=str(name.value or ''), kind=chosen, auth=recipe.auth, secret=given, map=map)
            made, fresh = await aside(_create, gateway, new, recipe)
            form.close()
            show_made(gateway, made, recipe, '' if recipe.brings_secret else fresh)

        with box('beside'):
            button('Leave it', on_click=form.close)
            button('Create', 'primary', on_click=guarded(create, 'hooks.edit'))


def _create(gateway: 'Gateway', new: Settings, recipe: Recipe) -> tuple[Known, str]:
    made, fresh = gateway.hooks.create(new)
    gateway.reception.show(made.id, recipe.sample)
    return made, fresh


def show_made(gateway: 'Gateway', hook: Known, recipe: Recipe, fresh: str) -> None:
    """Its address, its secret this once, and what is to be done on the other side."""
    with dialog(hook.settings.name) as form:
        draw_address(gateway, hook)
        if fresh and hook.settings.kind in NEEDS_SECRET:
            draw_secret(fresh)
        draw_proof(hook)
        with box('steps', 'ol'):
            for step in recipe.steps:
                words(step, 'small', 'li')
        with box('beside'):
            button('Build it', 'primary', on_click=lambda: ui.navigate.to(f'/hooks?hook={hook.id}'))
    form.on('hide', lambda: ui.navigate.to(f'/hooks?hook={hook.id}'))


def draw_address(gateway: 'Gateway', hook: Known) -> None:
    address = address_of(gateway, hook)
    with box('stack'), box('beside'):
        words(address, 'raw mono grow wraps', 'p').props('tabindex=0')
        button('Copy', 'plain small', 'content_copy', on_click=lambda: copy(address))


def draw_secret(fresh: str) -> None:
    with notice('This is the only time the secret is shown.', 'wait', 'key'):
        button('Copy the secret', 'plain small', 'content_copy', on_click=lambda: copy(fresh))
    words(fresh, 'raw mono wraps', 'p').props('tabindex=0')


def draw_proof(hook: Known) -> None:
    if said := told_callers(hook.settings.kind, hook.settings.auth):
        words(said, 'small', 'p')


def address_of(gateway: 'Gateway', hook: Known) -> str:
    request = ui.context.client.request
    base = gateway.settings.public_url or f'{request.url.scheme}://{request.url.netloc}'
    return f'{base}/hooks/{hook.key}'


def copy(text: str) -> None:
    ui.clipboard.write(text)
    ui.notify('Copied.')
