"""Whom an account wants to hear nothing of: a copy of WhatsApp's list, and the way to change it."""

import logging
from collections.abc import Collection
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from functools import partial
from typing import Protocol

from data.blocked import blocked_by, set_blocked
from data.contacts import Contact
from data.database import after_commit, write, write_soon
from data.traffic import session_name

from .addresses import parse_jid
from .errors import CallFailed, Invalid, NotFound
from .events import BlocklistChanged
from .identities import Identities
from .news import NewsDesk
from .world import World

log = logging.getLogger(__name__)
WAITS = 30.0  # seconds for WhatsApp's answer
ASK_AGAIN = 600.0  # seconds between two questions for the list that nobody asked for


class Hosts(Protocol):
    """What is needed of core.host.hosts.Hosts; the futures fail with NotConnected, CallDenied or CallFailed."""

    def blocked(self, session: str, /) -> 'Future[tuple[str, ...]]': ...
    def block(self, session: str, whom: str, on: bool, /) -> 'Future[tuple[str, ...]]': ...


class Blocklist:
    def __init__(self, world: World, identities: Identities, desk: NewsDesk, hosts: Hosts) -> None:
        self.world, self.identities, self.desk, self.hosts = world, identities, desk, hosts
        self._asked: dict[str, float] = {}  # session id -> when

    def block(self, session_id: str, contact_id: str, on: bool) -> None:
        """Or unblock. Raises NotFound, NotConnected, CallDenied, CallFailed."""
        if Contact.get_or_none(Contact.id == contact_id) is None:
            raise NotFound('There is no contact with this id.')
        asked = self.hosts.block(session_id, write(lambda: self.identities.address_of(contact_id)), on)
        try:
            asked.result(WAITS)
        except FutureTimeout:
            raise CallFailed('WhatsApp did not answer in time.') from None
        write(lambda: self._set(session_id, contact_id, on))

    def connected(self, session_id: str) -> None:
        """Inside a write: the list may have changed while we were away."""
        now = self.world.ticks()
        if now - self._asked.get(session_id, -ASK_AGAIN) >= ASK_AGAIN:
            self._asked[session_id] = now
            after_commit(lambda: self._ask(session_id))

    def take(self, event: BlocklistChanged) -> None:
        """Inside a write: the owner changed it on the phone."""
        if session_name(event.session) is None:
            return
        if not event.changes:
            after_commit(lambda: self._ask(event.session))
        for address, on in event.changes:
            if _is_person(address):
                self._set(event.session, self.identities.contact(address), on)

    def _ask(self, session_id: str) -> None:
        self.hosts.blocked(session_id).add_done_callback(partial(self._told, session_id))

    def _told(self, session_id: str, done: 'Future[tuple[str, ...]]') -> None:
        if done.exception() is not None:
            log.info('the block list of a session could not be asked for: %s', done.exception())
            return
        write_soon(partial(self._mirror, session_id, done.result()))

    def _mirror(self, session_id: str, addresses: Collection[str]) -> None:
        if session_name(session_id) is None:
            return
        told = {self.identities.contact(each) for each in addresses if _is_person(each)}
        for contact in blocked_by(session_id):
            if contact.id not in told:
                self._set(session_id, str(contact.id), False)
        for contact_id in told:
            self._set(session_id, contact_id, True)

    def _set(self, session_id: str, contact_id: str, on: bool) -> None:
        if set_blocked(session_id, contact_id, on):
            who = dict(self.identities.person(contact_id))
            body = {'contact': who, 'session': session_name(session_id), 'blocked': on}
            self.desk.tell('contact.updated', body, session=session_id)


def _is_person(address: str) -> bool:
    try:
        return parse_jid(address).kind != 'group'
    except Invalid:
        return False
