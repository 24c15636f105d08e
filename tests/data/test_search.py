"""Messages are found by their words, whether the index has them yet or not."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from data.chats import Chat
from data.database import close_database, database, open_database, read, write
from data.messages import Message, change_text, mark_revoked
from data.search import BEGIN, END, index_words, search_messages, something_unindexed
from data.sessions import Session
from data.traffic import Line, add_message

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
_numbers = count(1)


@pytest.fixture(autouse=True)
def _open(tmp_path: Path) -> Iterator[None]:
    open_database(tmp_path / 'dovecote.db')
    write(_furnish)
    yield
    close_database()


def _furnish() -> None:
    for name in ('shop', 'stall'):
        Session.create(id=name, name=name, state='working', phone='1', since=NOW, created_at=NOW)
        Chat.create(id=f'{name}-anna', session=name, group='1', created_at=NOW)


def say(text: str, *, session: str = 'shop', kind: str = 'text') -> str:
    line = Line(
        id=f'{next(_numbers):026}', session_id=session, chat_id=f'{session}-anna', direction='in', kind=kind, text=text,
        status='received', at=NOW, created_at=NOW,
    )  # fmt: skip
    write(lambda: add_message(line))
    return line.id


def found(q: str, **among: object) -> list[str]:
    with read():
        return [hit.id for hit in search_messages(q, **among)]  # type: ignore[arg-type]


@pytest.fixture(params=['indexed', 'not yet indexed'])
def catch_up(request: pytest.FixtureRequest) -> Callable[[], None]:
    def catch() -> None:
        if request.param == 'indexed':
            while write(index_words):
                pass

    return catch


@pytest.mark.parametrize(
    'q', ['fennel', 'FENN', 'crème', 'creme fraîche', 'fennel loaf', 'loaf fen', 'e-mail', '"fennel"', 'NEAR fennel']
)
def test_a_message_is_found_by_some_of_its_words(q: str, catch_up: Callable[[], None]) -> None:
    wanted = say('A Fennel loaf with Crème fraîche, by e-mail near you')
    say('Rye, please')
    catch_up()
    assert found(q) == [wanted]


@pytest.mark.parametrize('q', ['', '  ', '-', '"', '*', 'ennel', 'fennel rye', "'; DROP TABLE message; --"])
def test_nothing_is_found_that_is_not_there(q: str, catch_up: Callable[[], None]) -> None:
    say('a fennel loaf')
    catch_up()
    assert found(q) == []


def test_the_newest_comes_first_and_only_from_where_one_may_look(catch_up: Callable[[], None]) -> None:
    first, second = say('bread one'), say('bread two')
    elsewhere = say('bread three', session='stall')
    catch_up()
    assert found('bread') == [elsewhere, second, first]
    assert found('bread', limit=2) == [elsewhere, second]
    assert found('bread', session_ids=['shop']) == [second, first]
    assert found('bread', session_ids=[]) == []
    assert found('bread', chat_id='stall-anna') == [elsewhere]


def test_what_was_changed_is_found_by_its_new_words_only() -> None:
    id = say('fennel')
    write(index_words)
    write(lambda: change_text(id, 'rye', NOW))
    assert (found('fennel'), found('rye')) == ([], [id])
    write(index_words)
    assert (found('fennel'), found('rye')) == ([], [id])


def test_what_was_deleted_is_not_found(catch_up: Callable[[], None]) -> None:
    taken_back, thrown_away = say('bread one'), say('bread two')
    catch_up()
    write(lambda: mark_revoked(taken_back, NOW))
    write(lambda: Message.delete().where(Message.id == thrown_away).execute())
    assert found('bread') == []


def test_a_deleted_session_leaves_nothing_in_the_index() -> None:
    say('bread')
    write(index_words)
    write(lambda: Session.delete().where(Session.name == 'shop').execute())
    with read():
        assert database.execute_sql('SELECT count(*) FROM message_fts').fetchone() == (0,)


def test_the_index_takes_each_message_once_and_skips_what_has_no_words() -> None:
    say('👍', kind='reaction')
    say('', kind='image')
    wanted = say('bread')
    assert write(index_words) == 3
    assert write(index_words) == 0
    with read():
        assert not something_unindexed()
        assert database.execute_sql('SELECT count(*) FROM message_fts').fetchone() == (1,)
    assert found('bread') == [wanted]


def test_a_snippet_shows_what_fits() -> None:
    say('We have a fennel loaf and much more of what you like in the morning, every day but Monday')
    with read():
        early = search_messages('monday')[0].snippet
    write(index_words)
    with read():
        late = search_messages('monday')[0].snippet
    for snippet in (early, late):
        assert f'{BEGIN}Monday{END}' in snippet
        assert snippet.startswith('…')
