"""How the votes of a poll are sealed and opened.

Only the options' hashes travel, encrypted with a key made from the poll's own secret, its id, and the addresses of who
asked and who votes. An address may be a phone number or a LID, and the two sides need not use the same.
"""

import hashlib
import itertools
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.sandbox.cipher import hkdf
from core.sandbox.message import unwrapped
from core.sandbox.node import Jid
from core.sandbox.protos import DecodeError, Message, e2e

USE = b'Poll Vote'
IV = 12


class NoVote(Exception):
    """The vote cannot be opened with what is known of its poll."""


@dataclass(frozen=True, slots=True)
class Sealed:
    iv: bytes
    payload: bytes


def seal(secret: bytes, poll: str, asker: Jid, voter: Jid, hashes: Iterable[bytes]) -> Sealed:
    """*secret*: 32 bytes; *hashes*: the chosen options."""
    key, beside = _key(secret, poll, asker, voter)
    iv = os.urandom(IV)
    plain = e2e.PollVoteMessage(selectedOptions=list(hashes)).SerializeToString()
    return Sealed(iv, AESGCM(key).encrypt(iv, plain, beside))


def unseal(secret: bytes, poll: str, askers: Sequence[Jid], voters: Sequence[Jid], vote: Sealed) -> tuple[bytes, ...]:
    """The hashes of what was chosen, with whichever of the addresses were used. Raises NoVote."""
    for asker, voter in itertools.product(askers, voters):
        key, beside = _key(secret, poll, asker, voter)
        try:
            plain = AESGCM(key).decrypt(vote.iv, vote.payload, beside)
            return tuple(e2e.PollVoteMessage.FromString(plain).selectedOptions)
        except (InvalidTag, DecodeError):
            continue
    raise NoVote(f'the vote about {poll} was made with another key')


def hash_of(option: str) -> bytes:
    return hashlib.sha256(option.encode()).digest()


def secret_of(poll: Message) -> bytes:
    """The secret that came with a poll; b'' when none did."""
    secret: bytes = poll.messageContextInfo.messageSecret or unwrapped(poll).messageContextInfo.messageSecret
    return secret


def poll_message(name: str, options: Iterable[str], *, multiple: bool) -> Message:
    message = e2e.Message()
    poll = message.pollCreationMessageV3
    poll.name, poll.selectableOptionsCount = name, 0 if multiple else 1
    for each in options:
        poll.options.add(optionName=each)
    message.messageContextInfo.messageSecret = os.urandom(32)
    return message


def vote_message(key: Message, vote: Sealed) -> Message:
    """*key*: the MessageKey of the poll."""
    message = e2e.Message()
    update = message.pollUpdateMessage
    update.pollCreationMessageKey.CopyFrom(key)
    update.vote.encPayload, update.vote.encIV = vote.payload, vote.iv
    update.senderTimestampMS = int(time.time() * 1000)
    return message


def _key(secret: bytes, poll: str, asker: Jid, voter: Jid) -> tuple[bytes, bytes]:
    """(the key, what is authenticated beside the vote)."""
    info = f'{poll}{asker.bare}{voter.bare}'.encode() + USE
    return hkdf(secret, info, 32), f'{poll}\0{voter.bare}'.encode()
