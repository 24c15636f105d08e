"""How lists are cut into pages, and how answers are written down."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from core.errors import Invalid
from data.database import EPOCH

T = TypeVar('T')

Limit = Annotated[int, Query(ge=1, le=200, description='How many at most.')]
Cursor = Annotated[str, Query(max_length=300, description='`next` of the page before.')]
OfSession = Annotated[str, Query(alias='session', max_length=100, description='Only of this session.')]


class Page(BaseModel, Generic[T]):
    items: list[T]
    next: str | None = Field(description='`cursor` of the next page; null at the end.', examples=[None])


def json_answer(body: object, status: int = 200) -> Response:
    return Response(json_bytes(body), status, media_type='application/json')


def json_bytes(body: object) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(',', ':')).encode('utf-8', 'replace')


def list_answer(items: Sequence[object], after: str | None = None) -> Response:
    return json_answer({'items': items, 'next': after})


def cut(rows: Sequence[T], limit: int, last: Callable[[T], tuple[str, ...]]) -> tuple[Sequence[T], str | None]:
    """Of rows read one beyond the limit: the page, and the cursor of the next one."""
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], cursor_of(*last(rows[limit - 1]))


def cursor_of(*parts: str) -> str:
    return base64.urlsafe_b64encode('\n'.join(parts).encode()).decode().rstrip('=')


def parts_of(cursor: str, count: int) -> list[str]:
    """Raises Invalid for what was never one of our cursors."""
    try:
        text = base64.urlsafe_b64decode(cursor + '=' * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError):
        raise _no_cursor() from None
    parts = text.split('\n')
    if len(parts) != count or cursor_of(*parts) != cursor:
        raise _no_cursor()
    return parts


def id_of(cursor: str) -> str:
    return parts_of(cursor, 1)[0] if cursor else ''


def time_of(milliseconds: str) -> datetime:
    try:
        return EPOCH + timedelta(milliseconds=int(milliseconds))
    except (ValueError, OverflowError):
        raise _no_cursor() from None


def milliseconds_of(at: datetime) -> str:
    return str((at - EPOCH) // timedelta(milliseconds=1))


def aware(at: datetime | None) -> datetime | None:
    """A time without a zone is meant in UTC."""
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at


def _no_cursor() -> Invalid:
    return Invalid('This cursor is not one that a list has given.', field='cursor')
