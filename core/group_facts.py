"""What is known of each group: kept as WhatsApp tells it, with a line in the conversation for what happened."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zlib import crc32

from data.chats import Chat
from data.database import after_commit
from data.members import ADMINS, drop_member, put_member, roles_in, set_members
from data.sessions import Session
from data.traffic import Line, add_message

from .addresses import Address, parse_jid
from .bodies import Body, time_text
from .events import GroupChanged, GroupSeen
from .identities import Identities
from .news import NewsDesk
from .world import World

Facts = dict[str, Any]
GONE = 'gone'
SETTINGS = ('description', 'announce', 'locked')
SHOWN = (*SETTINGS, 'owner')
# action -> what is said of it. {by} and {people} are names or "you"; {name} what the group is called now.
WORDS = {
    'created': '{by} created the group “{name}”',
    'joined': '{people} joined by the invite link',
    'added': '{by} added {people}',
    'left': '{people} left',
    'removed': '{by} removed {people}',
    'promoted': '{by} made {people} an admin',
    'demoted': '{by} made {people} no admin any more',
    'renamed': '{by} renamed the group to “{name}”',
    'described': '{by} changed the description',
    'only_admins_write': '{by} let only admins write',
    'everybody_writes': '{by} let everybody write',
    'only_admins_change': '{by} let only admins change name, photo and description',
    'everybody_changes': '{by} let everybody change name, photo and description',
    'new_link': '{by} made a new invite link',
    'ended': '{by} ended the group',
}
NAMED = 3  # people who are named in a line before it says how many more


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One line: `by` and `people` are addresses, `ours` when it is about us."""

    action: str
    people: tuple[str, ...] = ()
    ours: bool = False


