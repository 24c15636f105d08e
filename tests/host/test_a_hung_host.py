"""A host that stands still with its pipe full. In a file of its own, so that other stories are told meanwhile."""

import os
import signal
import threading
from concurrent.futures import Future
from contextlib import suppress

from core.errors import NotConnected
from core.events import Connected, Disconnected, Sent
from tests.host.stage import Stage, eventually

LONG = '😀' * 65_000


def test_a_hung_host_holds_nobody_up_and_is_ended(stage: Stage) -> None:
    """What it had not begun is certain, so it leaves through the next one."""
    host = stage.hosts.hosts()[0]
    os.kill(host.pid, signal.SIGSTOP)
    since = stage.mark()
    asked: list[Future[Sent]] = []
    asking = threading.Thread(target=lambda: asked.extend([stage.send(LONG) for _ in range(20)]), daemon=True)
    asking.start()
    try:
        asking.join(10)
        assert len(asked) == 20  # more than any pipe holds
        assert all(isinstance(each.exception(60), NotConnected) for each in asked)
    finally:
        with suppress(ProcessLookupError):
            os.kill(host.pid, signal.SIGKILL)
    stage.until(Disconnected, 'shop', since)
    stage.until(Connected, 'shop', since)
    assert stage.hosts.hosts()[0].crashes == 1
    stage.send_surely('through the next one')
    eventually(lambda: 'through the next one' in stage.inbox())
    assert LONG not in stage.inbox()
