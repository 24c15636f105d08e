"""The right column: who this is, and what happened to one message."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from nicegui import ui

from core.rights import Login

from ...aside import aside, reading
from ...login import guarded
from ...part import Part
from ...pieces import ask, badge, box, button, facts, person, tool, trace, words
from .bulk import BulkLine
from .group import GroupPanel
from .story import NOTHING, Story, story_of
from .views import ChatView

if TYPE_CHECKING:
    from ...compose import Gateway


class Contact:
    def __init__(
        self, gateway: 'Gateway', login: Login, group: GroupPanel, bulk: BulkLine, *, close: Callable[[], object]
    ) -> None:
        self.blocklist, self.asker, self.close = gateway.blocklist, login.asker, close
        self.group, self.bulk = group, bulk
        self.message = ''

    def draw(self) -> None:
        with box('contact', 'section').props('aria-label=Contact') as self._around:
            with box('bar'):
                words('Contact', 'unseen pocket', 'h1')
                words('What happened?', tag='h2')
                tool('close', 'Close', on_click=self.close).classes('push narrow')
            with box('scrolls drawer').props('tabindex=0 role=group aria-label="Contact and what happened"'):
                self._who: Part[ChatView] = Part(self._draw_who, 'who')
                # apart from who it is: a part that is drawn anew loses clicks
                self._block: Part[tuple[str, str, str, bool]] = Part(self._draw_block, 'who')
                self.bulk.draw()
                self.group.draw()
                self._story: Part[Story] = Part(_draw_story, 'story')

    def visible(self, yes: bool) -> None:
        self._around.set_visibility(yes)

    def who(self, chat: ChatView) -> None:
        self._who.show(replace(chat, opted_out=None))
        self._block.show((chat.session_id, chat.contact_id, chat.name, chat.blocked))
        self.bulk.show(chat)
        self.group.follow(chat.id if chat.group else '')

    async def tell(self, message_id: str) -> bool:
        """Show what happened to this message; False while the router has not looked at it yet."""
        self.message = message_id
        story = await reading(story_of, message_id, self.asker) if message_id else NOTHING
        if self.message == message_id:
            self._story.show(story)
        return not story.waits

    def _draw_who(self, chat: ChatView) -> None:
        what = 'What people tell everybody,' if chat.status else 'A group' if chat.group else 'Writes'
        person(chat.name, f'{what} on {chat.session}', 'large')
        own_name = chat.push_name if chat.push_name != chat.name else ''
        pairs: list[tuple[str, str | datetime]] = [('Phone', chat.phone), ('LID', chat.lid)]
        pairs += [('Own name', own_name), ('First seen', chat.since)]
        facts((name, value) for name, value in pairs if value)
        if chat.blocked:
            badge('Blocked', 'bad')

    def _draw_block(self, whom: tuple[str, str, str, bool]) -> None:
        session_id, contact_id, name, blocked = whom
        if not contact_id or not self.asker.may('groups.manage'):
            return

        async def block() -> None:
            sentence = f'Nothing {name} writes to this account arrives any more, and nobody here can write to them.'
            if await ask(f'Block {name}?', sentence, 'Block'):
                await aside(self.blocklist.block, session_id, contact_id, True)

        async def unblock() -> None:
            await aside(self.blocklist.block, session_id, contact_id, False)

        with box('beside'):
            if blocked:
                button('Unblock', 'plain small', 'lock_open', on_click=guarded(unblock, 'groups.manage'))
            else:
                button('Block…', 'plain small', 'block', on_click=guarded(block, 'groups.manage'))


def _draw_story(story: Story) -> None:
    if not story.title:
        words('Choose a message to see what happened to it.', 'small quiet', 'p')
        return
    words(story.title, 'strong cut')
    trace(story.knots)
    if story.runs:
        ui.link('Everything in full', story.runs).classes('small')
