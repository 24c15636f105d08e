"""What the sandbox writes down is found again, and in the state it was in last."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from core.sandbox.mailbox import Mailbox, letter
from core.sandbox.message import Said
from core.sandbox.store import Store


def test_only_the_last_value_counts_and_dropped_things_are_gone(tmp_path: Path) -> None:
    with closing(Store(tmp_path / 'a.db')) as store:
        store.mark('thing', 'one', lambda: 'old')
        store.collect()
        store.mark('thing', 'one', lambda: 'new')
        store.mark('thing', 'two', lambda: 'doomed')
        store.flush()
        store.drop('thing', 'two')
    with closing(Store(tmp_path / 'a.db')) as again:
        assert list(again.text('thing')) == [('one', 'new')]


def test_an_end_that_was_not_orderly_is_noticed(tmp_path: Path) -> None:
    with closing(Store(tmp_path / 'a.db')) as first:
        assert first.was_clean
        with closing(Store(tmp_path / 'a.db')) as second:
            assert not second.was_clean
        with closing(Store(tmp_path / 'a.db')) as third:
            assert third.was_clean


def test_nothing_is_lost_when_writing_fails_for_a_while(tmp_path: Path) -> None:
    with closing(Store(tmp_path / 'a.db')) as store:
        with closing(sqlite3.connect(tmp_path / 'a.db', isolation_level=None, timeout=0)) as blocker:
            blocker.execute('BEGIN IMMEDIATE')
            store.mark('thing', 'one', lambda: 'kept')
            with pytest.raises(sqlite3.OperationalError):
                store.flush()
            blocker.execute('ROLLBACK')
        store.flush()
        assert list(store.text('thing')) == [('one', 'kept')]


def test_a_mailbox_keeps_the_newest(tmp_path: Path) -> None:
    with closing(Store(tmp_path / 'a.db')) as store:
        mailbox = Mailbox(store, 'anna', kept=3)
        for number in range(5):
            said = Said('text', f'{number}')
            mailbox.add(letter(said, id=f'ID{number}', chat='bob', sender='bob', mine=False, at=0, raw=b''))
        assert [each.text for each in mailbox] == ['2', '3', '4']
        assert mailbox.get('ID0') is None
        store.flush()
        assert len(list(store.text('letter'))) == 3


def test_ticks_never_go_down(tmp_path: Path) -> None:
    with closing(Store(tmp_path / 'a.db')) as store:
        mailbox = Mailbox(store, 'anna')
        mailbox.add(letter(Said('text', 'hi'), id='A', chat='bob', sender='anna', mine=True, at=0, raw=b''))
        assert mailbox.ticked('A', 'read')
        assert not mailbox.ticked('A', 'delivered')
        assert [each.tick for each in mailbox] == ['read']
