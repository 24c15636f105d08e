"""Who does not want automatic or bulk messages: kept as hashes, so that it outlives the contact."""

import hashlib

from data.pacing import any_opted_out, drop_opt_outs, keep_opt_outs, opt_outs_among

from .addresses import Address
from .identities import Identities
from .world import World

COMPLIANCE = 'opt-out'  # the author of what confirms that somebody opted out or in


class OptOuts:
    """A person who answers by hand may always do so; see `is_automatic`. Everything here belongs inside a write."""

    def __init__(self, world: World, identities: Identities) -> None:
        self.world, self.identities = world, identities
        self._any: bool | None = None  # most houses have none, and then nothing is looked up

    def opt_out(self, contact_id: str, *, source: str) -> None:
        """`source`: what made them, for people to read."""
        keep_opt_outs(self._hashes(contact_id), source, self.world.now())
        self._any = True

    def opt_in(self, contact_id: str) -> bool:
        """False when they had not opted out."""
        return drop_opt_outs(self._hashes(contact_id))

    def include(self, contact_id: str) -> bool:
        if self._any is None:
            self._any = any_opted_out()
        return self._any and bool(opt_outs_among(self._hashes(contact_id)))

    def include_address(self, address: Address) -> bool:
        """Also somebody we have no contact of."""
        return bool(opt_outs_among([_hash(address)]))

    def include_chat(self, chat_id: str) -> bool:
        """Nobody speaks for a group."""
        if self._any is False:
            return False
        contact_id = self.identities.card(chat_id).contact_id
        return contact_id is not None and self.include(contact_id)

    def _hashes(self, contact_id: str) -> list[str]:
        person = self.identities.person(contact_id)
        known = [Address('phone', person['phone'][1:])] if person['phone'] else []
        known += [Address('lid', person['lid'])] if person['lid'] else []
        return [_hash(each) for each in known]


def _hash(address: Address) -> str:
    return hashlib.sha256(str(address).encode()).hexdigest()


def is_automatic(author: str, priority: int) -> bool:
    """Whether nobody wrote it by hand: opting out is about these, but for the word that confirms it."""
    return priority > 0 or not (author == COMPLIANCE or author.startswith('user:'))


def opted_out(phone: str | None, lid: str | None) -> bool:
    """Whether the person with this number or LID (digits) is on the list; reads, on any thread."""
    known = [Address('phone', phone)] if phone else []
    known += [Address('lid', lid)] if lid else []
    return any_opted_out() and bool(opt_outs_among([_hash(each) for each in known]))
