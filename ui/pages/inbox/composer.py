"""The box to write in: texts, notes, quick replies, and everything else that can be said."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, get_args

from nicegui import events, ui

from core.allowed import SENDABLE
from core.chats import Typing
from core.contents import checked_cards, checked_place, checked_poll, kept
from core.errors import DovecoteError, Invalid
from core.events import Card, FileKind, Place, Poll
from core.media import MIB
from core.outbox import Saying
from core.quick_replies import filled_for
from core.rights import Login, Right
from data.chats import chat_by_id

from ...aside import aside, reading
from ...live import live
from ...login import asker_now, guarded
from .asking import ask_contact, ask_place, ask_poll
from .bubble import BROWSER
from .doing import Doing
from .quick import manage_replies
from .said import Said
from .views import ChatView
from .wording import shown_as

if TYPE_CHECKING:
    from ...compose import Gateway


CAPTIONED = {'image', 'video', 'document'}


class Composer(ui.element, component='composer.js', esm={'dovecote-inbox': BROWSER}):
    """Hands over what was written; until it is taken the browser keeps it. `said` is told the chat's id afterwards."""

    def __init__(self, gateway: 'Gateway', login: Login, doing: Doing, *, said: Callable[..., object]) -> None:
        super().__init__()
        self.gateway, self.login, self.doing, self.said = gateway, login, doing, said
        self._name = self._chat = ''
        self.props['notes'] = login.asker.may('chats.manage')
        self.on('say', self._say)
        self.on('unreply', lambda: self.answer(None))
        self.on('typing', self._types)
        self.on('ask', self._ask)
        self.on('send', self._send)
        self.props['largest'] = gateway.settings.media_max_mb * MIB
        live(gateway.bus, lambda _: self._load_replies(), kinds=('quick_replies.changed',), every=0.3)

    def show(self, chat: ChatView) -> None:
        if self._chat != chat.id:
            self.answer(None)
            self._chat, self._name = chat.id, chat.name
            with self:
                ui.timer(0, self._load_replies, once=True)
        self.props['chat'] = chat.id
        self.props['hint'] = f'Write to {chat.name}, or / for a quick reply'
        self.props['label'] = f'Message to {chat.name}'
        self.props['closed'] = chat.state not in SENDABLE or bool(chat.closed)

    def answer(self, said: Said | None) -> None:
        self.props['edit'] = None
        if said is None:
            self.props['reply'] = None
            return
        text = said.text[:200] or shown_as(said.kind)[1]
        self.props['reply'] = {'id': said.id, 'who': said.who, 'text': text}

    def change(self, said: Said) -> None:
        """What is written next replaces the text of this message."""
        self.props['reply'] = None
        self.props['edit'] = {'id': said.id, 'text': said.text}

    async def _load_replies(self) -> None:
        chat = self._chat
        replies = await reading(_replies, chat, self.login.asker.name)
        if chat == self._chat:
            self.props['replies'] = replies

    async def _say(self, event: events.GenericEventArguments) -> None:
        chat, text, reply, edit = (str(event.args[name]) for name in ('chat', 'text', 'reply', 'edit'))
        note = bool(event.args['note'])

        async def say() -> None:
            if note:
                await aside(self.gateway.chats.note, chat, text, self.doing.author)
            elif edit:
                await self.doing.edit(edit, text)
            else:
                await self.doing.say(chat, Saying(text=text, reply_to=reply))

        right: Right = 'chats.manage' if note else 'messages.send'
        if await self._taken(say, right):
            self.answer(None)
            self.run_method('taken', chat, text, bool(edit))
            if not edit:
                self.said(chat, note=note)
        else:
            self.run_method('refused', chat)

    async def _send(self, event: events.GenericEventArguments) -> None:
        """Files that were brought already; the first that can have a caption gets it."""
        chat, caption, reply = (str(event.args[name]) for name in ('chat', 'caption', 'reply'))
        sent: list[int] = []
        problems: dict[int, str] = {}
        for each in event.args['files']:
            try:
                asker_now().must('messages.send')
                new = await aside(self._file, str(each['id']), str(each['kind']))
                if caption.strip() and new.kind in CAPTIONED:
                    new, caption = replace(new, text=caption), ''
                await self.doing.say(chat, replace(new, reply_to='' if sent else reply))
                sent.append(int(each['key']))
            except DovecoteError as error:
                problems[int(each['key'])] = str(error)
        if caption.strip() and sent:  # a voice message or a sticker cannot have one
            await self._taken(lambda: self.doing.say(chat, Saying(text=caption)), 'messages.send')
        if sent:
            self.answer(None)
            self.said(chat)
        self.run_method('sent', chat, sent, problems, bool(sent))

    def _file(self, id: str, word: str) -> Saying:
        """Converted where it has to be, which may take a while."""
        kind = next((each for each in get_args(FileKind) if each == word), None)
        if kind is None:
            raise Invalid(f'A file is sent as one of {", ".join(get_args(FileKind))}.', field='kind')
        store = self.gateway.media
        made = store.adapt(store.visible(self.login.asker, id), kind)
        return Saying(kind=kind, media_id=made.id, content=kept(store.local_file(made, kind)))

    async def _taken(self, say: Callable[[], Awaitable[None]], right: Right) -> bool:
        taken = False

        async def do() -> None:
            nonlocal taken
            await say()
            taken = True

        await guarded(do, right)()
        return taken

    async def _types(self, event: events.GenericEventArguments) -> None:
        """A courtesy to the other side; when it cannot be shown, nobody is bothered."""
        chat, state = str(event.args['chat']), _typing_of(str(event.args['state']))
        try:
            (await aside(self.gateway.chats.typing, chat, state)).add_done_callback(lambda done: done.exception())
        except DovecoteError:
            return

    async def _ask(self, event: events.GenericEventArguments) -> None:
        """Something that needs a dialog."""
        what = str(event.args)
        if what == 'replies':
            await manage_replies(self.gateway.quick_replies)
        elif what == 'place':
            ask_place(self._place)
        elif what == 'contact':
            await ask_contact(self.login.asker, self._cards)
        elif what == 'poll':
            ask_poll(self._poll)

    async def _place(self, place: Place) -> None:
        place = checked_place(place)
        await self._put(Saying(kind='location', text=place.name, content=kept(place)))

    async def _cards(self, cards: tuple[Card, ...]) -> None:
        cards = checked_cards(cards)
        await self._put(Saying(kind='contact', text=cards[0].name, content=kept(cards)))

    async def _poll(self, poll: Poll) -> None:
        poll = checked_poll(poll)
        await self._put(Saying(kind='poll', text=poll.name, content=kept(poll)))

    async def _put(self, new: Saying) -> None:
        """Raises what the outbox raises, for the dialog to show."""
        await self.doing.say(self._chat, new)
        self.said(self._chat)


def _replies(chat_id: str, writer: str) -> list[dict[str, str]]:
    chat = chat_by_id(chat_id)
    if chat is None:
        return []
    return [{'key': key, 'text': text, 'problem': problem} for key, text, problem in filled_for(chat, writer)]


def _typing_of(word: str) -> Typing:
    return 'recording' if word == 'recording' else 'typing' if word == 'typing' else 'paused'
