"""Which runs are kept, and that keeping them so costs little however many there are."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from data.database import as_number, close_database, open_database, read, statement, write
from data.run_log import find_runs
from data.runs import forget_runs
from tests.data.test_plans import effort

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=40)


@pytest.fixture(autouse=True)
def _open(tmp_path: Path) -> Iterator[None]:
    open_database(tmp_path / 'dovecote.db')
    yield
    close_database()


def ran(count: int, state: str, *, flow: str | None = None, finished: datetime | None = NOW) -> None:
    write(lambda: statement(
        'INSERT INTO run (id, flow, version, "trigger", state, detail, steps, scope, correlation, depth, position,'
        ' variables, loops, taken, turn, wait_kind, wait_key, started_at, finished_at)'
        ' WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ? - 1)'
        " SELECT printf('%08d', i + (SELECT COUNT(*) FROM run)), ?, 1, '{}', ?, '', '[]', '', '', 0, '', '{}', '{}', 0,"
        " 0, '', '', ?, ? FROM n",
        count, flow, state, as_number(LONG_AGO), as_number(finished),
    ))  # fmt: skip


def left() -> dict[tuple[str | None, str], int]:
    with read():
        rows = statement('SELECT flow, state, COUNT(*) FROM run GROUP BY flow, state')
    return {(flow, str(state)): int(count) for flow, state, count in rows}


def test_a_flood_of_messages_that_no_flow_knows_does_not_take_the_place_of_the_one_failure() -> None:
    ran(1, 'error', flow='hours')
    ran(300, 'finished', flow='hours')
    ran(1_000, 'not_triggered')
    write(lambda: forget_runs(NOW - timedelta(days=30), each=100))
    assert left() == {('hours', 'error'): 1, ('hours', 'finished'): 100, (None, 'not_triggered'): 100}
    with read():
        ids = statement("SELECT MIN(id), MAX(id) FROM run WHERE state = 'not_triggered'")
    assert ids == [('00001201', '00001300')]  # the newest


def test_after_a_month_all_is_forgotten_but_what_is_under_way() -> None:
    ran(5, 'finished', flow='hours', finished=LONG_AGO)
    ran(5, 'not_triggered', finished=LONG_AGO)
    ran(2, 'cancelled', flow='hours')
    for state in ('queued', 'running', 'waiting'):
        ran(3, state, flow='hours', finished=None)
    write(lambda: forget_runs(NOW - timedelta(days=30), each=1))
    assert left() == {
        ('hours', 'cancelled'): 1, ('hours', 'queued'): 3, ('hours', 'running'): 3, ('hours', 'waiting'): 3,
    }  # fmt: skip


def test_no_more_are_forgotten_at_a_time_than_said() -> None:
    ran(60, 'finished', flow='hours', finished=LONG_AGO)
    ran(500, 'not_triggered')
    assert write(lambda: forget_runs(NOW - timedelta(days=30), 100, each=10)) == 100
    assert sum(left().values()) == 460


def test_looking_for_what_may_be_forgotten_costs_the_same_however_many_stay() -> None:
    costs = []
    for count in (10_000, 40_000):
        ran(count, 'finished', flow='hours')
        ran(count, 'not_triggered')
        costs.append(effort(lambda: forget_runs(NOW - timedelta(days=30), 100, each=100)))
    assert costs[1] <= costs[0] * 1.2, costs


def test_runs_of_a_flow_are_listed_newest_first_at_the_same_cost_however_many_there_are() -> None:
    costs = []
    for count in (5_000, 20_000):
        for state in ('finished', 'failed_conditions'):
            ran(count, state, flow='hours')
            ran(count, state, flow='other')
        listed: list[str] = []
        costs.append(effort(lambda into=listed: into.extend(str(run.id) for run in find_runs(flow='hours'))))  # type: ignore[misc]
        assert len(listed) == 50
        assert listed == sorted(listed, reverse=True)
    assert costs[1] <= costs[0] * 1.2, costs
    with read():
        assert [run.state for run in find_runs(states=['error', 'failed_conditions'], limit=1)] == ['failed_conditions']
        assert find_runs(session_ids=[]) == find_runs(chat_ids=['c']) == find_runs(mine='u') == []
