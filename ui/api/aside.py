"""Work that would keep the event loop waiting, done on threads."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from core.errors import CallFailed
from data.database import database, read

T = TypeVar('T')
CALL_WAITS = 15.0

_quick = ThreadPoolExecutor(4, thread_name_prefix='api')
_slow = ThreadPoolExecutor(8, thread_name_prefix='api-slow')  # these may wait many seconds for a phone
_mine = threading.local()


async def aside(work: Callable[[], T]) -> T:
    """Run `work`, which may read and write the database, on a thread."""
    return await asyncio.get_running_loop().run_in_executor(_quick, _with_database, work)


async def aside_slowly(work: Callable[[], T]) -> T:
    """The same for what waits for a phone or for WhatsApp."""
    return await asyncio.get_running_loop().run_in_executor(_slow, _with_database, work)


async def answered(call: 'Future[T]', seconds: float = CALL_WAITS) -> T:
    """What a host answers. Raises what it failed with, or CallFailed when nothing came in time."""
    try:
        return await asyncio.wait_for(asyncio.wrap_future(call), seconds)
    except TimeoutError:
        raise CallFailed('WhatsApp did not answer in time.') from None


def _with_database(work: Callable[[], T]) -> T:
    if getattr(_mine, 'file', None) != database.database:  # another database was opened since this thread's last work
        database.close()
        _mine.file = database.database
    with read():
        return work()
