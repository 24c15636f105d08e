"""How a phone encrypts for other devices and decrypts what they send."""

import secrets
from dataclasses import dataclass, field

from core.sandbox import ratchet, rows
from core.sandbox.cipher import pad, unpad
from core.sandbox.keys import DJB, KeyPair
from core.sandbox.node import Jid, Node
from core.sandbox.people import Bundle, Device, SignedKey
from core.sandbox.ratchet import Pairwise, Repeated, Undecryptable
from core.sandbox.senderkey import SenderKey, key_of
from core.sandbox.store import Store

SESSIONS_MAX = 5  # with one device; libsignal keeps more, but a phone here starts anew at every trouble
SIGNED_ID = b'\0\0\1'


@dataclass(slots=True)
class Keys:
    """A phone's own keys, which never change."""

    signed: KeyPair = field(default_factory=KeyPair.new)
    registration: int = field(default_factory=lambda: secrets.randbelow(16380) + 1)


@dataclass(slots=True)
class Sessions:
    """All sessions with one device; the first is the one we send with."""

    all: list[Pairwise] = field(default_factory=list)


@dataclass(slots=True)
class MemberKeys:
    """The keys one member's device used in one group, newest first."""

    all: list[SenderKey] = field(default_factory=list)


class Seals:
    """`me` is the phone's identity, `owner` its number."""

    def __init__(self, *, me: KeyPair, keys: Keys, owner: str, store: Store) -> None:
        self._me, self._keys, self._owner, self._store = me, keys, owner, store
        self.sessions: dict[str, Sessions] = {}
        self.own_keys: dict[str, SenderKey] = {}
        self.member_keys: dict[str, MemberKeys] = {}

    def bundle(self) -> Bundle:
        """What the phone publishes; it has no one-time keys."""
        signature = self._me.sign(DJB + self._keys.signed.public)
        return Bundle(
            self._keys.registration.to_bytes(4, 'big'),
            self._me.public,
            SignedKey(SIGNED_ID, self._keys.signed.public, signature),
        )

    def encrypt(self, device: Device, plain: bytes, *, anew: bool = False) -> Node:
        """An <enc> for *device*; *anew*: with a new session, because the device could not read the last one."""
        sessions = self.sessions.setdefault(device.key, Sessions()).all
        if anew or not sessions or sessions[0].stale:
            if device.bundle is None:
                raise Undecryptable(f'{device} has published no keys')
            opened = ratchet.start(self._me, self._keys.registration, device.bundle.invitation())
            sessions[:] = [opened, *sessions][:SESSIONS_MAX]
        kind, data = sessions[0].encrypt(pad(plain))
        self._mark_session(device)
        return Node('enc', {'v': '2', 'type': kind}, data)

    def decrypt(self, device: Device, chat: Jid, enc: Node) -> bytes:
        """Raises Repeated or Undecryptable."""
        try:
            return unpad(self._open(device, chat, enc))
        except (Repeated, Undecryptable):
            raise
        except (ValueError, IndexError) as error:
            raise Undecryptable(str(error)) from error

    def _open(self, device: Device, chat: Jid, enc: Node) -> bytes:
        kind, data = enc.text('type'), enc.data
        if kind == 'skmsg':
            return self._open_group(device, chat, data)
        sessions = self.sessions.setdefault(device.key, Sessions()).all
        if kind == 'pkmsg':
            session, plain = ratchet.read_first(data, sessions, self._answer)
        else:
            session, plain = ratchet.read_next(data, sessions)
        if not sessions or sessions[0] is not session:
            sessions[:] = [session, *(each for each in sessions if each is not session)][:SESSIONS_MAX]
        self._mark_session(device)
        return plain

    def _answer(self, them: bytes, base: bytes) -> Pairwise:
        return ratchet.answer(self._me, self._keys.signed, them, base)

    def _open_group(self, device: Device, chat: Jid, data: bytes) -> bytes:
        name, ident = f'{chat.user}/{device.key}', key_of(data)
        keys = self.member_keys.get(name, MemberKeys()).all
        key = next((each for each in keys if each.ident == ident), None)
        if key is None:
            raise Undecryptable('this member has not shared its group key')
        plain = key.decrypt(data)
        self._mark_member(name)
        return plain

    # ---- groups

    def encrypt_for(self, group: str, plain: bytes) -> tuple[bytes, Node]:
        """(the key as it must be shared with the members, an <enc> for all of them)."""
        key = self.own_keys.setdefault(group, SenderKey.new())
        shared = key.distribution()
        self._store.mark('ownkey', f'{self._owner}/{group}', lambda: rows.dump(key))
        return shared, Node('enc', {'v': '2', 'type': 'skmsg'}, key.encrypt(pad(plain)))

    def learn(self, device: Device, group: str, distribution: bytes) -> None:
        """A member's device shared its key for a group."""
        name, key = f'{group}/{device.key}', SenderKey.parse(distribution)
        known = self.member_keys.setdefault(name, MemberKeys()).all
        if all(each.ident != key.ident for each in known):
            known[:] = [key, *known][:SESSIONS_MAX]
            self._mark_member(name)

    # ---- what is kept

    def restore(self, *, trusted: bool) -> None:
        """Read what an earlier run kept. Not *trusted*: it may lack the last moments, so nothing is sent with it."""
        prefix = f'{self._owner}/'
        for key, text in self._store.text('pairwise'):
            if key.startswith(prefix):
                self.sessions[key.removeprefix(prefix)] = found = rows.load(Sessions, text)
                for each in found.all:
                    each.stale = each.stale or not trusted
        for key, text in self._store.text('memberkey'):
            if key.startswith(prefix):
                self.member_keys[key.removeprefix(prefix)] = rows.load(MemberKeys, text)
        for key, text in self._store.text('ownkey') if trusted else ():
            if key.startswith(prefix):
                self.own_keys[key.removeprefix(prefix)] = rows.load(SenderKey, text)

    def _mark_session(self, device: Device) -> None:
        sessions = self.sessions[device.key]
        self._store.mark('pairwise', f'{self._owner}/{device.key}', lambda: rows.dump(sessions))

    def _mark_member(self, name: str) -> None:
        keys = self.member_keys[name]
        self._store.mark('memberkey', f'{self._owner}/{name}', lambda: rows.dump(keys))
