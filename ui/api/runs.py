"""Runs: what each message and each other occasion started, how far that is, and why it did not start."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from core.bodies import Body, time_text
from core.errors import Conflict, NotFound
from data.runs import Run, children_of, latest_runs, run_by_id
from data.sessions import session_names

from ..compose import Gateway
from .aside import aside
from .asking import Route, asker_of, says, visible_ids
from .lists import Cursor, Limit, OfSession, Page, cut, id_of, json_answer, list_answer
from .shapes.flows import OneRunOut, RunOut

STATES = (
    'queued, running, waiting; finished, stopped, error, timeout, cancelled; failed_conditions, failed_single, '
    'failed_max_runs; not_triggered, resumed, stop_obeyed, start_obeyed, help_obeyed, suppressed_… with the reason.'
)


def routes(gateway: Gateway) -> APIRouter:
    api = APIRouter(route_class=Route, prefix='/api/v1/runs', tags=['flows'])

    @api.get('', **says('List runs', 'flows.see', gives=Page[RunOut], problems=(404,)))
    async def list_runs(
        request: Request,
        flow: Annotated[str, Query(max_length=64, description='Only of this flow.')] = '',
        state: Annotated[str, Query(max_length=40, description=f'Only in this state: {STATES}')] = '',
        chat: Annotated[str, Query(max_length=64, description='Only in this chat.')] = '',
        message: Annotated[str, Query(max_length=64, description='Only what this message started, or not.')] = '',
        session: OfSession = '',
        limit: Limit = 50,
        cursor: Cursor = '',
    ) -> Response:
        """What each occasion started or did not start, newest first.

        Kept for 30 days, of each outcome of a flow the newest 20 000.
        """
        asker, before = asker_of(request), id_of(cursor)

        def read() -> tuple[list[Body], str | None]:
            rows = latest_runs(
                flow=flow, state=state, chat=chat, message=message, session_ids=visible_ids(asker, session),
                before=before, limit=limit + 1,
            )  # fmt: skip
            page, following = cut(rows, limit, lambda row: (str(row.id),))
            return bodies(page), following

        return list_answer(*await aside(read))

    @api.get('/{id}', **says('One run', 'flows.see', gives=OneRunOut, problems=(404,)))
    async def one_run(request: Request, id: str) -> Response:
        """With its trace, its variables, and the runs it started."""
        asker = asker_of(request)
        return json_answer(await aside(lambda: _whole(_found(id, visible_ids(asker)))))

    @api.post('/{id}/cancel', **says('Cancel a run', 'flows.edit', gives=OneRunOut, problems=(404, 409)))
    async def cancel(request: Request, id: str) -> Response:
        """Nothing more of it happens; what waits for it goes on. 409 `run_is_over` when it had come to its end."""
        asker = asker_of(request)

        def work() -> Body:
            _found(id, visible_ids(asker))
            if not gateway.runner.cancel(id, f'Cancelled by {asker.name}.'):
                raise Conflict('This run is over already.', code='run_is_over')
            return _whole(_found(id, None))

        return json_answer(await aside(work))

    return api


def bodies(rows: Any) -> list[Body]:
    names = session_names()
    return [_run(row, names) for row in rows]


def _found(id: str, session_ids: list[str] | None) -> Run:
    row = run_by_id(id, session_ids=session_ids)
    if row is None:
        raise NotFound('There is no run with this id.')
    return row


def _whole(row: Run) -> Body:
    known = {name: each for name, each in row.trigger.items() if name not in ('id', 'type')}
    return {
        **bodies([row])[0], 'steps': row.steps, 'variables': row.variables, 'facts': known,
        'correlation': row.correlation, 'parent': row.parent, 'depth': row.depth, 'position': row.position,
        'waits': {'for': row.wait_kind, 'until': time_text(row.resume_at)} if row.state == 'waiting' else None,
        'expires_at': time_text(row.expires_at), 'children': bodies(children_of(str(row.id))),
    }  # fmt: skip


def _run(row: Run, names: dict[str, str]) -> Body:
    return {
        'id': row.id, 'flow': row.flow, 'version': row.version, 'trigger': row.trigger.get('type', ''),
        'session': names.get(str(row.session)), 'message': row.message, 'chat': row.chat, 'contact': row.contact,
        'state': row.state, 'detail': row.detail, 'started_at': time_text(row.started_at),
        'finished_at': time_text(row.finished_at),
    }  # fmt: skip