class GroupFacts:
    """Everything here belongs inside a write."""

    def __init__(self, world: World, identities: Identities, desk: NewsDesk) -> None:
        self.world, self.identities, self.desk = world, identities, desk

    def seen(self, event: GroupSeen) -> str | None:
        """The whole group; returns its chat, None when the session was deleted meanwhile."""
        room = self._room(event.session, event.group)
        if room is None:
            return None
        people = {self.contact(each.lid, each.phone): each.role for each in event.participants}
        role = people.get(room.me, GONE) if people else room.role
        if event.joined and role in (None, GONE):
            role = 'member'
        facts = {
            'description': event.description,
            'announce': event.announce,
            'locked': event.locked,
            'owner': event.owner,
            'made_at': time_text(event.made_at),
        }
        lines = self._came_in(room, event) if event.joined and room.role in (None, GONE) else []
        changed = self._keep(room, name=event.name or room.name, facts=facts, role=role)
        if people and people != roles_in(room.chat_id):
            set_members(room.chat_id, people)
            changed.append('members')
        self._tell(room, changed, event.by, self.world.now(), lines)
        return room.chat_id

    def _came_in(self, room: '_Room', event: GroupSeen) -> list[Happening]:
        if not event.by or not room.is_me(event.by):
            return [Happening(action='added', people=(room.own,), ours=True)]
        created = room.is_me(event.owner) and event.made_at is not None and self._is_fresh(event.made_at)
        return [Happening(action='created' if created else 'joined', people=(room.own,), ours=True)]

    def _is_fresh(self, made_at: datetime) -> bool:
        return abs((self.world.now() - made_at).total_seconds()) < 3600

    def changed(self, event: GroupChanged) -> str | None:
        """What happened in a group; what we know already makes no second line. Returns its chat."""
        room = self._room(event.session, event.group)
        if room is None:
            return None
        if event.by:
            self.identities.contact(event.by, '', event.by_name)
        said = {key: getattr(event, key) for key in SETTINGS if getattr(event, key) is not None}
        lines = [Happening(action='renamed')] if event.name is not None and event.name != room.name else []
        lines += [
            Happening(action=_setting(key, said[key])) for key in said if (room.facts or {}).get(key) != said[key]
        ]
        moved, role = self._move(room, event)
        lines += moved
        if event.new_link:
            lines.append(Happening(action='new_link'))
        if event.ended:
            role = GONE
            lines.append(Happening(action='ended', ours=True))
        # A part is not the whole: before somebody has told us all of it, nothing is known.
        facts = None if room.facts is None else {**room.facts, **said}
        name = room.name if event.name is None else event.name
        changed = self._keep(room, name=name, facts=facts, role=role)
        changed += ['members'] if moved else []
        changed += ['link'] if event.new_link else []
        self._tell(room, changed, event.by, event.at, lines)
        return room.chat_id

    def gone(self, chat_id: str) -> None:
        """WhatsApp says that we are not in this group any more."""
        if Chat.update(role=GONE).where(Chat.id == chat_id, Chat.role.is_null() | (Chat.role != GONE)).execute():
            card = self.identities.card(chat_id)
            body = {'chat': chat_id, 'group': str(Address('group', card.group)), 'name': card.name, 'changed': ['role']}
            self.desk.tell('group.updated', body, session=card.session_id, chat=chat_id)

    # ---- who comes, goes, rises and falls

    def _move(self, room: '_Room', event: GroupChanged) -> tuple[list[Happening], str | None]:
        """What is new of it, and our role afterwards. Before we know who is in a group, everything is news."""
        roles, role = roles_in(room.chat_id), room.role
        lines: list[Happening] = []
        steps: list[tuple[str, Sequence[str], str, Callable[[str], bool]]] = [
            ('added', event.joined, 'member', lambda now: not now),
            ('left', event.left, '', bool),
            ('promoted', event.promoted, 'admin', lambda now: now not in ADMINS),
            ('demoted', event.demoted, 'member', lambda now: now in ADMINS),
        ]
        for action, addresses, after, is_news in steps:
            people = {address: self.identities.contact(address) for address in addresses}
            fresh = [address for address, id in people.items() if not roles or is_news(roles.get(id, ''))]
            for address in fresh:
                if roles:
                    _set_role(room.chat_id, people[address], after)
                if room.is_me(address):
                    role = after or GONE
            lines += self._lines(action, fresh, event, room)
        return lines, role

    def _lines(self, action: str, people: Sequence[str], event: GroupChanged, room: '_Room') -> list[Happening]:
        """One line for all of them; but who goes alone has left and was not removed, who comes alone has joined."""
        doer = self.identities.contact(event.by) if event.by else ''
        alone = [each for each in people if not doer or self.identities.contact(each) == doer]
        split = [(action, people)]
        if action == 'left':
            split = [('left', alone), ('removed', [each for each in people if each not in alone])]
        elif action == 'added':
            alone = list(people) if event.by_link else alone if doer else []
            split = [('joined', alone), ('added', [each for each in people if each not in alone])]
        return [
            Happening(action=name, people=tuple(among), ours=any(map(room.is_me, among)))
            for name, among in split
            if among
        ]

    # ---- keeping and telling

    def _room(self, session_id: str, address: str) -> '_Room | None':
        session: Session | None = Session.get_or_none(Session.id == session_id)
        if session is None:
            return None
        chat: Chat = Chat.get_by_id(self.identities.chat(session_id, group=parse_jid(address).digits))
        return _Room(
            chat_id=str(chat.id),
            session_id=session_id,
            group=address,
            name=str(chat.name),
            facts=chat.facts,
            role=chat.role,
            quiet=chat.last_at is None,
            phone=str(session.phone),
            lid=str(session.lid),
            me=self.contact(session.lid, session.phone) if session.lid or session.phone else '',
        )

    def contact(self, lid: str, phone: str) -> str:
        addresses = [str(Address('lid', lid))] if lid else []
        addresses += [str(Address('phone', phone))] if phone else []
        return self.identities.contact(*addresses)

    def _keep(self, room: '_Room', *, name: str, facts: Facts | None, role: str | None) -> list[str]:
        """Returns what of it is another than before."""
        changed = ['name'] if name != room.name else []
        changed += [key for key in SHOWN if (facts or {}).get(key) != (room.facts or {}).get(key)]
        changed += ['role'] if role != room.role else []
        if facts != room.facts or role != room.role:
            Chat.update(facts=facts, role=role).where(Chat.id == room.chat_id).execute()
        self.identities.rename_group(room.session_id, parse_jid(room.group).digits, name)
        room.name = name
        return changed

    def _tell(self, room: '_Room', changed: list[str], by: str, at: datetime, lines: Iterable[Happening]) -> None:
        lines = list(lines)
        noted = [self._note(room, line, by, at) for line in lines]
        if not changed and not any(noted):
            return
        who = dict(self.identities.person(self.identities.contact(by))) if by else None
        body: Body = {'chat': room.chat_id, 'group': room.group, 'name': room.name, 'changed': changed, 'by': who}
        came, went = self._people_of(lines, ('joined', 'added')), self._people_of(lines, ('left', 'removed'))
        body |= ({'joined': came} if came else {}) | ({'left': went} if went else {})
        self.desk.tell('group.updated', body, session=room.session_id, chat=room.chat_id)

    def _people_of(self, lines: Iterable[Happening], actions: tuple[str, ...]) -> list[Body]:
        """Who came or went; not we."""
        people = [each for line in lines if line.action in actions and not line.ours for each in line.people]
        return [dict(self.identities.person(self.identities.contact(each))) for each in people]

    def _note(self, room: '_Room', what: Happening, by: str, at: datetime) -> bool:
        """The line in the conversation; False when it stands there already."""
        now = self.world.now()
        line = Line(
            id=self.world.new_id(),
            session_id=room.session_id,
            chat_id=room.chat_id,
            direction='in',
            kind='group_change',
            text=self._sentence(room, what, by),
            status='received',
            whatsapp_id=_name_of(what, room.name, at),
            sender_id=self.identities.contact(by) if by and not room.is_me(by) else None,
            content={'action': what.action, 'by': by or None, 'people': list(what.people), 'name': room.name},
            at=min(at, now),
            created_at=now,
        )
        if not add_message(line, on_top=what.ours or room.quiet):
            return False
        room.quiet = False
        body = {'id': line.id, 'chat': line.chat_id}
        after_commit(lambda: self.desk.whisper('message.noted', body, session=line.session_id, chat=line.chat_id))
        return True

    def _sentence(self, room: '_Room', what: Happening, by: str) -> str:
        people = [self._named(room, each) for each in what.people]
        doer = self._named(room, by) if by else 'somebody'
        said = WORDS[what.action].format(by=doer, people=_listed(people), name=room.name)
        return said[:1].upper() + said[1:]

    def _named(self, room: '_Room', address: str) -> str:
        return 'you' if room.is_me(address) else str(self.identities.person(self.identities.contact(address))['name'])


