"""What WhatsApp tells us, in our own words: one small type per fact.

The host translates the library's protobuf into these and nothing else leaves it. `session` is the id of the session
row. An address is a JID as WhatsApp writes it without a device: `15551230001@s.whatsapp.net` (phone number),
`123@lid`, `123@g.us`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

ReceiptKind = Literal['delivered', 'read', 'played']
Origin = Literal['live', 'offline', 'history']
Standing = Literal['received', 'sent', 'delivered', 'read', 'played']


# ---- the life of a session


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingCodeShown:
    """A fresh QR code is on offer, or, with `phone`, a code to type on that phone."""

    session: str
    code: str
    expires_at: datetime
    phone: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingEnded:
    """Nobody used the codes in time, the phone refused, or linking stalled; the client is closed.

    `because`: timeout (codes ran out), refused (the phone or server said no), stalled (the phone scanned but the
    link never finished, as with an account that asks for a passkey), closed (the server hung up).
    """

    session: str
    because: Literal['timeout', 'refused', 'stalled', 'closed']
    detail: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """The phone confirmed the link; Connected follows."""

    session: str
    phone: str
    lid: str
    push_name: str
    platform: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """Logged in and able to send. Can be told any number of times. `phone` and `lid` are digits."""

    session: str
    phone: str
    lid: str
    push_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnected:
    """The connection is gone; the host tries again by itself. `next_try`: when, if known."""

    session: str
    because: str
    next_try: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectFailed:
    """The first connection of an open session failed; the host tries again by itself."""

    session: str
    because: str
    attempt: int
    next_try: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedOut:
    """The owner removed us from the linked devices, or WhatsApp refused the login for good; the client is closed."""

    session: str
    reason: int
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """The same linked device connected elsewhere; the client is closed and must not fight for it."""

    session: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Banned:
    """WhatsApp refuses this account for a while; the client is closed. `until` None: no end was given."""

    session: str
    code: int
    because: str
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginFailed:
    """WhatsApp refused the login for another reason (405 client outdated, 415, 503 …).

    `again`: the host tries again by itself; otherwise the client is closed.
    """

    session: str
    reason: int
    because: str
    again: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepAliveMissed:
    """WhatsApp has not answered pings for a while, though the connection looks open."""

    session: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """We closed the client on purpose (stop, log-out, restart)."""

    session: str


# ---- messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The message another one answers. `sender` is an address, `text` what was shown of it."""

    whatsapp_id: str
    sender: str
    text: str


FileKind = Literal['image', 'video', 'audio', 'voice', 'document', 'sticker']


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """A file as it lies, encrypted, at WhatsApp's media servers, and what its message says of it.

    `path` is the direct path on the media host; `url` the whole address where the message gave one. `key` is the 32
    bytes from which cipher and MAC keys are made; `sha256` of the plain, `sealed_sha256` of the encrypted bytes.
    `thumbnail` is a small JPEG, `waveform` the loudnesses from 0 to 100 that the app of a voice note drew, b'' without
    one. Sizes in bytes and pixels, `seconds` of sound or video; 0: unknown.
    """

    kind: FileKind
    mime: str
    size: int
    path: str
    url: str
    key: bytes
    sha256: bytes
    sealed_sha256: bytes
    filename: str = ''
    width: int = 0
    height: int = 0
    seconds: int = 0
    animated: bool = False
    view_once: bool = False
    thumbnail: bytes = b''
    waveform: bytes = b''


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Degrees; `live`: it moved while it was shared, this is where it began."""

    latitude: float
    longitude: float
    name: str = ''
    address: str = ''
    live: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A contact card; `phones` as they are written on it."""

    name: str
    phones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """`multiple`: more than one option may be chosen."""

    name: str
    options: tuple[str, ...]
    multiple: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """What somebody chose now in a poll, replacing what they chose before: SHA-256 of the options, in hex."""

    hashes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What we choose in a poll, replacing what we chose before; () takes the vote back."""

    options: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The message that a reaction, an edit, a revocation or a vote of ours is about.

    `sender`: the address that wrote it.
    """

    whatsapp_id: str
    sender: str
    from_me: bool


