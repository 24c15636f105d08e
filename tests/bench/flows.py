"""What routing a message costs with many flows, and what ten thousand waiting runs cost."""

import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from data.database import read, statement, write
from data.runs import Run
from flows.guards import SANDBOX
from tests.core.house import House, furnished, message

from .figures import Figure, ms, percentile

FLOWS = (20, 200)
START_WITHIN = 10.0
P95 = 3.0


def measure(messages: int, waiting: int) -> list[Figure]:
    costs = {count: _routing(count, messages) for count in FLOWS}
    few, many = (ms(costs[count], 0.95) for count in FLOWS)
    idle, woken = _waking(waiting)
    return [
        Figure(
            name=f'routing a message with {FLOWS[1]} published flows, p95',
            target=f'≤ {P95:.0f} ms',
            measured=f'{many:.2f} ms (with {FLOWS[0]} flows {few:.2f} ms)',
            good=many <= P95,
            raw={str(count): [round(each * 1000, 3) for each in took] for count, took in costs.items()},
        ),
        Figure(
            name=f'a look at the clock with {waiting:,} waiting runs',
            target='costs nothing until due',
            measured=f'{idle * 1000:.2f} ms a second',
            good=idle < 0.005,
        ),
        Figure(
            name=f'{waiting:,} runs due in the same second, until the last one went on',
            target=f'≤ {START_WITHIN:.0f} s',
            measured=f'{woken:.1f} s',
            good=woken <= START_WITHIN,
        ),
    ]


def _routing(flows: int, messages: int) -> list[float]:
    """Seconds for each message; every tenth is answered. Sending is not in it: nobody takes what is queued."""
    with tempfile.TemporaryDirectory() as folder, furnished(Path(folder)) as house:
        house.working()
        house.hosts.holds, house.router.guard.limits = True, SANDBOX
        for number in range(flows):
            house.library.save(_flow(f'flow-{number}', [f'word{number}', f'other{number} words']))
        house.says('warm up', id='W0')
        took = []
        for number in range(messages):
            text = f'please word{number % flows}' if number % 10 == 0 else f'something else, number {number}'
            took.append(_routed(house, text, number))
        return took


def _routed(house: House, text: str, number: int) -> float:

    house.clock.later(seconds=20)
    event = message(house.session().id, text, id=f'M{number}', at=house.clock.at)
    house.inbox.receive(event, lambda: None)
    while not house.nudged:
        time.sleep(0.0005)
    id = house.nudged.pop(0)
    began = time.perf_counter()
    house.router.route(id)
    return time.perf_counter() - began


def _waking(count: int) -> tuple[float, float]:
    """Seconds of one look while nothing is due, and seconds until all that are due at once went on."""
    with tempfile.TemporaryDirectory() as folder, furnished(Path(folder)) as house:
        house.working()
        house.hosts.holds = True
        wait: list[dict[str, Any]] = [{'id': 'w', 'do': 'wait', 'for': '1h'}, {'id': 'l', 'do': 'log', 'text': 'on'}]
        house.library.save({**_flow('wait', ['go']), 'steps': wait, 'mode': {'type': 'parallel', 'max': 100}})
        house.says('go', id='G')
        _copy_waiting(count)
        looks = []
        for _ in range(20):
            began = time.perf_counter()
            house.runner.sweep()
            looks.append(time.perf_counter() - began)
        house.clock.later(hours=2)
        house.runner.at_work = house.workers.at_work
        house.workers.start()
        over, ticker = threading.Event(), threading.Thread(target=lambda: _tick(house, over), daemon=True)
        began = time.perf_counter()
        ticker.start()
        while _waiting() and time.perf_counter() - began < 120:
            time.sleep(0.05)
        took = time.perf_counter() - began
        over.set()
        ticker.join(5)
        house.workers.stop()
        return percentile(looks, 0.5), took


def _tick(house: House, over: threading.Event) -> None:
    while not over.is_set():
        house.runner.sweep()
        over.wait(1)


def _copy_waiting(count: int) -> None:

    names = [field.column_name for field in Run._meta.sorted_fields if field.column_name not in ('id', 'chat')]
    listed = ', '.join(f'"{name}"' for name in names)

    def copy() -> None:
        statement(
            f'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)'
            f" INSERT INTO run (id, chat, {listed}) SELECT r.id || printf('-%06d', n.i),"
            f" r.chat || (n.i % 500), {listed} FROM run r, n WHERE r.state = 'waiting'",
            count - 1,
        )

    write(copy)


def _waiting() -> int:
    with read():
        return Run.select().where(Run.state.in_(['waiting', 'running'])).count()


def _flow(key: str, words: list[str]) -> dict[str, Any]:
    return {
        'schema': 'dovecote.flow/1', 'key': key, 'name': key,
        'triggers': [{'id': 'kw', 'type': 'message', 'match': {'op': 'keyword', 'values': words}}],
        'steps': [{'id': 'a', 'do': 'send', 'text': 'Hi {{ contact.first_name }}'}],
    }  # fmt: skip
