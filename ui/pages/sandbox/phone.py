"""One simulated phone: its chats, its messages, and a thumb to type with."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from nicegui import run, ui

from core.addresses import shown_phone
from core.errors import DovecoteError
from core.rights import Right
from core.sandbox.control import GroupOut, Item, PersonOut
from core.sandbox.process import Sandbox

from ...login import guarded
from ...part import Part
from ...pieces import box, button, person, ticks, tool, when, words
from .attach import Attach
from .bubble import draw_bubble
from .lines import ABOUT_ANOTHER, Line, lines_of
from .menu import forward_to, open_menu

USE: Right = 'sandbox.use'
LOOKED_AT = 300  # messages of all its chats that are asked for at a time
STATUS = 'status@broadcast'
TYPES_FOR = 4.0  # seconds "typing…" stays without anything new


@dataclass(frozen=True, slots=True, kw_only=True)
class Chats:
    """Whom a phone can write to. `ours`: number -> name of the session that has it."""

    people: tuple[PersonOut, ...]
    groups: tuple[GroupOut, ...]
    ours: Mapping[str, str]

    def of(self, phone: str) -> dict[str, str]:
        """Digits or group -> what the phone calls it; our own numbers first."""
        others = [each for each in self.people if each.phone != phone]
        found = {each.phone: f'{each.name} ({self.ours[each.phone]})' for each in others if each.phone in self.ours}
        found |= {each.jid: each.name for each in self.groups if phone in each.members}
        found[STATUS] = 'Status'
        return found | {each.phone: each.name for each in others if each.phone not in self.ours}

    def mentioned(self, text: str, chat: str) -> tuple[str, tuple[str, ...]]:
        """What goes out for "@Ben" in a group with Ben: the text with his number, and the number."""
        members = next((each.members for each in self.groups if each.jid == chat), ())
        found = sorted((each for each in self.people if each.phone in members), key=lambda each: -len(each.name))
        mentions = []
        for each in found:
            if each.name and f'@{each.name}' in text:
                text = text.replace(f'@{each.name}', f'@{each.phone}')
                mentions.append(each.phone)
        return text, tuple(mentions)

    def named(self, text: str) -> str:
        """With names instead of the digits of those it mentions."""
        for each in self.people if '@' in text else ():
            for digits in filter(None, (each.phone, each.lid)):
                text = text.replace(f'@{digits}', f'@{each.name or digits}')
        return text

    def name(self, phone: str) -> str:
        return next((each.name for each in self.people if each.phone == phone), f'+{phone}')


class PhonePanel:
    """Drawn where it is made; `know` and `refresh` keep it true."""

    def __init__(self, sandbox: Sandbox, owner: PersonOut) -> None:
        self.sandbox, self.owner = sandbox, owner
        self.chats = Chats(people=(), groups=(), ours={})
        self.chat = ''
        self.unseen: tuple[str, ...] = ()
        self.calling = False
        self.about: tuple[Literal['reply', 'edit'], Line] | None = None  # what is written belongs to this message
        self.held = False  # somebody's cursor is in the composer: the chat is open before their eyes
        with box('phone', 'section') as self.around, box('screen'):
            self.around.props['aria-label'] = f'Phone of {owner.name}'
            with box('bar'):
                self.head = Part(self.draw_owner, 'beside grow')
            with box('bar chooser'):
                self.chooser = ui.select({}, on_change=guarded(self.turn_to, USE)).classes('grow')
                self.chooser.props('borderless prefix=to', remove='outlined')
                self.chooser.props['aria-label'] = f'Chat on the phone of {owner.name}'
            with box('scrolls talk').props('tabindex=0 role=log') as talk:
                talk.props['aria-label'] = f'Messages on the phone of {owner.name}'
                with box():
                    self.talk = Part(self.draw_lines, 'bubbles')
                    self.typing = words('typing…', 'small faint typing')
            self.typing.set_visibility(False)
            self.foot = Part(self.draw_foot)
            self.answering = Part(self.draw_answering)
            self.draw_composer()
        self.still = ui.timer(TYPES_FOR, lambda: self.typing.set_visibility(False), active=False, immediate=False)

    # ---- what is true

    async def know(self, owner: PersonOut, chats: Chats) -> None:
        """Who holds this phone now, and whom they can write to."""
        changed = (owner.name, owner.unread, chats) != (self.owner.name, self.owner.unread, self.chats)
        self.owner, self.chats = owner, chats
        self.head.show((owner.name, owner.offline, self.calling))
        self.composer.set_enabled(not owner.offline)
        self.send.set_enabled(not owner.offline)
        self.attach.press.set_enabled(not owner.offline)
        self.composer.props['placeholder'] = 'This phone is switched off' if owner.offline else 'Message'
        names = chats.of(owner.phone)
        if self.chat not in names and names:
            self.chat = await self._first_chat(names)
        if self.chooser.options != names:
            self.chooser.set_options(names, value=self.chat or None)
        if changed or not self.talk.around.default_slot.children:
            await self.refresh()

    async def _first_chat(self, names: dict[str, str]) -> str:
        items = await run.io_bound(self.sandbox.conversation, self.owner.phone, latest=LOOKED_AT) or ()
        latest = next((each.chat for each in reversed(items) if each.chat in names), '')
        return latest or next(iter(names))

    async def refresh(self) -> None:
        """Draw what the phone holds now, and read it when somebody looks at it."""
        items = await run.io_bound(self.sandbox.conversation, self.owner.phone, latest=LOOKED_AT)
        if items is None:
            return
        here = [each for each in items if each.chat == self.chat]
        self.calling = any(each.kind == 'call' and each.mine and each.text == 'ringing' for each in items)
        self.head.show((self.owner.name, self.owner.offline, self.calling))
        self.talk.show(tuple(replace(each, text=self.chats.named(each.text)) for each in lines_of(here)))
        self.unseen = tuple(each.id for each in here if not each.mine and not each.seen)
        if self.unseen:
            self.typing.set_visibility(False)
        if self.unseen and self.held and not self.owner.offline:
            await self.read()
        else:
            self.foot.show((_spoken(each for each in here if each.id in self.unseen), self._elsewhere(items)))

    def _elsewhere(self, items: tuple[Item, ...]) -> tuple[tuple[str, int], ...]:
        """(chat, unread) of the other chats, newest first."""
        counts: dict[str, int] = {}
        for each in reversed(items):
            if each.chat != self.chat and not each.mine and not each.seen and each.kind not in ABOUT_ANOTHER:
                counts[each.chat] = counts.get(each.chat, 0) + 1
        return tuple(counts.items())

    def somebody_types(self) -> None:
        self.typing.set_visibility(True)
        self.still.deactivate()
        self.still.activate()

    # ---- what it looks like

    def draw_owner(self, shown: tuple[str, bool, bool]) -> None:
        name, offline, calling = shown
        person(name, shown_phone(self.owner.phone)).classes('grow')
        if calling:
            tool('call_end', f'Hang up {name}’s call', on_click=guarded(self.hang_up, USE)).classes('calling')
        elif not offline:
            tool('call', f'Call with {name}’s phone', on_click=guarded(self.call, USE))
        symbol = 'airplanemode_active' if offline else 'airplanemode_inactive'
        label = f'Bring {name}’s phone back' if offline else f'Take {name}’s phone offline'
        tool(symbol, label, on_click=guarded(lambda: self.switch(off=not offline), USE))

    def draw_lines(self, lines: tuple[Line, ...]) -> None:
        if not lines:
            words('Nothing yet. Write something below.', 'day', 'p')
        group = '@' in self.chat
        for line, following in pairwise((*lines, None)):
            if line is not None:
                self.draw_line(line, group)
                if following is None or (following.mine, following.tick) != (line.mine, line.tick):
                    self.draw_tick(line)

    def draw_line(self, line: Line, group: bool) -> None:
        sender = self.chats.name(line.sender) if group and not line.mine else ''
        draw_bubble(line, self.owner.phone, sender=sender, menu=self.open_menu, vote=self.vote)

    def draw_answering(self, about: tuple[str, Line] | None) -> None:
        if about is None:
            return
        does, line = about
        with box('answering'):
            said = line.text or line.what
            words(f'Edit “{said}”' if does == 'edit' else f'Answers “{said}”', 'grow cut')
            tool('close', 'Leave it', on_click=self.take_back)

    def draw_tick(self, line: Line) -> None:
        with box('foot out' if line.mine else 'foot'):
            when(line.at)
            if line.mine and not line.call:
                ticks(line.tick or 'queued')

    def draw_foot(self, unread: tuple[int, tuple[tuple[str, int], ...]]) -> None:
        here, elsewhere = unread
        names = self.chats.of(self.owner.phone)
        for chat, count in elsewhere[:2]:
            with box('beside unread-here'):
                words(f'{count} new from {names.get(chat, chat)}', 'small grow cut')
                button('Look', 'plain small', on_click=guarded(lambda chat=chat: self.chooser.set_value(chat), USE))
        if here:
            with box('beside unread-here'):
                words(f'{here} unread', 'small grow')
                button('Read', 'plain small', 'done_all', on_click=guarded(self.read, USE))

    def draw_composer(self) -> None:
        name = self.owner.name
        with box('write beside'):
            self.attach = Attach(self.sandbox, self)
            self.composer = ui.input(placeholder='Message').classes('grow')
            self.composer.props('autocomplete=off enterkeyhint=send maxlength=65000')
            self.composer.props['aria-label'] = f'Message from {name}'
            self.composer.on('keydown.enter', guarded(self.say, USE), args=[])
            self.composer.on('keydown', guarded(self.type, USE), args=[], throttle=3, trailing_events=False)
            self.composer.on('focus', guarded(self.take_up, USE), args=[])
            self.composer.on('blur', self.put_down, args=[])
            self.send = tool('send', f'Send as {name}', on_click=guarded(self.say, USE))

    # ---- what its owner does

    async def say(self) -> None:
        text = str(self.composer.value or '').strip()
        if text and self.chat:
            self.composer.value = ''
            about = self.about
            self.take_back()
            try:
                await run.io_bound(self._say, text, about)
            except DovecoteError:
                self.composer.value = text
                raise

    def _say(self, text: str, about: tuple[str, Line] | None) -> None:
        if about and about[0] == 'edit':
            self.sandbox.edit(self.owner.phone, about[1].id, text)
        elif self.chat == STATUS:
            self.sandbox.status(self.owner.phone, text)
        else:
            text, mentions = self.chats.mentioned(text, self.chat)
            quote = about[1].id if about else ''
            self.sandbox.say(self.owner.phone, self.chat, text, quote=quote, mentions=mentions)

    def take_back(self) -> None:
        """What is written is a message of its own again."""
        self.about = None
        self.answering.show(None)

    # ---- what is done with a message

    async def open_menu(self, line: Line) -> None:
        open_menu(line, self)

    async def vote(self, line: Line, name: str) -> None:
        """Choose an option, or take it back; where only one may be chosen, instead of the other."""
        chosen = [each.name for each in line.options if each.chosen]
        others = [each for each in chosen if each != name] if line.multiple else []
        wanted = [each for each in chosen if each != name] if name in chosen else [*others, name]
        await self.do(self.sandbox.vote, line.id, tuple(wanted))

    async def react(self, line: Line, emoji: str) -> None:
        await self.do(self.sandbox.react, line.id, emoji)

    async def delete(self, line: Line) -> None:
        await self.do(self.sandbox.revoke, line.id)

    async def forward(self, line: Line) -> None:
        names = {chat: name for chat, name in self.chats.of(self.owner.phone).items() if chat != STATUS}
        forward_to(names, lambda chat: self.do(self.sandbox.forward, line.id, chat))

    def reply(self, line: Line) -> None:
        self.take_up_about('reply', line)

    def edit(self, line: Line) -> None:
        self.take_up_about('edit', line)
        self.composer.value = line.text

    def take_up_about(self, does: Literal['reply', 'edit'], line: Line) -> None:
        self.about = (does, line)
        self.answering.show(self.about)
        self.composer.run_method('focus')

    async def do(self, call: Callable[..., object], *arguments: object) -> None:
        """Have the phone do something, and show it. Refusals become a note."""

        async def work() -> None:
            await run.io_bound(call, self.owner.phone, *arguments)
            await self.refresh()

        await guarded(work, USE)()

    async def call(self) -> None:
        await self.do(self.sandbox.call, self.chat)

    async def hang_up(self) -> None:
        await self.do(self.sandbox.hang_up)

    async def type(self) -> None:
        if self.chat and self.chat != STATUS and not self.owner.offline:
            await run.io_bound(self.sandbox.typing, self.owner.phone, self.chat)

    async def read(self) -> None:
        unseen, self.unseen = self.unseen, ()
        if unseen:
            await run.io_bound(self.sandbox.read, self.owner.phone, unseen)
        await self.refresh()

    async def take_up(self) -> None:
        self.held = True
        await self.read()

    def put_down(self) -> None:
        self.held = False

    async def turn_to(self) -> None:
        if self.chooser.value and self.chooser.value != self.chat:
            self.chat = str(self.chooser.value)
            self.take_back()
            await self.refresh()

    async def switch(self, *, off: bool) -> None:
        await run.io_bound(self.sandbox.offline, self.owner.phone, off)
        people = await run.io_bound(self.sandbox.phones) or ()
        owner = next((each for each in people if each.phone == self.owner.phone), self.owner)
        await self.know(owner, self.chats)


def _spoken(items: Iterable[Item]) -> int:
    """How many of them are bubbles."""
    return sum(each.kind not in ABOUT_ANOTHER for each in items)
