"""Contacts: the people who wrote to us or were written to."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from core.addresses import Address, parse_jid, parse_recipient
from core.bodies import Body, time_text
from core.errors import Invalid, NotFound
from core.numbers import spellings
from core.opt_outs import opted_out_body
from core.rights import Asker
from data.blocked import blockers_of
from data.chats import Chat, chats_with, find_contacts
from data.contacts import Contact
from data.database import write
from data.opt_outs import opted_out_among

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
        """Asks WhatsApp about up to 50 numbers at once. Ask sparingly: WhatsApp blocks accounts that ask for many.

        A number of Brazil, Mexico or Argentina is asked for with and without the digit that WhatsApp leaves out of
        some; `number` is the one that is there, and its contact is known by it from then on.
        """
        asker, new = asker_of(request), await body_of(request, NewCheck)
        row = await aside(lambda: visible_session(asker, new.session))
        digits = tuple(_digits(text, row.country, n) for n, text in enumerate(new.phones))
        asked = tuple(dict.fromkeys(each for phone in digits for each in spellings(phone)))
        found = await answered(gateway.hosts.on_whatsapp(row.id, asked))
        learn = gateway.pacing.numbers.learn
        addresses = await aside(lambda: write(lambda: [learn(spellings(phone), found) for phone in digits]))
        items = [_checked(phone, address) for phone, address in zip(digits, addresses, strict=True)]
        return json_answer({'items': items})

    return api


def _checked(phone: str, address: str) -> Body:
    there = parse_jid(address) if address else None
    number = f'+{there.digits}' if there is not None and there.kind == 'phone' else None
    return {'phone': f'+{phone}', 'on_whatsapp': bool(address), 'number': number, 'address': address or None}


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
    ids = [row.id for row in rows]
    blocked, out = blockers_of(ids), opted_out_among(ids)
    return [
        {**_body(row), 'blocked': blocked.get(row.id, []), 'opted_out': opted_out_body(out.get(row.id))} for row in rows
    ]


def _body(row: Contact) -> Body:
    return {
        'id': row.id,
        'phone': f'+{row.phone}' if row.phone else None,
        'lid': row.lid,
        'name': row.shown_name,
        'push_name': row.push_name or None,
        'created_at': time_text(row.created_at),
    }
