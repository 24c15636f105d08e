"""Everything that happens, as a stream of server-sent events."""

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from core.bodies import Body, time_text
from core.bus import News
from core.envelope import Named, envelope
from core.errors import DovecoteError, Invalid, TooMany
from core.rights import Asker
from data.events import LoggedEvent, events_after, first_seq, last_seq
from data.sessions import all_sessions

from ..compose import Gateway
from .aside import aside
from .asking import Asking, Route, asker_of, says, visible_ids
from .lists import OfSession

MOST = 100  # streams at a time
HELD = 1_000  # events that wait for one slow client
HEARTBEAT = 15.0  # seconds
PATIENCE = 30.0  # seconds a client may take to accept a piece
BATCH = 500
STOPPING = 'dovecote.stopping'  # announced when the server begins to end: streams would keep it waiting
RIGHTS = 'dovecote.rights'  # announced when somebody may do less than before
INSIDE = ('hosts.', 'sandbox.', 'dovecote.')  # for our own pages only


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """`sessions`: ids, None for all; `kinds`: exact, or with a star at the end, empty for all."""

    sessions: frozenset[str] | None
    kinds: tuple[str, ...]

    def __call__(self, kind: str, session: str) -> bool:
        if kind.startswith(INSIDE) or (self.sessions is not None and session not in self.sessions):
            return False
        return not self.kinds or any(
            kind == each or (each.endswith('*') and kind.startswith(each[:-1])) for each in self.kinds
        )


def routes(gateway: Gateway) -> APIRouter:
    api = APIRouter(route_class=Route, prefix='/api/v1/events', tags=['events'])
    streams: set[Stream] = set()
    stream_media = {'text/event-stream': {'schema': {'type': 'string'}, 'example': EXAMPLE}}

    @api.get('', **says('Follow what happens', 'messages.see', media=stream_media, problems=(404,)))
    async def events(
        request: Request,
        session: OfSession = '',
        types: Annotated[str, Query(
            max_length=500, description='Only these, with commas between; `message.*` for all that begin so.',
        )] = '',
        last_event_id: Annotated[str, Query(max_length=20, description='Like the header `Last-Event-ID`.')] = '',
        last_event_header: Annotated[str, Header(
            alias='Last-Event-ID', max_length=20, description='Go on behind this one: nothing is missed or repeated.',
        )] = '',
    ) -> Response:  # fmt: skip
        """`event` is the kind, `data` an envelope `{"type", "timestamp", "data", "meta"}`, `id` its place in the log.

        `meta` says what it belongs to: `session` and the number linked to it (`account`), `chat`, the message that made
        a flow do it (`caused_by`), and `correlation_id`, the same for a message, what flows did about it and its ticks.

        Events without an id (a QR code, somebody typing, a message queued) are never repeated. The log is kept for 3
        days; `stream.gap` comes first when what was asked for is older. A comment every 15 seconds keeps the line
        open. A client that cannot follow is cut off and may resume.
        """
        if len(streams) >= MOST:
            raise TooMany(f'There are {MOST} streams already.', after=10)
        asker, after = asker_of(request), _seq(last_event_header or last_event_id)
        ids = await aside(lambda: visible_ids(asker, session))
        kinds = tuple(each.strip() for each in types.split(',') if each.strip())
        wanted = Wanted(sessions=None if ids is None else frozenset(ids), kinds=kinds)
        stream = Stream(gateway, wanted, after, still=_still(request, asker), ended=streams.discard)
        streams.add(stream)
        return stream

    return api


