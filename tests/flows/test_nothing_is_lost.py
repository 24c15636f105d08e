"""Whatever breaks, and whenever the program dies: what runs owe comes about, and once."""

from typing import Any

import pytest

from data.database import read, write
from data.runs import Run
from flows.steps.base import Woken
from flows.walk import BROKEN
from tests.core.house import House, full_disk, message
from tests.flows.test_runs import flow, heard, later, said, say, states

CALL: dict[str, Any] = {'id': 'call', 'do': 'call_flow', 'flow': 'ask', 'values': {'what': 'loaf'}}


@pytest.fixture(autouse=True)
def _working(house: House) -> None:
    house.working()


def dies(house: House) -> None:
    """What was in memory is gone."""
    house.later.clear()
    house.nudged.clear()


def stores(house: House, text: str) -> None:
    """Anna wrote this, and what follows from it waits in `later`."""
    house.clock.later(seconds=20)
    event = message(house.session().id, text, id=f'{text}{house.clock.at}', at=house.clock.at)
    house.inbox.receive(event, lambda: None)
    write(lambda: None)
    house.router.route(house.nudged.pop(0))


def test_a_flow_that_was_called_begins_although_the_program_died_before(house: House) -> None:
    house.library.save(flow({'do': 'send', 'text': 'Which {{ run.what }}?'}, key='ask', word='ask'))
    house.library.save(flow(CALL, say('thanks')))
    stores(house, 'start')
    dies(house)  # the called one stood in its queue
    house.runner.start()
    assert said(house) == ['Which loaf?', 'thanks']
    assert states(house) == [('talk', 'finished'), ('ask', 'finished')]


def test_it_has_its_values_although_the_program_died_once_it_was_taken_on(house: House) -> None:
    house.library.save(
        flow(say('Which {{ run.what }} of {{ run.n }}?'), key='ask', word='ask', variables={'n': '{{ 1 + 1 }}'})
    )
    house.library.save(flow(CALL, say('thanks')))
    stores(house, 'start')
    carry_on, house.runner._carry_on = house.runner._carry_on, lambda *_, **__: None  # type: ignore[method-assign]
    house.later.pop(0)()
    dies(house)
    house.runner._carry_on = carry_on  # type: ignore[method-assign]
    house.runner.start()
    assert said(house) == ['Which loaf of 2?', 'thanks']


def test_what_could_not_be_kept_is_taken_on_again(house: House) -> None:
    ask = {'id': 'q', 'do': 'ask', 'text': 'Name?', 'save_as': 'run.name'}
    house.library.save(flow(ask, say('Hello {{ run.name }}' + ' and more' * 900)))
    heard(house, 'start')
    with read():
        row = Run.get(Run.state == 'waiting')
    write(lambda: house.runner.wake(row, Woken(by='answer', facts={'text': 'Ada', 'kind': 'text'})))
    with full_disk():
        house.later.pop(0)()
        assert states(house) == [('talk', 'running')]
    for _ in range(3):
        later(house, seconds=11)
    assert [text[:9] for text in said(house)] == ['Name?', 'Hello Ada']
    assert states(house) == [('talk', 'finished')]


def test_what_somebody_has_in_hand_is_left_to_them(house: House) -> None:
    house.library.save(flow({'do': 'wait', 'for': '1m'}, say('once')))
    heard(house, 'start')
    with read():
        row = Run.get(Run.state == 'waiting')
    write(lambda: house.runner.wake(row, Woken(by='time', facts={})))
    for _ in range(3):  # its worker is busy with something else all the time
        house.clock.later(seconds=11)
        house.runner.sweep()
    assert len(house.later) == 1
    assert (said(house), states(house)) == (['once'], [('talk', 'finished')])


