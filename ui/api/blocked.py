"""Whom a session has blocked."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from core.addresses import parse_recipient
from core.bodies import Body
from core.errors import Invalid, NotFound
from core.identities import person
from core.rights import Asker
from data.blocked import blocked_by
from data.contacts import Contact, contact_by
from data.database import write

from ..compose import Gateway
from .aside import aside, aside_slowly
from .asking import Route, asker_of, body_of, says, visible_session
from .lists import Page, list_answer
from .shapes import PersonOut


class NewBlocked(BaseModel):
    model_config = ConfigDict(extra='forbid')

    contact: Annotated[
        str, Field(max_length=80, description='Written like `to` of a message.', examples=['+15551230001'])
    ]


def routes(gateway: Gateway) -> APIRouter:
    api = APIRouter(route_class=Route, prefix='/api/v1/sessions/{name}/blocked', tags=['sessions'])
    blocklist, identities = gateway.blocklist, gateway.identities

    @api.get('', **says('Whom it has blocked', 'messages.see', gives=Page[PersonOut], problems=(404,)))
    async def list_blocked(request: Request, name: str) -> Response:
        """All of them, as WhatsApp told when the session last connected, and since."""
        asker = asker_of(request)
        return list_answer(await aside(lambda: _bodies(visible_session(asker, name).id)))

    @api.post('', **says('Block a contact', 'groups.manage', gives=Page[PersonOut], takes=NewBlocked,
              example={'contact': '+15551230001'}, problems=(404, 409, 504)))  # fmt: skip
    async def block(request: Request, name: str) -> Response:
        """Nothing they write to this account arrives any more, and nothing can be sent to them. Answers the list."""
        asker, new = asker_of(request), await body_of(request, NewBlocked)
        return list_answer(await aside_slowly(lambda: _set(asker, name, new.contact, on=True)))

    @api.delete('', **says('Unblock a contact', 'groups.manage', gives=Page[PersonOut], problems=(404, 409, 504)))
    async def unblock(
        request: Request,
        name: str,
        contact: Annotated[str, Query(max_length=80, description='Written like `to` of a message.')],
    ) -> Response:
        """Answers the list."""
        asker = asker_of(request)
        return list_answer(await aside_slowly(lambda: _set(asker, name, contact, on=False)))

    def _set(asker: Asker, name: str, written: str, *, on: bool) -> list[Body]:
        row = visible_session(asker, name)
        blocklist.block(row.id, _contact(written, row.country), on)
        return _bodies(row.id)

    def _contact(written: str, country: str) -> str:
        address = parse_recipient(written, country, field='contact')
        if address.kind == 'group':
            raise Invalid('A group cannot be blocked; leave it instead.', field='contact')
        if address.kind == 'contact':
            return _known(Contact.get_or_none(Contact.id == address.digits))
        phone, lid = (address.digits, '') if address.kind == 'phone' else ('', address.digits)
        return _known(contact_by(phone=phone, lid=lid), str(address))

    def _known(found: Contact | None, address: str = '') -> str:
        if found is not None:
            return str(found.id)
        if not address:
            raise NotFound('There is no contact with this id.')
        return write(lambda: identities.contact(address))

    return api


def _bodies(session_id: str) -> list[Body]:
    return [dict(person(row)) for row in blocked_by(session_id)]
