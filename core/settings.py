"""What the person who runs this may decide, and what happens when they decide nothing."""

import difflib
import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .errors import SettingWrong

PREFIX = 'DOVECOTE_'

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every decision, read once at the start. An empty text or tuple means: nothing was said.

    `stale_after` is in seconds, `media_max_mb` in MiB, `retention_days` 0 keeps for ever.
    """

    state: Path
    host: str
    port: int
    public_url: str
    database_url: str = field(repr=False)
    secret_key: str = field(repr=False)
    log_format: str
    log_level: str
    metrics: bool
    sessions_per_host: int
    media_max_mb: int
    retention_days: int
    trusted_proxies: tuple[Network, ...]
    allow_targets: tuple[Network, ...]
    default_country: str
    stale_after: int

    @classmethod
    def from_env(
        cls, env: Mapping[str, str], *, sandbox: bool = False, options: Mapping[str, str] | None = None
    ) -> 'Settings':
        """`options` are what the command line said, by setting name (`PORT`); they win over `env`.

        A name or value that makes no sense raises SettingWrong.
        """
        _refuse_unknown(env)
        said = {setting.name: _said(setting, env, options or {}) for setting in SETTINGS}
        if sandbox and not said['STATE'][1]:
            said['STATE'] = ('', SANDBOX_STATE)
        values: dict[str, Any] = {s.name.lower(): _value(s, *said[s.name]) for s in SETTINGS}
        return cls(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`says` is what a right value looks like; `read` raises ValueError for a wrong one."""

    says: str
    read: Callable[[str], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """`default` is written as it would be in the environment."""

    name: str
    kind: Kind
    default: str = ''
    sentence: str
    secret: bool = False


def settings_table() -> str:
    """The table of the README, in Markdown, made from SETTINGS."""
    lines = ['| setting | default | what it decides |', '|---|---|---|']
    for setting in SETTINGS:
        default = f'`{setting.default}`' if setting.default else ''
        names = f'`{PREFIX}{setting.name}`' + (f' or `{PREFIX}{setting.name}_FILE`' if setting.secret else '')
        sentence = f'{setting.sentence} ({setting.kind.says})'.replace('|', '\\|')
        lines.append(f'| {names} | {default} | {sentence} |')
    return '\n'.join(lines)


def _refuse_unknown(env: Mapping[str, str]) -> None:
    known = [PREFIX + s.name for s in SETTINGS] + [f'{PREFIX}{s.name}_FILE' for s in SETTINGS if s.secret]
    for name in sorted(env):
        if name.startswith(PREFIX) and name not in known:
            near = difflib.get_close_matches(
                name.removeprefix(PREFIX), [each.removeprefix(PREFIX) for each in known], n=1
            )
            raise SettingWrong(
                f'There is no setting {name}. '
                + (f'Did you mean {PREFIX}{near[0]}?' if near else '`dovecote settings` lists what there is.')
            )


def _said(setting: Setting, env: Mapping[str, str], options: Mapping[str, str]) -> tuple[str, str]:
    """Who said it, for the sentence when it is wrong, and what. An empty variable says nothing, as compose needs."""
    name = PREFIX + setting.name
    if setting.name in options:
        return f'--{setting.name.lower()}', options[setting.name]
    file = env.get(f'{name}_FILE', '').strip() if setting.secret else ''
    if file and env.get(name, '').strip():
        raise SettingWrong(f'{name} and {name}_FILE are both set; keep one of them.')
    if file:
        return f'{name}_FILE', _secret_from(f'{name}_FILE', file)
    return name, env.get(name, '').strip()


def _secret_from(name: str, file: str) -> str:
    try:
        text = Path(file).read_text('utf-8').strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else 'it is not text'
        raise SettingWrong(f'{name} names {file}, which cannot be read: {why}.') from error
    if not text:
        raise SettingWrong(f'{name} names {file}, which is empty.')
    return text


def _value(setting: Setting, source: str, text: str) -> Any:
    try:
        return setting.kind.read(text or setting.default)
    except ValueError as error:
        shown = '' if setting.secret else f', not {text[:80]!r}'
        raise SettingWrong(f'{source} must be {setting.kind.says}{shown}.{_why(str(text), error)}') from error


def _why(text: str, error: ValueError) -> str:
    if text.startswith('tcp://'):
        return ' Kubernetes writes this for a service named dovecote: set `enableServiceLinks: false` on the pod.'
    return f' {error.args[0]}' if isinstance(error, _Because) else ''


class _Because(ValueError):
    """A wrong value that deserves a second sentence."""


def _number(least: int, most: int) -> Kind:
    def read(text: str) -> int:
        if not re.fullmatch(r'[0-9]{1,9}', text) or not least <= int(text) <= most:
            raise ValueError(text)
        return int(text)

    return Kind(says=f'a whole number from {least} to {most}', read=read)


def _one_of(*words: str) -> Kind:
    def read(text: str) -> str:
        for word in words:
            if text.lower() == word.lower():
                return word
        raise ValueError(text)

    return Kind(says=f'one of {", ".join(words)}', read=read)


def _switch(text: str) -> bool:
    if text.lower() not in ('on', 'off'):
        raise ValueError(text)
    return text.lower() == 'on'


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(part, strict=False) for part in re.split(r'[,\s]+', text) if part)


