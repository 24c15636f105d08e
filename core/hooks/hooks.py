"""The hooks there are: made, changed, deleted, and found by the key in their address."""

import base64
import binascii
import hashlib
import ipaddress
import json
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol, cast

from data import hooks as rows
from data.database import after_commit, read, write

from ..addresses import Address
from ..errors import Invalid, NotFound
from ..fill import compiled
from ..news import NewsDesk
from ..seal import Seal
from ..templates import Filled
from ..world import World
from .mapping import Map, checked_map, kept_map, map_of
from .verifying import KINDS, AuthKind, checked_auth

log = logging.getLogger(__name__)

Respond = Literal['now', 'wait']

MOST = 500
KEY_BYTES = 16
PER_MINUTE = 60
BOTH_FOR = timedelta(hours=24)  # after a secret was changed, so that the other side has time to follow
NEEDS_SECRET = {kind for kind, about in KINDS.items() if about.proves is not None}


class StartFlow(Protocol):
    """Starts a flow with what a hook was told, inside the write that settles it; returns the id of the run."""

    def __call__(self, key: str, payload: Any, contact_id: str, session: str, /) -> str: ...


class FillTemplate(Protocol):
    """What the template with this key says to `to` when this session writes. Raises Invalid, NotFound or NoFiller."""

    def __call__(self, key: str, vars: Mapping[str, Any], /, *, to: Address, session: str) -> Filled: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What people decide about a hook. `secret` and `verify_token` '' leave those that are.

    `auth`: the settings of its kind. `once`: a template for what makes two calls the same, '' for what is usual.
    """

    name: str
    kind: AuthKind = 'key'
    auth: Mapping[str, Any] = field(default_factory=dict)
    secret: str = field(default='', repr=False)
    verify_token: str = field(default='', repr=False)
    map: Map = field(default_factory=Map)
    enabled: bool = True
    respond: Respond = 'now'
    per_minute: int = PER_MINUTE
    allow_from: tuple[str, ...] = ()
    once: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A hook with its secrets open. `previous`: the secret before, taken until `previous_until`; '' for none."""

    id: str
    key: str = field(repr=False)
    settings: Settings
    previous: str = field(default='', repr=False)
    previous_until: datetime | None = None
    created_at: datetime
    changed_at: datetime

    def secrets(self, now: datetime) -> list[str]:
        """All that are taken now."""
        both = self.previous and self.previous_until is not None and now < self.previous_until
        return [self.settings.secret, self.previous] if both else [self.settings.secret]


