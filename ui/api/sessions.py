"""Sessions: created, linked, started and stopped."""

import asyncio
import json
from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from core.bodies import Body, session_body, time_text
from core.events import FileKind
from core.link_previews import show_links
from core.media_policy import MOST_MB, change_policy
from core.protection import Protection, in_words
from core.sessions import NEXT
from data.database import write, write_soon
from data.sessions import Session, all_sessions, history

from ..compose import Gateway
from .aside import aside, aside_slowly
from .asking import Route, asker_of, body_of, must_have_all, says, visible_session
from .lists import Cursor, Limit, Page, cut, id_of, json_answer, json_bytes, list_answer
from .once import Given, Once, carried_out, keep, once_of
from .qr import as_png, as_svg
from .shapes.sessions import ChangeOut, CodeOut, SessionOut

PICTURES = {
    'application/json': {},
    'image/svg+xml': {'schema': {'type': 'string'}},
    'image/png': {'schema': {'type': 'string', 'format': 'binary'}},
}


class NewSession(BaseModel):
    model_config = ConfigDict(extra='forbid')

    name: Annotated[str, Field(description='1 to 48 small letters, digits, dashes, underscores.', examples=['shop'])]
    country: Annotated[str, Field(description='Two letters: how to read numbers without a plus.', examples=['DE'])] = ''
    start: Annotated[bool, Field(description='Start it at once, so that it shows a QR code.')] = True


class CallRules(BaseModel):
    model_config = ConfigDict(extra='forbid')

    reject: Annotated[bool | None, Field(description='Reject calls by themselves.')] = None
    text: Annotated[str | None, Field(max_length=1000, description='What is then written to the caller.')] = None


class FetchingRules(BaseModel):
    model_config = ConfigDict(extra='forbid')

    fetch: Annotated[list[FileKind] | None, Field(
        description='The kinds of received files that are fetched by themselves.', examples=[['image', 'voice']],
    )] = None  # fmt: skip
    up_to_mb: Annotated[int | None, Field(
        strict=True, ge=0, le=MOST_MB, description='And up to how many MiB; larger ones when somebody asks.',
    )] = None  # fmt: skip


class SessionChanges(BaseModel):
    model_config = ConfigDict(extra='forbid')

    country: Annotated[str | None, Field(description='Two letters, or empty for none.', examples=['DE'])] = None
    calls: Annotated[CallRules | None, Field(description='What becomes of calls.')] = None
    presence: Annotated[Literal['online', 'as_phone'] | None, Field(
        description='`online`: shown as online all the time, and the phone rings less. `as_phone`: only with it.',
    )] = None  # fmt: skip
    protection: Annotated[dict[str, Any] | None, Field(
        description='A preset and what is different from it; null for the default.',
        examples=[{'preset': 'careful', 'per_day': 100}],
    )] = None  # fmt: skip
    media: Annotated[FetchingRules | None, Field(description='Which received files it fetches by itself.')] = None
    link_previews: Annotated[bool | None, Field(
        strict=True, description='Whether texts go with a preview of their first link where nobody says otherwise.',
    )] = None  # fmt: skip


class NewPairingCode(BaseModel):
    model_config = ConfigDict(extra='forbid')

    phone: Annotated[str, Field(description='The number of the phone to link.', examples=['+15550000001'])]