def _host(text: str) -> str:
    if not re.fullmatch(r'[A-Za-z0-9._:%-]+', text):
        raise ValueError(text)
    return text


def _public_url(text: str) -> str:
    parts = urlsplit(text)
    if text and (parts.scheme not in ('http', 'https') or not parts.hostname or parts.query or parts.fragment):
        raise ValueError(text)
    if '@' in parts.netloc:
        raise ValueError(text)
    return text.rstrip('/')


def _database_url(text: str) -> str:
    if text in ('', 'sqlite'):
        return ''
    if text.startswith(('postgres://', 'postgresql://')):
        raise _Because('Running on Postgres is planned and not built yet; this version keeps everything in SQLite.')
    raise ValueError(text)


def _secret_key(text: str) -> str:
    if text and len(text) < 32:
        raise ValueError('too short')
    return text


def _country(text: str) -> str:
    # Heavy to import and needed only when somebody names a country.
    from phonenumbers import SUPPORTED_REGIONS  # noqa: PLC0415

    if text and text.upper() not in SUPPORTED_REGIONS:
        raise ValueError(text)
    return text.upper()


SANDBOX_STATE = './state-sandbox'

_NETWORKS = Kind(says='networks like 10.0.0.0/8, separated by commas', read=_networks)

SETTINGS = (
    Setting(
        name='STATE',
        kind=Kind(says='a directory of its own', read=lambda text: Path(text).expanduser().absolute()),
        default='./state',
        sentence=f'Where everything is kept; with --sandbox the default is {SANDBOX_STATE}',
    ),
    Setting(
        name='HOST',
        kind=Kind(says='an address or name of this machine', read=_host),
        default='127.0.0.1',
        sentence='Where to listen; 0.0.0.0 lets other machines in, best behind a proxy with TLS',
    ),
    Setting(
        name='PORT', kind=_number(0, 65535), default='8080', sentence='The port to listen on; 0 takes any free one'
    ),
    Setting(
        name='PUBLIC_URL',
        kind=Kind(says='an address like https://chat.example.org', read=_public_url),
        sentence='How browsers reach this program when it stands behind a proxy; https here makes cookies secure',
    ),
    Setting(
        name='DATABASE_URL',
        kind=Kind(says='empty or sqlite', read=_database_url),
        sentence='The database; today always SQLite inside the state directory, postgresql:// is refused at the start',
        secret=True,
    ),
    Setting(
        name='SECRET_KEY',
        kind=Kind(says='at least 32 characters', read=_secret_key),
        sentence='Signs cookies and locks stored secrets; when empty one is made and kept in secret.key',
        secret=True,
    ),
    Setting(name='LOG_FORMAT', kind=_one_of('text', 'json'), default='text', sentence='How log lines are written'),
    Setting(
        name='LOG_LEVEL',
        kind=_one_of('DEBUG', 'INFO', 'WARNING', 'ERROR'),
        default='INFO',
        sentence='From which importance on facts are logged',
    ),
    Setting(
        name='METRICS',
        kind=Kind(says='on or off', read=_switch),
        default='off',
        sentence='Whether GET /metrics gives figures to Prometheus; they name nobody, but need no key',
    ),
    Setting(
        name='SESSIONS_PER_HOST',
        kind=_number(1, 500),
        default='20',
        sentence='How many sessions share one child process, and so what one crash of the WhatsApp library takes down',
    ),
    Setting(
        name='MEDIA_MAX_MB',
        kind=_number(1, 2048),
        default='100',
        sentence='The largest file in MiB that is taken, from people or from WhatsApp',
    ),
    Setting(
        name='RETENTION_DAYS',
        kind=_number(0, 36500),
        default='0',
        sentence='After how many days messages are deleted; 0 keeps them for ever',
    ),
    Setting(
        name='TRUSTED_PROXIES',
        kind=_NETWORKS,
        sentence='Proxies whose X-Forwarded-For and -Proto headers are believed; nobody else is',
    ),
    Setting(
        name='ALLOW_TARGETS',
        kind=_NETWORKS,
        sentence='Private networks that outgoing requests may reach',
    ),
    Setting(
        name='DEFAULT_COUNTRY',
        kind=Kind(says='a country code like DE', read=_country),
        sentence='The country of phone numbers written without one, for sessions that have no country of their own',
    ),
    Setting(
        name='STALE_AFTER',
        kind=_number(0, 604800),
        default='300',
        sentence='Seconds after which a message is too old to be answered automatically',
    ),
)
