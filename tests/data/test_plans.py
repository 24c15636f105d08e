"""What is asked for every message, or every second, never looks through all that were ever stored."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from data.database import close_database, database, open_database, write
from data.messages import count_open, open_by_session, unrouted, unsettled
from data.search import search_messages
from data.sessions import Session
from data.traffic import claim_next, said_by_own_flow

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _open(tmp_path: Path) -> Iterator[None]:
    open_database(tmp_path / 'dovecote.db')
    yield
    close_database()


@pytest.mark.parametrize(
    'ask',
    [
        lambda: claim_next('s', 4, NOW),
        open_by_session,
        unsettled,
        lambda: count_open('s'),
    ],
)
def test_only_open_messages_are_looked_through(ask: Callable[[], object]) -> None:
    steps = plan_of(ask)
    assert any('message_open' in step for step in steps), steps


def test_the_sweep_of_the_router_only_looks_at_what_waits_for_it() -> None:
    steps = plan_of(lambda: unrouted(NOW))
    assert any('message_unrouted' in step for step in steps), steps


def test_what_a_flow_has_just_said_is_found_from_the_newest_back() -> None:
    write(lambda: Session.create(id='s', name='s', state='working', phone='1555', since=NOW, created_at=NOW))
    steps = plan_of(lambda: said_by_own_flow('1555', 'hello'))
    assert any('message_session_id_id' in step for step in steps), steps
    assert not any('SCAN message' in step for step in steps), steps


def test_a_search_goes_from_the_index_of_words_straight_to_its_messages() -> None:
    steps = plan_of(lambda: search_messages('fennel'))
    assert any('message_indexed' in step for step in steps), steps
    assert any('message_unindexed' in step for step in steps), steps
    assert 'SCAN m' not in steps, steps


def plan_of(ask: Callable[[], object]) -> list[str]:
    """How SQLite goes about what this asks of messages."""
    asked: list[str] = []
    with database.connection_context():
        connection = database.connection()
        connection.set_trace_callback(asked.append)
        ask()
        connection.set_trace_callback(None)
        asked = [sql for sql in asked if 'message' in sql]
        return [str(row[3]) for sql in asked for row in database.execute_sql(f'EXPLAIN QUERY PLAN {sql}')]
