"""Signal's one-to-one sessions for the simulated phones: X3DH and the double ratchet."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from core.sandbox.cipher import cbc_decrypt, cbc_encrypt, hkdf, mac
from core.sandbox.fields import blob, integer, pack, unpack
from core.sandbox.keys import DJB, KeyPair

VERSION = b'\x33'
SKIPPED_MAX = 2000  # message keys kept for stragglers, for each chain
CHAINS_MAX = 5  # receiving chains kept, as libsignal does


class Undecryptable(Exception):
    """The message was damaged, or is for a session we do not have."""


class Repeated(Exception):
    """This message was decrypted before."""


@dataclass(slots=True)
class Chain:
    """`skipped`: the seeds of messages that were overtaken, by number."""

    key: bytes
    index: int = 0
    skipped: dict[int, bytes] = field(default_factory=dict)

    def step(self) -> bytes:
        seed, self.key = mac(self.key, b'\x01'), mac(self.key, b'\x02')
        self.index += 1
        return seed

    def seed(self, index: int) -> bytes:
        """The seed of message *index*; skips ahead if needed. Raises Repeated or Undecryptable."""
        if index < self.index:
            seed = self.skipped.pop(index, None)
            if seed is None:
                raise Repeated(f'message {index} of this chain was read before')
            return seed
        if index - self.index > SKIPPED_MAX:
            raise Undecryptable(f'message {index} is too far ahead of {self.index}')
        while self.index < index:
            overtaken = self.index
            self.skipped[overtaken] = self.step()
        while len(self.skipped) > SKIPPED_MAX:
            del self.skipped[next(iter(self.skipped))]
        return self.step()

    def copy(self) -> 'Chain':
        return Chain(self.key, self.index, dict(self.skipped) if self.skipped else {})


@dataclass(frozen=True, slots=True)
class Prelude:
    """What a first message tells so that the other side can open the session too."""

    registration: int
    once: int | None
    signed: int
    base: bytes


@dataclass(slots=True)
class Pairwise:
    """A session with one device of someone else.

    `them` is their identity key, `base` the ephemeral key that opened the session. `stale`: what was sent on it last is
    not known for sure, so it is only read from.
    """

    me: KeyPair
    them: bytes
    root: bytes
    ratchet: KeyPair
    sending: Chain | None = None
    previous: int = 0
    receiving: dict[bytes, Chain] = field(default_factory=dict)
    prelude: Prelude | None = None
    base: bytes = b''
    stale: bool = False

    def encrypt(self, plain: bytes) -> tuple[str, bytes]:
        """(type, ciphertext): 'pkmsg' until the other side has answered, then 'msg'."""
        if self.sending is None:
            raise Undecryptable('the other side has not said anything yet')
        index = self.sending.index
        cipher, mac_key, iv = _message_keys(self.sending.step())
        sealed = cbc_encrypt(cipher, iv, plain)
        body = VERSION + pack({1: DJB + self.ratchet.public, 2: index, 3: self.previous, 4: sealed})
        message = body + mac(mac_key, DJB + self.me.public + DJB + self.them + body)[:8]
        if self.prelude is None:
            return 'msg', message
        first = self.prelude
        opening = {5: first.registration, 1: first.once, 6: first.signed, 2: DJB + first.base, 3: DJB + self.me.public}
        return 'pkmsg', VERSION + pack({**opening, 4: message})

    def decrypt(self, message: bytes) -> bytes:
        """Raises Repeated or Undecryptable; the session is then as it was before."""
        body, tag, fields = message[:-8], message[-8:], unpack(message[1:-8])
        theirs, index = blob(fields, 1)[1:], integer(fields, 2)
        attempt = self if theirs in self.receiving else self._turned(theirs)
        known = attempt.receiving[theirs]
        # Most messages are the next one in order: then nothing but the chain's key has to be remembered for undoing.
        chain = known if index == known.index else known.copy()
        before = (chain.key, chain.index)
        try:
            cipher, mac_key, iv = _message_keys(chain.seed(index))
            if not hmac.compare_digest(tag, mac(mac_key, DJB + self.them + DJB + self.me.public + body)[:8]):
                raise Undecryptable('bad message authentication code')
            plain = cbc_decrypt(cipher, iv, blob(fields, 4))
        except (Undecryptable, ValueError) as error:
            chain.key, chain.index = before
            raise Undecryptable(str(error)) from error
        attempt.receiving[theirs] = chain
        self._become(attempt)
        return plain

    def _turned(self, theirs: bytes) -> 'Pairwise':
        """This session after the other side took a new ratchet key."""
        turned = replace(self, receiving=dict(self.receiving))
        turned.receiving[theirs] = turned._derive(theirs)
        while len(turned.receiving) > CHAINS_MAX:
            del turned.receiving[next(iter(turned.receiving))]
        turned.previous = turned.sending.index if turned.sending else 0
        turned.ratchet = KeyPair.new()
        turned.sending = turned._derive(theirs)
        return turned

    def _become(self, other: 'Pairwise') -> None:
        self.prelude = None
        if other is not self:
            self.root, self.ratchet, self.sending = other.root, other.ratchet, other.sending
            self.previous, self.receiving = other.previous, other.receiving

    def _derive(self, theirs: bytes) -> Chain:
        keys = hkdf(self.ratchet.agree(theirs), b'WhisperRatchet', 64, self.root)
        self.root = keys[:32]
        return Chain(keys[32:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """The public keys with which a session with a device can be opened; ids are numbers."""

    identity: bytes
    signed_id: int
    signed: bytes
    once_id: int | None = None
    once: bytes = b''


def start(me: KeyPair, registration: int, invitation: Invitation) -> Pairwise:
    """Open a session with the owner of *invitation* (X3DH, our side first)."""
    ephemeral, signed = KeyPair.new(), invitation.signed
    secret = bytes([255]) * 32 + me.agree(signed) + ephemeral.agree(invitation.identity) + ephemeral.agree(signed)
    if invitation.once_id is not None:
        secret += ephemeral.agree(invitation.once)
    keys = hkdf(secret, b'WhisperText', 64)
    session = Pairwise(me, invitation.identity, keys[:32], KeyPair.new(), base=ephemeral.public)
    session.receiving[signed] = Chain(keys[32:])
    session.sending = session._derive(signed)
    session.prelude = Prelude(registration, invitation.once_id, invitation.signed_id, ephemeral.public)
    return session


def answer(me: KeyPair, signed: KeyPair, them: bytes, base: bytes, once: KeyPair | None = None) -> Pairwise:
    """Accept a session that *them* opened with our keys."""
    secret = bytes([255]) * 32 + signed.agree(them) + me.agree(base) + signed.agree(base)
    if once is not None:
        secret += once.agree(base)
    keys = hkdf(secret, b'WhisperText', 64)
    return Pairwise(me, them, keys[:32], signed, Chain(keys[32:]), base=base)


def read_first(
    message: bytes, sessions: list[Pairwise], opened: Callable[[bytes, bytes], Pairwise]
) -> tuple[Pairwise, bytes]:
    """Decrypt a 'pkmsg' with the session it belongs to, or a new one by `opened(their identity, base)`."""
    fields = unpack(message[1:])
    base, them = blob(fields, 2)[1:], blob(fields, 3)[1:]
    session = next((each for each in sessions if each.base == base), None) or opened(them, base)
    return session, session.decrypt(blob(fields, 4))


def read_next(message: bytes, sessions: list[Pairwise]) -> tuple[Pairwise, bytes]:
    """Decrypt a 'msg' with whichever session fits. Raises Repeated or Undecryptable."""
    theirs = blob(unpack(message[1:-8]), 1)[1:]
    problem: Exception = Undecryptable('there is no session with this device')
    for session in sorted(sessions, key=lambda each: theirs not in each.receiving):
        try:
            return session, session.decrypt(message)
        except Repeated:
            raise
        except Undecryptable as error:
            problem = error
    raise problem


def _message_keys(seed: bytes) -> tuple[bytes, bytes, bytes]:
    keys = hkdf(seed, b'WhisperMessageKeys', 80)
    return keys[:32], keys[32:64], keys[64:]
