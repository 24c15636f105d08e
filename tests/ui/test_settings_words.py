"""How the settings page words what it knows."""

import pytest

from core.settings import SETTINGS
from ui.pages.settings.account import browser_of
from ui.pages.settings.instance import shown_value, size_words


@pytest.mark.parametrize(
    ('agent', 'words'),
    [
        ('Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36', 'Chrome on Linux'),
        ('Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0', 'Edge on Windows'),
        ('Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1', 'Safari on iPhone'),
        ('', 'A browser that does not say its name'),
    ],
)
def test_a_browser_is_called_by_its_name(agent: str, words: str) -> None:
    assert browser_of(agent) == words


def test_sizes_are_told_in_words() -> None:
    assert [size_words(each) for each in (0, 1, 4096, 5 * 2**20, 3 * 2**30)] == [
        '0 kB',
        '1 kB',
        '4 kB',
        '5.0 MB',
        '3.0 GB',
    ]


def test_a_secret_is_shown_as_dots_and_only_when_there_is_one() -> None:
    secret = next(each for each in SETTINGS if each.name == 'SECRET_KEY')
    assert shown_value(secret, 'a' * 40) == '••••••••'
    assert shown_value(secret, '') == ''
