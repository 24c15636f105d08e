"""People, their rights, and the keys of programs, on a real database and with a clock that we move."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from ulid import ULID

from core.errors import Conflict, Forbidden, Invalid, NotFound, TooMany
from core.people import SIGNED_IN_FOR, People, Person
from core.rights import RIGHTS, SYSTEM, Asker, Role
from core.tries import Tries, network_of
from core.world import World
from data import people as rows
from data.database import close_database, database, open_database, write

GOOD = 'correct horse'


@dataclass
class Clock:
    at: datetime = datetime(2026, 11, 22, 12, tzinfo=UTC)
    ticks: float = 1000.0
    http: httpx.Client = field(default_factory=httpx.Client)

    def pass_by(self, span: timedelta) -> None:
        self.at += span
        self.ticks += span.total_seconds()

    def world(self) -> World:
        return World(now=lambda: self.at, new_id=lambda: str(ULID()), http=self.http, ticks=lambda: self.ticks)


@pytest.fixture
def clock(tmp_path: Path) -> Iterator[Clock]:
    open_database(tmp_path / 'dovecote.db')
    clock = Clock()
    yield clock
    clock.http.close()
    close_database()


@pytest.fixture
def people(clock: Clock) -> People:
    return People(clock.world(), b'secret')


def add(people: People, role: Role, by: Asker = SYSTEM) -> Person:
    return people.add_user(by, f'{role}-{ULID()}@example.org', role.title(), role, GOOD)


def asker(person: Person) -> Asker:
    return Asker(kind='user', id=person.id, name=person.name, role=person.role)


def test_each_role_holds_all_rights_of_the_one_below() -> None:
    owner, admin, agent, viewer = RIGHTS.values()
    assert owner > admin > agent > viewer
    assert owner - admin == {'owners.manage'}
    assert viewer == {'sessions.see', 'messages.see', 'flows.see', 'templates.see', 'hooks.see'}


def test_a_missing_right_is_refused_in_a_sentence() -> None:
    viewer = replace(SYSTEM, role='viewer')
    with pytest.raises(Forbidden, match=r'^The role viewer may not send messages\.$'):
        viewer.must('messages.send')
    limited = replace(SYSTEM, sessions=frozenset({'a'}))
    assert (limited.may_session('a'), limited.may_session('b'), SYSTEM.may_session('b')) == (True, False, True)


@pytest.mark.parametrize('maker', list(RIGHTS))
@pytest.mark.parametrize('made', list(RIGHTS))
def test_nobody_makes_a_person_or_key_stronger_than_themselves(people: People, maker: Role, made: Role) -> None:
    allowed = {'owner': 'owner admin agent viewer', 'admin': 'admin agent viewer'}.get(maker, '').split()
    by = replace(SYSTEM, role=maker)
    for attempt in (lambda: add(people, made, by), lambda: people.add_key(by, 'a key', made)):
        if made in allowed:
            attempt()
        else:
            with pytest.raises(Forbidden):
                attempt()


def test_an_admin_has_no_power_over_an_owner(people: People) -> None:
    owner, admin = add(people, 'owner'), asker(add(people, 'admin'))
    add(people, 'owner')
    with pytest.raises(Forbidden):
        people.deactivate(admin, owner.id)
    with pytest.raises(Forbidden):
        people.set_role(admin, owner.id, 'viewer')
    with pytest.raises(Forbidden):
        people.set_password(admin, owner.id, 'taken over by me')
    with pytest.raises(Forbidden):
        people.revoke_logins(admin, owner.id)


def test_the_last_owner_stays(people: People) -> None:
    first, second = add(people, 'owner'), add(people, 'owner')
    people.deactivate(asker(second), first.id)
    with pytest.raises(Conflict, match='last owner'):
        people.deactivate(asker(second), second.id)
    with pytest.raises(Conflict, match='last owner'):
        people.set_role(asker(second), second.id, 'admin')
    people.activate(asker(second), first.id)
    people.set_role(asker(second), second.id, 'admin')
    assert {person.role for person in people.users() if person.active} == {'owner', 'admin'}


def test_an_address_belongs_to_one_person_however_it_is_written(people: People) -> None:
    people.add_user(SYSTEM, ' Anna@Example.org', '', 'agent', GOOD)
    with pytest.raises(Conflict, match='already somebody'):
        people.add_user(SYSTEM, 'anna@example.ORG', 'Anna', 'agent', GOOD)
    assert [(person.email, person.name) for person in people.users()] == [('anna@example.org', 'anna')]


@pytest.mark.parametrize(
    ('email', 'password'),
    [('anna', GOOD), ('', GOOD), ('a b@example.org', GOOD), ('a@example.org', 'nine char'),
     ('long.enough@example.org', 'Long.Enough@example.org'), ('a@example.org', 'x' * 513)],
)  # fmt: skip
def test_nonsense_is_refused_with_the_field_it_is_in(people: People, email: str, password: str) -> None:
    with pytest.raises(Invalid) as refused:
        people.add_user(SYSTEM, email, '', 'agent', password)
    assert refused.value.field in {'email', 'password'}


def test_passwords_and_cookies_are_kept_only_as_hashes(people: People) -> None:
    person = add(people, 'agent')
    token = people.sign_in(person.email, GOOD, '::1', 'test')
    _, plain = people.add_key(SYSTEM, 'robot', 'agent')
    for table in (rows.User, rows.Login, rows.ApiKey):
        kept = str(list(table.select().dicts()))
        assert not any(secret in kept for secret in (GOOD, token, plain, plain.split('_')[2]))
    assert rows.User.get_by_id(person.id).password_hash.startswith('$argon2id$')


def test_a_login_lasts_as_long_as_it_is_used(people: People, clock: Clock) -> None:
    person = add(people, 'agent')
    token = people.sign_in(person.email, GOOD, '::1', 'test')
    for _ in range(3):
        clock.pass_by(SIGNED_IN_FOR - timedelta(hours=1))
        assert people.asker_of(token) == asker(person)
        write(lambda: None)  # the note of its use is written behind our back, in order
    clock.pass_by(SIGNED_IN_FOR + timedelta(hours=1))
    assert people.asker_of(token) is None


def test_what_changes_a_login_is_felt_at_once_and_told(people: People) -> None:
    person = add(people, 'admin')
    told: set[str] = set()
    people.when_changed(told.update)
    here, there = (people.sign_in(person.email, GOOD, '::1', 'test') for _ in range(2))
    login = people.login_of(here)
    assert login is not None
    people.set_role(SYSTEM, person.id, 'agent')
    assert [found.role for found in (people.asker_of(here), people.asker_of(there)) if found] == ['agent', 'agent']
    people.set_password(asker(person), person.id, 'another horse', keep=login.id)
    assert (people.asker_of(here) is None, people.asker_of(there)) == (False, None)
    people.sign_out(here)
    assert people.asker_of(here) is None
    again = people.sign_in(person.email, 'another horse', '::1', 'test')
    people.deactivate(SYSTEM, person.id)
    assert people.asker_of(again) is None
    assert len(told) == 3
    with pytest.raises(Invalid):
        people.sign_in(person.email, 'another horse', '::1', 'test')


def test_the_first_owner_is_set_up_once(people: People) -> None:
    token = people.setup_token()
    assert len(token) == 32
    assert People(people.world, b'another secret').setup_token() != token
    with pytest.raises(Forbidden):
        people.set_up('guess', 'mia@example.org', 'Mia', GOOD)
    with pytest.raises(Forbidden):
        people.set_up('', 'mia@example.org', 'Mia', GOOD)
    assert people.set_up(token, 'mia@example.org', 'Mia', GOOD).role == 'owner'
    assert people.setup_token() == ''
    with pytest.raises(Conflict):
        people.set_up(token, 'eve@example.org', 'Eve', GOOD)
    with pytest.raises(Conflict):
        people.set_up('', 'eve@example.org', 'Eve', GOOD)


def test_one_changes_ones_own_password_after_saying_the_old_one(people: People) -> None:
    person = add(people, 'viewer')
    with pytest.raises(Invalid):
        people.check_password(person.id, 'wrong')
    people.check_password(person.id, GOOD)
    people.set_password(asker(person), person.id, 'another horse')
    assert people.sign_in(person.email, 'another horse', '::1', 'test')
    with pytest.raises(Forbidden):
        people.set_password(asker(person), add(people, 'viewer').id, 'another horse')
    with pytest.raises(NotFound):
        people.set_password(SYSTEM, 'nobody', 'another horse')


def test_a_key_asks_with_its_role_and_sessions_until_it_is_revoked(people: People, clock: Clock) -> None:
    key, plain = people.add_key(SYSTEM, ' till  two ', 'agent', sessions=['shop'])
    assert (key.name, plain.split('_')[:2], len(plain)) == ('till two', ['dvc', key.prefix], 61)
    expected = Asker(kind='key', id=key.id, name='till two', role='agent', sessions=frozenset({'shop'}))
    assert people.asker_of_key(plain) == expected
    people.revoke_key(SYSTEM, key.id)
    assert people.asker_of_key(plain) is None
    kept = people.keys()
    assert [each.revoked_at for each in kept] == [clock.at]
    with pytest.raises(NotFound):
        people.revoke_key(SYSTEM, 'nothing')


def test_a_key_expires_in_the_middle_of_its_use(people: People, clock: Clock) -> None:
    _, plain = people.add_key(SYSTEM, 'short', 'agent', expires_at=clock.at + timedelta(seconds=2))
    assert people.asker_of_key(plain)
    clock.pass_by(timedelta(seconds=2))
    assert people.asker_of_key(plain) is None
    with pytest.raises(Invalid):
        people.add_key(SYSTEM, 'late', 'agent', expires_at=clock.at)


@pytest.mark.parametrize('wrong', ['', 'dvc', 'dvc__', 'dvc_12345678_', 'ключ', 'dvc_\udcff', 'x' * 100_000])
def test_nonsense_is_nobodys_key(people: People, wrong: str) -> None:
    assert people.asker_of_key(wrong) is None


def test_a_key_with_the_right_prefix_and_a_wrong_secret_is_nobodys(people: People) -> None:
    _, plain = people.add_key(SYSTEM, 'robot', 'agent')
    assert people.asker_of_key(plain[:-1] + ('0' if plain[-1] != '0' else '1')) is None


def test_a_key_for_some_sessions_hands_out_no_more_than_it_has(people: People) -> None:
    limited = Asker(kind='key', id='k', name='k', role='admin', sessions=frozenset({'shop'}))
    people.add_key(limited, 'narrow', 'agent', sessions=['shop'])
    for sessions in (None, ['shop', 'support']):
        with pytest.raises(Forbidden):
            people.add_key(limited, 'wide', 'agent', sessions=sessions)
    with pytest.raises(Forbidden):
        add(people, 'viewer', limited)


def test_the_last_use_of_a_key_is_noted_once_a_minute(people: People, clock: Clock) -> None:
    key, plain = people.add_key(SYSTEM, 'robot', 'agent')
    begun, noted = clock.at, []
    for _ in range(5):
        people.asker_of_key(plain)
        write(lambda: None)
        noted.append(rows.ApiKey.get_by_id(key.id).last_used_at - begun)
        clock.pass_by(timedelta(seconds=25))
    assert [span.total_seconds() for span in noted] == [0, 0, 0, 75, 75]


def test_asking_with_a_known_key_or_cookie_costs_microseconds_and_no_question_to_the_database(people: People) -> None:
    _, plain = people.add_key(SYSTEM, 'robot', 'agent')
    person = add(people, 'agent')
    token = people.sign_in(person.email, GOOD, '::1', 'test')
    people.asker_of_key(plain), people.asker_of(token)
    write(lambda: None)
    database.close()
    for ask, text in ((people.asker_of_key, plain), (people.asker_of, token)):
        best = min(_seconds(lambda ask=ask, text=text: ask(text)) for _ in range(5))
        assert best / 1000 < 20e-6
    assert database.is_closed()


def _seconds(work: object) -> float:
    assert callable(work)
    begun = time.perf_counter()
    for _ in range(1000):
        work()
    return time.perf_counter() - begun


def test_tries_come_back_with_time_and_memory_is_bounded(clock: Clock) -> None:
    tries = Tries(lambda: clock.ticks, most=3, every=60, remembered=100)
    for _ in range(3):
        tries.take('anna')
    with pytest.raises(TooMany) as refused:
        tries.take('anna')
    assert refused.value.after == 60
    assert str(refused.value) == 'Too many tries. Come back in 60 s.'
    clock.pass_by(timedelta(seconds=61))
    tries.take('anna')
    with pytest.raises(TooMany):
        tries.take('anna')
    for number in range(1000):
        tries.take(f'stranger {number}')
    assert len(tries._full_until) == 100


def test_a_stranger_who_guesses_does_not_lock_out_the_person_at_home(people: People) -> None:
    person = add(people, 'owner')
    people.sign_in(person.email, GOOD, '192.0.2.1', 'test')
    for number in range(8):
        with pytest.raises(Invalid):
            people.sign_in(person.email, 'guess', f'203.0.113.{number}', 'test')
    with pytest.raises(TooMany):
        people.sign_in(person.email, GOOD, '203.0.113.99', 'test')
    assert people.sign_in(person.email, GOOD, '192.0.2.1', 'test')


def test_a_household_with_ipv6_is_one_place() -> None:
    assert network_of('2001:db8::1') == network_of('2001:db8::ffff') == '2001:db8::/64'
    assert network_of('2001:db8:0:1::1') != network_of('2001:db8::1')
    assert (network_of('192.0.2.1'), network_of('')) == ('192.0.2.1', '')
