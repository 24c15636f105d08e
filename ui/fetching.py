"""The part of a session's page about the files it fetches by itself, and previews of links."""

from collections.abc import Awaitable, Callable
from typing import get_args

from nicegui import ui

from core.events import FileKind
from core.link_previews import show_links
from core.media_policy import MOST_MB, Policy, change_policy
from core.rights import Login

from .aside import aside
from .login import guarded
from .part import Part
from .pieces import box, button, dialog, field, panel, words

NAMES: dict[FileKind, str] = {
    'image': 'Pictures', 'video': 'Videos', 'audio': 'Audio files', 'voice': 'Voice messages',
    'document': 'Documents', 'sticker': 'Stickers',
}  # fmt: skip
Shown = tuple[Policy, bool]


class FetchingPanel:
    """`refresh` lets the page look again."""

    def __init__(self, login: Login, *, id: str, refresh: Callable[[], Awaitable[None]]) -> None:
        self.id, self.refresh = id, refresh
        self.may = login.asker.may('sessions.manage')
        self.shown: Shown = (Policy(), False)

    def draw(self) -> None:
        with panel('Received files and links') as end:
            if self.may:
                with end:
                    button('Change…', 'plain small', on_click=guarded(self.change, 'sessions.manage')).props(
                        'aria-label="Change what is downloaded…"'
                    )
            self._words: Part[Shown] = Part(_draw_words, 'stack')

    def show(self, shown: Shown) -> None:
        self.shown = shown
        self._words.show(shown)

    def change(self) -> None:
        """A dialog: a switch for each kind, the size, and previews."""
        policy, links = self.shown
        with dialog('Received files and links') as around:
            with box('stack').props('role=group aria-label="Downloaded by itself"'):
                words('Downloaded by itself', 'strong')
                kinds = {kind: ui.checkbox(name, value=kind in policy.kinds) for kind, name in NAMES.items()}
            with field('Up to how many MB', 'Whatever is larger is downloaded when somebody asks for it.'):
                most = ui.number(value=policy.most_mb, min=0, max=MOST_MB, precision=0, format='%d')
            with box('stack'):
                shows = ui.switch('Show what links lead to', value=links)
                words(
                    'The first link of a text is opened from this machine before the text leaves, for its title and '
                    'picture.', 'small faint', 'p',
                )  # fmt: skip

            async def save() -> None:
                fetch = [kind for kind, chosen in kinds.items() if chosen.value]
                await aside(self._save, fetch, int(most.value or 0), bool(shows.value))
                around.close()
                await self.refresh()
                ui.notify('Saved.')

            with box('beside'):
                button('Leave it', on_click=around.close)
                button('Save', 'primary', on_click=guarded(save, 'sessions.manage'))

    def _save(self, fetch: list[FileKind], up_to_mb: int, links: bool) -> None:
        change_policy(self.id, fetch=fetch, up_to_mb=up_to_mb)
        show_links(self.id, links)


def _draw_words(shown: Shown) -> None:
    policy, links = shown
    for sentence in in_words(policy, links):
        words(sentence, 'small quiet', 'p')


def in_words(policy: Policy, links: bool) -> list[str]:
    """What is done by itself, one sentence each."""
    missing = [NAMES[kind].lower() for kind in get_args(FileKind) if kind not in policy.kinds]
    if not policy.kinds or not policy.most_mb:
        files = ['No file is downloaded by itself: each when somebody asks for it.']
    else:
        these = 'Files of every kind' if not missing else _and([NAMES[kind] for kind in policy.kinds])
        files = [f'{these.capitalize()} of up to {policy.most_mb} MB are downloaded by themselves.']
        files += [f'Only when somebody asks: {_and(missing)}.'] if missing else []
    previews = 'Texts go with a preview of their first link.' if links else 'Links are sent without a preview.'
    return [*files, previews]


def _and(names: list[str]) -> str:
    return ' and '.join(filter(None, (', '.join(names[:-1]), names[-1])))
