"""Which phone numbers are on WhatsApp, asked before the first message to each and remembered for a month."""

import logging
from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta
from functools import partial

from data.database import after_commit, write_soon
from data.pacing import keep_number, known_number

from .world import World

log = logging.getLogger(__name__)

HOLDS = timedelta(days=30)
OnWhatsapp = Callable[[str, tuple[str, ...]], 'Future[dict[str, str]]']


class Numbers:
    """`on_whatsapp` is Hosts.on_whatsapp."""

    def __init__(self, world: World, on_whatsapp: OnWhatsapp) -> None:
        self.world, self.on_whatsapp = world, on_whatsapp
        self._asked: set[str] = set()

    def known(self, phone: str) -> bool | None:
        """Whether this number (digits) is there; None when nobody has asked lately."""
        row = known_number(phone)
        return None if row is None or row.at < self.world.now() - HOLDS else bool(row.address)

    def ask(self, session_id: str, phone: str, told: Callable[[], object]) -> None:
        """Inside a write: ask WhatsApp; `told` is called inside the write that keeps the answer.

        When there is no answer nothing is kept, and it has to be asked again.
        """
        if phone in self._asked:
            return
        self._asked.add(phone)
        after_commit(
            lambda: self.on_whatsapp(session_id, (phone,)).add_done_callback(partial(self._answered, phone, told))
        )

    def _answered(self, phone: str, told: Callable[[], object], done: 'Future[dict[str, str]]') -> None:
        self._asked.discard(phone)
        if done.exception() is not None:
            log.info('WhatsApp did not say whether a number is there: %s', done.exception())
            return
        address = done.result().get(phone, '')

        def keep() -> None:
            keep_number(phone, address, self.world.now())
            told()

        write_soon(keep)
