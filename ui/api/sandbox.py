"""The simulated phones of the sandbox, for scripts: what a person would do with theirs."""

import asyncio
import base64
import binascii
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from core.bodies import Body, time_text
from core.errors import Conflict, Invalid
from core.rights import Asker
from core.sandbox.control import Fault, FaultKind, GroupOut, Item, PersonOut
from core.sandbox.process import Sandbox

from ..compose import Gateway
from .aside import aside, aside_slowly
from .asking import Route, asker_of, body_of, body_or_default, must_have_all, says, visible_session
from .lists import Page, json_answer, list_answer
from .once import done_once, once_of
from .sessions import body_of_session
from .shapes import DeviceOut, FaultOut, GroupMadeOut, LinkedOut, PhoneOut, ReadCountOut, SaidOut, SeenOut, StatusOut

CODE_WAITS = 20.0  # seconds for the session to show a code
WORKS_WAITS = 10.0  # and to work after the scan
LOOK_EVERY = 0.05

Digits = Annotated[str, Field(description='Digits, with the country code.', examples=['15551230001'])]


class _New(BaseModel):
    model_config = ConfigDict(extra='forbid')


class NewPhone(_New):
    phone: Digits
    name: Annotated[str, Field(max_length=100, examples=['Anna'])] = ''


class NewScan(_New):
    session: Annotated[str, Field(description='The session whose code it scans.', examples=['shop'])]


class NewCode(_New):
    code: Annotated[str, Field(max_length=40, description='The pairing code.', examples=['ABCD-EFGH'])]


class NewAttachment(_New):
    data: Annotated[str, Field(description='The bytes in base64.')]
    mime: Annotated[str, Field(max_length=100, examples=['image/png'])]
    caption: Annotated[str, Field(max_length=4096)] = ''
    filename: Annotated[str, Field(max_length=200)] = ''
    voice: bool = False


class NewSaying(_New):
    to: Annotated[str, Field(description='Digits, or the address of a group.', examples=['15550000001'])]
    text: Annotated[str | None, Field(max_length=65_536, examples=['hi'])] = None
    media: NewAttachment | None = None
    quote: Annotated[str, Field(description='The id of the message that it answers.')] = ''
    id: Annotated[str, Field(max_length=64, description='A message id; the same twice repeats the message.')] = ''


class NewReading(_New):
    ids: Annotated[list[str] | None, Field(description='Left out: everything unread.')] = None


class NewReaction(_New):
    message: Annotated[str, Field(description='The id of a message of its conversations.')]
    emoji: Annotated[str, Field(max_length=40, description='Empty takes it back.', examples=['👍'])]


class NewSwitch(_New):
    offline: Annotated[bool, Field(description='A phone that is off gets its messages later.')]


class NewGroup(_New):
    name: Annotated[str, Field(min_length=1, max_length=100, examples=['Regulars'])]
    owner: Digits
    members: Annotated[list[str], Field(max_length=256, examples=[['15551230002']])]


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
    xmlns: Annotated[str, Field(max_length=100)] = ''
    conflict: Annotated[str, Field(max_length=100)] = ''


def routes(gateway: Gateway) -> APIRouter:
    api = APIRouter(route_class=Route, prefix='/api/v1/sandbox', tags=['sandbox'])
    if gateway.sandbox is None:
        return api
    _phones(api, gateway, gateway.sandbox)
    _talking(api, gateway, gateway.sandbox)
    _world(api, gateway, gateway.sandbox)
    return api


