"""Contacts: the people who wrote to us or were written to."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from core.addresses import Address, parse_recipient
from core.bodies import Body, time_text
from core.errors import Invalid, NotFound
from core.rights import Asker
from data.blocked import blockers_of
from data.chats import Chat, chats_with, find_contacts
from data.contacts import Contact

from ..compose import Gateway
from .aside import answered, aside
from .asking import Route, asker_of, body_of, says, visible_ids, visible_session
from .lists import Cursor, Limit, OfSession, Page, cut, id_of, json_answer, list_answer
from .shapes.contacts import CheckOut, ContactOut, PresenceOut

MOST_CHECKED = 50


class NewCheck(BaseModel):
    model_config = ConfigDict(extra='forbid')

    session: Annotated[str, Field(description='The name of the session that asks.', examples=['shop'])]
    phones: Annotated[list[str], Field(min_length=1, max_length=MOST_CHECKED, examples=[['+15551230001']])]


def routes(gateway: Gateway) -> APIRouter:
    api = APIRouter(route_class=Route, prefix='/api/v1/contacts', tags=['contacts'])

    @api.get('', **says('List contacts', 'messages.see', gives=Page[ContactOut]))
    async def list_contacts(
        request: Request,
        q: Annotated[str, Query(max_length=100, description='Only with this in the name or number.')] = '',
        limit: Limit = 50,
        cursor: Cursor = '',
    ) -> Response:
        """Newest first. A key for some sessions sees the people these have a chat with."""
        asker, before = asker_of(request), id_of(cursor)

        def read() -> tuple[list[Body], str | None]:
            rows = find_contacts(session_ids=visible_ids(asker), q=q, before=before, limit=limit + 1)
            page, following = cut(rows, limit, lambda row: (row.id,))
            return _bodies(page), following

        return list_answer(*await aside(read))

    @api.get('/{id}', **says('One contact', 'messages.see', gives=ContactOut, problems=(404,)))
    async def one(request: Request, id: str) -> Response:
        asker = asker_of(request)

        def read() -> Body:
            found = find_contacts(session_ids=visible_ids(asker), id=id, limit=1)
            if not found:
                raise NotFound('There is no contact with this id.')
            return _bodies(found)[0]

        return json_answer(await aside(read))

    @api.get('/{id}/presence', **says('Is somebody there?', 'messages.see', gives=PresenceOut, problems=(404,)))
    async def presence(request: Request, id: str, session: OfSession = '') -> Response:
        """As seen by `session`, or by the one that wrote to them last.

        The first question only begins the watching: what WhatsApp then tells is in `contact.presence` of the events,
        and here a moment later. It tells nothing of people who hide it, or while this account is never `online`.
        """
        asker = asker_of(request)

        def work() -> Body:
            chat = _latest_chat(asker, id, session)
            if chat.session.state == 'working':
                gateway.presence.watch(chat.session_id, id)
            return {'session': chat.session.name, **gateway.presence.body(chat.session_id, id)}

        return json_answer(await aside(work))

    @api.post('/check', **says('Who is on WhatsApp?', 'messages.send', gives=CheckOut, takes=NewCheck,
              example={'session': 'shop', 'phones': ['+15551230001']}, problems=(404, 409, 504)))  # fmt: skip
    async def check(request: Request) -> Response:
        """Asks WhatsApp about up to 50 numbers at once. Ask sparingly: WhatsApp blocks accounts that ask for many."""
        asker, new = asker_of(request), await body_of(request, NewCheck)
        row = await aside(lambda: visible_session(asker, new.session))
        digits = tuple(_digits(text, row.country, n) for n, text in enumerate(new.phones))
        found = await answered(gateway.hosts.on_whatsapp(row.id, digits))
        items = [
            {'phone': f'+{each}', 'on_whatsapp': bool(found.get(each)), 'address': found.get(each) or None}
            for each in digits
        ]
        return json_answer({'items': items})

    return api


def _latest_chat(asker: Asker, contact_id: str, session: str) -> Chat:
    found = chats_with(contact_id, visible_ids(asker, session))
    if not found:
        raise NotFound('There is no contact with this id, or no chat with them yet.')
    return found[0]


def _digits(text: str, country: str, number: int) -> str:
    address: Address = parse_recipient(text, country, field=f'phones.{number}')
    if address.kind != 'phone':
        raise Invalid('Only phone numbers can be looked up.', field=f'phones.{number}')
    return address.digits


def _bodies(rows: Sequence[Contact]) -> list[Body]:
    blocked = blockers_of([row.id for row in rows])
    return [{**_body(row), 'blocked': blocked.get(row.id, [])} for row in rows]


def _body(row: Contact) -> Body:
    return {
        'id': row.id,
        'phone': f'+{row.phone}' if row.phone else None,
        'lid': row.lid,
        'name': row.shown_name,
        'push_name': row.push_name or None,
        'created_at': time_text(row.created_at),
    }
