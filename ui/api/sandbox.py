"""The simulated phones of the sandbox, for scripts: what a person would do with theirs."""

import asyncio
from dataclasses import asdict
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from core.bodies import Body
from core.errors import Conflict
from core.rights import Asker
from core.sandbox.control import Fault, FaultKind, GroupAction, GroupOut, PersonOut
from core.sandbox.process import Sandbox

from ..compose import Gateway
from .aside import aside, aside_slowly
from .asking import asker_of, body_of, must_have_all, says, visible_session
from .lists import Page, json_answer, list_answer
from .once import OnceRoute
from .sandbox_talk import bytes_of, talking
from .sessions import body_of_session
from .shapes import StatusOut
from .shapes.sandbox import DeviceOut, FaultOut, GroupMadeOut, LinkedOut, PhoneOut

CODE_WAITS = 20.0  # seconds for the session to show a code
WORKS_WAITS = 10.0  # and to work after the scan
LOOK_EVERY = 0.05

Digits = Annotated[str, Field(description='Digits, with the country code.', examples=['15551230001'])]


class _New(BaseModel):
    model_config = ConfigDict(extra='forbid')


class NewPhone(_New):
    phone: Digits
    name: Annotated[str, Field(max_length=100, examples=['Anna'])] = ''
    aliases: Annotated[list[str], Field(max_length=10, description='Other spellings of the number that find it.')] = []


class NewScan(_New):
    session: Annotated[str, Field(description='The session whose code it scans.', examples=['shop'])]


class NewCode(_New):
    code: Annotated[str, Field(max_length=40, description='The pairing code.', examples=['ABCD-EFGH'])]


class NewSwitch(_New):
    offline: Annotated[bool, Field(description='A phone that is off gets its messages later.')]


class NewPhoneGroup(_New):
    name: Annotated[str, Field(min_length=1, max_length=100, examples=['Regulars'])]
    owner: Digits
    members: Annotated[list[str], Field(max_length=256, examples=[['15551230002']])]


class NewGroupChange(_New):
    phone: Annotated[str, Field(description='Who does it.', examples=['15551230001'])]
    action: Annotated[GroupAction, Field(examples=['add'])]
    members: Annotated[list[str], Field(max_length=256, description='Digits.', examples=[['15551230002']])] = []
    text: Annotated[str, Field(max_length=2048, description='The subject, the description or the invite code.')] = ''
    data: Annotated[str, Field(description='The picture, a JPEG in base64.')] = ''


class GroupWholeOut(GroupMadeOut):
    admins: list[str] = Field(examples=[['15551230001']])
    description: str
    picture: str = Field(description='Its id; empty without one.')
    invite: str = Field(description='The code at the end of its invite link.')
    locked: bool = Field(description='Only admins change its name, description and picture.')
    announce: bool = Field(description='Only admins write.')
    approval: bool = Field(description='Who comes by the link waits until an admin lets them in.')


class FaultWholeOut(FaultOut):
    n: int
    rate: int


class NewFault(_New):
    """Each kind reads some of the fields; `POST` says which it lacks."""

    kind: Annotated[FaultKind, Field(examples=['drop'])]
    phone: Annotated[str, Field(max_length=20, examples=['15550000001'])] = ''
    code: Annotated[int, Field(ge=0, le=9999)] = 0
    times: Annotated[int, Field(ge=0, le=100_000, description='0: until cleared.')] = 1
    seconds: Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)] = 0
    ms: Annotated[int, Field(ge=0, le=60_000)] = 0
    reason: Annotated[int, Field(ge=0, le=9999)] = 0
    expire: Annotated[int, Field(ge=0, le=10**9)] = 0
    refs: Annotated[int, Field(ge=0, le=6)] = 0
    n: Annotated[int, Field(ge=0, le=100_000)] = 0
    rate: Annotated[int, Field(ge=0, le=10**9)] = 0
    xmlns: Annotated[str, Field(max_length=100)] = ''
    conflict: Annotated[str, Field(max_length=100)] = ''


