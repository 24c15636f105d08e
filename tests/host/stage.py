"""A stage for stories: real host processes against the sandbox, everything they told, and the people on phones."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

from core.errors import NotConnected
from core.events import Connected, Event, MessageReceived, Outgoing, PairingCodeShown, Quote, Sent
from core.host.hosts import Hosts
from core.sandbox.process import Sandbox
from core.world import real_world

E = TypeVar('E')
ANNA = '15550000099'


class Stage:
    def __init__(self, sandbox: Sandbox, folder: Path, *, stores: bool = True, per_host: int = 20) -> None:
        self.sandbox = sandbox
        self.folder = folder
        self.stores = stores  # says `stored` for each event
        self.scanned_by: dict[str, str] = {}
        self._told: list[Event] = []
        self._changed = threading.Condition()
        self.hosts = Hosts(
            folder=folder,
            world=real_world(),
            listen=self._listen,
            on_hosts=lambda: None,
            sessions_per_host=per_host,
            library=sandbox.library,
            server=sandbox.address,
            log_level='WARNING',
        )

    def _listen(self, event: Event, stored: Callable[[], None]) -> None:
        with self._changed:
            self._told.append(event)
            self._changed.notify_all()
        if isinstance(event, PairingCodeShown) and not event.phone:
            phone = self.scanned_by.pop(event.session, '')
            if phone:
                threading.Thread(target=self.sandbox.scan, args=(phone, event.code), daemon=True).start()
        if self.stores:
            stored()

    # ---- what happened

    def mark(self) -> int:
        return len(self._told)

    def of(self, kind: type[E], session: str = '', since: int = 0) -> list[E]:
        return [
            each
            for each in list(self._told)[since:]
            if isinstance(each, kind) and session in ('', getattr(each, 'session', ''))
        ]

    def until(self, kind: type[E], session: str = '', since: int = 0, timeout: float = 60, count: int = 1) -> E:
        """Wait for the `count`th such event."""
        with self._changed:
            done = self._changed.wait_for(lambda: len(self.of(kind, session, since)) >= count, timeout)
        assert done, f'no {kind.__name__} within {timeout} s; last: {self._told[-5:]}'
        return self.of(kind, session, since)[count - 1]

    def heard(self, text: str, session: str = '', timeout: float = 30) -> MessageReceived:
        with self._changed:
            done = self._changed.wait_for(lambda: bool(self._texts(text, session)), timeout)
        assert done, f'“{text}” did not arrive; last: {self._told[-5:]}'
        return self._texts(text, session)[0]

    def _texts(self, text: str, session: str) -> list[MessageReceived]:
        return [each for each in self.of(MessageReceived, session) if each.text == text]

    # ---- what people do

    def linked(self, session: str, phone: str) -> None:
        """Open it and let the phone scan its QR code."""
        self.sandbox.add_phone(phone, session.title())
        self.scanned_by[session] = phone
        since = self.mark()
        self.hosts.open(session)
        self.until(Connected, session, since)

    def send(self, text: str, session: str = 'shop', to: str = ANNA, quote: Quote | None = None) -> Future[Sent]:
        address = to if '@' in to else f'{to}@s.whatsapp.net'
        return self.hosts.send(session, Outgoing(to=address, text=text, quote=quote))

    def send_surely(self, text: str, session: str = 'shop') -> Sent:
        """As the outbox does it: again while it is certain that nothing was sent."""
        end = time.monotonic() + 60
        while True:
            try:
                return self.send(text, session).result(20)
            except NotConnected:
                if time.monotonic() > end:
                    raise
                time.sleep(0.01)

    def inbox(self, phone: str = ANNA) -> list[str]:
        return [item.text for item in self.sandbox.inbox(phone)]


def eventually(true: Callable[[], bool], timeout: float = 30) -> None:
    end = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < end, 'it did not become true'
        time.sleep(0.01)