class Stream(StreamingResponse):
    """One client. What is announced waits in `heard` until it is written; what was logged before comes first."""

    def __init__(
        self, gateway: Gateway, wanted: Wanted, after: int | None, *, still: Callable[[], bool],
        ended: Callable[['Stream'], object],
    ) -> None:  # fmt: skip
        headers = {'cache-control': 'no-store', 'x-accel-buffering': 'no'}
        super().__init__(self._pieces(), media_type='text/event-stream', headers=headers)
        self.gateway, self.wanted, self.after, self.still, self.ended = gateway, wanted, after, still, ended
        self.loop = asyncio.get_running_loop()
        self.heard: deque[News] = deque()
        self.something = asyncio.Event()
        self.woken = self.lost = self.over = self.doubted = False
        self.names: dict[str, Named] = {}
        self.logged = (0, 0)  # the last and the first number in the log when it began to listen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def patient(message: dict[str, object]) -> None:
            await asyncio.wait_for(send(message), PATIENCE)

        unwatch = self.gateway.bus.watch(self._hear)
        try:
            # Before the client hears anything: what happens once it has is new to it.
            self.names = await aside(_names)
            self.logged = await aside(lambda: (last_seq(), first_seq()))
            await super().__call__(scope, receive, patient)  # type: ignore[arg-type]
        except TimeoutError:
            pass  # it has not taken anything for so long: it is gone, or may come again
        finally:
            unwatch()
            self.ended(self)

    def _hear(self, news: News) -> None:
        """On the announcing thread: stay cheap."""
        if news.kind == STOPPING:
            self.over = True
        elif news.kind == RIGHTS:
            self.doubted = True
        elif self.lost or not (self.wanted(news.kind, news.session) or news.kind.startswith('session.')):
            return
        elif len(self.heard) >= HELD:
            self.lost = True
        else:
            self.heard.append(news)
        if not self.woken:
            self.woken = True
            try:
                self.loop.call_soon_threadsafe(self.something.set)
            except RuntimeError:  # the loop has ended before its streams
                self.lost = True

    async def _pieces(self) -> AsyncIterator[bytes]:
        seq, first = self.logged
        if self.after is None:
            self.after = seq
            yield b'retry: 2000\nid: %d\n\n' % seq  # so that even a stream that saw nothing can resume
        else:
            yield b'retry: 2000\n\n'
            if self.after > seq or self.after < first - 1:
                yield _gap(self.gateway)
                self.after = min(self.after, seq) if self.after > seq else self.after
            async for piece in self._logged():
                yield piece
        async for piece in self._live():
            yield piece

    async def _logged(self) -> AsyncIterator[bytes]:
        """What the log holds behind `after`. What happens meanwhile is heard as well, and told apart by its number."""
        while not self.over:
            after = self.after or 0
            rows = await aside(lambda: list(events_after(after, BATCH)))  # noqa: B023  (awaited at once)
            pieces = [_logged_piece(row, self.names) for row in rows if self.wanted(row.kind, row.session)]
            if rows:
                self.after = int(rows[-1].seq)
            if pieces:
                yield b''.join(pieces)
            if len(rows) < BATCH:
                return

    async def _live(self) -> AsyncIterator[bytes]:
        look_at = self.loop.time() + HEARTBEAT
        while not self.over:
            waits = max(0.0, look_at - self.loop.time())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.something.wait(), waits)
            self.something.clear()
            self.woken = False  # before taking what was heard: news from now on asks for another turn
            lost, pieces = self.lost, list(self._taken())
            if lost:
                pieces.append(b': too slow, too much was waiting; resume with Last-Event-ID\n\n')
            due = self.loop.time() >= look_at
            if due or self.doubted:
                self.doubted = False
                if not self.still():
                    yield b': this key or sign-in is no longer good\n\n'
                    return
            if due:
                look_at = self.loop.time() + HEARTBEAT
                pieces.append(b': still here\n\n')
            if pieces:
                yield b''.join(pieces)
            if lost:
                return

    def _taken(self) -> Iterable[bytes]:
        while self.heard:
            news = self.heard.popleft()
            self._learn(news)
            if news.seq and news.seq <= (self.after or 0):
                continue
            if news.seq:
                self.after = news.seq
            if self.wanted(news.kind, news.session):
                yield _piece(news.kind, _envelope_of(news, self.names), news.seq)

    def _learn(self, news: News) -> None:
        if news.kind.startswith('session.') and news.session and 'name' in news.body:
            known = self.names.get(news.session)
            account = news.body.get('phone', known.account if known else None)
            self.names[news.session] = Named(str(news.body['name']), account)


def _envelope_of(news: News, names: dict[str, Named]) -> Body:
    return envelope(
        news.kind, id=news.id, at=time_text(news.at), data=news.body, session=names.get(news.session), chat=news.chat
    )


def _logged_piece(row: LoggedEvent, names: dict[str, Named]) -> bytes:
    data: Body = json.loads(str(row.body))
    at, session = time_text(row.at), names.get(str(row.session))
    body = envelope(str(row.kind), id=str(row.id), at=at, data=data, session=session, chat=str(row.chat))
    return _piece(str(row.kind), body, int(row.seq))


def _piece(kind: str, body: Body, seq: int) -> bytes:
    data = json.dumps(body, ensure_ascii=False, separators=(',', ':'))
    number = f'id: {seq}\n' if seq else ''
    return f'{number}event: {kind}\ndata: {data}\n\n'.encode('utf-8', 'replace')


def _gap(gateway: Gateway) -> bytes:
    data = {'detail': 'Some events behind the given id are no longer, or never were, in the log.'}
    at = time_text(gateway.world.now())
    body = envelope('stream.gap', id=gateway.world.new_id(), at=at, data=data, session=None, chat='')
    return _piece('stream.gap', body, 0)


def _names() -> dict[str, Named]:
    return {row.id: Named(row.name, f'+{row.phone}' if row.phone else None) for row in all_sessions()}


def _seq(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Invalid('This is not the id of an event.', field='Last-Event-ID')
    return int(text)


def _still(request: Request, asker: Asker) -> Callable[[], bool]:
    """Whether the one who asked may still listen."""
    asking: Asking = request.app.state.asking

    def still() -> bool:
        try:
            now = asking.asker(request)
        except DovecoteError:
            return False
        return now.may('messages.see') and now.sessions == asker.sessions

    return still


EXAMPLE = """\
id: 42
event: message.received
data: {"type":"message.received","timestamp":"2026-11-22T12:00:00.000Z","data":{"id":"01K…","text":"hi"},"meta":{"session":"shop","account":"+15550000001","correlation_id":"01K…","caused_by":null}}
"""  # noqa: E501
