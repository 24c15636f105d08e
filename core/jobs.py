"""Work that comes round: the quick look every second, and the housekeeping that huey does every minute."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from huey import SqliteHuey, crontab
from huey.consumer import Consumer

from data.database import database

log = logging.getLogger(__name__)


class Ticker(threading.Thread):
    """Calls each of `works` about once a second, on a thread of its own."""

    def __init__(self, works: tuple[Callable[[], object], ...], *, every: float = 1.0) -> None:
        super().__init__(name='ticker', daemon=True)
        self.works, self.every, self._over = works, every, threading.Event()

    def run(self) -> None:
        try:
            while not self._over.wait(self.every):
                for work in self.works:
                    try:
                        work()
                    except Exception:  # the next second is a new chance
                        log.exception('what happens every second failed')
        finally:
            database.close()

    def stop(self) -> None:
        self._over.set()
        if self.is_alive():
            self.join(5)


class Jobs:
    """huey with its worker threads inside this process. Rows are the truth: a job that is lost is only late."""

    def __init__(self, path: Path) -> None:
        self.huey = SqliteHuey(filename=str(path), results=False)
        self._consumer: _Quiet | None = None

    def every_minute(self, name: str, work: Callable[[], object]) -> None:
        """Call before start(). `name` outlives releases: a queued job is found again by it."""

        def job() -> None:
            try:
                work()
            finally:
                database.close()

        self.huey.periodic_task(crontab(minute='*'), name=name)(job)

    def start(self) -> None:
        self._consumer = _Quiet(self.huey, workers=1, initial_delay=0.05, max_delay=1.0, check_worker_health=False)
        self._consumer.start()

    def stop(self) -> None:
        if self._consumer is not None:
            self._consumer.stop(graceful=False)
        self.huey.storage.close()


class _Quiet(Consumer):  # type: ignore[misc]  # huey has no types
    def _set_signal_handlers(self) -> None:
        """The signals belong to the program, and this may not be its main thread."""
