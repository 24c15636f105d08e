"""The words of the inbox."""

from datetime import UTC, datetime, timedelta

import pytest

from core.contents import shown
from data.messages import Message
from ui.pages.inbox.brings import brings_of, length_of, size_of
from ui.pages.inbox.wording import Piece, brief, day, happening, only_emoji, pieces_of, with_names
from ui.pieces import letters_of, tint_of

NOW = datetime(2026, 11, 22, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    ('text', 'link'),
    [
        ('see https://example.com/a?b=1.', 'https://example.com/a?b=1'),
        ('(https://example.com/x)', 'https://example.com/x'),
        ('https://example.com/x_(y)', 'https://example.com/x_(y)'),
        ('*https://example.com*', 'https://example.com'),
        ('HTTP://EXAMPLE.COM/!', 'HTTP://EXAMPLE.COM/'),
    ],
)
def test_a_link_ends_where_a_reader_would_end_it(text: str, link: str) -> None:
    pieces = pieces_of(text, {})
    assert [piece.text for piece in pieces if piece.kind == 'link'] == [link]
    assert ''.join(piece.text for piece in pieces) == text


@pytest.mark.parametrize(
    'text', ['javascript:alert(1)', 'data:text/html,x', 'ftp://example.com', 'https:/x', 'https://']
)
def test_only_the_web_is_linked(text: str) -> None:
    assert pieces_of(text, {}) == (Piece('text', text),)


def test_a_mention_is_shown_by_name_where_it_is_known() -> None:
    pieces = pieces_of('hi @15551230001 and @15559999999', {'15551230001': 'Anna'})
    assert pieces == (Piece('text', 'hi '), Piece('name', '@Anna'), Piece('text', ' and @15559999999'))
    assert with_names('hi @15551230001 and @15559999999', {'15551230001': 'Anna'}) == 'hi @Anna and @15559999999'


@pytest.mark.parametrize(
    ('name', 'letters'), [('Anna Keller', 'AK'), ('Fennel & Rye', 'FR'), ('Anna 😀', 'A'), ('+1 555', '#'), ('', '#')]
)
def test_a_face_has_the_first_letters_of_a_name(name: str, letters: str) -> None:
    assert letters_of(name) == letters


def test_a_contact_card_shows_its_number_as_people_write_it() -> None:
    content = {'cards': [{'name': 'Ben', 'phones': ['+15551230002', '0170 12']}]}
    cards = brings_of(Message(id='M', kind='contact', direction='in', content=content), [], None)['cards']
    phones = [['+15551230002', '+1 555-123-0002'], ['0170 12', '0170 12']]
    assert cards == [{'name': 'Ben', 'phones': phones, 'letters': 'B', 'tint': tint_of('Ben')}]


@pytest.mark.parametrize(
    ('text', 'large'),
    [('❤️', True), ('\U0001f469\u200d\U0001f467 🥐', True), ('🇩🇪', True), ('1', False), ('ok 👍', False), ('', False),
     ('🥐' * 13, False)],
)  # fmt: skip
def test_a_few_pictures_alone_are_shown_large(text: str, large: bool) -> None:
    assert only_emoji(text) is large


def test_what_happened_to_a_message_is_a_sentence() -> None:
    assert happening('reaction', '👍', 'Anna') == 'Anna reacted with 👍'
    assert happening('reaction', '', 'Anna') == 'Anna took a reaction back'
    assert happening('call', '', 'Anna', {'video': True, 'state': 'rejected'}) == 'Anna called by video, rejected'
    assert happening('call', '', 'Anna', {'video': False, 'state': 'over'}) == 'Anna called'
    assert happening('revoke', '', 'You') == 'You deleted a message'


def test_days_are_named_as_people_do() -> None:
    assert [day(NOW - timedelta(days=days), NOW, UTC) for days in (0, 1, 3)] == [
        'Today',
        'Yesterday',
        'Thursday 19 Nov',
    ]
    assert [brief(NOW - timedelta(days=days), NOW, UTC) for days in (0, 1, 3, 400)] == [
        '14:00', 'Yesterday', '19 Nov', '18 Oct 2025',
    ]  # fmt: skip


@pytest.mark.parametrize(
    ('text', 'pieces'),
    [
        ('*fat* and _slanted_', [('bold', 'fat'), ('text', ' and '), ('italic', 'slanted')]),
        ('~gone~', [('strike', 'gone')]),
        ('say `ping` now', [('text', 'say '), ('code', 'ping'), ('text', ' now')]),
        ('```two\nlines```', [('code', 'two\nlines')]),
        ('2 * 3 * 4', [('text', '2 * 3 * 4')]),
        ('snake_case_name', [('text', 'snake_case_name')]),
        ('* not *', [('text', '* not *')]),
        ('*a\nb*', [('text', '*a\nb*')]),
    ],
)
def test_words_are_styled_as_the_apps_do(text: str, pieces: list[tuple[str, str]]) -> None:
    assert [(piece.kind, piece.text) for piece in pieces_of(text, {})] == pieces


def test_sizes_and_lengths_are_written_as_people_read_them() -> None:
    assert [size_of(size) for size in (0, 999, 84_000, 1_240_000, 250_000_000)] == [
        '', '999 B', '84 kB', '1.2 MB', '250 MB',
    ]  # fmt: skip
    assert [length_of(seconds) for seconds in (0, 24, 62, 3_723)] == ['', '0:24', '1:02', '1:02:03']


def test_a_voice_note_is_drawn_as_loud_as_its_app_said_and_programs_are_not_told() -> None:
    content = {'mime': 'audio/ogg', 'size': 1, 'seconds': 3, 'waveform': [0, 50, 100]}
    file = brings_of(Message(id='M', kind='voice', direction='in', content=content), [], None)['file']
    assert isinstance(file, dict)
    assert (file['waves'], file['length']) == ([0, 50, 100], '0:03')
    assert 'waveform' not in shown('voice', content)['media']