def _phones(api: APIRouter, gateway: Gateway, sandbox: Sandbox) -> None:
    world = gateway.world

    @api.get('/phones', **says('List phones', 'sandbox.use', gives=Page[PhoneOut]))
    async def phones(request: Request) -> Response:
        return list_answer([_phone(each) for each in await aside(sandbox.phones)])

    @api.post('/phones', **says('Add a phone', 'sandbox.use', status=201, gives=PhoneOut, takes=NewPhone,
                                example={'phone': '15551230001', 'name': 'Anna'}, once=True))  # fmt: skip
    async def add(request: Request) -> Response:
        """The same number twice is the same person; a new name replaces the old one."""
        new = await body_of(request, NewPhone)

        async def work() -> Response:
            return json_answer(_phone(await aside(lambda: sandbox.add_phone(new.phone, new.name))), 201)

        return await done_once(once_of(request, new), world, work)

    @api.post('/phones/{phone}/scan', **says('Scan a QR code', 'sandbox.use', gives=LinkedOut, takes=NewScan,
              example={'session': 'shop'}, problems=(404, 409, 504), once=True))  # fmt: skip
    async def scan(request: Request, phone: str) -> Response:
        """Links the session to this phone. Waits up to 20 seconds for its code, then until the session works.

        409 `not_pairing` when the session shows no code in that time.
        """
        asker, new = asker_of(request), await body_of(request, NewScan)

        async def work() -> Response:
            code = await _code_of(asker, new.session)
            device = await aside_slowly(lambda: sandbox.scan(phone, code))
            session = await _settled(asker, new.session)
            return json_answer({'device': device, 'linked': device > 0, 'session': session})

        return await done_once(once_of(request, new), world, work)

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
                return body_of_session(row)
            await asyncio.sleep(LOOK_EVERY)

    @api.post('/phones/{phone}/enter-code', **says('Type a pairing code', 'sandbox.use', gives=DeviceOut,
              takes=NewCode, example={'code': 'ABCD-EFGH'}, problems=(404, 409, 504), once=True))  # fmt: skip
    async def enter_code(request: Request, phone: str) -> Response:
        """The code comes from `POST /sessions/{name}/pairing-code`."""
        new = await body_of(request, NewCode)

        async def work() -> Response:
            device = await aside_slowly(lambda: sandbox.enter_code(phone, new.code))
            return json_answer({'device': device, 'linked': device > 0})

        return await done_once(once_of(request, new), world, work)


def _talking(api: APIRouter, gateway: Gateway, sandbox: Sandbox) -> None:
    world = gateway.world

    @api.post('/phones/{phone}/say', **says('Write a message', 'sandbox.use', status=201, gives=SaidOut,
              takes=NewSaying, example={'to': '15550000001', 'text': 'hi'}, problems=(404, 409),
              once=True))  # fmt: skip
    async def say(request: Request, phone: str) -> Response:
        """Answers WhatsApp’s id of the message."""
        new = await body_of(request, NewSaying)
        if (new.text is None) == (new.media is None):
            raise Invalid('A phone says either a text or media.', field='text')

        async def work() -> Response:
            return json_answer({'id': await aside(lambda: _said(sandbox, phone, new))}, 201)

        return await done_once(once_of(request, new), world, work)

    @api.post('/phones/{phone}/read', **says('Read what came', 'sandbox.use', gives=ReadCountOut, takes=NewReading,
              optional=True, example={}, problems=(404, 409), once=True))  # fmt: skip
    async def read(request: Request, phone: str) -> Response:
        """Sends read receipts."""
        new = await body_or_default(request, NewReading)
        ids = None if new.ids is None else tuple(new.ids)

        async def work() -> Response:
            return json_answer({'read': await aside(lambda: sandbox.read(phone, ids))})

        return await done_once(once_of(request, new), world, work)

    @api.post('/phones/{phone}/react', **says('React to a message', 'sandbox.use', status=201, gives=SaidOut,
              takes=NewReaction, example={'message': '3EB0…', 'emoji': '👍'}, problems=(404, 409),
              once=True))  # fmt: skip
    async def react(request: Request, phone: str) -> Response:
        new = await body_of(request, NewReaction)

        async def work() -> Response:
            return json_answer({'id': await aside(lambda: sandbox.react(phone, new.message, new.emoji))}, 201)

        return await done_once(once_of(request, new), world, work)

    @api.patch('/phones/{phone}', **says('Switch a phone off or on', 'sandbox.use', gives=PhoneOut, takes=NewSwitch,
               example={'offline': True}, problems=(404,)))  # fmt: skip
    async def switch(request: Request, phone: str) -> Response:
        new = await body_of(request, NewSwitch)

        def work() -> PersonOut:
            sandbox.offline(phone, new.offline)
            return sandbox.add_phone(phone)

        return json_answer(_phone(await aside(work)))

    @api.get('/phones/{phone}/inbox', **says('What a phone received', 'sandbox.use', gives=Page[SeenOut],
                                             problems=(404,)))  # fmt: skip
    async def inbox(request: Request, phone: str) -> Response:
        """What it decrypted, oldest first; at most the last 5000."""
        return list_answer([_item(each) for each in await aside(lambda: sandbox.inbox(phone))])


