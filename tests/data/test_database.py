"""One writer, many askers: what is promised about a write."""

import hashlib
import importlib
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from peewee import IntegrityError

from data.contacts import Contact
from data.database import (
    StorageFailed,
    after_commit,
    as_number,
    close_database,
    database,
    is_writing,
    open_database,
    statement,
    write,
    write_soon,
)
from data.opt_outs import list_opt_outs, opt_out_of
from data.tables import TABLES

NOW = datetime(2026, 11, 22, 12, 0, 0, 123_000, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _open(tmp_path: Path) -> Iterator[None]:
    open_database(tmp_path / 'dovecote.db')
    yield
    close_database()


def add(id: str, phone: str | None = None) -> Contact:
    made: Contact = Contact.create(id=id, phone=phone, created_at=NOW)
    return made


def test_a_failing_write_takes_nobody_with_it() -> None:
    gate = threading.Event()
    first = write_soon(lambda: gate.wait(5))  # so that the next ones share a transaction
    good, bad, other = (
        write_soon(lambda: add('A', '1')),
        write_soon(lambda: add('B', '1')),
        write_soon(lambda: add('C')),
    )
    gate.set()
    assert first.result()
    assert good.result().id == 'A'
    assert isinstance(bad.exception(), IntegrityError)
    assert other.result().id == 'C'
    assert {row.id for row in Contact.select()} == {'A', 'C'}


def test_what_follows_a_write_only_follows_a_committed_one() -> None:
    told: list[str] = []

    def half() -> None:
        add('A')
        after_commit(lambda: told.append('A'))
        raise ValueError('no')

    with pytest.raises(ValueError, match='no'):
        write(half)

    def whole() -> None:
        add('B')
        after_commit(lambda: told.append('B'))

    write(whole)
    assert told == ['B']
    assert Contact.get_or_none(Contact.id == 'A') is None


def test_writes_happen_in_the_order_asked_for_and_a_write_inside_a_write_is_part_of_it() -> None:
    done: list[int] = []

    def outer(n: int) -> None:
        write(lambda: done.append(n))

    futures = [write_soon(lambda n=n: outer(n)) for n in range(200)]  # type: ignore[misc]
    for future in futures:
        future.result()
    assert done == list(range(200))


def test_a_full_disk_is_said_and_nothing_is_half_kept() -> None:
    write(lambda: add('A'))
    pages = database.execute_sql('PRAGMA page_count').fetchone()[0]
    write(lambda: database.execute_sql(f'PRAGMA max_page_count = {pages}'))  # SQLite's own "disk is full"
    with pytest.raises(StorageFailed, match='full'):
        write(lambda: [add(f'{n:04}', str(n)) for n in range(2_000)])
    assert [row.id for row in Contact.select()] == ['A']
    write(lambda: database.execute_sql('PRAGMA max_page_count = 1000000'))
    assert write(lambda: add('B')).id == 'B'


def test_nobody_can_call_a_write_back_and_the_next_one_is_done_too() -> None:
    gate = threading.Event()
    write_soon(lambda: gate.wait(5))
    asked = write_soon(lambda: add('A'))
    assert not asked.cancel()
    gate.set()
    assert asked.result(10).id == 'A'
    assert write_soon(lambda: add('B')).result(10).id == 'B'
    assert is_writing()


def test_a_writer_that_ended_lets_nobody_wait_for_it() -> None:
    gate = threading.Event()
    write_soon(lambda: gate.wait(5))

    def fatal() -> None:
        raise SystemExit

    ending, behind = write_soon(fatal), write_soon(lambda: add('A'))
    gate.set()
    for future in (ending, behind):
        assert isinstance(future.exception(10), StorageFailed)
    with pytest.raises(StorageFailed):
        write_soon(lambda: add('B')).result(10)
    assert not is_writing()


def test_times_come_back_as_they_were() -> None:
    write(lambda: add('A'))
    assert Contact.get_by_id('A').created_at == NOW


def test_a_second_opening_finds_everything(tmp_path: Path) -> None:
    write(lambda: add('A'))
    close_database()
    open_database(tmp_path / 'dovecote.db')
    assert Contact.get_by_id('A').id == 'A'
    assert set(database.get_tables()) >= {table._meta.table_name for table in TABLES}


def test_the_migrations_make_what_the_tables_say(tmp_path: Path) -> None:
    def schema() -> set[tuple[str, str]]:
        """Columns, keys and indexes; a column that was added later stands elsewhere in the text of its table."""
        # the index of words is not a table of ours: tests/data/test_search.py tells what it must do
        tables = {name for name in database.get_tables() if name != 'schema_migration' and 'message_fts' not in name}
        found = set(
            database.execute_sql("SELECT tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL AND type = 'index'")
        )
        for table in tables:
            for about in ('table_info', 'foreign_key_list'):
                columns = list(database.execute_sql(f'PRAGMA {about}("{table}")'))
                found |= {(table, f'{about} {place[1:]}') for place in columns}
        return {each for each in found if each[0] in tables}

    migrated = schema()
    close_database()
    database.init(str(tmp_path / 'models.db'))
    with database.connection_context():
        database.create_tables(TABLES)
        declared = schema()
    open_database(tmp_path / 'dovecote.db')
    assert migrated == declared


def test_who_had_opted_out_before_they_were_listed_gets_a_name(tmp_path: Path) -> None:
    step = importlib.import_module('data.migrations.0006_opt_outs')
    anna, nobody = '15551230001', '15559999999'

    def hashed(address: str) -> str:
        return hashlib.sha256(address.encode()).hexdigest()

    def before() -> None:
        Contact.create(id='A', phone=anna, lid='777', created_at=NOW)
        statement('DROP TABLE opt_out')
        statement('CREATE TABLE opt_out (who VARCHAR(255) NOT NULL PRIMARY KEY, source VARCHAR(255), at INTEGER)')
        for address in (f'{anna}@s.whatsapp.net', '777@lid', f'{nobody}@s.whatsapp.net'):
            statement('INSERT INTO opt_out VALUES (?, ?, ?)', hashed(address), 'Wrote STOP', as_number(NOW))
        step.up(None, database)

    write(before)
    listed = [(row.contact_id, row.source, row.at) for row in list_opt_outs()]
    assert sorted(listed, key=str) == [('A', 'Wrote STOP', NOW), (None, 'Wrote STOP', NOW)]
    assert opt_out_of('A', []) is not None
    assert opt_out_of(None, [hashed('777@lid')]) is not None
    assert opt_out_of(None, [hashed(f'{nobody}@s.whatsapp.net')]) is not None
