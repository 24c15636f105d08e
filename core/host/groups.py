"""What main asks about groups, calls and people, carried out by the library."""

from typing import Any

from core.events import GroupMade, MemberOutcome, Picture
from core.host import translate
from core.host.library import Go, GoError
from core.host.outgoing import jid_of
from core.host.wire import (
    Answer,
    Block,
    ChangeGroup,
    ChangeMembers,
    CreateGroup,
    FindGroup,
    FindPicture,
    GroupAsk,
    InviteLink,
    JoinGroup,
    LeaveGroup,
    ListBlocked,
    PeopleAsk,
    RejectCall,
    SetPhoto,
    WatchPresence,
)

NO_PICTURE = ('does not have a profile picture', 'has hidden their profile picture')


def about_group(go: Go, uuid: bytes, session: str, ask: GroupAsk) -> Answer:  # noqa: PLR0911 - one for each ask
    """Call it through the gate, with the client held. Raises GoError."""
    match ask:
        case FindGroup() if ask.link:
            return translate.group(session, go.group_behind(uuid, ask.link))
        case FindGroup():
            return translate.group(session, go.group(uuid, jid_of(ask.group)))
        case CreateGroup():
            return _made(session, go.create_group(uuid, ask.name, [jid_of(each) for each in ask.people]))
        case ChangeGroup():
            _change(go, uuid, ask)
        case ChangeMembers():
            people = [jid_of(each) for each in ask.people]
            done = go.change_members(uuid, jid_of(ask.group), people, ask.action)
            return tuple(map(_outcome, done))
        case SetPhoto():
            return go.set_group_photo(uuid, jid_of(ask.group), ask.jpeg)
        case InviteLink():
            return go.invite_link(uuid, jid_of(ask.group), fresh=ask.fresh)
        case JoinGroup():
            return translate.address(go.join_group(uuid, ask.link))
        case LeaveGroup():
            go.leave_group(uuid, jid_of(ask.group))
    return None


def about_people(go: Go, uuid: bytes, ask: PeopleAsk) -> Answer:
    """Likewise."""
    match ask:
        case FindPicture():
            return _picture(go, uuid, ask)
        case WatchPresence():
            go.watch_presence(uuid, jid_of(ask.whom))
        case RejectCall():
            go.reject_call(uuid, jid_of(ask.caller), ask.id)
        case ListBlocked():
            return tuple(map(translate.address, go.blocklist(uuid)))
        case Block():
            action = 'block' if ask.on else 'unblock'
            return tuple(map(translate.address, go.change_blocklist(uuid, jid_of(ask.whom), action)))
    return None


def _change(go: Go, uuid: bytes, ask: ChangeGroup) -> None:
    group = jid_of(ask.group)
    if ask.name is not None:
        go.name_group(uuid, group, ask.name)
    if ask.description is not None:
        go.describe_group(uuid, group, ask.description)
    if ask.announce is not None:
        go.only_admins_write(uuid, group, ask.announce)
    if ask.locked is not None:
        go.only_admins_change(uuid, group, ask.locked)


def _made(session: str, info: Any) -> GroupMade:
    refused = tuple(_outcome(each) for each in info.Participants if each.Error)
    return GroupMade(group=translate.group(session, info), refused=refused)


def _outcome(each: Any) -> MemberOutcome:
    return MemberOutcome(person=translate.participant(each), error=each.Error)


def _picture(go: Go, uuid: bytes, ask: FindPicture) -> Picture | None:
    try:
        found = go.picture(uuid, jid_of(ask.whose), small=ask.small)
    except GoError as error:
        if any(words in str(error) for words in NO_PICTURE):
            return None
        raise
    return Picture(id=found.ID, url=found.URL)