def _world(api: APIRouter, gateway: Gateway, sandbox: Sandbox) -> None:
    world = gateway.world

    @api.get('/groups', **says('List groups', 'sandbox.use', gives=Page[GroupMadeOut]))
    async def groups(request: Request) -> Response:
        return list_answer([_group(each) for each in await aside(sandbox.groups)])

    @api.post('/groups', **says('Make a group', 'sandbox.use', status=201, gives=GroupMadeOut, takes=NewGroup,
              example={'name': 'Regulars', 'owner': '15551230001', 'members': ['15551230002', '15550000001']},
              problems=(404,), once=True))  # fmt: skip
    async def add_group(request: Request) -> Response:
        new = await body_of(request, NewGroup)

        async def work() -> Response:
            made = await aside(lambda: sandbox.add_group(new.name, new.owner, tuple(new.members)))
            return json_answer(_group(made), 201)

        return await done_once(once_of(request, new), world, work)

    @api.get('/faults', **says('List faults', 'sandbox.use', gives=Page[FaultOut]))
    async def faults(request: Request) -> Response:
        """Those that stand, or are not used up."""
        return list_answer([asdict(each) for each in await aside(sandbox.faults)])

    @api.post('/faults', **says('Make something go wrong', 'sandbox.use', status=201, gives=FaultOut, takes=NewFault,
              example={'kind': 'outage', 'seconds': 60}, problems=(404, 409), once=True))  # fmt: skip
    async def add_fault(request: Request) -> Response:
        """At once: `drop`, `logout`, `conflict` (phone), `stream_error` (phone, code), `expire_qr`, `outage` (seconds).

        Until cleared: `latency` (ms), `mute`, `http_status` (code), `hasty`, `passkey`, `qr_refs` (refs). So many
        times: `nack` (code, times, phone), `lose_acks`, `corrupt` (times), `iq` (xmlns, code, times), `fail_login`
        (phone, reason).
        """
        must_have_all(asker_of(request), 'break the sandbox')
        new = await body_of(request, NewFault)
        fault = Fault(**new.model_dump())

        async def work() -> Response:
            await aside(lambda: sandbox.set_fault(fault))
            return json_answer(asdict(fault), 201)

        return await done_once(once_of(request, new), world, work)

    @api.delete('/faults', **says('Clear faults', 'sandbox.use', gives=StatusOut))
    async def clear(
        request: Request, kind: Annotated[FaultKind | None, Query(description='Only this kind.')] = None
    ) -> Response:
        must_have_all(asker_of(request), 'break the sandbox')
        await aside(lambda: sandbox.clear_fault(kind))
        return json_answer({'status': 'cleared'})


def _said(sandbox: Sandbox, phone: str, new: NewSaying) -> str:
    if new.media is None:
        return sandbox.say(phone, new.to, new.text or '', quote=new.quote, id=new.id)
    media = new.media
    try:
        data = base64.b64decode(media.data, validate=True)
    except binascii.Error:
        raise Invalid('This is not base64.', field='media.data') from None
    return sandbox.attach(
        phone, new.to, data, mime=media.mime, caption=media.caption, filename=media.filename, voice=media.voice
    )


def _phone(each: PersonOut) -> Body:
    return {**asdict(each), 'devices': list(each.devices)}


def _group(each: GroupOut) -> Body:
    return {'id': each.jid, 'name': each.name, 'owner': each.owner, 'members': list(each.members)}


def _item(each: Item) -> Body:
    body: Body = {
        'id': each.id, 'from': each.sender, 'chat': each.chat, 'kind': each.kind, 'text': each.text,
        'at': time_text(each.at),
    }  # fmt: skip
    if each.mime:
        body['media'] = {'mime': each.mime, 'size': each.size, 'filename': each.filename}
    if each.about:
        body['about'] = each.about
    if each.quotes:
        body['quotes'] = each.quotes
    return body
