"""Flows: what they are, whether they are on, and what they did."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from core.bodies import Body, time_text
from core.errors import NotFound
from data.flows import Flow, flows_in_order
from data.runs import Run, latest_runs, run_by_id

from ..compose import Gateway
from .aside import aside
from .asking import Route, asker_of, body_of, must_have_all, says, visible_ids
from .lists import Cursor, Limit, Page, cut, id_of, json_answer, list_answer
from .shapes.flows import FlowOut, OneRunOut, RunOut


class FlowChanges(BaseModel):
    model_config = ConfigDict(extra='forbid')

    enabled: Annotated[bool, Field(description='Whether it answers.')]


def routes(gateway: Gateway) -> APIRouter:
    api = APIRouter(route_class=Route, prefix='/api/v1', tags=['flows'])

    @api.get('/flows', **says('List flows', 'flows.see', gives=Page[FlowOut]))
    async def list_flows(request: Request, limit: Limit = 50, cursor: Cursor = '') -> Response:
        """By key. They are asked by `priority`, the lowest first."""
        after = id_of(cursor)
        rows = sorted((row for row in await aside(flows_in_order) if row.key > after), key=lambda row: str(row.key))
        page, following = cut(rows, limit, lambda row: (str(row.key),))
        return list_answer([_flow(row) for row in page], following)

    @api.get('/flows/{key}', **says('One flow', 'flows.see', gives=FlowOut, problems=(404,)))
    async def one(request: Request, key: str) -> Response:
        return json_answer(await aside(lambda: _flow(_found(key))))

    @api.patch('/flows/{key}', **says('Switch a flow on or off', 'flows.edit', gives=FlowOut, takes=FlowChanges,
               example={'enabled': False}, problems=(404,)))  # fmt: skip
    async def change(request: Request, key: str) -> Response:
        """422 with its problem for a flow that cannot run."""
        must_have_all(asker_of(request), 'change flows')
        new = await body_of(request, FlowChanges)

        def work() -> Body:
            gateway.library.switch(key, new.enabled)
            return _flow(_found(key))

        return json_answer(await aside(work))

    @api.get('/runs', **says('List runs', 'flows.see', gives=Page[RunOut]))
    async def list_runs(
        request: Request,
        flow: Annotated[str, Query(max_length=64, description='Only of this flow.')] = '',
        limit: Limit = 50,
        cursor: Cursor = '',
    ) -> Response:
        """What each incoming message started or did not start, newest first; kept for 30 days."""
        asker, before = asker_of(request), id_of(cursor)

        def read() -> tuple[list[Body], str | None]:
            rows = latest_runs(flow=flow, session_ids=visible_ids(asker), before=before, limit=limit + 1)
            page, following = cut(rows, limit, lambda row: (str(row.id),))
            return [_run(row) for row in page], following

        return list_answer(*await aside(read))

    @api.get('/runs/{id}', **says('One run', 'flows.see', gives=OneRunOut, problems=(404,)))
    async def one_run(request: Request, id: str) -> Response:
        """With its trace."""
        asker = asker_of(request)

        def read() -> Body:
            row = run_by_id(id, session_ids=visible_ids(asker))
            if row is None:
                raise NotFound('There is no run with this id.')
            return {**_run(row), 'steps': row.steps}

        return json_answer(await aside(read))

    return api


def _found(key: str) -> Flow:
    found = next((row for row in flows_in_order() if row.key == key), None)
    if found is None:
        raise NotFound(f'There is no flow called “{key[:64]}”.')
    return found


def _flow(row: Flow) -> Body:
    return {
        'key': row.key, 'name': row.name, 'enabled': row.enabled, 'priority': row.priority, 'version': row.version,
        'problem': row.problem, 'document': row.document, 'created_at': time_text(row.created_at),
        'changed_at': time_text(row.changed_at),
    }  # fmt: skip


def _run(row: Run) -> Body:
    return {
        'id': row.id, 'flow': row.flow, 'version': row.version, 'message': row.message, 'chat': row.chat,
        'state': row.state, 'detail': row.detail, 'started_at': time_text(row.started_at),
        'finished_at': time_text(row.finished_at),
    }  # fmt: skip
