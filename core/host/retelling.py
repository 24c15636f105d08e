"""Events that the last run had not stored are told again."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from core.events import Event
from core.host import spool

log = logging.getLogger(__name__)

Listen = Callable[[Event, Callable[[], None]], None]  # event, stored(): call when the event is safely in our database


class Retelling:
    def __init__(self, folder: Path, listen: Listen) -> None:
        self._folder, self._listen = folder, listen
        self._begun = False
        self._spools = threading.Lock()
        self._spools_left = threading.Lock()

    def begin(self) -> None:
        """Not earlier than the first session is opened: only then is everybody ready to listen."""
        if not self._begun:
            self._begun = True
            threading.Thread(target=self._all, name='spools', daemon=True).start()

    def _all(self) -> None:
        for file in sorted(self._folder.glob('*.spool')):
            try:
                self._file(file)
            except Exception:  # it stays for the next start
                log.exception('%s could not be told again', file.name)

    def of(self, session: str) -> None:
        """What was left of this session, whose store is taken over now."""
        self._file(spool.path_of(self._folder, session))

    def _file(self, file: Path) -> None:
        with self._spools:
            if not file.exists():
                return
            events = spool.read(file)
            log.info('telling %d events again that the last run had not stored', len(events))
            left = len(events)

            def stored() -> None:
                nonlocal left
                with self._spools_left:
                    left -= 1
                    if left == 0:
                        file.unlink(missing_ok=True)

            if not events:
                file.unlink(missing_ok=True)
            for event in events:
                self._listen(event, stored)
