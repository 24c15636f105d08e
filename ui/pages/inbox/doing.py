"""What a person does with one message: answer, react, change, delete, forward, send again."""

from collections.abc import Awaitable, Callable

from core.contents import kept
from core.errors import NotFound
from core.events import Choice
from core.fetch import Guard
from core.link_previews import with_preview
from core.outbox import Author, Outbox, Saying
from core.rights import Login
from data.chats import Chat, chat_by_id
from data.database import read
from data.messages import message_by_id

from ...aside import aside
from ...pieces import ask
from .forward import forward_to
from .said import Said


class Doing:
    """Everything asks first where something cannot be undone. Raises what the outbox raises."""

    def __init__(self, login: Login, outbox: Outbox, guard: Guard, open: Callable[[str], Awaitable[None]]) -> None:
        self.login, self.outbox, self.guard, self.open = login, outbox, guard, open

    async def say(self, chat_id: str, new: Saying) -> None:
        await aside(self._say, chat_id, new)

    async def react(self, chat_id: str, said: Said, emoji: str) -> None:
        """'' takes it back."""
        await self.say(chat_id, Saying(kind='reaction', target=said.id, text=emoji))

    async def vote(self, chat_id: str, said: Said, options: tuple[str, ...]) -> None:
        """All that is chosen now; () takes the vote back."""
        await self.say(chat_id, Saying(kind='poll_vote', target=said.id, content=kept(Choice(options=options))))

    async def edit(self, id: str, text: str) -> None:
        await aside(self._edit, id, text)

    async def delete(self, said: Said) -> None:
        sentence = 'It disappears from their phone too, and they see that something was deleted.'
        if await ask('Delete this message for everybody?', sentence, 'Delete for everybody'):
            await aside(self.outbox.revoke, said.id, self.author)

    async def forward(self, said: Said) -> None:
        async def go(chat_id: str) -> None:
            await aside(self._forward, said.id, chat_id)
            await self.open(chat_id)

        await forward_to(self.login.asker, said, go)

    async def again(self, said: Said) -> None:
        await send_again(self.outbox, said.id, said.status, self.author)

    async def was_sent(self, said: Said) -> None:
        await aside(self.outbox.mark_sent, said.id, self.author)

    async def cancel(self, said: Said) -> None:
        await aside(self.outbox.cancel, said.id)

    @property
    def author(self) -> Author:
        return Author(id=f'user:{self.login.asker.id}', name=self.login.asker.name)

    def _say(self, chat_id: str, new: Saying) -> None:
        extra = self._seen(chat_id).session.extra
        self.outbox.put(chat_id, with_preview(self.guard, new, extra), self.author)

    def _forward(self, id: str, chat_id: str) -> None:
        self._seen(chat_id)
        self.outbox.forward(id, chat_id, self.author)

    def _edit(self, id: str, text: str) -> None:
        with read():
            row = message_by_id(id)
        if row is None or not self.login.asker.may_session(row.session_id):
            raise NotFound('This message is not there any more.')
        self.outbox.edit(id, text, self.author)

    def _seen(self, chat_id: str) -> Chat:
        with read():
            chat = chat_by_id(chat_id)
        if chat is None or not self.login.asker.may_session(chat.session_id):
            raise NotFound('This chat is not there any more.')
        return chat


async def send_again(outbox: Outbox, id: str, status: str, author: Author) -> None:
    """Asks first when the message may have arrived. Raises what Outbox.resend raises."""
    sentence = 'It left this machine, but WhatsApp never confirmed it. If it did arrive, they get it twice.'
    if status != 'uncertain' or await ask('Send this message again?', sentence, 'Send again'):
        await aside(outbox.resend, id, author)
