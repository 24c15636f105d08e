"""Messages: sent, found, cancelled, sent again."""

import asyncio
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from core.bodies import Body, history_of, marked_bodies
from core.errors import NotFound
from core.link_previews import with_preview
from core.outbox import Author, Saying
from core.preview import first_link
from core.rights import Asker
from data.database import write_soon
from data.messages import Message, find_messages, message_by_id, receipts_of
from data.traffic import Line

from ..compose import Gateway
from .aside import aside, aside_slowly
from .asking import Route, asker_of, body_of, says, visible_ids, visible_session
from .attaching import attached
from .filling import filled
from .lists import Cursor, Limit, OfSession, Page, aware, cut, id_of, json_answer, json_bytes, list_answer
from .once import Nothing, carried_out, once_of, recalled
from .saying import NewForwarding, NewMessage, NewWords, checked, saying_of
from .shapes.messages import ChangedOut, ForwardedOut, MessageOut, OneMessageOut, QueuedOut

Status = Literal[
    'received', 'scheduled', 'queued', 'sending', 'sent', 'delivered', 'read', 'played', 'failed', 'uncertain',
    'cancelled', 'blocked',
]  # fmt: skip


def routes(gateway: Gateway) -> APIRouter:
    api = APIRouter(route_class=Route, prefix='/api/v1/messages', tags=['messages'])
    _sending(api, gateway)
    _finding(api)
    _changing(api, gateway)
    _settling(api, gateway)
    return api


def _sending(api: APIRouter, gateway: Gateway) -> None:
    outbox, world = gateway.outbox, gateway.world

    @api.post('', **says('Send a message', 'messages.send', status=202, gives=QueuedOut, takes=NewMessage,
                         example={'session': 'shop', 'to': '+15551230001', 'text': 'hello'}, problems=(404, 409, 413),
                         once=True))  # fmt: skip
    async def send(request: Request) -> Response:
        """202 means that it is kept and will be sent in its turn, also after a crash or a restart.

        What becomes of it: `GET /messages/{id}`, or the events `message.sent`, `message.delivered`, `message.read`,
        `message.failed`. With an `Idempotency-Key` a repeated request is never sent twice. 409
        `session_not_working` when the session is stopped or not linked.

        A number of Brazil, Mexico or Argentina may have the digit that WhatsApp leaves out of some, or not. When
        it belongs to somebody we know under the other, `contact.resolved` tells in `chats` where this goes on.
        """
        asker, new = asker_of(request), await body_of(request, NewMessage)
        once = once_of(request, checked(new))
        slow = new.media is not None or new.template is not None
        if slow or (new.preview is not False and new.text is not None and first_link(new.text)):
            if (given := await aside(lambda: recalled(once))) is not None:  # nothing is fetched twice for it
                return given.answer()
            said = await aside_slowly(lambda: _prepared(gateway, asker, new))
        else:
            said = saying_of(new)
        author = author_of(asker)

        def post() -> tuple[int, bytes]:
            if asker.sessions is not None:
                visible_session(asker, new.session)
            return 202, _queued(outbox.post(said, author))

        # One write for both: a crash leaves the message with its answer, or neither.
        given = await asyncio.wrap_future(write_soon(lambda: carried_out(once, world, post)))
        return given.answer()


def _finding(api: APIRouter) -> None:
    @api.get('', **says('Find messages', 'messages.see', gives=Page[MessageOut], problems=(404,)))
    async def find(
        request: Request,
        session: OfSession = '',
        chat: Annotated[str, Query(max_length=40, description='Only of this chat.')] = '',
        status: Annotated[Status | None, Query(description='Only with this status.')] = None,
        direction: Annotated[Literal['in', 'out'] | None, Query(description='Only incoming or outgoing.')] = None,
        since: Annotated[datetime | None, Query(description='Only from this time on.')] = None,
        q: Annotated[
            str,
            Query(
                max_length=200,
                description='Only with all of these words in the text; the last may be unfinished.',
            ),
        ] = '',
        limit: Limit = 50,
        cursor: Cursor = '',
    ) -> Response:
        """Newest first."""
        asker, before = asker_of(request), id_of(cursor)

        def read() -> tuple[list[Body], str | None]:
            rows = find_messages(
                session_ids=visible_ids(asker, session), chat_id=chat, status=status or '', direction=direction or '',
                since=aware(since), q=q, before=before, limit=limit + 1,
            )  # fmt: skip
            return _page(rows, limit)

        return list_answer(*await aside(read))

    @api.get('/{id}', **says('One message', 'messages.see', gives=OneMessageOut, problems=(404,)))
    async def one(request: Request, id: str) -> Response:
        """With its history: every status it had, and when."""
        asker = asker_of(request)

        def read() -> Body:
            row = visible_message(asker, id)
            return {**marked_bodies([row])[0], 'history': history_of(row, receipts_of(row))}

        return json_answer(await aside(read))


