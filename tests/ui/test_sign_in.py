"""Signing in and out, as a browser without scripts sees it."""

import re
import time

import httpx
import pytest

from core.rights import RIGHTS
from tests.ui.conftest import PASSWORD, House


def sign_in(visitor: httpx.Client, email: str, password: str = PASSWORD, **more: str) -> httpx.Response:
    return visitor.post('/sign-in', data={'email': email, 'password': password, **more})


def test_a_stranger_is_asked_to_sign_in_and_then_shown_what_they_wanted(house: House) -> None:
    visitor = house.visitor()
    asked = visitor.get('/chats/anna?from=mail')
    assert (asked.status_code, asked.headers['location']) == (303, '/sign-in?next=/chats/anna%3Ffrom%3Dmail')
    page = visitor.get(asked.headers['location'])
    wanted = re.search(r'name="next" value="([^"]*)"', page.text)
    assert wanted is not None
    entered = sign_in(visitor, 'MIA@example.org ', next=wanted[1])
    assert (entered.status_code, entered.headers['location']) == (303, '/chats/anna?from=mail')
    assert visitor.get('/').status_code == 200


@pytest.mark.parametrize(
    'trick', ['https://evil.example', '//evil.example', '/\\evil.example', 'javascript:1', '/\t/evil']
)
def test_the_way_after_the_sign_in_never_leaves_the_house(house: House, trick: str) -> None:
    visitor = house.visitor()
    assert sign_in(visitor, 'mia@example.org', next=trick).headers['location'] == '/'


def test_the_cookie_is_for_this_site_only_and_no_script_can_read_it(house: House) -> None:
    visitor = house.visitor()
    cookie = sign_in(visitor, 'mia@example.org').headers['set-cookie']
    assert re.match(r'dovecote_login=[\w-]{43}; Path=/; Max-Age=1209600; HttpOnly; SameSite=lax(,|$)', cookie)


def test_a_cookie_planted_before_the_sign_in_is_worth_nothing_after_it(house: House) -> None:
    visitor = house.visitor()
    visitor.cookies.set('dovecote_login', 'planted', domain='127.0.0.1', path='/')
    sign_in(visitor, 'mia@example.org')
    planted = house.visitor().get('/', headers={'cookie': 'dovecote_login=planted'})
    assert planted.status_code == 303


def test_signing_in_again_ends_the_login_before(house: House) -> None:
    visitor = house.signed_in('mia@example.org')
    before = visitor.cookies['dovecote_login']
    sign_in(visitor, 'mia@example.org')
    assert visitor.cookies['dovecote_login'] != before
    assert visitor.get('/', headers={'cookie': f'dovecote_login={before}'}).status_code == 303


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer_in_the_same_time(house: House) -> None:
    visitor = house.visitor()
    answers, seconds = [], []
    for email in ('mia@example.org', 'nobody@example.org') * 3:
        begun = time.perf_counter()
        answer = sign_in(visitor, email, 'not the password')
        seconds.append(time.perf_counter() - begun)
        answers.append((answer.status_code, answer.text.replace(email, '')))
    assert {status for status, _ in answers} == {401}
    assert 'The e-mail address or the password is not right.' in answers[0][1]
    assert len({text for _, text in answers}) == 1
    assert 0.3 < min(seconds[0::2]) / min(seconds[1::2]) < 3


def test_guessing_one_password_is_slowed_down_from_any_address(house: House) -> None:
    house.add('guessed@example.org', 'agent')
    answers = [sign_in(house.visitor(), 'guessed@example.org', f'guess {n}') for n in range(9)]
    assert [answer.status_code for answer in answers] == [401] * 8 + [429]
    assert 1 <= int(answers[-1].headers['retry-after']) <= 62
    assert 'Too many tries. Come back in' in answers[-1].text


def test_guessing_from_one_address_is_slowed_down_for_any_name(house: House) -> None:
    visitor = house.visitor()
    codes: list[int] = []
    while 429 not in codes and len(codes) < 50:
        codes.append(sign_in(visitor, f'{len(codes)}@example.org', 'guess').status_code)
    assert codes[:-1] == [401] * (len(codes) - 1)
    assert 31 <= len(codes) < 50  # one try comes back every 20 s, and a busy machine needs its time
    assert sign_in(house.visitor(), 'mia@example.org').status_code == 303


def test_what_people_type_comes_back_as_text(house: House) -> None:
    visitor = house.visitor()
    page = sign_in(visitor, '"><script>alert(1)</script>', 'no')
    assert '<script>alert' not in page.text


def test_signing_out_ends_the_login_itself_not_only_the_cookie(house: House) -> None:
    visitor = house.signed_in('mia@example.org')
    token = visitor.cookies['dovecote_login']
    assert visitor.post('/sign-out').headers['location'] == '/sign-in'
    assert 'dovecote_login' not in visitor.cookies
    assert visitor.get('/', headers={'cookie': f'dovecote_login={token}'}).status_code == 303


def test_a_revoked_login_ends_at_once(house: House) -> None:
    user = house.add('gone@example.org', 'agent')
    visitor = house.signed_in('gone@example.org')
    assert visitor.get('/').status_code == 200
    assert house.tell(f'/api/people/{user}/revoke') == {'ended': 1}
    assert visitor.get('/').status_code == 303


@pytest.mark.parametrize('role', list(RIGHTS))
def test_a_page_opens_only_for_roles_with_its_right(house: House, role: str) -> None:
    house.add(f'{role}@roles.example', role)
    allowed = role in ('owner', 'admin')
    visitor = house.signed_in(f'{role}@roles.example')
    page = visitor.get('/people')
    assert page.status_code == (200 if allowed else 403)
    assert ('not for your role' in page.text) is not allowed
    start = visitor.get('/').text
    assert ('"/people"' in start) is allowed
    assert ('"/sandbox"' in start) is (role != 'viewer')


def test_a_role_taken_away_closes_its_pages_at_once(house: House) -> None:
    user = house.add('demoted@example.org', 'admin')
    visitor = house.signed_in('demoted@example.org')
    assert visitor.get('/people').status_code == 200
    house.tell(f'/api/people/{user}/role', role='viewer')
    assert visitor.get('/people').status_code == 403


def test_the_look_is_kept_for_the_person_and_for_the_sign_in_page(house: House) -> None:
    house.add('dark@example.org', 'viewer')
    visitor = house.signed_in('dark@example.org')
    assert visitor.post('/look', data={'look': 'dark'}).status_code == 204
    assert visitor.post('/look', data={'look': "'-alert(1)-'"}).status_code == 422
    assert ".content='dark'" in visitor.get('/').text
    visitor.post('/sign-out')
    assert 'name="color-scheme" content="dark"' in visitor.get('/sign-in').text
    elsewhere = house.signed_in('dark@example.org')
    assert ".content='dark'" in elsewhere.get('/').text
    assert house.visitor().post('/look', data={'look': 'dark'}).status_code == 401


def test_nobody_is_let_in_by_a_form_that_says_nothing(house: House) -> None:
    visitor = house.visitor()
    assert visitor.post('/sign-in').status_code == 401
    assert visitor.post('/sign-in', data={'email': 'mia@example.org', 'password': 'x' * 9000}).status_code == 401
