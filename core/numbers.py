"""Where phone numbers are on WhatsApp, asked before the first message to each and remembered for a month."""

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from datetime import timedelta
from functools import partial

from data.database import after_commit, write_soon
from data.pacing import keep_number, known_number
from data.traffic import never_heard

from .addresses import parse_jid
from .identities import Identities
from .pace import Wait
from .spelling import other_spelling
from .world import World

log = logging.getLogger(__name__)

HOLDS = timedelta(days=30)
CHECK_LASTS = timedelta(seconds=30)  # until WhatsApp is asked about a number again when it did not answer
NOT_THERE = 'This number is not on WhatsApp.'
ASKING = 'WhatsApp is being asked whether this number is there.'
OnWhatsapp = Callable[[str, tuple[str, ...]], 'Future[dict[str, str]]']


class Numbers:
    """`on_whatsapp` is Hosts.on_whatsapp."""

    def __init__(self, world: World, identities: Identities, on_whatsapp: OnWhatsapp) -> None:
        self.world, self.identities, self.on_whatsapp = world, identities, on_whatsapp
        self._asked: set[str] = set()

    def stranger(self, chat_id: str) -> tuple[str, str]:
        """(phone, LID) of somebody who never wrote here; ('', '') for those of whom nothing has to be asked."""
        contact_id = self.identities.card(chat_id).contact_id
        who = self.identities.person(contact_id) if contact_id else {}
        phone, lid = str(who.get('phone') or '')[1:], str(who.get('lid') or '')
        asks = phone and not lid and other_spelling(phone) and never_heard(chat_id)
        return (phone, lid) if asks else ('', '')

    def missing(
        self, session_id: str, phone: str, lid: str, *, always: bool, told: Callable[[], object]
    ) -> Wait | tuple[str, str, str] | None:
        """Inside a write: what must be known of a number before the first message to it, whether it is there and how it
        is written. None: it may go; else until when it waits for `told`, or (status, why, code) when it never will.

        `always`: of any number; else only where people write it in two ways, unless WhatsApp has named it itself.
        """
        if not phone or not (always or (not lid and other_spelling(phone))):
            return None
        address = self.address(phone)
        if address == '':
            return 'failed', NOT_THERE, 'not_on_whatsapp'
        if address is None or (not lid and parse_jid(address).digits != phone):
            self.ask(session_id, phone, told)
            return Wait(until=self.world.now() + CHECK_LASTS, why=ASKING)
        return None

    def address(self, phone: str) -> str | None:
        """Where this number (digits) is, '' when it is not there; None when nobody has asked lately."""
        row = known_number(phone)
        return None if row is None or row.at < self.world.now() - HOLDS else str(row.address)

    def ask(self, session_id: str, phone: str, told: Callable[[], object]) -> None:
        """Inside a write: ask WhatsApp; `told` is called inside the write that keeps the answer.

        When there is no answer nothing is kept, and it has to be asked again.
        """
        asked = spellings(phone)
        if not self._asked.isdisjoint(asked):
            return
        self._asked.update(asked)
        after_commit(
            lambda: self.on_whatsapp(session_id, asked).add_done_callback(partial(self._answered, asked, told))
        )

    def _answered(self, asked: tuple[str, ...], told: Callable[[], object], done: 'Future[dict[str, str]]') -> None:
        self._asked.difference_update(asked)
        if done.exception() is not None:
            log.info('WhatsApp did not say whether a number is there: %s', done.exception())
            return

        def keep() -> None:
            self.learn(asked, done.result())
            told()

        write_soon(keep)

    def learn(self, asked: tuple[str, ...], found: Mapping[str, str]) -> str:
        """Inside a write: keep what WhatsApp answered about all `spellings` of a number, and bind their contacts to it.

        Returns where the first of them is, '' when none is there.
        """
        for phone in asked:
            address = where(phone, asked, found)
            if address:
                self.identities.respell(phone, address)
            keep_number(phone, address, self.world.now())
        return where(asked[0], asked, found)


def spellings(phone: str) -> tuple[str, ...]:
    """All of which WhatsApp has to be asked about one number, itself first."""
    other = other_spelling(phone)
    return (phone, other) if other else (phone,)


def where(phone: str, asked: tuple[str, ...], found: Mapping[str, str]) -> str:
    """The address of `phone`, or of the number when it is written otherwise; '' when it is not there."""
    return found.get(phone) or next((found[each] for each in asked if found.get(each)), '')