def test_a_step_that_breaks_ends_its_run_and_nothing_else(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.library.save(flow({'do': 'wait', 'for': '1m'}, {'id': 'a', 'do': 'log', 'text': 'x'}, say('never')))
    heard(house, 'start')
    broken = house.library.flow('talk').program.nodes['steps/1'].step
    monkeypatch.setattr(type(broken), 'run', lambda *_: 1 / 0)
    later(house, minutes=2)
    with read():
        run = Run.get(Run.flow == 'talk')
    assert (run.state, run.detail) == ('error', BROKEN)


def test_a_run_that_breaks_while_it_is_kept_is_over(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.library.save(flow({'do': 'wait', 'for': '1m'}, say('never')))
    heard(house, 'start')
    monkeypatch.setattr(house.runner.carrying, 'out', lambda *_: 1 / 0)
    later(house, minutes=2)
    assert states(house) == [('talk', 'error')]
    assert house.kinds()[-1] == 'flow.run.failed'


def test_the_old_answer_is_no_answer_to_the_next_question(house: House) -> None:
    house.library.save(
        flow(
            {'id': 'one', 'do': 'ask', 'text': 'One?', 'save_as': 'run.one'},
            {'do': 'assign', 'to': 'nobody@example.com', 'id': 'who', 'on_error': 'two'},
            {'id': 'two', 'do': 'ask', 'text': 'Two?', 'save_as': 'run.two'},
            say('{{ run.one }} {{ run.two }}'),
        )
    )
    heard(house, 'start')
    stores(house, 'yes')
    dies(house)  # the assignment had failed, the second question was not yet asked
    house.runner.start()
    house.settle()
    heard(house, 'no')
    assert said(house) == ['One?', 'Two?', 'yes no']


def test_a_queue_goes_on_when_its_oldest_makes_room(house: House) -> None:
    queued = {'type': 'queued', 'max': 2, 'overflow': 'oldest'}
    house.library.save(flow(say('{{ message.id[-1:] and "go" }}'), {'do': 'wait', 'for': '10m'}, mode=queued))
    for _ in range(3):
        heard(house, 'start')
    assert states(house) == [('talk', 'cancelled'), ('talk', 'waiting'), ('talk', 'queued')]
    house.library.save(flow(say('alone'), {'do': 'wait', 'for': '10m'}, key='one', word='one',
                            mode={**queued, 'max': 1}))  # fmt: skip
    for _ in range(2):
        heard(house, 'one')
    assert [state for key, state in states(house) if key == 'one'] == ['cancelled', 'waiting']


def test_started_anew_also_ends_what_it_had_called(house: House) -> None:
    house.library.save(flow({'do': 'wait', 'for': '10m'}, key='ask', word='ask'))
    house.library.save(flow(CALL, say('thanks')))
    for text in ('start', 'start'):
        heard(house, text)
    assert sorted(states(house)) == [
        ('ask', 'cancelled'), ('ask', 'waiting'), ('talk', 'cancelled'), ('talk', 'waiting')
    ]  # fmt: skip


def test_a_run_that_was_refused_shows_no_steps_that_it_never_took(house: House) -> None:
    house.library.save(flow(say('one'), {'do': 'wait', 'for': '10m'}, mode={'type': 'single'}))
    for _ in range(2):
        heard(house, 'start')
    with read():
        run = Run.get(Run.state == 'failed_single')
    assert [line['path'] for line in run.steps] == ['triggers/kw']


def test_a_flow_that_only_traces_takes_no_answer_and_leaves_the_message_to_others(house: House) -> None:
    house.library.save(flow({'id': 'q', 'do': 'ask', 'text': 'Name?'}, key='quiet', priority=1, shadow=True))
    house.library.save(flow(say('hello')))
    house.library.save(flow(say('yes yes'), key='yes', word='yes'))
    for text in ('start', 'yes'):
        heard(house, text)
    assert said(house) == ['hello', 'yes yes']
    assert states(house) == [('quiet', 'finished'), ('talk', 'finished'), ('yes', 'finished')]