def _changing(api: APIRouter, gateway: Gateway) -> None:
    outbox = gateway.outbox

    @api.patch('/{id}', **says('Edit a message', 'messages.send', status=202, gives=ChangedOut, takes=NewWords,
               example={'text': 'Your order is ready at noon.'}, problems=(404, 409)))  # fmt: skip
    async def edit(request: Request, id: str) -> Response:
        """While it waits it is simply changed. Once it was sent, WhatsApp is asked to change it, for 15 minutes: `by`
        is the message that asks; the event `message.edited` tells when it was done.

        409 `too_late`, `not_editable` (only texts), `not_yours`, `message_deleted`.
        """
        asker, new = asker_of(request), await body_of(request, NewWords)

        def work() -> bytes:
            row = visible_message(asker, id)
            return _changed(row, outbox.edit(id, new.text, author_of(asker)))

        return Response(await aside(work), 202, media_type='application/json')

    @api.delete('/{id}', **says('Cancel or delete a message', 'messages.send', gives=ChangedOut,
                                problems=(404, 409)))  # fmt: skip
    async def take_back(request: Request, id: str) -> Response:
        """While it has not left it is cancelled. Once it was sent, WhatsApp is asked to delete it for everybody, for 60
        hours: `by` is the message that asks; the event `message.revoked` tells when it was done.

        409 `not_cancellable` while it is being sent, `too_late`, `not_yours`, `message_deleted`.
        """
        asker = asker_of(request)

        def work() -> bytes:
            row = visible_message(asker, id)
            if row.whatsapp_id:
                return _changed(row, outbox.revoke(id, author_of(asker)))
            return _changed(outbox.cancel(id), None)

        return Response(await aside(work), media_type='application/json')


def _settling(api: APIRouter, gateway: Gateway) -> None:
    outbox, world = gateway.outbox, gateway.world

    @api.post('/{id}/resend', **says('Send a message again', 'messages.send', status=202, gives=QueuedOut,
                                     problems=(404, 409), once=True))  # fmt: skip
    async def resend(request: Request, id: str) -> Response:
        """One that failed, was cancelled, or is uncertain: then it may arrive twice, which is yours to decide.

        409 `not_resendable` for any other.
        """
        asker, once = asker_of(request), once_of(request, Nothing())

        def work() -> tuple[int, bytes]:
            visible_message(asker, id)
            return 202, _queued(outbox.resend(id, author_of(asker)))

        given = await asyncio.wrap_future(write_soon(lambda: carried_out(once, world, work)))
        return given.answer()

    @api.post('/{id}/forward', **says('Forward a message', 'messages.send', status=202, gives=ForwardedOut,
              takes=NewForwarding, example={'to': ['+15551230002']}, problems=(404, 409), once=True))  # fmt: skip
    async def forward(request: Request, id: str) -> Response:
        """What it said goes to all of them, marked as forwarded, or to nobody. Whoever is named twice gets it once.

        409 `not_forwardable` for polls, what may be viewed once and files that are not here; `message_deleted`.
        """
        asker, new = asker_of(request), await body_of(request, NewForwarding)
        once, to = once_of(request, new), [new.to] if isinstance(new.to, str) else new.to

        def work() -> tuple[int, bytes]:
            row = visible_message(asker, id)
            session = new.session or str(row.session.name)
            visible_session(asker, session)
            lines = outbox.forward_to(id, session, to, author_of(asker))
            return 202, json_bytes({'items': [_queued_body(line) for line in lines]})

        given = await asyncio.wrap_future(write_soon(lambda: carried_out(once, world, work)))
        return given.answer()

    @api.post('/{id}/mark-sent', **says('Say that a message was sent', 'messages.send', gives=QueuedOut,
                                        problems=(404, 409)))  # fmt: skip
    async def mark_sent(request: Request, id: str) -> Response:
        """For one that is uncertain, when somebody knows better: the phone shows it, or they have answered it.

        409 `not_uncertain` for any other.
        """
        asker = asker_of(request)

        def work() -> bytes:
            visible_message(asker, id)
            return _queued(outbox.mark_sent(id, author_of(asker)))

        return Response(await aside(work), media_type='application/json')


def _prepared(gateway: Gateway, asker: Asker, new: NewMessage) -> Saying:
    """With its file as WhatsApp takes it, its template filled, or with its preview if there shall be one."""
    row = visible_session(asker, new.session)
    if new.template is not None:
        said = saying_of(new, filled(gateway, new.template, new.to, row))
        return with_preview(gateway.guard, said, row.extra, asked=new.preview)
    if new.media is not None:
        return saying_of(new, attached(gateway, asker, new.media))
    return with_preview(gateway.guard, saying_of(new), row.extra, asked=new.preview)


def author_of(asker: Asker) -> Author:
    return Author(id=f'{asker.kind}:{asker.id}', name=asker.name)


def visible_message(asker: Asker, id: str) -> Message:
    """Reads the database."""
    row = message_by_id(id)
    if row is None or not asker.may_session(row.session_id):
        raise NotFound('There is no message with this id.')
    return row


def _page(rows: list[Message], limit: int) -> tuple[list[Body], str | None]:
    page, following = cut(rows, limit, lambda row: (str(row.id),))
    return marked_bodies(page), following


def _changed(row: Message, by: Line | None) -> bytes:
    body = {'id': row.id, 'status': row.status, 'chat': row.chat_id}
    return json_bytes({**body, 'by': by.id if by is not None else None})


def _queued(row: Message | Line) -> bytes:
    return json_bytes(_queued_body(row))


def _queued_body(row: Message | Line) -> Body:
    return {'id': row.id, 'status': row.status, 'chat': row.chat_id}