@dataclass(slots=True, kw_only=True)
class _Room:
    """A group as it was kept before, and who we are: `me` is our contact's id. `quiet`: nothing was ever said in it."""

    chat_id: str
    session_id: str
    group: str
    name: str
    facts: Facts | None
    role: str | None
    quiet: bool
    phone: str
    lid: str
    me: str

    @property
    def own(self) -> str:
        return str(Address('phone', self.phone) if self.phone else Address('lid', self.lid))

    def is_me(self, address: str) -> bool:
        digits = address.partition('@')[0]
        return bool(digits) and digits in (self.phone, self.lid)


def _set_role(chat_id: str, contact_id: str, role: str) -> None:
    """'' for one who is not in it any more."""
    if role:
        put_member(chat_id, contact_id, role)
    else:
        drop_member(chat_id, contact_id)


def _setting(key: str, value: object) -> str:
    if key == 'announce':
        return 'only_admins_write' if value else 'everybody_writes'
    if key == 'locked':
        return 'only_admins_change' if value else 'everybody_changes'
    return 'described'


def _listed(names: Sequence[str]) -> str:
    """Anna, Ben and Mia · Anna, Ben and 7 more."""
    shown = list(names)
    if len(shown) > NAMED:
        shown = [*names[: NAMED - 1], f'{len(names) - NAMED + 1} more']
    return f'{", ".join(shown[:-1])} and {shown[-1]}' if len(shown) > 1 else ''.join(shown)


def _name_of(what: Happening, name: str, at: datetime) -> str:
    """What happened twice in the same second to the same people happened once: WhatsApp gives these facts no ids."""
    whole = f'{what.action} {sorted(what.people)} {name}'
    return f'{what.action}:{int(at.timestamp())}:{crc32(whole.encode()):08x}'
