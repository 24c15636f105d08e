"""What people do with groups: make them, change them, and who is in them."""

import logging
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, Protocol, TypeVar

from data.chats import Chat, chat_by_id
from data.database import write, write_soon
from data.members import roles_in
from data.sessions import Session

from .addresses import STATUS_GROUP, Address
from .errors import CallDenied, CallFailed, Conflict, Invalid, NotConnected, NotFound
from .events import GroupChanged, GroupMade, GroupSeen, MemberOutcome, Participant
from .group_facts import GONE, GroupFacts
from .group_photo import as_photo
from .identities import Identities
from .world import World

log = logging.getLogger(__name__)

T = TypeVar('T')
Action = Literal['add', 'remove', 'promote', 'demote']
WAITS = 30.0  # seconds for WhatsApp's answer
ASK_AGAIN = 600.0  # seconds between two questions that nobody asked for: about one group, or all of a session
NAME, DESCRIPTION, MOST_ADDED = 100, 2048, 256  # what the apps let people write, and add at once
SETTINGS = ('name', 'description', 'announce', 'locked')
PAST = {'add': 'joined', 'remove': 'left', 'promote': 'promoted', 'demote': 'demoted'}
LINK = 'https://chat.whatsapp.com/'
# WhatsApp's numbers for what could not be done to one person.
NOT_DONE = {
    401: 'They have blocked this account.',
    403: 'They may only be invited: their privacy settings do not let everybody add them. Send them the invite link.',
    404: 'They are not in this group.',
    408: 'They left this group lately and can only come back by the invite link.',
    409: 'They are in this group already.',
    419: 'The group is full.',
}


class Hosts(Protocol):
    """What is needed of core.host.hosts.Hosts; the futures fail with NotConnected, CallDenied or CallFailed."""

    def groups(self, session: str, /) -> 'Future[tuple[GroupSeen, ...]]': ...
    def group(self, session: str, group: str, /) -> 'Future[GroupSeen]': ...
    def group_behind(self, session: str, link: str, /) -> 'Future[GroupSeen]': ...
    def create_group(self, session: str, name: str, people: tuple[str, ...], /) -> 'Future[GroupMade]': ...
    def change_group(
        self, session: str, group: str, /, *, name: str | None = None, description: str | None = None,
        announce: bool | None = None, locked: bool | None = None,
    ) -> 'Future[None]': ...  # fmt: skip
    def change_members(
        self, session: str, group: str, people: tuple[str, ...], action: Action, /
    ) -> 'Future[tuple[MemberOutcome, ...]]': ...
    def set_group_photo(self, session: str, group: str, jpeg: bytes, /) -> 'Future[str]': ...
    def invite_link(self, session: str, group: str, /, *, fresh: bool = False) -> 'Future[str]': ...
    def join_group(self, session: str, link: str, /) -> 'Future[str]': ...
    def leave_group(self, session: str, group: str, /) -> 'Future[None]': ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one person. `error`: WhatsApp's number, 0 when it was done; `problem`: the same in a sentence."""

    contact_id: str
    action: Action
    error: int = 0

    @property
    def problem(self) -> str:
        if self.error == 404 and self.action == 'add':
            return 'This number is not on WhatsApp.'
        return NOT_DONE.get(self.error, f'WhatsApp refused it ({self.error}).') if self.error else ''


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    chat_id: str
    outcomes: tuple[Outcome, ...]


