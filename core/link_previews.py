"""Whether a text goes with a preview of its first link, and that text with it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from data.database import write
from data.sessions import keep_extra

from .contents import kept
from .fetch import Guard
from .outbox import Saying
from .preview import SECONDS, first_link, preview_of

UNASKED = 3.0  # seconds for a page, and again for its picture, when nobody asked for just this preview


def shows_links(extra: Mapping[str, Any]) -> bool:
    """Whether a session's texts go with a preview where nobody says otherwise; as it lies in its `extra`."""
    return extra.get('link_previews') is True


def show_links(session_id: str, on: bool) -> None:
    write(lambda: keep_extra(session_id, 'link_previews', True if on else None))


def with_preview(guard: Guard, said: Saying, extra: Mapping[str, Any], *, asked: bool | None = None) -> Saying:
    """The same text with what its first link leads to, if there shall be a preview and it can be had.

    `extra`: of the session; `asked` None: as the session does by itself. May take seconds.
    """
    link = first_link(said.text) if said.kind == 'text' and said.content is None else ''
    if not link or asked is False or not (asked or shows_links(extra)):
        return said
    found = preview_of(guard, link, seconds=SECONDS if asked else UNASKED)
    return replace(said, content=kept(found)) if found is not None else said
