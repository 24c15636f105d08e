"""What a person types into a search box is found as they mean it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from data.chats import Chat, find_contacts, latest_chats
from data.contacts import Contact
from data.database import close_database, open_database, read, write
from data.messages import Message, find_messages, mark_revoked
from data.search import index_words
from data.sessions import Session

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SAID = {
    'a': 'Größe ÜBER alles',
    'b': 'ПРИВЕТ, Анна',
    'c': '50% off',
    'd': '500 off',
    'e': 'snake_case',
    'f': 'snakes case',
}


@pytest.fixture(autouse=True)
def _house(tmp_path: Path) -> Iterator[None]:
    open_database(tmp_path / 'dovecote.db')

    def furnish() -> None:
        Session.create(id='s', name='shop', since=NOW, created_at=NOW)
        for id, text in SAID.items():
            Contact.create(id=id, phone=f'1555000{ord(id)}', push_name=text, created_at=NOW)
            Chat.create(id=id, session='s', contact=id, last_at=NOW, last_message=id, created_at=NOW)
            Message.create(
                id=id, session='s', chat=id, direction='in', text=text, status='received', at=NOW, created_at=NOW
            )

    write(furnish)
    yield
    close_database()


@pytest.mark.parametrize(
    ('typed', 'found'),
    [
        ('größe', 'a'), ('GRÖSSE', 'a'), ('über', 'a'), ('Über', 'a'), ('привет', 'b'), ('анна', 'b'), ('OFF', 'cd'),
        ('50%', 'c'), ('%', 'c'), ('snake_', 'e'), ('_', 'e'), ('"', ''), ('\\', ''),
    ],
)  # fmt: skip
def test_capitals_do_not_matter_and_every_character_means_itself(typed: str, found: str) -> None:
    with read():
        assert sorted(row.id for row in latest_chats(q=typed)) == list(found)
        assert sorted(row.id for row in find_contacts(q=typed)) == list(found)


@pytest.mark.parametrize('typed', ['155500097', '+1 (555) 000-97', '+155500097'])
def test_a_number_is_found_however_it_is_written(typed: str) -> None:
    with read():
        assert [row.id for row in latest_chats(q=typed)] == ['a']
        assert [row.id for row in find_contacts(q=typed)] == ['a']


@pytest.mark.parametrize('indexed', [True, False])
@pytest.mark.parametrize(
    ('typed', 'found'),
    [
        ('größe', 'a'), ('GROSS', ''), ('über', 'a'), ('uber alles', 'a'), ('alles UBER', 'a'), ('привет', 'b'),
        ('Анна', 'b'), ('OFF', 'dc'), ('50 off', 'c'), ('off 50', 'dc'), ('%', 'c'), ('50%', 'dc'), ('snake', 'fe'),
        ('snake_', 'fe'), ('case', 'fe'), ('_', 'e'), ('"', ''), ('\\', ''), ('rye', ''),
    ],
)  # fmt: skip
def test_a_message_is_found_by_its_words_newest_first(typed: str, found: str, indexed: bool) -> None:
    while indexed and write(index_words):
        pass
    with read():
        assert [row.id for row in find_messages(q=typed)] == list(found)
        assert [row.id for row in find_messages(q=typed, session_ids=['s'], direction='in')] == list(found)
        assert find_messages(q=typed, session_ids=['another']) == []
        pages = [row.id for row in find_messages(q=typed, limit=1)]
        while more := find_messages(q=typed, before=pages[-1] if pages else '0', limit=1):
            pages += [row.id for row in more]
        assert pages == list(found)


def test_the_log_of_messages_finds_what_was_deleted_for_everybody() -> None:
    write(index_words)
    write(lambda: mark_revoked('b', NOW))
    with read():
        assert [row.id for row in find_messages(q='привет')] == ['b']
