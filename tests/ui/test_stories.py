"""What the inbox and the page of a run tell of a message, whatever became of it."""

from typing import Any

import pytest

from core.rights import SYSTEM
from data.database import read
from data.messages import Message
from data.runs import Run
from flows.state import OPEN, OVER, ROUTED
from tests.core.house import House, house
from tests.flows.test_runs import flow, heard, later, say
from ui.outcomes import GROUPS, OUTCOMES
from ui.pages.inbox.story import story_of
from ui.traces import knots_of

__all__ = ['house']
ASK = {'id': 'q', 'do': 'ask', 'text': 'Which loaf?', 'save_as': 'run.loaf'}


@pytest.fixture(autouse=True)
def _working(house: House) -> None:
    house.working()


def told(house: House, text: str) -> str:
    """What the inbox says of the last message with this text."""
    house.settle()
    with read():
        message = Message.select().where(Message.text == text).order_by(Message.id.desc()).get()
        knots = story_of(str(message.id), SYSTEM).knots
    return '\n'.join(f'{knot.text} | {knot.detail} | {knot.data} | {knot.link}' for knot in knots)


def whole(house: House, **which: Any) -> str:
    """What the page of the last such run says."""
    house.settle()
    with read():
        run = Run.select().filter(**which).order_by(Run.id.desc()).get()
        knots = knots_of(run, {'talk': 'Talk'})
    return '\n'.join(f'{knot.text} | {knot.detail} | {knot.data} | {knot.link}' for knot in knots)


def test_every_state_has_its_word_and_its_group() -> None:
    assert set(OUTCOMES) == {*OVER, *OPEN, *ROUTED}
    grouped = [state for _, states in GROUPS.values() for state in states]
    assert sorted(grouped) == sorted(OUTCOMES)
    assert len({outcome.word for outcome in OUTCOMES.values()}) == len(OUTCOMES)


def test_a_message_that_a_run_waited_for_leads_to_that_run(house: House) -> None:
    house.library.save(flow(ASK, say('{{ run.loaf }} it is.', 'end')))
    heard(house, 'start')
    assert 'Waits for an answer, at the latest until' in told(house, 'start')
    heard(house, 'rye')
    run = Run.get(Run.flow == 'talk', Run.state == 'finished')
    said = told(house, 'rye')
    assert f'Flow “Talk” waited for an answer |  |  | /runs/{run.id}' in said
    assert 'Went on | It answered a question of talk.' in said
    assert 'rye it is.' not in said  # it was said because of the first message
    assert 'Flow “Talk” ran' in told(house, 'start')
    assert 'run.loaf = "rye"' in whole(house, state='finished')


def test_what_kept_a_flow_from_running_is_said_in_words(house: House) -> None:
    house.library.save(flow(say('hi'), limits={'cooldown': {'per': 'contact', 'every': '10m'}}))
    heard(house, 'start')
    heard(house, 'start again')
    assert 'Ran lately | It ran less than 10 m ago.' in told(house, 'start again')
    single = flow(ASK, key='one', word='one', mode={'type': 'single', 'scope': 'session'})
    house.library.save(single)
    heard(house, 'one')
    house.says('one', id='B1', chat='15551230002@s.whatsapp.net', sender='15551230002@s.whatsapp.net',
               at=house.clock.at)  # fmt: skip
    assert 'Still busy | It still runs.' in told(house, 'one')


def test_a_condition_names_the_leaf_that_is_to_blame(house: House) -> None:
    name = {'type': 'contact', 'field': 'name', 'op': 'eq', 'value': 'Ben'}
    tree = {'all': [{'type': 'chat', 'kind': 'private'}, {'any': [name, {'not': {'type': 'chat', 'kind': 'private'}}]}]}
    house.library.save(flow(say('hi'), conditions=tree))
    heard(house, 'start')
    assert "Condition not met | Not true: name ('Anna') is 'Ben'." in told(house, 'start')
    assert "✗ any of these\n    ✗ name ('Anna') is 'Ben'\n    ✗ not\n      ✓ the chat is private" in whole(house)


def test_several_flows_that_one_message_set_off_are_all_told_and_the_way_there_once(house: House) -> None:
    house.library.save(flow(say('hi'), key='first', priority=10, on_match='continue'))
    house.library.save(flow(say('hello', 'x', on_error='stop'), key='second', priority=20))
    house.library.save(flow(say('never'), key='third', word='else', priority=5))
    heard(house, 'start')
    said = told(house, 'start')
    assert said.count('The bot is in charge of this chat') == said.count('Third did not match') == 1
    assert said.index('Third did not match') < said.index('Flow “First” ran') < said.index('Flow “Second” ran')


def test_stop_help_and_start_are_told(house: House) -> None:
    for text, word in (('stop', 'Opted out'), ('start', 'Opted in'), ('help', 'Told who we are')):
        Message.update(priority=1).where(Message.direction == 'out').execute()  # HELP is about those
        heard(house, text)
        assert word in told(house, text)
        assert 'The bot is in charge' not in told(house, text)


def test_a_run_that_failed_took_too_long_or_was_ended_says_so(house: House) -> None:
    house.library.save(flow(ASK, limits={'timeout': '30m'}))
    heard(house, 'start')
    later(house, minutes=31)
    assert 'Took too long | The run took longer than it may.' in told(house, 'start')
    heard(house, 'start over')
    (waiting,) = [run for run in Run.select() if run.state == 'waiting']
    house.runner.cancel(str(waiting.id), 'Cancelled by Mia.')
    assert 'Cancelled | Cancelled by Mia.' in told(house, 'start over')
    house.library.save(flow(say('{{ contact.nickname.upper() }}')))
    heard(house, 'start anew')
    assert 'Failed | ' in told(house, 'start anew')
    assert 'nickname' in told(house, 'start anew')


def test_a_queue_and_called_flows_lead_to_each_other(house: House) -> None:
    house.library.save(flow(say('called'), key='other', word='other'))
    house.library.save(flow({'id': 'c', 'do': 'call_flow', 'flow': 'other'}, ASK, mode={'type': 'queued'}))
    heard(house, 'start')
    child = Run.get(Run.flow == 'other')
    assert f'1 Started other | Start a flow “c”. |  | /runs/{child.id}' in whole(house, flow='talk')
    heard(house, 'cancel')
    heard(house, 'start')
    assert child.parent == Run.select().where(Run.flow == 'talk').order_by(Run.id).first().id
