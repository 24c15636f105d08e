"""Trying flows out: what would be said and done, without anybody noticing."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from core.bodies import Body
from core.errors import Invalid, NotFound
from core.hooks.reading import payload_of
from data.database import read
from data.hooks import event_by_id
from data.messages import message_by_id
from data.traffic import heard
from flows.bench import Event, Trial
from flows.flow import Document, read_document
from flows.flow_tests import Said, ThenEvent
from flows.occasion import Occasion, OccasionKind
from flows.parts import Moment, span_of
from flows.router import occasion_of
from flows.trials import judge

from ..compose import Gateway
from .aside import aside_slowly
from .asking import Route, asker_of, body_of, must_have_all, says
from .flows import found
from .lists import json_answer
from .shapes.flows import TriedOut


class NewTrial(BaseModel):
    model_config = ConfigDict(extra='forbid')

    flow: Annotated[str | dict[str, Any] | None, Field(
        description='The key of a flow (its draft) or a document; left out: all that run, as a message meets them.',
        examples=['hello'],
    )] = None  # fmt: skip
    message: Annotated[Said | str | None, Field(
        description='What somebody writes: `{"text"}`, or the id of a message of theirs, with the chat as it is.',
        examples=[{'text': 'order'}],
    )] = None  # fmt: skip
    event: Annotated[str, Field(max_length=40, description='The id of a call of a hook, instead of a message.')] = ''
    occasion: Annotated[OccasionKind, Field(description='The type of trigger, when it is no message.')] = 'message'
    facts: Annotated[dict[str, Any], Field(description='What such an occasion brings: `trigger.*`.')] = {}
    session: Annotated[str, Field(max_length=48, examples=['shop'])] = ''
    group: Annotated[bool, Field(description='Whether it is written in a group.')] = False
    contact: Annotated[dict[str, Any], Field(
        description='What is to be known of the contact, beside what is made up.', examples=[{'first_name': 'Anna'}],
    )] = {}  # fmt: skip
    then: Annotated[list[ThenEvent], Field(
        max_length=50, description='What happens next, in order: `{"say"}`, `{"advance": "30m"}` or `{"event"}`.',
    )] = []  # fmt: skip
    advance: Annotated[str | None, Field(description='Let time pass in the end.', examples=['30m'])] = None
    mocks: Annotated[dict[str, Any], Field(
        description='What HTTP steps get, by their name: a value, or `{"status", "json"}`.',
    )] = {}  # fmt: skip
    call_http: Annotated[bool, Field(description='Ask other systems really, where nothing is made up.')] = False
    now: Annotated[Moment | None, Field(description='When it is; left out: now.')] = None
    ignore_trigger: Annotated[bool, Field(description='Start the flow although no trigger fits.')] = False


def routes(gateway: Gateway) -> APIRouter:
    api = APIRouter(route_class=Route, prefix='/api/v1/flows', tags=['flows'])

    @api.post('/test', **says('Try a flow out', 'flows.edit', gives=TriedOut, takes=NewTrial,
              example={'flow': 'hello', 'message': {'text': 'hello'}}, problems=(404,)))  # fmt: skip
    async def test(request: Request) -> Response:
        """The same steps with a clock of its own: nothing is sent and nobody is asked, unless `call_http` is said."""
        asker = asker_of(request)
        must_have_all(asker, 'try flows out')
        new = await body_of(request, NewTrial)
        return json_answer(await aside_slowly(lambda: _tried(gateway, new)))

    return api


def _tried(gateway: Gateway, new: NewTrial) -> Body:
    trial, bench = _trial(gateway, new), gateway.bench
    told: Body = {'flow': None, 'flows': bench.explain(trial.occasion), 'tests': []}
    if new.flow is None:
        routed = bench.route(trial)
        if routed is None:
            return {**told, **_nobody()}
        key, report = routed
        return {**told, 'flow': key, **report.body()}
    document = _document(new.flow)
    tests = [{'name': each.name, 'wrong': each.wrong or None} for each in judge(bench, document)]
    return {**told, 'flow': document.key, 'tests': tests, **bench.run(document, trial).body()}


def _document(said: str | Mapping[str, Any]) -> Document:
    with read():
        return read_document(found(said).document if isinstance(said, str) else said)


def _trial(gateway: Gateway, new: NewTrial) -> Trial:
    events = [Event(say=each.say, advance=each.advance, event=each.event) for each in new.then]
    if new.advance is not None:
        try:
            events.append(Event(advance=span_of(new.advance)))
        except ValueError as error:
            raise Invalid(f'{error}.', field='advance') from error
    occasion, stored = _occasion(gateway, new)
    return Trial(
        occasion=occasion, stored=stored, values={'contact': new.contact} if new.contact else {}, then=tuple(events),
        mocks=new.mocks, call_http=new.call_http, ignore_trigger=new.ignore_trigger,
    )  # fmt: skip


def _occasion(gateway: Gateway, new: NewTrial) -> tuple[Occasion, bool]:
    now = new.now or gateway.world.now()
    if now.tzinfo is None:
        raise Invalid('A time says its zone, like 2026-11-22T12:00:00Z.', field='now')
    if isinstance(new.message, str):
        with read():
            message = heard(new.message) if message_by_id(new.message) is not None else None
        if message is None:
            raise NotFound('There is no message with this id.')
        return occasion_of(message), True
    if new.event:
        return Occasion(kind='webhook', at=now, facts=_facts_of(new.event)), False
    said = new.message or Said()
    return Occasion(
        kind=new.occasion, at=now, session=new.session, group='120363' if new.group else '', text=said.text,
        message_kind=said.kind, facts=new.facts,
    ), False  # fmt: skip


def _facts_of(event_id: str) -> dict[str, Any]:
    with read():
        event = event_by_id(event_id)
    if event is None:
        raise NotFound('There is no event of a hook with this id.')
    return {
        'endpoint': str(event.hook.name), 'payload': payload_of(str(event.content_type), bytes(event.body)),
        'headers': {name.lower(): value for name, value in event.headers}, 'query': dict(event.query),
    }  # fmt: skip


def _nobody() -> Body:
    return {
        'outcome': 'not_triggered', 'detail': 'No flow would run.', 'steps': [], 'sent': [], 'effects': [],
        'variables': {}, 'waits': None, 'now': None,
    }  # fmt: skip
