"""People: who exists, who is signed in, and who asks."""

import hashlib
import hmac
import logging
import re
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from data import people as rows
from data.database import read, write, write_soon

from .errors import Conflict, Forbidden, Invalid, NotFound, TooMany
from .keys import Keys
from .passwords import NOBODY, hashed, is_right
from .rights import Asker, Login, Look, Role, holds_all_of
from .tries import Tries, network_of
from .world import World

log = logging.getLogger(__name__)

SIGNED_IN_FOR = timedelta(days=14)  # since the last use
SEEN_EVERY = timedelta(minutes=1)
KNOWN_FOR = 5.0  # seconds a login is believed without asking the database
MOST_KNOWN = 2_000
WRONG = 'The e-mail address or the password is not right.'


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who may sign in, as lists show them."""

    id: str
    email: str
    name: str
    role: Role
    active: bool
    created_at: datetime
    last_seen_at: datetime | None


Beside = Callable[[Person], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A browser in which somebody is signed in; `browser` is what it calls itself."""

    login_id: str
    since: datetime
    last_seen_at: datetime
    ip: str
    browser: str


class People:
    """Everything about people and, through Keys, about the keys of programs. All methods may be called on any thread.

    `secret` is the program's secret key; the token of the first set-up is made from it.
    """

    def __init__(self, world: World, secret: bytes) -> None:
        self.world = world
        self.secret = secret
        keys = Keys(world, self._tell)
        self.add_key, self.revoke_key, self.keys = keys.add_key, keys.revoke_key, keys.keys
        self.asker_of_key = keys.asker_of_key
        self._somebody = False
        self._known: dict[str, tuple[Login, float]] = {}
        self._changes = 0  # counts what makes a known login wrong, so that a slow reader does not bring it back
        self._lock = threading.Lock()
        self._watchers: list[Callable[[list[str]], object]] = []
        self._from_place = Tries(world.ticks, most=30, every=20)
        self._for_person = Tries(world.ticks, most=8, every=60)

    # ---- signing in

    def sign_in(self, email: str, password: str, ip: str, user_agent: str) -> str:
        """A fresh token for the cookie, after about 0.1 s. Raises Invalid (one sentence for all reasons) or TooMany."""
        email, place = email.strip().lower()[:254], network_of(ip)
        with read():
            user = rows.user_by_email(email)
            # A stranger who guesses must not lock out the person at the place where they always sign in.
            door = f'{email} {ip}' if user and rows.signed_in_from(user.id, ip) else email
        self._count_try(door, place)
        right = is_right(password, user.password_hash if user else NOBODY)
        if user is None or not right or not user.active:
            log.warning('sign-in refused from %s', ip)
            raise Invalid(WRONG, code='wrong_password')
        self._for_person.forget(door)
        self._from_place.give_back(place)
        log.info('%s signed in from %s', user.email, ip)
        return self._begin_login(user.id, ip, user_agent)

    def login_of(self, token: str) -> Login | None:
        """Who is signed in with this cookie; cheap to ask often. None once it was revoked or has expired."""
        login_id = _hash(token)
        known = self._known.get(login_id)
        if known is not None and known[1] > self.world.ticks():
            return known[0]
        return self._read_login(login_id)

    def asker_of(self, token: str) -> Asker | None:
        login = self.login_of(token)
        return login.asker if login else None

    def sign_out(self, token: str) -> None:
        now, login_id = self.world.now(), _hash(token)
        self._changed(write(lambda: rows.revoke_logins(now, login_id=login_id)))

    def revoke_logins(self, by: Asker, user_id: str, *, keep: str = '') -> int:
        """Sign this person, or oneself, out everywhere but in the login `keep`; returns how many logins that ended."""
        if by.id != user_id:
            self._must_manage(by, user_id)
        return len(self._end_logins(user_id, keep))

    def logins_of(self, user_id: str) -> list[Place]:
        """Where this person is signed in, the newest use first."""
        with read():
            return [_place(row) for row in rows.open_logins(user_id, self.world.now())]

    def when_changed(self, watcher: Callable[[list[str]], object]) -> None:
        """Tell `watcher` the ids of logins that ended or whose rights changed, on the thread that changed them.

        None are named when a key was revoked.
        """
        self._watchers.append(watcher)

    # ---- people

    def setup_token(self) -> str:
        """What proves, while nobody exists, that the asker may read this program's log; '' afterwards."""
        with read():
            return (
                '' if rows.anybody() else hmac.new(self.secret, b'set-up of the first owner', 'sha256').hexdigest()[:32]
            )

    def set_up(self, token: str, email: str, name: str, password: str, ip: str = '') -> Person:
        """Create the first owner. Raises Conflict when somebody exists, Forbidden for a wrong token, TooMany."""
        self._from_place.take(network_of(ip))
        right = self.setup_token()
        if not right:
            raise Conflict('Dovecote is set up already. Sign in instead.')
        if not hmac.compare_digest(token.strip().encode(), right.encode()):
            raise Forbidden('This is not the token from the log.')
        return self._create(email, name, 'owner', password, first=True)

    def add_user(
        self, by: Asker, email: str, name: str, role: Role, password: str, *, beside: Beside = lambda person: None
    ) -> Person:
        """Raises Forbidden (no right, or a role above the asker's), Invalid or Conflict (the address is taken).

        `beside` is done in the same write.
        """
        self._must_give(by, role)
        return self._create(email, name, role, password, beside=beside)

    def users(self) -> list[Person]:
        with read():
            return [_person(row) for row in rows.all_users()]

    def set_password(self, by: Asker, user_id: str, password: str, *, keep: str = '') -> None:
        """One's own, or that of somebody one may manage. Ends their logins but `keep`."""
        user = self._user(user_id) if by.id == user_id else self._must_manage(by, user_id)
        password_hash = hashed(password, user.email)
        write(lambda: rows.change_user(user_id, password_hash=password_hash))
        self._end_logins(user_id, keep)

    def check_password(self, user_id: str, password: str) -> None:
        """Before somebody changes their own: raises Invalid when it is wrong, TooMany."""
        self._for_person.take(user_id)
        if not is_right(password, self._user(user_id).password_hash):
            raise Invalid('This is not your present password.', field='password', code='wrong_password')
        self._for_person.forget(user_id)

    def set_role(self, by: Asker, user_id: str, role: Role) -> None:
        """Raises Conflict when it would leave no owner."""
        self._must_give(by, role)
        self._must_manage(by, user_id)
        self._change_but_keep_an_owner(user_id, stays_owner=role == 'owner', role=role)

    def change_user(
        self, by: Asker, user_id: str, *, role: Role | None = None, active: bool | None = None,
        password: str | None = None,
    ) -> None:  # fmt: skip
        """Several things at once, all or none; None leaves one as it is. Raises what the single ones raise."""
        if role is not None:
            self._must_give(by, role)
        user = self._must_manage(by, user_id)
        values: dict[str, object] = {
            name: value for name, value in (('role', role), ('active', active)) if value is not None
        }
        if password is not None:
            values['password_hash'] = hashed(password, user.email)
        if values:
            stays_owner = role in (None, 'owner') and active is not False
            self._change_but_keep_an_owner(user_id, stays_owner=stays_owner, **values)
        if password is not None or active is False:
            self._end_logins(user_id)

    def deactivate(self, by: Asker, user_id: str) -> None:
        """Signs them out everywhere; raises Conflict for the last owner."""
        self._must_manage(by, user_id)
        self._change_but_keep_an_owner(user_id, stays_owner=False, active=False)
        self._end_logins(user_id)

    def activate(self, by: Asker, user_id: str) -> None:
        self._must_manage(by, user_id)
        write(lambda: rows.change_user(user_id, active=True))

    def set_look(self, user_id: str, look: Look) -> None:
        write(lambda: rows.change_user(user_id, look=look))
        with self._lock:  # nothing to tell open pages: the one that asked shows it already
            self._changes += 1
            self._known.clear()

    # ---- behind

    def _count_try(self, door: str, place: str) -> None:
        self._from_place.take(place)
        try:
            self._for_person.take(door)
        except TooMany:
            log.warning('too many sign-in tries for one account, now from %s', place)
            raise

    def _begin_login(self, user_id: str, ip: str, user_agent: str) -> str:
        token, now = secrets.token_urlsafe(32), self.world.now()

        def keep() -> None:
            rows.forget_old_logins(now - SIGNED_IN_FOR)
            rows.Login.create(
                id=_hash(token), user=user_id, created_at=now, last_seen_at=now, expires_at=now + SIGNED_IN_FOR,
                ip=ip[:64], user_agent=user_agent[:200],
            )  # fmt: skip

        write(keep)
        return token

    def _read_login(self, login_id: str) -> Login | None:
        changes, now = self._changes, self.world.now()
        with read():
            row = rows.open_login(login_id, now)
        if row is None:
            return None
        login = _login(row)
        with self._lock:
            if changes == self._changes:
                if len(self._known) >= MOST_KNOWN:
                    self._known.clear()
                self._known[login_id] = (login, self.world.ticks() + KNOWN_FOR)
        if now - cast(datetime, row.last_seen_at) >= SEEN_EVERY:
            write_soon(lambda: rows.seen(login_id, login.asker.id, now, now + SIGNED_IN_FOR))
        return login

    def _create(
        self, email: str, name: str, role: Role, password: str, *, first: bool = False,
        beside: Beside = lambda person: None,
    ) -> Person:  # fmt: skip
        email = _email(email)
        values = {'id': self.world.new_id(), 'email': email, 'name': _name(name, email), 'role': role,
                  'password_hash': hashed(password, email), 'created_at': self.world.now()}  # fmt: skip

        def create() -> Person:
            if first and rows.anybody():
                raise Conflict('Dovecote is set up already. Sign in instead.')
            if rows.user_by_email(email):
                raise Conflict(f'There is already somebody with the address {email}.', code='email_taken')
            made = _person(rows.User.create(**values))
            beside(made)
            return made

        return write(create)

    def _change_but_keep_an_owner(self, user_id: str, *, stays_owner: bool, **values: object) -> None:
        def change() -> list[str]:
            user = rows.user_by_id(user_id)
            if user and user.role == 'owner' and user.active and not stays_owner and not rows.other_owners(user_id):
                raise Conflict('This is the last owner. Make somebody else an owner first.', code='last_owner')
            rows.change_user(user_id, **values)
            return [login.id for login in rows.open_logins(user_id, self.world.now())]

        self._changed(write(change))

    def _end_logins(self, user_id: str, keep: str = '') -> list[str]:
        now = self.world.now()
        ended = write(lambda: rows.revoke_logins(now, user_id=user_id, keep=keep))
        self._changed(ended)
        return ended

    def _changed(self, login_ids: list[str]) -> None:
        with self._lock:
            self._changes += 1
            for login_id in login_ids:
                self._known.pop(login_id, None)
        self._tell(login_ids)

    def _tell(self, login_ids: list[str]) -> None:
        for watcher in self._watchers:
            watcher(login_ids)

    def _must_give(self, by: Asker, role: Role) -> None:
        by.must('people.manage')
        if by.sessions is not None:
            raise Forbidden('A key for some sessions may not manage people.')
        if not holds_all_of(by.role, role):
            raise Forbidden(f'The role {by.role} may not make somebody {role}.')

    def _must_manage(self, by: Asker, user_id: str) -> rows.User:
        by.must('people.manage')
        user = self._user(user_id)
        self._must_give(by, cast(Role, user.role))
        return user

    def _user(self, user_id: str) -> rows.User:
        with read():
            user = rows.user_by_id(user_id)
        if user is None:
            raise NotFound('There is no such person.')
        return user


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode('utf-8', 'replace')).hexdigest()


def _login(row: rows.Login) -> Login:
    user = row.user
    asker = Asker(kind='user', id=user.id, name=user.name, role=cast(Role, user.role))
    return Login(id=row.id, asker=asker, email=user.email, look=cast(Look, user.look))


def _person(row: rows.User) -> Person:
    return Person(
        id=row.id, email=row.email, name=row.name, role=cast(Role, row.role), active=row.active,
        created_at=row.created_at, last_seen_at=row.last_seen_at,
    )  # fmt: skip


def _place(row: rows.Login) -> Place:
    return Place(
        login_id=row.id, since=row.created_at, last_seen_at=row.last_seen_at, ip=row.ip, browser=row.user_agent
    )


def _email(text: str) -> str:
    email = text.strip().lower()
    if len(email) > 254 or not re.fullmatch(r'[^@\s<>"]+@[^@\s<>"]+', email):
        raise Invalid('This is not an e-mail address.', field='email')
    return email


def _name(text: str, email: str) -> str:
    name = ' '.join(text.split())[:80]
    return name or email.partition('@')[0]
