"""Session hosts: the processes in which sessions live."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from core.bodies import Body, time_text
from core.errors import NotFound
from core.rights import Asker
from data.sessions import all_sessions

from ..compose import Gateway
from .aside import aside
from .asking import Route, asker_of, must_have_all, says
from .lists import json_answer
from .shapes import StatusOut
from .shapes.hosts import HostOut


def routes(gateway: Gateway) -> APIRouter:
    api = APIRouter(route_class=Route, prefix='/api/v1/hosts', tags=['hosts'])

    @api.get('', **says('List hosts', 'sessions.see', gives=list[HostOut]))
    async def list_hosts(request: Request) -> Response:
        """Each is a process that holds some sessions and is started again when it ends."""
        asker = asker_of(request)
        return json_answer(await aside(lambda: _bodies(gateway, asker)))

    @api.post('/{id}/restart', **says('Restart a host', 'hosts.manage', status=202, gives=StatusOut, problems=(404,)))
    async def restart(request: Request, id: str) -> Response:
        """Ends the process; its sessions come back in a new one. What was just being sent is shown as uncertain."""
        must_have_all(asker_of(request), 'restart hosts')
        if not await aside(lambda: gateway.hosts.restart_host(id)):
            raise NotFound('There is no host with this id.')
        return json_answer({'status': 'restarting'}, 202)

    return api


def _bodies(gateway: Gateway, asker: Asker) -> list[Body]:
    names = {row.id: row.name for row in all_sessions() if asker.may_session(row.id)}
    return [
        {
            'id': report.id,
            'pid': report.pid,
            'sessions': sorted(names[id] for id in report.sessions if id in names),
            'started_at': time_text(report.started_at),
            'crashes': report.crashes,
            'memory_mb': round(report.memory_mb, 1),
        }
        for report in gateway.hosts.hosts()
    ]
