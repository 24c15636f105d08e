"""Lets slow things happen beside the event loop, so that one reader never holds up the pages of the others."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from nicegui import run

from data.database import read

T = TypeVar('T')


async def aside(work: Callable[..., T], *arguments: object) -> T:
    """`work(*arguments)` on another thread. Raises what it raises; is cancelled when the program ends."""
    done = await run.io_bound(lambda: (work(*arguments),))
    if done is None:
        raise asyncio.CancelledError
    return done[0]


async def reading(question: Callable[..., T], *arguments: object) -> T:
    """The same for a question to the database; let it return plain values rather than rows."""

    def ask() -> T:
        with read():
            return question(*arguments)

    return await aside(ask)
