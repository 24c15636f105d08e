"""What protects numbers: the presets, limits of WhatsApp that a person lifts, and people who opted out."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from core.addresses import Address, parse_recipient
from core.bodies import Body
from core.errors import Invalid, NotFound
from core.identities import person
from core.opt_outs import opted_out_body
from core.protection import PRESETS
from data.database import write
from data.opt_outs import OptOut, list_opt_outs

from ..compose import Gateway
from .aside import aside
from .asking import Route, asker_of, body_of, must_have_all, says, visible_ids, visible_session
from .lists import Cursor, Limit, Page, cut, id_of, json_answer, list_answer
from .sessions import body_of_protection, body_of_session
from .shapes.sessions import OptedOut, OptOutOut, ProtectionOut, SessionOut

LONGEST = 200


class NewOptOut(BaseModel):
    model_config = ConfigDict(extra='forbid')

    to: Annotated[str, Field(description='A number, a WhatsApp address of a person or a contact id.',
                             examples=['+15551230001'])]  # fmt: skip
    source: Annotated[str, Field(description='What made them, for people to read.', max_length=LONGEST,
                                 examples=['Wrote STOP'])] = ''  # fmt: skip


def routes(gateway: Gateway) -> APIRouter:
    api = APIRouter(route_class=Route, prefix='/api/v1', tags=['protection'])

    @api.get('/protection/presets', **says('List presets', 'sessions.see', gives=list[ProtectionOut]))
    async def presets(request: Request) -> Response:
        """Which limits there are to choose from for a session, with their numbers in words."""
        return json_answer([body_of_protection(each) for each in PRESETS.values()])

    @api.delete('/sessions/{name}/limits/{kind}', **says('Lift a limit', 'sessions.manage', gives=SessionOut,
                                                         problems=(404,)))  # fmt: skip
    async def lift(request: Request, name: str, kind: str) -> Response:
        """Opens conversations again although WhatsApp limits this number; the next limit lasts longer.

        A ban cannot be lifted here: WhatsApp ends it.
        """
        asker = asker_of(request)

        def work() -> Body:
            row = visible_session(asker, name)
            if not gateway.pacing.limits.lift(row.id, kind):
                raise NotFound('There is no such limit on this session now.')
            return body_of_session(gateway, row)

        return json_answer(await aside(work))

    _opting_out(api, gateway)
    return api


def _opting_out(api: APIRouter, gateway: Gateway) -> None:
    opt_outs = gateway.pacing.opt_outs

    def someone(to: str) -> Address:
        address = parse_recipient(to, gateway.settings.default_country)
        if address.kind == 'group':
            raise Invalid('A group cannot opt out, only people.', field='to')
        return address

    def answer(to: str) -> Body:
        said = opted_out_body(opt_outs.at(someone(to)))
        return {'to': to, 'opted_out': said is not None, 'since': None, 'source': None, **(said or {})}

    def take_out(new: NewOptOut) -> Body:
        opt_outs.opt_out(gateway.identities.someone(someone(new.to)), source=new.source)
        return answer(new.to)

    def opt_in(to: str) -> bool:
        return opt_outs.opt_in(gateway.identities.someone(someone(to)))

    @api.get('/opt-outs', **says('Who has opted out', 'messages.see', gives=Page[OptOutOut]))
    async def list_them(
        request: Request,
        q: Annotated[str, Query(max_length=100, description='Only with this in the name, number or source.')] = '',
        limit: Limit = 50,
        cursor: Cursor = '',
    ) -> Response:
        """Newest first. A key for some sessions sees the people these have a chat with."""
        asker, before = asker_of(request), id_of(cursor)

        def read() -> tuple[list[Body], str | None]:
            rows = list_opt_outs(session_ids=visible_ids(asker), q=q, before=before, limit=limit + 1)
            page, following = cut(rows, limit, lambda row: (str(row.wish),))
            return [_listed(row) for row in page], following

        return list_answer(*await aside(read))

    @api.post('/opt-outs', **says('Opt somebody out', 'chats.manage', gives=OptedOut, takes=NewOptOut,
                                  example={'to': '+15551230001', 'source': 'Wrote STOP'}, problems=(404,)))  # fmt: skip
    async def opt_out(request: Request) -> Response:
        """From now on automatic and bulk messages to them are `blocked`, on every session. A person may still answer.

        It is kept as a hash and outlives the contact. Said twice, the first time counts.
        """
        must_have_all(asker_of(request), 'opt people out')
        new = await body_of(request, NewOptOut)
        return json_answer(await aside(lambda: write(lambda: take_out(new))))

    @api.get('/opt-outs/{to}', **says('Has somebody opted out?', 'messages.see', gives=OptedOut, problems=(404,)))
    async def look(request: Request, to: str) -> Response:
        must_have_all(asker_of(request), 'look up who opted out')
        return json_answer(await aside(lambda: write(lambda: answer(to))))

    @api.delete('/opt-outs/{to}', **says('Opt somebody in again', 'chats.manage', status=204, problems=(404,)))
    async def forget(request: Request, to: str) -> Response:
        must_have_all(asker_of(request), 'opt people in')
        if not await aside(lambda: write(lambda: opt_in(to))):
            raise NotFound('They have not opted out.')
        return Response(status_code=204)


def _listed(row: OptOut) -> Body:
    return {'contact': dict(person(row.contact)) if row.contact else None, **(opted_out_body(row) or {})}
