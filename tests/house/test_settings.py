"""What may be set, and what happens when it is set wrongly."""

from dataclasses import fields
from ipaddress import ip_network
from pathlib import Path

import pytest

from core.errors import SettingWrong
from core.settings import SETTINGS, Settings, settings_table


def wrong(**env: str) -> str:
    with pytest.raises(SettingWrong) as caught:
        Settings.from_env({f'DOVECOTE_{name}': value for name, value in env.items()})
    return str(caught.value)


def test_nothing_set_means_the_defaults() -> None:
    settings = Settings.from_env({'PATH': '/bin', 'HOME': '/root'})
    assert (settings.host, settings.port, settings.log_format) == ('127.0.0.1', 8080, 'text')
    assert settings.state == Path('state').absolute()
    assert settings.stale_after == 300


def test_the_sandbox_has_a_directory_of_its_own_unless_one_is_named() -> None:
    assert Settings.from_env({}, sandbox=True).state == Path('state-sandbox').absolute()
    assert Settings.from_env({'DOVECOTE_STATE': '/srv/a'}, sandbox=True).state == Path('/srv/a')
    assert Settings.from_env({}, sandbox=True, options={'STATE': '/srv/b'}).state == Path('/srv/b')


def test_the_command_line_wins_and_is_named_when_it_is_wrong() -> None:
    assert Settings.from_env({'DOVECOTE_PORT': '1'}, options={'PORT': '9000'}).port == 9000
    with pytest.raises(SettingWrong, match=r'^--port must be a whole number from 0 to 65535, not .seventy'):
        Settings.from_env({}, options={'PORT': 'seventy'})


def test_an_unknown_name_stops_the_start_and_the_nearest_is_named() -> None:
    assert wrong(PROT='1') == 'There is no setting DOVECOTE_PROT. Did you mean DOVECOTE_PORT?'
    assert '`dovecote settings`' in wrong(XYZZY='')


@pytest.mark.parametrize(
    ('name', 'value'),
    [
        ('PORT', '65536'),
        ('PORT', '-1'),
        ('PORT', '８０'),
        ('HOST', 'a b'),
        ('PUBLIC_URL', 'example.org'),
        ('PUBLIC_URL', 'https://u:p@example.org'),
        ('LOG_LEVEL', 'loud'),
        ('LOG_FORMAT', 'xml'),
        ('SESSIONS_PER_HOST', '0'),
        ('MEDIA_MAX_MB', '1.5'),
        ('RETENTION_DAYS', 'x'),
        ('TRUSTED_PROXIES', '10.0.0.0/40'),
        ('ALLOW_TARGETS', 'intranet'),
        ('DEFAULT_COUNTRY', 'XX'),
        ('STALE_AFTER', 'soon'),
    ],
)
def test_a_wrong_value_stops_the_start_with_its_name_and_what_is_right(name: str, value: str) -> None:
    sentence = wrong(**{name: value})
    assert sentence.startswith(f'DOVECOTE_{name} must be ')
    assert sentence.endswith('.')


def test_right_values_are_read() -> None:
    settings = Settings.from_env(
        {
            'DOVECOTE_TRUSTED_PROXIES': '10.0.0.0/8, ::1',
            'DOVECOTE_DEFAULT_COUNTRY': 'de',
            'DOVECOTE_PUBLIC_URL': 'https://chat.example.org/',
            'DOVECOTE_LOG_LEVEL': 'debug',
            'DOVECOTE_DATABASE_URL': 'sqlite',
            'DOVECOTE_PORT': '',
        }
    )
    assert settings.trusted_proxies == (ip_network('10.0.0.0/8'), ip_network('::1'))
    assert (settings.default_country, settings.public_url) == ('DE', 'https://chat.example.org')
    assert (settings.log_level, settings.database_url, settings.port) == ('DEBUG', '', 8080)


def test_postgres_is_refused_honestly_and_without_the_password() -> None:
    sentence = wrong(DATABASE_URL='postgresql://me:hunter2@db/dovecote')
    assert 'not built yet' in sentence
    assert 'hunter2' not in sentence


def test_what_kubernetes_writes_for_a_service_of_our_name_is_explained() -> None:
    assert 'enableServiceLinks' in wrong(PORT='tcp://10.0.0.7:8080')


def test_secrets_are_read_from_files_and_never_shown(tmp_path: Path) -> None:
    file = tmp_path / 'key'
    file.write_text('k' * 40 + '\n')
    settings = Settings.from_env({'DOVECOTE_SECRET_KEY_FILE': str(file)})
    assert settings.secret_key == 'k' * 40
    assert 'kkkk' not in repr(settings)
    assert 'tooshort' not in wrong(SECRET_KEY='tooshort')
    assert 'keep one' in wrong(SECRET_KEY='k' * 40, SECRET_KEY_FILE=str(file))
    assert 'cannot be read' in wrong(SECRET_KEY_FILE=str(tmp_path / 'none'))
    file.write_text('')
    assert 'is empty' in wrong(SECRET_KEY_FILE=str(file))


def test_only_secrets_may_come_from_files() -> None:
    assert 'There is no setting DOVECOTE_PORT_FILE' in wrong(PORT_FILE='/x')


def test_every_setting_is_a_field_and_stands_in_the_table_with_a_sentence() -> None:
    assert [setting.name.lower() for setting in SETTINGS] == [each.name for each in fields(Settings)]
    table = settings_table()
    for setting in SETTINGS:
        assert f'`DOVECOTE_{setting.name}`' in table
        assert len(setting.sentence) > 20
