"""What WhatsApp tells us, in our own words: one small type per fact.

The host translates the library's protobuf into these and nothing else leaves it. `session` is the id of the session
row. An address is a JID as WhatsApp writes it without a device: `15551230001@s.whatsapp.net` (phone number),
`123@lid`, `123@g.us`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

ReceiptKind = Literal['delivered', 'read', 'played']
Origin = Literal['live', 'offline']


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


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReceived:
    """A message arrived: from somebody else, or (`from_me`) one of our own written on the phone or another device.

    `chat` and `sender` are addresses as they arrived; `chat_alt` and `sender_alt` are the other name (phone number
    or LID) of the same person where the event offers it, else ''. In a private chat of ours (`from_me`) `chat` is
    the other person. `text` is the body or caption; `mentions` are addresses. `raw` is the serialized waE2E.Message.
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
class TypingChanged:
    """Somebody started or stopped typing or recording to us."""

    session: str
    chat: str
    sender: str
    state: Literal['typing', 'recording', 'paused']


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSeen:
    """A group we are in was created, joined or changed.

    `name` is empty when unknown; participants are pairs of digits: (lid, phone).
    """

    session: str
    group: str
    name: str
    participants: tuple[tuple[str, str], ...]


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
    | TypingChanged
    | GroupSeen
)


# ---- what we ask the host to say


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingText:
    """A text to send. `to` is an address; `mentions` are addresses; no link preview is ever fetched."""

    to: str
    text: str
    quote: Quote | None = None
    mentions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """WhatsApp's server took the message."""

    whatsapp_id: str
    at: datetime