def routes(gateway: Gateway) -> APIRouter:
    api = APIRouter(route_class=OnceRoute, prefix='/api/v1/sandbox', tags=['sandbox'])
    if gateway.sandbox is None:
        return api
    _phones(api, gateway, gateway.sandbox)
    talking(api, gateway.sandbox)
    _world(api, gateway.sandbox)
    return api


def _phones(api: APIRouter, gateway: Gateway, sandbox: Sandbox) -> None:

    @api.get('/phones', **says('List phones', 'sandbox.use', gives=Page[PhoneOut]))
    async def phones(request: Request) -> Response:
        return list_answer([_phone(each) for each in await aside(sandbox.phones)])

    @api.post('/phones', **says('Add a phone', 'sandbox.use', status=201, gives=PhoneOut, takes=NewPhone,
                                example={'phone': '15551230001', 'name': 'Anna'}))  # fmt: skip
    async def add(request: Request) -> Response:
        """The same number twice is the same person; a new name replaces the old one."""
        new = await body_of(request, NewPhone)
        return json_answer(_phone(await aside(lambda: sandbox.add_phone(new.phone, new.name, tuple(new.aliases)))), 201)

    @api.post('/phones/{phone}/scan', **says('Scan a QR code', 'sandbox.use', gives=LinkedOut, takes=NewScan,
              example={'session': 'shop'}, problems=(404, 409, 504)))  # fmt: skip
    async def scan(request: Request, phone: str) -> Response:
        """Links the session to this phone. Waits up to 20 seconds for its code, then until the session works.

        409 `not_pairing` when the session shows no code in that time.
        """
        asker, new = asker_of(request), await body_of(request, NewScan)
        code = await _code_of(asker, new.session)
        device = await aside_slowly(lambda: sandbox.scan(phone, code))
        session = await _settled(asker, new.session)
        return json_answer({'device': device, 'linked': device > 0, 'session': session})

    async def _code_of(asker: Asker, name: str) -> str:
        """The code on offer. Raises Conflict when there will be none, or was none in time."""

        def look() -> str:
            row = visible_session(asker, name)
            try:
                return gateway.sessions.qr(name).code
            except Conflict:
                if row.state not in ('starting', 'pairing', 'reconnecting'):
                    raise
                return ''

        end = gateway.world.ticks() + CODE_WAITS
        while not (code := await aside(look)):
            if gateway.world.ticks() > end:
                raise Conflict(f'{name} showed no code within {CODE_WAITS:.0f} seconds.', code='not_pairing')
            await asyncio.sleep(LOOK_EVERY)
        return code

    async def _settled(asker: Asker, name: str) -> Body:
        """The session, once it works or it is clear that it will not soon."""
        end = gateway.world.ticks() + WORKS_WAITS
        while True:
            row = await aside(lambda: visible_session(asker, name))
            if row.state not in ('starting', 'pairing', 'reconnecting') or gateway.world.ticks() > end:
                return body_of_session(gateway, row)
            await asyncio.sleep(LOOK_EVERY)

    @api.post('/phones/{phone}/enter-code', **says('Type a pairing code', 'sandbox.use', gives=DeviceOut,
              takes=NewCode, example={'code': 'ABCD-EFGH'}, problems=(404, 409, 504)))  # fmt: skip
    async def enter_code(request: Request, phone: str) -> Response:
        """The code comes from `POST /sessions/{name}/pairing-code`."""
        new = await body_of(request, NewCode)
        device = await aside_slowly(lambda: sandbox.enter_code(phone, new.code))
        return json_answer({'device': device, 'linked': device > 0})

    @api.patch('/phones/{phone}', **says('Switch a phone off or on', 'sandbox.use', gives=PhoneOut, takes=NewSwitch,
               example={'offline': True}, problems=(404,)))  # fmt: skip
    async def switch(request: Request, phone: str) -> Response:
        new = await body_of(request, NewSwitch)

        def work() -> PersonOut:
            sandbox.offline(phone, new.offline)
            return sandbox.add_phone(phone)

        return json_answer(_phone(await aside(work)))


