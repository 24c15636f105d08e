"""What a host still held when its main process died: written to a file, told again by the next one."""

import logging
import os
import pickle
from collections.abc import Iterable
from pathlib import Path

from core.events import Event

log = logging.getLogger(__name__)


def path_of(folder: Path, session: str) -> Path:
    return folder / f'{session}.spool'


def write(folder: Path, session: str, events: Iterable[Event]) -> None:
    """Append; on the disk when this returns."""
    handle = os.open(path_of(folder, session), os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    with os.fdopen(handle, 'wb') as file:
        for event in events:
            pickle.dump(event, file, pickle.HIGHEST_PROTOCOL)
        file.flush()
        os.fsync(file.fileno())


def read(file: Path) -> list[Event]:
    """What can be read of it; a torn end (the disk was full) is left out and said in the log."""
    events: list[Event] = []
    with file.open('rb') as source:
        while True:
            try:
                events.append(pickle.load(source))
            except EOFError:
                return events
            except (pickle.UnpicklingError, AttributeError, ValueError, TypeError, IndexError) as error:
                log.warning('%s is damaged after %d events: %s', file.name, len(events), error)
                return events
