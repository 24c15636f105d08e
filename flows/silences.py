"""Starts flows in chats in which somebody should have written, and did not."""

from datetime import datetime
from functools import partial

from core.world import World
from data.clocks import FlowSilence, await_word, due_silences, fire, got_word
from data.database import read, write
from data.scenes import chat_scene

from .library import Library, LiveFlow
from .occasion import Occasion
from .router import Router
from .triggers.inactivity import InactivityTrigger


class Silences:
    """`heard` and `said` belong inside a write; `tick` about once a second."""

    def __init__(self, world: World, library: Library, router: Router) -> None:
        self.world, self.library, self.router = world, library, router

    def heard(self, chat_id: str, group: bool, at: datetime) -> None:
        """They wrote: nobody waits for them any more, but for us."""
        for flow, trigger in self._triggers(group):
            got_word(flow.document.key, trigger.id, chat_id)
            if trigger.of == 'agent':
                await_word(flow.document.key, trigger.id, chat_id, at + trigger.after)

    def said(self, chat_id: str, group: bool, at: datetime, author: str) -> None:
        """One of us wrote, `author` as in the message's row; what a flow says does not wait for its own echo."""
        for flow, trigger in self._triggers(group):
            if trigger.of == 'agent':
                if author.startswith(('user:', 'phone')):
                    got_word(flow.document.key, trigger.id, chat_id)
            elif author != f'flow:{flow.document.key}':
                await_word(flow.document.key, trigger.id, chat_id, at + trigger.after)

    def _triggers(self, group: bool) -> list[tuple[LiveFlow, InactivityTrigger]]:
        return [
            (flow, trigger)
            for flow in self.library.live().all_for('inactivity')
            for trigger in flow.document.triggers
            if isinstance(trigger, InactivityTrigger) and trigger.chat in ('any', 'group' if group else 'private')
        ]

    def tick(self) -> None:
        live = self.library.live()
        if not live.has('inactivity'):
            return
        with read():
            due = due_silences(self.world.now())
        for row in due:
            flow = next((each for each in live.all_for('inactivity') if each.document.key == row.flow), None)
            occasion = self._occasion(row, flow)
            if flow is None or occasion is None:
                write(partial(fire, row))
            else:
                self.router.happen(occasion, partial(fire, row), only=flow)

    def _occasion(self, row: FlowSilence, flow: LiveFlow | None) -> Occasion | None:
        trigger = next((each for each in flow.document.triggers if each.id == row.trigger), None) if flow else None
        with read():
            chat = chat_scene(str(row.chat))
        if not isinstance(trigger, InactivityTrigger) or chat is None:
            return None
        return Occasion(
            kind='inactivity', at=row.due_at, session_id=chat['session_id'], session=chat['session'],
            chat_id=chat['id'], group=chat['group'] or '', contact_id=chat['contact_id'],
            facts={'trigger': trigger.id, 'of': trigger.of},
        )  # fmt: skip
