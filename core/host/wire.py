"""What goes through the pipe between the main process and a session host."""

import pickle
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from core.events import Event, GroupMade, GroupSeen, MemberOutcome, Outgoing, Picture, Sent

Refusal = Literal['not_connected', 'refused', 'uncertain', 'denied', 'failed']
MemberAction = Literal['add', 'remove', 'promote', 'demote']


# ---- what main asks about one session; each is answered by Answered or Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """`batch`: once one of a batch comes back unsent, the rest of it must not overtake it."""

    message: Outgoing
    batch: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkRead:
    chat: str
    sender: str
    whatsapp_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowTyping:
    chat: str
    state: Literal['typing', 'recording', 'paused']


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowAvailable:
    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FindPhones:
    phones: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListGroups:
    pass


@dataclass(frozen=True, slots=True)
class Check:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class PairPhone:
    phone: str


@dataclass(frozen=True, slots=True)
class LogOut:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class FindGroup:
    """By its address, or by an invite link to it."""

    group: str = ''
    link: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateGroup:
    name: str
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeGroup:
    """None: left as it is. What comes first is done first; a refusal leaves the rest undone."""

    group: str
    name: str | None = None
    description: str | None = None
    announce: bool | None = None
    locked: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeMembers:
    group: str
    people: tuple[str, ...]
    action: MemberAction


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPhoto:
    """`jpeg` b'' takes it away."""

    group: str
    jpeg: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class InviteLink:
    group: str
    fresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinGroup:
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveGroup:
    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindPicture:
    whose: str
    small: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPresence:
    whom: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectCall:
    caller: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListBlocked:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    whom: str
    on: bool


GroupAsk = FindGroup | CreateGroup | ChangeGroup | ChangeMembers | SetPhoto | InviteLink | JoinGroup | LeaveGroup
PeopleAsk = FindPicture | WatchPresence | RejectCall | ListBlocked | Block
Ask = (
    Send
    | MarkRead
    | ShowTyping
    | ShowAvailable
    | FindPhones
    | ListGroups
    | GroupAsk
    | PeopleAsk
    | Check
    | PairPhone
    | LogOut
)


# ---- main to host


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUp:
    """The first message. `log_level` is a name of logging; `library` '' means the one neonize brings."""

    folder: str
    library: str
    server: tuple[str, int]
    log_level: str


@dataclass(frozen=True, slots=True)
class Open:
    session: str


@dataclass(frozen=True, slots=True)
class Close:
    session: str


@dataclass(frozen=True, slots=True)
class Reconnect:
    session: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """`deadline` in seconds of the monotonic clock, which both processes share: never begun after it."""

    id: int
    session: str
    deadline: float
    ask: Ask


@dataclass(frozen=True, slots=True)
class Stored:
    """These events are safe in main's database; the host may forget them."""

    seqs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Ping:
    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """End in order within `seconds`: sends in flight first, then every client, then the process."""

    seconds: float


ToHost = SetUp | Open | Close | Reconnect | Call | Stored | Ping | Finish


# ---- host to main

Answer = (
    Sent
    | dict[str, str]
    | tuple[GroupSeen, ...]
    | tuple[str, datetime]
    | GroupSeen
    | GroupMade
    | tuple[MemberOutcome, ...]
    | tuple[str, ...]
    | Picture
    | str
    | None
)


@dataclass(frozen=True, slots=True)
class Begun:
    """The send is about to be handed to the library: from now on it may reach WhatsApp."""

    id: int


@dataclass(frozen=True, slots=True)
class Answered:
    id: int
    value: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    id: int
    kind: Refusal
    sentence: str
    reason: int = 0
    retry: bool = False
    code: str = ''


@dataclass(frozen=True, slots=True)
class Happened:
    """`seq` counts the events of one host; it is named again in Stored."""

    seq: int
    event: Event


@dataclass(frozen=True, slots=True)
class StoreTaken:
    """This host now holds the session's store alone: what an earlier host spooled is complete."""

    session: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pong:
    """`online`: the sessions that are connected. `lost`: threads that abandoned pairings left behind for good; `runs`:
    how often the library was started, each of which leaves an open database behind."""

    id: int
    online: tuple[str, ...]
    lost: int
    runs: int
    memory_kb: int


@dataclass(frozen=True, slots=True)
class Logged:
    name: str
    level: int
    text: str


ToMain = Begun | Answered | Refused | Happened | StoreTaken | Pong | Logged


def pack(message: tuple[ToHost, ...] | ToMain) -> bytes:
    """To a host go several at once, whatever waited; the other way one by one."""
    return pickle.dumps(message, pickle.HIGHEST_PROTOCOL)


def unpack_to_main(data: bytes) -> ToMain:
    message: ToMain = pickle.loads(data)
    return message


def unpack_to_host(data: bytes) -> tuple[ToHost, ...]:
    messages: tuple[ToHost, ...] = pickle.loads(data)
    return messages
