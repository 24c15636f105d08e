"""What can be asked of a running sandbox, and what it answers.

People are named by the digits of their phone number, groups by their JID (`…@g.us`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

Tick = Literal['', 'sent', 'delivered', 'read', 'played', 'failed']
Addressing = Literal['pn', 'lid']
ChangeKind = Literal['message', 'receipt', 'reaction', 'typing', 'linked', 'unlinked', 'online', 'away', 'group']
FaultKind = Literal[
    'conflict',
    'corrupt',
    'drop',
    'expire_qr',
    'fail_login',
    'hasty',
    'http_status',
    'iq',
    'latency',
    'logout',
    'lose_acks',
    'media',
    'mute',
    'nack',
    'outage',
    'passkey',
    'qr_refs',
    'stream_error',
]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonOut:
    """A simulated person. `devices`: numbers of the linked devices; `offline`: the phone is switched off."""

    phone: str
    name: str
    lid: str
    devices: tuple[int, ...] = ()
    offline: bool = False
    unread: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One message as a phone sees it, in either direction.

    `chat`: the other person's digits, or the group's JID. `sender`: digits. `mine`: this person wrote it, on the phone
    or on a linked device. `kind`: text, image, video, audio, voice, document, sticker, contact, location, poll,
    reaction, edit, revoke or other. `text`: the words, the caption, or the reaction's emoji. `about`: the message that
    is reacted to, edited or revoked; `quotes`: the one that is answered. `tick`: how far an own message got.
    """

    id: str
    chat: str
    sender: str
    mine: bool
    kind: str
    text: str
    at: datetime
    tick: Tick = ''
    seen: bool = False
    about: str = ''
    quotes: str = ''
    mime: str = ''
    size: int = 0
    filename: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupOut:
    jid: str
    name: str
    owner: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceOut:
    """A connected client: an account's linked device, or, with phone '', one that waits to be paired."""

    phone: str
    device: int
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something the sandbox does wrong on purpose. Each kind reads the fields named with it; 0 times = until cleared.

    At once: drop(phone: the connection is cut) · logout(phone: unlinked from the phone) · stream_error(phone, code,
    conflict) · conflict(phone: the same device connects elsewhere) · expire_qr · outage(seconds: gone, then back).
    Standing: latency(ms before each ack and delivery) · mute (reads all, answers nothing) · http_status(code answers
    web-socket upgrades) · hasty (hangs up right after a stream error) · passkey (a scan is accepted, pairing never
    ends) · qr_refs(refs: fewer QR codes on offer).
    Counted: nack(code, times, phone: refuses messages) · lose_acks(times) · corrupt(times, phone: damages ciphertexts
    on their way to linked devices, or to all devices of phone) · iq(xmlns, code, times: 0 as code never answers) ·
    media(code, times: what the media store answers) · fail_login(phone, reason, code, expire: the next log-in).
    """

    kind: FaultKind
    phone: str = ''
    code: int = 0
    times: int = 1
    seconds: float = 0
    ms: int = 0
    reason: int = 0
    expire: int = 0
    refs: int = 0
    xmlns: str = ''
    conflict: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something about a person is different now; ask for the conversation to see what."""

    phone: str
    kind: ChangeKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A message as the server saw it, from outside the encryption. `targets`: the devices it went to."""

    at: datetime
    id: str
    sender: str
    to: str
    kind: str
    targets: tuple[str, ...]
    error: int
    receipts: tuple[tuple[str, str], ...]  # (kind, device)


class Calls(Protocol):
    """The calls. They raise NotFound, Invalid or Conflict with a sentence for the user."""

    def phones(self) -> tuple[PersonOut, ...]: ...

    def add_phone(self, phone: str, name: str = '') -> PersonOut:
        """The same number twice is the same person; a name given then replaces the old one."""
        ...

    def scan(self, phone: str, qr: str) -> int:
        """The phone scans what a client shows. The number of the new device, or 0 when the pairing stalls (passkey)."""
        ...

    def enter_code(self, phone: str, code: str) -> int:
        """The phone's user types a pairing code; waits a little for a client that asks for one."""
        ...

    def say(
        self, phone: str, to: str, text: str, *, quote: str = '', mentions: tuple[str, ...] = (), id: str = ''
    ) -> str:
        """Returns WhatsApp's message id. `to`: digits, a group's JID, or any JID. `id` makes one repeat itself."""
        ...

    def send(self, phone: str, to: str, message: bytes, *, id: str = '') -> str:
        """Any serialized `waE2E.Message`."""
        ...

    def attach(
        self, phone: str, to: str, data: bytes, *, mime: str, caption: str = '', filename: str = '', voice: bool = False
    ) -> str:
        """A picture, video, sound or document, encrypted and uploaded as a phone does it."""
        ...

    def read(self, phone: str, ids: tuple[str, ...] | None = None) -> int:
        """Send read receipts for these messages, or for all unread ones; says for how many."""
        ...

    def typing(self, phone: str, to: str, state: Literal['composing', 'paused', 'recording'] = 'composing') -> None: ...

    def react(self, phone: str, message: str, emoji: str) -> str:
        """React to a message of the conversation; '' takes the reaction back."""
        ...

    def inbox(self, phone: str) -> tuple[Item, ...]:
        """What the phone received and decrypted, oldest first; at most the last 5000."""
        ...

    def conversation(self, phone: str, chat: str = '', latest: int = 0) -> tuple[Item, ...]:
        """Both directions in order, of all chats or of one; only the `latest` newest, 0 for all."""
        ...

    def media(self, phone: str, message: str) -> bytes:
        """The decrypted bytes of a picture, sound, video or document."""
        ...

    def offline(self, phone: str, off: bool) -> None:
        """Switch the phone off or on; meanwhile messages wait at the server."""
        ...

    def groups(self) -> tuple[GroupOut, ...]: ...

    def add_group(self, name: str, owner: str, members: tuple[str, ...]) -> GroupOut: ...

    def set_addressing(self, direct: Addressing = 'pn', groups: Addressing = 'lid') -> None:
        """Name people by phone number or LID: senders of direct messages, and the members of groups made from now."""
        ...

    def sessions(self) -> tuple[DeviceOut, ...]: ...

    def faults(self) -> tuple[Fault, ...]: ...

    def set_fault(self, fault: Fault) -> None: ...

    def clear_fault(self, kind: FaultKind | None = None) -> None: ...

    def records(self) -> tuple[Seen, ...]:
        """The last 2000 messages the server accepted."""
        ...

    def unknown(self) -> tuple[str, ...]:
        """What clients asked that the server does not know."""
        ...


Watcher = Callable[[tuple[Change, ...]], None]
CALLS = tuple(name for name in vars(Calls) if not name.startswith('_'))