def routes(gateway: Gateway) -> APIRouter:
    api = APIRouter(route_class=Route, prefix='/api/v1/sessions', tags=['sessions'])
    sessions = gateway.sessions

    @api.get('', **says('List sessions', 'sessions.see', gives=Page[SessionOut]))
    async def list_sessions(request: Request, limit: Limit = 50, cursor: Cursor = '') -> Response:
        asker, after = asker_of(request), id_of(cursor)
        rows = await aside(all_sessions)
        rows = [row for row in rows if row.name > after and asker.may_session(row.id)]
        page, following = cut(rows, limit, lambda row: (row.name,))
        return list_answer([body_of_session(gateway, row) for row in page], following)

    @api.post('', **says('Create a session', 'sessions.manage', status=201, gives=SessionOut, takes=NewSession,
                         example={'name': 'shop', 'country': 'DE'}, problems=(409,), once=True))  # fmt: skip
    async def create(request: Request) -> Response:
        """It starts at once and shows a QR code to scan, unless `start` is false.

        A key for some sessions may not create others.
        """
        asker, new = asker_of(request), await body_of(request, NewSession)
        must_have_all(asker, 'create sessions')
        once = once_of(request, new)

        def make() -> tuple[int, bytes]:
            made = sessions.create(new.name, country=new.country, wanted=new.start)
            return 201, json_bytes(body_of_session(gateway, made))

        given = await asyncio.wrap_future(write_soon(lambda: carried_out(once, gateway.world, make)))
        # The first request may have ended between the two writes.
        if new.start and json.loads(given.body)['state'] == 'new':
            given = await aside(lambda: begin(new.name, once))
        return given.answer()

    def begin(name: str, once: Once | None) -> Given:
        given = Given(201, json_bytes(body_of_session(gateway, sessions.start(name))))
        if once is not None:  # what is answered now, not how it was before the start, is the first answer
            write(lambda: keep(once, gateway.world, given))
        return given

    @api.get('/{name}', **says('One session', 'sessions.see', gives=SessionOut, problems=(404,)))
    async def one(request: Request, name: str) -> Response:
        asker = asker_of(request)
        return json_answer(await aside(lambda: body_of_session(gateway, visible_session(asker, name))))

    @api.patch('/{name}', **says('Change a session', 'sessions.manage', gives=SessionOut, takes=SessionChanges,
                                 example={'country': 'BR', 'protection': {'preset': 'careful', 'per_day': 100}},
                                 problems=(404,)))  # fmt: skip
    async def change(request: Request, name: str) -> Response:
        """Only what is named is changed. `protection` replaces what was chosen before."""
        new = await body_of(request, SessionChanges)

        return await _act(gateway, request, name, lambda name: _changed(gateway, name, new))

    @api.delete('/{name}', **says('Delete a session', 'sessions.manage', status=204, problems=(404,)))
    async def delete(request: Request, name: str) -> Response:
        """With its chats and messages. The phone is unlinked if WhatsApp can be reached."""
        asker = asker_of(request)

        def work() -> None:
            visible_session(asker, name)
            sessions.delete(name)

        await aside_slowly(work)
        return Response(status_code=204)

    @api.get('/{name}/history', **says('How a session has been', 'sessions.see', gives=Page[ChangeOut],
                                       problems=(404,)))  # fmt: skip
    async def changes(request: Request, name: str, limit: Limit = 50) -> Response:
        """Its last states with their reasons, newest first; the last 200 are kept."""
        asker = asker_of(request)
        rows = await aside(lambda: history(visible_session(asker, name).id, limit))
        return list_answer([{'state': row.state, 'detail': row.detail, 'at': time_text(row.at)} for row in rows])

    _doing(api, gateway)
    _linking(api, gateway)
    return api


def _changed(gateway: Gateway, name: str, new: SessionChanges) -> Session:
    row = gateway.sessions.named(name)
    if new.country is not None:
        gateway.sessions.change(name, country=new.country)
    if new.calls is not None:
        gateway.calls.set_rules(row.id, reject=new.calls.reject, text=new.calls.text)
    if new.presence is not None:
        gateway.presence.set_own(row.id, new.presence)
    if new.media is not None:
        change_policy(row.id, fetch=new.media.fetch, up_to_mb=new.media.up_to_mb)
    if new.link_previews is not None:
        show_links(row.id, new.link_previews)
    if 'protection' in new.model_fields_set:
        gateway.pacing.protect(row.id, new.protection)
    return gateway.sessions.named(name)


