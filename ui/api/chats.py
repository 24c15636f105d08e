"""Chats: listed, read, taken over and handed back, with the notes of the team."""

import asyncio
from concurrent.futures import Future
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from core.bodies import Body, chat_body, marked_bodies, time_text
from core.errors import Invalid, NotFound
from core.rights import Asker
from data.chats import Chat, chat_by_id, latest_chats
from data.database import write_soon
from data.messages import messages_of
from data.notes import Note, notes_of

from ..compose import Gateway
from .aside import answered, aside
from .asking import Route, asker_of, body_of, body_or_default, says, visible_ids
from .lists import (
    Cursor,
    Limit,
    OfSession,
    Page,
    aware,
    cut,
    id_of,
    json_answer,
    json_bytes,
    list_answer,
    milliseconds_of,
    parts_of,
    time_of,
)
from .messages import author_of
from .once import carried_out, once_of
from .shapes.chats import ChatOut, NoteOut, ReadOut
from .shapes.messages import MessageOut


class Typing(BaseModel):
    model_config = ConfigDict(extra='forbid')

    state: Annotated[Literal['typing', 'recording', 'paused'], Field(description='What the other side sees.')] = (
        'typing'
    )


class ChatChanges(BaseModel):
    model_config = ConfigDict(extra='forbid')

    automation: Annotated[Literal['bot', 'human'] | None, Field(description='Who answers from now on.')] = None
    until: Annotated[datetime | None, Field(
        description='With `human`: when the bot takes over again by itself.', examples=['2026-11-22T18:00:00Z'],
    )] = None  # fmt: skip
    assigned_to: Annotated[str | None, Field(description='The id of a colleague; null for nobody.')] = None


class NewNote(BaseModel):
    model_config = ConfigDict(extra='forbid')

    text: Annotated[str, Field(description='For the team; it is never sent.', examples=['Pays by invoice.'])]


def routes(gateway: Gateway) -> APIRouter:
    api = APIRouter(route_class=Route, prefix='/api/v1/chats', tags=['chats'])
    _listing(api)
    _reading(api, gateway)
    _answering(api, gateway)
    _notes(api, gateway)
    return api


def _listing(api: APIRouter) -> None:
    @api.get('', **says('List chats', 'messages.see', gives=Page[ChatOut], problems=(404,)))
    async def list_chats(
        request: Request,
        session: OfSession = '',
        unread: Annotated[bool, Query(description='Only with something unread.')] = False,
        assigned_to: Annotated[
            str | None, Query(max_length=40, description='Only of this colleague, by id; empty: only of nobody.')
        ] = None,
        automation: Annotated[Literal['bot', 'human'] | None, Query(description='Only answered by these.')] = None,
        q: Annotated[str, Query(max_length=100, description='Only with this in the name or number.')] = '',
        limit: Limit = 50,
        cursor: Cursor = '',
    ) -> Response:
        """The one with the newest message first."""
        asker, before = asker_of(request), _place(cursor)

        def read() -> tuple[list[Body], str | None]:
            rows = latest_chats(
                session_ids=visible_ids(asker, session), unread=unread, automation=automation or '',
                assigned_to=assigned_to, q=q, before=before, limit=limit + 1,
            )  # fmt: skip
            page, following = cut(rows, limit, lambda row: (milliseconds_of(row.last_at), row.id))
            return [chat_body(row) for row in page], following

        return list_answer(*await aside(read))

    @api.get('/{id}', **says('One chat', 'messages.see', gives=ChatOut, problems=(404,)))
    async def one(request: Request, id: str) -> Response:
        asker = asker_of(request)
        return json_answer(await aside(lambda: chat_body(visible_chat(asker, id))))


def _reading(api: APIRouter, gateway: Gateway) -> None:
    chats = gateway.chats

    @api.get('/{id}/messages', **says('Messages of a chat', 'messages.see', gives=Page[MessageOut], problems=(404,)))
    async def messages(request: Request, id: str, limit: Limit = 50, cursor: Cursor = '') -> Response:
        """Newest first. Reactions, edits, deletions and votes are shown on the messages they are about."""
        asker, before = asker_of(request), id_of(cursor)

        def read() -> tuple[list[Body], str | None]:
            visible_chat(asker, id)
            rows = messages_of(id, before=before, limit=limit + 1)[::-1]
            page, following = cut(rows, limit, lambda row: (str(row.id),))
            return marked_bodies(page), following

        return list_answer(*await aside(read))

    @api.post('/{id}/read', **says('Mark a chat as read', 'messages.send', gives=ReadOut, problems=(404,)))
    async def read(request: Request, id: str) -> Response:
        """`unread` becomes 0, and the senders see two blue ticks if the session is connected."""
        asker = asker_of(request)

        def work() -> int:
            visible_chat(asker, id)
            return chats.read(id)

        return json_answer({'chat': id, 'unread': 0, 'receipts': await aside(work)})


