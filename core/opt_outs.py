"""Who does not want automatic or bulk messages: kept as hashes, so that it outlives the contact."""

import hashlib

from data.opt_outs import OptOut as Row
from data.opt_outs import any_opted_out, drop_opt_outs, keep_opt_outs, opt_out_of

from .addresses import Address
from .bodies import Body, time_text
from .identities import Identities
from .news import NewsDesk
from .world import World

COMPLIANCE = 'opt-out'  # the author of what confirms that somebody opted out or in


class OptOuts:
    """A person who answers by hand may always do so; see `is_automatic`. Everything here belongs inside a write."""

    def __init__(self, world: World, identities: Identities, desk: NewsDesk) -> None:
        self.world, self.identities, self.desk = world, identities, desk
        self._any: bool | None = None  # most houses have none, and then nothing is looked up

    def opt_out(self, contact_id: str, *, source: str) -> bool:
        """False when they had opted out before, which stays as it was. `source`: what made them, for people to read."""
        hashes, before = self._hashes(contact_id), self.of(contact_id)
        if before is not None:
            keep_opt_outs(hashes, contact_id, wish=str(before.wish), source=str(before.source), at=before.at)
            return False
        keep_opt_outs(hashes, contact_id, wish=self.world.new_id(), source=source, at=self.world.now())
        self._any = True
        self._tell(contact_id)
        return True

    def opt_in(self, contact_id: str) -> bool:
        """False when they had not opted out."""
        gone = drop_opt_outs(contact_id, self._hashes(contact_id))
        if gone:
            self._tell(contact_id)
        return gone

    def of(self, contact_id: str) -> Row | None:
        """What they said, None for somebody who did not opt out."""
        return opt_out_of(contact_id, self._hashes(contact_id))

    def at(self, address: Address) -> Row | None:
        """The same, also of somebody we have no contact of. Raises NotFound for a contact id nobody has."""
        contact_id = self.identities.known(address)
        return self.of(contact_id) if contact_id else opt_out_of(None, [_hash(address)])

    def include(self, contact_id: str) -> bool:
        if self._any is None:
            self._any = any_opted_out()
        return self._any and self.of(contact_id) is not None

    def include_chat(self, chat_id: str) -> bool:
        """Nobody speaks for a group."""
        if self._any is False:
            return False
        contact_id = self.identities.card(chat_id).contact_id
        return contact_id is not None and self.include(contact_id)

    def _tell(self, contact_id: str) -> None:
        who = dict(self.identities.person(contact_id))
        self.desk.tell('contact.updated', {'contact': who, 'opted_out': opted_out_body(self.of(contact_id))})

    def _hashes(self, contact_id: str) -> list[str]:
        who = self.identities.person(contact_id)
        return _hashes((who['phone'] or '')[1:], who['lid'] or '')


def opted_out_body(row: Row | None) -> Body | None:
    """{since, source}; None for somebody who did not opt out."""
    return None if row is None else {'since': time_text(row.at), 'source': row.source}


def _hashes(phone: str, lid: str) -> list[str]:
    known = [Address('phone', phone)] if phone else []
    known += [Address('lid', lid)] if lid else []
    return [_hash(each) for each in known]


def _hash(address: Address) -> str:
    return hashlib.sha256(str(address).encode()).hexdigest()


def is_automatic(author: str, priority: int) -> bool:
    """Whether nobody wrote it by hand: opting out is about these, but for the word that confirms it."""
    return priority > 0 or not (author == COMPLIANCE or author.startswith('user:'))


def opted_out(contact_id: str, phone: str | None, lid: str | None) -> bool:
    """Whether the person with this number or LID (digits) is on the list; reads, on any thread."""
    return any_opted_out() and opt_out_of(contact_id, _hashes(phone or '', lid or '')) is not None