def _world(api: APIRouter, sandbox: Sandbox) -> None:
    @api.get('/groups', **says('List the groups of the phones', 'sandbox.use', gives=Page[GroupWholeOut]))
    async def groups(request: Request) -> Response:
        return list_answer([_group(each) for each in await aside(sandbox.groups)])

    @api.post('/groups', **says('Make a group of phones', 'sandbox.use', status=201, gives=GroupWholeOut,
              takes=NewPhoneGroup,
              example={'name': 'Regulars', 'owner': '15551230001', 'members': ['15551230002', '15550000001']},
              problems=(404,)))  # fmt: skip
    async def add_group(request: Request) -> Response:
        new = await body_of(request, NewPhoneGroup)
        return json_answer(_group(await aside(lambda: sandbox.add_group(new.name, new.owner, tuple(new.members)))), 201)

    @api.post('/groups/{id}/change', **says('Change a group of phones', 'sandbox.use', gives=GroupWholeOut,
              takes=NewGroupChange, problems=(404, 409),
              example={'phone': '15551230001', 'action': 'add', 'members': ['15551230002']}))  # fmt: skip
    async def change_group(request: Request, id: str) -> Response:
        """As that person does it on the phone; 409 `refused` when WhatsApp does not let them."""
        new = await body_of(request, NewGroupChange)
        data, members = bytes_of(new.data, 'data'), tuple(new.members)
        work = partial(sandbox.group_change, new.phone, id, new.action, members, text=new.text, data=data)
        return json_answer(_group(await aside(work)))

    @api.get('/faults', **says('List faults', 'sandbox.use', gives=Page[FaultWholeOut]))
    async def faults(request: Request) -> Response:
        """Those that stand, or are not used up."""
        return list_answer([asdict(each) for each in await aside(sandbox.faults)])

    @api.post('/faults', **says('Make something go wrong', 'sandbox.use', status=201, gives=FaultWholeOut,
              takes=NewFault, example={'kind': 'outage', 'seconds': 60}, problems=(404, 409)))  # fmt: skip
    async def add_fault(request: Request) -> Response:
        """At once: `drop`, `logout`, `conflict` (phone), `stream_error` (phone, code), `expire_qr`, `outage` (seconds).

        Until cleared: `latency` (ms), `mute`, `http_status` (code), `hasty`, `passkey`, `qr_refs` (refs). So many
        times: `nack` (code, times, phone), `lose_acks`, `corrupt` (times), `iq` (xmlns, code, times), `fail_login`
        (phone, reason), `media` (code, times), `media_cut` (times). A slow media store: `media_slow` (rate, bytes per
        second). With an account: `ban` (phone, seconds), `reachout` (phone, n: how many people who never wrote to it
        it may write to, then 463; seconds: for how long, 0 until cleared).
        """
        must_have_all(asker_of(request), 'break the sandbox')
        new = await body_of(request, NewFault)
        fault = Fault(**new.model_dump())
        await aside(lambda: sandbox.set_fault(fault))
        return json_answer(asdict(fault), 201)

    @api.delete('/faults', **says('Clear faults', 'sandbox.use', gives=StatusOut))
    async def clear(
        request: Request, kind: Annotated[FaultKind | None, Query(description='Only this kind.')] = None
    ) -> Response:
        must_have_all(asker_of(request), 'break the sandbox')
        await aside(lambda: sandbox.clear_fault(kind))
        return json_answer({'status': 'cleared'})


def _phone(each: PersonOut) -> Body:
    return {**asdict(each), 'devices': list(each.devices)}


def _group(each: GroupOut) -> Body:
    whole = asdict(each)
    return {'id': whole.pop('jid'), **whole, 'members': list(each.members), 'admins': list(each.admins)}