def _answering(api: APIRouter, gateway: Gateway) -> None:
    chats = gateway.chats

    @api.post('/{id}/typing', **says('Show typing', 'messages.send', status=204, takes=Typing,
              optional=True, example={'state': 'typing'}, problems=(404, 409, 504)))  # fmt: skip
    async def typing(request: Request, id: str) -> Response:
        """The other side sees it for some seconds, or until a message comes."""
        asker, new = asker_of(request), await body_or_default(request, Typing)

        def work() -> Future[None]:
            visible_chat(asker, id)
            return chats.typing(id, new.state)

        await answered(await aside(work))
        return Response(status_code=204)

    @api.patch('/{id}', **says('Take over, hand back', 'chats.manage', gives=ChatOut, takes=ChatChanges,
               example={'automation': 'human', 'until': '2026-11-22T18:00:00Z'}, problems=(404,)))  # fmt: skip
    async def change(request: Request, id: str) -> Response:
        """While a person answers (`human`), flows keep quiet."""
        asker, new = asker_of(request), await body_of(request, ChatChanges)

        until = aware(new.until)
        if until is not None and new.automation != 'human':
            raise Invalid('An end goes only with automation “human”.', field='until')

        def work() -> Body:
            chat = visible_chat(asker, id)
            owner = new.assigned_to if 'assigned_to' in new.model_fields_set else chat.assigned_to
            if new.automation == 'human':
                chats.take_over(id, owner or '', until=until)
            elif new.automation == 'bot':
                chats.hand_back(id)
            elif 'assigned_to' in new.model_fields_set:
                chats.assign(id, owner or '')
            return chat_body(visible_chat(asker, id))

        return json_answer(await aside(work))


def _notes(api: APIRouter, gateway: Gateway) -> None:
    @api.get('/{id}/notes', **says('Notes beside a chat', 'messages.see', gives=Page[NoteOut], problems=(404,)))
    async def notes(request: Request, id: str, limit: Limit = 50, cursor: Cursor = '') -> Response:
        """Newest first."""
        asker, before = asker_of(request), id_of(cursor)

        def read() -> tuple[list[Body], str | None]:
            visible_chat(asker, id)
            rows = notes_of(id, before=before, limit=limit + 1)[::-1]
            page, following = cut(rows, limit, lambda row: (str(row.id),))
            return [_note(row) for row in page], following

        return list_answer(*await aside(read))

    @api.post('/{id}/notes', **says('Write a note', 'chats.manage', status=201, gives=NoteOut, takes=NewNote,
              example={'text': 'Pays by invoice.'}, problems=(404,), once=True))  # fmt: skip
    async def add_note(request: Request, id: str) -> Response:
        """For the team, beside the conversation. It is never sent to WhatsApp."""
        asker, new = asker_of(request), await body_of(request, NewNote)
        once = once_of(request, new)

        def keep() -> tuple[int, bytes]:
            visible_chat(asker, id)
            return 201, json_bytes(_note(gateway.chats.note(id, new.text, author_of(asker))))

        given = await asyncio.wrap_future(write_soon(lambda: carried_out(once, gateway.world, keep)))
        return given.answer()


def _note(row: Note) -> Body:
    return {
        'id': row.id, 'chat': row.chat_id, 'text': row.text, 'author': row.author, 'author_name': row.author_name,
        'at': time_text(row.at),
    }  # fmt: skip


def visible_chat(asker: Asker, id: str) -> Chat:
    """With contact and session joined. Reads the database."""
    row = chat_by_id(id)
    if row is None or not asker.may_session(row.session_id):
        raise NotFound('There is no chat with this id.')
    return row


def _place(cursor: str) -> tuple[datetime, str] | None:
    if not cursor:
        return None
    at, id = parts_of(cursor, 2)
    return time_of(at), id
