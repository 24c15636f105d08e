"""Secrets of flows reach other systems and nobody else; runs and flows end whole; texts stay what they were."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from core.errors import Conflict, Invalid, NotFound
from core.seal import Seal
from data.database import database, read, write
from data.runs import Run, children_of
from flows.bench import Trial
from flows.flow import examine, read_document
from flows.occasion import Occasion
from flows.programs import Programs
from flows.secrets import Secrets, masked
from flows.written import dump, parse, renamed
from tests.core.house import House, until
from tests.core.web import Web, web

from .test_runs import flow, heard, later, said, say, states

ASK = {'id': 'ask', 'do': 'http', 'save_as': 'run.got'}


@pytest.fixture(autouse=True)
def _working(house: House) -> None:
    house.working()


@pytest.fixture
def elsewhere() -> Iterator[Web]:
    with web() as running:
        yield running


def last(house: House) -> Run:
    house.settle()
    with read():
        run: Run = Run.select().where(Run.flow.is_null(False)).order_by(Run.id.desc()).first()
    return run


def test_a_secret_is_sealed_replaced_and_forgotten(house: House) -> None:
    assert house.secrets.put('shop', 'open sesame') is True
    assert house.secrets.put('shop', 'open barley') is False
    assert house.secrets.opened() == {'shop': 'open barley'}
    with read():
        kept = str(list(database.execute_sql('SELECT * FROM flow_secret')))
    assert 'barley' not in kept
    with pytest.raises(Invalid, match='another secret key'):
        Secrets(house.secrets.world, Seal(b'another house')).opened()
    for name, value in (('a-b', 'x'), ('', 'x'), ('x' * 49, 'x'), ('ok', ''), ('ok', 'a\nb'), ('ok', 'x' * 4_097)):
        with pytest.raises(Invalid):
            house.secrets.put(name, value)
    house.secrets.delete('shop')
    with pytest.raises(NotFound):
        house.secrets.delete('shop')
    for number in range(200):
        house.secrets.put(f's{number}', 'x')
    with pytest.raises(Conflict, match='200 secrets'):
        house.secrets.put('one_more', 'x')


@pytest.mark.parametrize(
    'more',
    [
        {'steps': [say('{{ secret.shop }}')]},
        {'steps': [{'do': 'set', 'name': 'run.x', 'to': '{{ secret.shop }}'}]},
        {'steps': [{'do': 'log', 'text': "{{ secret['shop'] }}"}]},
        {'variables': {'x': '{{ secret.shop }}'}},
        {'steps': [{'do': 'webhook', 'name': 'x', 'values': {'x': '{{ secret.shop }}'}}]},
        {'steps': [{'do': 'choose', 'branches': [{'if': '{{ secret.shop }}', 'steps': [say('x')]}]}]},
    ],
)
def test_a_secret_is_shown_nowhere_else(house: House, more: dict[str, Any]) -> None:
    house.secrets.put('shop', 'open sesame')
    house.library.save({**flow(say('x')), **more})
    with read():
        problem = next(iter(database.execute_sql('SELECT problem FROM flow')))[0]
    heard(house, 'start')
    assert 'a secret may only be in' in problem or 'there is no “secret”' in last(house).detail
    assert said(house) == []
    assert examine({**flow({**ASK, 'url': 'https://x/{{ secret.shop }}'})})[1] == []


def test_a_secret_is_masked_in_whatever_comes_back(house: House, elsewhere: Web) -> None:
    house.secrets.put('shop', 'ü/open sesame')
    echo = {'said': 'ü/open sesame', 'url': '/%C3%BC%2Fopen%20sesame', 'list': [{'ü/open sesame': 1}]}
    elsewhere.answers['/in'] = lambda line: line.says(json.dumps(echo).encode(), 'application/json')
    step = {
        **ASK, 'method': 'POST', 'url': elsewhere.url('/in?key={{ secret.shop | lower }}'),
        'headers': {'X-Key': '{{ secret.shop }}'}, 'json': {'deep': ['{{ secret.shop }}', 1]},
    }  # fmt: skip
    house.library.save(flow(step, say('{{ run.got.said }}', 'tell')))
    heard(house, 'start')
    until(lambda: said(house))
    assert said(house) == ['••••']
    assert elsewhere.asked[0].headers['x-key'].encode('latin-1').decode() == 'ü/open sesame'
    run = last(house)
    assert run.variables['got'] == {'said': '••••', 'url': '/••••', 'list': [{'••••': 1}]}
    assert 'sesame' not in json.dumps([run.steps, run.variables, run.loops])
    assert masked(['short', None, 3], {'s': 'sho'}) == ['short', None, 3]
    assert masked('opensesame.invalid cannot be reached', {'s': 'OpenSesame'}) == '••••.invalid cannot be reached'


@pytest.mark.parametrize(
    ('step', 'detail'),
    [
        ({'url': 'https://{{ secret.shop }}.invalid/'}, '••••'),
        ({'url': 'http://127.0.0.1:9/{{ secret.shop | money }}'}, 'not an amount'),
        ({'url': 'http://127.0.0.1:9/{{ secret.other }}'}, 'no “other”'),
        ({'url': 'http://127.0.0.1:9/', 'headers': {'X-Key': '{{ secret.shop }}\n{{ secret.shop }}'}}, 'line break'),
    ],
)
def test_an_error_does_not_tell_a_secret(house: House, step: dict[str, Any], detail: str) -> None:
    house.secrets.put('shop', 'opensesame')
    house.library.save(flow({**ASK, **step}))
    heard(house, 'start')
    until(lambda: states(house)[-1][1] == 'error')
    run = last(house)
    assert detail in run.detail
    assert 'sesame' not in json.dumps([run.detail, run.steps, run.variables, [str(each) for each in house.news]])


def test_the_bench_shows_a_secret_only_where_it_really_asks(house: House, elsewhere: Web) -> None:
    house.secrets.put('shop', 'sesame')
    elsewhere.answers['/sesame'] = lambda line: line.says(b'It is sesame.')
    step = {**ASK, 'url': elsewhere.url('/{{ secret.shop }}')}
    document = read_document(flow(step, say('{{ run.got }}', 'tell')))
    occasion = Occasion(kind='message', at=house.clock.at, session='shop', text='start')
    report = house.bench.run(document, Trial(occasion=occasion, mocks={'ask': 'fine'}))
    assert (report.outcome, [each['text'] for each in report.sent], elsewhere.asked) == ('finished', ['fine'], [])
    report = house.bench.run(document, Trial(occasion=occasion, call_http=True))
    assert ([each['text'] for each in report.sent], len(elsewhere.asked)) == (['It is ••••.'], 1)
    unknown = read_document(flow({**ASK, 'url': 'https://x.example/{{ secret.other }}'}))
    assert 'no “other”' in house.bench.run(unknown, Trial(occasion=occasion, mocks={'ask': 'fine'})).detail


# ---- what is cancelled or deleted


def test_a_cancelled_run_ends_what_it_waits_for_and_wakes_who_waits_for_it(house: House) -> None:
    ask = {'do': 'ask', 'text': 'Name?'}
    house.library.save(flow(ask, key='inner', word='never said'))
    house.library.save(flow({'do': 'call_flow', 'flow': 'inner'}, key='middle', word='not said'))
    outer = {'id': 'call', 'do': 'call_flow', 'flow': 'middle', 'on_failure': 'after'}
    house.library.save(flow(outer, say('never', 'n'), say('It was cancelled.', 'after')))
    heard(house, 'start')
    with read():
        top = Run.get(Run.flow == 'talk')
        middle = children_of(str(top.id))[0]
    assert house.runner.cancel(str(middle.id), 'Enough.') is True
    assert house.runner.cancel(str(middle.id), 'Enough.') is False
    assert said(house) == ['Name?', 'It was cancelled.']
    assert states(house) == [('talk', 'finished'), ('middle', 'cancelled'), ('inner', 'cancelled')]


def test_the_next_in_the_queue_runs_when_the_first_is_cancelled(house: House) -> None:
    house.library.save(flow(say('{{ message.text }}'), {'do': 'wait', 'for': '1h'}, mode={'type': 'queued'}))
    for text in ('start one', 'start two'):
        heard(house, text)
    with read():
        first = Run.get(Run.state == 'waiting')
    house.runner.cancel(str(first.id), 'Enough.')
    assert said(house) == ['start one', 'start two']


def test_the_runs_of_a_deleted_flow_end_and_who_waits_for_them_goes_on(house: House) -> None:
    house.library.save(flow(say('one'), {'do': 'wait', 'for': '10m'}, say('two', 'b'), key='inner', word='never said'))
    call = {'id': 'call', 'do': 'call_flow', 'flow': 'inner', 'on_failure': 'after'}
    house.library.save(flow(call, say('never', 'n'), say('It is gone.', 'after')))
    heard(house, 'start')
    house.library.delete('inner')
    later(house, minutes=11)
    assert said(house) == ['one', 'It is gone.']
    assert states(house) == [('talk', 'finished'), ('inner', 'cancelled')]


def test_a_run_whose_version_is_gone_ends_with_a_sentence(house: House) -> None:
    house.library.save(flow(say('one'), {'do': 'wait', 'for': '10m'}, say('two', 'b')))
    heard(house, 'start')
    write(lambda: database.execute_sql('DELETE FROM flow_version'))
    house.runner.programs = Programs()
    later(house, minutes=11)
    assert states(house) == [('talk', 'error')]
    assert last(house).detail == 'Version 1 of its flow is not there any more.'


# ---- texts


@pytest.mark.parametrize(
    'text',
    ['key: .nan', 'key: .inf', 'key: !!binary aGk=', 'key: !!set {a, b}', '? [1, 2]\n: x', 'key: "\\ud800"', '- a',
     'key: 1' + '0' * 310, 'key: ' + '9' * 5_000, 'a: &x 1\nb: *x', 'a: [', 'key: a\nkey: b', ''],
)  # fmt: skip
def test_a_document_holds_nothing_that_json_does_not_know(text: str) -> None:
    with pytest.raises(Invalid):
        parse(text)


def test_dates_and_numbers_are_kept_as_they_are_written() -> None:
    assert parse('closed: [2026-12-25]\n1: {no: no}\nat: 9.5') == {
        'closed': ['2026-12-25'], '1': {'no': 'no'}, 'at': 9.5,
    }  # fmt: skip
    assert parse(dump(parse('closed: [2026-12-25]'))) == {'closed': ['2026-12-25']}


def test_a_copy_keeps_what_its_author_wrote_beside_the_lines() -> None:
    source = '# Ours.\nkey: a  # the key\nname: "A: one"\nsteps:\n  - {do: send, text: \'{{ x }}\'}\n'
    copy = renamed(source, 'b', 'B: two')
    assert copy.startswith('# Ours.\nkey: b')
    assert parse(copy) == {**parse(source), 'key': 'b', 'name': 'B: two'}


def test_a_key_stands_in_addresses_and_so_has_few_letters(house: House) -> None:
    for key in ('a/b', 'Ä', '-a', 'a' * 64, 'schema', 'secrets', '', 'a\n'):
        with pytest.raises(Invalid):
            house.library.draft({'key': key, 'name': 'x'})