class Groups:
    """Every command may raise NotFound (no such chat, or no group), NotConnected, CallDenied or CallFailed, and
    waits for WhatsApp: call it on a thread that may. Nothing is asked twice within ten minutes by itself.
    """

    def __init__(self, world: World, identities: Identities, hosts: Hosts, facts: GroupFacts) -> None:
        self.world, self.identities, self.hosts, self.facts = world, identities, hosts, facts
        self._asked: dict[tuple[str, str], float] = {}  # (session id, address or '' for all) -> when

    # ---- asking

    def learn(self, session_id: str) -> None:
        """Ask for all groups of a session, if that was not done lately; what comes is kept by itself."""
        if self._may_ask(session_id, ''):
            self.hosts.groups(session_id).add_done_callback(self._learnt)

    def learn_now(self, session_id: str) -> None:
        """The same, and wait until it is kept; what WhatsApp does not tell is only logged."""
        if not self._may_ask(session_id, ''):
            return
        try:
            for group in self._wait(self.hosts.groups(session_id)):
                write(partial(self.facts.seen, group))
        except (NotConnected, CallDenied, CallFailed) as error:
            log.info('the groups of a session could not be asked for: %s', error)

    def _learnt(self, done: 'Future[tuple[GroupSeen, ...]]') -> None:
        if done.exception() is not None:
            log.info('the groups of a session could not be asked for: %s', done.exception())
            return
        for group in done.result():
            write_soon(partial(self.facts.seen, group))

    def refresh(self, chat_id: str, *, at_once: bool = False) -> None:
        """Ask WhatsApp how this group is, if it was not asked lately, or `at_once`. Raises only NotFound."""
        chat = self.chat(chat_id)
        if chat.session.state != 'working' or not (self._may_ask(chat.session_id, address(chat)) or at_once):
            return
        try:
            self._keep(self._wait(self.hosts.group(chat.session_id, address(chat))))
        except CallDenied as error:
            if error.code in ('not_in_group', 'no_such_group'):
                write(lambda: self.facts.gone(chat_id))
            log.info('group %s: %s', chat_id, error)
        except (NotConnected, CallFailed) as error:
            log.info('group %s could not be asked for: %s', chat_id, error)

    def _may_ask(self, session_id: str, group: str) -> bool:
        now, key = self.world.ticks(), (session_id, group)
        if now - self._asked.get(key, -ASK_AGAIN) < ASK_AGAIN:
            return False
        self._asked[key] = now
        return True

    def behind(self, session_id: str, link: str) -> GroupSeen:
        """What an invite link shows of its group, before one joins."""
        return self._wait(self.hosts.group_behind(session_id, checked_link(link)))

    # ---- doing

    def create(self, session_id: str, name: str, people: Sequence[Address]) -> Made:
        """Raises Invalid for a name or people that cannot be."""
        name = checked_name(name)
        wanted = self._addresses(people, field='members')
        made = self._wait(self.hosts.create_group(session_id, name, tuple(wanted.values())))
        by = self._own(session_id)

        def keep() -> Made:
            chat_id = self.facts.seen(replace(made.group, joined=True, by=by))
            if chat_id is None:
                raise NotFound('The session was deleted meanwhile.')
            refused = {self._who(each.person): each.error for each in made.refused}
            outcomes = [Outcome(contact_id=id, action='add', error=refused.get(id, 0)) for id in wanted]
            return Made(chat_id=chat_id, outcomes=tuple(outcomes))

        return write(keep)

    def change(
        self, chat_id: str, *, name: str | None = None, description: str | None = None, announce: bool | None = None,
        locked: bool | None = None,
    ) -> None:  # fmt: skip
        """Each that is not None; what comes first is done even if what follows is refused. Raises Invalid."""
        name = None if name is None else checked_name(name)
        if description is not None and len(description) > DESCRIPTION:
            raise Invalid(f'A description has at most {DESCRIPTION:,} characters.', field='description')
        chat = self._member_of(chat_id)
        given = {'name': name, 'description': description, 'announce': announce, 'locked': locked}
        for key, value in given.items():
            if value is not None:
                self._wait(self.hosts.change_group(chat.session_id, address(chat), **{key: value}))  # type: ignore[arg-type]
                self._happened(chat, **{key: value})

    def members(self, chat_id: str, action: Action, people: Sequence[Address]) -> tuple[Outcome, ...]:
        """What became of each. Raises Invalid for people that cannot be."""
        chat = self._member_of(chat_id)
        wanted = self._addresses(people, field=action)
        asked = self.hosts.change_members(chat.session_id, address(chat), tuple(wanted.values()), action)
        answers = self._wait(asked)

        def keep() -> tuple[Outcome, ...]:
            errors = {self._who(each.person): each.error for each in answers}
            outcomes = tuple(Outcome(contact_id=id, action=action, error=errors.get(id, 0)) for id in wanted)
            done = tuple(wanted[each.contact_id] for each in outcomes if not each.error)
            if done:
                self._happened(chat, **{PAST[action]: done})
            return outcomes

        return write(keep)

    def set_photo(self, chat_id: str, data: bytes) -> None:
        """A JPEG or PNG; b'' takes the photo away. Raises Invalid for what is no picture."""
        chat = self._member_of(chat_id)
        jpeg = as_photo(data) if data else b''
        self._wait(self.hosts.set_group_photo(chat.session_id, address(chat), jpeg))

    def invite(self, chat_id: str, *, fresh: bool = False) -> str:
        """The link; `fresh` ends the old one."""
        chat = self._member_of(chat_id)
        link = self._wait(self.hosts.invite_link(chat.session_id, address(chat), fresh=fresh))
        if fresh:
            self._happened(chat, new_link=True)
        return link

    def leave(self, chat_id: str) -> None:
        chat = self._member_of(chat_id)
        self._wait(self.hosts.leave_group(chat.session_id, address(chat)))
        self._happened(chat, left=(self._own(chat.session_id),))

    def join(self, session_id: str, link: str) -> str:
        """By an invite link; returns the chat. Raises Conflict where admins have to agree first."""
        group = self._wait(self.hosts.join_group(session_id, checked_link(link)))
        try:
            seen = self._wait(self.hosts.group(session_id, group))
        except CallDenied as error:
            if error.code != 'not_in_group':
                raise
            raise Conflict('An admin of the group has to agree first.', code='waits_for_admin') from error
        return self._keep(replace(seen, joined=True, by=self._own(session_id)))

    # ---- inside

    def chat(self, chat_id: str) -> Chat:
        """With its session joined. Raises NotFound for what is no group."""
        row = chat_by_id(chat_id)
        if row is None or not row.group or row.group == STATUS_GROUP:
            raise NotFound('There is no group with this id.')
        return row

    def _member_of(self, chat_id: str) -> Chat:
        """What changes a group begins with knowing it, so that what follows is told once."""
        chat = self.chat(chat_id)
        if chat.role == GONE:
            raise Conflict('You are no longer in this group.', code='not_in_group')
        if not roles_in(chat_id):
            self.refresh(chat_id)
        return chat

    def _happened(self, chat: Chat, **what: object) -> None:
        """We did it: WhatsApp may tell us as well, or not."""
        now, by = self.world.now(), self._own(chat.session_id)
        event = GroupChanged(session=chat.session_id, group=address(chat), by=by, at=now, **what)  # type: ignore[arg-type]
        write(lambda: self.facts.changed(event))

    def _keep(self, seen: GroupSeen) -> str:
        chat_id = write(lambda: self.facts.seen(seen))
        if chat_id is None:
            raise NotFound('The session was deleted meanwhile.')
        return chat_id

    def _addresses(self, people: Sequence[Address], *, field: str) -> dict[str, str]:
        """Contact id -> where WhatsApp finds them, each once."""
        if not people or len(people) > MOST_ADDED:
            raise Invalid(f'Name 1 to {MOST_ADDED} people.', field=field)
        if any(each.kind == 'group' for each in people):
            raise Invalid('A group cannot be in a group.', field=field)

        def find() -> dict[str, str]:
            ids = [each.digits if each.kind == 'contact' else self.identities.contact(str(each)) for each in people]
            return {id: self.identities.address_of(id) for id in ids}

        return write(find)

    def _who(self, each: Participant) -> str:
        return self.facts.contact(each.lid, each.phone)

    def _own(self, session_id: str) -> str:
        session: Session | None = Session.get_or_none(Session.id == session_id)
        if session is None or not (session.phone or session.lid):
            raise NotConnected('The session is not linked to a phone.')
        return str(Address('phone', session.phone) if session.phone else Address('lid', session.lid))

    def _wait(self, asked: 'Future[T]') -> T:
        try:
            return asked.result(WAITS)
        except FutureTimeout:
            raise CallFailed('WhatsApp did not answer in time.') from None


def address(chat: Chat) -> str:
    return str(Address('group', chat.group or ''))


def checked_name(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= NAME:
        raise Invalid(f'A group’s name has 1 to {NAME} characters.', field='name')
    return name


def checked_link(link: str) -> str:
    """The code of an invite link, however it was copied. Raises Invalid."""
    code = link.strip().removeprefix('http://').removeprefix('https://').removeprefix('chat.whatsapp.com/')
    code = code.removeprefix('invite/').partition('?')[0].rstrip('/')
    if not (10 <= len(code) <= 64 and code.replace('-', '').replace('_', '').isalnum() and code.isascii()):
        raise Invalid(
            'This is not an invite link of WhatsApp: they begin with https://chat.whatsapp.com/.', field='link'
        )
    return code
