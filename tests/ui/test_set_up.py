"""The first owner."""

from collections.abc import Callable

from tests.ui.conftest import PASSWORD, House


def test_whoever_reads_the_log_becomes_the_owner_and_nobody_after_them(start_house: Callable[..., House]) -> None:
    house = start_house()
    form = {'email': 'mia@example.org', 'name': 'Mia Brandt', 'password': PASSWORD}
    visitor = house.visitor()
    stranger = house.visitor()
    assert visitor.get('/').headers['location'] == '/sign-in'
    assert visitor.get('/sign-in').headers['location'] == '/set-up'
    refused = stranger.post('/set-up', data={**form, 'token': 'guess'})
    assert (refused.status_code, 'This is not the token from the log.' in refused.text) == (422, True)
    short = visitor.post('/set-up', data={**form, 'token': house.token, 'password': 'short'})
    assert 'A password has 10 to 512 characters.' in short.text
    assert visitor.post('/set-up', data={**form, 'token': house.token}).headers['location'] == '/'
    assert visitor.get('/people').status_code == 200
    late = stranger.post('/set-up', data={**form, 'token': house.token, 'email': 'eve@example.org'})
    assert late.headers['location'] == '/sign-in'
    assert stranger.get('/set-up').headers['location'] == '/sign-in'


def test_https_outside_makes_the_cookie_secure_and_its_origin_our_own(start_house: Callable[..., House]) -> None:
    house = start_house('https://chat.example.org')
    form = {'token': house.token, 'email': 'mia@example.org', 'name': '', 'password': PASSWORD}
    visitor = house.visitor()
    answer = visitor.post('/set-up', data=form, headers={'origin': 'https://chat.example.org'})
    assert '; Secure' in answer.headers['set-cookie']
    assert answer.headers['strict-transport-security'] == 'max-age=31536000'
