"""The box to write in."""

from collections.abc import Awaitable, Callable

from nicegui import events, ui

from core.outbox import SENDABLE

from .views import ChatView, Said
from .wording import shown_as

# text, chat id, id of the message that is answered or ''
Say = Callable[[str, str, str], Awaitable[bool]]


class Composer(ui.element, component='composer.js'):
    """Hands a text to `say`, which tells whether it was taken; until then the browser keeps it."""

    def __init__(self, say: Say) -> None:
        super().__init__()
        self.say = say
        self._name = ''
        self.on('say', self._say)
        self.on('unreply', lambda: self.answer(None))

    def show(self, chat: ChatView) -> None:
        if self.props.get('chat') != chat.id:
            self.answer(None)
        self._name = chat.name
        self.props['chat'] = chat.id
        self.props['hint'] = 'A new line: Shift and Enter' if chat.group else f'Write to {chat.name}'
        self.props['label'] = f'Message to {chat.name}'
        self.props['closed'] = chat.state not in SENDABLE or bool(chat.closed)

    def answer(self, said: Said | None) -> None:
        if said is None:
            self.props['reply'] = None
            return
        who = 'You' if said.out else said.sender or self._name
        text = said.text[:200] or shown_as(said.kind)[1]
        self.props['reply'] = {'id': said.id, 'who': who, 'text': text}

    async def _say(self, event: events.GenericEventArguments) -> None:
        chat, text, reply = (str(event.args[name]) for name in ('chat', 'text', 'reply'))
        if await self.say(text, chat, reply):
            self.answer(None)
            self.run_method('taken', chat, text)
        else:
            self.run_method('refused', chat)
