"""Trying flows out: what would be said and done, without anybody noticing."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.errors import Conflict
from data.database import read
from data.messages import Message
from data.runs import Run
from data.traffic import heard
from flows.bench import Event, Report, Trial
from flows.flow import read_document
from flows.occasion import Occasion
from flows.router import occasion_of
from tests.core.house import START, House
from tests.flows.test_runs import flow, say

STARTED = Occasion(kind='message', at=START, session='shop', text='start', message_kind='text')


def tried(house: House, document: dict[str, Any], *then: Event, **more: Any) -> Report:
    return house.bench.run(read_document(document), Trial(occasion=STARTED, then=then, **more))


def test_a_whole_dialogue_is_tried_in_no_time_and_nobody_notices(house: House) -> None:
    talk = flow(
        {'id': 'q', 'do': 'ask', 'text': 'How many, {{ contact.first_name }}?', 'expect': {'type': 'number'},
         'save_as': 'run.n', 'invalid': 'A number.'},
        {'id': 'rest', 'do': 'wait', 'for': '2h'},
        say('{{ run.n }} it is.', 'end'),
    )  # fmt: skip
    report = tried(house, talk, Event(say='some'), Event(say='3'), Event(advance=timedelta(hours=3)))
    assert [each['text'] for each in report.sent] == ['How many, Anna?', 'A number.', '3 it is.']
    assert (report.outcome, report.variables['n']) == ('finished', 3)
    assert [step['id'] for step in report.steps if 'id' in step] == ['q', 'q', 'q', 'rest', 'rest', 'end']
    with read():
        assert Message.select().count() == Run.select().count() == 0


def test_what_it_waits_for_is_said(house: House) -> None:
    report = tried(house, flow({'id': 'q', 'do': 'ask', 'text': 'Well?', 'timeout': '30m'}))
    assert report.outcome == 'waiting'
    assert report.waits is not None
    assert (report.waits['for'], report.waits['until']) == ('answer', '2026-11-22T12:30:00.000Z')


def test_other_systems_are_made_up(house: House) -> None:
    look = {'id': 'look', 'do': 'http', 'url': 'https://erp.example/{{ message.text }}', 'save_as': 'run.erp'}
    talk = flow(look, say('{{ run.erp.state }}', 'tell'))
    assert tried(house, talk, mocks={'look': {'state': 'shipped'}}).sent[0]['text'] == 'shipped'
    refused = tried(house, talk, mocks={'look': {'status': 404, 'json': {}}})
    assert (refused.outcome, '404' in refused.detail) == ('error', True)
    unsaid = tried(house, talk)
    assert 'Nothing is asked while trying out' in unsaid.detail
    retried = flow({**look, 'retry': {'tries': 2, 'pause': '1m'}}, say('{{ run.erp.state }}', 'tell'))
    again = tried(house, retried, Event(advance=timedelta(minutes=2)), mocks={'look': {'status': 503, 'text': 'busy'}})
    assert (again.outcome, '503' in again.detail) == ('error', True)
    assert sum(step.get('id') == 'look' for step in again.steps) == 2


def test_effects_are_told_and_seen_by_later_steps(house: House) -> None:
    report = tried(
        house,
        flow(
            {'do': 'tag', 'add': ['vip']},
            {'do': 'set', 'name': 'contact.vars.plan', 'to': 'pro'},
            say('{{ contact.tags|join(",") }} {{ contact.vars.plan }}'),
            {'do': 'handoff', 'note': 'look here'},
        ),
    )
    assert report.sent[0]['text'] == 'vip pro'
    assert [each['effect'] for each in report.effects] == ['tag', 'set_contact', 'hand_off']


def test_called_flows_are_tried_too(house: House) -> None:
    house.library.save(flow({'do': 'ask', 'text': 'Name?', 'save_as': 'run.name'}, key='name', word='never'))
    talk = flow({'do': 'call_flow', 'flow': 'name', 'save_as': 'run.got'}, say('Hello {{ run.got.name }}'))
    assert [each['text'] for each in tried(house, talk, Event(say='Ada')).sent] == ['Name?', 'Hello Ada']


def test_a_stored_message_shows_which_flows_would_match_and_why(house: House) -> None:
    house.working()
    house.library.save(flow(say('hi'), key='start'))
    house.library.save(flow(say('bye'), key='stop', word='stop'))
    house.says('please start')
    with read():
        message = heard(str(Message.get(Message.direction == 'in').id))
    assert message is not None
    occasion = occasion_of(message)
    assert [(each['flow'], each['fits'], each['why']) for each in house.bench.explain(occasion)] == [
        ('start', True, 'The word “start” was found'), ('stop', False, 'no word of: stop'),
    ]  # fmt: skip
    found = house.bench.route(Trial(occasion=occasion, stored=True))
    assert found is not None
    assert (found[0], found[1].sent[0]['text']) == ('start', 'hi')
    assert house.bench.route(Trial(occasion=replace(occasion, text='else'), stored=True)) is None


def test_a_red_test_keeps_a_flow_from_being_published(house: House) -> None:
    green = {
        'name': 'happy', 'given': {'message': {'text': 'start'}, 'contact': {'first_name': 'Ben'}},
        'expect': {'steps': ['say'], 'sent': [{'contains': 'Ben'}], 'outcome': 'finished'},
    }  # fmt: skip
    assert house.library.save(flow(say('Hi {{ contact.first_name }}'), tests=[green])).published == 1
    house.library.draft(flow(say('Hello'), tests=[green]))
    with pytest.raises(Conflict, match='does not hold “Ben”'):
        house.library.publish('talk')
    assert house.library.publish('talk', despite_tests=True).published == 2
