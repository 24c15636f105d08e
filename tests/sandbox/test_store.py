"""What the sandbox writes down is found again, and in the state it was in last."""

import sqlite3
from pathlib import Path

import pytest

from core.sandbox.mailbox import Mailbox, letter
from core.sandbox.message import Said
from core.sandbox.store import Store


def test_only_the_last_value_counts_and_dropped_things_are_gone(tmp_path: Path) -> None:
    store = Store(tmp_path / 'a.db')
    store.mark('thing', 'one', lambda: 'old')
    store.collect()
    store.mark('thing', 'one', lambda: 'new')
    store.mark('thing', 'two', lambda: 'doomed')
    store.flush()
    store.drop('thing', 'two')
    store.close()
    assert list(Store(tmp_path / 'a.db').text('thing')) == [('one', 'new')]


def test_an_end_that_was_not_orderly_is_noticed(tmp_path: Path) -> None:
    first = Store(tmp_path / 'a.db')
    assert first.was_clean
    second = Store(tmp_path / 'a.db')
    assert not second.was_clean
    second.close()
    assert Store(tmp_path / 'a.db').was_clean


def test_nothing_is_lost_when_writing_fails_for_a_while(tmp_path: Path) -> None:
    store = Store(tmp_path / 'a.db')
    blocker = sqlite3.connect(tmp_path / 'a.db', isolation_level=None, timeout=0)
    blocker.execute('BEGIN IMMEDIATE')
    store.mark('thing', 'one', lambda: 'kept')
    with pytest.raises(sqlite3.OperationalError):
        store.flush()
    blocker.execute('ROLLBACK')
    blocker.close()
    store.flush()
    assert list(store.text('thing')) == [('one', 'kept')]


def test_a_mailbox_keeps_the_newest(tmp_path: Path) -> None:
    store = Store(tmp_path / 'a.db')
    mailbox = Mailbox(store, 'anna', kept=3)
    for number in range(5):
        said = Said('text', f'{number}')
        mailbox.add(letter(said, id=f'ID{number}', chat='bob', sender='bob', mine=False, at=0, raw=b''))
    assert [each.text for each in mailbox] == ['2', '3', '4']
    assert mailbox.get('ID0') is None
    store.flush()
    assert len(list(store.text('letter'))) == 3


def test_ticks_never_go_down(tmp_path: Path) -> None:
    mailbox = Mailbox(Store(tmp_path / 'a.db'), 'anna')
    mailbox.add(letter(Said('text', 'hi'), id='A', chat='bob', sender='anna', mine=True, at=0, raw=b''))
    assert mailbox.ticked('A', 'read')
    assert not mailbox.ticked('A', 'delivered')
    assert [each.tick for each in mailbox] == ['read']