Content = RemoteFile | Place | tuple[Card, ...] | Poll | Vote


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReceived:
    """A message arrived: from somebody else, or (`from_me`) one of our own written on the phone or another device.

    `chat` and `sender` are addresses as they arrived; `chat_alt` and `sender_alt` are the other name (phone number
    or LID) of the same person where the event offers it, else ''. In a private chat of ours (`from_me`) `chat` is
    the other person. `text` is the body, caption or the emoji of a reaction; `mentions` are addresses. `raw` is the
    serialized waE2E.Message. `content` is what the kind brings beside the text; `target` is WhatsApp's id of the
    message that a reaction, an edit, a revocation or a vote is about.
    """

    session: str
    whatsapp_id: str
    chat: str
    chat_alt: str
    sender: str
    sender_alt: str
    push_name: str
    from_me: bool
    is_group: bool
    kind: str
    text: str
    quote: Quote | None
    mentions: tuple[str, ...]
    at: datetime
    origin: Origin
    raw: bytes
    content: Content | None = None
    target: str = ''
    forwarded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDamaged:
    """A message could not be decrypted; the library has asked the sender to send it again."""

    session: str
    whatsapp_id: str
    chat: str
    sender: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptReceived:
    """Messages of ours reached, or were read on, another phone. `sender` is who; `by_me`: read on our own phone."""

    session: str
    whatsapp_ids: tuple[str, ...]
    chat: str
    sender: str
    sender_alt: str
    kind: ReceiptKind
    by_me: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryReceived:
    """The phone told a part of what was before the link; never fresh, however new it is.

    `messages` with how far each had come; `names` are (address, what they call themselves), `people` pairs of digits
    (lid, phone), `groups` (address, name). `progress`: how far the phone has come with all of it, in percent; -1: not
    said by this part.
    """

    session: str
    messages: tuple[tuple[MessageReceived, Standing], ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    people: tuple[tuple[str, str], ...] = ()
    groups: tuple[tuple[str, str], ...] = ()
    progress: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class TypingChanged:
    """Somebody started or stopped typing or recording to us."""

    session: str
    chat: str
    sender: str
    state: Literal['typing', 'recording', 'paused']


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceChanged:
    """Somebody we watch came or went. `last_seen`: when they went, None where they keep it to themselves."""

    session: str
    who: str
    online: bool
    last_seen: datetime | None = None


# ---- calls and the block list


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReceived:
    """Somebody calls us. `group`: the address of the group that is called, '' for a call to us alone.

    `id` is WhatsApp's; `caller` must be named as it is here when the call is rejected.
    """

    session: str
    id: str
    caller: str
    caller_alt: str
    group: str
    video: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded:
    """A call is over: the caller hung up, nobody answered, or it was taken or rejected on another device."""

    session: str
    id: str
    caller: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BlocklistChanged:
    """The owner blocked or unblocked people on the phone. `changes` are (address, whether blocked now).

    Without any, the list is another one and has to be asked for.
    """

    session: str
    changes: tuple[tuple[str, bool], ...]


# ---- groups

GroupRole = Literal['member', 'admin', 'owner']


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """Somebody in a group, by the digits of both addresses, '' for what was not told."""

    lid: str
    phone: str
    role: GroupRole = 'member'


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSeen:
    """A whole group as it is now: we asked for it, or (`joined`) are in it from now on.

    `owner` is who made it, '' if unknown; `announce`: only admins write; `locked`: only admins change name, description
    and photo. `by`: who added us, our own address when we joined by a link or made it, '' if not told.
    """

    session: str
    group: str
    name: str
    participants: tuple[Participant, ...] = ()
    description: str = ''
    announce: bool = False
    locked: bool = False
    owner: str = ''
    made_at: datetime | None = None
    joined: bool = False
    by: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupChanged:
    """Something happened in a group we are in, or were in until now. None: not touched.

    `by`: the address of who did it and `by_name` what they call themselves, '' if not told. Of `joined`, `left`,
    `promoted` and `demoted` each is an address; who left alone is in `left` and is `by`; who came by an invite link has
    `by_link`. `ended`: the group is no more.
    """

    session: str
    group: str
    by: str
    at: datetime
    by_name: str = ''
    name: str | None = None
    description: str | None = None
    announce: bool | None = None
    locked: bool | None = None
    joined: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    promoted: tuple[str, ...] = ()
    demoted: tuple[str, ...] = ()
    by_link: bool = False
    new_link: bool = False
    ended: bool = False


Event = (
    PairingCodeShown
    | PairingEnded
    | Paired
    | Connected
    | Disconnected
    | ConnectFailed
    | LoggedOut
    | Replaced
    | Banned
    | LoginFailed
    | KeepAliveMissed
    | Closed
    | MessageReceived
    | MessageDamaged
    | ReceiptReceived
    | HistoryReceived
    | TypingChanged
    | PresenceChanged
    | CallReceived
    | CallEnded
    | BlocklistChanged
    | GroupSeen
    | GroupChanged
)
# WhatsApp tells these only once: they are kept until they are stored, whatever happens to the program.
Lasting = MessageReceived | ReceiptReceived | CallReceived | GroupSeen | GroupChanged


# ---- what we ask the host to say


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalFile:
    """A file of our media folder, ready to be sent as it is. `sha256` in hex; `thumbnail` a small JPEG or b''.

    `waveform`: 64 loudnesses from 0 to 100 of a voice note.
    """

    kind: FileKind
    path: str
    sha256: str
    mime: str
    size: int
    filename: str = ''
    width: int = 0
    height: int = 0
    seconds: int = 0
    animated: bool = False
    thumbnail: bytes = b''
    waveform: bytes = b''


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What is shown of a link: never fetched by the library."""

    url: str
    title: str
    description: str = ''
    thumbnail: bytes = b''


OutgoingKind = Literal[
    'text', 'image', 'video', 'audio', 'voice', 'document', 'sticker', 'location', 'contact', 'poll', 'reaction',
    'edit', 'revoke', 'poll_vote',
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """Something to send. `to` and `mentions` are addresses; `text` is the body, the caption, the new text of an edit
    or the emoji of a reaction, '' to take it back. `target`: what is reacted to, edited, revoked or voted in.
    """

    to: str
    text: str = ''
    kind: OutgoingKind = 'text'
    quote: Quote | None = None
    mentions: tuple[str, ...] = ()
    content: LocalFile | Place | tuple[Card, ...] | Poll | Choice | Preview | None = None
    target: Target | None = None
    forwarded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """WhatsApp's server took the message."""

    whatsapp_id: str
    at: datetime


# ---- what the host answers about groups and people


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberOutcome:
    """What became of adding, removing, promoting or demoting one person. `error`: 0 where it was done, else WhatsApp's
    number (403: may only be invited, 404: not on WhatsApp or not in the group, 409: is in it already …).
    """

    person: Participant
    error: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMade:
    """`group` without those in `refused`."""

    group: GroupSeen
    refused: tuple[MemberOutcome, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Of a person or group: `url` may be fetched for some days; `id` changes with the picture."""

    id: str
    url: str
