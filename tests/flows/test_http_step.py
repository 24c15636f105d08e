"""Flows that ask other systems: once, again when that may help, and never where they must not."""

from typing import Any

import pytest

from core.fetch import Guard
from data.database import read
from data.runs import Run
from flows.outside import Outside
from tests.core.house import House, until
from tests.core.web import Line, web
from tests.flows.test_runs import flow, heard, later, said, say, states


def look(url: str, **more: Any) -> dict[str, Any]:
    return {'id': 'look', 'do': 'http', 'url': url, 'save_as': 'run.erp', **more}


def over(house: House) -> list[tuple[str | None, str]]:
    until(lambda: states(house) and all(state not in ('running', 'queued') for _, state in states(house)))
    return states(house)


@pytest.fixture(autouse=True)
def _working(house: House) -> None:
    house.working()


def test_the_answer_is_kept_and_used(house: House) -> None:
    with web() as shop:
        shop.answers['/orders/7'] = lambda line: line.says(b'{"state": "shipped"}', 'application/json')
        house.library.save(flow(look(shop.url('/orders/{{ message.text[-1] }}')), say('{{ run.erp.state }}')))
        heard(house, 'start 7')
        assert over(house) == [('talk', 'finished')]
    assert said(house) == ['shipped']


def test_what_may_pass_is_asked_again_with_the_same_key(house: House) -> None:
    keys: list[str] = []

    def busy_once(line: Line) -> None:
        keys.append(line.headers['idempotency-key'])
        line.says(b'', status='503 Busy') if len(keys) == 1 else line.says(b'fine')

    with web() as shop:
        shop.answers['/'] = busy_once
        step = look(shop.url(), method='POST', json={'no': '{{ message.text }}'}, retry={'tries': 3, 'pause': '10s'})
        house.library.save(flow(step, say('{{ run.erp }}')))
        heard(house, 'start')
        assert over(house) == [('talk', 'waiting')]
        later(house, seconds=11)
        assert over(house) == [('talk', 'finished')]
    assert said(house) == ['fine']
    assert len(set(keys)) == 1


@pytest.mark.parametrize(
    ('path', 'why'),
    [('/404', '404'), ('/301', '301'), ('/large', 'larger than 64 kB'), ('/slow', 'too slow')],
)
def test_what_goes_wrong_is_told(house: House, path: str, why: str) -> None:
    def slow(line: Line) -> None:
        line.send(b'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n')
        while not line.over.wait(0.2):
            line.send(b'.')

    with web() as shop:
        shop.answers |= {
            '/404': lambda line: line.says(b'', status='404 Not Found'),
            '/301': lambda line: line.leads_to('http://127.0.0.1/', '301 Moved'),
            '/large': lambda line: line.says(b'x' * 70_000),
            '/slow': slow,
        }
        house.library.save(flow(look(shop.url(path), timeout='1s'), say('never'), say('sorry', 's')))
        heard(house, 'start')
        assert over(house) == [('talk', 'error')]
    with read():
        detail = Run.get().detail
    assert why in detail


def test_whatever_a_system_answers_the_run_comes_to_an_end(house: House) -> None:
    with web() as shop:
        shop.answers |= {
            '/codec': lambda line: line.says(b'{"n": 1}', 'application/json; charset=hex'),
            '/halves': lambda line: line.says(b'\\ud83d', 'text/plain; charset=unicode_escape'),
            '/nan': lambda line: line.says(b'{"n": NaN}', 'application/json'),
            '/deep': lambda line: line.says(b'[' * 60_000, 'application/json'),
            '/lone': lambda line: line.says(b'{"n": "\\ud83d"}', 'application/json'),
        }
        for path in shop.answers:
            word = path.strip('/')
            house.library.save(flow(look(shop.url(path)), say('{{ run.erp|string|length }}'), key=word, word=word))
            heard(house, word)
        assert {state for _, state in over(house)} == {'finished'}
        pack = b'HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n\x1f\x8b'
        shop.answers['/packed'] = lambda line: line.send(pack)
        house.library.save(flow(look(shop.url('/packed')), say('never'), key='packed', word='packed'))
        heard(house, 'packed')
        assert over(house)[-1] == ('packed', 'error')
    with read():
        assert 'packed form' in Run.get(Run.state == 'error').detail


def test_an_answer_is_still_known_when_another_system_was_asked_about_it(house: House) -> None:
    with web() as shop:
        shop.answers['/rye'] = lambda line: line.says(b'{"price": 4}', 'application/json')
        ask = {'id': 'q', 'do': 'ask', 'text': 'Which?'}
        house.library.save(
            flow(ask, look(shop.url('/{{ answer.text }}')), say('{{ answer.text }}: {{ run.erp.price }}'))
        )
        for text in ('start', 'rye'):
            heard(house, text)
        assert over(house)[0] == ('talk', 'finished')
    assert said(house) == ['Which?', 'rye: 4']


def test_private_addresses_are_not_reached(house: House) -> None:
    house.runner.opening.doors = Outside(house.outbox.world, Guard())
    for url in (
        'http://127.0.0.1:1/',
        'http://169.254.169.254/latest',
        'http://[::ffff:10.0.0.1]/',
        'file:///etc/passwd',
    ):
        house.library.save(flow(look(url), say('never')))
        heard(house, 'start')
        over(house)
    assert {state for _, state in states(house)} == {'error'}
    assert said(house) == []


def test_other_chats_do_not_wait_for_a_slow_answer(house: House) -> None:
    with web() as shop:
        shop.answers['/'] = lambda line: line.over.wait(20)
        house.library.save(flow(look(shop.url(), timeout='20s'), say('{{ run.erp }}')))
        house.library.save(flow(say('at once'), key='quick', word='quick'))
        heard(house, 'start')
        heard(house, 'quick')
        assert said(house) == ['at once']
    assert over(house)[0] == ('talk', 'error')


def test_a_crash_while_it_is_asked_asks_again_with_the_same_key(house: House) -> None:
    keys: list[str] = []

    def note(line: Line) -> None:
        keys.append(line.headers['idempotency-key'])
        line.says(b'ok')

    with web() as shop:
        shop.answers['/'] = note
        house.library.save(flow(look(shop.url(), method='POST'), say('{{ run.erp }}')))
        go_on, house.runner._go_on_slowly = house.runner._go_on_slowly, lambda id, turn: None  # type: ignore[method-assign]
        heard(house, 'start')  # the program dies before it was asked
        assert states(house) == [('talk', 'running')]
        house.runner._go_on_slowly = go_on  # type: ignore[method-assign]
        house.runner.start()
        assert over(house) == [('talk', 'finished')]
    assert said(house) == ['ok']
    assert len(keys) == 1
