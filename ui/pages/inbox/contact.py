"""The right column: who this is, and what happened to one message."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from core.rights import Asker

from ...aside import reading
from ...part import Part
from ...pieces import box, facts, person, tool, trace, words
from .bulk import BulkLine
from .group import GroupPanel
from .story import NOTHING, Story, story_of
from .views import ChatView


class Contact:
    def __init__(self, asker: Asker, group: GroupPanel, bulk: BulkLine, *, close: Callable[[], object]) -> None:
        self.asker, self.group, self.bulk, self.close = asker, group, bulk, close
        self.message = ''

    def draw(self) -> None:
        with box('contact', 'section').props('aria-label=Contact') as self._around:
            with box('bar'):
                words('Contact', 'unseen pocket', 'h1')
                words('What happened?', tag='h2')
                tool('close', 'Close', on_click=self.close).classes('push narrow')
            with box('scrolls drawer').props('tabindex=0 role=group aria-label="Contact and what happened"'):
                self._who: Part[ChatView] = Part(self._draw_who, 'who')
                self.bulk.draw()
                self.group.draw()
                self._story: Part[Story] = Part(_draw_story, 'story')

    def visible(self, yes: bool) -> None:
        self._around.set_visibility(yes)

    def who(self, chat: ChatView) -> None:
        self._who.show(replace(chat, opted_out=None))
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
        person(chat.name, f'{"A group" if chat.group else "Writes"} on {chat.session}', 'large')
        own_name = chat.push_name if chat.push_name != chat.name else ''
        pairs: list[tuple[str, str | datetime]] = [('Phone', chat.phone), ('LID', chat.lid)]
        pairs += [('Own name', own_name), ('First seen', chat.since)]
        facts((name, value) for name, value in pairs if value)


def _draw_story(story: Story) -> None:
    if not story.title:
        words('Choose a message to see what happened to it.', 'small quiet', 'p')
        return
    words(story.title, 'strong cut')
    trace(story.knots)
