"""Flows: kept as drafts, published, switched, copied, started."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from core.bodies import Body, time_text
from core.errors import NotFound
from data.flows import Flow, drafts_ahead, flow_by_key, flows_by_key, versions_of
from flows.flow import examine, schema
from flows.written import dump

from ..compose import Gateway
from .aside import aside, aside_slowly
from .asking import Route, asker_of, body_of, body_or_default, must_have_all, says
from .flow_text import YAML, flow_text, in_yaml, wants_yaml
from .lists import Cursor, Limit, Page, cut, id_of, json_answer, json_bytes, list_answer
from .once import Given, carried_out_once, once_of
from .once import keep as keep_answer
from .problems import InvalidFields
from .shapes.flows import DraftOut, FlowOut, FlowVersionOut, OneFlowOut, PublishedOut, StartedOut
from .starting import NewStart, started

EXAMPLE: dict[str, Any] = {
    'key': 'hello', 'name': 'Hello', 'triggers': [{'type': 'message', 'match': {'op': 'keyword', 'values': ['hello']}}],
    'steps': [{'do': 'send', 'text': 'Hi {{ contact.name }}!'}],
}  # fmt: skip
TEXT = {
    'application/json': {'schema': {'type': 'object', 'title': 'Flow'}, 'example': EXAMPLE},
    YAML: {'schema': {'type': 'string'}, 'example': dump(EXAMPLE)},
}
FlowKey = Annotated[str, Path(description='The key of the flow.')]


class FlowChanges(BaseModel):
    model_config = ConfigDict(extra='forbid')

    enabled: Annotated[bool, Field(description='Whether it answers.')]


class NewCopy(BaseModel):
    model_config = ConfigDict(extra='forbid')

    key: Annotated[str, Field(description='Of the copy.', examples=['hello-2'])]
    name: Annotated[str, Field(max_length=100, description='Empty: “… (copy)”.', examples=['Hello again'])] = ''


class NewPublication(BaseModel):
    model_config = ConfigDict(extra='forbid')

    despite_tests: Annotated[bool, Field(description='Also when its own tests fail.')] = False


class RestoredVersion(BaseModel):
    model_config = ConfigDict(extra='forbid')

    version: Annotated[int, Field(ge=1, le=2**31, description='One that was published.', examples=[1])]


class _Draft(BaseModel):
    """What a draft is compared by when its request is repeated."""

    source: str
    replace: bool


def routes(gateway: Gateway) -> APIRouter:
    api = APIRouter(route_class=Route, prefix='/api/v1/flows', tags=['flows'])
    _keeping(api, gateway)
    _publishing(api, gateway)
    _running(api, gateway)
    return api


def _keeping(api: APIRouter, gateway: Gateway) -> None:
    library = gateway.library

    @api.get('', **says('List flows', 'flows.see', gives=Page[FlowOut]))
    async def list_flows(limit: Limit = 50, cursor: Cursor = '') -> Response:
        """By key. They are asked by `priority`, the lowest first."""
        after = id_of(cursor)

        def work() -> tuple[list[Body], str | None]:
            page, following = cut(flows_by_key(limit + 1, after=after), limit, lambda row: (str(row.key),))
            ahead = drafts_ahead()
            return [_flow(row, ahead) for row in page], following

        return list_answer(*await aside(work))

    @api.post('', **says('Add a flow', 'flows.edit', status=201, gives=DraftOut, accepts=TEXT,
              problems=(409, 413, 415, 422), once=True))  # fmt: skip
    async def add(
        request: Request,
        replace: Annotated[bool, Query(description='Take the place of the draft of a flow that is there.')] = False,
    ) -> Response:
        """Keeps a draft, as YAML or JSON; nothing answers before it is published. A document that cannot run yet is
        kept too, with its `problems`. 409 `already_exists` for a key that is taken, unless `replace` is said.
        """
        must_have_all(asker_of(request), 'change flows')
        source = await flow_text(request)
        once = once_of(request, _Draft(source=source, replace=replace))

        def keep() -> tuple[int, bytes]:
            row = library.draft(source, fresh=not replace)
            return 201 if row.version == 1 else 200, json_bytes(draft_body(row))

        given = await aside_slowly(lambda: carried_out_once(once, gateway.world, keep))
        return given.answer()

    @api.get('/schema', **says('The schema of flows', 'flows.see', gives=dict[str, Any]))
    async def flow_schema(request: Request) -> Response:
        """JSON Schema (2020-12) of a flow document, for editors and for whoever writes flows by program."""
        return json_answer(schema())

    @api.get('/{key}', **says('One flow', 'flows.see', gives=OneFlowOut, problems=(404,)))
    async def one(request: Request, key: FlowKey) -> Response:
        """The draft and what is published of it; with `Accept: application/yaml` the draft as a file."""
        row = await aside(lambda: found(key))
        if wants_yaml(request):
            return in_yaml(str(row.source), key)
        return json_answer(await aside(lambda: _whole(row)))

    @api.put('/{key}', **says('Change the draft of a flow', 'flows.edit', gives=DraftOut, accepts=TEXT,
             problems=(409, 413, 415, 422)))  # fmt: skip
    async def put(request: Request, key: FlowKey) -> Response:
        """Keeps the draft, as YAML or JSON, also of a flow that is not there yet (201). What is published goes on."""
        must_have_all(asker_of(request), 'change flows')
        source = await flow_text(request)

        row = await aside_slowly(lambda: library.draft(source, key=key))
        return json_answer(await aside(lambda: draft_body(row)), 201 if row.version == 1 else 200)

    @api.patch('/{key}', **says('Switch a flow on or off', 'flows.edit', gives=FlowOut, takes=FlowChanges,
               example={'enabled': False}, problems=(404, 409)))  # fmt: skip
    async def change(request: Request, key: FlowKey) -> Response:
        """409 for one that was never published."""
        must_have_all(asker_of(request), 'change flows')
        new = await body_of(request, FlowChanges)
        return json_answer(await aside(lambda: _flow(library.switch(key, new.enabled), drafts_ahead())))

    @api.delete('/{key}', **says('Delete a flow', 'flows.edit', status=204, problems=(404,)))
    async def delete(request: Request, key: FlowKey) -> Response:
        """With all its versions. Its runs end; what was traced of them stays."""
        must_have_all(asker_of(request), 'delete flows')
        await aside(lambda: library.delete(key))
        return Response(status_code=204)

    @api.post('/{key}/copy', **says('Copy a flow', 'flows.edit', status=201, gives=DraftOut, takes=NewCopy,
              example={'key': 'hello-2', 'name': 'Hello again'}, problems=(404, 409), once=True))  # fmt: skip
    async def copy(request: Request, key: FlowKey) -> Response:
        """The draft, comments and all, as the draft of another flow. 409 `already_exists` for a key that is taken."""
        must_have_all(asker_of(request), 'change flows')
        new = await body_of(request, NewCopy)
        once = once_of(request, new)

        def keep() -> tuple[int, bytes]:
            return 201, json_bytes(draft_body(library.copy(key, new.key, new.name)))

        given = await aside_slowly(lambda: carried_out_once(once, gateway.world, keep))
        return given.answer()


def _publishing(api: APIRouter, gateway: Gateway) -> None:
    library = gateway.library

    @api.post('/{key}/publish', **says('Publish a flow', 'flows.edit', gives=PublishedOut, takes=NewPublication,
              optional=True, example={}, problems=(404, 409), once=True))  # fmt: skip
    async def publish(request: Request, key: FlowKey) -> Response:
        """Lets the draft run. Runs that are under way go on with the version they began with. 422 `flow_cannot_run`
        with everything that is wrong with a draft that cannot run, 409 `tests_failed` when its own tests fail.
        """
        asker = asker_of(request)
        must_have_all(asker, 'change flows')
        new = await body_or_default(request, NewPublication)
        once = once_of(request, new)

        def work() -> tuple[int, bytes]:
            _, problems = examine(found(key).document)
            if problems:
                fields = [(each.place or 'document', f'{each.sentence}.') for each in problems]
                raise InvalidFields(fields, code='flow_cannot_run')
            row = library.publish(key, asker.name, despite_tests=new.despite_tests)
            return 200, json_bytes({'key': row.key, 'version': row.published})

        given = await aside_slowly(lambda: carried_out_once(once, gateway.world, work))
        return given.answer()

    @api.get('/{key}/versions', **says('The versions of a flow', 'flows.see', gives=Page[FlowVersionOut],
             problems=(404,)))  # fmt: skip
    async def versions(key: FlowKey) -> Response:
        """Everything that was ever published of it, newest first."""

        def work() -> list[Body]:
            row = found(key)
            return [
                {
                    'version': each.version, 'published_at': time_text(each.published_at),
                    'published_by': each.published_by, 'current': each.version == row.published,
                }
                for each in versions_of(key)
            ]  # fmt: skip

        return list_answer(await aside(work))

    @api.post('/{key}/restore', **says('Restore a version', 'flows.edit', gives=DraftOut, takes=RestoredVersion,
              example={'version': 1}, problems=(404,)))  # fmt: skip
    async def restore(request: Request, key: FlowKey) -> Response:
        """Makes it the draft again; publish it to let it run."""
        must_have_all(asker_of(request), 'change flows')
        new = await body_of(request, RestoredVersion)
        return json_answer(await aside(lambda: draft_body(library.restore(key, new.version))))


def _running(api: APIRouter, gateway: Gateway) -> None:
    @api.post('/{key}/start', **says('Start a flow', 'messages.send', status=202, gives=StartedOut, takes=NewStart,
              example={'session': 'shop', 'to': '+15551230001', 'values': {'order': '4711'}},
              problems=(404, 409), once=True))  # fmt: skip
    async def start(request: Request, key: FlowKey) -> Response:
        """In the chat with `to`, or in `chat`, by a trigger of the type `api`. `values` are its `run.*`. 409 `flow_off`
        for one that is not published or switched off, `no_api_trigger` for one that programs may not start.
        """
        asker, new = asker_of(request), await body_of(request, NewStart)
        once = once_of(request, new)

        def answer(runs: list[str]) -> tuple[int, bytes]:
            return 202, json_bytes({'runs': runs})

        def kept(runs: list[str]) -> None:
            """With the runs, so that a crash cannot come between."""
            if once is not None:
                keep_answer(once, gateway.world, Given(*answer(runs)))

        def work() -> tuple[int, bytes]:
            found(key)
            return answer(started(gateway, asker, key, new, kept))

        given = await aside_slowly(lambda: carried_out_once(once, gateway.world, work))
        return given.answer()


def found(key: str) -> Flow:
    row = flow_by_key(key)
    if row is None:
        raise NotFound(f'There is no flow called “{key[:64]}”.')
    return row


def draft_body(row: Flow) -> Body:
    return {'key': row.key, 'draft': row.version, 'version': row.published, 'problems': _problems(row)}


def _problems(row: Flow) -> list[Body]:
    return [{'place': each.place, 'sentence': f'{each.sentence}.'} for each in examine(row.document)[1]]


def _flow(row: Flow, ahead: set[str]) -> Body:
    return {
        'key': row.key, 'name': row.name, 'enabled': row.enabled, 'priority': row.priority, 'draft': row.version,
        'version': row.published, 'changed': row.key in ahead, 'problem': row.problem,
        'created_at': time_text(row.created_at), 'changed_at': time_text(row.changed_at),
    }  # fmt: skip


def _whole(row: Flow) -> Body:
    document = row.document
    return {
        **_flow(row, drafts_ahead()), 'description': str(document.get('description', '')), 'source': row.source,
        'document': document, 'problems': _problems(row),
    }  # fmt: skip
