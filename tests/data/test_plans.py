"""What is asked for every message, or every second, never looks through all that were ever stored."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from data.database import as_number, close_database, database, open_database, statement, write
from data.deliveries import (
    behind,
    claim,
    claim_for_probe,
    deliveries,
    expired_leases,
    forget_deliveries,
    has_open,
)
from data.departures import claim_next, found_sending, head, let_due_go, line_up_all, sessions_waiting
from data.messages import Message, count_open, find_messages, unrouted, unsettled
from data.receipts import prove
from data.search import COMMON, index_words, search_messages
from data.sessions import Session
from data.traffic import said_by_own_flow
from data.urgency import BULK, FIRST

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


@pytest.fixture(autouse=True)
def _open(tmp_path: Path) -> Iterator[None]:
    open_database(tmp_path / 'dovecote.db')
    write(lambda: Session.create(id='s', name='s', state='working', phone='1555', since=NOW, created_at=NOW))
    yield
    close_database()


@pytest.mark.parametrize('ask', [unsettled, lambda: count_open('s'), found_sending])
def test_only_open_messages_are_looked_through(ask: Callable[[], object]) -> None:
    steps = plan_of(ask)
    assert any('message_open' in step for step in steps), steps


@pytest.mark.parametrize(
    ('ask', 'index'),
    [
        (lambda: claim_next('s', 4, NOW, turn='Z'), 'chat_turn'),
        (lambda: claim_next('s', 4, NOW, turn='Z', urgency=FIRST), 'chat_turn'),
        (lambda: head('s', BULK), 'chat_turn'),
        (sessions_waiting, 'chat_turn'),
        (lambda: let_due_go('s', NOW), 'chat_due'),
    ],
)
def test_the_next_message_is_found_by_the_line_of_its_chat(ask: Callable[[], object], index: str) -> None:
    waiting(40)
    steps = plan_of(ask)
    assert any(index in step for step in steps), steps
    assert not any(step.startswith(('SCAN chat', 'SCAN message')) for step in steps), steps
    assert not any('TEMP B-TREE' in step for step in steps), steps


@pytest.mark.parametrize(
    ('ask', 'index'),
    [
        (lambda: behind(NOW), 'delivery_due'),
        (lambda: expired_leases(NOW), 'delivery_lease'),
        (lambda: claim('w', 4, now=NOW, until=LATER, per_chat=False), 'delivery_due'),
        (lambda: claim('w', 4, now=NOW, until=LATER, per_chat=True), 'delivery_open'),
        (lambda: claim_for_probe('w', until=LATER), 'delivery_due'),
        (lambda: has_open('w', 'c'), 'delivery_open'),
        (lambda: deliveries('w', states=('retrying',)), 'delivery_webhook_id_state_id'),
        (lambda: forget_deliveries(NOW, NOW), 'delivery_ended'),
    ],
)
def test_what_is_still_to_be_told_is_found_without_looking_at_all_that_was(
    ask: Callable[[], object], index: str
) -> None:
    steps = plan_of(ask)
    assert any(index in step for step in steps), steps
    assert not any(step.startswith(('SCAN d', 'SCAN delivery', 'SCAN e')) for step in steps), steps


def test_a_claim_costs_the_same_with_a_thousand_and_with_a_hundred_thousand_waiting() -> None:
    costs = {}
    for count in (1_000, 100_000):
        waiting(count)
        costs[count] = {
            'of all': effort(lambda: claim_next('s', 8, NOW, turn='Z')),
            'of one urgency': effort(lambda: claim_next('s', 8, NOW, turn='Z', urgency=FIRST)),
            'the head': effort(lambda: head('s', FIRST)),
            'those due': effort(lambda: let_due_go('s', NOW)),
            'whether any': effort(sessions_waiting),
            'a receipt': effort(lambda: prove('s', 'c1', '3EB0FFFF', NOW)),
        }
    for what, cost in costs[1_000].items():
        assert costs[100_000][what] <= cost * 2, (what, costs)


def test_what_waits_in_one_long_chat_or_until_later_costs_nothing() -> None:
    waiting(1_000)
    before = effort(lambda: claim_next('s', 8, NOW, turn='Z'))
    waiting(100_000, chats=1)
    assert effort(lambda: claim_next('s', 8, NOW, turn='Z')) <= before * 2
    waiting(100_000, due=LATER)
    assert effort(lambda: claim_next('s', 8, NOW, turn='Z')) <= before
    assert claim_next('s', 8, NOW, turn='Z') == []


def test_after_a_start_whatever_is_queued_is_in_line_again() -> None:
    waiting(10, chats=2)
    write(lambda: statement('UPDATE chat SET turn = NULL, urgency = NULL'))
    assert write(lambda: claim_next('s', 8, NOW, turn='Z')) == []
    write(line_up_all)
    assert len(write(lambda: claim_next('s', 20, NOW, turn='Z'))) == 10


def test_the_sweep_of_the_router_only_looks_at_what_waits_for_it() -> None:
    steps = plan_of(lambda: unrouted(NOW))
    assert any('message_unrouted' in step for step in steps), steps


def test_what_a_flow_has_just_said_is_found_from_the_newest_back() -> None:
    steps = plan_of(lambda: said_by_own_flow('1555', 'hello'))
    assert any('message_session_id_id' in step for step in steps), steps
    assert not any('SCAN message' in step for step in steps), steps


def test_a_search_goes_from_the_index_of_words_straight_to_its_messages() -> None:
    steps = plan_of(lambda: search_messages('fennel'))
    assert any('message_indexed' in step for step in steps), steps
    assert any('message_unindexed' in step for step in steps), steps
    assert 'SCAN m' not in steps, steps


@pytest.mark.parametrize(
    'among',
    [
        {}, {'session_ids': ['s']}, {'session_ids': ['s', 'u']}, {'chat_id': 'c1'}, {'status': 'queued'},
        {'session_ids': ['s'], 'before': 'z', 'direction': 'out', 'since': NOW}, {'chat_id': 'c1', 'before': 'z'},
    ],
)  # fmt: skip
def test_the_log_of_messages_is_searched_by_the_index_of_words(among: dict[str, Any]) -> None:
    waiting(100)
    write(index_words)
    steps = plan_of(lambda: find_messages(q='fennel', **among))
    messages = [step for step in steps if step.startswith(('SEARCH t1', 'SCAN t1'))]
    assert messages, steps
    assert all('id=?)' in step for step in messages), steps
    assert any('message_indexed' in step for step in steps), steps
    assert not any(step in ('SCAN m', 'SCAN t1') for step in steps), steps


def test_a_word_nobody_said_is_not_looked_for_in_every_message() -> None:
    waiting(10_000)
    while write(index_words):
        pass
    assert effort(lambda: find_messages(q='fennel', session_ids=['s'], before='z')) < 1_000


def test_the_newest_with_a_word_that_is_everywhere_cost_the_same_however_many_there_are() -> None:
    costs = []
    for count in (COMMON, 4 * COMMON):
        waiting(count)
        while write(index_words):
            pass
        found: list[Message] = []
        costs.append(effort(lambda into=found: into.extend(find_messages(q='hi', session_ids=['s'], before='z'))))  # type: ignore[misc]
        assert [row.id for row in found] == [f'{number:08}' for number in range(count - 1, count - 51, -1)]
    assert costs[1] <= costs[0] * 1.1, costs


def waiting(count: int, *, chats: int = 0, due: datetime | None = None) -> None:
    """So many messages to people who never wrote are queued, in as many chats unless told otherwise."""
    chats, at = chats or count, as_number(NOW)
    numbers = 'WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ? - 1)'

    def fill() -> None:
        statement('DELETE FROM message')
        statement('DELETE FROM chat')
        statement(
            'INSERT INTO chat (id, session_id, name, unread, automation, created_at, turn, urgency, due)'
            f" {numbers} SELECT 'c' || i, 's', '', 0, 'bot', ?, printf('%08d', i), 2, ? FROM n",
            chats,
            at,
            as_number(due),
        )
        statement(
            'INSERT INTO message (id, session_id, chat_id, direction, kind, text, status, author, author_name, origin,'
            f" attempts, error, error_code, at, created_at, forwarded) {numbers} SELECT printf('%08d', i), 's',"
            " 'c' || (i % ?), 'out', 'text', 'hi', 'queued', 'user:1', 'Mia', 'live', 0, '', '', ?, ?, 0 FROM n",
            count,
            chats,
            at,
            at,
        )

    write(fill)


def effort(ask: Callable[[], object]) -> int:
    """How many steps SQLite's machine takes for it: the same on every machine. Nothing is kept."""

    def count() -> int:
        connection, steps = database.connection(), 0

        def step() -> int:
            nonlocal steps
            steps += 1
            return 0

        statement('SAVEPOINT effort')
        connection.set_progress_handler(step, 1)
        ask()
        connection.set_progress_handler(None, 1)
        statement('ROLLBACK TO effort')
        statement('RELEASE effort')
        return steps

    return write(count)


def plan_of(ask: Callable[[], object]) -> list[str]:
    """How SQLite goes about what this asks of messages, chats and deliveries."""
    asked: list[str] = []

    def look() -> list[str]:
        connection = database.connection()
        connection.set_trace_callback(asked.append)
        ask()
        connection.set_trace_callback(None)
        # what the index of words asks itself begins with a comment
        wanted = ('message', 'chat', 'delivery')
        told = [sql for sql in asked if any(table in sql for table in wanted) and not sql.startswith('--')]
        return [str(row[3]) for sql in told for row in database.execute_sql(f'EXPLAIN QUERY PLAN {sql}')]

    return write(look)
