"""Webhooks: who is told what happens."""

from collections.abc import Callable
from dataclasses import replace

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import Response

from core.bodies import Body
from core.errors import Forbidden, Invalid, NotFound
from core.rights import Asker
from core.webhooks.bodies import webhook_body
from core.webhooks.wish import Wish
from data.sessions import all_sessions
from data.webhooks import Webhook, webhook_by_id, webhooks

from ..compose import Gateway
from .aside import aside, aside_slowly
from .asking import Route, asker_of, body_of, says, visible_ids, visible_session
from .lists import Cursor, Limit, OfSession, Page, cut, id_of, json_answer, json_bytes, list_answer
from .once import Given, carried_out_once, once_of, opened, sealed
from .once import Nothing as NoBody
from .webhook_shapes import (
    NewWebhook,
    NewWebhookOut,
    WebhookChanges,
    WebhookOut,
)

EXAMPLE = {'url': 'https://erp.example/dovecote', 'events': ['message.received'], 'session': 'shop'}
Right = 'webhooks.manage'


def routes(gateway: Gateway) -> APIRouter:
    api = APIRouter(route_class=Route, prefix='/api/v1/webhooks', tags=['webhooks'])
    book = gateway.webhooks.book

    def shown(row: Webhook, names: dict[str, str] | None = None) -> Body:
        session = (names or _names()).get(row.session_id) if row.session_id else None
        return webhook_body(row, session=session, headers=sorted(gateway.webhooks.endpoints.headers_of(row)))

    def one_of(asker: Asker, id: str) -> Webhook:
        return webhook_of(gateway, asker, id)

    @api.get('', **says('List webhooks', Right, gives=Page[WebhookOut]))
    async def list_webhooks(
        request: Request, session: OfSession = '', limit: Limit = 50, cursor: Cursor = ''
    ) -> Response:
        """The oldest first. A key for some sessions sees only the webhooks of these."""
        asker, after = asker_of(request), id_of(cursor)

        def look() -> tuple[list[Body], str | None]:
            rows = webhooks(session_ids=visible_ids(asker, session), after=after, limit=limit + 1)
            page, following = cut(rows, limit, lambda row: (str(row.id),))
            names = _names()
            return [shown(row, names) for row in page], following

        return list_answer(*await aside(look))

    @api.post('', **says('Add a webhook', Right, status=201, gives=NewWebhookOut, takes=NewWebhook,
              example=EXAMPLE, problems=(404,), once=True))  # fmt: skip
    async def add(request: Request) -> Response:
        """The answer holds the secret that signs every delivery (Standard Webhooks), for this one time.

        422 `url_not_allowed` for an address inside a private network that `DOVECOTE_ALLOW_TARGETS` does not name.
        """
        asker, new = asker_of(request), await body_of(request, NewWebhook)

        def make() -> tuple[int, bytes]:
            wish = _wish(new, _session_of(asker, new.session))
            book.check(wish)
            made = book.add(wish, by=asker.name)
            return 201, json_bytes({**shown(made.row), 'secret': made.secret})

        return (await aside_slowly(lambda: secretly(gateway, request, new, make))).answer()

    @api.get('/{id}', **says('One webhook', Right, gives=WebhookOut, problems=(404,)))
    async def one(request: Request, id: str) -> Response:
        asker = asker_of(request)
        return json_answer(await aside(lambda: shown(one_of(asker, id))))

    @api.patch('/{id}', **says('Change a webhook', Right, gives=WebhookOut, takes=WebhookChanges,
               example={'events': ['message.*'], 'enabled': True}, problems=(404, 409)))  # fmt: skip
    async def change(request: Request, id: str) -> Response:
        """What waits keeps its body. Switching it on needs `backlog` when something waits: 409 `backlog_undecided`."""
        asker, new = asker_of(request), await body_of(request, WebhookChanges)

        def work() -> Body:
            row = one_of(asker, id)
            said = new.model_dump(exclude_unset=True, exclude={'enabled', 'backlog', 'session'})
            empty = next((name for name, value in said.items() if value is None), '')
            if empty:
                raise Invalid(f'“{empty}” cannot be null.', field=empty)
            session = _session_of(asker, new.session) if 'session' in new.model_fields_set else row.session_id
            if said or 'session' in new.model_fields_set:
                wish = replace(book.wish_of(row), **_renamed(said), session=session)
                book.check(wish)
                book.change(id, wish)
            if new.enabled is not None:
                book.switch_on(id, new.backlog) if new.enabled else book.switch_off(id)
            return shown(one_of(asker, id))

        return json_answer(await aside_slowly(work))

    @api.delete('/{id}', **says('Delete a webhook', Right, status=204, problems=(404,)))
    async def delete(request: Request, id: str) -> Response:
        """With its deliveries, also those that still wait."""
        asker = asker_of(request)

        def work() -> None:
            one_of(asker, id)
            book.delete(id)

        await aside_slowly(work)
        return Response(status_code=204)

    @api.post('/{id}/rotate', **says('Give a webhook a new secret', Right, gives=NewWebhookOut,
              problems=(404,), once=True))  # fmt: skip
    async def rotate(request: Request, id: str) -> Response:
        """For 24 hours the secret before signs too: each delivery carries both signatures."""
        asker = asker_of(request)

        def work() -> tuple[int, bytes]:
            one_of(asker, id)
            made = book.rotate(id)
            return 200, json_bytes({**shown(made.row), 'secret': made.secret})

        return (await aside(lambda: secretly(gateway, request, NoBody(), work))).answer()

    return api


def webhook_of(gateway: Gateway, asker: Asker, id: str) -> Webhook:
    """The webhook; what the asker may not see does not exist for them. Reads the database."""
    row = webhook_by_id(id)
    if row is None or not gateway.webhooks.book.may(asker, row):
        raise NotFound('There is no webhook with this id.')
    return row


def secretly(gateway: Gateway, request: Request, asked: BaseModel, work: Callable[[], tuple[int, bytes]]) -> Given:
    """Carried out once, with an answer that holds a secret."""
    once = once_of(request, asked)

    def answer() -> tuple[int, bytes]:
        status, body = work()
        return status, body if once is None else sealed(gateway.people.secret, once, body)

    given = carried_out_once(once, gateway.world, answer)
    return given if once is None else opened(gateway.people.secret, once, given)


def _session_of(asker: Asker, name: str | None) -> str | None:
    if name is not None:
        return str(visible_session(asker, name).id)
    if asker.sessions is not None:
        raise Forbidden('A key for some sessions may not hear all of them; name a session.')
    return None


def _names() -> dict[str, str]:
    return {str(row.id): str(row.name) for row in all_sessions()}


def _wish(new: NewWebhook, session: str | None) -> Wish:
    return Wish(**{**_renamed(new.model_dump()), 'session': session})


def _renamed(said: Body) -> Body:
    """From the fields of a body to those of a Wish."""
    return {'hub' if name == 'hub_signature' else name: value for name, value in said.items()}
