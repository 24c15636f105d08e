"""Figures for Prometheus; only there when the setting METRICS is on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from fastapi import APIRouter, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.meter import Meter
from data.database import read
from data.messages import Unsettled, unsettled
from data.sessions import State, all_sessions

from ..compose import Gateway
from .aside import aside
from .asking import PUBLIC, Route, says

MEDIA = 'text/plain; version=0.0.4; charset=utf-8'
WAITING = ('queued', 'sending', 'uncertain')


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One metric. `values`: by the value of `label`, or under '' when it has none."""

    name: str
    kind: Literal['gauge', 'counter']
    help: str
    values: Mapping[str, float]
    label: str = ''


def routes(gateway: Gateway) -> APIRouter:
    api = APIRouter(route_class=Route, tags=['health'])
    meter = gateway.meter
    if meter is None:
        return api

    @api.get('/metrics', **says('Figures for Prometheus', PUBLIC, media={MEDIA: {'schema': {'type': 'string'}}}))
    async def metrics(request: Request) -> Response:
        """Sessions, messages, processes and requests in the text format of Prometheus. Needs no key.

        Only there when the setting `DOVECOTE_METRICS` is `on`. It names no session, person or message. Counters begin
        with the program.
        """
        return Response(written(await aside(lambda: list(figures(gateway, meter)))), media_type=MEDIA)

    return api


class Counting:
    """Tells the meter the status of every answer."""

    def __init__(self, app: ASGIApp, meter: Meter) -> None:
        self.app, self.meter = app, meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope['type'] != 'http':
            return await self.app(scope, receive, send)

        async def counted(message: Message) -> None:
            if message['type'] == 'http.response.start':
                self.meter.answered(message['status'])
            await send(message)

        await self.app(scope, receive, counted)


def written(every: Iterable[Figure]) -> str:
    lines = []
    for figure in every:
        lines += [f'# HELP {figure.name} {figure.help}', f'# TYPE {figure.name} {figure.kind}']
        for value, number in figure.values.items():
            label = f'{{{figure.label}="{value}"}}' if figure.label else ''
            lines.append(f'{figure.name}{label} {number:.15g}')
    return '\n'.join(lines) + '\n'


def figures(gateway: Gateway, meter: Meter) -> Iterable[Figure]:
    """Reads the database."""
    with read():
        states, waits = [str(row.state) for row in all_sessions()], unsettled()
    yield Figure(name='dovecote_sessions', kind='gauge', help='Sessions by state.', label='state',
                 values={state: states.count(state) for state in get_args(State)})  # fmt: skip
    yield Figure(name='dovecote_messages_total', kind='counter', help='Messages that came to this status.',
                 label='status', values=meter.messages)  # fmt: skip
    yield from _queue(waits, gateway)
    yield Figure(name='dovecote_flow_runs_total', kind='counter', help='Flows that ran, by how it ended.',
                 label='state', values=meter.runs)  # fmt: skip
    yield from _processes(gateway)
    yield Figure(name='dovecote_http_requests_total', kind='counter', help='Requests by the status of their answer.',
                 label='status', values={str(status): n for status, n in sorted(meter.requests.items())})  # fmt: skip


def _queue(waits: list[Unsettled], gateway: Gateway) -> Iterable[Figure]:
    now = gateway.world.now()
    queued = [each.since for each in waits if each.status == 'queued']
    yield Figure(name='dovecote_messages_waiting', kind='gauge', help='Messages that are not settled yet, by status.',
                 label='status',
                 values={name: sum(each.count for each in waits if each.status == name) for name in WAITING},
                 )  # fmt: skip
    yield Figure(name='dovecote_queue_oldest_seconds', kind='gauge',
                 help='Age of the oldest queued message; 0 when none waits.',
                 values={'': max(0.0, (now - min(queued)).total_seconds()) if queued else 0})  # fmt: skip


def _processes(gateway: Gateway) -> Iterable[Figure]:
    hosts = gateway.hosts.hosts()
    yield Figure(name='dovecote_hosts', kind='gauge', help='Session hosts that run.',
                 values={'': sum(each.pid > 0 for each in hosts)})  # fmt: skip
    yield Figure(name='dovecote_host_crashes_total', kind='counter', help='Session hosts that ended unasked.',
                 label='host', values={each.id: each.crashes for each in hosts})  # fmt: skip
    yield Figure(name='dovecote_host_memory_bytes', kind='gauge', help='Memory of a session host (PSS).', label='host',
                 values={each.id: round(each.memory_mb * 2**20) for each in hosts})  # fmt: skip
    yield Figure(name='process_resident_memory_bytes', kind='gauge', help='Memory of the main process.',
                 values={'': _resident()})  # fmt: skip


def _resident() -> int:
    """Bytes."""
    for line in Path('/proc/self/status').read_text().splitlines():
        if line.startswith('VmRSS:'):
            return int(line.split()[1]) * 1024
    return 0
