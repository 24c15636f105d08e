"""What a person types into a search box is found as they mean it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from data.chats import Chat, find_contacts, latest_chats
from data.contacts import Contact
from data.database import close_database, open_database, read, write
from data.messages import Message, find_messages
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
        assert sorted(row.id for row in find_messages(q=typed)) == list(found)
        assert sorted(row.id for row in latest_chats(q=typed)) == list(found)
        assert sorted(row.id for row in find_contacts(q=typed)) == list(found)


@pytest.mark.parametrize('typed', ['155500097', '+1 (555) 000-97', '+155500097'])
def test_a_number_is_found_however_it_is_written(typed: str) -> None:
    with read():
        assert [row.id for row in latest_chats(q=typed)] == ['a']
        assert [row.id for row in find_contacts(q=typed)] == ['a']
