"""Hooks: other systems call us, and a message, a contact or a flow comes of it."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from core.bodies import Body, time_text
from core.errors import NotFound
from core.events import FileKind
from core.hooks.errands import values_for
from core.hooks.hooks import PER_MINUTE, Known, Settings
from core.hooks.mapping import Map, MediaMap, kept_map, values_of
from core.hooks.reading import payload_of
from core.hooks.verifying import AuthKind
from core.rights import Asker
from data.database import write_soon
from data.hooks import HookEvent, event_by_id, events_of, last_events

from ..compose import Gateway
from .aside import aside
from .asking import Route, asker_of, body_of, must_have_all, says
from .lists import Cursor, Limit, Page, cut, id_of, json_answer, json_bytes, list_answer
from .once import Nothing, carried_out, once_of, opened, sealed
from .shapes.hooks import HookEventOut, HookMadeOut, HookOut, OneHookEventOut, RehearsalOut, ReplayOut

TEMPLATE = 'A template over `payload`, `headers`, `query`, `endpoint`, `now`; with `for_each` also `item` and `number`.'
EVENTS = 'received, done, skipped, duplicate, failed or tested.'
MAP_EXAMPLE = {'session': 'shop', 'to': '{{ payload.phone }}', 'text': 'Hello {{ payload.name }}'}
EXAMPLE = {'name': 'Orders', 'auth': {'kind': 'github', 'secret': 'a long secret'}, 'map': MAP_EXAMPLE}


class _Part(BaseModel):
    model_config = ConfigDict(extra='forbid')


class HookAuth(_Part):
    kind: Annotated[AuthKind, Field(description='How a caller proves where it comes from.', examples=['github'])]
    secret: Annotated[str, Field(max_length=500, description='Left out: one is made, and told this once; on a change '
                                 'the one that is stays.')] = ''  # fmt: skip
    verify_token: Annotated[str, Field(max_length=500, description='`meta`: what Meta asks with first.')] = ''
    header: Annotated[str, Field(max_length=100, description='`hmac`, `header`: where it is; left out: x-signature, '
                                 'authorization (the secret alone or after “Bearer”).')] = ''  # fmt: skip
    algorithm: Annotated[str, Field(description='`hmac`: sha256 (left out), sha512 or sha1.')] = ''
    encoding: Annotated[str, Field(description='`hmac`: hex (left out), base64 or base64url.')] = ''
    prefix: Annotated[str, Field(max_length=40, description='`hmac`: what stands before the signature.')] = ''
    signed: Annotated[
        str, Field(max_length=100, description='`hmac`: `{body}` (left out), `{ts}.{body}`, `{url}{body}`.')
    ] = ''
    ts_header: Annotated[str, Field(max_length=100, description='`hmac`: the header that brings the time.')] = ''
    tolerance: Annotated[int | None, Field(description='`hmac`: seconds that this time may be off; 300.')] = None
    user: Annotated[
        str, Field(max_length=100, description='`basic`: the name beside the password; left out: dovecote.')
    ] = ''
    parameter: Annotated[str, Field(max_length=100, description='`query`: where the token is; left out: token.')] = ''


class HookMedia(_Part):
    url: Annotated[str, Field(max_length=4096, description='A template that gives an address.')]
    caption: Annotated[str, Field(max_length=4096)] = ''
    filename: Annotated[str, Field(max_length=500)] = ''
    as_: Annotated[FileKind | None, Field(alias='as', description='How it is shown; left out: by what is in it.')] = (
        None
    )


class HookMap(_Part):
    action: Annotated[Literal['message', 'contact', 'flow', 'none'], Field(description='What is done.')] = 'message'
    session: Annotated[str, Field(description=f'The name of the session. {TEMPLATE}', examples=['shop'])] = ''
    to: Annotated[str, Field(description='Whom it is about, written as in `POST /messages`; a template.',
                             examples=['{{ payload.phone }}'])] = ''  # fmt: skip
    text: Annotated[str, Field(description=TEMPLATE, examples=['Hello {{ payload.name }}'])] = ''
    template: Annotated[str, Field(description='The key of a template, instead of a text.')] = ''
    vars: Annotated[dict[str, str], Field(description='What the template or the flow gets.')] = {}
    media: Annotated[HookMedia | Annotated[str, Field(max_length=4096)] | None, Field(
        description='A file, or the address of one.')] = None  # fmt: skip
    flow: Annotated[str, Field(description='The key of the flow to start.')] = ''
    name: Annotated[str, Field(description='What the contact is called; of a message only where they are new.')] = ''
    delay: Annotated[str | int, Field(description='Seconds, or like 10m, 2h, 1d; a template.')] = ''
    dedupe_key: Annotated[str, Field(description='The same one is done once in seven days; a template.')] = ''
    when: Annotated[str, Field(description='Nothing is done where it gives nothing, false, no or 0.')] = ''
    for_each: Annotated[str, Field(description='Gives a list of at most 100: for each `item` of it.')] = ''
    unknown: Annotated[Literal['create', 'ignore', 'error'], Field(
        description='What is done about somebody who is no contact yet.')] = 'create'  # fmt: skip
    country: Annotated[str, Field(max_length=2, description='Of numbers written without one, like DE.')] = ''


class NewHook(_Part):
    name: Annotated[str, Field(description='1 to 80 characters.', examples=['Orders'])]
    auth: Annotated[HookAuth, Field(description='Left out: whoever knows the address is believed.')] = HookAuth(
        kind='key'
    )
    map: HookMap
    enabled: bool = True
    respond: Annotated[Literal['now', 'wait'], Field(
        description='`wait`: the answer comes once it is done, within 10 seconds, with the ids of the messages.',
    )] = 'now'  # fmt: skip
    per_minute: Annotated[int, Field(description='Calls; 0 for no limit.')] = PER_MINUTE
    allow_from: Annotated[list[str], Field(max_length=100, description='Networks that may call; [] for all.')] = []
    once: Annotated[str, Field(
        description='A template for what makes two calls the same, instead of what is usual for the kind.',
    )] = ''  # fmt: skip


class HookChanges(_Part):
    name: str | None = None
    auth: HookAuth | None = None
    map: Annotated[HookMap | None, Field(description='As a whole.')] = None
    enabled: bool | None = None
    respond: Literal['now', 'wait'] | None = None
    per_minute: int | None = None
    allow_from: Annotated[list[str] | None, Field(max_length=100)] = None
    once: str | None = None


class NewRehearsal(_Part):
    payload: Annotated[Any, Field(description='As a caller would send it.', examples=[{'phone': '+15551230001'}])] = (
        None
    )
    headers: dict[str, str] = {}
    query: dict[str, str] = {}
    event: Annotated[str, Field(description='Instead of a payload: what this event of the hook brought.')] = ''
    map: Annotated[HookMap | None, Field(description='Instead of the one that the hook has.')] = None


def routes(gateway: Gateway) -> APIRouter:
    api = APIRouter(route_class=Route, prefix='/api/v1/hooks', tags=['hooks'])
    hooks, world = gateway.hooks, gateway.world

    @api.get('', **says('List hooks', 'hooks.see', gives=Page[HookOut]))
    async def list_hooks(request: Request, limit: Limit = 50, cursor: Cursor = '') -> Response:
        """Newest first, without their secrets. Their addresses are shown to those who may change them."""
        asker, before = _whole(request), id_of(cursor)

        def read() -> tuple[list[Body], str | None]:
            lately = last_events()
            found = [each for each in hooks.all() if not before or each.id < before]
            page, following = cut(found, limit, lambda hook: (hook.id,))
            return [{**_body(gateway, request, asker, each), 'last_at': time_text(lately.get(each.id))}
                    for each in page], following  # fmt: skip

        return list_answer(*await aside(read))

    @api.post('', **says('Make a hook', 'hooks.edit', status=201, gives=HookMadeOut, takes=NewHook, example=EXAMPLE,
                         once=True))  # fmt: skip
    async def create(request: Request) -> Response:
        """Other systems then call its `url`. What they bring is proved (`auth`), kept, and done about as `map` says.

        A `secret` that was made here is told in this answer only.
        """
        asker, new = _whole(request), await body_of(request, NewHook)
        once = once_of(request, new)

        def make() -> tuple[int, bytes]:
            made, secret = hooks.create(_settings(new))
            body = json_bytes({**_body(gateway, request, asker, made), 'key': made.key, 'secret': secret or None})
            return 201, body if once is None else sealed(gateway.people.secret, once, body)

        given = await asyncio.wrap_future(write_soon(lambda: carried_out(once, world, make)))
        return (given if once is None else opened(gateway.people.secret, once, given)).answer()

    @api.get('/{id}', **says('One hook', 'hooks.see', gives=HookOut, problems=(404,)))
    async def one(request: Request, id: str) -> Response:
        asker = _whole(request)

        def read() -> Body:
            body = _body(gateway, request, asker, hooks.one(id))
            return {**body, 'last_at': time_text(last_events().get(id))}

        return json_answer(await aside(read))

    @api.patch('/{id}', **says('Change a hook', 'hooks.edit', gives=HookMadeOut, takes=HookChanges,
               example={'map': MAP_EXAMPLE}, problems=(404,)))  # fmt: skip
    async def change(request: Request, id: str) -> Response:
        """After a new `secret` of the same kind the old one is still good for 24 hours."""
        asker, new = _whole(request), await body_of(request, HookChanges)

        def work() -> Body:
            made, secret = hooks.change(id, _changed(hooks.one(id).settings, new))
            return {**_body(gateway, request, asker, made), 'key': made.key, 'secret': secret or None}

        return json_answer(await aside(work))

    @api.delete('/{id}', **says('Delete a hook', 'hooks.edit', status=204, problems=(404,)))
    async def delete(request: Request, id: str) -> Response:
        """With everything it was told. Whoever still calls it gets a 404."""
        _whole(request)
        await aside(lambda: hooks.delete(id))
        return Response(status_code=204)

    @api.post('/{id}/rotate', **says('Give a hook a new secret', 'hooks.edit', gives=HookMadeOut,
                                     problems=(404, 422)))  # fmt: skip
    async def rotate(request: Request, id: str) -> Response:
        """It is told in this answer only. The old one is still good for 24 hours."""
        asker = _whole(request)

        def work() -> Body:
            made, secret = hooks.rotate(id)
            return {**_body(gateway, request, asker, made), 'key': made.key, 'secret': secret}

        return json_answer(await aside(work))

    @api.post('/{id}/test', **says('What would a hook do?', 'hooks.see', gives=RehearsalOut, takes=NewRehearsal,
              example={'payload': {'phone': '+15551230001', 'name': 'Anna'}}, problems=(404,)))  # fmt: skip
    async def test(request: Request, id: str) -> Response:
        """Shows what would be sent, to whom, and what would go wrong. Nothing is sent."""
        _whole(request)
        new = await body_of(request, NewRehearsal)

        def work() -> Body:
            hook = hooks.one(id)
            wanted = _map(new.map) if new.map is not None else hook.settings.map
            values = _values(gateway, hook, new)
            items = gateway.errands.doing.rehearse(wanted, values)
            return {'skipped': not items, 'items': items}

        return json_answer(await aside(work))

    _events(api, gateway)
    return api


def _events(api: APIRouter, gateway: Gateway) -> None:
    @api.get('/{id}/events', **says('What a hook was told', 'hooks.see', gives=Page[HookEventOut], problems=(404,)))
    async def list_events(
        request: Request, id: str, state: Annotated[str, Query(max_length=20, description=f'Only: {EVENTS}')] = '',
        limit: Limit = 50, cursor: Cursor = '',
    ) -> Response:  # fmt: skip
        """Newest first, with what came of it. Kept for 30 days."""
        _whole(request)
        before = id_of(cursor)

        def read() -> tuple[list[Body], str | None]:
            gateway.hooks.one(id)
            page, following = cut(
                events_of(id, state=state, before=before, limit=limit + 1), limit, lambda row: (str(row.id),)
            )
            return [event_body(row) for row in page], following

        return list_answer(*await aside(read))

    @api.get('/{id}/events/{event}', **says('One event of a hook', 'hooks.see', gives=OneHookEventOut,
                                            problems=(404,)))  # fmt: skip
    async def one_event(request: Request, id: str, event: str) -> Response:
        """With what was brought; whatever in it proves anything is masked."""
        _whole(request)

        def read() -> Body:
            row = _event(id, event)
            return {
                **event_body(row), 'headers': [list(each) for each in row.headers],
                'query': [list(each) for each in row.query], 'body': bytes(row.body).decode('utf-8', 'replace'),
            }  # fmt: skip

        return json_answer(await aside(read))

    @api.post('/{id}/events/{event}/replay', **says('Do an event again', 'hooks.edit', status=202, gives=ReplayOut,
              problems=(404, 409), once=True))  # fmt: skip
    async def replay(request: Request, id: str, event: str) -> Response:
        """As a new event, by what the hook says now. Of one that failed only what did not go through.

        409 `not_settled` while it is still being done.
        """
        _whole(request)
        once = once_of(request, Nothing())

        def work() -> tuple[int, bytes]:
            return 202, json_bytes({'id': gateway.errands.replay(event, id), 'replay_of': event})

        given = await asyncio.wrap_future(write_soon(lambda: carried_out(once, gateway.world, work)))
        return given.answer()


def _whole(request: Request) -> Asker:
    """A hook may write with every session."""
    asker = asker_of(request)
    must_have_all(asker, 'see or change hooks')
    return asker


def _event(hook_id: str, id: str) -> HookEvent:
    row = event_by_id(id, hook_id=hook_id)
    if row is None:
        raise NotFound('There is no such event of this hook.')
    return row


def _values(gateway: Gateway, hook: Known, new: NewRehearsal) -> Mapping[str, Any]:
    if new.event:
        row = _event(hook.id, new.event)
        return values_for(row, payload_of(str(row.content_type), bytes(row.body)))
    return values_of(
        new.payload, list(new.headers.items()), list(new.query.items()), id=hook.id, name=hook.settings.name,
        now=gateway.world.now(),
    )  # fmt: skip


def _settings(new: NewHook) -> Settings:
    return Settings(
        name=new.name, map=_map(new.map), enabled=new.enabled, respond=new.respond, per_minute=new.per_minute,
        allow_from=tuple(new.allow_from), once=new.once, **_auth(new.auth),
    )  # fmt: skip


def _changed(old: Settings, new: HookChanges) -> Settings:
    said = new.model_dump(exclude_none=True, exclude={'auth', 'map', 'allow_from'})
    if new.allow_from is not None:
        said['allow_from'] = tuple(new.allow_from)
    if new.map is not None:
        said['map'] = _map(new.map)
    if new.auth is not None:
        said |= _auth(new.auth)
    return replace(old, **said)


def _auth(new: HookAuth) -> dict[str, Any]:
    more = new.model_dump(exclude={'kind', 'secret', 'verify_token'}, exclude_none=True)
    told = {name: value for name, value in more.items() if value != ''}
    return {'kind': new.kind, 'secret': new.secret, 'verify_token': new.verify_token, 'auth': told}


def _map(new: HookMap) -> Map:
    said = new.model_dump(exclude={'media', 'delay'})
    media = new.media
    if isinstance(media, str):
        media = HookMedia(url=media) if media else None
    file = None
    if media is not None:
        file = MediaMap(url=media.url, caption=media.caption, filename=media.filename, as_=media.as_ or '')
    return Map(**said, delay=str(new.delay), media=file)


def _body(gateway: Gateway, request: Request, asker: Asker, hook: Known) -> Body:
    told = hook.settings
    base = gateway.settings.public_url or f'{request.url.scheme}://{request.url.netloc}'
    map = kept_map(told.map)
    if told.map.media is not None:
        map['media'] = {'as' if name == 'as_' else name: value for name, value in map['media'].items() if value}
    return {
        'id': hook.id, 'name': told.name,
        'url': f'{base}/hooks/{hook.key}' if asker.may('hooks.edit') else None,
        'auth': {'kind': told.kind, **told.auth}, 'map': map, 'enabled': told.enabled, 'respond': told.respond,
        'per_minute': told.per_minute, 'allow_from': list(told.allow_from), 'once': told.once,
        'previous_until': time_text(hook.previous_until), 'created_at': time_text(hook.created_at),
        'changed_at': time_text(hook.changed_at),
    }  # fmt: skip


def event_body(row: HookEvent) -> Body:
    return {
        'id': row.id, 'origin': row.origin, 'state': row.state, 'at': time_text(row.at),
        'due_at': time_text(row.due_at), 'settled_at': time_text(row.settled_at), 'ip': row.ip,
        'content_type': row.content_type, 'results': row.results, 'error': row.error or None,
        'repeats': row.repeats, 'replay_of': row.replay_of,
    }  # fmt: skip
