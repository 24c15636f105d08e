"""What goes through the pipe between the main process and a session host."""

import pickle
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from core.events import Event, GroupSeen, Outgoing, Sent

Refusal = Literal['not_connected', 'refused', 'uncertain', 'failed']


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


Ask = Send | MarkRead | ShowTyping | ShowAvailable | FindPhones | ListGroups | Check | PairPhone | LogOut


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

Answer = Sent | dict[str, str] | tuple[GroupSeen, ...] | tuple[str, datetime] | None


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
