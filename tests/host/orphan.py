"""A main process to be killed: `python -m tests.host.orphan FOLDER LIBRARY HOST PORT SESSION`.

Prints the process id of its host, then `heard` for each message, none of which it stores.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

from core.events import Connected, Event, MessageReceived
from core.host.hosts import Hosts
from core.world import real_world


def main() -> None:
    folder, library, host, port, session = sys.argv[1:]
    hosts = Hosts(
        folder=Path(folder),
        world=real_world(),
        listen=listen,
        on_hosts=lambda: None,
        library=Path(library),
        server=(host, int(port)),
    )
    hosts.open(session)
    print(hosts.hosts()[0].pid, flush=True)
    time.sleep(60)


def listen(event: Event, _stored: Callable[[], None]) -> None:
    if isinstance(event, Connected):
        print('connected', flush=True)
    if isinstance(event, MessageReceived):
        print('heard', flush=True)


if __name__ == '__main__':
    main()
