"""What can be asked of a running sandbox, and what it answers.

People are named by the digits of their phone number, groups by their JID (`…@g.us`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

Tick = Literal['', 'sent', 'delivered', 'read', 'played', 'failed']
Addressing = Literal['pn', 'lid']
Presence = Literal['available', 'unavailable']
GroupAction = Literal[
    'add',
    'remove',
    'promote',
    'demote',
    'leave',
    'join',
    'subject',
    'description',
    'picture',
    'locked',
    'unlocked',
    'announcement',
    'not_announcement',
    'revoke_invite',
]
ChangeKind = Literal[
    'message', 'receipt', 'reaction', 'typing', 'linked', 'unlinked', 'online', 'away', 'group', 'call', 'contact'
]
FaultKind = Literal[
    'ban',
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
    'media_cut',
    'media_slow',
    'mute',
    'nack',
    'outage',
    'passkey',
    'qr_refs',
    'reachout',
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
class Place:
    """Degrees."""

    latitude: float
    longitude: float
    name: str = ''
    address: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One message as a phone sees it, in either direction.

    `chat`: the other person's digits, the group's JID, or `status@broadcast`. `sender`: digits. `mine`: this person
    wrote it, on the phone or on a linked device. `kind`: text, image, video, audio, voice, document, sticker, contact,
    location, poll, vote, reaction, edit, revoke, call or other. `text`: the words, the caption, the reaction's emoji,
    what was voted for, or of a call ringing, rejected, missed or ended. `about`: the message that is reacted to, voted
    in, edited or revoked; `quotes`: the one that is answered. `tick`: how far an own message got.

    `options`: of a poll, or those a vote chose; `votes`: how many chose each option of a poll until now, `chosen`: the
    options its owner chose. `phones`: the numbers on a contact card. `seconds`: of sound and video. `edited` and
    `revoked`: that happened to this message since; its text is what stands there now. `reactions`: (digits, emoji).
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
    seconds: int = 0
    place: Place | None = None
    phones: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    multiple: bool = False
    votes: tuple[int, ...] = ()
    chosen: tuple[str, ...] = ()
    forwarded: bool = False
    view_once: bool = False
    edited: bool = False
    revoked: bool = False
    video: bool = False
    reactions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupOut:
    """`invite`: the code at the end of its link; `picture`: the id of its picture, '' without one."""

    jid: str
    name: str
    owner: str
    members: tuple[str, ...]
    admins: tuple[str, ...] = ()
    description: str = ''
    picture: str = ''
    invite: str = ''
    locked: bool = False
    announce: bool = False
    approval: bool = False


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
    Until they are over or cleared, also over a restart: ban(phone, seconds, code: its sessions are thrown out, log-ins
    answer 402) · reachout(phone, n, seconds: its linked devices may write to n people who never wrote to it, then first
    messages are refused with 463 for so long, 0: until cleared).
    Standing: latency(ms before each ack and delivery) · mute (reads all, answers nothing) · http_status(code answers
    web-socket upgrades) · hasty (hangs up right after a stream error) · passkey (a scan is accepted, pairing never
    ends) · qr_refs(refs: fewer QR codes on offer) · media_slow(rate: bytes per second of each download).
    Counted: nack(code, times, phone: refuses messages) · lose_acks(times) · corrupt(times, phone: damages ciphertexts
    on their way to linked devices, or to all devices of phone) · iq(xmlns, code, times: 0 as code never answers) ·
    media(code, times: what the media store answers) · media_cut(times: downloads end in the middle) ·
    fail_login(phone, reason, code, expire: the next log-in).
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
    n: int = 0
    rate: int = 0
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

    def add_phone(self, phone: str, name: str = '', aliases: tuple[str, ...] = ()) -> PersonOut:
        """The same number twice is the same person; a name given then replaces the old one.

        `aliases`: other spellings of the number under which WhatsApp finds it, as in Brazil with and without a 9.
        """
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
        self,
        phone: str,
        to: str,
        data: bytes,
        *,
        mime: str,
        caption: str = '',
        filename: str = '',
        voice: bool = False,
        view_once: bool = False,
        quote: str = '',
    ) -> str:
        """A picture, video, sound or document, encrypted and uploaded as a phone does it."""
        ...

    def locate(
        self,
        phone: str,
        to: str,
        latitude: float,
        longitude: float,
        *,
        name: str = '',
        address: str = '',
        quote: str = '',
    ) -> str:
        """A place on the map."""
        ...

    def card(self, phone: str, to: str, name: str, phones: tuple[str, ...], *, quote: str = '') -> str:
        """A contact card."""
        ...

    def poll(
        self, phone: str, to: str, name: str, options: tuple[str, ...], *, multiple: bool = False, quote: str = ''
    ) -> str:
        """A question with 2 to 12 options."""
        ...

    def vote(self, phone: str, message: str, options: tuple[str, ...]) -> str:
        """Choose these options of a poll, and none else; () takes the vote back."""
        ...

    def edit(self, phone: str, message: str, text: str) -> str:
        """Change an own text, for 15 minutes."""
        ...

    def revoke(self, phone: str, message: str) -> str:
        """Delete a message for everyone: an own one, or as an admin anybody's."""
        ...

    def forward(self, phone: str, message: str, to: str) -> str: ...

    def status(self, phone: str, text: str = '', *, data: bytes = b'', mime: str = '') -> str:
        """Show a text, or a picture or video with it, to the people of the address book and of the chats."""
        ...

    def read(self, phone: str, ids: tuple[str, ...] | None = None) -> int:
        """Send read receipts for these messages, or for all unread ones; says for how many."""
        ...

    def typing(self, phone: str, to: str, state: Literal['composing', 'paused', 'recording'] = 'composing') -> None: ...

    def presence(self, phone: str, state: Presence) -> None:
        """The phone's owner opens or closes the app."""
        ...

    def call(self, phone: str, to: str, *, video: bool = False) -> str:
        """Ring at the other side's connected devices; returns the id of the call."""
        ...

    def hang_up(self, phone: str) -> int:
        """End the calls this phone began; says how many."""
        ...

    def block(self, phone: str, other: str, on: bool = True) -> None:
        """Put a person on this account's block list, or take them off it."""
        ...

    def blocked(self, phone: str) -> tuple[str, ...]: ...

    def save_contact(self, phone: str, other: str, name: str) -> None:
        """Write a person into the phone's address book, which its linked devices share."""
        ...

    def picture(self, phone: str, data: bytes) -> str:
        """Set the profile picture, a JPEG, or remove it with b''; returns its id."""
        ...

    def remember(self, phone: str, chat: str, text: str, *, at: datetime, mine: bool = False) -> str:
        """Have had a conversation long ago: a message that only this phone still knows."""
        ...

    def history(self, phone: str, chats: int, messages: int) -> None:
        """How much a device linked from now on is told: of so many chats, so many messages each."""
        ...

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

    def group_change(
        self,
        phone: str,
        group: str,
        action: GroupAction,
        members: tuple[str, ...] = (),
        *,
        text: str = '',
        data: bytes = b'',
    ) -> GroupOut:
        """Something a person does to a group. `text`: the new subject or description, or the invite code to join by;
        `data`: the new picture, a JPEG. Raises Conflict when WhatsApp refuses it."""
        ...

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
