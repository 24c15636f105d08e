"""Figures for a monitoring system."""

import re
from dataclasses import replace

import httpx

from ui.api import reference_of

from .conftest import Door, until

LINE = re.compile(r'([a-z_]+)(?:\{([a-z]+)="([a-z0-9_]+)"\})? ([0-9.e+]+)')


def figures(door: Door) -> dict[tuple[str, str], float]:
    """(name, label) -> number. Every line must be one that Prometheus reads."""
    answer = httpx.get(f'{door.url}/metrics', trust_env=False, verify=False)
    assert answer.headers['content-type'] == 'text/plain; version=0.0.4; charset=utf-8'
    kinds: dict[str, str] = {}
    found: dict[tuple[str, str], float] = {}
    for line in answer.text.splitlines():
        if line.startswith('# TYPE '):
            _, _, name, kind = line.split()
            kinds[name] = kind
        elif not line.startswith('# HELP '):
            match = LINE.fullmatch(line)
            assert match, line
            name, _, label, number = match.groups()
            assert kinds[name] == ('counter' if name.endswith('_total') else 'gauge')
            found[name, label or ''] = float(number)
    assert set(kinds) == {name for name, _ in found}
    return found


def test_what_happens_is_counted(door: Door) -> None:
    before = figures(door)
    ids = [door.sends(f'counted {n}').json()['id'] for n in range(3)]
    until(lambda: all(door.message(id)['status'] == 'delivered' for id in ids))
    assert door.api.get('/nowhere').status_code == 404
    after = figures(door)
    for label in ('queued', 'sent', 'delivered'):
        assert after['dovecote_messages_total', label] - before['dovecote_messages_total', label] >= 3
    failed = 'dovecote_messages_total', 'failed'
    assert after[failed] == before[failed]
    status = 'dovecote_http_requests_total', '404'
    assert after[status] == before.get(status, 0) + 1
    assert after['dovecote_http_requests_total', '202'] >= 3


def test_how_it_is_now_is_told(door: Door) -> None:
    now = figures(door)
    states = {label: number for (name, label), number in now.items() if name == 'dovecote_sessions'}
    rows = door.api.get('/sessions', params={'limit': 200}).json()['items']
    assert states['working'] == sum(row['state'] == 'working' for row in rows) >= 1
    assert sum(states.values()) == len(rows)
    assert now['dovecote_hosts', ''] >= 1
    assert ('dovecote_host_crashes_total', 'h1') in now
    assert now['process_resident_memory_bytes', ''] > 2**20


def test_what_waits_is_told_with_its_age(door: Door) -> None:
    door.api.post('/sandbox/faults', json={'kind': 'outage', 'seconds': 3}).raise_for_status()
    until(lambda: door.api.get('/sessions/shop').json()['state'] == 'reconnecting')
    id = door.sends('it waits').json()['id']
    queued = 'dovecote_messages_waiting', 'queued'
    waiting = until(lambda: (now := figures(door))['dovecote_queue_oldest_seconds', ''] > 0 and now)
    assert waiting[queued] >= 1
    until(lambda: door.message(id)['status'] == 'delivered', 30)
    assert figures(door)[queued] == waiting[queued] - 1


def test_there_are_no_figures_unless_they_are_asked_for(door: Door) -> None:
    assert '/metrics' in reference_of(door.gateway)['paths']
    assert '/metrics' not in reference_of(replace(door.gateway, meter=None))['paths']