def _doing(api: APIRouter, gateway: Gateway) -> None:
    sessions = gateway.sessions

    @api.post('/{name}/start', **says('Start a session', 'sessions.manage', gives=SessionOut, problems=(404,)))
    async def start(request: Request, name: str) -> Response:
        """Connects it from now on, also after a restart of the program. One that is not linked shows a QR code."""
        return await _act(gateway, request, name, sessions.start)

    @api.post('/{name}/stop', **says('Stop a session', 'sessions.manage', gives=SessionOut, problems=(404,)))
    async def stop(request: Request, name: str) -> Response:
        """It stays linked and rests until it is started again."""
        return await _act(gateway, request, name, sessions.stop)

    @api.post('/{name}/restart', **says('Restart a session', 'sessions.manage', gives=SessionOut, problems=(404,)))
    async def restart(request: Request, name: str) -> Response:
        """Closes the connection and opens it anew."""
        return await _act(gateway, request, name, sessions.restart)

    @api.post('/{name}/logout', **says('Unlink a session', 'sessions.manage', gives=SessionOut,
                                       problems=(404, 409, 504)))  # fmt: skip
    async def logout(request: Request, name: str) -> Response:
        """Removes it from the phone’s linked devices. 409 `not_linked` or `not_connected`."""
        return await _act(gateway, request, name, sessions.logout)


def _linking(api: APIRouter, gateway: Gateway) -> None:
    sessions = gateway.sessions

    @api.get('/{name}/qr', **says('The QR code to scan', 'sessions.manage', gives=CodeOut, problems=(404, 409),
                                  media=PICTURES))  # fmt: skip
    async def qr(request: Request, name: str) -> Response:
        """JSON, or a picture with `Accept: image/png` or `image/svg+xml`. 409 `not_pairing` when none is on offer.

        A fresh code comes about every 20 seconds: ask again after `expires_at`, or follow `session.qr` in the events.
        """
        asker = asker_of(request)

        def work() -> tuple[str, str | None]:
            visible_session(asker, name)
            code = sessions.qr(name)
            return code.code, time_text(code.expires_at)

        code, expires_at = await aside(work)
        accepted = request.headers.get('accept', '')
        if 'image/svg' in accepted:
            return _private(Response(as_svg(code), media_type='image/svg+xml'))
        if 'image/png' in accepted or 'image/*' in accepted:
            return _private(Response(as_png(code), media_type='image/png'))
        return _private(json_answer({'code': code, 'expires_at': expires_at}))

    @api.post('/{name}/pairing-code', **says('A pairing code', 'sessions.manage', gives=CodeOut,
              takes=NewPairingCode, example={'phone': '+15550000001'}, problems=(404, 409, 504)))  # fmt: skip
    async def pairing_code(request: Request, name: str) -> Response:
        """Instead of scanning: WhatsApp, Linked devices, Link with phone number. 409 `not_pairing`."""
        asker, new = asker_of(request), await body_of(request, NewPairingCode)

        def work() -> Body:
            visible_session(asker, name)
            code = sessions.pairing_code(name, new.phone)
            return {'code': code.code, 'expires_at': time_text(code.expires_at)}

        return _private(json_answer(await aside_slowly(work)))


async def _act(gateway: Gateway, request: Request, name: str, act: Callable[[str], Session]) -> Response:
    asker = asker_of(request)

    def work() -> Body:
        visible_session(asker, name)
        return body_of_session(gateway, act(name))

    return json_answer(await aside_slowly(work))


def body_of_session(gateway: Gateway, row: Session) -> Body:
    pacing = gateway.pacing
    return {
        **session_body(row),
        'next_step': NEXT[row.state],
        'limits': [limit.body for limit in pacing.limits_of(row)],
        'protection': body_of_protection(pacing.protection(row)),
    }


def body_of_protection(protection: Protection) -> Body:
    return {**protection.as_json(), 'words': in_words(protection)}


def _private(answer: Response) -> Response:
    """A code is a secret for as long as it holds."""
    answer.headers['cache-control'] = 'no-store'
    return answer