class Hooks:
    """`start_flow`, `fill_template`: None while nobody can do it; a hook that asks for it is refused."""

    def __init__(
        self, world: World, seal: Seal, desk: NewsDesk, *, start_flow: StartFlow | None = None,
        fill_template: FillTemplate | None = None,
    ) -> None:  # fmt: skip
        self.world, self.seal, self.desk = world, seal, desk
        self.start_flow, self.fill_template = start_flow, fill_template
        self._by_hash: dict[str, Known] = {}
        self._age = 0  # what was read before a change must not be remembered after it

    def create(self, new: Settings) -> tuple[Known, str]:
        """Also returns the secret if we chose it, else ''. Raises Invalid."""
        chosen = _fresh_secret(new.kind) if new.kind in NEEDS_SECRET and not new.secret else ''
        settings = self._checked(replace(new, secret=new.secret or chosen))
        key = secrets.token_urlsafe(KEY_BYTES)

        def keep() -> Known:
            if len(rows.hooks_in_order()) >= MOST:
                raise Invalid(f'There are {MOST} hooks already; delete one that nobody calls.')
            now = self.world.now()
            made = Known(id=self.world.new_id(), key=key, settings=settings, created_at=now, changed_at=now)
            rows.add_hook(id=made.id, created_at=now, **self._columns(made))
            self._changed()
            return made

        return write(keep), chosen

    def change(self, id: str, new: Settings) -> tuple[Known, str]:
        """A new secret of the same kind leaves the old one good for a day. Raises Invalid, NotFound."""

        def keep() -> tuple[Known, str]:
            old, now, chosen = self.one(id), self.world.now(), ''
            settings, previous, until = new, '', None
            if new.kind == old.settings.kind:
                secret = new.secret or old.settings.secret
                settings = replace(new, secret=secret, verify_token=new.verify_token or old.settings.verify_token)
                previous, until = old.previous, old.previous_until
                if secret != old.settings.secret:
                    previous, until = old.settings.secret, now + BOTH_FOR
            elif new.kind in NEEDS_SECRET and not new.secret:
                chosen = _fresh_secret(new.kind)
                settings = replace(new, secret=chosen)
            key = old.key or secrets.token_urlsafe(KEY_BYTES)
            made = replace(old, key=key, settings=self._checked(settings), previous=previous, previous_until=until,
                           changed_at=now)  # fmt: skip
            rows.change_hook(id, **self._columns(made))
            self._changed()
            return made, chosen

        return write(keep)

    def rotate(self, id: str) -> tuple[Known, str]:
        """A new secret of our choice; the old one is good for a day. Raises Invalid when it has none, NotFound."""

        def keep() -> tuple[Known, str]:
            settings = self.one(id).settings
            if settings.kind not in NEEDS_SECRET:
                raise Invalid('This hook has no secret.', field='auth.kind')
            fresh = _fresh_secret(settings.kind)
            return self.change(id, replace(settings, secret=fresh))[0], fresh

        return write(keep)

    def delete(self, id: str) -> None:
        """With everything it was told. Raises NotFound."""

        def remove() -> None:
            if not rows.delete_hook(id):
                raise _unknown()
            self._changed()

        write(remove)

    def all(self) -> list[Known]:
        """Newest first. Reads the database."""
        return [self._known(row) for row in rows.hooks_in_order()]

    def one(self, id: str) -> Known:
        """Reads the database. Raises NotFound."""
        row = rows.hook_by_id(id)
        if row is None:
            raise _unknown()
        return self._known(row)

    def at(self, key: str) -> Known | None:
        """The one with this key in its address: a look into memory, but for the first time."""
        key_hash = _hash(key)
        found = self._by_hash.get(key_hash)
        if found is None:
            age = self._age
            with read():
                row = rows.hook_by_key_hash(key_hash)
            if row is None:
                return None
            found = self._known(row)
            if age == self._age:
                self._by_hash[key_hash] = found
        return found

    def checked(self, map: Map) -> Map:
        """Raises Invalid for what could never be done, or not here."""
        if map.action == 'flow' and self.start_flow is None:
            raise Invalid('Flows cannot be started by hooks yet; send a message instead.', field='map.flow')
        if map.template and self.fill_template is None:
            raise Invalid('There are no templates yet; write the text here instead.', field='map.template')
        return checked_map(map)

    def _checked(self, new: Settings) -> Settings:
        name = new.name.strip()
        if not 1 <= len(name) <= 80:
            raise Invalid('A name has 1 to 80 characters.', field='name')
        kind, auth = checked_auth(new.kind, new.auth)
        _check_secret(kind, new.secret, new.verify_token)
        if new.respond not in ('now', 'wait'):
            raise Invalid('A hook responds now or waits: “now” or “wait”.', field='respond')
        if not 0 <= new.per_minute <= 100_000:
            raise Invalid('Calls a minute: 1 to 100000, or 0 for no limit.', field='per_minute')
        if new.once:
            try:
                compiled(new.once)
            except Invalid as error:
                raise Invalid(str(error), field='once') from error
        return replace(
            new, name=name, kind=kind, auth=auth, map=self.checked(new.map), allow_from=_networks(new.allow_from)
        )

    def _columns(self, known: Known) -> dict[str, Any]:
        told = known.settings
        hidden = {'key': known.key, 'secret': told.secret, 'previous': known.previous, 'verify': told.verify_token}
        return {
            'name': told.name, 'key_hash': _hash(known.key),
            'sealed': self.seal.close(json.dumps(hidden)), 'auth': {'kind': told.kind, **told.auth},
            'map': kept_map(told.map), 'enabled': told.enabled, 'respond': told.respond,
            'per_minute': told.per_minute, 'allow_from': list(told.allow_from), 'once': told.once,
            'previous_until': known.previous_until, 'changed_at': known.changed_at,
        }  # fmt: skip

    def _known(self, row: rows.Hook) -> Known:
        hidden = self._opened(row)
        auth = dict(row.auth)
        settings = Settings(
            name=str(row.name), kind=auth.pop('kind'), auth=auth, secret=hidden['secret'],
            verify_token=hidden['verify'], map=map_of(row.map), enabled=bool(row.enabled) and bool(hidden['key']),
            respond=cast(Respond, row.respond), per_minute=int(row.per_minute), allow_from=tuple(row.allow_from),
            once=str(row.once),
        )  # fmt: skip
        return Known(
            id=str(row.id), key=hidden['key'], settings=settings, previous=hidden['previous'],
            previous_until=row.previous_until, created_at=row.created_at, changed_at=row.changed_at,
        )  # fmt: skip

    def _opened(self, row: rows.Hook) -> dict[str, str]:
        """What is sealed; all of it empty when the program's secret is another one now: such a hook is off."""
        try:
            found: dict[str, str] = json.loads(self.seal.open(str(row.sealed)))
        except Invalid as error:
            log.error('hook %s is off: %s', row.id, error)
            return dict.fromkeys(('key', 'secret', 'previous', 'verify'), '')
        return found

    def _changed(self) -> None:
        after_commit(self._forget)
        after_commit(lambda: self.desk.whisper('hooks.changed', {}))

    def _forget(self) -> None:
        self._age += 1
        self._by_hash.clear()


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode('utf-8', 'replace')).hexdigest()


def _fresh_secret(kind: AuthKind) -> str:
    if kind == 'standard_webhooks':
        return 'whsec_' + base64.b64encode(secrets.token_bytes(32)).decode()
    return secrets.token_urlsafe(32)


def _check_secret(kind: AuthKind, secret: str, verify_token: str) -> None:
    if len(secret) > 500 or len(verify_token) > 500:
        raise Invalid('A secret has at most 500 characters.', field='auth.secret')
    if kind in NEEDS_SECRET and not secret:
        raise Invalid('This proof needs a secret.', field='auth.secret')
    if kind not in NEEDS_SECRET and secret:
        raise Invalid(f'“{KINDS[kind].label}” has no secret.', field='auth.secret')
    if kind != 'meta' and verify_token:
        raise Invalid('Only Meta asks with a token first.', field='auth.verify_token')
    if kind == 'standard_webhooks':
        try:
            known = base64.b64decode(secret.removeprefix('whsec_'), validate=True)
        except binascii.Error:
            known = b''
        if not known:
            raise Invalid('A secret of Standard Webhooks is whsec_ and base64 behind it.', field='auth.secret')


def _networks(texts: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(str(ipaddress.ip_network(each.strip(), strict=False)) for each in texts)
    except ValueError:
        raise Invalid('A network is written like 203.0.113.0/24.', field='allow_from') from None


def _unknown() -> NotFound:
    return NotFound('There is no such hook.')
