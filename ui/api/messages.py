"""Messages: sent, found, cancelled, sent again."""

import asyncio
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from core.bodies import Body, history_of, joined_body
from core.errors import Conflict, Invalid, NotFound
from core.outbox import Author, NewText
from core.rights import Asker
from data.database import write_soon
from data.messages import Message, find_messages, message_by_id, receipts_of
from data.traffic import Line

from ..compose import Gateway
from .aside import aside
from .asking import Route, asker_of, body_of, says, visible_ids, visible_session
from .lists import Cursor, Limit, OfSession, Page, aware, cut, id_of, json_answer, json_bytes, list_answer
from .once import Nothing, carried_out, once_of
from .shapes import MessageOut, OneMessageOut, QueuedOut

KINDS = ('text', 'media', 'location', 'contact', 'poll', 'reaction', 'template')
LEFT = {'sent', 'delivered', 'read', 'played'}
LATER = 'comes with a later version of Dovecote. Today it sends text.'

Status = Literal[
    'received', 'scheduled', 'queued', 'sending', 'sent', 'delivered', 'read', 'played', 'failed', 'uncertain',
    'cancelled', 'blocked',
]  # fmt: skip


class NewMessage(BaseModel):
    model_config = ConfigDict(extra='forbid')

    session: Annotated[str, Field(description='The name of the session that sends it.', examples=['shop'])]
    to: Annotated[str, Field(
        description='`+E.164`, digits, an address of WhatsApp (`…@s.whatsapp.net`, `…@lid`, `…@g.us`) or the id of a '
                    'contact. Numbers without a plus are read in the country of the session.',
        examples=['+15551230001'])]  # fmt: skip
    text: Annotated[str | None, Field(description='What to say; up to 65,536 characters.', examples=['hello'])] = None
    reply_to: Annotated[str, Field(description='The id of the message in this chat that it answers.')] = ''
    mentions: Annotated[list[str], Field(max_length=1024, description='Whom it mentions, written like `to`.')] = []
    media: Annotated[Any, Field(description='Not supported yet.')] = None
    location: Annotated[Any, Field(description='Not supported yet.')] = None
    contact: Annotated[Any, Field(description='Not supported yet.')] = None
    poll: Annotated[Any, Field(description='Not supported yet.')] = None
    reaction: Annotated[Any, Field(description='Not supported yet.')] = None
    template: Annotated[Any, Field(description='Not supported yet.')] = None
    send_at: Annotated[Any, Field(description='Not supported yet.')] = None


def routes(gateway: Gateway) -> APIRouter:
    api = APIRouter(route_class=Route, prefix='/api/v1/messages', tags=['messages'])
    outbox, world = gateway.outbox, gateway.world

    @api.post('', **says('Send a message', 'messages.send', status=202, gives=QueuedOut, takes=NewMessage,
                         example={'session': 'shop', 'to': '+15551230001', 'text': 'hello'}, problems=(404, 409, 413),
                         once=True))  # fmt: skip
    async def send(request: Request) -> Response:
        """202 means that it is kept and will be sent in its turn, also after a crash or a restart.

        What becomes of it: `GET /messages/{id}`, or the events `message.sent`, `message.delivered`, `message.read`,
        `message.failed`. With an `Idempotency-Key` a repeated request is never sent twice. 409
        `session_not_working` when the session is stopped or not linked.
        """
        asker, new = asker_of(request), await body_of(request, NewMessage)
        text = _text_of(new)
        once = once_of(request, new)
        said = NewText(session=new.session, to=new.to, text=text, reply_to=new.reply_to, mentions=tuple(new.mentions))
        author = author_of(asker)

        def post() -> tuple[int, bytes]:
            if asker.sessions is not None:
                visible_session(asker, new.session)
            return 202, _queued(outbox.post(said, author))

        # One write for both: a crash leaves the message with its answer, or neither.
        given = await asyncio.wrap_future(write_soon(lambda: carried_out(once, world, post)))
        return given.answer()

    @api.get('', **says('Find messages', 'messages.see', gives=Page[MessageOut], problems=(404,)))
    async def find(
        request: Request,
        session: OfSession = '',
        chat: Annotated[str, Query(max_length=40, description='Only of this chat.')] = '',
        status: Annotated[Status | None, Query(description='Only with this status.')] = None,
        direction: Annotated[Literal['in', 'out'] | None, Query(description='Only incoming or outgoing.')] = None,
        since: Annotated[datetime | None, Query(description='Only from this time on.')] = None,
        q: Annotated[str, Query(max_length=200, description='Only with this in the text.')] = '',
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
            return {**joined_body(row), 'history': history_of(row, receipts_of(row))}

        return json_answer(await aside(read))

    @api.delete('/{id}', **says('Cancel a message', 'messages.send', gives=QueuedOut, problems=(404, 409)))
    async def cancel(request: Request, id: str) -> Response:
        """Only while it has not left. 409 `not_cancellable` while it is being sent or after it failed, 409
        `revoke_not_supported_yet` once it was sent.
        """
        asker = asker_of(request)

        def work() -> bytes:
            row = visible_message(asker, id)
            if row.direction == 'out' and row.status in LEFT:
                raise Conflict(
                    f'This message is {row.status}. Taking back what was sent {LATER}', code='revoke_not_supported_yet'
                )
            return _queued(outbox.cancel(id))

        return Response(await aside(work), media_type='application/json')

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

    return api


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
    return [joined_body(row) for row in page], following


def _text_of(new: NewMessage) -> str:
    """The text, if it is a text and nothing else. Raises Invalid."""
    said = [kind for kind in KINDS if getattr(new, kind) is not None]
    if len(said) > 1:
        raise Invalid(f'A message is one thing: {" or ".join(said)}, not both.', field=said[1])
    if said and said != ['text']:
        raise Invalid(f'Sending a {said[0]} {LATER}', field=said[0], code='kind_not_supported_yet')
    if new.send_at is not None:
        raise Invalid(f'Sending at a later time {LATER}', field='send_at', code='kind_not_supported_yet')
    if new.text is None:
        raise Invalid('There is nothing to say: “text” is missing.', field='text')
    return new.text


def _queued(row: Message | Line) -> bytes:
    return json_bytes({'id': row.id, 'status': row.status, 'chat': row.chat_id})
