"""A group in the right column: who is in it, and what may be done in it."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nicegui import events, ui

from core.addresses import parse_recipient, shown_phone
from core.bodies import closed_because
from core.errors import DovecoteError, Invalid
from core.groups import Action, Outcome
from core.identities import person as person_body
from core.rights import Asker, Login
from data.chats import chat_by_id
from data.contacts import Contact, contacts_by_ids
from data.members import ADMINS, members_of

from ...aside import reading
from ...live import live
from ...login import asker_now, guarded
from ...part import Part
from ...pieces import ask, badge, box, button, dialog, drawing, field, notice, person, tool, words
from ...qr import qr_svg
from ...written import counted

if TYPE_CHECKING:
    from ...compose import Gateway

SHOWN = 50  # people who are drawn; the search finds the others
FEW = 8  # people among whom nobody needs a search
ROLES = {'owner': 'Made the group', 'admin': 'Admin'}
RANK = {'owner': 0, 'admin': 1, 'member': 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class One:
    """Somebody in the group; `me`: the account itself."""

    id: str
    name: str
    phone: str
    role: str
    me: bool

    @property
    def named(self) -> bool:
        """Called by more than their number."""
        return self.me or not self.name.startswith('+')


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupView:
    """`role`: ours, '' while nobody has told us; `closed`: why nobody can write here."""

    id: str
    name: str
    description: str
    announce: bool
    locked: bool
    role: str
    closed: str
    country: str
    people: tuple[One, ...]

    @property
    def rules(self) -> bool:
        return self.role in ADMINS


class GroupPanel:
    """`draw` once, then `follow` whichever chat is open."""

    def __init__(self, gateway: 'Gateway', login: Login) -> None:
        self.gateway, self.login = gateway, login
        self.may = login.asker.may('groups.manage')
        self.id = ''
        self.view: GroupView | None = None
        self._stop: Callable[[], None] = lambda: None

    def draw(self) -> None:
        with box('group') as self._around:
            self._top: Part[tuple[GroupView, int]] = Part(self._draw_top, 'stack')
            # Drawn apart from what they change: a click on its way to a button that is drawn anew would be lost.
            self._acts: Part[tuple[bool, bool]] = Part(self._draw_acts)
            self._people: Part[tuple[str, bool]] = Part(self._draw_count)
            with box('beside') as self._finding:
                self._search = ui.input(placeholder='Find somebody', on_change=self._show_people)
                self._search.props('clearable aria-label="Find somebody in this group"').classes('grow')
            self._list: Part[tuple[tuple[One, ...], int, bool]] = Part(self._draw_people, 'lines people-here', 'ul')
            self._below: Part[bool] = Part(self._draw_below)
        self._around.set_visibility(False)
        self._turns = 0  # how often a switch had to be drawn as it was before

    def follow(self, chat_id: str) -> None:
        """'' for a chat that is no group."""
        if chat_id == self.id:
            return
        self._stop()
        self.id, self.view = chat_id, None
        self._around.set_visibility(False)
        if not chat_id:
            return
        with self._around:
            self._search.set_value('')
            self._stop = live(
                self.gateway.bus, lambda _: self.refresh(), kinds=('group.updated',), chat=chat_id, every=0.3
            )
            ui.timer(0, self._look, once=True)

    async def _look(self) -> None:
        """What we know at once, then what WhatsApp says, if it was not asked lately."""
        await self.refresh()
        id = self.id
        if id:
            await reading(self.gateway.groups.refresh, id)
        await self.refresh()

    async def refresh(self) -> None:
        id = self.id
        view = await reading(group_view, id, self.login.asker) if id else None
        if id != self.id or view is None:
            return
        self.view = view
        self._around.set_visibility(True)
        inside = self.may and view.role not in ('', 'gone')
        self._top.show((replace(view, people=(), name=''), self._turns))
        self._acts.show((inside, view.rules or not view.locked))
        self._people.show((counted(len(view.people), 'member') if view.people else '', inside and view.rules))
        self._finding.set_visibility(len(view.people) > FEW)
        self._below.show(view.role not in ('', 'gone'))
        self._show_people()

    def _show_people(self, _: object = None) -> None:
        if self.view is None:
            return
        q = str(self._search.value or '').strip().lower()
        digits = re.sub(r'\D', '', q)
        found = tuple(
            one
            for one in self.view.people
            if q in one.name.lower() or (digits and digits in re.sub(r'\D', '', one.phone))
        )
        self._list.show((found[:SHOWN], len(found), self.view.rules))

    # ---- drawing

    def _draw_top(self, shown: tuple[GroupView, int]) -> None:
        view, _ = shown
        if view.closed:
            with notice(view.closed, 'idle'):
                pass
        if view.description:
            words(view.description, 'small said', 'p')
        if not self.may or view.role in ('', 'gone'):
            return
        with box('stack tight'):
            self._switch('Only admins write', 'announce', on=view.announce, enabled=view.rules)
            self._switch('Only admins change name, photo and description', 'locked', on=view.locked, enabled=view.rules)

    def _draw_acts(self, shown: tuple[bool, bool]) -> None:
        inside, may_describe = shown
        if not inside:
            return
        with box('beside wraps'):
            if may_describe:
                button('Name and description…', 'plain small', on_click=self._guarded(self._describe))
            button('Invite link', 'plain small', 'link', on_click=self._guarded(self._invite))

    def _draw_count(self, shown: tuple[str, bool]) -> None:
        count, may_add = shown
        with box('beside'):
            words(count, 'strong small grow', 'h3')
            if may_add:
                button('Add members…', 'plain small', 'person_add', on_click=self._guarded(self._add))

    def _switch(self, label: str, key: str, *, on: bool, enabled: bool) -> None:
        turned = self._guarded(self._turn)
        switch = ui.switch(label, value=on, on_change=lambda change: turned(key, change)).classes('small')
        switch.set_enabled(enabled)

    def _draw_people(self, shown: tuple[tuple[One, ...], int, bool]) -> None:
        people, found, rules = shown
        for one in people:
            with box('', 'li'):
                person('You' if one.me else one.name, one.phone if one.named else '').classes('grow')
                if one.role in ROLES:
                    badge(ROLES[one.role], 'accent' if one.role == 'owner' else 'idle')
                if self.may and rules and not one.me and one.role != 'owner':
                    tool('more_horiz', f'What to do with {one.name}', on_click=self._guarded(self._choose, one))
        if found > len(people):
            words(f'{found - len(people)} more: search for them.', 'small faint', 'li')
        elif not found and self.view is not None and self.view.people:
            words('Nobody here is called that.', 'small faint', 'li')

    def _draw_below(self, inside: bool) -> None:
        if inside and self.may:
            button('Leave the group…', 'risky small', on_click=self._guarded(self._leave))

    # ---- doing

    def _guarded(self, work: Callable[..., Awaitable[object]], *more: object) -> Callable[..., Awaitable[None]]:
        """A handler that survives what it was drawn in."""
        checked = guarded(work, 'groups.manage')

        async def handler(*arguments: object) -> None:
            given = more or tuple(each for each in arguments if not isinstance(each, events.ClickEventArguments))
            with self._around:
                await checked(*given)

        return handler

    async def _turn(self, key: str, change: events.ValueChangeEventArguments[bool | None]) -> None:
        value = {key: bool(change.value)}
        try:
            await reading(lambda: self.gateway.groups.change(self.id, **value))  # type: ignore[arg-type]
        except DovecoteError:
            self._turns += 1  # what the switch shows is not so
            await self.refresh()
            raise

    async def _describe(self) -> None:
        view = self.view
        if view is None:
            return
        with dialog('Name and description') as around:
            with field('Name'):
                name = ui.input(value=view.name).props('maxlength=100 autofocus autocomplete=off')
            with field('Description'):
                text = ui.textarea(value=view.description).props('rows=4 autogrow maxlength=2048')

            def save() -> None:
                named, said = str(name.value or ''), str(text.value or '')
                self.gateway.groups.change(
                    view.id,
                    name=named if named.strip() != view.name else None,
                    description=said if said != view.description else None,
                )

            _ends(around, 'Save', save)

    async def _add(self) -> None:
        view = self.view
        if view is None:
            return
        outcomes: list[Outcome] = []
        with dialog(
            'Add members', 'Their phone numbers, one a line. Who may only be invited needs the invite link.'
        ) as (around):
            with field('Phone numbers'):
                numbers = ui.textarea(placeholder='+1 555 123 0001').props('rows=4 autogrow autofocus')

            def add() -> None:
                rows = [each.strip() for each in re.split(r'[\n,;]', str(numbers.value or '')) if each.strip()]
                if not rows:
                    raise Invalid('Write at least one number.')
                people = [parse_recipient(each, view.country) for each in rows]
                outcomes.extend(self.gateway.groups.members(view.id, 'add', people))

            async def tell() -> None:
                await self._tell(outcomes)

            _ends(around, 'Add', add, tell)

    async def _choose(self, one: One) -> None:
        with dialog(one.name, one.phone if one.named else '') as around, box('stack'):
            if one.role == 'admin':
                button('Make no admin any more', on_click=lambda: act('demote'))
            else:
                button('Make an admin', on_click=lambda: act('promote'))
            button('Remove from the group…', 'risky', on_click=lambda: act('remove'))
            button('Close', 'ghost', on_click=around.close)

            async def act(action: Action) -> None:
                around.close()
                await self._guarded(self._change, one, action)()

    async def _change(self, one: One, action: Action) -> None:
        sentence = 'They see nothing of this group any more until somebody adds them again.'
        if action == 'remove' and not await ask(f'Remove {one.name} from the group?', sentence, 'Remove'):
            return
        people = [parse_recipient(one.id)]
        await self._tell(await reading(lambda: self.gateway.groups.members(self.id, action, people)))

    async def _tell(self, outcomes: 'list[Outcome] | tuple[Outcome, ...]') -> None:
        """Only what did not work needs words."""
        names = await reading(_names, [each.contact_id for each in outcomes if each.error])
        for each in outcomes:
            if each.error:
                ui.notify(f'{names.get(each.contact_id, "Somebody")}: {each.problem}', type='negative', timeout=8000)

    async def _invite(self) -> None:
        link = await reading(self.gateway.groups.invite, self.id)
        with dialog('Invite link', 'Whoever has it can join.') as around:
            shown = Part(_draw_link, 'stack')
            shown.show(link)

            async def renew() -> None:
                sentence = 'The link as it is now leads nowhere any more, wherever it was sent or printed.'
                if await ask('Make a new invite link?', sentence, 'Make a new one'):
                    shown.show(await reading(lambda: self.gateway.groups.invite(self.id, fresh=True)))

            with box('beside'):
                if self.view is not None and self.view.rules:
                    button('New link…', 'risky', on_click=self._guarded(renew))
                button('Close', 'primary', on_click=around.close)

    async def _leave(self) -> None:
        name = self.view.name if self.view is not None else 'this group'
        sentence = (
            'The conversation stays here, but nothing new arrives. To come back, somebody has to add this account.'
        )
        if await ask(f'Leave {name}?', sentence, 'Leave the group', back='Stay'):
            await reading(self.gateway.groups.leave, self.id)


def group_view(chat_id: str, asker: Asker) -> GroupView | None:
    """None for what is no group, or not for this asker. Reads the database."""
    chat = chat_by_id(chat_id)
    if chat is None or not chat.group or chat.group == 'status' or not asker.may_session(chat.session_id):
        return None
    facts, own = chat.facts or {}, {str(chat.session.phone), str(chat.session.lid)} - {''}
    people = [
        One(
            id=str(each.contact.id),
            name=_called(each.contact),
            phone=shown_phone(each.contact.phone) if each.contact.phone else '',
            role=str(each.role),
            me=bool(own & {str(each.contact.phone), str(each.contact.lid)}),
        )
        for each in members_of(chat_id)
    ]
    return GroupView(
        id=chat_id,
        name=str(chat.name or 'Group'),
        description=str(facts.get('description') or ''),
        announce=bool(facts.get('announce')),
        locked=bool(facts.get('locked')),
        role=str(chat.role or ''),
        closed=closed_because(chat),
        country=str(chat.session.country),
        people=tuple(sorted(people, key=lambda one: (not one.me, RANK[one.role], one.name.lower()))),
    )


def _called(contact: Contact) -> str:
    number = str(contact.phone or '')
    return shown_phone(number) if number and contact.shown_name == f'+{number}' else str(contact.shown_name)


def _names(ids: list[str]) -> dict[str, str]:
    return {str(row.id): str(person_body(row)['name']) for row in contacts_by_ids(ids)}


def _draw_link(link: str) -> None:
    with box('qr small-qr'):
        drawing(qr_svg(link))
    with box('beside'):
        words(link, 'grow breaks', 'code')
        tool('content_copy', 'Copy the link', on_click=lambda: _copy(link))


def _copy(link: str) -> None:
    ui.clipboard.write(link)
    ui.notify('Copied.')


def _ends(
    around: ui.dialog, act: str, work: Callable[[], object], then: Callable[[], Awaitable[object]] | None = None
) -> None:
    """The end of a small form: it closes once `work` is done on a thread, and shows what is wrong until then."""
    problem = words('', 'problem small', 'p').props('role=alert')

    async def done() -> None:
        try:
            asker_now().must('groups.manage')
            await reading(work)
        except DovecoteError as error:
            problem.set_text(str(error))
            return
        if then is not None:
            await then()
        around.close()

    with box('beside'):
        button('Cancel', on_click=around.close)
        button(act, 'primary', on_click=done)
